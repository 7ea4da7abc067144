#!/usr/bin/env python3
"""Boots each program of tests/programs as init and compares how it ends.

A program says in its first comment how it must end ("Expect: status N", the number in the kernel's
last line) and what the console must show ("Says: text"; if that is another text when a 64-bit program, "Says as
ELF64: text"). "Files: a b=dir/name" names further files for its disk, as `make image FILES=` takes them.

Time is counted in instructions (-icount): a tick of the clock comes every 312,500 of them on any
machine, and waiting takes no time.
"""

import glob
import os
import re
import sys
import tempfile

import suite

ICOUNT = ["-icount", "shift=5,sleep=off"]


def expectation(source):
    text = open(source, encoding="ascii").read()
    status = re.search(r"^ \* Expect: status (-?\d+)$", text, re.MULTILINE)
    says = suite.arch().program_bits == 64 and re.search(r"^ \* Says as ELF64: (.*)$", text, re.MULTILINE) or \
        re.search(r"^ \* Says: (.*)$", text, re.MULTILINE)
    if not status or not says:
        raise SystemExit(f"{source}: no Expect: or no Says: line")
    files = re.findall(r"^ \* Files: (.*)$", text, re.MULTILINE)
    return int(status.group(1)), says.group(1), " ".join(files)


def words(says):
    """What the kernel that is looked at says in place of the i386 kernel's words: its addresses are longer, and
    nothing of it lies among those of a 32-bit program."""
    if suite.arch() is suite.I386:
        return says
    longer = re.sub(r"\b([0-9a-f]{8})\b", lambda found: suite.arch().address(int(found[1], 16)), says)
    return longer.replace("that page is the kernel", "nothing is mapped there")


def check(name, elf, expected_status, says, files, folder):
    image = os.path.join(folder, name + ".bin")
    why = suite.make_image(image, "--init", elf, "--files", files)
    if why:
        return why
    status, console = suite.boot(image, *ICOUNT)
    os.unlink(image)
    last_line = f"init exited with status {expected_status}"
    if last_line not in console.split("\n"):
        return f"no line {last_line!r}, run_qemu.sh's status is {status}:\n{console}"
    if status != (0 if expected_status == 0 else 1):
        return f"run_qemu.sh's status is {status}"
    if words(says) not in suite.unwrap(console):
        return f"the console does not say {words(says)!r}:\n{console}"
    return None


def all_programs():
    sources = sorted(glob.glob("tests/programs/*.c"))
    names = [os.path.basename(source)[:-2] for source in sources]
    targets = [suite.arch().path(f"bin/programs/tests/{name}.elf") for name in names]
    suite.make("bin/os.bin", *targets)
    with tempfile.TemporaryDirectory() as folder:
        suite.run_tests([(f"program {name}", lambda name=name, source=source, elf=elf:
                          check(name, elf, *expectation(source), folder))
                         for name, source, elf in zip(names, sources, targets)])


def main():
    suite.for_each_arch(all_programs, suite.PROGRAM_KINDS)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
