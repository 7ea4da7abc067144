#!/usr/bin/env python3
"""docs/add-a-system-call.md taken literally: its changes in a copy of the tree, its commands run."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import suite
from suite import read

PAGE = "docs/add-a-system-call.md"
BLOCK = r"\n\n```\w*\n(.*?)^```$"
LINE = re.compile(r"^In `([^`]+)`, (after|instead of) the line that begins with `([^`]+)`:" + BLOCK,
                   re.MULTILINE | re.DOTALL)
END = re.compile(r"^At the end of `([^`]+)`:" + BLOCK, re.MULTILINE | re.DOTALL)
NEW = re.compile(r"^A new file `([^`]+)`:" + BLOCK, re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def apply(page, folder):
    """Makes the page's changes. None, or what is wrong with one."""
    blocks = len(re.findall(r"^```\w*$", page, re.MULTILINE)) // 2
    found = 0
    for path, where, start, text in LINE.findall(page):
        path = os.path.join(folder, path)
        lines = read(path).split("\n")
        places = [number for number, line in enumerate(lines) if line.startswith(start)]
        if len(places) != 1:
            return f"{path}: {len(places)} lines begin with {start!r}"
        lines[places[0] + (where == "after"):places[0] + 1] = text.rstrip("\n").split("\n")
        write(path, "\n".join(lines))
        found += 1
    for path, text in END.findall(page):
        path = os.path.join(folder, path)
        write(path, read(path) + text)
        found += 1
    for path, text in NEW.findall(page):
        path = os.path.join(folder, path)
        if os.path.exists(path):
            return f"{path} exists already"
        write(path, text)
        found += 1
    found += len(COMMANDS.findall(page))
    return f"{blocks} blocks, of which {found} were understood" if blocks != found else None


def main():
    page = read(PAGE)

    def test(name, why):
        suite.test(f"{PAGE}: {name}", why)

    with tempfile.TemporaryDirectory() as scratch:
        folder = os.path.join(scratch, "drupe")
        shutil.copytree(".", folder, ignore=shutil.ignore_patterns(".git", "bin", "build"))
        why = apply(page, folder)
        test("its changes can be made", why)
        commands = [line for block in COMMANDS.findall(page) for line in block.strip().split("\n")]
        for command in [] if why else commands:
            result = subprocess.run(command, shell=True, cwd=folder, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            output = result.stdout.decode("utf-8", "replace").replace("\r", "")
            why = f"status {result.returncode}:\n{output}" if result.returncode else None
            if "run_qemu" in command:
                says = re.search(r"^ \* Says: (.*)$", NEW.findall(page)[0][1], re.MULTILINE).group(1)
                why = why or (None if says in output else f"no {says!r} in:\n{output}")
            test(command, why)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
