#!/usr/bin/env python3
"""docs/debugging.md shows what really happens: its gdb sessions and its panics are run again.

A block ```gdb is one session with tools/debug.sh: lines that begin with "(gdb) " are typed, the
others are what came of it. The blocks of the page are one session together. A block ```panic NAME
is what the test kernel's KPROVOKE(NAME) says. Numbers may differ, words may not.

usage: test_debugging.py [--write]     --write puts what happened into the page
"""

import os
import re
import subprocess
import sys
import tempfile

import suite
from suite import test

PAGE = "docs/debugging.md"
BLOCK = re.compile(r"^```(gdb|panic) ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# 0xcc and a register that is cafecafe are numbers too, though without a digit; "add" is a word.
NUMBER = re.compile(r"\b(?:0x[0-9a-f]+|[0-9a-f]{8}|[0-9a-f]*[0-9][0-9a-f]*)\b")
PROMPT = "(gdb) "


def normalised(text):
    """Its words. An address may lie at a name or behind it: gdb up to 16 shows 16-bit jumps two bytes too far."""
    return [re.sub(r"\s+", " ", re.sub(r"\+#>", ">", NUMBER.sub("#", line))).strip()
            for line in text.split("\n") if line.strip()]


def run_gdb(commands):
    """What each command printed."""
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
        for number, command in enumerate(commands):
            script.write(f'echo \\n@@{number}@\\n\n{command}\n')
        script.flush()
        result = subprocess.run(["tools/debug.sh", "-batch", "-x", script.name],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=suite.SECONDS,
                                env=dict(os.environ, SERIAL="null"))
    # The end of the session is not the last command's.
    output = re.sub(r"\n\[Inferior 1 .*", "\n", result.stdout, flags=re.DOTALL)
    parts = re.split(r"\n@@\d+@\n", output)[1:]
    if len(parts) != len(commands):
        return [output] * len(commands)
    return [re.sub(r"\n{2,}", "\n", part).strip("\n") for part in parts]


def run_panic(name):
    result = subprocess.run(["tests/run_qemu.sh", "bin/test.bin", "-fw_cfg",
                             f"name=opt/drupe/test,string={name}"], stdout=subprocess.PIPE)
    console = result.stdout.decode().replace("\r", "")
    return console[console.find("the log ends:"):].strip("\n")


def happened(page):
    """The page with what came of its blocks."""
    commands = [line[len(PROMPT):] for kind, _, body in BLOCK.findall(page) if kind == "gdb"
                for line in body.split("\n") if line.startswith(PROMPT)]
    outputs = iter(run_gdb(commands))

    def replace(match):
        kind, name, body = match.groups()
        if kind == "panic":
            return f"```panic {name}\n{run_panic(name)}\n```"
        lines = []
        for line in body.split("\n"):
            if line.startswith(PROMPT):
                lines += [line, *filter(None, next(outputs).split("\n"))]
        return "```gdb\n" + "\n".join(lines) + "\n```"
    return BLOCK.sub(replace, page)


def main():
    subprocess.run(["make", "-s", "bin/os.bin", "bin/boot.elf", "bin/test.bin"], check=True)
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    now = happened(page)
    if sys.argv[1:] == ["--write"]:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(now)
        return 0
    pairs = list(zip(BLOCK.findall(page), BLOCK.findall(now)))
    for number, ((kind, name, shown), (_, _, real)) in enumerate(pairs):
        test(f"{PAGE}: {kind} {name or number}",
             None if normalised(shown) == normalised(real) else
             f"this happens:\n{real}\n(if that is right: tests/system/test_debugging.py --write)")
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
