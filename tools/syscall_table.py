#!/usr/bin/env python3
"""The tables of system calls in docs/syscalls.md, from src/abi/syscalls.def.

usage: tools/syscall_table.py             prints the rows
       tools/syscall_table.py --write     puts them into the document
"""

import re
import sys

TABLE, PAGE = "src/abi/syscalls.def", "docs/syscalls.md"
HEAD = "| command | name | arguments | result |\n| --- | --- | --- | --- |\n"
STRING = r'"((?:[^"\\]|\\.)*)"'
CALL = re.compile(r"^SYSCALL\((\d+), (\w+), (\w+),\s*" + STRING + r"((?:,\s*ARGUMENT_\w+\([^\"]*" + STRING +
                  r"\))*)\)$", re.MULTILINE)
WORDS = re.compile(r"ARGUMENT_\w+\([^\"]*" + STRING + r"\)")
OWN_FIRST = 16  # the first number that is not PeachOS's


def calls(text):
    """[(number, NAME, name, words of each argument, result)]; ValueError for a line that is none."""
    found = [(int(number), upper, lower, WORDS.findall(arguments), result)
             for number, upper, lower, result, arguments, _ in CALL.findall(text)]
    if len(found) != len(re.findall(r"^SYSCALL\(", text, re.MULTILINE)):
        raise ValueError(f"{TABLE}: a line beginning with SYSCALL is not of the form of the others")
    numbers = [number for number, *_ in found]
    if numbers != sorted(set(numbers)):
        raise ValueError(f"{TABLE}: the numbers must rise")
    return found


def row(call):
    number, upper, _, arguments, result = call
    return f"| {number} | {upper} | {' '.join([', '.join(arguments), '|']).strip()} {result} |\n"


def page_with(page, found):
    """The page with both tables as they must be: PeachOS's calls, then Drupe's."""
    parts = page.split(HEAD)
    if len(parts) != 3:
        raise ValueError(f"{PAGE}: there must be two tables of commands")
    rows = ["".join(row(call) for call in found if (call[0] >= OWN_FIRST) == own)
            for own in (False, True)]
    return parts[0] + "".join(HEAD + table + re.sub(r"\A(\|.*\n)*", "", part)
                              for table, part in zip(rows, parts[1:]))


def main():
    arguments = sys.argv[1:]
    if arguments not in ([], ["--write"]):
        print(__doc__)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    with open(TABLE, encoding="utf-8") as file:
        found = calls(file.read())
    if not arguments:
        print("".join(map(row, found)), end="")
        return 0
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page_with(page, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
