#!/usr/bin/env python3
"""What the bench kernel counts, against its goals, which are promises of the documents.

Instructions are counted (-icount), so the figures are the same on any machine. A compiler other than
the one that the goals were set with may need some more.
"""

import re
import subprocess
import sys

import suite
from suite import test

MORE = 1.15
ROWS_AT_LEAST = 14
ROW = re.compile(r"^(.*?) +(\d+) +(?:\d+|-) +(?:[\d.]+x|-) +(\d+)$", re.MULTILINE)


def main():
    subprocess.run(["make", "-s", "bin/bench.bin"], check=True)
    status, console = suite.boot("bin/bench.bin", "-m", "256", "-icount", "shift=0,sleep=off")
    rows = ROW.findall(console)
    for name, count, goal in rows:
        test(f"bench: {name.strip()}",
             f"{count}, the goal is {goal}" if int(count) > int(goal) * MORE else None)
    is_complete = re.search(r"^\d+ rows, ", console, re.MULTILINE) and len(rows) >= ROWS_AT_LEAST
    test("bench: the kernel came to its end",
         None if is_complete else f"status {status}:\n{console}")
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
