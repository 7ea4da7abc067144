#!/usr/bin/env python3
"""Looks at the images of tools/mkimage.py with other people's tools: fsck.fat, mtools, sfdisk.

Boot sector and kernel are dummies here; test_boot.py boots them.
"""

import os
import random
import re
import stat
import struct
import subprocess
import sys
import tempfile
from unittest import mock

import suite
import mkkernel
import output

SECTOR = 512
PARTITION_LBA = 2048
TABLE_OFFSET = 0x1BE
CLUSTER = 2048  # of the smallest volume
KERNEL_SECTORS_MAX = PARTITION_LBA - 1
FAT16_CLUSTERS = range(4085, 65525)  # Microsoft's FAT specification: fewer is FAT12, more FAT32
ENVIRONMENT = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin",
               "MTOOLS_SKIP_CHECK": "0", "LC_ALL": "C.UTF-8"}
UNPACK_MARGIN_BYTES = 4096  # src/layout.h
ENTRY_BYTES = 36  # of a kernel that is made here
BOOT = bytes(510) + b"\x55\xaa"
KERNEL = b"kern" * (3 * SECTOR // 4)


def run(*command, binary=False):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=not binary, check=False, env=ENVIRONMENT)


def pattern(size):
    """Bytes that no shift by whole sectors leaves the same."""
    return b"".join(struct.pack("<I", word * 2654435761 & 0xFFFFFFFF)
                    for word in range(-(-size // 4)))[:size]


def elf_header(bits=32, kind=2, machine=3):
    """The first 20 bytes of an ELF file, by default of a program for i386."""
    return b"\x7fELF" + bytes((bits // 32, 1, 1)) + bytes(9) + struct.pack("<HH", kind, machine)


class Case:
    """A folder with a dummy boot sector and kernel, and the image that is made there."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.image = self.path("image.bin")
        self.files = {}
        self.write("boot.bin", BOOT)
        self.write("kernel.bin", KERNEL)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def add(self, name, data):
        """A file that the image shall have; the arguments that put it there."""
        self.files[name] = data
        return ["--file", self.write(f"file{len(self.files)}", data) + "=" + name]

    def make(self, *arguments, output=None):
        return run(sys.executable, "tools/mkimage.py", "--boot", self.path("boot.bin"), "--kernel",
                   self.path("kernel.bin"), "--output", output or self.image, *arguments)

    def read(self, name="image.bin"):
        with open(self.path(name), "rb") as file:
            return file.read()

    def wrong(self):
        """What is wrong with the image, or None."""
        image = self.read()
        return (self.wrong_table(image) or self.wrong_parameters(image[PARTITION_LBA * SECTOR:]) or
                self.wrong_for_fsck(image) or self.wrong_files())

    def wrong_table(self, image):
        sectors = len(image) // SECTOR - PARTITION_LBA
        if image[:0x1B8] != BOOT[:0x1B8] or image[510:512] != b"\x55\xaa":
            return "the boot sector is not at LBA 0"
        if image[SECTOR:SECTOR + len(KERNEL)] != KERNEL:
            return "the kernel is not at LBA 1"
        if any(image[SECTOR + len(KERNEL):PARTITION_LBA * SECTOR]):
            return "something lies between kernel and partition"
        if image[0x1BC:0x1BE] != bytes(2) or any(image[TABLE_OFFSET + 16:510]):
            return "something lies in the other three partition entries"
        for place, lba in ((1, PARTITION_LBA), (5, PARTITION_LBA + sectors - 1)):
            head, low, cylinder = image[TABLE_OFFSET + place:TABLE_OFFSET + place + 3]
            address = (((low & 0xC0) << 2 | cylinder) * 255 + head) * 63 + (low & 63) - 1
            if address != lba:
                return f"LBA {lba} has a CHS address that means {address}"
        said = run("sfdisk", "-d", self.image)
        lines = [line for line in said.stdout.split("\n") if "start=" in line]
        wanted = rf": start= *{PARTITION_LBA}, size= *{sectors}, type=e, bootable$"
        if len(lines) != 1 or not re.search(wanted, lines[0]):
            return f"sfdisk -d says {said.stdout!r} {said.stderr!r}"
        verified = run("sfdisk", "-V", self.image)
        if verified.returncode != 0:
            return f"sfdisk -V says {verified.stdout!r} {verified.stderr!r}"
        return None

    @staticmethod
    def wrong_parameters(volume):
        """The BIOS parameter block against the volume."""
        sector, cluster_sectors, reserved, fats, root_entries, small = struct.unpack_from(
            "<HBHBHH", volume, 11)
        fat_sectors = struct.unpack_from("<H", volume, 22)[0]
        hidden, large = struct.unpack_from("<II", volume, 28)
        total = small or large
        if (sector, fats, hidden, total) != (SECTOR, 2, PARTITION_LBA, len(volume) // SECTOR):
            return (f"{sector} bytes per sector, {fats} FATs, {hidden} hidden sectors, {total} in "
                    f"all; the volume has {len(volume)} bytes")
        data = total - reserved - fats * fat_sectors - root_entries * 32 // SECTOR
        clusters = data // cluster_sectors
        if clusters not in FAT16_CLUSTERS or fat_sectors * SECTOR < (clusters + 2) * 2:
            return f"{clusters} clusters and FATs of {fat_sectors} sectors are no FAT16"
        return None

    def wrong_for_fsck(self, image):
        volume = self.write("volume", image[PARTITION_LBA * SECTOR:])
        said = run("fsck.fat", "-n", volume)
        # The version and the counts; every line more is a complaint, and not each gives a status.
        if said.returncode != 0 or len(said.stdout.strip().split("\n")) != 2 or said.stderr:
            return f"fsck.fat -n says {said.stdout} {said.stderr}"
        return None

    def wrong_files(self):
        place = self.image + "@@1M"
        said = run("mdir", "-/", "-b", "-i", place)
        listed = {line[3:].lower() for line in said.stdout.split("\n")
                  if line.startswith("::/") and not line.endswith("/")}
        empty = not self.files and "not found" in said.stderr  # mdir's word for an empty root
        if said.returncode != 0 and not empty or listed != {name.lower() for name in self.files}:
            return f"mdir lists {sorted(listed)} {said.stderr}"
        for name, data in self.files.items():
            back = run("mtype", "-i", place, "::" + name, binary=True)
            if back.returncode != 0 or back.stdout != data:
                return f"{name}: {len(back.stdout)} bytes, not the {len(data)} right ones"
        copy = self.path("copy")
        for name, data in list(self.files.items())[:1]:
            got = run("mcopy", "-n", "-i", place, "::" + name, copy)
            if got.returncode != 0 or self.read("copy") != data:
                return f"mcopy of {name}: {got.stderr}"
        return None

    def good(self, *arguments):
        """What is wrong with the image of these arguments, or None."""
        made = self.make(*arguments)
        if made.returncode != 0 or made.stdout or made.stderr:
            return f"mkimage.py: status {made.returncode}, {made.stdout} {made.stderr}"
        return self.wrong()

    def refused(self, words, *arguments):
        """Why these arguments were not refused as they must be, or None."""
        made = self.make(*arguments)
        lines = made.stderr.rstrip("\n").split("\n")
        if made.returncode != 1:
            return f"status {made.returncode}, {made.stderr!r}"
        if len(lines) != 1 or words not in lines[0]:
            return f"it said {made.stderr!r}"
        left = [name for name in os.listdir(self.directory.name) if name.startswith("image.bin")]
        return f"it left {left}" if left else None


# ---------------------------------------------------------------- good images


def no_files(case):
    return case.good()


def init_file(case):
    case.files["init.elf"] = elf_header() + pattern(12345)
    return case.good("--init", case.write("program", case.files["init.elf"]))


def file_sizes(case):
    sizes = (0, 1, CLUSTER - 1, CLUSTER, CLUSTER + 1, 1 << 20)
    return case.good(*[word for size in sizes
                       for word in case.add(f"{size}.dat", pattern(size))])


def many_files(case):
    """More than a cluster of entries in a folder, and many in the root."""
    names = [f"f{number}.txt" for number in range(60)]
    names += [f"deep/g{number}.txt" for number in range(CLUSTER // 32 + 6)]
    return case.good(*[word for name in names for word in case.add(name, name.encode())])


def full_root(case):
    """512 entries, one of them the label."""
    return case.good(*[word for number in range(511) for word in case.add(f"f{number}", b"x")])


def subdirectories(case):
    names = ("a/b/c/d.txt", "a/b/e.txt", "a/f.txt", "g/d.txt", "noext", "eight888.thr")
    return case.good(*[word for name in names for word in case.add(name, name.encode() * 500)])


def name_of_host_file(case):
    case.files["Hello.Txt"] = b"hello"
    return case.good("--file", case.write("Hello.Txt", b"hello"))


def large_file(case):
    why = case.good(*case.add("large.bin", pattern(40 << 20)), *case.add("small.bin", b"x"))
    size = os.path.getsize(case.image)
    return why or (None if size > 41 << 20 else f"the image has {size} bytes")


def twice(case):
    arguments = [*case.add("one.txt", pattern(5000)), *case.add("two/three.txt", b"3")]
    why = case.good(*arguments)
    if why:
        return why
    os.utime(case.path("file1"), (1, 1))
    made = case.make(*arguments, output=case.path("again"))
    if made.returncode != 0:
        return made.stderr
    if case.read() != case.read("again"):
        return "the two images differ"
    reversed_order = case.make(*arguments[2:], *arguments[:2], output=case.path("again"))
    if reversed_order.returncode != 0 or case.read() != case.read("again"):
        return "the order of the arguments matters"
    case.write("file1", pattern(4999) + b"!")
    case.make(*arguments, output=case.path("again"))
    first, second = (case.read(name)[0x1B8:0x1BC] for name in ("image.bin", "again"))
    return "other content, the same signature" if first == second else None


def replaces(case):
    case.write("image.bin", b"old")
    return case.good(*case.add("new.txt", b"new"))


def kernel_fills_gap(case):
    kernel = pattern(KERNEL_SECTORS_MAX * SECTOR)
    case.write("kernel.bin", kernel)
    made = case.make()
    if made.returncode != 0:
        return made.stderr
    image = case.read()
    if image[SECTOR:PARTITION_LBA * SECTOR] != kernel:
        return "the kernel is not whole"
    return case.wrong_parameters(image[PARTITION_LBA * SECTOR:])


# ---------------------------------------------------------------- bad input


def missing(option):
    def test(case):
        path = case.path("nowhere")
        return case.refused("nowhere", option, path)
    return test


def bad_host_name(case):
    host = case.write("a:b", b"x")
    return case.refused(f"({host}=NAME)", "--file", host)


def bad_name(name):
    def test(case):
        return case.refused(f"'{name.split('/')[-1]}'", "--file", case.write("host", b"x") + "=" + name)
    return test


def long_names(case):
    """A folder has the spelling that came first."""
    names = ("Readme of this disk.text", "a.b.c", "Long folder/ninechars.txt", "Long folder/\u00e9t\u00e9.txt", ".profile",
             "x" * 255)
    arguments = [word for name in names for word in case.add(name, name.encode())]
    other = case.add("LONG FOLDER/second one.txt", b"2")
    case.files["Long folder/second one.txt"] = case.files.pop("LONG FOLDER/second one.txt")
    return case.good(*arguments, *other)


def long_duplicate(case):
    host = case.write("host", b"x")
    return case.refused("two files", "--file", host + "=A long name", "--file", host + "=a LONG name")


def root_too_full_of_long_names(case):
    host = case.write("host", b"x")
    return case.refused("take 600 places", *[word for number in range(200)
                                             for word in ("--file", f"{host}=long name {number}.txt")])


def duplicate(case):
    host = case.write("host", b"x")
    return case.refused("one.txt", "--file", host + "=one.txt", "--file", host + "=ONE.TXT")


def duplicate_of_init(case):
    host = case.write("host", elf_header())
    return case.refused("init.elf", "--init", host, "--file", host + "=init.elf")


def file_and_folder(case):
    host = case.write("host", b"x")
    return case.refused("a", "--file", host + "=a", "--file", host + "=a/b")


def a_folder_as_file(case):
    return case.refused("cannot read", "--file", case.directory.name + "=x")


def root_too_full(case):
    host = case.write("host", b"x")
    return case.refused("root", *[word for number in range(512)
                                  for word in ("--file", f"{host}=f{number}")])


def bad_part(part, data, words):
    def test(case):
        case.write(part, data)
        return case.refused(words)
    return test


def bad_volume(data):
    def test(case):
        return case.refused("volume", "--volume", case.write("other", data))
    return test


def bad_init(data, words):
    def test(case):
        path = case.write("program", data)
        return (case.refused(words, "--init", path) or
                case.refused("must be a static 32-bit ELF program", "--init", path))
    return test


def output_is(make_it, words):
    """What is in the output's place stays there, by its own name and by a link's."""
    def test(case):
        target, link = case.path("target"), case.path("link")
        make_it(target)
        os.symlink(target, link)
        before = os.lstat(target)
        for path in (target, link):
            made = case.make(output=path)
            lines = made.stderr.rstrip("\n").split("\n")
            if made.returncode != 1 or len(lines) != 1 or words not in lines[0]:
                return f"status {made.returncode}, {made.stderr!r}"
        after = os.lstat(target)
        same = (before.st_mode, before.st_rdev, before.st_ino) == (after.st_mode, after.st_rdev,
                                                                   after.st_ino)
        return None if same and os.path.islink(link) else "it was replaced"
    return test


def output_is_a_disk(case):
    """A device file needs root: without it, as if the kernel said so of a file."""
    def make_it(path):
        os.mknod(path, stat.S_IFBLK | 0o600, os.makedev(7, 250))  # a loop device that nobody uses
    if os.geteuid() == 0:
        return output_is(make_it, "make usb")(case)
    with mock.patch.object(output.os, "stat", lambda path: mock.Mock(st_mode=stat.S_IFBLK)):
        try:
            output.write(case.path("disk"), b"x")
        except output.OutputError as error:
            return None if "make usb" in str(error) else f"it said {error}"
    return "it was written to"


def output_is_a_link(case):
    """A link to a file is written through, and stays a link."""
    os.symlink(case.write("target", b"old"), case.image)
    why = case.good(*case.add("new.txt", b"new"))
    return why or (None if os.path.islink(case.image) else "the link was replaced")


def names_with_spaces(case):
    """--files reads them as a shell does, and a comma or a space in the output is nothing special."""
    host = case.write("a b, c.txt", b"spaces")
    case.files["ab.txt"] = b"spaces"
    return case.good("--files", f"'{host}=ab.txt'")


def output_is_an_input(case):
    """What the image is made of is not written over, by its own name or by another."""
    case.write("init.elf", elf_header())
    os.symlink(case.path("init.elf"), case.path("link"))
    for name in ("boot.bin", "kernel.bin", "init.elf", "link", "file1"):
        arguments = ["--init", case.path("init.elf"), *case.add("a.txt", b"text")]
        case.files.clear()
        before = case.read(name)
        for check in ([], ["--check"]):
            made = case.make(*arguments, *check, output=case.path(name))
            if made.returncode != 1 or "the image is made of that file" not in made.stderr or \
                    case.read(name) != before:
                return f"{name}: status {made.returncode}, {made.stderr!r}"
    return None


def input_is_no_file(case):
    """A device without an end, a pipe without a writer: neither is waited for."""
    os.mkfifo(case.path("pipe"))
    for path in ("/dev/zero", case.path("pipe")):
        made = run("timeout", "60", sys.executable, "tools/mkimage.py", "--check", "--output", case.image,
                   "--file", path + "=a.txt")
        if made.returncode != 1 or "it is no ordinary file" not in made.stderr:
            return f"{path}: {made!r}"
    return None


def kernel_to_a_pipe(case):
    """tools/mkkernel.py goes by the same rule."""
    os.mkfifo(case.path("pipe"))
    case.write("raw", bytes(8) + struct.pack("<I", 0x4B505244) + bytes(500))
    made = run("timeout", "60", sys.executable, "tools/mkkernel.py", case.path("raw"), case.path("pipe"))
    return None if made.returncode == 1 and "is a pipe" in made.stderr else repr(made)


def unpack(memory, read, write, end):
    """As the kernel's entry code: one LZ4 block at read, unpacked to write, which is end in the end. The block's
    place may be overwritten. The end of what was read."""
    def length(bits):
        nonlocal read
        more = 255 if bits == 15 else 0
        while more == 255:
            more = memory[read]
            read += 1
            bits += more
        return bits

    start = write
    while True:
        token = memory[read]
        read += 1
        literals = length(token >> 4)
        memory[write:write + literals] = memory[read:read + literals]
        read += literals
        write += literals
        if write >= end:
            assert write == end, "it unpacks to too much"
            return read
        offset = struct.unpack_from("<H", memory, read)[0]
        read += 2
        assert 1 <= offset <= write - start, f"a match begins {offset} bytes back, of {write - start}"
        for _ in range(length(token & 15) + 4):
            memory[write] = memory[write - offset]
            write += 1


def unpacked(packed, entry_bytes, linked_bytes):
    """The kernel after its entry code: the block moved to the end of the smallest .bss, and unpacked in its place."""
    memory = bytearray(packed) + bytes(max(0, linked_bytes + UNPACK_MARGIN_BYTES - len(packed)))
    end = linked_bytes + UNPACK_MARGIN_BYTES
    block = packed[entry_bytes:]
    memory[end - len(block):end] = block
    read = unpack(memory, end - len(block), entry_bytes, linked_bytes)
    assert not any(packed[read - end:]), "something is behind the block"
    return bytes(memory[:linked_bytes])


def linked_kernel(contents):
    """As the linker makes it: entry code, then the contents."""
    return bytes(8) + struct.pack("<II", 0x4B505244, ENTRY_BYTES) + bytes(range(ENTRY_BYTES - 16)) + contents


def packed_contents():
    """Contents that are hard to pack, each with a name."""
    chance = random.Random(1)
    noise = chance.randbytes(300_000)
    for size in (0, 1, 4, 5, 11, 12, 13, 14, 17, 18, 19, 20, 64):
        yield f"{size} random bytes", noise[:size]
        yield f"{size} equal bytes", b"a" * size
    yield "300,000 random bytes", noise
    yield "300,000 zeros", bytes(300_000)
    for literals in (14, 15, 16, 15 + 254, 15 + 255, 15 + 256, 15 + 510):
        yield f"{literals} literals and a match", noise[:literals] + noise[:4] + noise[1000:1020]
    for match in (18, 19, 20, 19 + 254, 19 + 255, 19 + 256, 19 + 510):
        yield f"a match of {match}", noise[:600] + b"-" + noise[:match] + noise[1000:1020]
    for distance in (1, 2, 3, 4, 5, 65534, 65535, 65536, 65537):
        yield f"a match {distance} back", noise[:distance] * 2 + noise[70_000:70_020]
    yield "few kinds of bytes", bytes(chance.choices(b"ab\0", k=50_000))
    yield "runs", b"".join(bytes([chance.randrange(4)]) * chance.randrange(40) for _ in range(3000))
    yield "noise behind zeros", bytes(100_000) + noise
    yield "zeros behind noise", noise + bytes(100_000)


def kernels_are_unpacked(_):
    for name, contents in packed_contents():
        linked = linked_kernel(contents)
        packed = mkkernel.make(linked)
        if len(packed) % SECTOR or struct.unpack_from("<I", packed, 12)[0] != len(packed):
            return f"{name}: {len(packed)} bytes, and the header has another size"
        if packed[24:ENTRY_BYTES] != linked[24:ENTRY_BYTES]:
            return f"{name}: the entry code is changed"
        try:
            if unpacked(packed, ENTRY_BYTES, len(linked))[ENTRY_BYTES:] != contents:
                return f"{name}: it unpacks to something else"
        except (AssertionError, IndexError) as error:
            return f"{name}: {error}"
    zeros = len(mkkernel.make(linked_kernel(bytes(300_000))))
    return None if zeros < 3000 else f"300,000 zeros are packed into {zeros} bytes"


def the_kernel_is_unpacked(case):
    """bin/kernel.bin unpacks to what was linked, and it is worth it."""
    subprocess.run(["make", "-s", "bin/kernel.bin"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["objcopy", "-O", "binary", "bin/kernel.elf", case.path("linked")], check=True)
    linked = case.read("linked")
    with open("bin/kernel.bin", "rb") as file:
        packed = file.read()
    entry_bytes = struct.unpack_from("<I", linked, 12)[0]
    if unpacked(packed, entry_bytes, len(linked))[24:] != linked[24:]:
        return "it unpacks to something else"
    return None if len(packed) < len(linked) * 3 // 4 else f"{len(packed)} bytes of {len(linked)}"


def refuses_kernel(case, raw, sentence):
    case.write("raw", raw)
    made = run(sys.executable, "tools/mkkernel.py", case.path("raw"), case.path("packed"))
    return None if made.returncode == 1 and sentence in made.stderr else repr(made)


def kernel_grows(case):
    """What cannot be packed grows: where that needs more room than there is at the end, it is refused."""
    noise = random.Random(2).randbytes(1_043_000)
    for contents in (noise, bytes(100_000) + noise):
        why = refuses_kernel(case, linked_kernel(contents), "cannot be unpacked in its place")
        if why:
            return why
    return None


def entry_code_of_wrong_size(case):
    for size in (1, 23, 513):
        raw = bytes(8) + struct.pack("<II", 0x4B505244, size) + bytes(496)
        why = refuses_kernel(case, raw, f"the entry code has {size} bytes")
        if why:
            return why
    return None


def no_room_for_output(case):
    made = case.make(output=case.path("nowhere/image.bin"))
    lines = made.stderr.rstrip("\n").split("\n")
    return None if made.returncode == 1 and len(lines) == 1 else f"it said {made.stderr!r}"


TESTS = [
    ("image: no files", no_files),
    ("image: init", init_file),
    ("image: files of 0, 1, 2047, 2048, 2049 bytes, 1 MiB", file_sizes),
    ("image: many files", many_files),
    ("image: a full root directory", full_root),
    ("image: folders", subdirectories),
    ("image: the host file's own name", name_of_host_file),
    ("image: a file of 40 MiB", large_file),
    ("image: the same input, the same bytes", twice),
    ("image: an old one is replaced", replaces),
    ("image: a kernel that fills the gap", kernel_fills_gap),
    ("refused: missing file", missing("--file")),
    ("refused: missing init", missing("--init")),
    ("refused: missing volume", missing("--volume")),
    ("image: long names", long_names),
    ("refused: a long name twice", long_duplicate),
    ("refused: too many long names for the root directory", root_too_full_of_long_names),
    ("refused: a host's name that is no name there", bad_host_name),
    *[(f"refused: name {name!r}", bad_name(name)) for name in
      ("a:b", "a?", "a\\b", "a\tb", "end.", "end ", "x" * 256, "a/", "a//", "a/..", "d/.")],
    ("refused: a name twice", duplicate),
    ("refused: a second init.elf", duplicate_of_init),
    ("refused: a name for a file and a folder", file_and_folder),
    ("refused: a folder as file", a_folder_as_file),
    ("refused: a file too many for the root directory", root_too_full),
    ("refused: boot sector of 511 bytes", bad_part("boot.bin", BOOT[1:], "boot sector")),
    ("refused: boot sector of 513 bytes", bad_part("boot.bin", b"\0" + BOOT, "boot sector")),
    ("refused: boot sector without 55 AA", bad_part("boot.bin", bytes(512), "boot sector")),
    ("refused: empty kernel", bad_part("kernel.bin", b"", "kernel")),
    ("refused: kernel of 511 bytes", bad_part("kernel.bin", bytes(511), "whole sectors")),
    ("refused: kernel too large",
     bad_part("kernel.bin", bytes((KERNEL_SECTORS_MAX + 1) * SECTOR), "2048 sectors")),
    ("refused: empty volume", bad_volume(b"")),
    ("refused: volume of 513 bytes", bad_volume(bytes(513))),
    ("refused: output in no folder", no_room_for_output),
    ("refused: init is a text", bad_init(b"hello\n" * 9, "it is no ELF file")),
    ("refused: init is empty", bad_init(b"", "it is no ELF file")),
    ("refused: init is cut off", bad_init(elf_header()[:19], "it is no ELF file")),
    ("refused: init is for 64 bits", bad_init(elf_header(64, 2, 62), "64-bit machines")),
    ("refused: init is for ARM", bad_init(elf_header(32, 2, 40), "another machine")),
    ("refused: init is an object file", bad_init(elf_header(32, 1), "no finished program")),
    ("refused: init is a -pie", bad_init(elf_header(32, 3), "no finished program")),
    ("refused: output is a folder", output_is(os.mkdir, "it is a folder")),
    ("refused: output is a pipe", output_is(os.mkfifo, "it is a pipe")),
    ("refused: output is a disk", output_is_a_disk),
    ("refused: output is a device",
     lambda case: output_is(lambda path: os.symlink("/dev/null", path), "it is a device")(case)),
    ("refused: output is an input", output_is_an_input),
    ("refused: input is no file", input_is_no_file),
    ("refused: kernel into a pipe", kernel_to_a_pipe),
    ("kernel: packed and unpacked in its place, the same bytes", kernels_are_unpacked),
    ("kernel: bin/kernel.bin unpacks to what was linked", the_kernel_is_unpacked),
    ("refused: a kernel that cannot be unpacked in its place", kernel_grows),
    ("refused: entry code longer than the kernel, or shorter than the header", entry_code_of_wrong_size),
    ("image: output is a link to a file", output_is_a_link),
    ("image: names with spaces and commas", names_with_spaces),
]


def in_a_case(test):
    """The test with a folder of its own."""
    def run_test():
        case = Case()
        try:
            return test(case)
        finally:
            case.directory.cleanup()
    return run_test


def main():
    suite.run_tests([(name, in_a_case(test)) for name, test in TESTS])
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
