#!/usr/bin/env python3
"""A machine that waits for a key sleeps: in hlt nearly always, whether the program blocks or polls.

The keys come once from the PS/2 keyboard (sendkey) and once over the serial line.
"""

import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, "tools")
from screenshot import Monitor, read, wait_for  # pylint: disable=wrong-import-position

SAMPLES = 40
FAILED = []


def test(name, why):
    print(f"{name} ... " + (f"FAIL: {why}" if why else "ok"), flush=True)
    if why:
        FAILED.append(name)


class Machine:
    """QEMU with the given image; serial output in a file, input by a pipe."""

    def __init__(self, image, folder):
        self.qmp, self.fifo = os.path.join(folder, "qmp"), os.path.join(folder, "serial")
        for end in (".in", ".out"):
            os.mkfifo(self.fifo + end)
        self.console = ""
        # Both ends are opened for reading and writing, so that no open waits for the other side.
        self.input = os.open(self.fifo + ".in", os.O_RDWR)
        self.output = os.open(self.fifo + ".out", os.O_RDWR | os.O_NONBLOCK)
        self.process = subprocess.Popen(
            ["qemu-system-i386", "-accel", "tcg", "-m", "128", "-nodefaults", "-display", "none",
             "-no-reboot", "-vga", "std", "-chardev", f"pipe,id=line,path={self.fifo}",
             "-serial", "chardev:line", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
             "-drive", f"file={image},format=raw,if=ide,snapshot=on",
             "-qmp", f"unix:{self.qmp},server=on,wait=off"], stdin=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(self.qmp), "QEMU's start")
        self.monitor = Monitor(self.qmp)

    def says(self, text):
        try:
            self.console += os.read(self.output, 65536).decode("latin-1")
        except BlockingIOError:
            pass
        return text in self.console

    def sleeps(self):
        """How many of SAMPLES looks find the CPU halted."""
        count = 0
        for _ in range(SAMPLES):
            time.sleep(0.023)  # no multiple of the clock's 10 ms
            registers = self.monitor.execute("human-monitor-command",
                                             **{"command-line": "info registers"})
            count += bool(re.search(r"HLT=1", registers))
        return count

    def cpu_share(self, seconds=2.0):
        """Part of a host core that QEMU takes."""
        def ticks():
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])
        before = ticks()
        time.sleep(seconds)
        return (ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.input)
        os.close(self.output)


def session(name, image, folder, press):
    machine = Machine(image, folder)
    try:
        wait_for(lambda: machine.says("waiting for a key"), "the program's first line")
        asleep = machine.sleeps()
        print(f"info: {name}: waiting costs {machine.cpu_share() * 100:.1f} % of a host core")
        test(f"{name}: a program that waits for a key lets the CPU sleep",
             None if asleep >= SAMPLES * 8 // 10 else f"halted in {asleep} of {SAMPLES} samples")
        press(machine, "a")
        wait_for(lambda: machine.says("polling for a key"), "the answer to the first key")
        test(f"{name}: the key arrives", None if machine.says("waited for a") else machine.console)
        asleep = machine.sleeps()
        print(f"info: {name}: polling costs {machine.cpu_share() * 100:.1f} % of a host core")
        test(f"{name}: a program that polls for a key lets the CPU sleep",
             None if asleep >= SAMPLES * 8 // 10 else f"halted in {asleep} of {SAMPLES} samples")
        press(machine, "b")
        wait_for(lambda: machine.process.poll() is not None, "the end")
        machine.says("")
        test(f"{name}: the polled key arrives and init ends",
             None if machine.says("polled b") and machine.process.returncode == 33
             else f"status {machine.process.returncode}: {machine.console}")
    finally:
        machine.close()


def press_keyboard(machine, key):
    machine.monitor.execute("human-monitor-command", **{"command-line": f"sendkey {key}"})


def press_serial(machine, key):
    os.write(machine.input, key.encode())


def main():
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "keys.bin")
        elf = "bin/programs/tests/wait_key.elf"
        subprocess.run(["make", "-s", elf, "bin/os.bin"], check=True)
        subprocess.run(["make", "-s", "image", f"INIT={elf}", f"IMAGE={image}"], check=True)
        for name, press in (("keyboard", press_keyboard), ("serial line", press_serial)):
            own = os.path.join(folder, name.split()[0])
            os.mkdir(own)
            session(name, image, own, press)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
