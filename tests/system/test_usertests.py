#!/usr/bin/env python3
"""Runs programs/usertest, of each word size that the kernel runs, as init on several CPUs, and the kernel's own look
at its protections.

Keys are sent all the while, so that a program in the background has something not to get.
"""

import os
import re
import subprocess
import sys
import tempfile

import suite
from suite import test
from machine import qemu_of

SECONDS = suite.SECONDS

# Later CPUs have protections that the kernel must be able to work under; the oldest has no SSE and
# no FXSAVE.
CPUS = {"i386": ["qemu32", "max", "pentium"], "x86_64": ["qemu64", "max"]}
KERNEL_TESTS = ["cpu_protections", "cpu_flags_in_the_kernel", "cpu_has_no_local_table"]
SUCCESS = 0x10 << 1 | 1
TESTS_AT_LEAST = 170


def boot(image, cpu, *arguments):
    """What the console says, and QEMU's status: None when it did not end."""
    command = [qemu_of(image), "-accel", "tcg", "-m", "128", "-nodefaults", "-display", "none", "-no-reboot",
               "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
               "-drive", f"file={image},format=raw,if=ide,snapshot=on", "-cpu", cpu, *arguments]
    try:
        result = subprocess.run(command, input=b"k" * 32, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=SECONDS)
        output, status = result.stdout, result.returncode
    except subprocess.TimeoutExpired as error:
        output, status = error.stdout or b"", None
    return re.sub(r"[\0\r]", "", output.decode("utf-8", "replace")), status


def run_usertest(image, cpu):
    """Says how each test went."""
    console, status = boot(image, cpu)
    lines = [line for line in console.split("\n") if re.match(r"[a-z0-9_]+ \.\.\. (ok|FAIL)", line)]
    failed = 0
    for line in lines:
        name, result = line.split(" ... ", 1)
        failed += not test(f"{cpu}: {name}", None if result == "ok" else result)
    why = None
    # The last: what random calls start may well be usertest itself.
    summaries = re.findall(r"^(\d+) passed, (\d+) failed$", console, re.MULTILINE)
    if not summaries:
        why = f"it did not come to its end (QEMU's status: {status})"
    elif [int(count) for count in summaries[-1]] != [len(lines) - failed, failed]:
        why = f"it counts {summaries[-1]}, but printed {len(lines)} lines, {failed} of them failures"
    elif len(lines) < TESTS_AT_LEAST:
        why = f"it ran {len(lines)} tests only"
    elif (status == SUCCESS) != (failed == 0):
        why = f"QEMU's status is {status}"
    elif "(no plain.txt on this disk)" in console:
        why = "plain.txt was not found"
    test(f"{cpu}: all of usertest", why)
    if failed or why:
        print("\n".join("  " + line for line in console.split("\n")))  # not to be counted again


def kernel_test(name, cpu):
    console, status = boot(suite.image("test.bin"), cpu, "-fw_cfg", f"name=opt/drupe/test,string={name}")
    is_ok = status == SUCCESS and f"{name} ... ok" in console
    test(f"{cpu}: {name}", None if is_ok else f"status {status}:\n{console}")


def all_cpus():
    usertest = suite.arch().path("bin/programs/usertest.elf")
    suite.make("bin/os.bin", "bin/test.bin", "bin/programs/usertest.elf")
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, "plain.txt")
        image = os.path.join(folder, "usertest.bin")
        with open(plain, "w", encoding="ascii") as file:
            file.write("This is no program.\n" * 100)
        suite.make("image", f"INIT={usertest}", f"FILES={plain}", f"IMAGE={image}")
        for cpu in CPUS[suite.arch().name]:
            run_usertest(image, cpu)
            for name in KERNEL_TESTS if suite.arch() in suite.ARCHS else []:  # whatever the programs are
                kernel_test(name, cpu)


def main():
    suite.for_each_arch(all_cpus, suite.PROGRAM_KINDS)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
