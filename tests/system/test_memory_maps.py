#!/usr/bin/env python3
"""The whole kernel on firmware memory maps that no emulator makes: odd_map.asm stands in front of the
boot sector and answers INT 15h E820h from a table on the disk.

Where the machine can run, the demo must run to its end, and with a hole in the pool all tests of the
test kernel; where it cannot, there must be a sentence.
"""

import os
import re
import struct
import subprocess
import sys
import tempfile

import suite

SECTOR = 512
SIGNATURE_OFFSET = 0x1B8
REAL_LBA, TABLE_LBA, TABLE_SECTORS = 2047, 2030, 8  # in the gap, behind the kernel
USABLE, RESERVED, ACPI = 1, 2, 3
ENDS = {"with EBX = 0": 0, "with an error": 1}
NEVER, WITHOUT_SIGNATURE = 2, 3
KIB, MIB = 1 << 10, 1 << 20

LOW = (0, 639 * KIB, USABLE)
HIGH = (MIB, 127 * MIB, USABLE)
ROM = (0xF0000, 64 * KIB, RESERVED)
END = "init exited with status 0"


def pieces(count):
    """All of HIGH, in so many pieces."""
    size = HIGH[1] // count // 4096 * 4096
    return [(MIB + i * size, size if i < count - 1 else HIGH[1] - size * (count - 1), USABLE)
            for i in range(count)]


# name: (entries, what the console must say)
RUNS = {
    "in order": ([LOW, ROM, HIGH], r"kernel pool 25600 of 25600 free"),
    "unsorted": ([HIGH, ROM, LOW], r"kernel pool 25600 of 25600 free"),
    "overlapping": ([LOW, HIGH, (64 * MIB, 64 * MIB, USABLE), (2 * MIB, 40 * MIB, USABLE), HIGH, ROM],
                    r"Usable: 130684 KiB below 2 GiB\."),
    "usable and reserved overlap: reserved": (
        [LOW, HIGH, (126 * MIB + 1, 10 * MIB, RESERVED)], r"Usable: 128636 KiB below 2 GiB\."),
    "zero-length entries": (
        [(0, 0, USABLE), LOW, (0x2000000, 0, RESERVED), HIGH, (0, 0, RESERVED), (0, 0, USABLE)],
        r"kernel pool 25600 of 25600 free"),
    "40 entries": ([LOW, *pieces(38), ROM], r"kernel pool 25600 of 25600 free"),
    "120 entries": ([LOW, *pieces(118), ROM], r"kernel pool 25600 of 25600 free"),
    "more entries than are read: only what is below the last one counts": (
        [LOW, *pieces(150), ROM], r"File system: FAT16"),
    "a hole in the pool": (
        [LOW, (MIB, 47 * MIB, USABLE), (49 * MIB, 79 * MIB, USABLE)],
        r"kernel pool 25344 of 25344 free"),
    "three holes, of a page each and less": (
        [LOW, HIGH, (32 * MIB, 4096, RESERVED), (48 * MIB + 100, 1, ACPI), (64 * MIB, 4097, 12)],
        r"kernel pool 25596 of 25596 free"),
    "a hole at 15 MiB, as machines with ISA cards had it": (
        [LOW, (MIB, 14 * MIB, USABLE), (16 * MIB, 112 * MIB, USABLE)],
        r"window 2816 of 2816 free"),
    "nothing between 4 and 16 MiB": (
        [LOW, (MIB, 3 * MIB, USABLE), (16 * MIB, 112 * MIB, USABLE)],
        r"window 0 of 0 free"),
    "the pool ends in a hole": (
        [LOW, (MIB, 63 * MIB, USABLE), (120 * MIB, 8 * MIB, USABLE)],
        r"kernel pool 12288 of 12288 free"),
    "memory ends inside a page": (
        [LOW, (MIB, 63 * MIB + 4095, USABLE)], r"kernel pool 12288 of 12288 free"),
    "nonsense beside it": (
        [LOW, HIGH, (1 << 63, 1 << 63, USABLE), ((1 << 64) - 4096, 8192, USABLE), (5, 3, USABLE)],
        r"kernel pool 25600 of 25600 free"),
}
REFUSALS = {
    "no map at all": ([], r"The BIOS does not report which memory exists \(INT 15h, E820h\)"),
    "nothing usable": ([(0, 128 * MIB, RESERVED)],
                       r"needs at least 18 MiB of RAM and the firmware reports 0 MiB usable"),
    "too much of the pool is missing": (
        [LOW, HIGH, (16 * MIB + 4096, 100 * MIB, RESERVED)],
        r"needs at least 18 MiB of RAM and the firmware reports \d+ MiB usable"),
    "the kernel's place is reserved": ([LOW, HIGH, (2 * MIB, 1, RESERVED)],
                                       r"The firmware keeps memory that Drupe needs"),
    "low memory is reserved": ([HIGH, (0, 4 * KIB, USABLE)],
                               r"The firmware keeps memory that Drupe needs"),
}


class Disks:
    """Images with a map in front of them, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.sector = os.path.join(folder, "sector")
        subprocess.run(["nasm", "-Wall", "-f", "bin", "-Ibuild/generated/",
                        "-Itests/system/", f"-DREAL_LBA={REAL_LBA}",
                        f"-DTABLE_LBA={TABLE_LBA}", "-o", self.sector, "tests/system/odd_map.asm"],
                       check=True)

    def boot(self, source, entries, entry_bytes=24, end=0, attributes=1):
        table = struct.pack("<HHHH", len(entries), entry_bytes, end, 0)
        table += b"".join(struct.pack("<QQII", *entry, attributes) for entry in entries)
        with open(self.sector, "rb") as file:
            sector = file.read()
        with open(source, "rb") as file:
            image = bytearray(file.read())
        real = bytes(image[:SECTOR])
        if any(image[TABLE_LBA * SECTOR:(REAL_LBA + 1) * SECTOR]):
            raise SystemExit(f"{source}: the gap is not free")
        if len(table) > TABLE_SECTORS * SECTOR:
            raise SystemExit("the map does not fit")
        image[:SIGNATURE_OFFSET] = sector[:SIGNATURE_OFFSET]
        image[TABLE_LBA * SECTOR:TABLE_LBA * SECTOR + len(table)] = table
        image[REAL_LBA * SECTOR:(REAL_LBA + 1) * SECTOR] = real
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".bin") as file:
            file.write(image)
            file.flush()
            return suite.boot(file.name)

    def runs(self, entries, pattern, **how):
        status, console = self.boot("bin/hello.bin", entries, **how)
        if status != 0 or END not in console:
            return f"status {status}:\n{console}"
        return None if re.search(pattern, console) else f"{pattern!r} is not in:\n{console}"

    def refuses(self, entries, pattern, **how):
        status, console = self.boot("bin/hello.bin", entries, **how)
        return None if status == 2 and re.search(pattern, suite.unwrap(console)) else \
            f"status {status}, or {pattern!r} is not in:\n{console}"

    def all_tests(self, entries):
        status, console = self.boot("bin/test.bin", entries)
        return None if status == 0 and " passed, 0 failed" in console else \
            f"status {status}:\n{console}"


def tests(disks):
    for name, (entries, pattern) in RUNS.items():
        yield name, lambda e=entries, p=pattern: disks.runs(e, p)
    for name, (entries, pattern) in REFUSALS.items():
        yield f"{name}: a sentence", lambda e=entries, p=pattern: disks.refuses(e, p)
    entries, pattern = RUNS["in order"]
    for name, end in ENDS.items():
        yield (f"entries of 20 bytes, the list ends {name}",
               lambda e=end: disks.runs(entries, pattern, entry_bytes=20, end=e))
    yield ("a list that begins again at its end is not believed: a sentence",
           lambda: disks.refuses(entries, "The list goes on; what it may say is taken as reserved",
                                 end=NEVER))
    yield ("a list that breaks off without a signature is not believed to its end",
           lambda: disks.runs([*entries, (0xFFFC0000, 256 * KIB, RESERVED)],
                              r"The list goes on(?s:.*)kernel pool 25600 of 25600 free",
                              end=WITHOUT_SIGNATURE))
    yield ("a list of entries that are too short, without end: a sentence",
           lambda: disks.refuses(entries, "The BIOS does not report which memory exists",
                                 entry_bytes=16, end=NEVER))
    yield ("attributes that enable no entry at all are not meant",
           lambda: disks.runs(entries, pattern, attributes=0))
    yield ("all tests of the test kernel, with a hole in the pool",
           lambda: disks.all_tests(RUNS["a hole in the pool"][0]))
    yield ("all tests of the test kernel, without a frame zone: the window's pages first",
           lambda: disks.all_tests([LOW, (MIB, 39 * MIB, USABLE)]))


def main():
    subprocess.run(["make", "-s", "bin/hello.bin", "bin/test.bin"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        suite.run_tests(tests(Disks(folder)))
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
