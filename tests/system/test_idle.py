#!/usr/bin/env python3
"""A machine that waits for a key sleeps: in hlt nearly always, whether the program blocks or polls.

The keys come once from the PS/2 keyboard (sendkey) and once over the serial line.
"""

import os
import subprocess
import sys
import tempfile
import time

import suite
from suite import test
from machine import Machine, wait_for

SAMPLES = 40


def sleeps(machine):
    """How many of SAMPLES looks find the CPU halted."""
    count = 0
    for _ in range(SAMPLES):
        time.sleep(0.023)  # no multiple of the clock's 10 ms
        count += "HLT=1" in machine.monitor.human("info registers")
    return count


def cpu_share(machine, seconds=2.0):
    """Part of a host core that QEMU takes."""
    def ticks():
        with open(f"/proc/{machine.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    before = ticks()
    time.sleep(seconds)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds


def session(name, image, folder, press):
    with Machine(image, folder) as machine:
        wait_for(lambda: machine.says("waiting for a key"), "the program's first line")
        asleep = sleeps(machine)
        print(f"info: {name}: waiting costs {cpu_share(machine) * 100:.1f} % of a host core")
        test(f"{name}: a program that waits for a key lets the CPU sleep",
             None if asleep >= SAMPLES * 8 // 10 else f"halted in {asleep} of {SAMPLES} samples")
        press(machine, "a")
        wait_for(lambda: machine.says("polling for a key"), "the answer to the first key")
        test(f"{name}: the key arrives", None if machine.says("waited for a") else machine.console)
        asleep = sleeps(machine)
        print(f"info: {name}: polling costs {cpu_share(machine) * 100:.1f} % of a host core")
        test(f"{name}: a program that polls for a key lets the CPU sleep",
             None if asleep >= SAMPLES * 8 // 10 else f"halted in {asleep} of {SAMPLES} samples")
        press(machine, "b")
        machine.status()
        test(f"{name}: the polled key arrives and init ends",
             None if machine.says("polled b") and machine.status() == 33
             else f"status {machine.status()}: {machine.console}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "keys.bin")
        elf = "bin/programs/tests/wait_key.elf"
        subprocess.run(["make", "-s", elf, "bin/os.bin"], check=True)
        subprocess.run(["make", "-s", "image", f"INIT={elf}", f"IMAGE={image}"], check=True)
        for name, press in (("keyboard", Machine.press), ("serial line", Machine.send)):
            own = os.path.join(folder, name.split()[0])
            os.mkdir(own)
            session(name, image, own, press)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
