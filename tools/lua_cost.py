#!/usr/bin/env python3
"""What Lua's heap benchmark costs on Drupe, beside the same interpreter built for Linux i386.

Both are the same sources, compiled by the same gcc with the same options for the same CPU; what
differs is the C library (newlib; the host's, static) and the kernel. Counted are instructions: on
Drupe by rdtsc under QEMU's -icount, with the kernel's for the program (its pages, its file, its
output); on the host by valgrind, of the program alone. From both counts that of an empty script is
taken off. Part of make bench.
"""

import os
import re
import subprocess
import sys
import tempfile

GOAL = 1.5
SCRIPT = "tests/bench/heap.lua"
FLAGS = ["-m32", "-march=i586", "-O2", "-DLUA_COMPAT_5_3", "-Ibuild/guests/lua"]


def host_interpreter(path):
    sources = sorted(f"build/sources/lua5.4/src/{name}"
                     for name in os.listdir("build/sources/lua5.4/src")
                     if name.endswith(".c") and name != "luac.c")
    subprocess.run(["gcc", *FLAGS, "-static", "-w", "-o", path, *sources, "-lm"], check=True,
                   stderr=subprocess.DEVNULL)


def host_cost(interpreter, script):
    result = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                             interpreter, script], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", result.stderr)[1]), result.stdout


def guest_costs(empty, folder):
    image = os.path.join(folder, "cost.bin")
    subprocess.run(["make", "-s", "image", "INIT=bin/programs/bench/guest_cost.elf",
                    f"FILES=bin/programs/lua.elf {empty} {SCRIPT}", f"IMAGE={image}"], check=True)
    result = subprocess.run(["tests/run_qemu.sh", image, "-m", "256", "-icount",
                             "shift=0,sleep=off"], stdout=subprocess.PIPE,
                            env={**os.environ, "TIMEOUT_S": "300"}, check=False)
    console = result.stdout.decode("latin-1").replace("\r", "")
    counts = [int(count)
              for count in re.findall(r"status 0, (\d+) instructions", console)]
    if len(counts) != 3:
        raise SystemExit(f"lua_cost: no figures from Drupe:\n{console}")
    return counts[1], counts[2], console


def main():
    if len(sys.argv) > 1:
        print(__doc__)
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    subprocess.run(["make", "-s", "bin/programs/lua.elf", "bin/programs/bench/guest_cost.elf"],
                   check=True)
    with tempfile.TemporaryDirectory() as folder:
        empty = os.path.join(folder, "empty.lua")
        open(empty, "w", encoding="ascii").close()
        interpreter = os.path.join(folder, "lua")
        host_interpreter(interpreter)
        host_empty, _ = host_cost(interpreter, empty)
        host, said = host_cost(interpreter, SCRIPT)
        guest_empty, guest, console = guest_costs(empty, folder)
    if said.strip() not in console:
        raise SystemExit(f"lua_cost: the script did not say {said!r} on Drupe:\n{console}")
    ratio = (guest - guest_empty) / (host - host_empty)
    print(f"{'':28}{'Drupe':>14}{'Linux i386':>14}{'ratio':>8}{'goal':>7}")
    print(f"{'an empty script':28}{guest_empty:14,}{host_empty:14,}")
    print(f"{'Lua heap benchmark, beyond':28}{guest - guest_empty:14,}{host - host_empty:14,}"
          f"{ratio:8.2f}{GOAL:7.2f}{'  ABOVE' if ratio > GOAL else ''}")
    return 1 if ratio > GOAL else 0


if __name__ == "__main__":
    sys.exit(main())
