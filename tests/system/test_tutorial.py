#!/usr/bin/env python3
"""The pages that change the tree, taken literally: their changes in a copy of it, their commands run."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import suite
from suite import read

PAGES = ("docs/first-change.md", "docs/add-a-system-call.md", "docs/add-a-driver.md")
BLOCK = r"\n\n```\w*\n(.*?)^```$"
LINE = re.compile(r"^In `([^`]+)`, (after|instead of) the line that begins with (`+)([^\n]+?)\3:" + BLOCK,
                  re.MULTILINE | re.DOTALL)
END = re.compile(r"^At the end of `([^`]+)`:" + BLOCK, re.MULTILINE | re.DOTALL)
NEW = re.compile(r"^A new file `([^`]+)`:" + BLOCK, re.MULTILINE | re.DOTALL)
SCREEN = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)  # what the reader sees, by hand
SAYS = re.compile(r"^ \* Says: (.*)$|^[^\n]*The console says `([^`]+)`", re.MULTILINE)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def apply(page, folder):
    """Makes the page's changes. None, or what is wrong with one."""
    blocks = len(re.findall(r"^```\w*$", page, re.MULTILINE)) // 2
    found = 0
    for path, where, _, start, text in LINE.findall(page):
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
    found += len(COMMANDS.findall(page)) + len(SCREEN.findall(page))
    return f"{blocks} blocks, of which {found} were understood" if blocks != found else None


def follow(path, folder):
    """Makes the changes of one page in folder, a copy of the tree, and runs its commands."""
    page = read(path)
    why = apply(page, folder)
    suite.test(f"{path}: its changes can be made", why)
    commands = [line for block in COMMANDS.findall(page) for line in block.strip().split("\n")]
    for command in [] if why else commands:
        status, output = run(command, folder)
        why = f"status {status}:\n{output}" if status else None
        if "run_qemu" in command:
            says = "".join(SAYS.search(page).groups(""))
            why = why or (None if says in output else f"no {says!r} in:\n{output}")
        suite.test(f"{path}: {command}", why)
    if not commands:
        suite.test(f"{path}: has commands", "none")


def run(command, folder):
    """(status, output)"""
    result = subprocess.run(command, shell=True, cwd=folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.returncode, result.stdout.decode("utf-8", "replace").replace("\r", "")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        # Built once: each page changes a copy of this, so that only what it changes is built again.
        built = os.path.join(scratch, "built")
        shutil.copytree(".", built, ignore=shutil.ignore_patterns(".git", "bin", "build"))
        status, output = run("make -s bin/os.bin", built)
        if suite.test("tutorial: a copy of the tree is built",
                      f"status {status}:\n{output}" if status else None):
            for page in PAGES:
                folder = os.path.join(scratch, os.path.splitext(os.path.basename(page))[0])
                shutil.copytree(built, folder)
                follow(page, folder)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
