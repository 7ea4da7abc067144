#!/usr/bin/env python3
"""Wears the kernel out: a million system calls of any kind with any arguments, and processes that come
and go by the dozen. The counts of pages and objects must be what they were.

Time is counted in instructions (-icount): a tick of the clock comes every 312,500 of them, so that
processes are interrupted often, and waiting takes no time. SEED=n and CALLS=n choose other random calls.
"""

import os
import re
import sys
import tempfile

import suite

ICOUNT = ["-icount", "shift=5,sleep=off"]
SEED = os.environ.get("SEED", "1")
CALLS_WANTED = {"i386": "1000000", "x86_64": "1000000" if suite.IS_ALL else "200000"}


def boot(image, *arguments):
    """The status of run_qemu.sh, and the console."""
    status, console = suite.boot(image, *ICOUNT, *arguments, seconds=600)
    return status, re.sub(r"[\0\b]", "", console)


def report(name, why, console):
    for line in re.findall(r"info: .*", console):
        print(line)
    suite.test(name, f"{why}\n{console}" if why else None)


def syscall_fuzz():
    calls_wanted = os.environ.get("CALLS", CALLS_WANTED[suite.arch().name])
    status, console = boot(suite.image("syscall-fuzz.bin"),
                           "-fw_cfg", "name=opt/drupe/test,string=syscall_fuzz",
                           "-fw_cfg", f"name=opt/drupe/seed,string={SEED}",
                           "-fw_cfg", f"name=opt/drupe/calls,string={calls_wanted}")
    calls = re.search(r"info: (\d+) calls", console)
    why = None
    if status != 0 or "syscall_fuzz ... ok" not in console:
        why = f"status {status}, seed {SEED}"
    elif not calls or int(calls.group(1)) < int(calls_wanted):
        why = "not enough calls were made"
    report(f"stress: {calls_wanted} system calls at random, seed {SEED}", why, console)


def churn(folder):
    image = os.path.join(folder, "churn.bin")
    program = suite.arch().path("bin/programs/tests/churn.elf")
    why = suite.make_image(image, "--init", program, "--file", program)
    status, console = (0, "") if why else boot(image)
    if not why and (status != 0 or "info: " not in console):
        why = f"status {status}"
    report("stress: processes come and go", why, console)


def wear_out():
    suite.make("bin/os.bin", "bin/syscall-fuzz.bin", "bin/programs/tests/churn.elf")
    with tempfile.TemporaryDirectory() as folder:
        if suite.arch() in suite.ARCHS:  # one disk has the fuzzers of all kinds
            syscall_fuzz()
        churn(folder)


def main():
    suite.for_each_arch(wear_out, suite.PROGRAM_KINDS)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
