#!/usr/bin/env python3
"""Boots the real kernel from disks whose file system is nonsense: every number of the boot record and
of the partition table at its extremes, images that are cut off, chains and folders that go round.

A sentence from the kernel, an error of the system call, or, where the field does not matter, a run as
if nothing were wrong. Never a hang, a reset, a panic of another kind, or wrong data.
"""

import re
import struct
import sys
import tempfile

import suite
from test_disk_faults import DATA_BYTES, PARTITION_LBA, SECTOR, Disk, report

PARTITION = 0x1BE  # in LBA 0: the first entry of the table
# A sentence for the partition, with the rule, and one that says what to do.
UNREADABLE = (r"Partition 1 of ata0 \(type [0-9a-f]{2}, sectors \d+ to \d+\) cannot be mounted: [^.]+\.\n"
              r"\nThere is no FAT volume on ata0 \(\d+ sectors\), .* \(mkfs\.fat\)\.")
NO_PARTITION = r"There is no FAT volume on ata0 .*: the partition table in its first sector is empty\."
NO_INIT = r"0:/init\.elf cannot be started: [a-z][^.]+ \(ata0, partition 1\)\. A disk that starts"
OPEN_ERROR = "open error -13"  # ECORRUPT
END_OF_CHAIN, FREE, BAD_CLUSTER = 0xFFFF, 0, 0xFFF7

# (name, offset, bytes): the numbers of the boot record that FAT16 needs, and those that it does not.
NEEDED = [("bytes per sector", 11, 2), ("sectors per cluster", 13, 1), ("reserved sectors", 14, 2),
          ("number of FATs", 16, 1), ("root entries", 17, 2), ("sectors per FAT", 22, 2),
          ("signature", 510, 2)]
NOT_NEEDED = [("media", 21, 1), ("sectors per track", 24, 2), ("heads", 26, 2),
              ("hidden sectors", 28, 4), ("drive", 36, 1), ("volume number", 39, 4)]


def change(offset, value, size):
    """A function that writes a number into an image."""
    def function(image):
        image[offset:offset + size] = value.to_bytes(size, "little")
    return function


def extremes(size):
    return 0, (1 << 8 * size) - 1


def records():
    """(name, what to do to the image, the sentence; None: all works)"""
    volume = PARTITION_LBA * SECTOR
    for fields, pattern in ((NEEDED, UNREADABLE), (NOT_NEEDED, None)):
        for name, offset, size in fields:
            for value in extremes(size):
                # A volume, whose files lie elsewhere
                moved = name in ("root entries", "number of FATs") and value > 0
                yield (f"{name} {value:#x}", change(volume + offset, value, size),
                       NO_INIT if moved else pattern)
    for value in extremes(4)[1:] + (1, 4084):
        def total(image, value=value):
            change(volume + 19, 0, 2)(image)
            change(volume + 32, value, 4)(image)
        # So few that it is FAT12, and its files lie elsewhere
        yield f"total sectors {value:#x}", total, NO_INIT if value == 4084 else UNREADABLE
    yield ("total sectors 0 in both places",
           lambda image: [change(volume + 19, 0, 2)(image), change(volume + 32, 0, 4)(image)],
           UNREADABLE)
    yield ("a boot record of zeros", lambda image: change(volume, 0, SECTOR)(image), UNREADABLE)
    yield ("a boot record of ones",
           lambda image: change(volume, (1 << 8 * SECTOR) - 1, SECTOR)(image), UNREADABLE)

    for name, offset, size, values in (("type", 4, 1, (0, 0x0C, 0xFF)),
                                       ("first sector", 8, 4, (0, 1, 0x7FFFFFFF, 0xFFFFFFFF))):
        for value in values:
            is_typed = name == "type" and value > 0  # the boot record decides, not the type
            yield (f"partition: {name} {value:#x}", change(PARTITION + offset, value, size),
                   None if is_typed else UNREADABLE if value else NO_PARTITION)
    yield from others()


def others():
    """Volumes of others, and tables that are not ours: each has its own words."""
    volume = PARTITION_LBA * SECTOR

    def because(words):
        return rf"Partition 1 of ata0 .* cannot be mounted: .*{words}.*\."

    def fat32(image):
        change(volume + 17, 0, 2)(image)
        change(volume + 19, 0, 2)(image)
        change(volume + 22, 0, 2)(image)
        change(volume + 32, 32768, 4)(image)
    yield "FAT16, said to be FAT32", fat32, because("contradicts itself")
    yield "NTFS", change(volume + 3, int.from_bytes(b"NTFS    ", "little"), 8), because("NTFS")
    yield "exFAT", change(volume + 3, int.from_bytes(b"EXFAT   ", "little"), 8), because("exFAT")
    yield "FAT16, said to be FAT12", change(volume + 13, 64, 1), NO_INIT
    yield ("sectors of 4,096 bytes", change(volume + 11, 4096, 2),
           because("reaches beyond the end"))

    def gpt(image):
        image[PARTITION:PARTITION + 64] = bytes(64)
        change(PARTITION + 4, 0xEE, 1)(image)
        change(PARTITION + 8, 1, 4)(image)
        change(PARTITION + 12, len(image) // SECTOR - 1, 4)(image)
    yield "a GPT alone", gpt, because("GPT")

    def length(difference):
        def function(image):
            change(PARTITION + 12, len(image) // SECTOR - PARTITION_LBA + difference, 4)(image)
        return function
    yield "a partition that ends one sector behind the disk", length(1), None
    yield ("a volume that reaches one sector beyond its partition", length(-1),
           because("reaches beyond the end of its partition"))
    for kind in (0x01, 0x1E, 0x0B, 0x83):
        yield f"a FAT16 volume in a partition of type {kind:#x}", change(PARTITION + 4, kind, 1), None

    def second(image):
        """The volume is the second partition's; the first is an empty FAT16 volume."""
        size = len(image)
        entry = image[PARTITION:PARTITION + 16]
        empty = bytearray(image[volume:])
        root = (struct.unpack_from("<H", empty, 14)[0] +
                empty[16] * struct.unpack_from("<H", empty, 22)[0]) * SECTOR
        empty[root:root + 32 * struct.unpack_from("<H", empty, 17)[0]] = bytes(
            32 * struct.unpack_from("<H", empty, 17)[0])
        image += empty
        image[PARTITION + 16:PARTITION + 32] = entry
        change(PARTITION + 8, size // SECTOR, 4)(image)  # the first and active one: the empty one
    yield "of two FAT16 volumes the second has init.elf", second, None


def truncated(disk):
    size = len(disk.bytes)
    for name, lba in (("behind the kernel", disk.kernel_sectors + 1),
                      ("before the partition", PARTITION_LBA), ("in the FAT", disk.fat + 1),
                      ("before the root directory", disk.root), ("in the data", disk.data + 100),
                      ("by one sector", size // SECTOR - 1)):
        def cut(image, lba=lba):
            del image[lba * SECTOR:]
        yield f"cut off {name}", cut, UNREADABLE


def chains(disk):
    """(name, what to do to the image, disk_reader's report, or the kernel's sentence)"""
    def link(name, index, target):
        """The index-th cluster of that file, which lies in one piece, is followed by target."""
        cluster = disk.cluster_of(name) + index
        return change(disk.fat * SECTOR + cluster * 2, target, 2)

    def field(name, offset, value, size):
        return change(disk.bytes.index(name, disk.root * SECTOR) + offset, value, size)

    data, init = b"ZDATA   BIN", b"INIT    ELF"
    inner = report(inner=OPEN_ERROR)
    bad_first = report(data=OPEN_ERROR)
    bad_data = report(data=f"0 right, {DATA_BYTES} missed, error -13")  # found by the first read
    first = disk.cluster_of(data)
    last = (DATA_BYTES - 1) // (disk.cluster_sectors * SECTOR)
    for name, target in (("to cluster 0", FREE), ("to cluster 1", 1), ("to a bad one", BAD_CLUSTER),
                         ("behind the volume", 0xFFEF), ("to its end", END_OF_CHAIN)):
        yield f"a file's chain leads {name}", link(data, 2, target), bad_data
        yield f"init's chain leads {name}", link(init, 1, target), NO_INIT
    for name, index in (("to its first", 0), ("back", 1), ("to itself", 2)):
        yield f"a file's chain leads {name}", link(data, 2, first + index), bad_data
        yield (f"init's chain leads {name}", link(init, 2, disk.cluster_of(init) + index), NO_INIT)
    yield "a file's chain is round", link(data, last, first), bad_data
    # Longer than the file: some systems leave it so.
    yield "a file's chain goes on behind its end", link(data, last, disk.cluster_of(init)), report()
    yield "a folder's chain goes round", link(b"ZDIR       ", 0, disk.cluster_of(b"ZDIR       ")), None
    for value in (0xFFFFFFFF, 0x7FFFFFFF, len(disk.bytes)):
        yield f"a file of {value:#x} bytes", field(data, 28, value, 4), bad_first
    for value in (0, 1, 0xFFEF, 0xFFFF):
        yield f"a file whose first cluster is {value:#x}", field(data, 26, value, 2), bad_first
        yield f"init's first cluster is {value:#x}", field(init, 26, value, 2), NO_INIT
    for value in (1, 0xFFEF, 0xFFFF):
        yield (f"a folder whose first cluster is {value:#x}",
               field(b"ZDIR       ", 26, value, 2), inner)
    yield "a folder that is the root", field(b"ZDIR       ", 26, 0, 2), inner


def run(folder, disk, damage, wanted):
    """Why a disk with that damage does not end as wanted, or None."""
    image = bytearray(disk.bytes)
    damage(image)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".img") as file:
        file.write(image)
        file.flush()
        status, console = suite.boot(file.name, "-m", "32")
    if wanted is None:
        wanted = report()
    if wanted.endswith("\n"):
        right = status == 0 and console.endswith(wanted)
    else:
        right = status == 2 and re.search(wanted, suite.unwrap(console)) and "PANIC" not in console
    return None if right else f"status {status}, {wanted!r} is not how this ends:\n{console}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(folder)
        suite.run_tests([(name, lambda damage=damage, wanted=wanted: run(folder, disk, damage, wanted))
                         for cases in (records(), truncated(disk), chains(disk))
                         for name, damage, wanted in cases])
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
