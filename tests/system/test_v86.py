#!/usr/bin/env python3
"""The kernel on v86, a PC in Rust and JavaScript: its own CPU, disk, serial line and screen.

v86 takes the null local descriptor table for one entry at address 0, and stops at an IRET to a bad
selector. The test kernel and usertest try both, so they are for QEMU and Bochs. It has no double
faults either: a page fault for which there is no stack is v86's own end.
"""

import os
import subprocess
import sys
import tempfile

import suite
from suite import test

SECONDS = suite.SECONDS
COLUMNS = 80


def boot(image, *arguments):
    """Why it went wrong or None, the lines of the serial line, the rows of the screen."""
    try:
        result = subprocess.run(["node", "build/v86/boot.js", image, *arguments],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=SECONDS)
        output, status = result.stdout, result.returncode
    except subprocess.TimeoutExpired as error:
        output, status = error.stdout or b"", f"none: stopped after {SECONDS} s"
    text = output.decode("latin-1").replace("\r", "")
    serial, _, screen = text.partition("screen:\n")
    why = None if status == 0 else f"status {status}:\n{text}"
    return why, serial.split("\n"), [row.rstrip() for row in screen.split("\n")]


def demo(image, megabytes, engine):
    why, serial, screen = boot(image, megabytes, engine)
    name = f"v86 with {megabytes} MiB, {engine}"
    for line in ("Hello from init.elf.", "init exited with status 0"):
        if not why and line not in serial:
            why = f"no {line!r}:\n" + "\n".join(serial)
    test(f"demo on {name}", why)
    rows = [line[start:start + COLUMNS].rstrip() for line in serial
            for start in range(0, max(len(line), 1), COLUMNS)]
    test(f"the screen shows what the serial line carries: {name}",
         None if screen[:len(rows)] == rows else f"{screen}\nnot {rows}")


def shell():
    why, serial, _ = boot("bin/os.bin", "32", "jit", "drupe> ", "echo a b\rexit\r")
    for line in ("drupe> echo a b", "a b", "init exited with status 0"):
        if not why and line not in serial:
            why = f"no {line!r}:\n" + "\n".join(serial)
    test("the shell on v86, typed at over the serial line", why)


def main():
    made = subprocess.run(["make", "-s", "build/v86/boot.js", "bin/os.bin",
                           "bin/programs/hello.elf"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    test("v86 is installed from npm", made.stdout if made.returncode else None)
    if made.returncode:
        return 1
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "hello.bin")
        subprocess.run(["make", "-s", "image", "INIT=bin/programs/hello.elf", f"IMAGE={image}"],
                       check=True)
        for megabytes in ("32", "128"):
            for engine in ("jit", "interpreter"):
                demo(image, megabytes, engine)
        why, serial, screen = boot(image, "17", "jit")
        sentence = "needs at least 18 MiB of RAM and the firmware reports 16 MiB"
        for where, text in (("serial line", " ".join(serial)), ("screen", "".join(
                row.ljust(COLUMNS) for row in screen))):
            test(f"too little memory on v86 gets a sentence: {where}",
                 why or (None if sentence in " ".join(text.split()) else text))
    shell()
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
