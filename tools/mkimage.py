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
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True  # no __pycache__ in the tree
import output  # pylint: disable=wrong-import-position
from mkkernel import SECTOR, layout_constant  # pylint: disable=wrong-import-position

PARTITION_LBA = layout_constant("PARTITION_LBA")
SIGNATURE_OFFSET = layout_constant("DISK_SIGNATURE_OFFSET")
TABLE_OFFSET = layout_constant("PARTITION_TABLE_OFFSET")
KERNEL_SECTORS_MAX = layout_constant("KERNEL_SECTORS_MAX")

PARTITION_ACTIVE = 0x80
PARTITION_TYPE = 0x0E  # FAT16, addressed by LBA
HEADS, TRACK_SECTORS = 255, 63  # the geometry that BIOSes and partition tools assume
MIB = 1 << 20
VOLUME_MIN_BYTES = 16 * MIB
# Below is FAT12, above FAT32 (Microsoft's FAT specification, "FAT type determination").
FAT16_CLUSTERS_MIN, FAT16_CLUSTERS_MAX = 4085, 65524
ROOT_ENTRIES = 512
RESERVED_SECTORS = 128  # with room for the log; more, if it takes more to align the FATs to a cluster
# The log's header (src/fs/fat/log.h): magic, version, serial number, first sector, sectors; their CRC.
LOG_SECTOR, LOG_MAGIC, LOG_VERSION = 16, b"DRUPELOG", 1
FIXED_TIME = 946684800  # 2000-01-01 00:00, the date of all files
FAT_DATE = 20 << 9 | 1 << 5 | 1  # the same in a directory entry: years since 1980, month, day
SMALL_LETTERS = 0x08 | 0x10  # of name and extension (src/fs/fat/format.h: FAT_LOWER_...)
NAME = re.compile(r"[A-Z0-9!#$%&'()@^_`{}~-]{1,8}(\.[A-Z0-9!#$%&'()@^_`{}~-]{1,3})?")
# Any other name is a long one: it takes entries of 13 characters each, beside that of its alias.
NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
NAME_UNITS_MAX, ENTRY_UNITS = 255, 13


class ImageError(Exception):
    """Says in one sentence why there is no image."""


def tool_environment():
    """For mkfs.fat and mtools: found in sbin too, and free of the user's settings."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("MTOOLS")}
    environment["PATH"] = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    environment.update(TZ="UTC", LC_ALL="C.UTF-8", SOURCE_DATE_EPOCH=str(FIXED_TIME),
                       MTOOLSRC=os.devnull, MTOOLS_SKIP_CHECK="1")
    return environment


def run(*command, may_fail=False):
    """The command's status, which is 0 if it may not fail."""
    environment = tool_environment()
    tool = shutil.which(command[0], path=environment["PATH"])
    if not tool:
        raise ImageError(f"{command[0]} is not installed (packages mtools and dosfstools)")
    result = subprocess.run([tool, *command[1:]], env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    if result.returncode != 0 and not may_fail:
        raise ImageError(f"{' '.join(command)} failed: {result.stdout.strip()}")
    return result.returncode


def read_file(path):
    """Its bytes. Devices and pipes have no end, or nobody at the other."""
    try:
        if not (os.path.isfile(path) or os.path.isdir(path)):
            os.stat(path)
            raise ImageError(f"cannot read {path}: it is no ordinary file")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error


def units_of(part):
    """How long a FAT takes the name to be: in UTF-16."""
    return len(part.encode("utf-16-le", "surrogatepass")) // 2


def why_no_name(part):
    """What a FAT has against that name, or None."""
    found = NOT_IN_NAMES.search(part)
    return ("is no name" if part in ("", ".", "..") else
            f"has {found[0]!r} in it, which no name on the disk can have" if found else
            f"ends with {part[-1]!r}, which no name on the disk can" if part[-1] in ". " else
            f"is too long: {NAME_UNITS_MAX} characters are the most" if units_of(part) > NAME_UNITS_MAX else None)


def name_in_volume(path, host):
    """The path of a file inside the volume, checked; 8.3 names in capitals. host: if that is where it comes from."""
    parts = path.lstrip("/").split("/")
    for part in parts:
        why = why_no_name(part)
        if why:
            which = f"'{part}' in '{path}'" if len(parts) > 1 else f"'{path}'"
            advice = ("Give it another name behind the =" if host is None else
                      "Rename the file, or write HOST=NAME to give it another name on the disk"
                      f" ({host}=NAME)")
            raise ImageError(f"{which} {why}. {advice}")
    return "/".join(part.upper() if NAME.fullmatch(part.upper()) else part for part in parts)


def entries_of(part):
    """The name's entries in its folder."""
    return 1 if NAME.fullmatch(part) else 1 + -(-units_of(part) // ENTRY_UNITS)


def folders_of(name):
    """A/B/C.TXT is in the folders A and A/B."""
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


# The beginning of an ELF file, as src/process/elf.c wants it (System V ABI, figure 4-3).
ELF_CLASS, ELF_TYPE, ELF_MACHINE = 4, 16, 18
ELF_CLASS_32, ELF_CLASS_64, ET_EXEC, EM_386, EM_X86_64 = 1, 2, 2, 3, 62


def check_init(path, data, bits):
    """Refuses what the kernel of that many bits could never start. Whether it can start the rest, it says itself."""
    is_64_bit = len(data) > ELF_CLASS and data[ELF_CLASS] == ELF_CLASS_64
    machine = "x86-64" if is_64_bit else "i386"
    if data[:4] != b"\x7fELF" or len(data) < ELF_MACHINE + 2:
        found = "no ELF file"
    elif data[ELF_CLASS] != ELF_CLASS_32 and (bits == 32 or not is_64_bit):
        found = "an ELF file for 64-bit machines"
    elif struct.unpack_from("<H", data, ELF_MACHINE)[0] != (EM_X86_64 if is_64_bit else EM_386):
        found = f"an ELF file for another machine than {machine}"
    elif struct.unpack_from("<H", data, ELF_TYPE)[0] != ET_EXEC:
        found = "an ELF file that is no finished program at a fixed address (it is an object or" \
                " a library, or was linked with -pie)"
    else:
        return
    kinds = "32-bit ELF program for i386" if bits == 32 else "ELF program for x86-64 or i386"
    raise ImageError(f"{path} cannot be init: it is {found}. Init must be a static {kinds},"
                     " linked at 0x400000 (programs/program.ld shows how)")


def files_to_copy(init, extra, bits):
    """{name in the volume: its bytes}"""
    wanted = [(init, "INIT.ELF")] if init else []
    for item in extra:
        host = host_path(item)
        if host == item:
            wanted.append((host, name_in_volume(os.path.basename(item), item)))
        else:
            wanted.append((host, name_in_volume(item[len(host) + 1:], None)))
    files, spellings = {}, {}
    for host, name in wanted:
        # Large and small letters are the same there: a folder has the spelling that came first.
        folder = ""
        for part in name.split("/"):
            folder = spellings.setdefault((folder + part).upper(), folder + part) + "/"
        name = folder[:-1]
        if name in files:
            raise ImageError(f"two files would be called {name.lower()} on the disk")
        files[name] = read_file(host)
    if init:
        check_init(init, files["INIT.ELF"], bits)
    for name in files:
        for folder in folders_of(name):
            if folder in files:
                raise ImageError(f"{folder.lower()} would be a file and a folder on the disk")
    in_root = {name.split("/")[0] for name in files}
    places = sum(entries_of(name) for name in in_root)
    if places > ROOT_ENTRIES - 1:  # one is the volume's label
        raise ImageError(f"{len(in_root)} files and folders do not fit the root directory: their names take"
                         f" {places} places, and it has {ROOT_ENTRIES - 1}")
    return files


def host_path(item):
    """Of HOST or HOST=NAME."""
    host, equals, _ = item.rpartition("=")
    return host if equals and not os.path.exists(item) else item


def check_output(path, inputs, outputs):
    """Refuses to write over what the image is made of, and over the images that make makes itself."""
    for name in inputs:
        if name and os.path.realpath(name) == os.path.realpath(path):
            raise ImageError(f"cannot write {path}: the image is made of that file. Give the image"
                             " another name")
    for name in outputs:
        if os.path.realpath(name) == os.path.realpath(path):
            raise ImageError(f"cannot write {path}: it is one of make's own images, and the next make would"
                             " overwrite yours. Give the image another name")


def clusters_needed(files, cluster_bytes):
    entries = {}  # of each folder, with "." and ".."
    for name in files:
        parts = name.split("/")
        for folder, part in zip(folders_of(name), parts[1:]):
            entries.setdefault(folder, 2)
            entries[folder] += entries_of(part)  # too many for nested folders, never too few
    return (sum(-(-len(data) // cluster_bytes) for data in files.values()) +
            sum(-(-count * 32 // cluster_bytes) for count in entries.values()))


def volume_geometry(files):
    """(bytes of the volume, sectors per cluster): room for the files, and truly FAT16."""
    for cluster_sectors in (4, 8, 16, 32, 64):
        needed = max(clusters_needed(files, cluster_sectors * SECTOR), FAT16_CLUSTERS_MIN)
        # An eighth stays free for files that are copied in later.
        clusters = needed + needed // 8
        overhead = (RESERVED_SECTORS + 2 * cluster_sectors + ROOT_ENTRIES * 32 // SECTOR +
                    2 * (clusters * 2 // SECTOR + cluster_sectors))
        size = -(-(overhead + clusters * cluster_sectors) * SECTOR // MIB) * MIB
        size = max(size, VOLUME_MIN_BYTES)
        if size // SECTOR // cluster_sectors <= FAT16_CLUSTERS_MAX:
            return size, cluster_sectors
    total = sum(len(data) for data in files.values())
    raise ImageError(f"the files ({total // MIB} MiB) do not fit a FAT16 volume (2 GiB)")


def make_volume(files):
    size, cluster_sectors = volume_geometry(files)
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    with tempfile.TemporaryDirectory() as scratch:
        volume = os.path.join(scratch, "volume")
        with open(volume, "wb") as file:
            file.truncate(size)
        # mkfs.fat leaves out sectors that do not fill a track: 32 divides a MiB, 63 does not.
        # --invariant sets the volume's number too: -i comes after it.
        run("mkfs.fat", "-F", "16", "-s", str(cluster_sectors), "-r", str(ROOT_ENTRIES),
            "-h", str(PARTITION_LBA), "-g", f"{HEADS}/32", "-n", "DRUPE", "-R", str(RESERVED_SECTORS),
            "--invariant", "-i", digest.hexdigest()[:8], volume)
        for folder in sorted({folder for name in files for folder in folders_of(name)}):
            run("mmd", "-i", volume, "::" + folder)
        for name in sorted(files):
            copy = os.path.join(scratch, "file")
            with open(copy, "wb") as file:
                file.write(files[name])
            run("mcopy", "-i", volume, copy, "::" + name)
        finished = bytearray(read_file(volume))
    fix_entries(finished)
    add_log(finished)
    struct.pack_into("<HH", finished, 24, TRACK_SECTORS, HEADS)
    return finished


def add_log(volume):
    """Gives the reserved sectors to the log, which makes what Drupe changes survive a power cut."""
    reserved, serial = struct.unpack_from("<H", volume, 14)[0], struct.unpack_from("<I", volume, 39)[0]
    header = struct.pack("<8sIIII", LOG_MAGIC, LOG_VERSION, serial, LOG_SECTOR, reserved - LOG_SECTOR)
    header += struct.pack("<I", zlib.crc32(header))
    volume[LOG_SECTOR * SECTOR:LOG_SECTOR * SECTOR + len(header)] = header


def fix_entries(volume):
    """In every directory entry of a FAT16 volume: the same dates, as mtools puts some of now; and the bits that say
    that the name, which is stored in capitals, is shown in small letters."""
    sector_bytes, cluster_sectors, reserved, fats, root_entries = struct.unpack_from(
        "<HBHBH", volume, 11)
    fat_sectors = struct.unpack_from("<H", volume, 22)[0]
    fat = reserved * sector_bytes
    root = fat + fats * fat_sectors * sector_bytes
    clusters = root + root_entries * 32
    cluster_bytes = cluster_sectors * sector_bytes

    def fix_folder(offset, length):
        for entry in range(offset, offset + length, 32):
            first_byte, attributes = volume[entry], volume[entry + 11]
            if first_byte == 0:
                return
            if attributes == 0x0F:  # part of a long name
                continue
            if not attributes & 0x08 and first_byte != b"."[0]:  # no label
                volume[entry + 12] = SMALL_LETTERS
            # 13: creation in tenths, time, date; last access; 22: last write's time, date
            struct.pack_into("<BHHH", volume, entry + 13, 0, 0, FAT_DATE, FAT_DATE)
            struct.pack_into("<HH", volume, entry + 22, 0, FAT_DATE)
            if attributes & 0x10 and first_byte not in b".\xE5":
                cluster = struct.unpack_from("<H", volume, entry + 26)[0]
                while 2 <= cluster < 0xFFF8:
                    fix_folder(clusters + (cluster - 2) * cluster_bytes, cluster_bytes)
                    cluster = struct.unpack_from("<H", volume, fat + cluster * 2)[0]

    fix_folder(root, root_entries * 32)


def chs(lba):
    """A sector's cylinder, head and sector as the table holds them; the last one if beyond."""
    cylinder, rest = divmod(lba, HEADS * TRACK_SECTORS)
    if cylinder > 1023:
        return bytes((254, 255, 255))
    head, sector = divmod(rest, TRACK_SECTORS)
    return bytes((head, (sector + 1) | (cylinder >> 2 & 0xC0), cylinder & 0xFF))


def make_image(boot, kernel, volume):
    if len(boot) != SECTOR or boot[510:] != b"\x55\xAA":
        raise ImageError("the boot sector is not 512 bytes that end with 55 AA")
    if any(boot[SIGNATURE_OFFSET:510]):
        raise ImageError("the boot sector has bytes of its own where the disk signature and the"
                         " partition table belong")
    if not kernel or len(kernel) % SECTOR:
        raise ImageError("the kernel is not whole sectors (tools/mkkernel.py makes it so)")
    sectors = len(kernel) // SECTOR
    if sectors > KERNEL_SECTORS_MAX:
        raise ImageError(f"the kernel has {sectors} sectors, {sectors - KERNEL_SECTORS_MAX} too"
                         f" many: {KERNEL_SECTORS_MAX} fit before partition 1")
    if not volume or len(volume) % SECTOR:
        raise ImageError("the volume is not whole sectors")
    image = bytearray(boot + kernel)
    image += bytes(PARTITION_LBA * SECTOR - len(image)) + volume
    sectors = len(volume) // SECTOR
    struct.pack_into("<B3sB3sII", image, TABLE_OFFSET, PARTITION_ACTIVE, chs(PARTITION_LBA),
                     PARTITION_TYPE, chs(PARTITION_LBA + sectors - 1), PARTITION_LBA, sectors)
    signature = hashlib.sha256(image).digest()[:4]
    if not any(signature):  # 0 means "none" to other systems
        signature = b"\1\0\0\0"
    image[SIGNATURE_OFFSET:SIGNATURE_OFFSET + 4] = signature
    return image


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boot", metavar="FILE", help="bin/boot.bin")
    parser.add_argument("--kernel", metavar="FILE", help="bin/kernel.bin")
    parser.add_argument("--init", metavar="FILE", help="the program that becomes 0:/init.elf")
    parser.add_argument("--file", action="append", default=[], metavar="HOST[=NAME]",
                        help="a further file; NAME may have folders (dir/name.txt)")
    parser.add_argument("--files", action="append", default=[], metavar="LIST",
                        help="further files, the names between spaces; quotes and \\ as in a shell")
    parser.add_argument("--bits", type=int, choices=(32, 64), default=32,
                        help="of the kernel's words: it runs programs of no more (default: 32)")
    parser.add_argument("--check", action="store_true",
                        help="only look whether init and the files will do, and where it may go")
    parser.add_argument("--volume", metavar="FILE",
                        help="a finished volume instead of --init and --file")
    parser.add_argument("--own", action="append", default=[], metavar="FILE",
                        help="an image that make makes itself: no --output")
    parser.add_argument("--output", required=True, metavar="FILE")
    arguments = parser.parse_args()
    try:
        for names in arguments.files:
            arguments.file += shlex.split(names)
    except ValueError as error:
        parser.error(f"--files: {error}")
    if arguments.volume and (arguments.init or arguments.file):
        parser.error("--volume takes the place of --init and --file")
    if not arguments.check and not (arguments.boot and arguments.kernel):
        parser.error("--boot and --kernel are needed")
    try:
        output.ordinary_file(arguments.output)
        check_output(arguments.output, [arguments.boot, arguments.kernel, arguments.init,
                                        arguments.volume, *map(host_path, arguments.file)],
                     arguments.own)
        if arguments.check:
            files_to_copy(arguments.init, arguments.file, arguments.bits)
            return 0
        boot, kernel = read_file(arguments.boot), read_file(arguments.kernel)
        if arguments.volume:
            volume = read_file(arguments.volume)
        else:
            volume = make_volume(files_to_copy(arguments.init, arguments.file, arguments.bits))
        output.write(arguments.output, make_image(boot, kernel, volume))
    except (ImageError, output.OutputError) as error:
        print(f"mkimage: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
