#!/usr/bin/env python3
"""Writes a disk image to a USB stick: `make usb DEV=/dev/sdX`, or tools/usb.py IMAGE DEVICE.

Everything on the stick is lost, so the tool would rather refuse than guess: it takes whole disks
that are removable or on USB, that are not in use and do not hold /, and asks first. The disk is
opened exclusively before the question, so from then on nothing can mount it, and what was looked at
is what is written to. Then it reads all back from the disk and compares.

sysfs and procfs say what a disk is (Linux, Documentation/ABI/stable/sysfs-block, proc(5)).
"""

import argparse
import errno
import os
import re
import shlex
import stat
import sys
from dataclasses import dataclass

SECTOR = 512  # also sysfs's unit for sizes, for disks with any size of sectors
CHUNK_BYTES = 1 << 20
NO_STICKS = ("sr", "fd")  # removable too: CD and floppy drives


class Refused(Exception):
    """Says in one sentence why the image was not written, or not well."""


@dataclass(frozen=True)
class Disk:
    """What sysfs says about a whole disk."""
    name: str       # in /dev
    model: str
    size: int       # in bytes; 0 without a medium
    is_usb: bool
    is_removable: bool
    is_read_only: bool
    users: dict     # {device number: name} of the disk, its partitions, and what is made of them

    def __str__(self):
        return f"/dev/{self.name}  {size_text(self.size):>8}  {self.model}"


def size_text(size):
    """In the units that are printed on sticks."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def unescape(text):
    """procfs writes spaces in paths as \\040."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


class System:
    """/sys, /proc and /dev, or a tree that looks like them."""

    def __init__(self, root=""):
        self.root = root

    def path(self, path):
        return self.root + path

    def text(self, *parts, default=""):
        try:
            with open(self.path(os.path.join(*parts)), encoding="utf-8", errors="replace") as file:
                return file.read().strip()
        except OSError:
            return default

    def folder(self, *parts):
        try:
            return sorted(os.listdir(self.path(os.path.join(*parts))))
        except OSError:
            return []

    def device_number(self, path):
        """'MAJOR:MINOR' of a block device, or None. Raises OSError if there is nothing."""
        status = os.stat(self.path(path))
        if not stat.S_ISBLK(status.st_mode):
            return None
        return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"

    def number_of_open(self, descriptor):
        status = os.fstat(descriptor)
        return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"

    def device_folder(self, number):
        """A device's folder in sysfs, without links, or None."""
        if not number:
            return None
        folder = os.path.realpath(self.path(f"/sys/dev/block/{number}"))
        root = os.path.realpath(self.root or "/").rstrip("/")
        return folder[len(root):] if os.path.isdir(folder) else None

    def parent_of_partition(self, number):
        """The disk's name if this is a partition, or None."""
        folder = self.device_folder(number)
        if not folder or not self.text(folder, "partition"):
            return None
        return os.path.basename(os.path.dirname(folder)).replace("!", "/")

    def add_users(self, folder, users):
        """A device, its partitions, and the RAIDs and mapped devices that have them as parts."""
        number = self.text(folder, "dev")
        if not number or number in users:
            return
        users[number] = os.path.basename(folder).replace("!", "/")
        for name in self.folder(folder):
            if self.text(folder, name, "partition"):
                self.add_users(os.path.join(folder, name), users)
        for holder in self.folder(folder, "holders"):
            number = self.text(folder, "holders", holder, "dev")
            holder_folder = number and self.device_folder(number)
            if holder_folder:
                self.add_users(holder_folder, users)

    def disk(self, number):
        """The Disk with that number, or None."""
        folder = self.device_folder(number)
        if not folder:
            return None
        model = " ".join(f"{self.text(folder, 'device/vendor')} {self.text(folder, 'device/model')}"
                         .split())
        users = {}
        self.add_users(folder, users)
        return Disk(name=os.path.basename(folder).replace("!", "/"),
                    model=model or self.text(folder, "device/name") or "unknown model",
                    size=int(self.text(folder, "size") or 0) * SECTOR,
                    is_usb=bool(re.search(r"/usb\d+/", folder)),
                    is_removable=self.text(folder, "removable") == "1",
                    is_read_only=self.text(folder, "ro") == "1",
                    users=users)

    def sticks(self):
        """The disks that may be meant."""
        disks = [self.disk(self.text("/sys/block", name, "dev")) for name in
                 self.folder("/sys/block") if not name.startswith(NO_STICKS)]
        return [disk for disk in disks if disk and disk.size and (disk.is_usb or disk.is_removable)]

    def mounts(self):
        """[(device number, mount point)]. btrfs and others have a number of their own, so what
        was mounted is looked up as well."""
        table = self.text("/proc/self/mountinfo")
        if not table:
            raise Refused("cannot read /proc/self/mountinfo, so any disk may be in use")
        found = []
        for line in table.split("\n"):
            # ID parent MAJOR:MINOR root POINT options [fields] - type SOURCE options
            before, _, after = line.partition(" - ")
            fields, source = before.split(" "), unescape(after.split(" ")[1])
            found += [(number, unescape(fields[4])) for number in
                      {fields[2], self.number_if_device(source)}]
        return found

    def swaps(self):
        """Numbers of the devices that are swapped to; swap files are on mounted file systems."""
        lines = self.text("/proc/swaps").split("\n")[1:]  # without the heading
        return [self.number_if_device(unescape(line.split()[0])) for line in lines if line]

    def number_if_device(self, path):
        try:
            return self.device_number(path) if path.startswith("/") else None
        except OSError:
            return None


# What goes beyond the careful way, as it is said to the tool and to make.
OPTIONS = {"yes": ("--yes", "YES=1"), "fixed": ("--allow-fixed-disk", "FIXED=1"),
           "file": ("--file", None)}


@dataclass(frozen=True)
class Wording:
    """How the caller can go on: by the tool's options, or by make's variables."""
    is_make: bool = False

    def hint(self, option, does):
        """A remark in brackets, or nothing where make cannot do it."""
        word = OPTIONS[option][self.is_make]
        return f" ({word} {does})" if word else ""


def list_of_sticks(system):
    sticks = system.sticks()
    if not sticks:
        return "No removable or USB disk is plugged in."
    return "\n".join(["Removable and USB disks:"] + [f"    {stick}" for stick in sticks])


def check_disk(system, path, number, is_fixed_allowed, wording):
    """Returns the Disk, or refuses it."""
    parent = system.parent_of_partition(number)
    if parent:
        raise Refused(f"{path} is a partition of /dev/{parent}, and the image is a whole disk:"
                      f" use DEV=/dev/{parent} if all of it may be lost")
    disk = system.disk(number)
    if not disk or number not in disk.users:
        raise Refused(f"/sys knows nothing of {path}, so it may be in use")
    mounts = [(disk.users[user], point) for user, point in system.mounts() if user in disk.users]
    if any(point == "/" for _, point in mounts):
        raise Refused(f"{path} holds / of this system")
    if not (disk.is_usb or disk.is_removable or is_fixed_allowed):
        raise Refused(f"{path} ({disk.model}) is neither removable nor on USB" +
                      wording.hint("fixed", "writes to it all the same"))
    for name, point in mounts:
        raise Refused(f"/dev/{name} is mounted on {point}: unmount it first"
                      f" (umount {shlex.quote(point)})")
    for user in system.swaps():
        if user in disk.users:
            name = disk.users[user]
            raise Refused(f"/dev/{name} is in use as swap: end that first (swapoff /dev/{name})")
    if disk.size == 0:
        raise Refused(f"{path} ({disk.model}) has no medium in it")
    if disk.is_read_only:
        raise Refused(f"{path} ({disk.model}) is write-protected")
    return disk


def read_image(path):
    try:
        with open(path, "rb") as file:
            image = file.read()
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror}") from error
    if not image or len(image) % SECTOR or image[510:512] != b"\x55\xAA":
        raise Refused(f"{path} is not an image of a bootable disk")
    return image


def open_target(system, path, image_path):
    reasons = {errno.EACCES: f"no permission to write to {path}: use sudo"
                             f" (sudo python3 tools/usb.py {image_path} {path})",
               errno.EBUSY: f"{path} is in use by something that /proc does not show",
               errno.EROFS: f"{path} is write-protected",
               errno.ENOMEDIUM: f"{path} has no medium in it"}
    reasons[errno.EPERM] = reasons[errno.EACCES]
    try:
        # O_EXCL: the kernel refuses disks in use, and keeps others from using it (open(2)).
        return os.open(system.path(path), os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(reasons.get(error.errno,
                                  f"cannot open {path}: {error.strerror}")) from error


def progress(what, done, total):
    """One line, rewritten; off a terminal only its end."""
    if done == total or sys.stdout.isatty():
        print(f"\r{what} {done / 1e6:.1f} of {size_text(total)}"
              if sys.stdout.isatty() else f"{what} {size_text(total)}",
              end="\n" if done == total else "", flush=True)


def write_image(descriptor, image):
    for start in range(0, len(image), CHUNK_BYTES):
        end = min(start + CHUNK_BYTES, len(image))
        position = start
        while position < end:
            try:
                written = os.pwrite(descriptor, image[position:end], position)
                reason = "it takes no more"
            except OSError as error:
                written, reason = 0, error.strerror
            if written == 0:
                raise Refused(f"writing stopped at byte {position} of {len(image)} ({reason}):"
                              " what is on the disk now is of no use")
            position += written
        try:
            os.fsync(descriptor)  # else the line would show how quickly memory is filled
        except OSError as error:
            raise Refused(f"writing failed before byte {end} of {len(image)} ({error.strerror}):"
                          " what is on the disk now is of no use") from error
        progress("Written:", end, len(image))


def compare(descriptor, image):
    # All is on the disk, so the kernel can forget it: what is read next comes from there.
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    for start in range(0, len(image), CHUNK_BYTES):
        expected = image[start:start + CHUNK_BYTES]
        found = b""
        while len(found) < len(expected):
            try:
                part = os.pread(descriptor, len(expected) - len(found), start + len(found))
                reason = "it ends there"
            except OSError as error:
                part, reason = b"", error.strerror
            if not part:
                raise Refused(f"cannot read byte {start + len(found)} back ({reason}):"
                              " the disk is not to be trusted")
            found += part
        if found != expected:
            at = next(i for i, (a, b) in enumerate(zip(found, expected)) if a != b)
            raise Refused(f"byte {start + at} reads back as {found[at]:#04x}, written was"
                          f" {expected[at]:#04x}: the disk is not to be trusted")
        progress("Compared:", start + len(expected), len(image))


def confirm(is_yes, wording):
    """Asks, or refuses."""
    if is_yes:
        return
    if not sys.stdin.isatty():
        raise Refused("there is no terminal to ask on" + wording.hint("yes", "writes without asking"))
    try:
        answer = input("Everything on it will be lost. Type yes to go on: ")
    except (EOFError, KeyboardInterrupt):
        print()
        answer = ""
    if answer.strip() != "yes":
        raise Refused("nothing was written")


def put(system, arguments):
    """The whole job, or Refused."""
    path = arguments.device
    wording = Wording(arguments.make)
    try:
        number = system.device_number(path)
        is_file = os.path.isfile(system.path(path)) and not number
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise Refused(f"there is no {path}\n{list_of_sticks(system)}") from error
        raise Refused(f"cannot look at {path}: {error.strerror}") from error
    if is_file and not arguments.file:
        raise Refused(f"{path} is a plain file, not a disk" +
                      wording.hint("file", "writes to it all the same"))
    if not number and not is_file:
        raise Refused(f"{path} is not a block device")
    image = b"" if arguments.check else read_image(arguments.image)
    if is_file:
        size, description = os.path.getsize(system.path(path)), "a plain file"
    else:
        disk = check_disk(system, path, number, arguments.allow_fixed_disk, wording)
        size, description = disk.size, disk.model
    if size < len(image):
        raise Refused(f"{path} is too small: it has {size} bytes, the image {len(image)}")

    descriptor = open_target(system, path, arguments.image)
    if arguments.check:
        os.close(descriptor)
        return
    try:
        if number and system.number_of_open(descriptor) != number:
            raise Refused(f"{path} became another device meanwhile")
        print(f"{path}: {description}, {size_text(size)}")
        confirm(arguments.yes, wording)
        try:
            write_image(descriptor, image)
            compare(descriptor, image)
        except KeyboardInterrupt:
            raise Refused("stopped: what is on the disk now is of no use") from None
    finally:
        os.close(descriptor)
    if is_file:
        print(f"Done. `tests/run_qemu.sh {path}` boots it.")
    else:
        print("Done. Take the stick to a PC with a legacy BIOS (or with CSM switched on) and choose"
              " it in the boot menu.")


def main(argv=None, system=None):
    system = system or System()
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0],
                                     usage="usb.py [options] IMAGE DEVICE", allow_abbrev=False)
    parser.add_argument("image", metavar="IMAGE", nargs="?", help="bin/os.bin")
    parser.add_argument("device", metavar="DEVICE", nargs="?", help="a whole disk, /dev/sdX")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--file", action="store_true", help="DEVICE may be a plain file")
    parser.add_argument("--allow-fixed-disk", action="store_true",
                        help="DEVICE may be neither removable nor on USB")
    parser.add_argument("--check", action="store_true", help="only look at DEVICE")
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)  # words for make usb
    arguments = parser.parse_args(argv)
    if not arguments.image or not arguments.device:
        print(f"usage: make usb DEV=/dev/sdX\n{list_of_sticks(system)}", file=sys.stderr)
        return 2
    try:
        put(system, arguments)
    except Refused as refusal:
        sys.stdout.flush()
        print(f"usb: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
