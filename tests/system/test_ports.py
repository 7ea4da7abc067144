#!/usr/bin/env python3
"""The ports (docs/ports.md), for each word size: each line of a port's check runs on Drupe and on this machine, by the
same sources; what it prints, its status and the files that it leaves are the same.

usage: tests/system/test_ports.py [NAME ...]
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

import suite
from suite import test
import guests

# Where a check runs: a folder of the disk, with the port's files in it.
PLACE = "t"


class Port:
    """What ports/NAME.port says."""

    def __init__(self, path):
        self.name = os.path.basename(path)[:-len(".port")]
        said = subprocess.run(["bash", "-euc", '. "$0"; printf "%s\\0" "$source" "$programs" "${files:-}" "$check"',
                               os.path.abspath(path)], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.source, programs, files, check = said.split("\0")[:4]
        self.programs, self.files = programs.split(), files.split()
        self.lines = [line for line in check.splitlines() if line.strip()]

    def sources(self):
        """Where its own files lie."""
        return f"build/sources/{self.source}"


def steps(port, folder):
    """The files that the check needs, and a script for each line of it. Their paths."""
    paths = []
    for name in port.files:
        paths.append(os.path.join(folder, os.path.basename(name)))
        shutil.copyfile(os.path.join(port.sources(), name), paths[-1])
    for number, line in enumerate(port.lines):
        paths.append(os.path.join(folder, f"step.{number}"))
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(line + "\n")
    return paths


def run_here(port, folder):
    """Each step by this machine's shell."""
    built = os.path.abspath(f"build/ports/linux{suite.arch().bits}/{port.name}")
    programs = os.path.join(folder, "programs")
    os.mkdir(programs)
    for name in port.programs:
        os.symlink(os.path.join(built, name), os.path.join(programs, os.path.basename(name)))
    place = os.path.join(folder, PLACE)
    os.mkdir(place)
    steps(port, place)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "LC_ALL": "C"}
    for number in range(len(port.lines)):
        with open(f"{place}/out.{number}", "wb") as out, open(f"{place}/err.{number}", "wb") as errors:
            ended = subprocess.run(["sh", f"step.{number}"], cwd=place, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=errors, check=False, timeout=suite.SECONDS)
        with open(f"{place}/status.{number}", "w", encoding="ascii") as file:
            file.write(f"{ended.returncode}\n")
    return place


def run_on_drupe(port, folder):
    """The same by Drupe's shell. The folder with what is on the disk afterwards, and why it was not run to its end."""
    with tempfile.TemporaryDirectory() as made:
        paths = steps(port, made)
        script = os.path.join(made, "init.sh")
        with open(script, "w", encoding="ascii") as file:
            file.write(f"cd /{PLACE}\n")
            for number in range(len(port.lines)):
                file.write(f"shell step.{number} < /dev/null > out.{number} 2> err.{number}\n"
                           f"echo $? > status.{number}\n")
            file.write("echo the check is over\nexit\n")
        image = os.path.join(folder, "disk.bin")
        elves = [suite.arch().path(f"bin/programs/ports/{os.path.basename(name)}.elf") for name in port.programs]
        tools = [suite.arch().path(f"bin/programs/{name}.elf") for name in ("shell", "cat", "echo", "sort", "ls", "rm", "mkdir")]
        why = suite.make_image(image, "--init", suite.arch().path("bin/programs/shell.elf"), "--file", script,
                               *(word for path in elves + tools for word in ("--file", path)),
                               *(word for path in paths
                                 for word in ("--file", f"{path}={PLACE}/{os.path.basename(path)}")))
    if why:
        return None, why
    status, console = suite.boot(image, "-m", "256", "-drive", f"file={image},format=raw,if=ide")
    if status != 0 or "the check is over" not in console:
        return None, f"status {status}:\n{console[-2000:]}"
    subprocess.run(["mcopy", "-s", "-i", f"{image}@@1M", f"::/{PLACE}", folder], check=True)
    return os.path.join(folder, PLACE), None


def contents(folder):
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def differs(here, there):
    """Why two files are not the same, or None; text by its first line that is another one."""
    if here == there:
        return None
    if here is None or there is None:
        return "it is only " + ("on Drupe" if here is None else "here")
    lines, others = here.split(b"\n"), there.split(b"\n")
    for number, (line, other) in enumerate(zip(lines, others), 1):
        if line != other:
            return f"line {number} is {other[:100]!r}, here {line[:100]!r}"
    return f"{len(there)} bytes, here {len(here)}"


def compare(port, here, there):
    for number, line in enumerate(port.lines):
        parts = {name: (here.pop(f"{name}.{number}"), there.pop(f"{name}.{number}", None))
                 for name in ("status", "out", "err")}
        whys = [f"{name}: {why}" for name, both in parts.items() if (why := differs(*both))]
        test(f"{port.name}: {line}", "; ".join(whys) or None)
    whys = [f"{name}: {why}" for name in sorted({*here, *there})
            if (why := differs(here.get(name), there.get(name)))]
    test(f"{port.name}: the files that are left", "; ".join(whys) or None)


def check(port):
    guests.make("ports", f"PORTS={port.name}")
    subprocess.run(["tools/build_port.sh", port.name, port.sources(), f"build/ports/linux{suite.arch().bits}/{port.name}"],
                   check=True, env={**os.environ, "DRUPE_ARCH": "linux", "PORT_BITS": str(suite.arch().bits)})
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        here = run_here(port, folder)
        there, why = run_on_drupe(port, other)
        if not test(f"{port.name}: all lines were run", why):
            return
        compare(port, contents(here), contents(there))


def all_ports():
    names = sys.argv[1:]
    guests.make("bin/os.bin")
    for path in sorted(glob.glob("ports/*.port")):
        port = Port(path)
        if not names or port.name in names:
            check(port)


def main():
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
        return 0
    suite.for_each_arch(all_ports, suite.PROGRAM_KINDS)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
