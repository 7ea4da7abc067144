#!/usr/bin/env python3
"""The documents against the sources that they describe."""

import glob
import os
import re
import sys

import suite
import syscall_table
from suite import read, test


def compare(documented, defined):
    missing = sorted(set(defined) - set(documented))
    extra = sorted(set(documented) - set(defined))
    return f"not documented: {missing}; not defined: {extra}" if missing or extra else None


PEACHOS = ["SUM", "PRINT", "GETKEY", "PUTCHAR", "MALLOC", "FREE", "PROCESS_LOAD_START",
           "INVOKE_SYSTEM_COMMAND", "GET_PROGRAM_ARGUMENTS", "EXIT"]


def commands():
    """docs/syscalls.md has the rows that abi/syscalls.def gives, and no others."""
    page, found = read(syscall_table.PAGE), syscall_table.calls(read(syscall_table.TABLE))
    wanted = syscall_table.page_with(page, found)
    lost = page.replace(syscall_table.row(found[3]), "")
    if syscall_table.page_with(lost, found) != wanted or lost == page:
        return "a row that is missing is not found"
    return None if page == wanted else "tools/syscall_table.py --write changes it"




def numbers():
    """0 to 9 are PeachOS's calls; no number has come, gone or moved unnoticed."""
    names = {number: name for number, name, *_ in syscall_table.calls(read(syscall_table.TABLE))}
    own = [number for number in names if number > 9]
    if [names.get(number) for number in range(10)] != PEACHOS:
        return f"0 to 9 are {[names.get(number) for number in range(10)]}"
    wrong = {number: names.get(number) for number, name in
             {16: "EXIT_STATUS", 22: "WRITE", 28: "READ", 36: "BREAK", 40: "SEEDS",
              54: "SPAWN_PROGRAM"}.items()
             if names.get(number) != name}
    return f"moved: {wrong}" if wrong or own != list(range(16, own[-1] + 1)) else None


def errors():
    """Every error that the documents name is in status.h."""
    defined = set(re.findall(r"^#define (E[A-Z0-9]+)", read("src/base/status.h"), re.MULTILINE))
    named = set()
    for path in ("docs/syscalls.md", "docs/memory.md", "docs/boot.md"):
        named |= set(re.findall(r"-(E[A-Z0-9]{2,})\b", read(path)))
    return f"unknown: {sorted(named - defined)}" if named - defined else None


def error_table():
    """docs/syscalls.md has a row for each error, with status.h's number and words."""
    rows = re.findall(r"^\| (\d+) \| (E[A-Z0-9]+) \| ([^|]*) \|$", read("docs/syscalls.md"),
                      re.MULTILINE)
    defined = re.findall(r"^#define (E[A-Z0-9]+) +(\d+) +/\* (.*) \*/$", read("src/base/status.h"),
                         re.MULTILINE)
    wrong = compare(rows, [(number, name, meaning) for name, number, meaning in defined])
    return wrong or (None if len(rows) >= 27 else f"only {len(rows)} errors")


def addresses():
    """Every range of the memory map's tables begins at an address that layout.h has, or its half for
    the architecture, or that follows from one."""
    unknown = []
    for arch, digits, least, more in (("i386", 8, 8, {0x0, 0xA0000, 0xE200}), ("x86_64", 16, 6, {0x1000})):
        numbers = read("src/layout.h") + read(f"src/arch/{arch}/layout_arch.h")
        allowed = {int(value, 16) for value in re.findall(r"0x[0-9A-Fa-f]+", numbers)} | more
        starts = re.findall(rf"^\| (0x[0-9A-Fa-f]{{{digits}}})[–-]", read("docs/memory-map.md"),
                            re.MULTILINE)
        unknown += [start for start in starts if int(start, 16) not in allowed]
        if len(starts) < least:
            return f"only {len(starts)} ranges of {arch} found"
    return f"in no layout: {unknown}" if unknown else None


def sources(folders):
    """{name of a file: its path, or paths where two folders have one of that name}"""
    found = {}
    for folder in folders:
        for path, _, names in os.walk(folder):
            for name in names:
                found.setdefault(name, []).append(os.path.join(path, name))
    return found


def defects():
    """Every defect of the page about PeachOS names tests that exist."""
    files = sources(["tests", "programs/usertest"])
    page = read("docs/coming-from-peachos.md")
    page = page[page.index("## What goes wrong"):page.index("## Bringing a program along")]
    rows = [row for row in page.split("\n") if row.startswith("| ") and "| test |" not in row
            and not row.startswith("| ---")]
    wrong = []
    for row in rows:
        tests = re.findall(r"`([\w.]+): ([^`]+)`", row.split("|")[3])
        if not tests:
            wrong.append(f"no test: {row}")
        for file, name in tests:
            if not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", read(path))
                       for path in files.get(file, [])):
                wrong.append(f"{file}: {name}")
    return "; ".join(wrong) or (None if len(rows) >= 50 else f"only {len(rows)} rows found")


def constants():
    """A number that the documents give together with the name of a constant is the header's."""
    values = {}
    for path in ("src/layout.h", "src/config.h", "src/abi/syscalls.h", "src/abi/keys.h",
                 "src/base/status.h", "src/memory/heap/heap.h", "src/memory/paging/paging.h"):
        for name, value in re.findall(r"^#define (\w+) +\(?(-?\w+)\)?(?:u\b)?(?: |$)", read(path),
                                      re.MULTILINE):
            if re.fullmatch(r"-?(0x[0-9A-Fa-f]+|\d+)", value):
                values[name] = int(value, 0)
    wrong, seen = [], 0
    for path in sorted(glob.glob("docs/*.md")):
        for name, value in re.findall(r"`?([A-Z][A-Z0-9_]{4,})`? \((?:= )?(0x[0-9A-Fa-f]+|\d+)\)",
                                      read(path)):
            if name in values:
                seen += 1
                if values[name] != int(value, 0):
                    wrong.append(f"{path}: {name} is {values[name]:#x}, not {value}")
    return "; ".join(wrong) or (None if seen else "no constant found")


def figures():
    """Sizes and limits that the documents state in words."""
    layout, config, abi = read("src/layout.h"), read("src/config.h"), read("src/abi/syscalls.h")

    def define(text, name):
        return int(re.search(rf"^#define {name} +(\w+)", text, re.MULTILINE).group(1), 0)
    blocks = define(config, "HEAP_SIZE_BYTES") // define(config, "HEAP_BLOCK_SIZE_BYTES")
    table_end = define(layout, "HEAP_TABLE_ADDRESS") + blocks
    index_end = table_end + 1024 * 4 + blocks * 12
    stated = {
        "README.md": [f"{define(config, 'RAM_MINIMUM_MIB')} MiB of RAM"],
        "docs/boot.md": [f"{define(layout, 'KERNEL_SECTORS_MAX'):,}",
                         f"sector {define(layout, 'PARTITION_LBA')}",
                         f"0x{define(layout, 'BIOS_THUNK_ADDRESS'):X}",
                         f"signature at 0x{define(layout, 'DISK_SIGNATURE_OFFSET'):X}"],
        "docs/memory-map.md": [f"{blocks:,} blocks", f"0x{define(layout, 'BIOS_THUNK_ADDRESS'):X}"],
        "docs/memory.md": [f"0x7E00 to 0x{table_end - 1:X} | 0x{table_end:X} to 0x{index_end - 1:X} ",
                           f"{blocks:,} blocks"],
        "docs/syscalls.md": [f"{define(abi, 'ARGUMENTS_MAX'):,} strings",
                             f"{define(abi, 'ARGUMENTS_BYTES_MAX'):,} bytes",
                             f"at most {define(abi, 'COMMAND_ARGUMENT_BYTES')} bytes per item",
                             f"{define(abi, 'STATUS_INTERRUPTED')} for ctrl-C",
                             f"{define(abi, 'STATUS_KILLED')} for kill",
                             f"{define(abi, 'STATUS_FAULT')} + the exception"],
        "docs/coming-from-peachos.md": [
            f"ELF at 0x{define(layout, 'USER_PROGRAM_ADDRESS'):X}, user stack of "
            f"{define(layout, 'USER_STACK_BYTES') // 1024} KiB below "
            f"0x{define(layout, 'USER_STACK_TOP'):X}",
            f"at 0x{define(layout, 'HEAP_TABLE_ADDRESS'):X} (",
            f"from 0x{define(layout, 'PROCESS_HEAP_ADDRESS'):X}"],
    }
    missing = [f"{path}: {text!r}" for path, texts in stated.items() for text in texts
               if text not in re.sub(r"\s+", " ", read(path))]
    return f"not there: {missing}" if missing else None


def path():
    """Each document leads to the next: README lists all of them, and each is listed once."""
    listed = re.findall(r"^\d+\. .*?docs/([\w-]+\.md)", read("README.md"), re.MULTILINE)
    there = sorted(os.path.basename(name) for name in glob.glob("docs/*.md"))
    return f"listed {listed}, there are {there}" if sorted(listed) != there else None


def reading_order():
    """docs/boot.md's list has every source once, in the order in which kernel_main() starts them."""
    page = read("docs/boot.md")
    listed = re.findall(r"^\| \*{0,2}`(src/[^`]+)`\*{0,2} \| \S.*[.?] \|$",
                        page[page.index("## All sources"):], re.MULTILINE)
    there = [path for path in glob.glob("src/**/*.*", recursive=True) if not path.endswith(".h")]
    sources_listed = [path for path in listed if not path.endswith(".h")]
    if sorted(sources_listed) != sorted(there):
        return f"missing: {set(there) - set(listed)}; twice: {repeated(listed)}"
    story = read("src/kernel/kernel.c")
    console = re.search(r"^static void start_console\(void\)\n{(.*?)^}", story,
                        re.MULTILINE | re.DOTALL).group(1)
    started = re.findall(r"^    (\w+)_initialise\(", console + story.replace(console, ""),
                         re.MULTILINE)
    sources = [read(path) if path.endswith(".c") else "" for path in listed]
    # The first of the files that have it: an architecture each may.
    rows = [next((row for row, text in enumerate(sources)
                  if re.search(rf"^\w[\w ]*\b{name}_initialise\([^;]*$", text, re.MULTILINE)), -1)
            for name in started]
    return None if len(rows) >= 12 and -1 not in rows and rows == sorted(rows) else \
        f"not in the order of {started}: {rows}"


def repeated(items):
    return {item for item in items if items.count(item) > 1}


def links():
    """Files and folders that README and docs name exist."""
    missing = []
    for path in ["README.md", *sorted(glob.glob("docs/*.md"))]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", read(path)):
            base = "" if path == "README.md" else "docs/"
            if not os.path.exists(base + target):
                missing.append(f"{path}: {target}")
        for target in re.findall(r"`((?:src|tools|tests|programs|docs)/[\w./]+[\w/])`", read(path)):
            is_example = "NAME" in target or f"A new file `{target}`" in read(path)
            if not os.path.exists(target) and not is_example:
                missing.append(f"{path}: {target}")
    return ", ".join(missing) or None


def glossary():
    """Its words are in order, each is used somewhere, and every page has a link to it."""
    rows = re.findall(r"^\| ([^|]+) \| \S", read("docs/glossary.md"), re.MULTILINE)[2:]
    pages = ["README.md", *sorted(set(glob.glob("docs/*.md")) - {"docs/glossary.md"})]
    wrong = [f"{path}: no link" for path in pages
             if not re.search(r"\]\((docs/)?glossary\.md\)", read(path))]
    text = re.sub(r"\s+", " ", "".join(map(read, [*pages, *glob.glob("src/**/*.[ch]", recursive=True)])))
    wrong += [f"{word} is used nowhere" for row in rows for word in row.split(", ")
              if not re.search(rf"\b{re.escape(word)}", text)]
    if rows != sorted(rows, key=str.lower):
        wrong.append(f"not in order: {rows}")
    return "; ".join(wrong) or (None if len(rows) >= 20 else f"only {len(rows)} words")


def main():
    test("docs/syscalls.md has the rows of abi/syscalls.def", commands())
    test("system calls keep their numbers", numbers())
    test("the errors that the documents name exist", errors())
    test("every error has its row", error_table())
    test("docs/memory-map.md has layout.h's addresses", addresses())
    test("the files that the documents name exist", links())
    test("each defect of PeachOS has tests that exist", defects())
    test("constants in the documents are the headers'", constants())
    test("figures in the documents are the headers'", figures())
    test("README lists every document once", path())
    test("docs/boot.md lists every source in boot order", reading_order())
    test("docs/glossary.md has words that are used, in order, and every page leads to it", glossary())
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
