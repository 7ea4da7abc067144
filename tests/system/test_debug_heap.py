#!/usr/bin/env python3
"""Builds the DEBUG_HEAP=1 kernel elsewhere, runs the kernel tests in it, and damages its heap."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

# Test (tests/kernel/test_panics.c) -> what the report must contain: the damage, and who did what.
DAMAGE = {
    "panic_red_zone": [r"KERNEL PANIC: ", r"panic_red_zone"],
    "panic_write_after_free": [r"KERNEL PANIC: ", r"panic_write_after_free"],
}


def run(copy, *arguments):
    result = subprocess.run(["tests/run_qemu.sh", "bin/test.bin", *arguments], cwd=copy,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.returncode, result.stdout.decode("utf-8", "replace").replace("\r", "")


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "drupe")
        shutil.copytree(".", copy, ignore=shutil.ignore_patterns("bin", "build", ".git"))
        subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "DEBUG_HEAP=1", "bin/test.bin"],
                       cwd=copy, check=True)
        status, console = run(copy)
        print("debug heap: all kernel tests pass ... " +
              ("ok" if status == 0 else f"FAIL: status {status}:\n{console}"))
        failed += status != 0
        for name, patterns in DAMAGE.items():
            status, console = run(copy, "-fw_cfg", f"name=opt/drupe/test,string={name}")
            missing = [pattern for pattern in patterns if not re.search(pattern, console)]
            is_ok = status == 2 and not missing
            print(f"debug heap: {name} ... " +
                  ("ok" if is_ok else f"FAIL: status {status}, missing {missing}:\n{console}"))
            failed += not is_ok
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
