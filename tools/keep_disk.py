#!/usr/bin/env python3
"""Keeps a disk with its files while the kernel and the programs on it become newer (make run KEEP=1).

The first time the kept disk is a copy of the image. Later it gets the image's kernel and programs; of the image's
other files those that it does not have; and keeps all else.

usage: tools/keep_disk.py IMAGE KEPT
"""

import os
import shutil
import sys
import tempfile

from mkimage import ImageError, PARTITION_LBA, SECTOR, SIGNATURE_OFFSET, run

START = PARTITION_LBA * SECTOR


def is_in_use(path):
    """Is the FAT16 volume of a disk marked as one that was not unmounted? By its boot record or its FAT."""
    with open(path, "rb") as disk:
        disk.seek(START)
        record = disk.read(SECTOR)
        disk.seek(START + SECTOR * int.from_bytes(record[14:16], "little"))
        return bool(record[0x25] & 1) or not disk.read(4)[3] & 0x80


def copy_kernel(image, kept):
    """All before the partition, without the disk's signature and the table."""
    with open(image, "rb") as source, open(kept, "r+b") as target:
        before = source.read(START)
        target.write(before[:SIGNATURE_OFFSET])
        target.seek(SECTOR)
        target.write(before[SECTOR:])


def copy_files(image, kept):
    with tempfile.TemporaryDirectory() as folder:
        run("mcopy", "-s", "-n", "-i", f"{image}@@{START}", "::", folder)
        for where, folders, files in os.walk(folder):
            inside = os.path.relpath(where, folder)
            to = "::/" if inside == "." else f"::/{inside}/"
            for name in folders:
                if run("mdir", "-b", "-i", f"{kept}@@{START}", to + name, may_fail=True) != 0:
                    run("mmd", "-i", f"{kept}@@{START}", to + name)
            for name in files:
                is_program = name.lower().endswith(".elf")
                run("mcopy", "-D", "o" if is_program else "s", "-i", f"{kept}@@{START}",
                    os.path.join(where, name), to, may_fail=not is_program)


def keep(image, kept):
    origin, built = kept + ".from", str(os.stat(image).st_mtime_ns)
    os.makedirs(os.path.dirname(kept) or ".", exist_ok=True)
    if not os.path.exists(kept):
        shutil.copyfile(image, kept)
        print(f"{kept} is new: a copy of {image}. What is written there stays; rm {kept} begins anew.")
    elif os.path.exists(origin) and open(origin, encoding="ascii").read() == built:
        return
    else:
        copy_kernel(image, kept)
        if is_in_use(kept):
            print(f"{kept} was not unmounted: it gets the new kernel now, and the new programs the next time.")
            return
        copy_files(image, kept)
        print(f"{kept} has the new kernel and programs, and its own files.")
    with open(origin, "w", encoding="ascii") as file:
        file.write(built)


def main():
    if len(sys.argv) != 3:
        print(__doc__.rsplit("\n\n", 1)[1].strip(), file=sys.stderr)
        return 2
    try:
        keep(*sys.argv[1:])
    except (ImageError, OSError) as error:
        print(f"keep_disk.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
