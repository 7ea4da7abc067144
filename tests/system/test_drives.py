#!/usr/bin/env python3
"""Other disks get drives: volumes of mkfs.fat and mtools in many forms are written, and left in order."""

import os
import subprocess
import sys
import tempfile

import suite
from suite import test

# KiB, and what mkfs.fat is told. The larger ones are sparse files.
VOLUMES = [
    (1440, "-F 12"),
    (2880, "-F 12 -f 1 -s 4 -r 16"),
    (16000, "-F 12 -s 16 -f 3"),
    (20000, "-F 16 -s 2 -r 1024 -a"),
    (300000, "-F 16 -s 128 -n LABEL"),
    (40000, "-F 16 -S 1024"),
    (70000, "-F 32 -s 1"),
    (300000, "-F 32 -S 4096 -s 1"),
    (4300000, "-F 32 -s 128 -f 4"),  # mtools go by the number of clusters
    (140000, "-F 32 -S 2048 -R 64 -b 10 -s 1"),
    (9000, "-F 16 -s 1 -h 63 -i 12345678"),
    (400000, "-F 32 -s 8 --mbr=y"),
]
# And what mtools make.
MFORMATS = [(1440, "-f 1440"), (2880, "-f 2880"), (60000, "-t 60 -h 64 -s 32 -c 4"), (80000, "-t 80 -h 64 -s 32 -F -c 1")]
DISKS_AT_ONCE = 3
LONG = "A long name with spaces, and a Ü.txt"
TEXT = "a few words"

# What is done with drive D. The programs end with their own sentences when something fails.
SCRIPT = f"""mkdir D:/dir && echo {TEXT} > "D:/dir/{LONG}" || echo D FAILED
cp 0:/large D:/dir/large && mv D:/dir/large D:/Large.Dat || echo D FAILED
cp -r D:/dir D:/copies && rm -r D:/dir || echo D FAILED
cat "D:/copies/{LONG.lower()}" || echo D FAILED
for_aliases
echo one > D:/removed.txt && rm D:/REMOVED.TXT && ls D:/
"""
ALIASES = "".join(f'echo {n} > "D:/copies/same beginning {n}.txt" || echo D FAILED\n' for n in range(1, 7))


def make_volume(path, kib, program, options):
    with open(path, "wb") as file:
        file.truncate(kib * 1024)
    command = ["mkfs.fat", *options.split(), path] if program == "mkfs.fat" else \
        ["mformat", "-i", path, *options.split(), "::"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)


def content(volume, name):
    """What mtools find there."""
    return subprocess.run(["mcopy", "-n", "-i", volume, "::" + name, "-"], stdout=subprocess.PIPE, check=True,
                          env={**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}).stdout


def listing(volume, folder):
    return subprocess.run(["mdir", "-i", volume, "::" + folder], stdout=subprocess.PIPE, check=True, text=True,
                          env={**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}).stdout


def what_is_wrong(volume, options, large):
    if content(volume, f"copies/{LONG}").decode() != TEXT + "\n":
        return "the file with the long name has other contents"
    if content(volume, "LARGE.DAT") != large:
        return "the large file has other contents"
    names = listing(volume, "copies").upper()
    for alias in ("ALONGN~1 TXT", "SAMEBE~1 TXT", "SAMEBE~4 TXT"):
        if alias not in names:
            return f"no alias {alias} in {names}"
    if "REMOVED" in listing(volume, "").upper():
        return "a removed file is there"
    if "-f 3" in options or "-f 4" in options:
        return None  # fsck.fat knows one FAT or two
    check = subprocess.run(["fsck.fat", "-n", volume], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           check=False)
    return f"fsck.fat: {check.stdout}" if check.returncode != 0 else None


def use(folder, forms):
    """Boots with those volumes as further disks; a script of the shell writes to them."""
    volumes = [os.path.join(folder, f"volume{i}") for i in range(len(forms))]
    for volume, form in zip(volumes, forms):
        make_volume(volume, *form)
    large = bytes(i * 31 % 251 for i in range(200001))
    start, data, image = (os.path.join(folder, name) for name in ("start.sh", "large", "disk.bin"))
    with open(data, "wb") as file:
        file.write(large)
    with open(start, "w", encoding="utf-8") as file:
        for drive in range(2, 2 + len(forms)):
            file.write(SCRIPT.replace("for_aliases\n", ALIASES).replace("D:/", f"{drive}:/"))
        file.write("mount\nexit\n")
    programs = [suite.arch().path(f"bin/programs/{name}.elf") for name in
                ("mkdir", "cp", "mv", "rm", "cat", "ls", "mount", "echo")]
    why = suite.make_image(image, "--init", suite.arch().path("bin/programs/shell.elf"),
                           "--file", f"{start}=init.sh", "--file", data,
                           *[word for program in programs for word in ("--file", program)])
    disks = [word for i, volume in enumerate(volumes)
             for word in ("-drive", f"format=raw,file={volume},if=ide,index={i + 1}")]
    status, console = suite.boot(image, *disks, seconds=120)
    if why or status != 0 or "FAILED" in console:
        console = why or console
        for _, program, options in forms:
            test(f"{program} {options}", f"status {status}: {console}")
        return
    for drive, (volume, (_, program, options)) in enumerate(zip(volumes, forms), 2):
        why = None if f"\n{drive}:/ has FAT" in console else f"it has no drive: {console}"
        test(f"{program} {options}", why or suite.outcome(lambda v=volume, o=options: what_is_wrong(v, o, large)))


def all_kernels():
    suite.make("bin/os.bin")
    forms = [(kib, "mkfs.fat", options) for kib, options in VOLUMES] + \
            [(kib, "mformat", options) for kib, options in MFORMATS]
    if suite.arch().bits == 64:
        forms = forms[2::5]
    for first in range(0, len(forms), DISKS_AT_ONCE):
        with tempfile.TemporaryDirectory() as folder:
            use(folder, forms[first:first + DISKS_AT_ONCE])


def main():
    suite.for_each_arch(all_kernels)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
