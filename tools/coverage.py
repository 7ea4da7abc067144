#!/usr/bin/env python3
"""Which lines of the kernel and the library the host tests reach (make coverage).

usage: coverage.py [--floor PERCENT] TEST ...

Runs each TEST, a program that was built with gcc --coverage, and adds up what gcov says of all of
them: a line counts when any test reaches it. Ends with 1 when a test fails, or when a
source file is reached in less than PERCENT of its lines. A header's lines are those of its inline
functions that some test compiles.
"""

import argparse
import collections
import glob
import json
import os
import subprocess
import sys

GCOV = os.environ.get("GCOV", "gcov")
COUNTED = ("src/", "programs/libc/")


def run(test):
    result = subprocess.run([test], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors="replace")
    if result.returncode != 0:
        print(result.stdout)
        print(f"coverage: {test} ended with status {result.returncode}", file=sys.stderr)
    return result.returncode == 0


def files_of(tests, ending):
    """What gcc (.gcno) and the tests (.gcda) have written beside them: TEST-SOURCE.gcno, or TEST.gcno
    when there is one source."""
    return sorted(name for test in tests
                  for name in glob.glob(f"{test}-*{ending}") + glob.glob(test + ending))


def count(notes):
    """{file: {line: times}}"""
    output = subprocess.run([GCOV, "--json-format", "--stdout", *notes], check=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    files = collections.defaultdict(collections.Counter)
    for document in filter(str.strip, output.split("\n")):
        for file in json.loads(document)["files"]:
            name = os.path.relpath(file["file"])
            if name.startswith(COUNTED):
                for line in file["lines"]:
                    files[name][line["line_number"]] += line["count"]
    return files


def missing(lines):
    """The lines that were not reached, in ranges: lines without code between them do not count."""
    ranges, is_open = [], False
    for line in sorted(lines):
        if lines[line] > 0:
            is_open = False
        elif is_open:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
            is_open = True
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("--floor", type=float, default=0)
    parser.add_argument("tests", nargs="+")
    arguments = parser.parse_args()

    for stale in files_of(arguments.tests, ".gcda"):
        os.unlink(stale)
    passed = [run(test) for test in arguments.tests]
    files = count(files_of(arguments.tests, ".gcno"))
    low, all_lines, all_reached = [], 0, 0
    print("reached   lines  file, and the lines that no host test reaches")
    for name in sorted(files):
        lines = files[name]
        reached = sum(times > 0 for times in lines.values())
        percent = 100 * reached / len(lines)
        all_lines += len(lines)
        all_reached += reached
        print(f"{percent:6.1f} %  {len(lines):5}  {name}  {missing(lines)}".rstrip())
        if percent < arguments.floor:
            low.append(name)
    print(f"{100 * all_reached / max(all_lines, 1):6.1f} %  {all_lines:5}  "
          f"in {len(files)} files, by {len(passed)} tests")
    if low:
        print(f"coverage: below {arguments.floor:g} %: {' '.join(low)}", file=sys.stderr)
    return 0 if files and all(passed) and not low else 1


if __name__ == "__main__":
    sys.exit(main())
