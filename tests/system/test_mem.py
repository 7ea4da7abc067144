#!/usr/bin/env python3
"""The program mem: its map against the heap's table in the machine's memory, its walks against
QEMU's own, its colours on the screen."""

import collections
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import suite
from suite import test
import memory_picture
from machine import COLUMNS, ROWS, VGA_TEXT, Machine, wait_for

PROMPT = "drupe> "
HEAP_TABLE, HEAP, BLOCK, BLOCKS = 0x7E00, 0x1000000, 4096, 25600
COLOR = re.compile(r"\x1b\[\d+m")
HOME, ERASE = "\x1b[H", "\x1b[J"
LIVE = "Any key ends this."
ROW = re.compile(r"[0-9a-f]{8} [.kKcCtTpPsSfF#]+ *| {9}(\.\.\. )?\d+ KiB free *| *")
SAMPLES = 20
BACKGROUNDS = {".": 0, "k": 1, "c": 3, "t": 5, "p": 2, "s": 7, "f": 6, "#": 4}  # VGA's numbers


class Session:
    def __init__(self, machine, folder):
        self.machine, self.folder = machine, folder
        wait_for(lambda: machine.says(PROMPT), "the first prompt")

    def run(self, line):
        """The rows that the line prints, with their colours."""
        before = len(self.machine.receive())
        self.machine.send(line + "\r")
        wait_for(lambda: self.machine.receive().rfind(PROMPT) > before, f"the end of {line}")
        text = self.machine.console[before:].replace("\r", "")
        return text.split("\n")[1:-1]

    def memory(self, address, size):
        path = os.path.join(self.folder, "memory")
        self.machine.monitor.execute("pmemsave", val=address, size=size, filename=path)
        with open(path, "rb") as file:
            return file.read()


def sums_of(rows):
    return {name.strip(): int(kib) for _, name, kib in
            re.findall(r"(\S) (\w[\w ]+?) +(\d+) KiB", "\n".join(rows[1:]))}


def drawing(session):
    """The map as {address of a cell: letter}, the size of a cell, and the sums below it."""
    rows = [COLOR.sub("", row) for row in session.run("mem map")]
    cell = int(re.fullmatch(r"A character is (\d+) KiB\..*", rows[0]).group(1)) * 1024
    cells = {}
    end = None
    for row in rows[1:]:
        match = re.fullmatch(r"([0-9a-f]{8}) ([.kKcCtTpPsSfF#]+)", row)
        gap = re.fullmatch(r" {9}(?:\.\.\. )?(\d+) KiB free *", row)
        if match:
            start = int(match.group(1), 16)
            letters = match.group(2)
        elif gap:  # goes on where the row above ended, or begins the first store
            start = HEAP if end is None else end
            letters = "." * (int(gap.group(1)) * 1024 // cell)
        else:
            continue
        cells.update({start + i * cell: c for i, c in enumerate(letters)})
        end = start + len(letters) * cell
    return cells, cell, sums_of(rows)


def figures(session):
    rows = "\n".join(session.run("mem"))
    def find(what):
        return int(re.search(what + r" +(\d+) KiB", rows).group(1))
    return find("Managed by the kernel"), find("free"), find("Disk cache"), find("Files' contents")


def the_map(session):
    session.run("cat readme.txt")
    cells, cell, sums = drawing(session)
    managed, _, cache, files = figures(session)
    test("mem map: the sums are what is managed",
         None if sum(sums.values()) - sums["reserved"] == managed else f"{sums}, {managed}")
    test("mem map: the cache's blocks are the cache's",
         None if cache == sums["disk cache"] > 0 else f"{sums}, {cache}")
    some = [kib for name, kib in sums.items() if name != "shared"] # nobody has forked
    test("mem map: each owner has some", None if all(some) else sums)
    test("mem map: the pages of files are the files'", None if files == sums["files"] else f"{sums}, {files}")
    test("mem map: no row is all free, and each block of the pool is drawn",
         None if set(range(HEAP, HEAP + BLOCKS * BLOCK, cell)) <= cells.keys() and cell <= 2 * BLOCK
         else f"{len(cells)} cells of {cell}")

    # The same from the table's bytes: mem has ended, so its own pages are free again.
    table = session.memory(HEAP_TABLE, BLOCKS)
    wrong = []
    for address, letter in cells.items():
        first = (address - HEAP) // BLOCK
        count = cell // BLOCK
        if first + count > BLOCKS:
            continue  # the frame zone has a table of its own
        taken = sum(map(bool, table[first:first + count]))
        if (letter == ".") != (taken == 0) and letter not in "pt":
            wrong.append((hex(address), letter, taken))
    test("mem map: a cell is empty where the heap's table is", wrong or None)


def colors(session):
    session.run("mem map")
    machine = session.machine
    wait_for(lambda: machine.screen()[-2:] != ["", ""] or PROMPT.rstrip() in machine.screen(),
             "the prompt on the screen")
    cells = session.memory(VGA_TEXT, COLUMNS * ROWS * 2)
    text = machine.screen()
    seen, wrong = set(), []
    for number, row in enumerate(text):
        if not re.match(r"[0-9a-f]{8} [.kKcCtTpPsSfF#]+$", row):
            continue
        for column in range(9, len(row)):
            attribute = cells[(number * COLUMNS + column) * 2 + 1]
            letter = row[column].lower()
            seen.add(letter)
            if attribute != BACKGROUNDS[letter] << 4 | 7:
                wrong.append((row, column, hex(attribute)))
    prompt = max(i for i, row in enumerate(text) if row)
    if cells[prompt * COLUMNS * 2 + 1] != 0x07:
        wrong.append("the prompt's colour")
    test("mem map: owners have colours on the screen",
         wrong or (None if {".", "#"} <= seen and len(seen) >= 4 else f"only {seen} seen"))


def is_picture(rows):
    """Is that a header, rows of cells, the sums?"""
    return rows[0].startswith("A character is ") and len(rows) > 4 and \
        all(ROW.fullmatch(row) for row in rows[1:-3]) and len(sums_of(rows)) == 8


def live(folder):
    """mem map live, while a program beside it takes memory."""
    image = os.path.join(folder, "live.bin")
    own = os.path.join(folder, "live")
    os.mkdir(own)
    elves = ["bin/programs/shell.elf", "bin/programs/mem.elf", "bin/programs/tests/grows.elf"]
    subprocess.run(["make", "-s", *elves], check=True)
    subprocess.run(["make", "-s", "image", f"INIT={elves[0]}", f"FILES={' '.join(elves[1:])}",
                    f"IMAGE={image}"], check=True)
    with Machine(image, own) as machine:
        session = Session(machine, own)
        before = len(machine.receive())
        session.run("grows &")
        pid = re.search(r"\[(\d+)\]", machine.console[before:]).group(1)
        start = len(machine.receive())

        def pictures():
            """The finished ones."""
            text = machine.receive()[start:].replace("\r", "")
            return [COLOR.sub("", part).split("\n")[:-1] for part in text.split(HOME)[1:]
                    if part.endswith(LIVE + ERASE)]

        machine.send("mem map live\r")
        wait_for(lambda: len({sums_of(rows)["processes"] for rows in pictures()}) >= 2,
                 "two pictures that differ in the processes' memory")
        found = pictures()
        # The first has the whole screen erased before it.
        wrong = [rows for rows in [[found[0][0].removeprefix(ERASE), *found[0][1:]], *found[1:]]
                 if not is_picture(rows) or len(rows) != len(found[0])]
        test("mem map live: draws again, the same rows in the same place", wrong or None)
        size = len(found[0])
        wrong, asleep = [], 0
        for _ in range(SAMPLES):
            time.sleep(0.023)
            asleep += "HLT=1" in machine.monitor.human("info registers")
            screen = machine.screen()
            if not is_picture(screen[:size]) or any(screen[size + 1:]):
                wrong = screen
        test("mem map live: the screen always has the picture", wrong or None)
        test("mem map live: sleeps between the pictures",
             None if asleep >= SAMPLES // 2 else f"halted in {asleep} of {SAMPLES} samples")

        for key, name in (("q", "a key"), ("\x1b[A", "an arrow"), ("\x03", "ctrl-C")):
            if key != "q":
                start = len(machine.receive())
                machine.send("mem map live\r")
                wait_for(pictures, "a picture")
            before = len(machine.receive())
            machine.send(key)
            wait_for(lambda: machine.receive().rfind(PROMPT) > before, f"the end by {name}")
            wait_for(lambda: PROMPT.rstrip() in machine.screen(), "the prompt on the screen")
            screen = machine.screen()
            end = machine.console[before:]
            attributes = {session.memory(VGA_TEXT + size * COLUMNS * 2 + 1, 1)[0],
                          session.memory(VGA_TEXT + (size * COLUMNS + 20) * 2 + 1, 1)[0]}
            test(f"mem map live: {name} ends it, and the prompt follows the picture",
                 None if end.endswith("\r" + ERASE + PROMPT) and
                 is_picture(screen[:size]) and screen[size:size + 2] == [PROMPT.rstrip(), ""] and
                 attributes == {0x07} else (end[-200:], screen, attributes))
        session.run(f"kill {pid}")
        _, _, sums = drawing(session)
        test("mem map: what a killed program had is free again",
             None if sums["processes"] < 400 else sums)


AREA = re.compile(r"(\w{8})-(\w{8}) ([r-][w-][x-][sp]) (\w+) +(\d+) +(\d+) +(\d+)")
FAULTS = re.compile(r"Pages by faults: (\d+) of zeros and (\d+) around them, (\d+) shown,\n"
                    r"  (\d+) copied, (\d+) taken back")


def areas(session):
    """What mem says of its own areas, and of the shell's, against what programs are known to have."""
    for line in ("mem areas", "mem areas 1"):
        rows = session.run(line)
        found = [AREA.fullmatch(row) for row in rows[1:-2]]
        test(f"{line}: a line for each area, in order, and none overlaps another",
             None if rows[0].split() == ["ADDRESSES", "KIND", "PRESENT", "SHARED", "PROMISED", "KiB"] and all(found)
             and all(int(a[2], 16) < int(b[1], 16) for a, b in zip(found, found[1:])) else rows)
        listed = {row[4]: row for row in found if row}
        stack = listed["stack"]
        test(f"{line}: the stack, of which each page is there or promised", None if
             stack.group(1, 2, 3) == ("003fb000", "003fefff", "rw-p") and
             int(stack[5]) + int(stack[7]) == 16 and int(stack[5]) >= 4 else rows)
        text = found[1]
        test(f"{line}: text is shared with the cache, and promises nothing", None if
             text.group(1, 3, 4) == ("00400000", "r-xp", "program") and text[5] == text[6] != "0" and
             text[7] == "0" else rows)
        counts = FAULTS.fullmatch("\n".join(rows[-2:]))
        test(f"{line}: the faults by kind", None if counts and int(counts[1]) and int(counts[3]) else rows)
    rows = session.run("mem areas 1")
    pages = [sum(int(kib) for kib in AREA.fullmatch(row).group(5, 7)) // 4
             for row in rows[1:-2] if "w" in AREA.fullmatch(row)[3]]
    have = int(re.search(r"^ +1 +0 +0 \w+ +(\d+)", "\n".join(session.run("ps")), re.MULTILINE)[1]) // 4
    # Tables, kernel stack, directory and a page for small objects are not of its areas.
    test("mem areas: what is charged is most of what ps shows",
         None if 0 < sum(pages) < have <= sum(pages) + 12 else (pages, have))
    rows = session.run("mem areas 99")
    test("mem areas 99", None if rows[0] == "mem: there is no process 99." else rows)


def walks(session):
    """Of the shell's address space, process 1, which is in CR3 while it waits for a key or not:
    what is the kernel's is the same in all."""
    for address in (0x1000, 0x7E00, 0xB8000, 0x100000, 0x1000000, 0x1234567, 0x7FFFFFF, 0xFEC00123):
        rows = session.run(f"mem walk {address:x} 1")
        answer = session.machine.monitor.human(f"gva2gpa {address:#x}")
        wanted = int(re.search(r"gpa: (\w+)", answer).group(1), 16)
        test(f"mem walk {address:x}: as QEMU's translation",
             None if f"  It lies at {wanted:08x} in physical memory." == rows[-1] else
             f"{answer!r}, {rows}")
    for address in (0, 0x3FA000, 0x3FF000, 0x80000000):
        rows = session.run(f"mem walk {address:#x}")
        test(f"mem walk {address:x}: not mapped",
             None if rows[-1] == "  Touching it causes a page fault." else rows)
    rows = session.run("mem walk 400000")
    test("mem walk: words", None if re.fullmatch(
        r"00400000: user program\n"
        r"  directory entry 1: [0-9a-f]{8} present, writeable, for all, accessed\n"
        r"  entry 0 of the table at [0-9a-f]{8}: [0-9a-f]{8} present, read-only, for all,\n"
        r"    accessed\n"
        r"  It lies at [0-9a-f]{8} in physical memory\.", "\n".join(rows)) else rows)
    for line in ("mem walk 400000 99", "mem layout 99"):
        rows = session.run(line)
        test(line, None if rows[0] == "mem: there is no process 99." else rows)
    for line in ("mem walk", "mem walk xyz", "mem walk 100000000", "mem walk 0x", "mem walk 1 2 3",
                 "mem walk 1 x", "mem trace", "mem areas x", "mem areas 1 2", "mem map 1", "mem map live 1", "mem else"):
        rows = session.run(line)
        test(line, None if rows[0].startswith("Usage: mem") and
             rows[-1] == "mem ended with status 2." else rows)


def layout(session):
    rows = session.run("mem layout")
    stretches = []
    for row in rows:
        start, end, kib = re.match(r"(\w{8})-(\w{8}) .{20} +(\d+) KiB  (?:not|rea|wri)", row).groups()
        stretches.append((int(start, 16), int(end, 16) + 1))
        if (stretches[-1][1] - stretches[-1][0]) // 1024 != int(kib):
            test("mem layout: sizes", row)
    gaps = [hex(b[0]) for a, b in zip(stretches, stretches[1:]) if a[1] != b[0]]
    test("mem layout: all 4 GiB, without gaps",
         gaps or (None if stretches[0][0] == 0 and stretches[-1][1] == 1 << 32 else rows))
    symbols = dict(reversed(line.split()[::2]) for line in os.popen("nm bin/kernel.elf"))
    guard = int(symbols["kernel_stack_guard"], 16)
    for wanted in (r"00000000-00000fff NULL +4 KiB  not mapped",
                   rf"00100000-{int(symbols['kernel_rodata_end'], 16) - 1:08x} kernel .* read-only, "
                   "kernel", rf"{guard:08x}-{guard + 0xfff:08x} kernel +4 KiB  not mapped",
                   r"003f[b-e]000-003fefff user stack +(4|8|12|16) KiB  writeable, all", # what was touched
                   r"00400000-\w+ user program +\d+ KiB  read-only, all",
                   r"\w{8}-07fdffff frame zone +\d+ KiB  writeable, kernel",
                   r"07fe0000-7fffffff no RAM +1966208 KiB  .*", # QEMU's firmware has the last 128 KiB
                   r"80000000-bfffffff process heap +1048576 KiB  not mapped"):
        test(f"mem layout: {wanted.split(' ')[0]}",
             None if any(re.fullmatch(wanted, row) for row in rows) else rows)


def trace(session):
    before = session.run("hello")
    rows = session.run("mem trace hello")
    after = session.run("hello")
    text = "\n".join(rows)
    allocated = re.findall(r"trace: kmalloc\((\d+)\) = (0x\w{8}) by (\w+)\+0x", text)
    freed = re.findall(r"trace: kfree\((0x\w{8})\), (\d+) KiB, by \w+\+0x", text)
    test("mem trace: kmalloc and kfree", None if
         any(name == "arguments_new" and (address, f"{-(-int(size) // BLOCK) * 4}") in freed
             for size, address, name in allocated) else rows)
    test("mem trace: process_malloc and process_free", None if re.search(
        r"trace: process_malloc\(10000\) = 0x80000000 by hello\.elf \(\d+\), eip 0040[0-9a-f]{4}\n"
        r"trace:   called from 0040[0-9a-f]{4}, 0040[0-9a-f]{4}.*\n"
        r".*\ntrace: process_free\(0x80000000\), 12 KiB, by hello\.elf \(\d+\), eip 0040[0-9a-f]{4}",
        text) else rows)
    # The second is what has called page_malloc(), in main().
    caller = re.search(r"called from \w+, (\w+)", text)
    found = os.popen(f"addr2line -f -e bin/programs/hello.debug.elf "
                     f"{int(caller.group(1), 16) - 1:#x}").read() if caller else "nobody"
    test("mem trace: names the line that asked for it",
         None if re.match(r"main\n.*/?programs/hello/hello\.c:\d+", found) else (found, rows))
    untraced = [row for row in rows if not row.startswith("trace: ")]
    test("mem trace: a program that is not there", None if session.run("mem trace nobody")[-2:] == [
        "mem: 'nobody' cannot be started: no such file or folder.", "mem ended with status 1."]
        else "it says something else")
    # A program in the background prints when it gets its turn: after the prompt, or before.
    refusal = "mem: a program in the background cannot turn on the trace."
    start = len(session.machine.receive())
    session.run("mem trace hello &")
    wait_for(lambda: refusal in session.machine.receive()[start:], f"the sentence {refusal!r}")
    session.run("")
    traced = [row for row in session.machine.receive()[start:].split("\n") if "trace: " in row]
    test("mem trace: in the background it stays off", traced or None)
    test("mem trace: nothing else changes", None if untraced == before == after else (rows, after))


def picture(folder):
    """tools/memory_picture.py draws as many squares of a colour as it counts, and one in the legend."""
    out = os.path.join(folder, "picture.png")
    result = subprocess.run([sys.executable, "tools/memory_picture.py", out], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with open(out, "rb") as file:
        data = file.read()
    width, height = struct.unpack(">II", data[16:24])
    pixels, place = b"", 8
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        pixels += data[place + 8:place + 8 + length] if kind == b"IDAT" else b""
        place += length + 12
    pixels = zlib.decompress(pixels)
    row = 1 + 3 * width
    rows = [pixels[start + 1:start + row] for start in range(0, len(pixels), row)]
    drawn = collections.Counter(rows[y][3 * x:3 * x + 3] for y in range(height)
                                for x in range(width))
    drawn = {color: drawn[bytes(color)] / (memory_picture.SQUARE - 2) ** 2 - 1
             for color in memory_picture.COLORS.values()}
    counted = collections.Counter()  # over all heaps
    for name, count in re.findall(r"(\w+) (\d+)(?:,|$)", result.stdout, re.MULTILINE):
        counted[memory_picture.COLORS[name.upper()]] += int(count)
    wanted = {color: counted[color] for color in memory_picture.COLORS.values()}
    test("memory picture: squares of each colour",
         None if len(counted) >= 5 and wanted == drawn else (result.stdout, drawn))
    test("memory picture: its legend has letters",
         None if any(bytes(memory_picture.TEXT) in row for row in rows[height - 40:]) else "none")


def main():
    subprocess.run(["make", "-s", "bin/os.bin", "bin/kernel.elf"], check=True)
    with tempfile.TemporaryDirectory() as folder, Machine("bin/os.bin", folder) as machine:
        session = Session(machine, folder)
        for part in (areas, walks, layout, trace, colors, the_map):
            part(session)
        picture(folder)
        live(folder)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
