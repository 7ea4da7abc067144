#!/usr/bin/env python3
"""Boots a stub kernel (stub_kernel.asm) from every kind of disk, in every size, over read errors.

The stub says on port 0xE9 which way it came, which signature it was told, and whether each of its
bytes is right. Two QEMUs run at a time; the lines are printed in order.
"""

import os
import re
import select
import struct
import subprocess
import sys
import tempfile
import time

import suite

CONSTANTS = "build/generated/asm_constants.inc"
QEMU = os.environ.get("QEMU", "qemu-system-i386")
SECTOR = 512
SECTORS = 118        # of the usual stub: not whole chunks of the boot sector's
SIGNATURE_OFFSET = 0x1B8
VOLUME = bytes(range(256)) * 4096  # the boot sector never looks into it
SECONDS = suite.SECONDS
SILENCE_SECONDS = 3  # how long a halted machine must stay as it is; the BIOS takes less than that

IDE = ["-drive", "{disk},if=ide"]
DISK = ["-drive", "{disk},if=none,id=d", "-device"]
# The other disk in front of ours, and ours as the BIOS's first
BESIDE = ["-drive", "file={other},format=raw,if=ide,index=0,snapshot=on"] + DISK

# name, boot path, arguments
MEDIA = [
    ("IDE primary master", 0, IDE),
    ("IDE primary master, 2 CPUs", 0, [*IDE, "-smp", "2"]),
    ("IDE primary master, -cpu pentium", 0, [*IDE, "-cpu", "pentium"]),
    ("IDE primary master, -cpu max", 0, [*IDE, "-cpu", "max"]),
    ("IDE primary master, -vga std", 0, [*IDE, "-vga", "std"]),
    ("IDE primary master, 4 MiB", 0, [*IDE, "-m", "4"]),
    ("IDE of an ISA machine", 0, [*IDE, "-machine", "isapc", "-cpu", "pentium"]),
    ("IDE primary slave alone", 1, [*DISK, "ide-hd,drive=d,bus=ide.0,unit=1"]),
    ("IDE secondary master alone", 1, [*DISK, "ide-hd,drive=d,bus=ide.1,unit=0"]),
    ("IDE primary slave, a foreign master", 1,
     [*BESIDE, "ide-hd,drive=d,bus=ide.0,unit=1,bootindex=0"]),
    ("IDE secondary master, a foreign primary master", 1,
     [*BESIDE, "ide-hd,drive=d,bus=ide.1,unit=0,bootindex=0"]),
    ("AHCI", 1, ["-machine", "q35", *DISK, "ide-hd,drive=d"]),
    ("USB stick, xHCI", 1, ["-device", "qemu-xhci", *DISK, "usb-storage,drive=d"]),
    ("USB stick, EHCI", 1, ["-device", "usb-ehci", *DISK, "usb-storage,drive=d"]),
    ("USB stick, UHCI", 1, ["-device", "piix3-usb-uhci", *DISK, "usb-storage,drive=d"]),
    ("USB stick, -vga std", 1,
     ["-vga", "std", "-device", "qemu-xhci", *DISK, "usb-storage,drive=d"]),
    ("virtio-blk", 1, [*DISK, "virtio-blk-pci,drive=d"]),
    ("virtio-scsi", 1, ["-device", "virtio-scsi-pci", *DISK, "scsi-hd,drive=d"]),
    ("NVMe", 1, [*DISK, "nvme,serial=1,drive=d"]),
]


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          text=True)


def must(*command):
    result = run(*command)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {result.stderr}")


class Folder:
    """Makes stubs, sectors and images in a folder of its own."""

    def __init__(self, path):
        self.path = path

    def __call__(self, name):
        return os.path.join(self.path, name)

    def write(self, name, data):
        with open(self(name), "wb") as file:
            file.write(data)
        return self(name)

    def read(self, name):
        with open(self(name), "rb") as file:
            return file.read()

    def kernel(self, name, sectors, mark="p"):
        must("nasm", "-Wall", "-f", "bin", "-Ibuild/generated/",
             f"-DIMAGE_BYTES={sectors * SECTOR}", f"-DMARK='{mark}'", "-o", self(name + ".raw"),
             "tests/system/stub_kernel.asm")
        must(sys.executable, "tools/mkkernel.py", self(name + ".raw"), self(name + ".kernel"))

    def assemble(self, name, *defines):
        return run("nasm", "-Wall", "-f", "bin", "-Ibuild/generated/", "-Isrc/",
                   *defines, "-o", self(name + ".boot"), "src/boot/boot.asm")

    def boot(self, name, sectors):
        result = self.assemble(name, f"-DKERNEL_SECTORS={sectors}")
        if result.returncode != 0:
            raise SystemExit(result.stderr)

    def image(self, name, kernel, volume="volume"):
        must(sys.executable, "tools/mkimage.py", "--boot", self(kernel + ".boot"), "--kernel",
             self(kernel + ".kernel"), "--volume", self(volume), "--output", self(name + ".img"))

    def make(self, name, sectors, mark="p"):
        self.kernel(name, sectors, mark)
        self.boot(name, sectors)
        self.image(name, name)

    def signature(self, name):
        return struct.unpack_from("<I", self.read(name + ".img"), SIGNATURE_OFFSET)[0]


def letters(signature):
    """A disk signature as the stub says it."""
    return "".join(chr(ord("a") + (signature >> 4 * place & 15)) for place in range(8))


def qemu(folder, image, arguments, blkdebug=None):
    """QEMU's command line; {disk} in the arguments is the image."""
    file = folder(image + ".img")
    if blkdebug:
        file = f"blkdebug:{blkdebug}:{file}"
    places = {"disk": f"file={file},format=raw,snapshot=on", "other": folder("foreign.img")}
    return [QEMU, "-accel", "tcg", "-m", "32", "-nodefaults", "-display", "none", "-no-reboot",
            "-debugcon", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
            *[argument.format(**places) for argument in arguments]]


def end_of(command, stop=None):
    """(what port 0xE9 said, QEMU's exit status): with stop, ends when the bytes stop have come and
    nothing else follows; the status is then None for a machine that goes on.
    """
    said, deadline = b"", time.monotonic() + SECONDS
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        try:
            while time.monotonic() < deadline:
                wait = deadline - time.monotonic()
                if stop is not None and said == stop:
                    wait = SILENCE_SECONDS
                if not select.select([process.stdout], [], [], wait)[0]:
                    break
                data = os.read(process.stdout.fileno(), 4096)
                if not data:
                    process.wait(SECONDS)
                    break
                said += data
            return said.decode("latin-1"), process.poll()
        finally:
            if process.poll() is None:
                process.kill()


def boots(folder, image, path, arguments, mark="p", blkdebug=None):
    """Why the image does not boot as it must, or None."""
    said, status = end_of(qemu(folder, image, arguments, blkdebug))
    wanted = f"{mark}{path}{letters(folder.signature(image))}K"
    if said != wanted:
        return f"port 0xE9 said {said!r}, not {wanted!r} (QEMU's status: {status})"
    return None if status == 0x10 << 1 | 1 else f"QEMU's status is {status}"


def halts(folder, image, arguments, says="D", blkdebug=None):
    """Why the machine does not say that and stay halted, or None."""
    said, status = end_of(qemu(folder, image, arguments, blkdebug), says.encode())
    if said != says:
        return f"port 0xE9 said {said!r}, not {says!r} (QEMU's status: {status})"
    return None if status is None else f"QEMU ended with status {status}"


def refuses(result, *words):
    """Why the tool did not refuse with one sentence that has those words, or None."""
    lines = result.stderr.strip().split("\n")
    if result.returncode == 0:
        return "it succeeded"
    if len(lines) != 1 or not all(re.search(word, lines[0]) for word in words):
        return f"it said {result.stderr!r}"
    return None


# ---------------------------------------------------------------- tests: (name, function)


def medium_tests(folder):
    for name, path, arguments in MEDIA:
        yield f"boots: {name}", lambda p=path, a=arguments: boots(folder, "stub", p, a)


def size_tests(folder, limit):
    virtio = [*DISK, "virtio-blk-pci,drive=d"]
    for name, sectors in (("max", limit), ("max-1", limit - 1)):
        yield f"kernel of {sectors} sectors, ATA", lambda n=name: boots(folder, n, 0, IDE)
    yield f"kernel of {limit} sectors, BIOS", lambda: boots(folder, "max", 1, virtio)
    for sectors in (1, 15, 16, 17):
        def small(sectors=sectors):
            folder.make(f"small{sectors}", sectors)
            return boots(folder, f"small{sectors}", 0, IDE)
        yield f"kernel of {sectors} sectors, ATA", small

    def too_large(tool):
        sectors = limit + 1
        if tool == "nasm":
            result = folder.assemble("refused", f"-DKERNEL_SECTORS={sectors}")
        elif tool == "mkkernel":
            raw = folder.write("refused.raw", folder.read("max.raw") + bytes(SECTOR))
            result = run(sys.executable, "tools/mkkernel.py", raw, folder("refused.kernel"))
        else:
            large = folder.write("large.kernel", folder.read("max.kernel") + bytes(SECTOR))
            result = run(sys.executable, "tools/mkimage.py", "--boot", folder("max.boot"),
                         "--kernel", large, "--volume", folder("volume"), "--output",
                         folder("refused.img"))
        why = refuses(result, rf"\b{sectors} sectors", rf"\b{limit}\b")
        left = [name for name in os.listdir(folder.path) if name.startswith("refused.")
                and name != "refused.raw"]
        return why or (f"it left {left}" if left else None)
    for tool in ("nasm", "mkkernel", "mkimage"):
        yield f"{tool} refuses {limit + 1} sectors", lambda t=tool: too_large(t)

    def no_size():
        return refuses(folder.assemble("refused"), "KERNEL_SECTORS")
    yield "nasm refuses a sector without a kernel's size", no_size

    def empty():
        return refuses(folder.assemble("refused", "-DKERNEL_SECTORS=0"), "empty")
    yield "nasm refuses 0 sectors", empty


def error_tests(folder, limit):
    virtio = [*DISK, "virtio-blk-pci,drive=d"]
    stick = ["-device", "qemu-xhci", *DISK, "usb-storage,drive=d"]

    def config(name, *errors):
        text = "".join(f'[inject-error]\nevent = "read_aio"\nerrno = "5"\n{error}\n'
                       for error in errors)
        return folder.write(name + ".blkdebug", text.encode())

    for lba in (1, 16, 17, SECTORS):
        always = config(f"always{lba}", f'sector = "{lba}"')
        once = config(f"once{lba}", f'sector = "{lba}"\nonce = "on"')
        yield (f"read error at LBA {lba}, always",
               lambda c=always: halts(folder, "stub", IDE, blkdebug=c))
        yield (f"read error at LBA {lba}, once: the BIOS's way is left",
               lambda c=once: boots(folder, "stub", 1, IDE, blkdebug=c))
    middle = config("middle", f'sector = "{SECTORS // 2}"')
    yield "read error, always, virtio", lambda: halts(folder, "stub", virtio, blkdebug=middle)
    passing = config("passing", f'sector = "{SECTORS // 2}"\nonce = "on"')
    yield "read error, once, virtio", lambda: boots(folder, "stub", 1, virtio, blkdebug=passing)
    yield "read error, once, USB stick", lambda: boots(folder, "stub", 1, stick, blkdebug=passing)
    yield "read error, always, USB stick", lambda: halts(folder, "stub", stick, blkdebug=middle)

    # LBA 0 fails once, at its nth read: one of these is the sector's own look at it.
    def first_once():
        ways = set()
        wanted = [f"{path}{letters(folder.signature('stub'))}K" for path in (0, 1)]
        for nth in (2, 3, 4):
            states = "".join('[set-state]\nevent = "read_aio"\n'
                             f'state = "{state}"\nnew_state = "{state + 1}"\n'
                             for state in range(1, nth + 1))
            name = config(f"first{nth}", f'sector = "0"\nonce = "on"\nstate = "{nth}"\n{states}')
            said, _ = end_of(qemu(folder, "stub", IDE, blkdebug=name), b"")
            if said and said[1:] not in wanted:
                return f"read {nth} fails: port 0xE9 said {said!r}"
            ways.add(said[1:])
        return None if wanted[1] in ways else f"the BIOS's way was never taken: {ways}"
    yield "read error at LBA 0, once: the BIOS's way is left", first_once

    # The BIOS itself cannot read such a disk: nothing is said, and nothing resets.
    first = config("first", 'sector = "0"')
    yield ("read error at LBA 0, always: no reset",
           lambda: halts(folder, "stub", IDE, says="", blkdebug=first))

    # For SeaBIOS to boot it, a virtio disk must have a whole cylinder: 1008 sectors.
    def cut(image, sectors, arguments):
        name = f"cut{sectors}"
        folder.write(name + ".img", folder.read(image + ".img")[:sectors * SECTOR])
        return halts(folder, name, arguments)
    yield "disk that ends in the kernel, IDE", lambda: cut("stub", SECTORS // 2, IDE)
    yield "disk that ends behind the sector, IDE", lambda: cut("stub", 1, IDE)
    yield "disk that ends in the kernel, virtio", lambda: cut("max", limit // 2 + 1, virtio)
    yield ("disk that ends before the kernel's last sector, virtio",
           lambda: cut("max", limit, virtio))

    def just_enough(arguments, path):
        name = f"enough{path}"
        folder.write(name + ".img", folder.read("max.img")[:(1 + limit) * SECTOR])
        return boots(folder, name, path, arguments)
    yield "disk that ends behind the kernel, IDE", lambda: just_enough(IDE, 0)
    yield "disk that ends behind the kernel, virtio", lambda: just_enough(virtio, 1)

    def damaged():
        image = bytearray(folder.read("stub.img"))
        image[SECTORS * SECTOR] ^= 1
        folder.write("damaged.img", image)
        said, _ = end_of(qemu(folder, "damaged", IDE))
        return None if said.endswith("B") else f"port 0xE9 said {said!r}"
    yield "a flipped bit in the kernel's last sector changes the sums", damaged


def refusal_tests(folder):
    """Machines and disks that cannot boot: a letter each."""
    yield "1 MiB of memory: M", lambda: halts(folder, "stub", [*IDE, "-m", "1"], says="M")
    yield "2 MiB of memory are enough for the sector", lambda: boots(
        folder, "stub", 0, [*IDE, "-m", "2"])
    # With virtio and SCSI, SeaBIOS says itself that it cannot read the boot disk.
    large = "nvme,serial=1,drive=d,logical_block_size=4096,physical_block_size=4096"

    def large_sectors():
        # For SeaBIOS to boot it, the disk must have 1008 sectors of whatever size.
        folder.write("large.img", folder.read("stub.img") + bytes(4 << 20))
        return halts(folder, "large", [*DISK, large], says="S")
    yield "sectors of 4,096 bytes, NVMe: S", large_sectors


def sector_tests(folder):
    def layout():
        boot = folder.read("stub.boot")
        if len(boot) != SECTOR or boot[510:] != b"\x55\xaa":
            return f"{len(boot)} bytes that end with {boot[-2:].hex()}"
        if any(boot[3:62]):
            return "bytes 3 to 61 are not zero"
        if any(boot[SIGNATURE_OFFSET:510]):
            return "something lies from 0x1B8 on"
        return None
    yield "sector: 512 bytes, 55 AA, code only where it may be", layout

    def overwritten():
        image = bytearray(folder.read("stub.img"))
        image[3:62] = b"\xcc" * 59
        folder.write("overwritten.img", image)
        return boots(folder, "overwritten", 0, IDE)
    yield "sector: boots with bytes 3 to 61 overwritten", overwritten


def signature_tests(folder):
    def of_content():
        folder.image("again", "stub")
        folder.write("volume2", VOLUME[:-1] + b"\0")
        folder.image("volume2", "stub", "volume2")
        same, again = folder.signature("stub"), folder.signature("again")
        others = {folder.signature("volume2"), folder.signature("twin")}
        if same != again or folder.read("stub.img") != folder.read("again.img"):
            return "the same content gave another image"
        if same in others or len(others) != 2 or 0 in others | {same}:
            return f"different content, the signatures {same:#x} and {others}"
        return None
    yield "signature: made of the content", of_content

    # Both disks boot; the primary master must not be taken for the one that the BIOS chose.
    arguments = ["-drive", "file={other},format=raw,if=ide,index=0,snapshot=on", *DISK]

    def beside(ours, other, mark, device):
        line = qemu(folder, ours, [*arguments, device])
        line = [word.replace(folder("foreign.img"), folder(other + ".img")) for word in line]
        said, _ = end_of(line)
        wanted = f"{mark}1{letters(folder.signature(ours))}K"
        return None if said == wanted else f"port 0xE9 said {said!r}, not {wanted!r}"
    yield ("signature: another kernel on the primary master",
           lambda: beside("stub", "twin", "p", "virtio-blk-pci,drive=d,bootindex=0"))
    yield ("signature: the other way round",
           lambda: beside("twin", "stub", "q", "ide-hd,drive=d,bus=ide.1,bootindex=0"))

    def same_kernel():
        folder.write("volume3", VOLUME[:-1] + b"\1")
        folder.image("volume3", "stub", "volume3")
        return beside("volume3", "stub", "p", "virtio-blk-pci,drive=d,bootindex=0")
    yield "signature: the same kernel on the primary master, another volume", same_kernel

    # The kernel of a disk can be replaced without touching its signature: docs/boot.md.
    def replaced_kernel(device):
        image = bytearray(folder.read("stub.img"))
        image[SECTOR:(1 + SECTORS) * SECTOR] = folder.read("twin.kernel")
        folder.write("replaced.img", image)
        return beside("replaced", "stub", "q", device)
    for name, device in (("virtio", "virtio-blk-pci,drive=d,bootindex=0"),
                         ("IDE", "ide-hd,drive=d,bus=ide.1,bootindex=0")):
        yield (f"the same signature and another kernel on the primary master, {name}",
               lambda device=device: replaced_kernel(device))


def prepare(folder):
    must("make", "-s", CONSTANTS)
    with open(CONSTANTS, encoding="ascii") as file:
        limit = int(re.search(r"KERNEL_SECTORS_MAX (\d+)", file.read()).group(1))
    folder.write("volume", VOLUME)
    foreign = bytearray(b"\xa5" * (4 << 20))  # no 55 AA: the BIOS does not start it
    folder.write("foreign.img", foreign)
    for what in (("max", limit), ("max-1", limit - 1), ("stub", SECTORS), ("twin", SECTORS, "q")):
        folder.make(*what)
    return limit


def main():
    with tempfile.TemporaryDirectory() as path:
        folder = Folder(path)
        limit = prepare(folder)
        suite.run_tests([*sector_tests(folder), *refusal_tests(folder), *medium_tests(folder), *size_tests(folder, limit),
                         *error_tests(folder, limit), *signature_tests(folder)])
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
