#!/usr/bin/env python3
"""Makes the kernel's symbol table (src/debug/symbols.h) as C source.

usage: nm -n kernel.elf | mksymbols.py > symbols.c
       mksymbols.py --empty > symbols.c      the table of the first link, without symbols

Functions are nm's types t and T. A nasm local label (routine.loop) belongs to its routine and is
left out; GCC's parts of a function (name.part.0, name.cold) are code of their own and stay.
"""
import re
import sys

COMPILER_PART = re.compile(r"\.(part|cold|constprop|isra|lto_priv)\b")
PAGE_BYTES = 4096


def read_symbols(lines):
    """The functions as a sorted list of (address, name), and the end of the text."""
    names = {}
    others = []
    for line in lines:
        fields = line.split()
        if len(fields) != 3:
            continue  # undefined symbols have no address
        address, kind, name = int(fields[0], 16), fields[1], fields[2]
        if kind not in "tT":
            if kind not in "aA":
                others.append(address)
        elif "." not in name or COMPILER_PART.search(name):
            # Of several names for one address, a global one reads best.
            if address not in names or (kind == "T" and names[address][0] == "t"):
                names[address] = (kind, name)
    symbols = [(address, name) for address, (_, name) in sorted(names.items())]
    if not symbols:
        return [], 0
    last = symbols[-1][0]
    after = [address for address in others if address > last]
    return symbols, min(after, default=last + PAGE_BYTES)


def write_table(symbols, text_end, out):
    out.write("/* Made by tools/mksymbols.py. */\n")
    out.write('#include "debug/symbols.h"\n\n')
    out.write(f"SYMBOLS_SECTION const uint32_t symbol_count = {len(symbols)};\n")
    out.write(f"SYMBOLS_SECTION const uint32_t symbol_text_end = {text_end:#x};\n")
    out.write("SYMBOLS_SECTION const uint32_t symbol_addresses[] = {\n")
    for address, _ in symbols or [(0, "")]:
        out.write(f"    {address:#x},\n")
    out.write("};\n")
    out.write("SYMBOLS_SECTION const char symbol_names[] =\n")
    for _, name in symbols:
        out.write(f'    "{name}\\0"\n')
    out.write('    "";\n')


def main():
    if sys.argv[1:] not in ([], ["--empty"]):
        sys.exit(__doc__)
    symbols, text_end = ([], 0) if sys.argv[1:] else read_symbols(sys.stdin)
    if not sys.argv[1:] and not symbols:
        sys.exit("mksymbols.py: no functions in the input; is it the output of nm -n?")
    write_table(symbols, text_end, sys.stdout)


if __name__ == "__main__":
    main()
