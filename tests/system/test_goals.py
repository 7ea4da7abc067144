#!/usr/bin/env python3
"""What the bench kernel counts, against its goals: a row without a test would be a promise that nobody
looks at. Instructions are counted (-icount), so the figures are the same on any machine; a compiler
other than the one that the goals were set with may need some more.
"""

import os
import re
import subprocess
import sys

MORE = 1.15
ROWS_AT_LEAST = 14
ROW = re.compile(r"^(.*?) +(\d+) +(?:\d+|-) +(?:[\d.]+x|-) +(\d+)$", re.MULTILINE)


def main():
    subprocess.run(["make", "-s", "bin/bench.bin"], check=True)
    environment = dict(os.environ, TIMEOUT_S=os.environ.get("TIMEOUT_S", "300"))  # for hangs only
    result = subprocess.run(["tests/run_qemu.sh", "bin/bench.bin", "-m", "256", "-icount",
                             "shift=0,sleep=off"], env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    console = result.stdout.decode("utf-8", "replace").replace("\r", "")
    failed = 0
    rows = ROW.findall(console)
    for name, count, goal in rows:
        is_ok = int(count) <= int(goal) * MORE
        print(f"bench: {name.strip()} ... " + ("ok" if is_ok else f"FAIL: {count}, the goal is {goal}"))
        failed += not is_ok
    is_complete = len(rows) >= ROWS_AT_LEAST and re.search(r"^\d+ rows, ", console, re.MULTILINE)
    print("bench: the kernel came to its end ... " +
          ("ok" if is_complete else f"FAIL: status {result.returncode}:\n{console}"))
    return 0 if is_complete and not failed else 1


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    sys.exit(main())
