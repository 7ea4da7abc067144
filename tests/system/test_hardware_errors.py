#!/usr/bin/env python3
"""A hardware error is a panic that says so, no matter which program runs: no program is
blamed, and the machine does not just start again."""

import os
import re
import sys
import tempfile

import suite
from machine import Machine, wait_for

PANIC = 37  # QEMU's status
VALID_UNCORRECTED = 0xBE00000000000000  # of a machine check's bank; SDM volume 3, figure 17-6
IN_PROGRESS = 5


def report(image, command, is_there, pattern, *arguments):
    """Why no panic says pattern when the hardware error comes, is_there(machine) being true."""
    with tempfile.TemporaryDirectory() as folder, Machine(image, folder, *arguments) as machine:
        wait_for(lambda: machine.says("File system: ") and is_there(machine), "the right moment")
        machine.monitor.human(command)
        status = machine.status()
        console = machine.receive()
    if status != PANIC or not re.search(pattern, console):
        return f"status {status}:\n{console}"
    return None


def runs_a_program(machine):
    return "CPL=3" in machine.monitor.human("info registers")


def waits(machine):
    return machine.says("drupe> ") and "HLT=1" in machine.monitor.human("info registers")


def tests(spinning):
    check = f"mce 0 1 {VALID_UNCORRECTED:#x} {IN_PROGRESS} 0 0"
    for name, command in (("non-maskable interrupt", "nmi"), ("machine check", check)):
        sentence = rf"KERNEL PANIC: {name} from the hardware at {suite.arch().pc}\s+[0-9a-f]{{8}}"
        cpu = "-cpu", f"qemu{suite.arch().bits},+mca"
        yield (f"{name} while a program runs",
               lambda c=command, s=sentence: report(spinning, c, runs_a_program, s, *cpu))
        yield (f"{name} while the kernel waits",
               lambda c=command, s=sentence: report(suite.image("os.bin"), c, waits, s, *cpu))


def all_errors():
    program = "bin/programs/tests/spin.elf"
    suite.make("bin/os.bin", program)
    with tempfile.TemporaryDirectory() as folder:
        spinning = os.path.join(folder, "spinning.bin")
        suite.make("image", f"INIT={program}", f"IMAGE={spinning}")
        suite.run_tests(tests(spinning))


def main():
    suite.for_each_arch(all_errors)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
