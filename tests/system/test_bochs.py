#!/usr/bin/env python3
"""The kernel on Bochs: a second BIOS, a second disk, and CPUs that do what QEMU's do not.

Bochs checks alignment, raises FPU errors where a real CPU does, and has SMEP, SMAP and UMIP of its
own making. Debian's has its debugger built in: once the kernel has halted, that shows what is in
the control registers.
"""

import functools
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import suite
from suite import test
from test_programs import expectation

SECONDS = suite.SECONDS
HALTED = "The machine can be switched off now. (No isa-debug-exit device: it is halted.)"
PROMPT = b"<bochs:"
SCREEN = re.compile(rb'Bochs connected to screen "([^"]+)"')

OLD, NEW = "pentium", "tigerlake"
# The flags as `creg` shows them: in capitals when they are set. AC is what Intel calls CR0.AM.
FLAGS_ALWAYS = {"PG", "cd", "nw", "AC", "WP", "NE", "em", "MP", "PE", "PSE", "vme"}
FLAGS = {OLD: FLAGS_ALWAYS | {"smap", "smep", "umip", "osfxsr"},
         NEW: FLAGS_ALWAYS | {"SMAP", "SMEP", "UMIP", "OSFXSR", "OSXMMEXCPT", "PGE"}}

# Bochs's BIOS selects no DMA mode: the kernel reads by programmed I/O there.
KERNEL_TESTS_FOR_QEMU = {"ata_uses_dma"}
KERNEL_TESTS_AT_LEAST = 60
USER_TESTS_AT_LEAST = 170

# Bochs has two BIOSes: the second does without the 32-bit code that the first has for ACPI. Where that was
# built by a newer compiler (Ubuntu 26.04, Bochs 2.8) it uses instructions that a Pentium lacks, and
# overwrites its own return address: no disk is booted, whatever is on it.
BIOSES = ("/usr/share/bochs/BIOS-bochs-latest", "/usr/share/bochs/BIOS-bochs-legacy")

# A boot sector that does nothing but say on the serial line what the kernel says at its end.
SECTOR = f"""
    org 0x7c00
    xor ax, ax
    mov ds, ax
    mov dx, 0x3fb
    mov al, 3 ; eight bits
    out dx, al
    mov si, sentence
next:
    lodsb
    test al, al
    jz end
    mov bl, al
    mov dx, 0x3fd
is_busy:
    in al, dx
    test al, 0x20
    jz is_busy
    mov dx, 0x3f8
    mov al, bl
    out dx, al
    jmp next
end:
    cli
    hlt
sentence: db "{HALTED}", 0
    times 510 - ($ - $$) db 0
    dw 0xaa55
    times 1008 * 512 - ($ - $$) db 0
"""

# Time is counted in instructions: a slow clock rate makes the BIOS's delays short.
CONFIGURATION = """
config_interface: textconfig
display_library: term
romimage: file={bios}
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model={cpu}, ips=4000000, reset_on_triple_fault=0
clock: sync=none, time0=946684800
megs: {megabytes}
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15
{place}: type=disk, path="{image}", mode=volatile
boot: disk
com1: enabled=1, mode=file, dev="{folder}/serial"
port_e9_hack: enabled=1
log: "{folder}/log"
sound: driver=dummy
panic: action=fatal, cpu0=report
error: action=report
info: action=ignore
debug: action=ignore
"""


# Bochs 3.0 holds this for impossible, but a kernel without CR0.WP may write to read-only pages, and the CPU
# marks them as written to (Intel SDM volume 3, section 4.8). All else that its CPU gives up for is a failure.
NO_PANIC = "asked to set dirty on paging leaf entry with R/W bit clear"


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("latin-1").replace("\r", "")
    except FileNotFoundError:
        return ""


class Machine:
    """A run of Bochs: .console is what came over the serial line, .registers what creg says.

    A version that hangs would do so each time: after the first, none is started any more.
    """
    has_hung = False

    def __init__(self, image, cpu=OLD, megabytes=32, place="ata0-master", bios=None):
        self.console = self.log = self.registers = ""
        self.panics = []
        if Machine.has_hung:
            return
        with tempfile.TemporaryDirectory() as folder:
            configuration, commands = os.path.join(folder, "bochsrc"), os.path.join(folder, "rc")
            with open(configuration, "w", encoding="ascii") as file:
                file.write(CONFIGURATION.format(cpu=cpu, megabytes=megabytes, place=place,
                                                image=os.path.abspath(image), folder=folder,
                                                bios=bios or bios_that_boots()))
            with open(commands, "w", encoding="ascii") as file:
                file.write("continue\ncreg\n")
            self.terminal, slave = pty.openpty()
            self.screen = None
            self.said = b""
            self.deadline = time.monotonic() + SECONDS
            self.process = subprocess.Popen(["bochs", "-q", *debugger_option(), "-f", configuration,
                                             "-rc", commands],
                                            stdin=slave, stdout=slave, stderr=slave,
                                            start_new_session=True,
                                            env={**os.environ, "TERM": "linux"})
            os.close(slave)
            try:
                # The debugger asks what to do next as soon as the CPU gives up.
                is_over = self.runs_until(lambda: HALTED in read(os.path.join(folder, "serial")) or
                                          PROMPT in self.said)
                if is_over and PROMPT not in self.said:
                    self.said = b""
                    self.process.send_signal(signal.SIGINT)  # to the debugger, which does creg
                    is_over = self.runs_until(lambda: PROMPT in self.said)
                Machine.has_hung |= not is_over and self.process.poll() is None
                self.console = read(os.path.join(folder, "serial"))
                log = read(os.path.join(folder, "log"))
                self.log = log[-2000:]
                self.panics = [line for line in log.split("\n")
                               if "PANIC" in line and NO_PANIC not in line]
            finally:
                self.process.kill()  # its own way of ending waits for the sound at times
                self.process.wait()
                os.close(self.terminal)
                if self.screen is not None:
                    os.close(self.screen)
            self.registers = self.said.decode("latin-1").replace("\r", "")

    def runs_until(self, is_reached):
        while time.monotonic() < self.deadline and self.process.poll() is None:
            if is_reached():
                return True
            self.listen()
        return is_reached()

    def listen(self):
        """Takes what Bochs says. It draws on a terminal of its own, and waits when that is full."""
        terminals = [fd for fd in (self.terminal, self.screen) if fd is not None]
        time.sleep(0.02)
        for terminal in select.select(terminals, [], [], 0.05)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:  # Bochs has ended
                continue
            if terminal == self.terminal:
                self.said += data
        screen = SCREEN.search(self.said)
        if screen and self.screen is None:
            self.screen = os.open(screen.group(1), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def lacks(self, *lines):
        """Why the console is not as it should be: the first of the lines that it lacks."""
        if self.panics:
            return f"Bochs says {self.panics[:3]}"
        for line in (*lines, HALTED):
            if line not in self.console:
                if Machine.has_hung:
                    return (f"Bochs did not come to the kernel's end in {SECONDS} s, here or in a test"
                            f" before: {self.console[-500:]}")
                return f"no {line!r}:\n{self.console}\n{self.log}"
        return None


@functools.lru_cache
def bios_that_boots():
    """The first BIOS that boots a disk on the oldest and on the newest CPU."""
    with tempfile.TemporaryDirectory() as folder:
        source, image = os.path.join(folder, "sector.asm"), os.path.join(folder, "sector.bin")
        with open(source, "w", encoding="ascii") as file:
            file.write(SECTOR)
        subprocess.run(["nasm", "-f", "bin", "-o", image, source], check=True)
        for bios in BIOSES[:-1]:
            machines = [Machine(image, cpu, bios=bios) for cpu in (OLD, NEW)]
            if not any(machine.lacks() for machine in machines):
                return bios
            print(f"info: {bios} boots nothing: {[machine.panics[:1] for machine in machines]}")
    return BIOSES[-1]


@functools.lru_cache
def debugger_option():
    """Bochs 3 has to be asked for its debugger; in 2 it is there or not."""
    said = subprocess.run(["bochs", "--help"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False).stdout
    return ["-debugger"] if b"-debugger" in said else []


def make_image(init, folder, *files):
    image = os.path.join(folder, os.path.basename(init) + ".bin")
    subprocess.run(["make", "-s", "image", f"INIT={init}", f"FILES={' '.join(files)}",
                    f"IMAGE={image}"], check=True)
    return image


def demo(image):
    for cpu in (OLD, "amd_k6_2_chomper", "p3_katmai", "broadwell_ult", NEW):
        for megabytes in (32, 128):
            machine = Machine(image, cpu, megabytes)
            test(f"demo on Bochs: {cpu} with {megabytes} MiB",
                 machine.lacks("over ATA.", "Hello from init.elf.", "init exited with status 0"))
            if cpu not in FLAGS:
                continue
            found = set(re.findall(r"\w+", machine.registers))
            wrong = FLAGS[cpu] - found
            test(f"Bochs's control registers: {cpu} with {megabytes} MiB", machine.lacks() or
                 (f"not {', '.join(sorted(wrong))}:\n{machine.registers}" if wrong else None))
    test("too little memory on Bochs gets a sentence",
         Machine(image, megabytes=17).lacks("needs at least 18 MiB of RAM"))


def disks(image):
    """Not the primary master: the boot sector reads by INT 13h, and the kernel finds the disk."""
    for place, name in (("ata0-slave", "ata1"), ("ata1-master", "ata2"), ("ata1-slave", "ata3")):
        test(f"demo on Bochs: the disk is {place}",
             Machine(image, place=place).lacks("over INT 13h.", f"File system: FAT16 on {name} (",
                                               "init exited with status 0"))


def program(source, cpu, folder):
    name = os.path.basename(source)[:-2]
    status, says, files = expectation(source)
    machine = Machine(make_image(f"bin/programs/tests/{name}.elf", folder, files), cpu)
    test(f"program {name} on Bochs: {cpu}",
         machine.lacks(says, f"init exited with status {status}\n"))


def test_lines(machine, name, at_least, expected_failures=frozenset()):
    """Tests that count themselves on the console."""
    lines = re.findall(r"^(\w+) \.\.\. (ok|FAIL.*)$", machine.console, re.MULTILINE)
    summaries = re.findall(r"(\d+) passed, (\d+) failed$", machine.console, re.MULTILINE)
    failed = {line[0] for line in lines if line[1] != "ok"}
    for line in lines:
        if line[0] not in expected_failures:
            print(f"{name}: {line[0]} ... {line[1]}")
    suite.FAILED.extend(failed - expected_failures)
    why = machine.lacks()
    if not why and (not summaries or len(lines) < at_least or
                    [int(count) for count in summaries[-1]] !=
                    [len(lines) - len(failed), len(failed)]):
        why = f"{len(lines)} tests ran, {len(failed)} failed; it counts {summaries}"
    test(f"{name}: all of them", why)


def main():
    subprocess.run(["make", "-s", "bin/os.bin", "bin/test.bin", "bin/programs/hello.elf",
                    "bin/programs/usertest.elf", "bin/programs/tests/alignment.elf"], check=True)
    with tempfile.TemporaryDirectory() as folder, \
            ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        plain = os.path.join(folder, "plain.txt")
        with open(plain, "w", encoding="ascii") as file:
            file.write("This is no program.\n" * 100)
        users = make_image("bin/programs/usertest.elf", folder, plain)
        bios_that_boots()
        kernel_run = pool.submit(Machine, "bin/test.bin", NEW, 128)
        user_run = pool.submit(Machine, users, OLD, 128)
        image = make_image("bin/programs/hello.elf", folder)
        demo(image)
        disks(image)
        for cpu in (OLD, NEW):
            program("tests/programs/bochs/alignment.c", cpu, folder)
        test_lines(kernel_run.result(), f"kernel tests on Bochs: {NEW}", KERNEL_TESTS_AT_LEAST,
                   KERNEL_TESTS_FOR_QEMU)
        test_lines(user_run.result(), f"usertest on Bochs: {OLD}", USER_TESTS_AT_LEAST)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
