#!/usr/bin/env python3
"""Builds the DEBUG_HEAP=1 kernel elsewhere, runs the kernel tests in it, and damages its heap."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import suite
from suite import test

# Test (tests/kernel/test_panics.c) -> what the report must contain: the damage, and who did what.
DAMAGE = {
    "panic_red_zone": [r"KERNEL PANIC: ", r"panic_red_zone"],
    "panic_write_after_free": [r"KERNEL PANIC: ", r"panic_write_after_free"],
}


def boot(copy, *arguments):
    return suite.boot(os.path.join(copy, "bin/test.bin"), *arguments)


def main():
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "drupe")
        shutil.copytree(".", copy, ignore=shutil.ignore_patterns("bin", "build", ".git"))
        subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "DEBUG_HEAP=1", "bin/test.bin"],
                       cwd=copy, check=True)
        status, console = boot(copy)
        test("debug heap: all kernel tests pass",
             None if status == 0 else f"status {status}:\n{console}")
        for name, patterns in DAMAGE.items():
            status, console = boot(copy, "-fw_cfg", f"name=opt/drupe/test,string={name}")
            missing = [pattern for pattern in patterns if not re.search(pattern, console)]
            test(f"debug heap: {name}", None if status == 2 and not missing else
                 f"status {status}, missing {missing}:\n{console}")
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
