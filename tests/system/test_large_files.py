#!/usr/bin/env python3
"""The largest file that FAT can have, on a disk of 8 GiB that is sparse on the host: tests/newlib/large.c uses it."""

import os
import re
import struct
import subprocess
import sys
import tempfile

import guests
import suite
from suite import test

DISK_BYTES = 8 << 30
CLUSTER_SECTORS, SECTOR = 128, 512
CLUSTER_BYTES = CLUSTER_SECTORS * SECTOR
LARGEST = (4 << 30) - 1
FILE_BYTES = LARGEST - 1
TESTS = 6
OLD_CLUSTERS = 2000  # behind the file: what was theirs must not be seen by those who get them
END_OF_CHAIN = 0x0FFFFFFF


def make_volume(path):
    """FAT32 with one file, which the image has as a chain only: nearly nothing is written."""
    with open(path, "wb") as file:
        file.truncate(DISK_BYTES)
    subprocess.run(["mkfs.fat", "-F", "32", "-s", str(CLUSTER_SECTORS), path], stdout=subprocess.DEVNULL, check=True)
    clusters = (FILE_BYTES + CLUSTER_BYTES - 1) // CLUSTER_BYTES
    with open(path, "r+b") as file:
        record = file.read(SECTOR)
        reserved, fats, fat_sectors = struct.unpack("<H", record[14:16])[0], record[16], \
            struct.unpack("<I", record[36:40])[0]
        chain = struct.pack(f"<{clusters}I", *range(4, clusters + 3), END_OF_CHAIN)
        for fat in range(fats):
            file.seek((reserved + fat * fat_sectors) * SECTOR + 3 * 4)
            file.write(chain)
        data = (reserved + fats * fat_sectors) * SECTOR

        def cluster(number):
            return data + (number - 2) * CLUSTER_BYTES

        file.seek(cluster(2))
        file.write(struct.pack("<11sBBBHHHHHHHI", b"LARGEST    ", 0x20, 0x18, 0, 0, 0x5821, 0x5821, 0, 0, 0x5821, 3,
                               FILE_BYTES))
        file.seek(cluster(3) + FILE_BYTES - 3)
        file.write(b"end")
        for number in range(OLD_CLUSTERS):
            file.seek(cluster(3 + clusters + number) + number % CLUSTER_SECTORS * SECTOR)
            file.write(b"\xEE" * SECTOR)
        file.seek(SECTOR)  # FSInfo: the count of free clusters is not known
        info = bytearray(file.read(SECTOR))
        info[488:496] = b"\xFF" * 8
        file.seek(SECTOR)
        file.write(info)


def what_is_wrong(volume):
    """fsck.fat 4.2 counts bytes of a chain in 32 bits: there may be no file of this size then."""
    result = subprocess.run(["fsck.fat", "-n", volume], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    return None if result.returncode == 0 else result.stdout


def all_kernels():
    program = f"{guests.GUESTS}/large.elf"
    guests.make(program)
    with tempfile.TemporaryDirectory() as folder:
        volume = os.path.join(folder, "volume")
        make_volume(volume)
        # Zeros that are written stay holes of the host's file.
        console, status = guests.boot(guests.image(folder, program, []), "-drive",
                                      f"format=raw,file={volume},if=ide,index=1,cache=unsafe,discard=unmap,"
                                      "detect-zeroes=unmap")
        for name, result in re.findall(r"^(large: .*?) \.\.\. (ok|FAIL)$", console, re.MULTILINE):
            test(name, None if result == "ok" else console)
        test("large.elf ran to its end",
             None if status == 0 and console.count("... ok") == TESTS else f"status {status}: {console}")
        test("fsck.fat finds nothing afterwards", what_is_wrong(volume))


def main():
    suite.for_each_arch(all_kernels)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
