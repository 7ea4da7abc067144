#!/usr/bin/env python3
"""Draws the blocks of a running Drupe: boots an image, types some commands, reads the heaps' tables
and their owners out of the machine's memory, and writes a PNG.

usage: tools/memory_picture.py OUT.png [IMAGE [COMMAND ...]]

A square is a block of 4 KiB, 64 per row: above the kernel heap's pool, below it the frame zone, if the
machine has RAM beyond the pool (20 MiB by default, or MEMORY in the environment), then the RAM behind the
kernel, the window on the RAM at 4 to 16 MiB, and at the end a legend. Needs bin/kernel.elf for the addresses
of the kernel's variables (gdb reads them) and functions (nm). The letters are the machine's own: the VGA BIOS
has an 8 x 16 font.
"""

import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import output  # pylint: disable=wrong-import-position
from machine import Machine, wait_for  # pylint: disable=wrong-import-position

KERNEL = "bin/kernel.elf"
PROMPT = "drupe> "
COMMANDS = ["cat readme.txt", "shell", "ls", "shell", "cat usertest.elf", "shell", "hello", "shell",
            "mem map", "shell"]
# By name; each a struct heap.
HEAPS = {"kernel heap": "kheap.heap", "frame zone": "pmm.zones[0].heap", "RAM behind the kernel": "pmm.tail_zone.heap",
         "window": "pmm.low.heap"}
IS_FIRST, HAS_NEXT = 0x40, 0x80
SLOT_BYTES = 12  # struct heap_slot: owner first

COLUMNS, SQUARE, MARGIN, GAP = 64, 12, 12, 24
BACKGROUND = (24, 24, 28)
TEXT = (200, 202, 208)
FONT_POINTER = 0x43 * 4  # of the IVT: INT 43h points to the VGA BIOS's font
GLYPH_WIDTH, GLYPH_HEIGHT = 8, 16
COLORS = {"FREE": (52, 54, 60), "KERNEL": (66, 120, 240), "CACHE": (40, 190, 200),
          "TABLES": (210, 80, 200), "PROCESSES": (80, 200, 90), "FILES": (220, 180, 60),
          "RESERVED": (200, 60, 50)}
WORDS = {"FREE": "free", "KERNEL": "kernel", "CACHE": "disk cache", "TABLES": "page tables",
         "PROCESSES": "processes", "FILES": "files", "RESERVED": "reserved"}
LEGEND_COLUMNS = 3


def gdb_values(expressions):
    """What gdb knows about the kernel's variables without running it."""
    command = ["gdb", "-nx", "-batch", KERNEL]
    for expression in expressions:
        command += ["-ex", f'printf "%u\\n", (unsigned)({expression})']
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            check=True)
    return [int(line) for line in result.stdout.split()]


def functions():
    """Sorted (address, name) of the kernel's functions."""
    result = subprocess.run(["nm", "-n", KERNEL], stdout=subprocess.PIPE, text=True, check=True)
    fields = [line.split() for line in result.stdout.split("\n")]
    return [(int(f[0], 16), f[2]) for f in fields if len(f) == 3 and f[1] in "tTW"]


def owner_names():
    """The list of programs/mem/map.c: (beginning of a function's name, owner)."""
    with open("programs/mem/map.c", encoding="ascii") as file:
        text = file.read()
    found = re.findall(r'\{"(\w+)", ([A-Z]+)\}', text)
    assert found
    return found


def owner_of(address, table, names):
    name = ""
    for start, function in table:
        if start > address - 1:  # the owner is a return address
            break
        name = function
    return next((owner for start, owner in names if name.startswith(start)), "KERNEL")


class Reader:
    def __init__(self, machine, folder):
        self.machine, self.path = machine, os.path.join(folder, "memory")

    def read(self, address, size):
        self.machine.monitor.execute("pmemsave", val=address, size=size, filename=self.path)
        with open(self.path, "rb") as file:
            return file.read()

    def dword(self, address):
        return struct.unpack("<I", self.read(address, 4))[0]


def blocks_of(reader, entries, total, slots, kernel, names):
    """The owner of each block."""
    if total == 0:
        return []
    table = reader.read(entries, total)
    index = reader.read(slots, total * SLOT_BYTES)
    owners, known, current = [], {}, "FREE"
    continues = False
    for block, entry in enumerate(table):
        if entry & IS_FIRST:
            address = struct.unpack_from("<I", index, block * SLOT_BYTES)[0]
            if address not in known:
                known[address] = owner_of(address, kernel, names)
            current = known[address]
        elif not continues:
            current = "RESERVED" if entry else "FREE"
        owners.append(current)
        continues = bool(entry & HAS_NEXT)
    return owners


def read_font(reader):
    """The rows of each character's glyph."""
    offset, segment = struct.unpack("<HH", reader.read(FONT_POINTER, 4))
    font = reader.read(segment * 16 + offset, 256 * GLYPH_HEIGHT)
    return [font[i:i + GLYPH_HEIGHT] for i in range(0, len(font), GLYPH_HEIGHT)]


def read_machine(image, commands):
    """The owners of each heap's blocks, and the font."""
    fields = gdb_values([f"&{heap}.{field}" for heap in HEAPS.values()
                         for field in ("entries", "total", "slots")])
    kernel, names = functions(), owner_names()
    with tempfile.TemporaryDirectory() as folder, Machine(
            image, folder, "-m", os.environ.get("MEMORY", "20")) as machine:
        wait_for(lambda: machine.says(PROMPT), "the prompt")
        for command in commands:
            before = len(machine.receive())
            machine.send(command + "\r")
            wait_for(lambda: machine.receive().rfind(PROMPT) > before, f"the prompt after {command}")
        machine.monitor.execute("stop")
        reader = Reader(machine, folder)
        return [blocks_of(reader, *(reader.dword(field) for field in fields[i:i + 3]), kernel, names)
                for i in range(0, len(fields), 3)], read_font(reader)


class Canvas:
    """Rows of RGB bytes, as many as are asked for."""

    def __init__(self, width):
        self.width = width
        self.rows = []

    def extend(self, height):
        self.rows += [bytearray(bytes(BACKGROUND) * self.width) for _ in range(height)]

    def fill(self, left, top, width, height, color):
        for row in self.rows[top:top + height]:
            row[3 * left:3 * (left + width)] = bytes(color) * width

    def write(self, left, top, text, font):
        for number, character in enumerate(text.encode("cp437")):
            for y, bits in enumerate(font[character]):
                for x in range(GLYPH_WIDTH):
                    if bits & 0x80 >> x:
                        self.fill(left + number * GLYPH_WIDTH + x, top + y, 1, 1, TEXT)


def draw(parts, font):
    """Rows of RGB bytes."""
    canvas = Canvas(2 * MARGIN + COLUMNS * SQUARE)
    canvas.extend(MARGIN)
    for name, owners in zip(HEAPS, parts):
        if not owners:
            continue
        canvas.extend(GLYPH_HEIGHT + MARGIN // 2)
        canvas.write(MARGIN, len(canvas.rows) - GLYPH_HEIGHT - MARGIN // 2, f"the {name}", font)
        top = len(canvas.rows)
        canvas.extend(-(-len(owners) // COLUMNS) * SQUARE + GAP)
        for block, owner in enumerate(owners):
            canvas.fill(MARGIN + block % COLUMNS * SQUARE, top + block // COLUMNS * SQUARE,
                        SQUARE - 2, SQUARE - 2, COLORS[owner])
    column_width = COLUMNS * SQUARE // LEGEND_COLUMNS
    for number, owner in enumerate(WORDS):
        if number % LEGEND_COLUMNS == 0:
            canvas.extend(GLYPH_HEIGHT + MARGIN // 2)
        left = MARGIN + number % LEGEND_COLUMNS * column_width
        top = len(canvas.rows) - GLYPH_HEIGHT - MARGIN // 2
        count = sum(part.count(owner) for part in parts)
        canvas.fill(left, top + 3, SQUARE - 2, SQUARE - 2, COLORS[owner])
        canvas.write(left + SQUARE + 6, top, f"{WORDS[owner]}: {count * 4} KiB", font)
    canvas.extend(MARGIN)
    return [bytes(row) for row in canvas.rows]


def png(rows):
    """PNG specification, second edition: signature, IHDR, IDAT, IEND."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    header = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    pixels = b"".join(b"\0" + row for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
            chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b""))


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    image = sys.argv[2] if len(sys.argv) > 2 else "bin/os.bin"
    try:
        output.ordinary_file(sys.argv[1])
        parts, font = read_machine(image, sys.argv[3:] or COMMANDS)
        output.write(sys.argv[1], png(draw(parts, font)))
    except output.OutputError as error:
        raise SystemExit(f"memory_picture: {error}") from error
    for name, owners in zip(HEAPS, parts):
        if not owners:
            continue
        counts = ", ".join(f"{owner.lower()} {owners.count(owner)}" for owner in COLORS
                           if owner in owners)
        print(f"{name}: {len(owners)} blocks: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
