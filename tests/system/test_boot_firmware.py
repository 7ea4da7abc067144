#!/usr/bin/env python3
"""The boot sector on firmware that does not make it easy, what it says on screen, what it costs.

difficult_bios.asm stands in front of the real sector and spoils things. Not tested here: segment
limits that the BIOS takes away in unreal mode, since TCG does not check limits.
"""

import os
import re
import subprocess
import sys
import tempfile
import time

import suite
from test_boot import (DISK, IDE, SECONDS, SECTOR, SECTORS, SIGNATURE_OFFSET, VOLUME, Folder, end_of,
                       halts, letters, must, qemu)

REAL_LBA = 2000  # in the gap, behind the stub
VIRTIO = [*DISK, "virtio-blk-pci,drive=d"]
A20_PORT_WRITE = b"\xE6\x92"    # out 0x92, al
OTHER_PORT_WRITE = b"\xE6\x80"  # out 0x80, al: a chipset without port 0x92
COST_SECTORS = 120              # a kernel of 60 KiB
COST_MAX = 2_000_000
CLOCK_RUNS = 4

# Tells the time-stamp counter on port 0xE9, lowest nibble first, 'a' = 0, and leaves QEMU. As a
# boot sector: what the BIOS takes. As a kernel: what comes before the kernel's first instruction.
CLOCK = """
%include "asm_constants.inc"
%ifdef KERNEL
bits 32
org KERNEL_PHYSICAL
start:
    jmp near tell
    times KERNEL_HEADER_magic - ($ - start) nop
    dd KERNEL_HEADER_MAGIC, 0, 0, 0
%else
bits 16
org BOOT_SECTOR_ADDRESS
start:
%endif
tell:
    rdtsc
    mov ecx, 16
.next:
    mov ebx, eax
    and al, 15
    add al, 'a'
    out 0xE9, al
    mov eax, ebx
    shrd eax, edx, 4
    shr edx, 4
    loop .next
    mov al, 0x10
    out 0xF4, al
    hlt
    times BYTES - 2 - ($ - start) db 0x5A
    dw 0xAA55
"""


def difficult_image(folder, name, *defines, patch=False):
    """The usual stub behind a difficult BIOS; patch: in a machine without port 0x92."""
    must("nasm", "-Wall", "-f", "bin", "-Ibuild/generated/",
         "-Itests/system/", f"-DREAL_LBA={REAL_LBA}",
         *defines, "-o", folder(name + ".sector"), "tests/system/difficult_bios.asm")
    image = bytearray(folder.read("stub.img"))
    real = bytes(image[:SECTOR])
    if patch:
        if real.count(A20_PORT_WRITE) != 1:
            raise SystemExit("the sector does not write to port 0x92 exactly once")
        real = real.replace(A20_PORT_WRITE, OTHER_PORT_WRITE)
    image[:SIGNATURE_OFFSET] = folder.read(name + ".sector")[:SIGNATURE_OFFSET]
    image[REAL_LBA * SECTOR:(REAL_LBA + 1) * SECTOR] = real
    folder.write(name + ".img", image)


def says(folder, name, wanted, arguments):
    """Why the stub does not boot, having said wanted before its own words, or None."""
    said, status = end_of(qemu(folder, name, arguments))
    path = 0 if arguments is IDE and "f" not in wanted else 1
    wanted = f"{wanted}p{path}{letters(folder.signature('stub'))}K"
    if said != wanted:
        return f"port 0xE9 said {said!r}, not {wanted!r} (QEMU's status: {status})"
    return None


def firmware_tests(folder):
    def test(name, wanted, arguments, *defines, patch=False):
        difficult_image(folder, name, *defines, patch=patch)
        if wanted[-1:] in ("A", "D", "M"):
            return halts(folder, name, arguments, says=wanted)
        return says(folder, name, wanted, arguments)

    yield ("odd entry state, A20 off, ATA", lambda: test("entry-ata", "", IDE))
    yield ("odd entry state, A20 off, registers' upper halves lost, BIOS",
           lambda: test("entry-bios", "r", VIRTIO))
    yield ("A20 by port 0x92 alone", lambda: test("a20-port", "", IDE, "-DNO_A20_SERVICE"))
    yield ("A20 by the BIOS alone", lambda: test("a20-service", "", IDE, patch=True))
    yield ("A20 cannot be enabled: A",
           lambda: test("a20-none", "A", IDE, "-DNO_A20_SERVICE", patch=True))
    yield ("the BIOS fails once: reset, again",
           lambda: test("fails1", "fr", VIRTIO, "-DFAILURES=1"))
    yield ("the BIOS fails twice", lambda: test("fails2", "frfr", VIRTIO, "-DFAILURES=2"))
    yield ("the BIOS fails three times",
           lambda: test("fails3", "frfrfr", VIRTIO, "-DFAILURES=3"))
    yield ("the BIOS fails each time: D",
           lambda: test("fails4", "frfrfrfD", VIRTIO, "-DFAILURES=4"))
    # What cannot be compared is not taken for the same: the BIOS's way, then.
    yield ("the BIOS fails once, over ATA",
           lambda: test("fails-ata", "fr", IDE, "-DFAILURES=1"))
    yield ("the BIOS fails each time, over ATA: D",
           lambda: test("fails-ata4", "frfrfrfD", IDE, "-DFAILURES=4"))


def memory_behind(folder):
    """Not a byte more than the kernel is read: what lies behind it on the disk stays there."""
    image = bytearray(folder.read("stub.img"))
    behind = (1 + SECTORS) * SECTOR
    image[behind:behind + 32 * SECTOR] = b"\xEE" * (32 * SECTOR)
    for name, arguments in (("behind-ata", IDE), ("behind-bios", VIRTIO)):
        folder.write(name + ".img", image)
        dump = folder(name + ".dump")
        address = 0x100000 + SECTORS * SECTOR
        monitor(folder, name, arguments, r"K$",
                f'pmemsave {address:#x} {32 * SECTOR} "{dump}"')
        with open(dump, "rb") as file:
            if any(file.read()):
                return f"{name}: memory behind the kernel was written"
    return None


def monitor(folder, image, arguments, stop, *commands):
    """Gives QEMU's monitor those commands when port 0xE9 has said stop; returns its answers.

    The machine has no isa-debug-exit: a stub that has ended halts.
    """
    told = folder(image + ".told")
    command = [f"file:{told}" if word == "stdio" else word
               for word in qemu(folder, image, arguments)]
    exit_device = next(i for i, word in enumerate(command) if word.startswith("isa-debug-exit"))
    del command[exit_device - 1:exit_device + 1]
    with subprocess.Popen([*command, "-monitor", "stdio"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            deadline = time.monotonic() + SECONDS
            while not (os.path.exists(told) and
                       re.search(stop, folder.read(image + ".told").decode("latin-1"))):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"port 0xE9 did not say {stop!r}")
                time.sleep(0.02)
            time.sleep(0.5)  # until it has come to rest
            return process.communicate("\n".join([*commands, "quit", ""]), SECONDS)[0]
        finally:
            if process.poll() is None:
                process.kill()


def letter_on_screen(folder):
    folder.write("cut.img", folder.read("stub.img")[:SECTORS // 2 * SECTOR])
    dump = folder("screen")
    answer = monitor(folder, "cut", [*IDE, "-vga", "std"], r"^D$",
                     f'pmemsave 0xb8000 4000 "{dump}"', "info registers")
    with open(dump, "rb") as file:
        screen = file.read()[::2].replace(b"\0", b" ").decode("latin-1").split()
    if screen[-1:] != ["D"]:
        return f"the screen ends with {screen[-3:]}"
    return None if "HLT=1" in answer else f"the CPU is not halted:\n{answer}"


def clock(folder, name):
    """Instructions until the clock is told: the least of some runs, since those that wait for the
    disk are as many as this machine takes to read it.
    """
    runs = []
    for _ in range(CLOCK_RUNS):
        said, _ = end_of(qemu(folder, name, [*IDE, "-icount", "shift=0,sleep=off"]))
        if not re.fullmatch("[a-p]{16}", said):
            raise SystemExit(f"port 0xE9 said {said!r}")
        runs.append(sum((ord(letter) - ord("a")) << 4 * place for place, letter in enumerate(said)))
    return min(runs)


def cost(folder):
    source = folder.write("clock.asm", CLOCK.encode())
    must("nasm", "-f", "bin", "-Ibuild/generated/", f"-DBYTES={SECTOR}", "-o", folder("bios.img"),
         source)
    # As large as the other image: a BIOS looks at the size.
    with open(folder("bios.img"), "ab") as file:
        file.truncate(os.path.getsize(folder("stub.img")))
    must("nasm", "-f", "bin", "-Ibuild/generated/", f"-DBYTES={COST_SECTORS * SECTOR}", "-DKERNEL",
         "-o", folder("clock.raw"), source)
    must(sys.executable, "tools/mkkernel.py", folder("clock.raw"), folder("clock.kernel"))
    folder.boot("clock", COST_SECTORS)
    folder.image("clock", "clock")
    instructions = clock(folder, "clock") - clock(folder, "bios")
    print(f"info: the boot sector takes {instructions} instructions to load"
          f" {COST_SECTORS // 2} KiB over ATA")
    if not 0 < instructions < COST_MAX:
        return f"{instructions} instructions, the limit is {COST_MAX}"
    return None


def main():
    with tempfile.TemporaryDirectory() as path:
        folder = Folder(path)
        must("make", "-s", "build/generated/asm_constants.inc")
        folder.write("volume", VOLUME)
        folder.make("stub", SECTORS)
        suite.run_tests([
            *firmware_tests(folder),
            ("memory behind the kernel is left alone", lambda: memory_behind(folder)),
            ("the letter is on the screen, the CPU halted", lambda: letter_on_screen(folder)),
            ("the boot sector's instructions are few", lambda: cost(folder))])
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
