#!/usr/bin/env python3
"""Makes the kernel's symbol table (src/debug/symbols.h) as C source.

usage: nm -n kernel.elf | mksymbols.py > symbols.c
       mksymbols.py --empty > symbols.c      the table of the first link, without symbols

Functions are nm's types t, T and W. A nasm local label (routine.loop) belongs to its routine and is
left out; GCC's parts of a function (name.part.0, name.cold) are code of their own and stay.
"""
import collections
import re
import sys

COMPILER_PART = re.compile(r"\.(part|cold|constprop|isra|lto_priv)\b")
PAGE_BYTES = 4096
SIZE_IS_LONG = 0xFF
PAIR_FIRST = 0x80


def read_symbols(lines):
    """The functions as a sorted list of (address, name), and the end of the text."""
    names = {}
    others = []
    for line in lines:
        fields = line.split()
        if len(fields) != 3:
            continue  # undefined symbols have no address
        address, kind, name = int(fields[0], 16), fields[1], fields[2]
        if kind not in "tTW":
            if kind not in "aA":
                others.append(address)
        elif "." not in name or COMPILER_PART.search(name):
            # Of several names for one address, a global one reads best.
            if address not in names or (kind != "t" and names[address][0] == "t"):
                names[address] = (kind, name)
    symbols = [(address, name) for address, (_, name) in sorted(names.items())]
    if not symbols:
        return [], 0
    last = symbols[-1][0]
    after = [address for address in others if address > last]
    return symbols, min(after, default=last + PAGE_BYTES)


def pack_names(names):
    """The names with frequent pairs of bytes replaced, again and again, and those pairs."""
    packed = [list(name.encode("ascii")) for name in names]
    pairs = []
    while PAIR_FIRST + len(pairs) < 0x100:
        counts = collections.Counter()
        for name in packed:
            counts.update(zip(name, name[1:]))
        # The most frequent, and of several the lowest: the same input gives the same table.
        pair, count = min(counts.items(), key=lambda item: (-item[1], item[0]), default=(None, 0))
        if count < 3:  # a pair costs two bytes itself
            break
        byte = PAIR_FIRST + len(pairs)
        pairs.append(pair)
        for name in packed:
            i = 0
            while i + 1 < len(name):
                if (name[i], name[i + 1]) == pair:
                    name[i:i + 2] = [byte]
                i += 1
    return packed, pairs


def unpack_name(packed, pairs):
    name = []
    for byte in packed:
        if byte < PAIR_FIRST:
            name.append(chr(byte))
        else:
            name.append(unpack_name(pairs[byte - PAIR_FIRST], pairs))
    return "".join(name)


def size_bytes(size, name):
    if size < SIZE_IS_LONG:
        return [size]
    if size > 0xFFFF:
        sys.exit(f"mksymbols.py: {name} has {size} bytes; the table has room for 65,535")
    return [SIZE_IS_LONG, size & 0xFF, size >> 8]


def write_table(symbols, text_end, out):
    packed, pairs = pack_names([name for _, name in symbols])
    assert [unpack_name(name, pairs) for name in packed] == [name for _, name in symbols]
    ends = [address for address, _ in symbols[1:]] + [text_end]
    out.write("/* Made by tools/mksymbols.py. */\n")
    out.write('#include "debug/symbols.h"\n\n')
    out.write(f"SYMBOLS_SECTION const uintptr_t symbol_text_start = "
              f"{symbols[0][0] if symbols else 0:#x};\n")
    out.write(f"SYMBOLS_SECTION const uintptr_t symbol_text_end = {text_end:#x};\n")
    out.write("SYMBOLS_SECTION const uint8_t symbol_table[] = {\n")
    for (address, name), end, bytes_of_name in zip(symbols, ends, packed):
        row = [*size_bytes(end - address, name), *bytes_of_name, 0]
        out.write(f"    {', '.join(map(str, row))}, /* {address:08x} {name} */\n")
    out.write("    0,\n};\n")
    out.write("SYMBOLS_SECTION const uint8_t symbol_pairs[][2] = {\n")
    for first, second in pairs or [(0, 0)]:
        out.write(f"    {{{first}, {second}}},\n")
    out.write("};\n")


def main():
    if sys.argv[1:] not in ([], ["--empty"]):
        sys.exit(__doc__)
    symbols, text_end = ([], 0) if sys.argv[1:] else read_symbols(sys.stdin)
    if not sys.argv[1:] and not symbols:
        sys.exit("mksymbols.py: no functions in the input; is it the output of nm -n?")
    write_table(symbols, text_end, sys.stdout)


if __name__ == "__main__":
    main()
