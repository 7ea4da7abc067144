#!/usr/bin/env python3
"""make bench-linux and what make bench does with its figures, without a network and without Linux."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile

import suite
from suite import read, test

import bench
import bench_linux


def names(paths):
    """Of the rows in the tables of these sources."""
    return {name for path in paths for name in re.findall(r'^    \{"([^"]+)", \w+,', read(path), re.MULTILINE)}


def rows_are_the_kept_ones():
    """A row that has another name now would have no figure of Linux."""
    wanted = names(f"tests/bench/rows/{name}.c" for name in ("memory", "processes", "forks", "pipes", "files"))
    kept = json.loads(read(bench.LINUX_KEPT))
    wrong = {arch: sorted(wanted ^ set(kept.get(arch, {}).get("rows", {}))) for arch in bench.FOLDERS}
    return None if len(wanted) > 30 and not any(wrong.values()) else \
        f"{wrong}; make bench-linux KEEP=1 measures them, with ARCH=x86_64, too"


def measured_goes_before_kept():
    with tempfile.TemporaryDirectory() as folder:
        bench.LINUX_MEASURED = os.path.join(folder, "{}.json")
        kept = bench.linux_figures("i386")
        with open(os.path.join(folder, "i386.json"), "w", encoding="ascii") as file:
            json.dump({"kernel": "a Linux", "rows": {"a row": [30, 20]}}, file)
        measured = bench.linux_figures("i386")
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            bench.compare_with_linux("i386", {"a row": 10})
            bench.compare_with_linux("i386", {"a row": 25})
            bench.compare_with_linux("i386", {})
    lines = [line.split()[2:] for line in shown.getvalue().splitlines() if line.startswith("a row")]
    wanted = [["10", "30", "20", "2.00x"], ["25", "30", "20", "0.80x", "BEHIND"], ["-", "30", "20", "-"]]
    is_right = len(kept[2]) > 30 and measured == ("a Linux", "measured here", {"a row": [30, 20]})
    return None if is_right and lines == wanted else f"{kept[:2]}, {measured}, {lines}"


def without_a_network():
    """A sentence, and no traceback."""
    with tempfile.TemporaryDirectory() as folder:
        bench_linux.MIRROR = "http://127.0.0.1:1/debian"
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                bench_linux.download(folder, "i386", "linux-image-686")
            except bench_linux.FetchError as error:
                return None if "127.0.0.1" in str(error) else str(error)
    return "it went through"


def archive_is_one():
    """Read back as the format says."""
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(folder + "/programs")
        contents = {"init": b"x" * 4097, "small.elf": b"yz"}
        for name, data in contents.items():
            with open(os.path.join(folder, "programs", name), "wb") as file:
                file.write(data)
        bench_linux.initramfs(folder + "/programs", folder + "/archive")
        with open(folder + "/archive", "rb") as file:
            left = file.read()
    found = {}
    while left:
        fields = [int(left[6 + 8 * i:14 + 8 * i], 16) for i in range(13)]
        if left[:6] != b"070701":
            return f"no entry: {left[:20]}"
        name = left[110:110 + fields[11] - 1].decode()
        start = (110 + fields[11] + 3) & ~3
        found[name] = (oct(fields[1]), left[start:start + fields[6]])
        left = left[start + ((fields[6] + 3) & ~3):]
    wanted = {"dev": ("0o40755", b""), "dev/console": ("0o20600", b""), "TRAILER!!!": ("0o0", b""),
              **{name: ("0o100755", data) for name, data in contents.items()}}
    return None if found == wanted else str({name: entry[0] for name, entry in found.items()})


def usage():
    for arguments, status in ((["-h"], 0), ([], 2), (["arm"], 2)):
        ended = subprocess.run([sys.executable, "tools/bench_linux.py", *arguments], stdout=subprocess.PIPE,
                               text=True, check=False)
        if ended.returncode != status or "usage" not in ended.stdout:
            return f"{arguments}: {ended.returncode}"
    return None


def main():
    test("bench-linux: its usage", usage())
    test("bench-linux: every row of a program has its figures of Linux", rows_are_the_kept_ones())
    test("bench: what was measured here goes before what was kept", measured_goes_before_kept())
    test("bench-linux: without a network a sentence says so", without_a_network())
    test("bench-linux: the initramfs holds the programs and the console", archive_is_one())
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
