#!/usr/bin/env python3
"""make bench: runs the bench kernel under -icount, then the disk's bench in time, the host's
bench and Lua's cost, and prints their tables.

usage: tools/bench.py [--no-host]
"""

import glob
import os
import shutil
import subprocess
import sys


def run(image, *arguments):
    """Boots image; run_qemu.sh's status."""
    return subprocess.run(["tests/run_qemu.sh", image, "-m", "256", *arguments],
                          env={**os.environ, "TIMEOUT_S": "300"}, check=False).returncode


def main():
    if any(argument in ("-h", "--help") for argument in sys.argv[1:]):
        print(__doc__)
        return 0
    print("Guest instructions (rdtsc under -icount shift=0), -m 256:", flush=True)
    counting = ("-icount", "shift=0,sleep=off")
    status = max(run("bin/bench.bin", *counting), run("bin/bench-programs.bin", *counting))
    print("\nIn time (this host's), -m 256:", flush=True)
    status = max(status, run("bin/bench-disk.bin"))
    image = "bin/bench-bios.bin"
    status = max(status, run(image, "-machine", "q35", "-device", "ide-hd,drive=d,bus=ide.0",
                             "-drive", f"if=none,id=d,format=raw,snapshot=on,file={image}"))
    print(flush=True)
    subprocess.run([sys.executable, "tools/boot_cost.py"], check=False)
    if "--no-host" not in sys.argv and os.path.exists("build/host/bench_heap"):
        print("\nCycles on this host (-m32 -O2):", flush=True)
        subprocess.run(["build/host/bench_heap"], check=False)
    print("\nLua (tools/lua_cost.py):", flush=True)
    if shutil.which("valgrind") and glob.glob("/usr/src/newlib/newlib-*.tar.*"):
        status = max(status, subprocess.run([sys.executable, "tools/lua_cost.py"],
                                            check=False).returncode)
    else:
        print("not counted: that takes valgrind and newlib-source")
    return 0 if status in (0, 1) else 1


if __name__ == "__main__":
    sys.exit(main())
