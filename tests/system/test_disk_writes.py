#!/usr/bin/env python3
"""The test kernel writes a scratch disk, by DMA and by programmed I/O, directly and through the block
cache; then its image is compared here, byte by byte. And the same over write errors and flush errors, once
and for ever: what is on the disk is right but for what the kernel has reported. Then it writes the disk that
it was booted from through the BIOS, on each kind of controller.
"""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import suite

SECTOR, SECTORS = 512, 4096
# As in tests/kernel/test_disk_writes.c.
DIRECT, CACHED, BLOCKS, COUNTS = 2000, 3000, 100, (1, 8, 16, 127, 256, 300)
SPARE = 300  # at the disk's end

MACHINES = {"DMA": ["-machine", "pc"], "PIO": ["-machine", "isapc", "-cpu", "pentium"]}
BOOT = "-drive if=none,id=boot,format=raw,file={image}%s "
# For the BIOS: how the boot disk is attached.
MEDIA = {
    "IDE": "-drive if=ide,format=raw,file={image}",
    "AHCI": "-machine q35 " + BOOT % "" + "-device ide-hd,drive=boot,bus=ide.0",
    "a USB stick": BOOT % "" + "-device qemu-xhci -device usb-storage,drive=boot",
    "SCSI": BOOT % "" + "-device virtio-scsi-pci -device scsi-hd,drive=boot",
    "NVMe": BOOT % "" + "-device nvme,drive=boot,serial=1",
}
PROTECTED = BOOT % ",readonly=on" + "-device virtio-scsi-pci -device scsi-hd,drive=boot"
BEFORE = bytes(range(256)) * 2  # each sector's contents in the beginning


def pattern(lba):
    return struct.pack("<128I", *((lba * 2654435769 + index * 40503) % 2**32 for index in range(128)))


def pieces():
    """(first sector, count) of each direct write"""
    lba, number = 0, 0
    while lba < DIRECT:
        count = min(COUNTS[number % len(COUNTS)], DIRECT - lba)
        yield lba, count
        lba, number = lba + count, number + 1


def piece_of(lba):
    return next(piece for piece in pieces() if piece[0] <= lba < sum(piece))


CACHED_LBAS = range(CACHED, CACHED + 3 * BLOCKS, 3)


def run(folder, machine, rules):
    """(what was said, the scratch disk's bytes afterwards)"""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        scratch, config = os.path.join(place, "scratch.img"), os.path.join(place, "blkdebug")
        with open(scratch, "wb") as file:
            file.write(BEFORE * SECTORS)
        with open(config, "w", encoding="ascii") as file:
            file.write(rules)
        result = subprocess.run(
            ["tests/run_qemu.sh", suite.image("test.bin"), *machine, "-drive",
             f"file=blkdebug:{config}:{scratch},format=raw,if=ide,index=2",
             "-fw_cfg", "name=opt/drupe/test,string=disk_scratch_is_written"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=suite.SECONDS,
            check=False)
        with open(scratch, "rb") as file:
            return result.returncode, result.stdout.decode("latin-1").replace("\r", ""), file.read()


def judge(way, end, reports, unknown):
    """Why not exactly these errors were reported, or what is not on the disk; sectors of unknown may be anything."""
    status, said, disk = end
    if status != 0 or not re.search(rf"^mode {way}", said, re.MULTILINE):
        return f"status {status}, it said {said[-500:]!r}"
    found = re.findall(r"^(.*): error -1$", said, re.MULTILINE)
    if found != reports:
        return f"errors {found}, not {reports}"
    for lba in range(SECTORS):
        is_written = lba < DIRECT or lba in CACHED_LBAS
        if disk[lba * SECTOR:][:SECTOR] != (pattern(lba) if is_written else BEFORE) and lba not in unknown:
            return f"sector {lba} is wrong"
    return None


def by_bios(folder, arguments, is_protected=False):
    """Why the disk's end is not what the kernel has written through the BIOS, and the rest as it was, or None."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        image = os.path.join(place, "boot.img")
        shutil.copy(suite.image("test.bin"), image)
        with open(image, "rb") as file:
            wanted = file.read()
        status, said = suite.boot(image, *arguments.replace("{image}", image).split(), "-fw_cfg",
                                  "name=opt/drupe/test,string=disk_end_is_written_by_the_bios")
        with open(image, "rb") as file:
            found = file.read()
        first = len(wanted) // SECTOR - SPARE
        if not is_protected:
            wanted = wanted[:first * SECTOR] + b"".join(pattern(lba) for lba in range(first, first + SPARE))
        has_failed = f"write {SPARE} sectors from 0: error" in said
        if status != 0 or "mode INT 13h" not in said or has_failed != is_protected:
            return f"status {status}, it said {said[-500:]!r}"
        return None if found == wanted else "the disk has other contents"


def error(*lines):
    return "\n".join(["[inject-error]", 'errno = "5"', *lines, ""])


def tests(folder):
    """(name, function that returns why it failed or None)"""
    for name, arguments in MEDIA.items():
        yield f"by the BIOS, {name}", lambda a=arguments: by_bios(folder, a)
    yield "by the BIOS, a disk that is protected", lambda: by_bios(folder, PROTECTED, True)
    for way, machine in MACHINES.items():
        if way == "PIO" and suite.arch() is not suite.I386:
            continue  # a PC without PCI has no 64-bit CPU

        def test(rules, reports=(), unknown=(), way=way, machine=machine):
            return judge(way, run(folder, machine, rules), list(reports), unknown)
        yield f"{way}: every sector", lambda t=test: t("")
        if suite.arch() is not suite.I386:
            continue
        for lba in (0, 30, 1500, DIRECT - 1):
            first, count = piece_of(lba)
            at = ('event = "write_aio"', f'sector = "{lba}"')
            yield f"{way}: an error once in sector {lba}", lambda t=test, a=at: t(error(*a, 'once = "on"'))
            yield (f"{way}: an error for ever in sector {lba}",
                   lambda t=test, a=at, f=first, c=count:
                       t(error(*a), [f"write {c} sectors from {f}"], range(f, f + c)))
        lba = CACHED_LBAS[50]
        at = ('event = "write_aio"', f'sector = "{lba}"')
        yield f"{way}: an error once in a cached block", lambda t=test, a=at: t(error(*a, 'once = "on"'))
        yield (f"{way}: an error for ever in a cached block",
               lambda t=test, a=at, s=lba:
                   t(error(*a), ["sync 0 sectors from 0", "second sync 0 sectors from 0"], [s]))
        flush = ('event = "flush_to_disk"', 'iotype = "flush"', 'once = "on"')
        yield f"{way}: a flush fails", lambda t=test, f=flush: t(error(*f), ["flush 0 sectors from 0"])


def main():
    suite.for_each_arch(lambda: suite.make("bin/test.bin"))
    with tempfile.TemporaryDirectory() as folder:
        suite.for_each_arch(lambda: suite.run_tests(tests(folder)))
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
