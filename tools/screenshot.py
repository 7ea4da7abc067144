#!/usr/bin/env python3
r"""Boots an image with a VGA card and saves the screen as a PNG once the given text was printed.

usage: tools/screenshot.py IMAGE OUT.png [TEXT TO WAIT FOR ON THE SERIAL LINE [KEYS TO SEND THERE]]

The text is by default the shell's prompt. After keys (\r is Enter) it is waited for once more.
"""

import sys
import tempfile
import time

import output
from machine import Machine, wait_for


def main():
    if len(sys.argv) < 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    image = sys.argv[1]
    try:
        out = output.ordinary_file(sys.argv[2])
    except output.OutputError as error:
        raise SystemExit(f"screenshot: {error}") from error
    text = sys.argv[3] if len(sys.argv) > 3 else "drupe> "
    keys = sys.argv[4].replace("\\r", "\r") if len(sys.argv) > 4 else ""
    with tempfile.TemporaryDirectory() as folder, Machine(image, folder) as machine:
        wait_for(lambda: machine.says(text), f"the text {text!r}")
        if keys:
            machine.console = ""
            machine.send(keys)
            wait_for(lambda: machine.says(text), f"the text {text!r} after the keys")
        time.sleep(0.3)  # the display is refreshed some times per second
        machine.monitor.execute("screendump", filename=out, format="png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
