#!/usr/bin/env python3
"""Boots the real kernel over read errors: once or for ever, in every kind of sector, by DMA (a PC
with PCI) and by programmed I/O (one without).

Once: everything must work, by trying again. For ever: the boot sector's letter, a sentence from the
kernel, or an error of the system call, after which the program goes on. Never a hang, a reset or
wrong data. Two QEMUs run at a time; the lines are printed in order.
"""

import os
import re
import select
import struct
import subprocess
import sys
import tempfile
import time

import suite

QEMU = os.environ.get("QEMU", "qemu-system-i386")
SECTOR = 512
PAGE = 4096
PARTITION_LBA = 2048
LARGE, SMALL = 65536, 1000  # what disk_reader reads at a time
SECONDS = suite.SECONDS
SILENCE_SECONDS = 3  # how long a halted machine must stay as it is

SUCCESS, PANIC = 0x10 << 1 | 1, 0x12 << 1 | 1
MACHINES = {"DMA": ["-machine", "pc"], "PIO": ["-machine", "isapc", "-cpu", "pentium"]}

DATA_BYTES, INNER_BYTES = 163840 + 700, 9000
FILLER_BYTES = 5 << 20  # the FAT's sectors for what lies behind it are in another block


def content(size):
    return bytes(index * 2654435761 % 2**32 >> 21 & 0xFF for index in range(size))


class Disk:
    """The image and where things lie on it, in sectors."""

    def __init__(self, folder):
        self.image = os.path.join(folder, "disk.img")
        files = {"zdata.bin": content(DATA_BYTES), "inner.bin": content(INNER_BYTES),
                 "m.bin": bytes(FILLER_BYTES)}
        for name, data in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        programs = "bin/programs/tests"
        reader, child = f"{programs}/disk_reader.elf", f"{programs}/exit_status_7.elf"
        subprocess.run(["make", "-s", "bin/os.bin", reader, child], check=True)
        subprocess.run(["make", "-s", "image", f"INIT={reader}", f"IMAGE={self.image}",
                        f"FILES={folder}/zdata.bin {folder}/m.bin "
                        f"{folder}/inner.bin=zdir/inner.bin {child}=child.elf"], check=True)
        with open(self.image, "rb") as file:
            self.bytes = file.read()
        self.kernel_sectors = os.path.getsize("bin/kernel.bin") // SECTOR
        volume = PARTITION_LBA * SECTOR
        self.cluster_sectors, reserved, fats, entries = struct.unpack_from(
            "<BHBH", self.bytes, volume + 13)
        fat_sectors = struct.unpack_from("<H", self.bytes, volume + 22)[0]
        self.fat = PARTITION_LBA + reserved
        self.root = self.fat + fats * fat_sectors
        self.data = self.root + entries * 32 // SECTOR
        self.zdir = self.lba_of(self.cluster_of(b"ZDIR       "))

    def lba_of(self, cluster):
        return self.data + (cluster - 2) * self.cluster_sectors

    def cluster_of(self, name):
        """A file's first cluster; it is the only one of that name."""
        place = self.bytes.index(name, self.root * SECTOR)
        return struct.unpack_from("<H", self.bytes, place + 26)[0]

    def sector_of(self, name, offset):
        """Of a file that lies in one piece: it was copied onto an empty disk."""
        return self.lba_of(self.cluster_of(name)) + offset // SECTOR

    def fat_sector_of(self, name):
        return self.fat + self.cluster_of(name) * 2 // SECTOR


def run(disk, machine, config):
    """(what port 0xE9 said, QEMU's status); None: it halted, silent, after the last byte."""
    command = [QEMU, "-accel", "tcg", "-m", "32", "-nodefaults", "-display", "none", "-no-reboot",
               *machine, "-debugcon", "stdio", "-device",
               "isa-debug-exit,iobase=0xf4,iosize=0x04",
               "-drive", f"file=blkdebug:{config}:{disk.image},format=raw,if=ide,snapshot=on"]
    said, deadline = b"", time.monotonic() + SECONDS
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        try:
            while time.monotonic() < deadline:
                wait = SILENCE_SECONDS if said == b"D" else deadline - time.monotonic()
                if not select.select([process.stdout], [], [], wait)[0]:
                    break
                data = os.read(process.stdout.fileno(), 4096)
                if not data:
                    process.wait(SECONDS)
                    break
                said += data
            return said.decode("latin-1").replace("\r", ""), process.poll()
        finally:
            if process.poll() is None:
                process.kill()


def report(large=0, small=0, data=None, inner=None, child="status 7"):
    """disk_reader's lines: so many bytes of zdata.bin missed, or instead of a line, what it says."""
    def line(name, size, piece, missed, instead):
        said = f"{size - missed} right, {missed} missed, error {-1 if missed else 0}"
        return f"{name} by {piece}: {instead or said}"
    return "\n".join([line("zdata.bin", DATA_BYTES, LARGE, large, data),
                      line("zdata.bin", DATA_BYTES, SMALL, small, data),
                      line("zdir/inner.bin", INNER_BYTES, SMALL, 0, inner),
                      f"child: {child}", "disk_reader: done",
                      "init exited with status 0", ""])


def works(said, status, wanted):
    """Why this is not the end of a run with that report, or None."""
    if status != SUCCESS or not said.endswith(wanted):
        return f"status {status}, it ended with {said[-500:]!r}, not {wanted!r}"
    return None


def ends(said, status, pattern):
    """Why the kernel did not end with that sentence, or None."""
    if status != PANIC or not re.search(pattern, suite.unwrap(said)):
        return f"status {status}, no {pattern!r} in {said[-500:]!r}"
    return None


def dies(said, _, name):
    """Why the program was not killed, in one sentence, where its file cannot be read; or None."""
    pattern = rf"{name} \(process \d\) killed: executed address [0-9a-f]{{8}}: " \
        "the file that is mapped there cannot be read;"
    found = len(re.findall(pattern, suite.unwrap(said)))
    return None if found == 1 else f"{found} times {pattern!r} in {said[-500:]!r}"


def halts(said, status):
    """Why this is not the boot sector's D and then nothing, or None."""
    return None if (said, status) == ("D", None) else f"status {status}, it said {said[-500:]!r}"


def all_missed(size):
    """Of a file whose chain cannot be read: it can be opened, as nothing of the chain is needed before a read."""
    return f"0 right, {size} missed, error -1"


def missed(disk, lba):
    """Bytes of zdata.bin that a bad sector costs, in large pieces and in small ones: those of its page's."""
    first = disk.sector_of(b"ZDATA   BIN", 0)
    page = (lba - first) * SECTOR // PAGE * PAGE

    def pieces(size):
        return sum(min(size, DATA_BYTES - at) for at in range(0, DATA_BYTES, size)
                   if at < page + PAGE and at + size > page)
    return {"large": pieces(LARGE), "small": pieces(SMALL)}


def cases(disk):
    """(name, LBA, how it must end when the error is there for ever: a function of run()'s result)"""
    kernel = disk.kernel_sectors
    init_fails = r"0:/init\.elf cannot be started: the device reported an error \(ata0, partition 1\)\."
    middle = disk.sector_of(b"ZDATA   BIN", 100000)
    last = disk.sector_of(b"ZDATA   BIN", DATA_BYTES - 1)
    for name, lba in (("the kernel's first sector", 1), ("the kernel's middle", kernel // 2),
                      ("the kernel's last sector", kernel)):
        yield name, lba, halts
    yield ("the volume's boot record", PARTITION_LBA,
           lambda *end: ends(*end, r"Partition 1 of ata0 .* cannot be mounted: its first sector cannot be read\."))
    yield "the FAT, init.elf's chain", disk.fat, lambda *end: ends(*end, init_fails)
    yield ("the FAT, a data file's chain", disk.fat_sector_of(b"ZDATA   BIN"),
           lambda *end: works(*end, report(data=all_missed(DATA_BYTES), inner=all_missed(INNER_BYTES))))
    yield "the root directory", disk.root, lambda *end: ends(*end, init_fails)
    yield ("a folder", disk.zdir,
           lambda *end: works(*end, report(inner="open error -1")))
    yield ("init.elf's code", disk.sector_of(b"INIT    ELF", 4096),
           lambda *end: dies(*end, "init.elf") or
           (None if end[0].endswith("init exited with status 142\n") else f"it ended with {end[0][-100:]!r}"))
    yield ("another program's code", disk.sector_of(b"CHILD   ELF", 4096),
           lambda *end: dies(*end, "child.elf") or
           works(re.sub(r"child\.elf \(.*\n.*eip.*\n", "", end[0]), end[1], report(child="status 142")))
    yield ("a data file's middle", middle,
           lambda *end: works(*end, report(**missed(disk, middle))))
    yield ("a data file's last sector", last,
           lambda *end: works(*end, report(**missed(disk, last))))


def tests(disk, folder):
    """(name, function that returns why it failed or None)"""
    def config(text):
        config.count += 1
        name = os.path.join(folder, f"blkdebug{config.count}")
        with open(name, "w", encoding="ascii") as file:
            file.write(text)
        return name
    config.count = 0

    def error(*lines):
        return "\n".join(['[inject-error]', 'event = "read_aio"', 'errno = "5"', *lines, ""])

    def from_read(count):
        """States, so that the one of that number begins with that read."""
        return "\n".join(f'[set-state]\nevent = "read_aio"\nstate = "{state}"\n'
                         f'new_state = "{state + 1}"' for state in range(1, count)) + "\n"

    none = config("")
    for way, machine in MACHINES.items():
        yield (f"{way}: no error",
               lambda m=machine: works(*run(disk, m, none), report()))
        for name, lba, judge in cases(disk):
            once = config(error(f'sector = "{lba}"', 'once = "on"'))
            ever = config(error(f'sector = "{lba}"'))
            yield (f"{way}: an error once in {name}",
                   lambda m=machine, c=once: works(*run(disk, m, c), report()))
            yield (f"{way}: an error for ever in {name}",
                   lambda m=machine, c=ever, j=judge: j(*run(disk, m, c)))
        # The BIOS reads it first (when that fails, nothing starts); read 3 of all is the boot
        # sector's, and from then on only the kernel reads LBA 0.
        for nth in (3, 4):
            once = config(error('sector = "0"', 'once = "on"', f'state = "{nth}"') +
                          from_read(nth))
            yield (f"{way}: an error once in LBA 0, from read {nth} on",
                   lambda m=machine, c=once: works(*run(disk, m, c), report()))
        ever = config(error('sector = "0"', 'state = "4"') + from_read(4))
        yield (f"{way}: an error for ever in LBA 0, when the kernel looks for its disk",
               lambda m=machine, c=ever:
                   ends(*run(disk, m, c), r"The disk that the kernel was booted from .* is not"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        suite.run_tests(tests(Disk(folder), folder))
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
