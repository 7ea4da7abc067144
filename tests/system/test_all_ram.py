#!/usr/bin/env python3
"""All of RAM on x86_64: every usable page that the firmware reports is used, from 18 MiB to 16 GiB, the
tables for it take at most 1.2 percent, a program can have more than 4 GiB of it, and RAM costs next to nothing
at boot.

QEMU gives a guest memory when it is first touched, so that a machine of 16 GiB needs little of the host.
"""

import os
import re
import subprocess
import sys

import suite
from suite import run_tests

SIZES = {"18M": 18, "64M": 64, "1G": 1 << 10, "3G": 3 << 10, "4G": 4 << 10, "6G": 6 << 10, "16G": 16 << 10}
FIRMWARE_PAGES = 400          # of the RAM, at most: SeaBIOS's own, and what lies below 1 MiB
TABLES_PERMILLE = 12
INSTRUCTIONS_PER_FRAME = 20   # at boot
IMAGES = ["bin/x86_64/hello.bin", "bin/x86_64/test.bin"]
COUNTER, COUNTER_ELF = "build/x86_64/counter.bin", "bin/programs/tests/counter.elf"
LARGE, LARGE_ELF = "build/x86_64/large.bin", "bin/x86_64/programs/tests/large_memory.elf"


def boot(image, size, *arguments):
    """(exit status, console)"""
    result = subprocess.run(["tests/run_qemu.sh", image, "-m", size, *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                            env={**os.environ, "QEMU": "qemu-system-x86_64", "TIMEOUT_S": "300"})
    return result.returncode, result.stdout.decode("latin-1").replace("\r", "")


def whole_ram(size):
    """All pages are usable ones of the firmware's map, and all of these are accounted for."""
    status, console = boot(IMAGES[0], size)
    found = re.search(r"Pages: (\d+) usable = (\d+) free \+ (\d+) used \+ (\d+) reserved\n"
                      r"  \(reserved: (\d+) kernel and low memory, (\d+) tables, (\d+) out of reach\)",
                      console)
    if status != 0 or not found:
        return f"status {status}: {console}"
    usable, free, used, reserved, kernel, tables, unreachable = map(int, found.groups())
    listed = sum(int(kib) for kib in re.findall(r"^  [0-9a-f]+-[0-9a-f]+ +(\d+) KiB  usable$", console,
                                                re.MULTILINE)) // 4
    if not listed - 8 <= usable <= listed or usable < SIZES[size] * 256 - FIRMWARE_PAGES:
        return f"{usable} pages of {SIZES[size]} MiB, of which the firmware lists {listed}"
    if unreachable or usable != free + used + kernel + tables or reserved != kernel + tables:
        return found.group(0)
    return f"{tables} pages of tables" if tables * 1000 > usable * TABLES_PERMILLE else None


def beyond_4_gib():
    status, console = boot(IMAGES[1], "16G", "-fw_cfg",
                           "name=opt/drupe/test,string=pmm_memory_beyond_4_gib")
    pages = re.search(r"^info: (\d+) pages beyond 4 GiB$", console, re.MULTILINE)
    if status != 0 or not pages or int(pages.group(1)) < 3 << 20:
        return f"status {status}: {console}"
    return None


def program_beyond_4_gib():
    status, console = boot(LARGE, "6G")
    return None if status == 0 and "4608 MiB by process_malloc()" in console else f"status {status}: {console}"


def instructions(size):
    """From the reset to the program's first character."""
    console = boot(COUNTER, size, "-icount", "shift=0,sleep=off")[1]
    return int(re.search(r"counter ([0-9a-f]{16})", console).group(1), 16)


def cost_of_ram():
    # The guest polls while QEMU reads its files: the least of several runs says most.
    small, large = (min(instructions(size) for _ in range(3)) for size in ("1G", "16G"))
    per_frame = (large - small) / (15 << 18)
    print(f"info: {per_frame:.1f} instructions at boot for each frame of RAM")
    return f"{per_frame:.1f} per frame" if per_frame > INSTRUCTIONS_PER_FRAME else None


def main():
    make = ["make", "-s", "ARCH=x86_64"]
    subprocess.run([*make, *IMAGES, COUNTER_ELF, LARGE_ELF], check=True)
    for init, image in ((COUNTER_ELF, COUNTER), (LARGE_ELF, LARGE)):
        subprocess.run([*make, "image", f"INIT={init}", f"IMAGE={image}"], check=True)
    run_tests([(f"-m {size}: every usable page is used", lambda size=size: whole_ram(size))
               for size in SIZES])
    run_tests([("memory beyond 4 GiB is handed out to the last page, and is there", beyond_4_gib),
               ("a program takes more than 4 GiB, by process_malloc() and by the break", program_beyond_4_gib),
               ("boot time does not grow with RAM", cost_of_ram)])
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
