#!/usr/bin/env python3
"""Makes bin/kernel.bin of the linker's raw output: packed, whole sectors, size and checksums filled in.

usage: tools/mkkernel.py RAW OUT

The header's layout is src/abi/kernel_header.h: magic at 8, size at 12, Fletcher's two sums over all
dwords (themselves taken as 0) at 16 and 20. The kernel's entry code computes them again.

In RAW the size is that of the entry code, which stays as it is; what follows is packed (lz4_block.py).
If it is 0, nothing is packed.
"""

import os
import re
import struct
import sys

sys.dont_write_bytecode = True  # no __pycache__ in the tree
import lz4_block  # pylint: disable=wrong-import-position
import output  # pylint: disable=wrong-import-position

MAGIC = 0x4B505244
OFFSETS = {"magic": 8, "bytes": 12, "a": 16, "b": 20}
HEADER_BYTES = 24
SECTOR = 512
LAYOUT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src/layout.h")


def layout_constant(name):
    """A number of src/layout.h."""
    with open(LAYOUT, encoding="ascii") as file:
        found = re.search(rf"^#define {name}\s+(0x[0-9A-Fa-f]+|\d+)\b", file.read(), re.MULTILINE)
    if not found:
        raise SystemExit(f"{LAYOUT} does not define {name}")
    return int(found.group(1), 0)


def checksums(data):
    """Fletcher's sums (a, b) over data's dwords, modulo 2^32."""
    a = b = 0
    for (dword,) in struct.iter_unpack("<I", data):
        a = (a + dword) & 0xFFFFFFFF
        b = (b + a) & 0xFFFFFFFF
    return a, b


def whole_sectors(data):
    return data + bytes(-len(data) % SECTOR)


def packed(raw):
    """The image's sectors: the entry code, then the rest as one block. SystemExit if the entry code could not
    unpack it."""
    entry_bytes = struct.unpack_from("<I", raw, OFFSETS["bytes"])[0]
    if not entry_bytes:
        return whole_sectors(raw)
    if not HEADER_BYTES <= entry_bytes <= len(raw):
        raise SystemExit(f"mkkernel: the entry code has {entry_bytes} bytes, the kernel {len(raw)}")
    block, ahead = lz4_block.pack(raw[entry_bytes:])
    data = whole_sectors(raw[:entry_bytes] + block)
    # The entry code moves the block up, so that its end is UNPACK_MARGIN_BYTES or more behind the kernel's.
    # Nothing may be overwritten before it is read.
    margin, limit = len(data) - len(raw) + ahead, layout_constant("UNPACK_MARGIN_BYTES")
    if margin > limit:
        raise SystemExit(f"mkkernel: the kernel cannot be unpacked in its place: {margin} bytes behind it are"
                         f" needed, UNPACK_MARGIN_BYTES (src/layout.h) is {limit}")
    return data


def make(raw):
    """The finished image, or SystemExit with a sentence."""
    if len(raw) < HEADER_BYTES or struct.unpack_from("<I", raw, OFFSETS["magic"])[0] != MAGIC:
        raise SystemExit("mkkernel: the input does not begin with a kernel header"
                         " (src/abi/kernel_header.h)")
    data = bytearray(packed(raw))
    sectors, limit = len(data) // SECTOR, layout_constant("KERNEL_SECTORS_MAX")
    if sectors > limit:
        raise SystemExit(f"mkkernel: the kernel has {sectors} sectors, {sectors - limit} too many:"
                         f" {limit} fit between the boot sector and partition 1")
    struct.pack_into("<III", data, OFFSETS["bytes"], len(data), 0, 0)
    struct.pack_into("<II", data, OFFSETS["a"], *checksums(data))
    return bytes(data)


def main():
    if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if sys.argv[1:2] in (["-h"], ["--help"]) else 2
    try:
        with open(sys.argv[1], "rb") as file:
            image = make(file.read())
        output.write(sys.argv[2], image)
    except OSError as error:
        raise SystemExit(f"mkkernel: {error.filename}: {error.strerror}") from error
    except output.OutputError as error:
        raise SystemExit(f"mkkernel: {error}") from error
    return 0


if __name__ == "__main__":
    sys.exit(main())
