#!/usr/bin/env python3
"""make bench: what things cost in both kernels. Runs each one's bench under -icount, puts Linux's figures beside
it, then i386's disk bench in time, the host's bench and Lua's cost, and prints their tables.

usage: tools/bench.py [--no-host] [--counts]
  --no-host   without the host's bench
  --counts    only what is counted in both kernels
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

FOLDERS = {"i386": "bin", "x86_64": "bin/x86_64"}
COUNTING = ("-icount", "shift=0,sleep=off")
ROW = re.compile(r"^(\S.*?) {2,}(\d+) ", re.MULTILINE)
# x86_64 may cost that much more than i386: its tables have four levels.
RATIO_GOAL = 1.3
# Linux's figures: what make bench-linux has measured here, or else what came with the sources.
LINUX_MEASURED = "build/bench-linux-{}.json"
LINUX_KEPT = "tests/bench/linux.json"


def run(image, *arguments):
    """Boots image; run_qemu.sh's status, and what it printed, which is printed here as well."""
    result = subprocess.run(["tests/run_qemu.sh", image, "-m", "256", *arguments], stdout=subprocess.PIPE,
                            text=True, errors="replace", env={**os.environ, "TIMEOUT_S": "1800"},
                            check=False)
    print(result.stdout, end="", flush=True)
    return result.returncode, result.stdout


def count(arch):
    """Its kernel's bench, and its programs'. The worst status, and the rows."""
    print(f"Guest instructions of the {arch} kernel (rdtsc under -icount shift=0), -m 256:", flush=True)
    rows, status = {}, 0
    for image in ("bench.bin", "bench-programs.bin"):
        ended, text = run(f"{FOLDERS[arch]}/{image}", *COUNTING)
        status = max(status, ended)
        rows.update((name, int(cost)) for name, cost in ROW.findall(text))
    return status, rows


def compare(rows):
    """Both kernels' rows side by side."""
    print(f"\nBoth kernels (instructions){'':26} {'i386':>10} {'x86_64':>10} {'ratio':>6}")
    for name, cost in rows["i386"].items():
        other = rows["x86_64"].get(name)
        if other is None or not cost:
            continue
        ratio = other / cost
        print(f"{name:52} {cost:10} {other:10} {ratio:6.2f}{'  ABOVE' if ratio > RATIO_GOAL else ''}")


def linux_figures(arch):
    """Linux's name, where its figures are from, and for each row what it costs by default and at its quickest."""
    measured = LINUX_MEASURED.format(arch)
    if os.path.exists(measured):
        path, source = measured, "measured here"
    else:
        path, source = LINUX_KEPT, f"{LINUX_KEPT}; make bench-linux measures anew"
    with open(path, encoding="ascii") as file:
        content = json.load(file)
    figures = content if path == measured else content[arch]
    return figures["kernel"], source, figures["rows"]


def compare_with_linux(arch, rows):
    """The rows that programs have on Linux, too. The ratio says how many times Drupe's cost Linux, at its quickest, has."""
    kernel, source, figures = linux_figures(arch)
    print(f"\nBeside {kernel}, from ring 3, {arch} ({source}):")
    print(f"{'':52} {'Drupe':>10} {'Linux':>10} {'its best':>10} {'ratio':>8}")
    for name, (default, best) in figures.items():
        cost = rows.get(name)
        shown = "-" if cost is None else cost
        least = min(default, best)
        ratio = f"{least / cost:7.2f}x" if cost else f"{'-':>8}"
        print(f"{name:52} {shown:>10} {default:10} {best:10} {ratio}{'  BEHIND' if cost and cost > least else ''}")


def main():
    if any(argument in ("-h", "--help") for argument in sys.argv[1:]):
        print(__doc__)
        return 0
    rows, status = {}, 0
    for arch in FOLDERS:
        ended, rows[arch] = count(arch)
        status = max(status, ended)
    compare(rows)
    for arch in FOLDERS:
        compare_with_linux(arch, rows[arch])
    if "--counts" in sys.argv:
        return 0 if status in (0, 1) else 1
    print("\nIn time (this host's), -m 256:", flush=True)
    status = max(status, run("bin/bench-disk.bin")[0])
    image = "bin/bench-bios.bin"
    status = max(status, run(image, "-machine", "q35", "-device", "ide-hd,drive=d,bus=ide.0",
                             "-drive", f"if=none,id=d,format=raw,snapshot=on,file={image}")[0])
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
