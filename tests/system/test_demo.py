#!/usr/bin/env python3
"""The main job on the real kernel: power on to a user program that allocates and frees memory.

The program is hello, which ends by itself; the shell of bin/os.bin has test_shell.py.
"""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import suite
from suite import boot, test

IMAGE = "bin/hello.bin"


def runs_demo(*arguments):
    status, console = boot(IMAGE, *arguments)
    if status != 0:
        return f"status {status}:\n{console}"
    for line in ("init exited with status 0",):
        if line not in console:
            return f"no {line!r}:\n{console}"
    return None


def pages_add_up(size):
    """The kernel's figures against each other and against the firmware's map that it printed."""
    _, console = boot(IMAGE, "-m", size)
    pages = re.search(r"^Pages: (\d+) usable = (\d+) free \+ (\d+) used \+ (\d+) reserved$", console,
                      re.MULTILINE)
    ranges = re.findall(r"^ +([0-9a-f]{11})-([0-9a-f]{11}) .* usable$", console, re.MULTILINE)
    if not pages or not ranges:
        return console
    usable, *parts = map(int, pages.groups())
    # A range counts with its whole pages.
    firmware = sum((int(last, 16) + 1) // 4096 - -(-int(first, 16) // 4096)
                   for first, last in ranges)
    if usable != sum(parts) or usable != firmware:
        return f"{pages.group(0)}; the firmware's map has {firmware} pages"
    return None


def memory_sizes():
    for size in ("18M", "20M", "24M", "32M", "64M", "128M", "512M", "1G", "2G", "3G", "4G"):
        test(f"demo with {size} of RAM", runs_demo("-m", size))
        test(f"pages add up with {size} of RAM", pages_add_up(size))
    _, console = boot(IMAGE, "-m", "4G")
    test("no line of the kernel's is wider than the screen",
         "; ".join(line for line in console.split("\n") if len(line) > 80) or None)


def dirty_memory():
    """RAM is not zero when a machine is switched on: .bss is the kernel's own business."""
    symbols = dict(reversed(line.split()[::2]) for line in os.popen("nm bin/kernel.elf"))
    start, end = (int(symbols[name], 16) for name in ("kernel_bss_start", "kernel_end"))
    with tempfile.NamedTemporaryFile() as ones:
        ones.write(b"\xFF" * (end - start))
        ones.flush()
        test("demo with all bits of .bss set before", runs_demo(
            "-device", f"loader,file={ones.name},addr={start:#x},force-raw=on"))


def too_little_memory():
    for size in ("4M", "8M", "16M", "17M"):
        status, console = boot(IMAGE, "-m", size)
        found = re.search(r"needs at least (\d+) MiB of RAM and the firmware reports (\d+) MiB",
                          suite.unwrap(console))
        test(f"too little RAM ({size}) gets a sentence with both numbers",
             None if status == 2 and found and found.group(1) == "18"
             else f"status {status}:\n{console}")


def machines():
    for cpu in ("pentium", "pentium3", "qemu32", "max"):
        test(f"demo on CPU {cpu}", runs_demo("-cpu", cpu))
    test("demo with two CPUs", runs_demo("-smp", "2"))
    test("demo with a VGA card", runs_demo("-vga", "std"))


def damaged_kernel(folder):
    """One flipped byte anywhere in the kernel behind its entry code: a sentence, no reset."""
    size = os.path.getsize("bin/kernel.bin")
    for offset in (8, 12, 16, 20, size // 3, size // 2, size - 1):
        image = os.path.join(folder, "damaged.bin")
        shutil.copyfile(IMAGE, image)
        with open(image, "r+b") as file:
            file.seek(512 + offset)
            byte = file.read(1)[0]
            file.seek(512 + offset)
            file.write(bytes([byte ^ 0x10]))
        status, console = boot(image)
        test(f"kernel with a flipped byte at {offset} says that it is damaged",
             None if status == 2 and "the kernel on this disk is damaged" in console
             else f"status {status}:\n{console}")


def no_init(folder):
    image = os.path.join(folder, "noinit.bin")
    shutil.copyfile(IMAGE, image)
    subprocess.run(["mdel", "-i", image + "@@1M", "::init.elf"], check=True)
    status, console = boot(image)
    test("a disk without init.elf gets a sentence",
         None if status == 2 and "0:/init.elf cannot be started" in console
         else f"status {status}:\n{console}")
    not_elf = os.path.join(folder, "text")
    with open(not_elf, "w", encoding="ascii") as file:
        file.write("not a program")
    subprocess.run(["mcopy", "-i", image + "@@1M", not_elf, "::init.elf"], check=True)
    status, console = boot(image)
    test("an init.elf that is no program gets a sentence",
         None if status == 2 and "0:/init.elf cannot be started" in console
         else f"status {status}:\n{console}")


def without_exit_device():
    """Without isa-debug-exit the kernel halts and says so; QEMU must be ended from outside."""
    with subprocess.Popen(["qemu-system-i386", "-accel", "tcg", "-nodefaults", "-display", "none",
                           "-no-reboot", "-serial", "stdio", "-drive",
                           f"file={IMAGE},format=raw,if=ide,snapshot=on"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as qemu:
        console = b""
        deadline = time.monotonic() + 60
        os.set_blocking(qemu.stdout.fileno(), False)
        while b"halted" not in console and time.monotonic() < deadline and qemu.poll() is None:
            console += qemu.stdout.read() or b""
            time.sleep(0.05)
        is_alive = qemu.poll() is None
        qemu.kill()
    test("without the exit device the kernel halts and says so",
         None if b"halted" in console and is_alive else f"{console!r}")


def kernel_size():
    for path, arch, limit in (("bin/kernel.bin", "", 192), ("bin/x86_64/kernel.bin", "x86_64: ", 256)):
        size = os.path.getsize(path)
        test(f"{arch}the kernel image is at most {limit} KiB", None if size <= limit * 1024 else f"{size} bytes")
        print(f"info: {path} is {size} bytes")


def kernel_elf_agrees():
    """The header's size field is the file's."""
    with open("bin/kernel.bin", "rb") as file:
        data = file.read()
    magic, size = struct.unpack_from("<II", data, 8)
    test("the kernel header has the image's size",
         None if magic == 0x4B505244 and size == len(data) else f"{magic:#x} {size} {len(data)}")


def reproducible(folder):
    """A second build from the same sources gives the same bytes."""
    copy = os.path.join(folder, "again")
    shutil.copytree(".", copy, ignore=shutil.ignore_patterns("bin", "build", ".git"))
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "bin/os.bin", "bin/hello.bin"], cwd=copy,
                   check=True, stdout=subprocess.DEVNULL)
    for name in ("boot.bin", "kernel.bin", "os.bin", "hello.bin"):
        with open(f"bin/{name}", "rb") as a, open(f"{copy}/bin/{name}", "rb") as b:
            test(f"bin/{name} is the same when built elsewhere again",
                 None if a.read() == b.read() else "it differs")
    shutil.rmtree(copy)


def clang_build(folder):
    copy = os.path.join(folder, "clang")
    shutil.copytree(".", copy, ignore=shutil.ignore_patterns("bin", "build", ".git"))
    made = subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "CC=clang", "bin/os.bin",
                           "bin/hello.bin"], cwd=copy,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    test("clang builds it without a warning",
         None if made.returncode == 0 and "warning" not in made.stdout else made.stdout)
    if made.returncode == 0:
        status, console = boot(os.path.join(copy, "bin/hello.bin"))
        test("the kernel that clang built runs the demo",
             None if status == 0 else f"status {status}:\n{console}")


def main():
    subprocess.run(["make", "-s", IMAGE], check=True)
    kernel_size()
    kernel_elf_agrees()
    test("demo on the default machine", runs_demo())
    memory_sizes()
    dirty_memory()
    too_little_memory()
    machines()
    without_exit_device()
    with tempfile.TemporaryDirectory() as folder:
        damaged_kernel(folder)
        no_init(folder)
        reproducible(folder)
        clang_build(folder)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
