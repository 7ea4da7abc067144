#!/usr/bin/env python3
"""Makes bin/kernel.bin of the linker's raw output: whole sectors, size and checksums filled in.

usage: tools/mkkernel.py RAW OUT

The header's layout is src/abi/kernel_header.h: magic at 8, size at 12, Fletcher's two sums over all
dwords (themselves taken as 0) at 16 and 20. The kernel's entry code computes them again.
"""

import os
import re
import struct
import sys

MAGIC = 0x4B505244
OFFSETS = {"magic": 8, "bytes": 12, "a": 16, "b": 20}
SECTOR = 512
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def sectors_max():
    """KERNEL_SECTORS_MAX of src/layout.h."""
    with open(os.path.join(ROOT, "src/layout.h"), encoding="ascii") as file:
        return int(re.search(r"#define KERNEL_SECTORS_MAX (\d+)", file.read()).group(1))


def checksums(data):
    a = b = 0
    for (dword,) in struct.iter_unpack("<I", data):
        a = (a + dword) & 0xFFFFFFFF
        b = (b + a) & 0xFFFFFFFF
    return a, b


def make(raw):
    """The finished image, or SystemExit with a sentence."""
    data = bytearray(raw + bytes(-len(raw) % SECTOR))
    if len(raw) < 24 or struct.unpack_from("<I", data, OFFSETS["magic"])[0] != MAGIC:
        raise SystemExit("mkkernel: the input does not begin with a kernel header")
    limit = sectors_max()
    if len(data) // SECTOR > limit:
        raise SystemExit(f"mkkernel: the kernel has {len(data) // SECTOR} sectors, "
                         f"{len(data) // SECTOR - limit} more than the {limit} "
                         "that fit between the boot sector and partition 1")
    struct.pack_into("<III", data, OFFSETS["bytes"], len(data), 0, 0)
    struct.pack_into("<II", data, OFFSETS["a"], *checksums(bytes(data)))
    return bytes(data)


def main():
    if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if sys.argv[1:2] in (["-h"], ["--help"]) else 2
    with open(sys.argv[1], "rb") as file:
        raw = file.read()
    image = make(raw)
    with open(sys.argv[2], "wb") as file:
        file.write(image)
    return 0


if __name__ == "__main__":
    sys.exit(main())
