#!/usr/bin/env python3
"""tools/usb.py against made-up machines, and once as a program.

A machine is a folder with sys, proc and dev. Its disks are plain files in dev, with what they are
told to be in sysfs. No test opens a device of the real machine; one reads the real sysfs.
"""

import contextlib
import errno
import io
import os
import subprocess
import sys
import tempfile
from unittest import mock

import suite
from suite import test
import usb

IMAGE = "bin/hello.bin"
MIB = 1 << 20
DISK_BYTES = 20 * MIB
BLANK = (b"\xA5\x5A\xC3" * (DISK_BYTES // 3 + 1))[:DISK_BYTES]  # what is on a disk before


class Machine(usb.System):
    """A PC with its own disk sda (sda1 is /), a stick sdb (two partitions), a card reader and a CD
    drive."""

    def __init__(self, root):
        super().__init__(root)
        self.numbers = {}   # {path: device number}
        self.replaced = None  # what an opened device turns out to be
        self.add_disk("sda", "8:0", "pci0000:00/ata1", vendor="ATA", model="System SSD  ")
        self.add_partition("sda", "sda1", "8:1", "pci0000:00/ata1")
        self.add_disk("sdb", "8:16", "pci0000:00/usb1/1-2", vendor="Kingston",
                      model="DataTraveler 3.0", removable="1")
        self.add_partition("sdb", "sdb1", "8:17", "pci0000:00/usb1/1-2")
        self.add_partition("sdb", "sdb2", "8:18", "pci0000:00/usb1/1-2")
        self.add_disk("sdc", "8:32", "pci0000:00/usb1/1-3", model="Card Reader", removable="1",
                      size="0")
        self.add_disk("sr0", "11:0", "pci0000:00/ata2", model="DVD", removable="1")
        self.write("proc/self/mountinfo",
                   "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
                   "27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw")
        self.write("proc/swaps", "Filename\tType\tSize\tUsed\tPriority")

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode() + b"\n")

    def add_device(self, name, number, folder, **attributes):
        for attribute, value in {"dev": number, **attributes}.items():
            self.write(f"{folder}/{attribute}", value)
        for link in [f"sys/dev/block/{number}"] + ([f"sys/block/{name}"] *
                                                   ("partition" not in attributes)):
            os.makedirs(os.path.join(self.root, os.path.dirname(link)), exist_ok=True)
            os.symlink(os.path.join(self.root, folder), os.path.join(self.root, link))
        self.write(f"dev/{name}", BLANK if name == "sdb" else b"disk")
        self.numbers[f"{self.root}/dev/{name}"] = number

    def add_disk(self, name, number, place, model="", vendor="", removable="0",
                 size=str(DISK_BYTES // 512)):
        folder = f"sys/devices/{place}/block/{name}"
        self.add_device(name, number, folder, size=size, removable=removable, ro="0")
        self.write(f"{folder}/device/model", model)
        self.write(f"{folder}/device/vendor", vendor)

    def add_partition(self, disk, name, number, place):
        self.add_device(name, number, f"sys/devices/{place}/block/{disk}/{name}", partition="1")

    def add_mapped(self, part, name, number):
        """A mapped device (LUKS, LVM) made of a partition."""
        folder = f"sys/devices/virtual/block/{name}"
        self.add_device(name, number, folder, size="2048", removable="0")
        holders = os.path.join(os.path.realpath(f"{self.root}/sys/dev/block/{part}"), "holders")
        os.makedirs(holders)
        os.symlink(os.path.join(self.root, folder), os.path.join(holders, name))

    def mount(self, number, point, source):
        with open(f"{self.root}/proc/self/mountinfo", "a", encoding="utf-8") as file:
            file.write(f"40 27 {number} / {point} rw - vfat {source} rw\n")

    def attribute(self, disk, name, value):
        self.write(f"sys/block/{disk}/{name}", value)

    def device_number(self, path):
        os.stat(self.path(path))
        return self.numbers.get(os.path.realpath(self.path(path)))

    def number_of_open(self, descriptor):
        return self.replaced or self.numbers[os.readlink(f"/proc/self/fd/{descriptor}")]

    def disk_bytes(self, name="sdb"):
        with open(f"{self.root}/dev/{name}", "rb") as file:
            return file.read()


@contextlib.contextmanager
def machine():
    with tempfile.TemporaryDirectory() as folder:
        # Its own path must not look like that of a USB device.
        root = os.path.join(os.path.realpath(folder), "usb9", "machine")
        os.makedirs(root)
        yield Machine(root)


def tool(system, *arguments):
    """(status, standard output, standard error)"""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), \
            mock.patch("sys.stdin", io.StringIO()):
        status = usb.main([*arguments], system)
    return status, out.getvalue(), err.getvalue()


def refused(name, sentence, device="/dev/sdb", options=("--yes",), change=None, image=IMAGE,
            is_untouched=True, patch=contextlib.nullcontext()):
    """The tool must end with status 1 and exactly that sentence, and leave the stick alone."""
    with machine() as system:
        if change:
            change(system)
        before = system.disk_bytes()
        with patch:
            status, _, said = tool(system, *options, image, device)
        if status != 1 or said != f"usb: {sentence}\n":
            test(name, f"status {status}, it said {said!r}")
        elif is_untouched and system.disk_bytes() != before:
            test(name, "the stick was changed")
        else:
            test(name, None)


def image_bytes():
    with open(IMAGE, "rb") as file:
        return file.read()


def wrong_content(found, image):
    if found[:len(image)] != image:
        return "the image is not on it"
    if found[len(image):] != BLANK[len(image):]:
        return "what lies behind the image has changed"
    return None


def failing(number, after=0, real=None):
    """In place of os.pwrite and others: fails from the call after that many on."""
    calls = [0]

    def call(*arguments):
        calls[0] += 1
        if real and calls[0] <= after:
            return real(*arguments)
        raise OSError(number, os.strerror(number))
    return call


STICKS = ("Removable and USB disks:\n"
          "    /dev/sdb   21.0 MB  Kingston DataTraveler 3.0\n")


def test_sentences():
    for arguments in ([], [IMAGE], [IMAGE, ""]):
        with machine() as system:
            said = tool(system, *arguments)
        test(f"usage with {len(arguments)} arguments, and what is plugged in",
               said != (2, "", "usage: make usb DEV=/dev/sdX\n" + STICKS) and repr(said))
    with tempfile.TemporaryDirectory() as folder:
        said = tool(usb.System(folder), IMAGE, "")
        test("usage with nothing plugged in",
               "No removable or USB disk is plugged in." not in said[2] and repr(said))


def test_refusals():
    refused("no such device", "there is no /dev/sdq\n" + STICKS.rstrip(), "/dev/sdq")
    refused("not a device", "/dev is not a block device", "/dev")
    refused("a plain file without --file", "/dev/disk.img is a plain file, not a disk (--file"
            " writes to it all the same)", "/dev/disk.img", change=lambda m: m.write("dev/disk.img", b"x"))
    refused("a partition", "/dev/sdb2 is a partition of /dev/sdb, and the image is a whole disk:"
            " use DEV=/dev/sdb if all of it may be lost", "/dev/sdb2")
    refused("a mounted partition", "/dev/sdb2 is mounted on /media/my stick: unmount it first"
            " (umount '/media/my stick')",
            change=lambda m: m.mount("8:18", r"/media/my\040stick", "/dev/sdb2"))
    refused("the disk itself mounted",
            "/dev/sdb is mounted on /mnt: unmount it first (umount /mnt)",
            change=lambda m: m.mount("8:16", "/mnt", "/dev/sdb"))
    refused("mounted under a number of its own (btrfs)", "/dev/sdb1 is mounted on /mnt: unmount it"
            " first (umount /mnt)", change=lambda m: m.mount("0:40", "/mnt", "/dev/sdb1"))

    def encrypt(system):
        system.add_mapped("8:17", "dm-0", "252:0")
        system.mount("252:0", "/mnt", "/dev/mapper/secret")
    refused("a mapped device on a partition mounted",
            "/dev/dm-0 is mounted on /mnt: unmount it first (umount /mnt)", change=encrypt)
    refused("no table of mounts", "cannot read /proc/self/mountinfo, so any disk may be in use",
            change=lambda m: os.remove(f"{m.root}/proc/self/mountinfo"))
    refused("swap on a partition",
            "/dev/sdb1 is in use as swap: end that first (swapoff /dev/sdb1)",
            change=lambda m: m.write("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n"
                                     "/dev/sdb1    partition\t8\t0\t-2"))
    refused("the disk that holds /", "/dev/sda holds / of this system", "/dev/sda")
    refused("the disk that holds /, though fixed disks are allowed",
            "/dev/sda holds / of this system", "/dev/sda", ("--yes", "--allow-fixed-disk"))
    refused("the stick that holds /", "/dev/sdb holds / of this system",
            change=lambda m: m.mount("8:17", "/", "/dev/sdb1"))
    refused("a fixed disk", "/dev/sdd (Backup HDD) is neither removable nor on USB"
            " (--allow-fixed-disk writes to it all the same)", "/dev/sdd",
            change=lambda m: m.add_disk("sdd", "8:48", "pci0000:00/ata3", model="Backup HDD"))
    refused("a disk unknown to sysfs", "/sys knows nothing of /dev/sdb, so it may be in use",
            change=lambda m: os.remove(f"{m.root}/sys/dev/block/8:16"))
    refused("a disk without a number in sysfs",
            "/sys knows nothing of /dev/sdb, so it may be in use",
            change=lambda m: os.remove(f"{m.root}/sys/block/sdb/dev"))
    refused("no medium", "/dev/sdc (Card Reader) has no medium in it", "/dev/sdc")
    refused("write-protected", "/dev/sdb (Kingston DataTraveler 3.0) is write-protected",
            change=lambda m: m.attribute("sdb", "ro", "1"))
    size = os.path.getsize(IMAGE)
    refused("one sector too small",
            f"/dev/sdb is too small: it has {size - 512} bytes, the image {size}",
            change=lambda m: m.attribute("sdb", "size", str(size // 512 - 1)))
    refused("another device after it was opened", "/dev/sdb became another device meanwhile",
            change=lambda m: setattr(m, "replaced", "8:0"))
    for number, sentence in (
            (errno.EACCES, "no permission to write to /dev/sdb: use sudo"
                           f" (sudo python3 tools/usb.py {IMAGE} /dev/sdb)"),
            (errno.EBUSY, "/dev/sdb is in use by something that /proc does not show"),
            (errno.EIO, "cannot open /dev/sdb: Input/output error")):
        refused(f"open fails with {errno.errorcode[number]}", sentence,
                patch=mock.patch("usb.os.open", failing(number)))
    # make usb recommends make's variables, and no option that it cannot take.
    refused("make: no terminal to ask on", "there is no terminal to ask on (YES=1 writes without asking)",
            options=("--make",))
    refused("make: a fixed disk", "/dev/sdd (Backup HDD) is neither removable nor on USB"
            " (FIXED=1 writes to it all the same)", "/dev/sdd", ("--make", "--yes"),
            change=lambda m: m.add_disk("sdd", "8:48", "pci0000:00/ata3", model="Backup HDD"))
    refused("make: a plain file", "/dev/disk.img is a plain file, not a disk", "/dev/disk.img",
            ("--make", "--yes"), change=lambda m: m.write("dev/disk.img", b"x"))
    refused("--check refuses as well", "there is no /dev/sdz\n" + STICKS.rstrip("\n"), "/dev/sdz",
            ("--check",))
    with machine() as system:
        before = system.disk_bytes()
        said = tool(system, "--check", "no image yet", "/dev/sdb")
        test("--check of a good stick: no question, no image, nothing written",
             (said != (0, "", "") or system.disk_bytes() != before) and repr(said))
    refused("no terminal to ask on", "there is no terminal to ask on (--yes writes without asking)",
            options=())
    refused("no image", "cannot read bin/none.bin: No such file or directory", image="bin/none.bin")
    refused("an image that does not boot", "bin/kernel.bin is not an image of a bootable disk",
            image="bin/kernel.bin")


def test_writing():
    image = image_bytes()
    opened = []

    def watch(path, flags, *arguments):
        opened.append(flags)
        return os_open(path, flags, *arguments)
    os_open = os.open
    with machine() as system:
        with mock.patch("usb.os.open", watch):
            status, said, errors = tool(system, "--yes", IMAGE, "/dev/sdb")
        test("a stick is written, the rest of it left alone",
               errors if status else wrong_content(system.disk_bytes(), image))
        test("a stick is opened exclusively",
               [bool(flags & os.O_EXCL) for flags in opened] != [True] and repr(opened))
        test("model, size and the next step are printed",
               not (said.startswith("/dev/sdb: Kingston DataTraveler 3.0, 21.0 MB\n") and
                    "boot menu" in said) and repr(said))
    with machine() as system:
        os.symlink("sdb", f"{system.root}/dev/stick")
        status, _, errors = tool(system, "--yes", IMAGE, "/dev/stick")
        test("a link to a stick is followed",
               errors if status else wrong_content(system.disk_bytes(), image))
    with machine() as system:
        system.attribute("sdb", "size", str(len(image) // 512))
        status, _, errors = tool(system, "--yes", IMAGE, "/dev/sdb")
        test("a stick of just the image's size", status and errors)
    for name, place, removable in (("on USB, not removable", "usb2/2-1", "0"),
                                   ("removable, not on USB", "mmc0", "1")):
        with machine() as system:
            system.add_disk("sdd", "8:48", f"pci0000:00/{place}", removable=removable)
            status, _, errors = tool(system, "--yes", IMAGE, "/dev/sdd")
            test(f"a disk {name}", status and errors)
    with machine() as system:
        system.add_disk("sdd", "8:48", "pci0000:00/ata3")
        status, _, errors = tool(system, "--yes", "--allow-fixed-disk", IMAGE, "/dev/sdd")
        test("a fixed disk with --allow-fixed-disk", status and errors)

    pwrite = os.pwrite
    with machine() as system:
        with mock.patch("usb.os.pwrite",
                        lambda fd, data, at: pwrite(fd, data[:max(1, len(data) // 2)], at)):
            status, _, errors = tool(system, "--yes", IMAGE, "/dev/sdb")
        test("short writes are continued",
               errors if status else wrong_content(system.disk_bytes(), image))
    useless = "what is on the disk now is of no use"
    refused("a write that fails", f"writing stopped at byte {3 * MIB} of {len(image)} (Input/output"
            f" error): {useless}", is_untouched=False,
            patch=mock.patch("usb.os.pwrite", failing(errno.EIO, 3, os.pwrite)))
    refused("a write that takes nothing", f"writing stopped at byte 0 of {len(image)} (it takes no"
            f" more): {useless}", patch=mock.patch("usb.os.pwrite", lambda *_: 0))
    refused("a failing flush", f"writing failed before byte {2 * MIB} of {len(image)} (Input/output"
            f" error): {useless}", is_untouched=False,
            patch=mock.patch("usb.os.fsync", failing(errno.EIO, 1, os.fsync)))


def test_reading_back():
    image = image_bytes()
    pread = os.pread
    position = 5 * MIB + 1234

    def spoilt(descriptor, length, at):
        data = bytearray(pread(descriptor, length, at))
        if at <= position < at + len(data):
            data[position - at] ^= 0x10
        return bytes(data)
    mistrust = "the disk is not to be trusted"
    refused("one bit reads back differently", f"byte {position} reads back as"
            f" {image[position] ^ 0x10:#04x}, written was {image[position]:#04x}: {mistrust}",
            is_untouched=False, patch=mock.patch("usb.os.pread", spoilt))
    refused("reading back fails", f"cannot read byte {MIB} back (Input/output error): {mistrust}",
            is_untouched=False, patch=mock.patch("usb.os.pread",
                                                 failing(errno.EIO, 1, os.pread)))
    refused("the disk is shorter than it said", f"cannot read byte 0 back (it ends there):"
            f" {mistrust}", is_untouched=False, patch=mock.patch("usb.os.pread", lambda *_: b""))
    order = []
    calls = {name: getattr(os, name) for name in ("pwrite", "fsync", "posix_fadvise", "pread")}
    with machine() as system, contextlib.ExitStack() as patches:
        for name, call in calls.items():
            patches.enter_context(mock.patch(
                f"usb.os.{name}", lambda *a, n=name, c=call: (order.append(n), c(*a))[1]))
        tool(system, "--yes", IMAGE, "/dev/sdb")
    steps = [name for i, name in enumerate(order) if name not in order[:i]]
    last_flush = len(order) - 1 - order[::-1].index("fsync") if "fsync" in order else 0
    test("all is flushed and forgotten before it is read back",
           (steps != list(calls) or "pwrite" in order[last_flush:]) and repr(order))


def test_real_system():
    wrong = []
    system = usb.System()
    for name in system.folder("/sys/block"):
        number = system.text("/sys/block", name, "dev")
        if not number:  # one path of several to the same disk
            continue
        disk = system.disk(number)
        if not disk or disk.users.get(number) != disk.name or disk.name.replace("/", "!") != name:
            wrong.append((name, disk))
    test("the disks of this machine are found in its sysfs", wrong and repr(wrong))


def program(*arguments, answer=None):
    """Runs the tool; with an answer, on a terminal where that is typed. Returns (status, text)."""
    command = [sys.executable, "tools/usb.py", *arguments]
    if answer is None:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        return result.returncode, result.stdout
    ours, theirs = os.openpty()
    os.write(ours, answer)
    result = subprocess.run(command, stdin=theirs, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False, timeout=suite.SECONDS)
    os.close(ours)
    os.close(theirs)
    return result.returncode, result.stdout


def test_program():
    image = image_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "disk.img")

        def wrong_after(is_written, *arguments, answer=None):
            with open(path, "wb") as file:
                file.write(BLANK)
            status, said = program(*arguments, IMAGE, path, answer=answer)
            with open(path, "rb") as file:
                found = file.read()
            if (status == 0) != is_written:
                return f"status {status}: {said}"
            if is_written:
                return wrong_content(found, image)
            return "the file was changed" if found != BLANK else None

        test("program: a plain file without --file", wrong_after(False, "--yes"))
        test("program: no terminal", wrong_after(False, "--file"))
        test("program: yes is typed", wrong_after(True, "--file", answer=b"yes\n"))
        for answer in (b"y\n", b"no\n", b"\n", b"\4"):
            test(f"program: {answer!r} is typed", wrong_after(False, "--file", answer=answer))
        test("program: --file --yes", wrong_after(True, "--file", "--yes"))
        result = subprocess.run(["tests/run_qemu.sh", path], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        test("what was written boots",
               result.returncode and result.stdout.decode("utf-8", "replace"))
        # The kernel's own disk driver is for ATA: from a stick it gets as far as looking there.
        result = subprocess.run(["tests/run_qemu.sh", path, "-device", "qemu-xhci", "-drive",
                                 f"if=none,id=d,format=raw,snapshot=on,file={path}",
                                 "-device", "usb-storage,drive=d"], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        said = result.stdout.decode("utf-8", "replace")
        test("what was written boots from a USB stick as far as the kernel",
               "over INT 13h" not in said and said)
    status, said = program(IMAGE, "/dev/null")
    test("program: /dev/null",
           (status, said) != (1, "usb: /dev/null is not a block device\n") and said)


def main():
    test_sentences()
    test_refusals()
    test_writing()
    test_reading_back()
    test_real_system()
    test_program()
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
