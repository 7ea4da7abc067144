#!/usr/bin/env python3
"""make run KEEP=1: the kept disk gets new kernels and programs, and loses no file of its own."""

import os
import subprocess
import sys
import tempfile

import suite
from suite import test
import keep_disk
import mkimage
from test_shell import on_image

PARTITION = keep_disk.START


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def read(path, start=0, end=None):
    with open(path, "rb") as file:
        return file.read()[start:end]


def keep(image, kept):
    return subprocess.run([sys.executable, "tools/keep_disk.py", image, kept], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False).stdout


def kept_disk(folder):
    first, second, kept = (os.path.join(folder, name) for name in ("first.bin", "second.bin", "kept/disk.bin"))
    text, mine, inner = (os.path.join(folder, name) for name in ("text.txt", "mine.txt", "in.txt"))
    for path, content in ((text, "of the image\n"), (mine, "mine\n"), (inner, "inside\n")):
        write(path, content)
    shell, cat, wc = (suite.arch().path(f"bin/programs/{name}.elf") for name in ("shell", "cat", "wc"))
    common = ["--init", shell, "--file", text]
    test("an image", suite.make_image(first, *common, "--file", cat))
    test("another", suite.make_image(second, *common, "--file", f"{wc}=cat.elf", "--file", f"{inner}=dir/in.txt"))
    said = keep(first, kept)
    test("the first time it is a copy", None if read(first) == read(kept) and "is new" in said else said)
    test("without a new image nothing happens", keep(first, kept) or None)

    write(text, "changed\n")
    for path in (text, mine):
        mkimage.run("mcopy", "-o", "-i", f"{kept}@@{PARTITION}", path, "::")
    said = keep(second, kept)
    test("a new image", None if "new kernel and programs" in said else said)
    for name, wanted in (("text.txt", "changed\n"), ("mine.txt", "mine\n"), ("dir/in.txt", "inside\n"),
                         ("cat.elf", read(wc).decode("latin-1"))):
        test(f"{name} is what it should be", None if on_image(kept, name) == wanted else "it is not")
    test("the kernel is the image's", None if read(kept, 512, PARTITION) == read(second, 512, PARTITION) else "no")
    test("the disk's signature and table are its own", None if read(kept, 440, 512) == read(first, 440, 512) else "no")
    volume = os.path.join(folder, "volume")
    with open(volume, "wb") as file:
        file.write(read(kept, PARTITION))
    test("fsck.fat finds nothing", None if mkimage.run("fsck.fat", "-n", volume, may_fail=True) == 0 else "it does")

    os.utime(first)
    with open(kept, "r+b") as file:
        file.seek(PARTITION + 0x25)
        file.write(b"\1")
    before, said = read(kept, PARTITION), keep(first, kept)
    test("a volume that is in use is left alone",
         None if "was not unmounted" in said and read(kept, PARTITION) == before else said)


def all_kernels():
    suite.make("bin/os.bin")
    with tempfile.TemporaryDirectory() as folder:
        kept_disk(folder)


def main():
    suite.for_each_arch(all_kernels)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
