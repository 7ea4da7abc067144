#!/usr/bin/env python3
"""Runs programs/usertest as init on several CPUs, and the kernel's own look at its protections.

Keys are sent all the while, so that a program in the background has something not to get.
"""

import os
import re
import subprocess
import sys
import tempfile

QEMU = os.environ.get("QEMU", "qemu-system-i386")
SECONDS = 120  # detects hangs only

# Later CPUs have protections that the kernel must be able to work under; the oldest has no SSE and
# no FXSAVE.
CPUS = ["qemu32", "max", "pentium"]
KERNEL_TESTS = ["cpu_protections", "cpu_flags_in_the_kernel", "cpu_has_no_local_table"]
SUCCESS = 0x10 << 1 | 1
TESTS_AT_LEAST = 170


def boot(image, cpu, *arguments):
    """What the console says, and QEMU's status: None when it did not end."""
    command = [QEMU, "-accel", "tcg", "-m", "128", "-nodefaults", "-display", "none", "-no-reboot",
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
    """Prints a line for each test; how many failed."""
    console, status = boot(image, cpu)
    lines = [line for line in console.split("\n") if re.match(r"[a-z0-9_]+ \.\.\. (ok|FAIL)", line)]
    failed = 0
    for line in lines:
        print(f"{cpu}: {line}")
        failed += " ... FAIL" in line
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
    print(f"{cpu}: all of usertest ... " + (f"FAIL: {why}" if why else "ok"), flush=True)
    if failed or why:
        print("\n".join("  " + line for line in console.split("\n")))  # not to be counted again
    return failed + (why is not None)


def kernel_test(name, cpu):
    console, status = boot("bin/test.bin", cpu, "-fw_cfg", f"name=opt/drupe/test,string={name}")
    is_ok = status == SUCCESS and f"{name} ... ok" in console
    print(f"{cpu}: {name} ... " + ("ok" if is_ok else f"FAIL: status {status}:\n{console}"),
          flush=True)
    return 0 if is_ok else 1


def main():
    failed = 0
    subprocess.run(["make", "-s", "bin/os.bin", "bin/test.bin", "bin/programs/usertest.elf"],
                   check=True)
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, "plain.txt")
        image = os.path.join(folder, "usertest.bin")
        with open(plain, "w", encoding="ascii") as file:
            file.write("This is no program.\n" * 100)
        subprocess.run(["make", "-s", "image", "INIT=bin/programs/usertest.elf", f"FILES={plain}",
                        f"IMAGE={image}"], check=True)
        for cpu in CPUS:
            failed += run_usertest(image, cpu)
            failed += sum(kernel_test(name, cpu) for name in KERNEL_TESTS)
    return 1 if failed else 0


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    sys.exit(main())
