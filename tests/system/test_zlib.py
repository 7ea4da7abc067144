#!/usr/bin/env python3
"""zlib on Drupe, of each word size: its own tests pass, and what one side packs the other unpacks."""

import os
import sys
import tempfile
import zlib
import gzip

import suite
from suite import test
import guests
from guests import GUESTS, check, equal

# What zlib's test/example.c says when all is well; it ends with status 1 and another line when not.
EXAMPLE = (r"zlib version 1\.\S+ = 0x1\w+, compile flags = 0x\w+\n"
           r"uncompress\(\): hello, hello!\n"
           r"gzread\(\): hello, hello!\n"
           r"gzgets\(\) after gzseek:  hello!\n"
           r"inflate\(\): hello, hello!\n"
           r"large_inflate\(\): OK\n"
           r"after inflateSync\(\): hello, hello!\n"
           r"inflate with dictionary: hello, hello!\n")


def round_trip_data():
    """What tests/newlib/zlib_round_trip.c packs."""
    state, size, data = 1, 300000, bytearray()
    for i in range(size):
        state = (state * 1103515245 + 12345) & 0xFFFFFFFF
        data.append(b"drupe "[(state >> 16) % 6] if i < size // 2 else state >> 20 & 0xFF)
    return bytes(data)


def both_ways():
    names = ("example", "minigzip", "ziptrip")
    guests.make(guests.RUNNER, *(f"{GUESTS}/{name}.elf" for name in names))
    text = "".join(f"line {i} of a text that the host has packed\n" for i in range(2000))
    with tempfile.TemporaryDirectory() as folder:
        packed, broken = os.path.join(folder, "packed.gz"), os.path.join(folder, "broken.gz")
        data = bytearray(gzip.compress(text.encode(), mtime=0))
        with open(packed, "wb") as file:
            file.write(data)
        data[len(data) // 2] ^= 0x55
        with open(broken, "wb") as file:
            file.write(data)
        lines = ["example.elf /tmp/foo.gz", "ziptrip.elf", "minigzip.elf -d -c packed.gz",
                 "minigzip.elf -d -c broken.gz", "minigzip.elf nothing.txt"]
        ran = guests.run(folder, lines,
                         [packed, broken, *(f"{GUESTS}/{name}.elf" for name in names)])
    check(ran, lines[0], 0, EXAMPLE)
    crc = zlib.crc32(round_trip_data())
    check(ran, lines[1], 0, rf"300000 bytes, crc {crc:08x}\nround trip \.\.\. ok\n")
    if check(ran, lines[2], 0):
        equal("what the host has packed", ran[lines[2]].output, text)
    check(ran, lines[3], 1)
    test("a damaged file is noticed", None if lines[3] in ran and
         "minigzip.elf: broken.gz: incorrect data check\n" in ran[lines[3]].output else
         ran[lines[3]].output[-200:])
    check(ran, lines[4], 1, r"nothing\.txt: No such file or directory\n")


def main():
    suite.for_each_arch(both_ways)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
