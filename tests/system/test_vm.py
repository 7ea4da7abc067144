#!/usr/bin/env python3
"""Virtual memory by the themes of Pintos's and MIT's tests: tests/programs/vm/, each theme a process of its own, on
both kernels; on x86_64 as 64-bit programs and as 32-bit ones. After each, all memory must be back. "hold" is what
text-once starts."""

import glob
import os
import re
import sys
import tempfile

import suite
from suite import read
import guests

SOURCES = sorted(glob.glob("tests/programs/vm/*.c"))
SAMPLE_BYTES = 3 * 4096 + 100


def names(source):
    return re.findall(r'\{"([a-z0-9-]+)", \w+\}', read(source).split("struct theme themes[]")[1])


def sample(folder, name, more):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(bytes((i * 7 + i // 256 + more) % 256 for i in range(SAMPLE_BYTES)))
    return path


def run(folder):
    programs = {os.path.basename(source)[:-2]: names(source) for source in SOURCES}
    lines = [f"{program}.elf {name}" for program, themes in programs.items() for name in themes if name != "hold"]
    files = [sample(folder, "sample.bin", 0), sample(folder, "sample2.bin", 1), os.path.join(folder, "empty.bin")]
    with open(files[2], "wb"):
        pass
    made = [f"bin/programs/tests/{program}.elf" for program in programs]
    guests.make(guests.RUNNER)
    suite.make(*made)
    if suite.arch().program_bits != suite.arch().bits:  # an absolute path is taken as it is
        made = [os.path.abspath(path) for path in made]
    ran = guests.run(folder, lines, files + made, "-m", "256")
    for line in lines:
        guests.check(ran, line, 0)


def in_folder():
    with tempfile.TemporaryDirectory() as folder:
        run(folder)


def main():
    suite.for_each_arch(in_folder, suite.PROGRAM_KINDS)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
