#!/usr/bin/env python3
"""Boots an image with a VGA card and saves the screen as a PNG once the given text was printed.

usage: tools/screenshot.py IMAGE OUT.png [TEXT TO WAIT FOR ON THE SERIAL LINE]
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time

SECONDS = 60  # detects hangs only


def wait_for(condition, what):
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"screenshot: {what} did not happen within {SECONDS} s")
        time.sleep(0.05)


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("latin-1")
    except FileNotFoundError:
        return ""


class Monitor:
    """QEMU's machine protocol on a socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            line = self.lines.readline()
            if not line:
                return None  # the command has ended QEMU
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise SystemExit(f"screenshot: {command}: {answer['error']['desc']}")


def main():
    if len(sys.argv) < 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    image, out = sys.argv[1:3]
    text = sys.argv[3] if len(sys.argv) > 3 else "halted"
    with tempfile.TemporaryDirectory() as folder:
        qmp, serial = os.path.join(folder, "qmp"), os.path.join(folder, "serial")
        # No isa-debug-exit: the kernel halts at its end and the screen stays.
        qemu = subprocess.Popen(["qemu-system-i386", "-accel", "tcg", "-m", "128", "-nodefaults",
                                 "-vga", "std", "-display", "none", "-serial", "file:" + serial,
                                 "-drive", f"file={image},format=raw,if=ide,snapshot=on",
                                 "-qmp", f"unix:{qmp},server=on,wait=off"],
                                stdin=subprocess.DEVNULL)
        try:
            wait_for(lambda: os.path.exists(qmp), "QEMU's start")
            monitor = Monitor(qmp)
            wait_for(lambda: text in read(serial), f"the text {text!r}")
            time.sleep(0.3)  # the display is refreshed some times a second
            monitor.execute("screendump", filename=os.path.abspath(out), format="png")
        finally:
            qemu.kill()
            qemu.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
