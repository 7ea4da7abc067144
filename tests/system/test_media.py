#!/usr/bin/env python3
"""The same image on everything that a BIOS boots from: the kernel is loaded, finds its disk again by
the disk's signature, and runs a program from its file system."""

import os
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import suite
from suite import test
from machine import Machine, qemu_of, wait_for

SHELL_MEDIA = ["IDE, secondary slave", "AHCI", "USB stick on xHCI", "virtio-blk", "NVMe"]
SUCCESS = 33

# The image as a drive without a controller; the device comes with each medium.
DRIVE = "-drive if=none,id=boot,format=raw,snapshot=on,file={image} -device "
IDE = "-drive format=raw,if=ide,snapshot=on,file={image}"

# name: (QEMU's arguments, the disk's name in the kernel's line)
MEDIA = {
    "IDE, primary master": (IDE + ",index=0", "ata0"),
    "IDE, primary slave": (IDE + ",index=1", "ata1"),
    "IDE, secondary master": (IDE + ",index=2", "ata2"),
    "IDE, secondary slave": (IDE + ",index=3", "ata3"),
    "IDE on an ISA PC": ("-machine isapc " + IDE, "ata0"),
    "AHCI": ("-machine q35 " + DRIVE + "ide-hd,drive=boot,bus=ide.0", "BIOS disk"),
    "AHCI, beside another disk": (
        "-machine q35 -drive if=none,id=other,format=raw,file={other} "
        "-device ide-hd,drive=other,bus=ide.0 " + DRIVE + "ide-hd,drive=boot,bus=ide.1,bootindex=0",
        "BIOS disk"),
    "USB stick on UHCI": (DRIVE + "usb-storage,drive=boot -device piix3-usb-uhci", "BIOS disk"),
    "USB stick on EHCI": (DRIVE + "usb-storage,drive=boot -device usb-ehci", "BIOS disk"),
    "USB stick on xHCI": (DRIVE + "usb-storage,drive=boot -device qemu-xhci", "BIOS disk"),
    "USB stick beside an IDE disk": (
        "-drive if=ide,index=0,format=raw,file={other} "
        + DRIVE + "usb-storage,drive=boot,bootindex=0 -device usb-ehci", "BIOS disk"),
    "USB stick beside an IDE disk with the same image": (
        "-drive if=ide,index=0,format=raw,snapshot=on,file={twin} "
        + DRIVE + "usb-storage,drive=boot,bootindex=0 -device usb-ehci", "BIOS disk"),
    "IDE, beside another disk with the same image": (
        "-drive if=ide,index=0,format=raw,snapshot=on,file={twin} "
        + DRIVE + "ide-hd,drive=boot,bus=ide.1,unit=0,bootindex=0", "ata2"),
    "virtio-blk": ("-drive if=virtio,format=raw,snapshot=on,file={image}", "BIOS disk"),
    "virtio-scsi": (DRIVE + "scsi-hd,drive=boot -device virtio-scsi-pci", "BIOS disk"),
    "LSI SCSI": (DRIVE + "scsi-hd,drive=boot -device lsi53c895a", "BIOS disk"),
    "NVMe": (DRIVE + "nvme,drive=boot,serial=1", "BIOS disk"),
    "IDE, beside another disk": (
        "-drive if=none,id=other,format=raw,file={other} "
        "-device ide-hd,drive=other,bus=ide.0,unit=0 "
        + DRIVE + "ide-hd,drive=boot,bus=ide.0,unit=1,bootindex=0", "ata1"),
    "IDE, two CPUs": ("-smp 2 " + IDE, "ata0"),
    "IDE, Pentium": ("-cpu pentium " + IDE, "ata0"),
    "IDE, 486 with 4 MiB pages": ("-cpu 486 " + IDE, "ata0"),
    "AHCI, every CPU feature": ("-machine q35 -cpu max " + DRIVE + "ide-hd,drive=boot,bus=ide.0",
                                "BIOS disk"),
}
# Of these the x86_64 kernel, which shares all of the drivers, boots from one of a kind.
MEDIA_64 = ["IDE, primary master", "IDE, secondary slave", "AHCI", "USB stick on EHCI", "USB stick on xHCI",
            "virtio-blk", "virtio-scsi", "NVMe", "IDE, two CPUs", "AHCI, every CPU feature"]
# Volumes as people format them: (the partition's type, mkfs.fat's options, MiB, what it is).
VOLUMES = [(0x01, "-F 12", 8, "FAT12"), (0x0B, "-F 32", 64, "FAT32"), (0x0C, "-F 32 -s 1 -f 1", 40, "FAT32"),
           (0x06, "-F 16", 32, "FAT16"), (0x0E, "-F 16 -s 128", 300, "FAT16")]
SECTOR, FIRST_LBA, PARTITION = 512, 2048, 0x1BE

# CPUs without long mode, or without a bit against execution, and what they are told.
CPUS_OF_32_BITS = ["pentium", "pentium3", "qemu32", "core2duo,-nx"]
NO_LONG_MODE = "64-bit"
NO_NX = "Drupe: this CPU has no NX (XD), or the firmware's set-up has it turned off."


def boot(arguments):
    image = suite.image("hello.bin")
    return suite.boot(image, *in_order(arguments.replace("{image}", image)))


def runs(arguments, disk):
    status, console = boot(arguments)
    for line in (f"File system: FAT16 on {disk}", "Hello from init.elf.",
                 "init exited with status 0"):
        if line not in console:
            return f"no {line!r}, status {status}:\n{console}"
    return None if status == 0 else f"status {status}"


def formatted(path, kind, mkfs, mib):
    """The disk, with a partition of that type that others have formatted and filled, in place of its own."""
    with open(suite.image("hello.bin"), "rb") as file:
        disk = bytearray(file.read(FIRST_LBA * SECTOR))
    disk[PARTITION:PARTITION + 16] = struct.pack("<B3xB3xII", 0x80, kind, FIRST_LBA, mib * (1 << 20) // SECTOR)
    with open(path, "wb") as file:
        file.write(disk)
        file.truncate(FIRST_LBA * SECTOR + mib * (1 << 20))
    offset = f"@@{FIRST_LBA * SECTOR}"
    init = path + ".init.elf"
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "MTOOLS_SKIP_CHECK": "1"}
    for command in (["mkfs.fat", *mkfs.split(), "--offset", str(FIRST_LBA), path, str(mib * 1024)],
                    ["mcopy", "-n", "-i", suite.image("hello.bin") + offset, "::init.elf", init],
                    ["mcopy", "-i", path + offset, init, "::init.elf"]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"{' '.join(command)}: {done.stdout + done.stderr}"
    return None


def boots_from(path, kind, mkfs, mib, name):
    why = formatted(path, kind, mkfs, mib)
    if why:
        return why
    status, console = suite.boot(path, *IDE.format(image=path).split())
    right = status == 0 and f"File system: {name} on ata0" in console and "Hello from init.elf." in console
    return None if right else f"status {status}:\n{console}"


def in_order(arguments):
    """The words of arguments with buses before the devices on them, as QEMU wants it."""
    words = arguments.split()
    pairs = [(words[i], words[i + 1]) for i in range(0, len(words), 2)]
    pairs.sort(key=lambda pair: (pair[0] == "-device", "drive=" in pair[1]))
    return [word for pair in pairs for word in pair]


def shell(arguments, folder):
    """The disk that people write, on that medium: the shell, and programs by name."""
    image = suite.image("os.bin")
    os.makedirs(folder)
    with Machine(image, folder, *in_order(arguments.replace("{image}", image))) as machine:
        for line, answer in (("", "drupe> "), ("ls", "shell.elf"),
                             ("hello", "what is written is read back"),
                             ("cat readme.txt", "drupe> ")):
            machine.console = ""
            if line:
                machine.send(line + "\r")
            wait_for(lambda: machine.says(answer), f"the answer to {line!r}")
        machine.send("exit\r")
        status = machine.status()
    return None if status == SUCCESS else f"QEMU's status is {status}"


def no_long_mode(cpu):
    """The x86_64 kernel says so in a sentence and ends as a panic does."""
    status, console = boot("-cpu " + cpu + " " + IDE)
    sentences = [line for line in console.splitlines() if line.startswith("Drupe")]
    reason = NO_NX if cpu.endswith(",-nx") else NO_LONG_MODE
    if status != 2 or len(sentences) != 1 or reason not in " ".join(console.split()):
        return f"status {status}:\n{console}"
    return None if max(map(len, console.splitlines())) < 80 else f"too long a line:\n{console}"


def all_media():
    suite.make("bin/hello.bin", "bin/os.bin")
    image, is_i386 = suite.image("hello.bin"), suite.arch() is suite.I386
    media = MEDIA if is_i386 or suite.IS_ALL else {name: MEDIA[name] for name in MEDIA_64}
    if not is_i386:  # machines without long mode
        media = {name: medium for name, medium in media.items()
                 if not any(word in medium[0] for word in ("isapc", "pentium", "486"))}
    with tempfile.TemporaryDirectory() as folder:
        # A disk that is not ours, and another with our image.
        other, twin = os.path.join(folder, "other.bin"), os.path.join(folder, "twin.bin")
        with open(image, "rb") as file:
            record = bytearray(file.read(512))
        record[0x1B8] ^= 0xFF
        # The twin is an older copy: the same but for a file, as mcopy leaves it.
        with open(image, "rb") as file, open(twin, "wb") as copy:
            content = file.read()
            if content.count(b"Hello from") != 1:
                raise SystemExit("hello.elf's greeting is not on the disk exactly once")
            copy.write(content.replace(b"Hello from", b"Older from"))
        with open(other, "wb") as file:
            file.write(record)
            file.truncate(8 << 20)
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            results = pool.map(lambda medium: runs(medium[0].format(other=other, twin=twin, image=image),
                                                   medium[1]), media.values())
            for name, why in zip(media, results):
                test(f"boots and runs a program: {name}", why)
        for number, (kind, mkfs, mib, name) in enumerate(VOLUMES if is_i386 else VOLUMES[:2]):
            path = os.path.join(folder, f"volume{number}.bin")
            test(f"boots from a partition of type {kind:02x}, formatted by mkfs.fat {mkfs}",
                 boots_from(path, kind, mkfs, mib, name))
            os.unlink(path)
        for number, name in enumerate(SHELL_MEDIA):
            test(f"the shell and its programs: {name}",
                 shell(MEDIA[name][0], os.path.join(folder, str(number))))
        if not is_i386:
            for cpu in CPUS_OF_32_BITS:
                test(f"-cpu {cpu}: a sentence, and the end", no_long_mode(cpu))
            return
        keys = os.path.join(folder, "no_keys.txt")
        # Not by run_qemu.sh, whose machine has a serial line.
        status = subprocess.run(
            [qemu_of(image), "-accel", "tcg", "-m", "64", "-nodefaults", "-display", "none", "-no-reboot",
             "-machine", "pc,i8042=off", "-debugcon", f"file:{keys}", "-device",
             "isa-debug-exit,iobase=0xf4,iosize=0x04", *in_order(IDE.format(image=image))],
            timeout=suite.SECONDS, check=False).returncode
        console = suite.read(keys)
        test("without keyboard and serial line: a sentence",
             None if status == SUCCESS and
             "no serial line: no key can arrive." in " ".join(console.split()) and
             max(map(len, console.splitlines())) < 80
             else f"status {status}:\n{console}")
        status, console = boot("-machine pc,i8042=off " + IDE)
        test("without a keyboard alone: none",
             None if status == 0 and "no key can arrive" not in console
             else f"status {status}:\n{console}")
        status, console = boot("-cpu pentium,-pse " + IDE)
        test("a CPU without 4 MiB pages gets a sentence",
             None if "This CPU has no 4 MiB pages (PSE); Drupe needs a Pentium or later." in console
             else f"status {status}:\n{console}")


def main():
    suite.for_each_arch(all_media)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
