#!/usr/bin/env python3
"""Makes a bootable disk image: boot sector, kernel, and a FAT16 partition with files.

    LBA 0          the boot sector, with disk signature and partition table filled in
    LBA 1 ...      the kernel
    LBA 2048 ...   partition 1: active, type 0x0E, FAT16

The volume is made by mkfs.fat and mcopy, needs no root and no loop device, and the same input
gives the same bytes: dates are fixed, the disk signature is made from the content.
"""

import argparse
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

SECTOR = 512
PARTITION_LBA = 2048
SIGNATURE_OFFSET = 0x1B8
TABLE_OFFSET = 0x1BE
PARTITION_TYPE = 0x0E  # FAT16, LBA
MIB = 1 << 20
VOLUME_MIN = 16 * MIB
FAT16_CLUSTERS = range(4085, 65525)
FIXED_TIME = 946684800  # 2000-01-01, the date of all files
NAME = re.compile(r"^[A-Z0-9!#$%&'()@^_`{}~-]{1,8}(\.[A-Z0-9!#$%&'()@^_`{}~-]{1,3})?$")
ENVIRONMENT = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "TZ": "UTC",
               "SOURCE_DATE_EPOCH": str(FIXED_TIME), "MTOOLS_SKIP_CHECK": "1"}


class ImageError(Exception):
    """Says in one sentence why there is no image."""


def read_file(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error


def run(*command):
    tool = shutil.which(command[0], path=ENVIRONMENT["PATH"])
    if not tool:
        raise ImageError(f"{command[0]} is not installed (packages mtools and dosfstools)")
    result = subprocess.run([tool, *command[1:]], env=ENVIRONMENT, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        raise ImageError(f"{' '.join(command)}: {result.stdout.strip()}")


def name_in_volume(path):
    """The path of a file inside the volume, checked: 8.3 names, in capitals."""
    parts = path.upper().strip("/").split("/")
    for part in parts:
        if not NAME.match(part):
            raise ImageError(f"'{path}' is no 8.3 name: 1 to 8 characters, a dot, 1 to 3 more")
    return "/".join(parts)


def files_to_copy(init, extra):
    """{name in the volume: (path on the host, bytes)}"""
    files = {}
    wanted = [(init, "INIT.ELF")] if init else []
    for item in extra:
        host, _, name = item.partition("=")
        wanted.append((host, name_in_volume(name or os.path.basename(host))))
    for host, name in wanted:
        if name in files:
            raise ImageError(f"two files would be called {name.lower()} on the disk")
        files[name] = (host, read_file(host))
    return files


def volume_geometry(files):
    """(bytes of the volume, sectors a cluster): room for the files, and truly FAT16."""
    for cluster_sectors in (4, 8, 16, 32, 64):
        cluster = cluster_sectors * SECTOR
        directories = {os.path.dirname(name) for name in files}
        used = sum(-(-len(data) // cluster) for _, data in files.values()) + 4 * len(directories)
        size = max(VOLUME_MIN, (used * cluster * 9 // 8 + 2 * MIB) // MIB * MIB)
        size = max(size, FAT16_CLUSTERS.start * cluster + MIB)
        if size // cluster in FAT16_CLUSTERS:
            return size, cluster_sectors
    raise ImageError("the files do not fit a FAT16 volume (2 GiB)")


def make_volume(files):
    size, cluster_sectors = volume_geometry(files)
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name][1])
    with tempfile.TemporaryDirectory() as folder:
        volume = os.path.join(folder, "volume")
        with open(volume, "wb") as file:
            file.truncate(size)
        run("mkfs.fat", "-F", "16", "-s", str(cluster_sectors), "-h", str(PARTITION_LBA), "-n",
            "DRUPE", "-i", digest.hexdigest()[:8], "--invariant", volume)
        made = set()
        for name in sorted(files):
            parts = name.split("/")
            for depth in range(1, len(parts)):
                directory = "/".join(parts[:depth])
                if directory not in made:
                    run("mmd", "-i", volume, "::" + directory)
                    made.add(directory)
            copy = os.path.join(folder, "file")
            with open(copy, "wb") as file:
                file.write(files[name][1])
            os.utime(copy, (FIXED_TIME, FIXED_TIME))
            run("mcopy", "-m", "-i", volume, copy, "::" + name)
        return normalise_dates(read_file(volume))


def normalise_dates(data):
    """Gives every directory entry the same dates: mtools puts the present into some fields."""
    volume = bytearray(data)
    sector_bytes, cluster_sectors, reserved, fats, root_entries = struct.unpack_from("<HBHBH",
                                                                                     volume, 11)
    fat_sectors = struct.unpack_from("<H", volume, 22)[0]
    fat = reserved * sector_bytes
    root = fat + fats * fat_sectors * sector_bytes
    clusters = root + root_entries * 32
    cluster_bytes = cluster_sectors * sector_bytes

    def directory(offset, length):
        for entry in range(offset, offset + length, 32):
            if volume[entry] == 0:
                return
            # creation (tenths, time, date), last access date; write time and date
            struct.pack_into("<BHHH", volume, entry + 13, 0, 0, 0x2821, 0x2821)
            struct.pack_into("<HH", volume, entry + 22, 0, 0x2821)
            first = struct.unpack_from("<H", volume, entry + 26)[0]
            if volume[entry + 11] & 0x10 and volume[entry] not in b".\xe5":
                while 2 <= first < 0xFFF8:
                    directory(clusters + (first - 2) * cluster_bytes, cluster_bytes)
                    first = struct.unpack_from("<H", volume, fat + first * 2)[0]

    directory(root, root_entries * 32)
    return bytes(volume)


def chs(lba, heads=255, sectors=63):
    """A sector's address in the old way; the largest one where it does not fit."""
    cylinder, rest = divmod(lba, heads * sectors)
    if cylinder > 1023:
        return bytes((254, 255, 255))
    head, sector = divmod(rest, sectors)
    return bytes((head, (sector + 1) | (cylinder >> 2 & 0xC0), cylinder & 0xFF))


def make_image(boot, kernel, volume):
    if len(boot) != SECTOR or boot[510:] != b"\x55\xaa":
        raise ImageError("the boot sector is not 512 bytes that end with 55 AA")
    if not kernel or len(kernel) % SECTOR:
        raise ImageError("the kernel is not whole sectors (tools/mkkernel.py makes it so)")
    if len(kernel) > (PARTITION_LBA - 1) * SECTOR:
        raise ImageError(f"the kernel has {len(kernel) // SECTOR} sectors; "
                         f"the gap before partition 1 holds {PARTITION_LBA - 1}")
    if len(volume) % SECTOR or not volume:
        raise ImageError("the volume is not whole sectors")
    sectors = len(volume) // SECTOR
    image = bytearray(boot + kernel)
    image += bytes(PARTITION_LBA * SECTOR - len(image)) + volume
    image[TABLE_OFFSET:TABLE_OFFSET + 16] = (
        b"\x80" + chs(PARTITION_LBA) + bytes((PARTITION_TYPE,)) +
        chs(PARTITION_LBA + sectors - 1) + struct.pack("<II", PARTITION_LBA, sectors))
    signature = hashlib.sha256(image).digest()[:4]
    image[SIGNATURE_OFFSET:SIGNATURE_OFFSET + 4] = signature if any(signature) else b"\1\0\0\0"
    return bytes(image)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boot", required=True, help="bin/boot.bin")
    parser.add_argument("--kernel", required=True, help="bin/kernel.bin")
    parser.add_argument("--init", help="the program that becomes 0:/init.elf")
    parser.add_argument("--file", action="append", default=[], metavar="HOST[=NAME]",
                        help="a further file, NAME may have folders (dir/name.txt)")
    parser.add_argument("--volume", help="a finished FAT16 volume instead of --init and --file")
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    try:
        if arguments.volume:
            volume = read_file(arguments.volume)
        else:
            volume = make_volume(files_to_copy(arguments.init, arguments.file))
        image = make_image(read_file(arguments.boot), read_file(arguments.kernel), volume)
        with open(arguments.output + ".part", "wb") as file:
            file.write(image)
        os.replace(arguments.output + ".part", arguments.output)
    except ImageError as error:
        print(f"mkimage: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
