#!/usr/bin/env python3
"""Runs every test and counts.

A suite is a program that prints a line `NAME ... ok` or `NAME ... FAIL: why` for each test; cmocka's
own lines count as well. A suite that ends with an error, with no test, or not at all is a failure
of its own, and so is a skipped test. The last line is `N passed, N failed`.

usage: tests/run.py [PART OF A SUITE'S NAME ...]     run only those
"""

import glob
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUITE_SECONDS = 900  # detects hangs only
MACHINE_SECONDS = 300  # the same, for each start of an emulator
TESTS_AT_LEAST = 2000  # of all suites: tests that vanish are noticed
LAST_LINES = 400     # of a suite that failed, besides its failures

OK = re.compile(r"^(?:\S.* \.\.\. ok\b|\[ +OK +\] )")
FAILED = re.compile(r"^(?:\S.* \.\.\. FAIL|\[  FAILED  \] (?!tests: |\d+ test))")
SKIPPED = re.compile(r"^(?:\S.* \.\.\. skip|\[  SKIPPED \] \D)", re.IGNORECASE)


def suites():
    """(name, command) in the order in which they run: quick ones first."""
    yield "layers", ["tests/check_layers.sh"]
    for source in sorted(glob.glob("tests/host/test_*.c")):
        name = os.path.basename(source)[:-2]
        yield "host/" + name, ["build/host/" + name]
    yield "kernel", ["tests/run_qemu.sh", "bin/test.bin"]
    for script in sorted(glob.glob("tests/system/test_*.py")):
        yield "system/" + os.path.basename(script)[:-3], [sys.executable, script]


def build():
    jobs = f"-j{os.cpu_count() or 1}"
    print("building ...", flush=True)
    result = subprocess.run(["make", "--no-print-directory", jobs, "all", "host-tests",
                             "bin/hello.bin", "bin/test.bin"],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        print(result.stdout)
        print("build ... FAIL: make ended with status", result.returncode)
        print("0 passed, 1 failed")
        sys.exit(1)


def run(name, command):
    """Returns (passed, failed) and prints the suite's failures."""
    print(f"--- {name}", flush=True)
    start = time.monotonic()
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=SUITE_SECONDS)
        output, status = result.stdout, result.returncode
    except subprocess.TimeoutExpired as error:
        output, status = error.stdout or b"", f"none: stopped after {SUITE_SECONDS} s"
    lines = output.decode("utf-8", "replace").replace("\r", "").split("\n")
    passed = sum(bool(OK.match(line)) for line in lines)
    # cmocka repeats its failures in a summary: each line counts once.
    failed = len({line for line in lines if FAILED.match(line) or SKIPPED.match(line)})
    if status != 0 and failed == 0:
        print(f"{name} ... FAIL: it ended with status {status}")
        failed += 1
    if passed + failed == 0:
        print(f"{name} ... FAIL: it ran no test")
        failed += 1
    if failed:
        early = lines[:-LAST_LINES]
        print("\n".join([line for line in early if FAILED.match(line) or SKIPPED.match(line)] +
                        lines[-LAST_LINES:]))
    else:
        print("\n".join(line for line in lines if line.startswith("info:")) or "", end="")
    print(f"    {passed} passed, {failed} failed, {time.monotonic() - start:.1f} s", flush=True)
    return passed, failed


def main():
    if any(argument in ("-h", "--help") for argument in sys.argv[1:]):
        print(__doc__)
        return 0
    os.chdir(ROOT)
    os.environ.setdefault("TIMEOUT_S", str(MACHINE_SECONDS))
    build()
    chosen = [suite for suite in suites()
              if len(sys.argv) == 1 or any(part in suite[0] for part in sys.argv[1:])]
    if not chosen:
        print("no suite has such a name")
        print("0 passed, 1 failed")
        return 1
    results = [run(*suite) for suite in chosen]
    passed = sum(result[0] for result in results)
    failed = sum(result[1] for result in results)
    if len(sys.argv) == 1 and passed + failed < TESTS_AT_LEAST:
        print(f"the number of tests ... FAIL: fewer than {TESTS_AT_LEAST}: some did not run")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
