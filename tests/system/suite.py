"""What the suites of this folder share. Each is a script that prints a line for each test.

Importing this goes to the project's root, and lets the modules of tools/ be imported.
"""

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(ROOT)
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.dont_write_bytecode = True

SECONDS = 600  # each start of an emulator, each command: detects hangs only

FAILED = []


def test(name, why=None):
    """Says how the test went: `why` is what went wrong. True if nothing did."""
    print(f"{name} ... " + (f"FAIL: {why}" if why else "ok"), flush=True)
    if why:
        FAILED.append(name)
    return not why


def status():
    """The script's exit status."""
    return 1 if FAILED else 0


def outcome(function):
    """What function() returns, or the sentence that ended it."""
    try:
        return function()
    except (OSError, SystemExit, ValueError, subprocess.SubprocessError) as error:
        return f"{type(error).__name__}: {error}"


def run_tests(tests):
    """[(name, function that returns what went wrong, or None)]: two at a time, told in order."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for name, future in [(name, pool.submit(outcome, function)) for name, function in tests]:
            test(name, future.result())


def read(path):
    """A text of the project."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def unwrap(text):
    """The kernel's sentences, each in one line again (printk_sentence())."""
    return re.sub(r"\n  (?=\S)", " ", text)


def boot(image, *arguments, seconds=SECONDS):
    """Boots to the end. run_qemu.sh's status, and what the console said."""
    # To a file: QEMU writes each byte by itself, and a pipe's reader would be woken for each.
    with tempfile.TemporaryFile() as console:
        status = subprocess.run(["tests/run_qemu.sh", image, *arguments], stdin=subprocess.DEVNULL,
                                stdout=console, stderr=subprocess.STDOUT, check=False,
                                env={**os.environ, "TIMEOUT_S": str(seconds)}).returncode
        console.seek(0)
        return status, console.read().decode("utf-8", "replace").replace("\r", "")
