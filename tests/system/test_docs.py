#!/usr/bin/env python3
"""The documents against the sources that they describe."""

import glob
import os
import re
import sys

FAILED = []


def test(name, why):
    print(f"{name} ... " + (f"FAIL: {why}" if why else "ok"), flush=True)
    if why:
        FAILED.append(name)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def compare(documented, defined):
    missing = sorted(set(defined) - set(documented))
    extra = sorted(set(documented) - set(defined))
    return f"not documented: {missing}; not defined: {extra}" if missing or extra else None


def commands():
    """docs/syscalls.md has a row for each number that abi/syscalls.h defines, and no other."""
    defined = re.findall(r"^#define SYSCALL_(\w+) +(\d+)", read("src/abi/syscalls.h"), re.MULTILINE)
    defined = {(int(number), name) for name, number in defined if name != "VECTOR"}
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", read("docs/syscalls.md"), re.MULTILINE)
    return compare({(int(number), name) for number, name in rows}, defined)


def implemented():
    """The kernel's table has a handler for each of them, with as many arguments as documented."""
    table = re.findall(r"\[SYSCALL_(\w+)\] = \{\w+, (\d)\}", read("src/syscall/syscall.c"))
    rows = re.findall(r"^\| \d+ \| (\w+) \|(.*?)\|", read("docs/syscalls.md"), re.MULTILINE)
    documented = {(name, len([a for a in re.sub(r"\(.*?\)", "", arguments).split(",") if a.strip()]))
                  for name, arguments in rows}
    return compare(documented, {(name, int(count)) for name, count in table})


def errors():
    """Every error that the documents name is in status.h."""
    defined = set(re.findall(r"^#define (E[A-Z]+)", read("src/status.h"), re.MULTILINE))
    named = set()
    for path in ("docs/syscalls.md", "docs/memory.md", "docs/boot.md"):
        named |= set(re.findall(r"-(E[A-Z]{2,})\b", read(path)))
    return f"unknown: {sorted(named - defined)}" if named - defined else None


def addresses():
    """Every range of the memory map's first table begins at an address that layout.h has, or that
    follows from one."""
    layout = {int(value, 16) for value in re.findall(r"0x[0-9A-Fa-f]+", read("src/layout.h"))}
    text = read("docs/memory-map.md")
    starts = [int(start, 16) for start in
              re.findall(r"^\| (0x[0-9A-Fa-f]{8})[–-]", text, re.MULTILINE)]
    allowed = layout | {0x0, 0xA0000, 0xE200}
    unknown = [hex(start) for start in starts if start not in allowed]
    if len(starts) < 8:
        return f"only {len(starts)} ranges found"
    return f"not in layout.h: {unknown}" if unknown else None


def links():
    """Files and folders that README and docs name exist."""
    missing = []
    for path in ["README.md", *sorted(glob.glob("docs/*.md"))]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", read(path)):
            base = "" if path == "README.md" else "docs/"
            if not os.path.exists(base + target):
                missing.append(f"{path}: {target}")
        for target in re.findall(r"`((?:src|tools|tests|programs|docs)/[\w./]+[\w/])`", read(path)):
            if not os.path.exists(target):
                missing.append(f"{path}: {target}")
    return ", ".join(missing) or None


def main():
    test("docs/syscalls.md has every command and no other", commands())
    test("docs/syscalls.md and the kernel's table agree about arguments", implemented())
    test("the errors that the documents name exist", errors())
    test("docs/memory-map.md has layout.h's addresses", addresses())
    test("the files that the documents name exist", links())
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
