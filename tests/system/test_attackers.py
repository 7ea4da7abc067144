#!/usr/bin/env python3
"""Runs tests/attackers/: hostile programs, one by one, on a kernel that can look at itself.

Each comes with its verdict, in its first comment; beside it a witness computes. What must be true after
each is described in tests/attackers/harness.c. Then usertest's tests that attack, one by one. Then ELF files
in which one field has a value that it should not have, or only just may have: what must become of each
stands beside its values, below.

Time is counted in instructions (-icount): a tick of the clock comes every 312,500 of them. Words on the
command line choose attackers by parts of their names.
"""

import os
import re
import struct
import subprocess
import sys
import tempfile

import suite

FOLDER = "tests/attackers"
NOT_ATTACKERS = {"harness", "witness"}
ATTACKERS_AT_LEAST, USERTESTS_AT_LEAST, ELF_FILES_AT_LEAST = 20, 75, 150
KERNEL_BASE = 0xFFFFFFFF80000000  # of x86_64 (src/arch/x86_64/layout_arch.h); the i386 kernel lies below 2 GiB
# Little memory: what takes all of it is done sooner.
QEMU_ARGUMENTS = ["-m", "48", "-icount", "shift=5,sleep=off",
                  "-fw_cfg", "name=opt/drupe/test,string=attackers"]


# ---------------------------------------------------------------- programs

def kernel_symbols():
    lines = subprocess.run([os.environ.get("NM", "nm"), suite.image("kernel-test.elf")], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {line.split()[2]: int(line.split()[0], 16) for line in lines if len(line.split()) == 3}


def resolved(word, symbols):
    """SYMBOL, SYMBOL+N or SYMBOL-N as a number; any other word as it is. A program of 32 bits cannot name what the
    x86_64 kernel has: it gets the physical address."""
    match = re.fullmatch(r"([a-z_]\w*)([+-]\d+)?", word)
    if match and match.group(1) in symbols:
        base = KERNEL_BASE if suite.arch().program_bits == 32 else 0
        return str((symbols[match.group(1)] & ~base) + int(match.group(2) or 0))
    return word


def programs():
    """(line of attack.txt, file on the host, file on the disk) for each; not all attack."""
    symbols = kernel_symbols()
    for source in sorted(os.listdir(FOLDER)):
        name, extension = os.path.splitext(source)
        if extension != ".c":
            continue
        with open(os.path.join(FOLDER, source), encoding="utf-8") as file:
            comment = file.read().split("*/")[0]
        line = None
        if name not in NOT_ATTACKERS:
            verdict = re.search(rf"^ \* Verdict on {suite.arch().name}: (?:status )?(\d+|fault)$", comment,
                                re.MULTILINE) or \
                re.search(r"^ \* Verdict: status (\d+)$", comment, re.MULTILINE)
            if not verdict:
                raise SystemExit(f"{source}: its first comment has no verdict")
            words = re.search(r"^ \* Arguments: (.*)$", comment, re.MULTILINE)
            line = " ".join([name, verdict.group(1), name + ".elf",
                             *(resolved(word, symbols) for word in
                               (words.group(1).split() if words else []))])
        on_disk = "init.elf" if name == "harness" else name + ".elf"
        yield line, suite.arch().path(f"bin/programs/attackers/{name}.elf"), on_disk


# usertest's tables of attacks on the kernel, and those of its tests of commands that attack.
USERTEST = "bin/programs/usertest.elf"
USERTEST_SOURCES = {"isolation": r"", "faults": r"", "commands": r".*(?:bad|endless|unknown).*",
                    "processes": r"arguments_(?:bad_lists|at_edges)"}
# Those of one word size.
USERTEST_SOURCES_OF = {32: {"i386/segments": r"", "i386/instructions": r"",
                            "i386/calls": r".*(?:bad|endless|unknown).*"},
                       64: {"x86_64/long_mode": r"", "x86_64/instructions": r"", "x86_64/calls": r""}}
# usertest's random calls could end the witness, and the harness.


def usertests():
    """(NAME VERDICT FILE ARGUMENTS) of each that has one outcome on QEMU's usual CPU."""
    for source, wanted in {**USERTEST_SOURCES, **USERTEST_SOURCES_OF[suite.arch().program_bits]}.items():
        with open(f"programs/usertest/{source}.c", encoding="utf-8") as file:
            text = file.read()
        found = re.findall(r'^ *(?:FAULTS\(ENTRY\))?\{"(\w+)", \w+, (\w+), (\w+)\},', text,
                           re.MULTILINE)
        found += [("fault_" + name, status, other) for name, status, other in
                  re.findall(r"^ *FAULT\((\w+), (\w+), (\w+),", text, re.MULTILINE)]
        for name, status, other in found:
            if re.match(wanted, name) and not (status == "0" and other != "0"):
                yield f"usertest:{name} {0 if status == '0' else 'fault'} usertest.elf --one {name}"


# ---------------------------------------------------------------- ELF files

REFUSED = "refused"  # -EINFORMAT, or what status.h has for ELF files
RUNS = "42"     # it is started, and exits with this
BREAKS = "131"  # it is started, and executes the int3 at its end
FAULTS = "fault"
NO_MEMORY = str(-int(re.search(r"#define ENOMEM +(\d+)", suite.read("src/base/status.h"))[1]))

TEXT, DATA = 0x400000, 0x402000
TEXT_OFFSET, DATA_OFFSET = 0xF00, 0x1000
DATA_BYTES = 0x40
FILE_BYTES = DATA_OFFSET + DATA_BYTES
MEBIBYTE = 0x100000


class Kind:
    """What is different in the files of each word size."""

    def __init__(self, bits, header_bytes, program_bytes, machine, program, code, program_end):
        self.bits, self.header_bytes, self.program_bytes, self.machine = bits, header_bytes, program_bytes, machine
        self.program, self.program_end = program, program_end  # the fields of a program header, by struct's letters
        self.code = bytes.fromhex(code)
        self.ident = bytes.fromhex("7F454C46") + bytes([bits // 32, 1, 1]) + bytes(9)
        self.largest = 2**bits - 1
        # Sums with these wrap, or are beyond any file.
        self.wraps = [self.largest // 2, self.largest // 2 + 1, self.largest - 0xFFF, self.largest - 0x1F, self.largest]


ELF32 = Kind(32, 52, 32, 3,
             dict(p_type="I", p_offset="I", p_vaddr="I", p_paddr="I", p_filesz="I", p_memsz="I", p_flags="I",
                  p_align="I"),
             "B810000000 6A2A CD80 CC",  # mov eax, 16; push 42; int 0x80 (exit_status); int3
             0x1000000)
ELF64 = Kind(64, 64, 56, 62,
             dict(p_type="I", p_flags="I", p_offset="Q", p_vaddr="Q", p_paddr="Q", p_filesz="Q", p_memsz="Q",
                  p_align="Q"),
             "B810000000 BF2A000000 0F05 CC",  # mov eax, 16; mov edi, 42; syscall; int3
             0x100000000000)


def kind():
    """That of the programs which are tested now."""
    return ELF32 if suite.arch().program_bits == 32 else ELF64


# W: a word.
HEADER = {"e_ident": "16s", "e_type": "H", "e_machine": "H", "e_version": "I", "e_entry": "W",
          "e_phoff": "W", "e_shoff": "W", "e_flags": "I", "e_ehsize": "H", "e_phentsize": "H",
          "e_phnum": "H", "e_shentsize": "H", "e_shnum": "H", "e_shstrndx": "H"}


class Elf:
    """A good program of two segments. Fields are changed by name: e_..., text_p_..., data_p_..."""

    def __init__(self, **changes):
        self.kind = kind()
        code_bytes = len(self.kind.code)
        self.header = dict(e_ident=self.kind.ident, e_type=2, e_machine=self.kind.machine, e_version=1, e_entry=TEXT,
                           e_phoff=self.kind.header_bytes, e_shoff=0, e_flags=0, e_ehsize=self.kind.header_bytes,
                           e_phentsize=self.kind.program_bytes, e_phnum=2, e_shentsize=40, e_shnum=0, e_shstrndx=0)
        self.text = dict(p_type=1, p_offset=TEXT_OFFSET, p_vaddr=TEXT, p_paddr=TEXT,
                         p_filesz=code_bytes, p_memsz=code_bytes, p_flags=5, p_align=4096)
        self.data = dict(p_type=1, p_offset=DATA_OFFSET, p_vaddr=DATA, p_paddr=DATA,
                         p_filesz=DATA_BYTES, p_memsz=DATA_BYTES, p_flags=6, p_align=4096)
        self.further = []   # program headers
        self.length = FILE_BYTES
        for name, value in changes.items():
            segment, _, field = name.partition("_p_")
            if field:
                getattr(self, segment)["p_" + field] = value
            elif name in self.header:
                self.header[name] = value
            else:
                setattr(self, name, value)

    def bytes(self):
        layout = "".join(HEADER.values()).replace("W", "I" if self.kind.bits == 32 else "Q")
        parts = struct.pack("<" + layout, *self.header.values())
        for segment in [self.text, self.data, *self.further]:
            parts += struct.pack("<" + "".join(self.kind.program.values()),
                                 *(segment[field] for field in self.kind.program))
        parts += bytes(TEXT_OFFSET - len(parts)) + self.kind.code
        parts += bytes(DATA_OFFSET - len(parts)) + bytes([0xDA]) * DATA_BYTES
        return parts[:self.length]


def ident(index, value):
    return kind().ident[:index] + bytes([value]) + kind().ident[index + 1:]


def segments(count, memory_bytes=1):
    """That many further ones, a page each, behind data."""
    return [dict(p_type=1, p_offset=0, p_vaddr=DATA + 0x1000 * (i + 1), p_paddr=0, p_filesz=0,
                 p_memsz=memory_bytes, p_flags=4, p_align=0) for i in range(count)]


# Where no segment may begin: the BIOS's memory, the kernel, the stack and its guards, the heaps.
BELOW = [0, 1, 0x1000, 0x7E00, 0x80000, 0xB8000, 0x100000, 0x3F9000, 0x3FA000, 0x3FB000, 0x3FE000, 0x3FF000, TEXT - 1]
FOREIGN = {32: [*BELOW, 0xFFFFFF, 0x1000000, 0x7400000, 0x7FFFFFFF, 0x80000000, 0xB0000000, 0xC0000000, 0xFFFFF000,
                0xFFFFFFFF],
           64: [*BELOW, 0xFFFFFFFFFFF, 0x100000000000, 0x200000000000, 0x300000000000, 0x7FFFFFFFE000, 0x7FFFFFFFF000,
                0x7FFFFFFFFFFF, 0x800000000000, 0x8000000000400000, 0xFFFF7FFFFFFFFFFF, 0xFFFF800000000000,
                0xFFFF800001000000, 0xFFFFA00000000000, 0xFFFFC00000000000, 0xFFFFFFFF80000000, 0xFFFFFFFF80100000,
                0xFFFFFFFFFFFFF000, 0xFFFFFFFFFFFFFFFF]}


def fields():
    """[(field, verdict, its values)]"""
    this, foreign, wraps = kind(), FOREIGN[kind().bits], kind().wraps
    code_bytes, program_end, header_bytes = len(this.code), this.program_end, this.header_bytes
    common = [
        ("e_type", REFUSED, [0, 1, 3, 4, 0xFFFF]),
        ("e_machine", REFUSED, [0, 1, 65 - this.machine, 0xFFFF]),  # the other's: 62, or 3
        ("e_version", REFUSED, [0, 2, 0xFFFFFFFF]),
        ("e_entry", REFUSED, [*foreign, TEXT + code_bytes]),
        ("e_entry", BREAKS, [TEXT + code_bytes - 1]),
        ("e_phoff", REFUSED, [0, 1, 4, FILE_BYTES, FILE_BYTES - 1, FILE_BYTES - this.program_bytes,
                              FILE_BYTES - 2 * this.program_bytes + 1, this.largest - 63, *wraps]),
        ("e_ehsize", REFUSED, [0, 1, header_bytes - 1]),
        ("e_ehsize", RUNS, [header_bytes + 1, 0xFFFF]),
        ("e_phentsize", REFUSED, [0, 1, this.program_bytes - 1, this.program_bytes + 1, 2 * this.program_bytes,
                                  0xFFFF]),
        ("e_phnum", REFUSED, [0, 65, 0x7FFF, 0x8000, 0xFFFF]),
        ("e_phnum", RUNS, [1, 3, 64]),
        *((name, RUNS, [1, 0xFFFF]) for name in ("e_shentsize", "e_shnum", "e_shstrndx")),
        ("e_shoff", RUNS, [1, *wraps]),
        ("e_flags", RUNS, [1, *ELF32.wraps]),
        ("text_p_type", REFUSED, [0, 2, 3, 4, 6, 0x6474E551, 0x80000000, 0xFFFFFFFF]),
        ("data_p_type", REFUSED, [2, 3]),
        ("data_p_type", RUNS, [0, 4, 6, 0x6474E551, 0x80000000, 0xFFFFFFFF]),
        ("text_p_offset", REFUSED, [FILE_BYTES, FILE_BYTES - code_bytes + 1, *wraps]),
        ("text_p_offset", FAULTS, [0, 1]),
        ("data_p_offset", REFUSED, [FILE_BYTES, DATA_OFFSET + 1, *wraps]),
        ("data_p_offset", RUNS, [0, 1, DATA_OFFSET - 1]),
        ("text_p_vaddr", REFUSED, [*foreign, TEXT + 1, DATA, DATA + 1, DATA - 1]),
        ("data_p_vaddr", REFUSED, [*foreign, TEXT, TEXT + code_bytes - 1, program_end - DATA_BYTES + 1]),
        ("data_p_vaddr", RUNS, [0x401FFF, program_end - DATA_BYTES]),
        ("text_p_filesz", REFUSED, [code_bytes + 1, *wraps]),
        ("text_p_filesz", FAULTS, [0, 1]),
        ("data_p_filesz", REFUSED, [DATA_BYTES + 1, *wraps]),
        ("data_p_filesz", RUNS, [0, 1]),
        ("text_p_memsz", REFUSED, [0, 1, code_bytes - 1, DATA - TEXT + 1, program_end - TEXT,
                                   program_end - TEXT + 1, 2**this.bits - TEXT, *wraps]),
        ("text_p_memsz", RUNS, [DATA - TEXT]),
        ("data_p_memsz", REFUSED, [0, 1, DATA_BYTES - 1, program_end - DATA + 1, 2**this.bits - DATA,
                                   2**this.bits - DATA + 1, *wraps]),
        ("text_p_flags", RUNS, [1, 5]),
        ("data_p_flags", RUNS, [0, 1, 2, 4, 5]),
        *((name, RUNS if this is ELF32 else REFUSED, [3, 7, 0xFFFFFFFF])  # to be written to, and executed
          for name in ("text_p_flags", "data_p_flags")),
        *((name, RUNS, [0, 1, 3, 0x100000, 0x3F9000, *wraps]) for name in ("text_p_paddr", "text_p_align")),
        ("length", REFUSED, [0, 1, header_bytes - 1, header_bytes, header_bytes + 2 * this.program_bytes - 1,
                             header_bytes + 2 * this.program_bytes, TEXT_OFFSET, FILE_BYTES - 1]),
    ]
    not_code = [0, 2, 4, 6, 0xFFFFFFFE]
    if this is ELF32:  # what may be read may be executed
        return [*common, ("e_entry", FAULTS, [DATA]), ("text_p_flags", RUNS, not_code),
                ("data_p_vaddr", RUNS, [TEXT + code_bytes]), ("data_p_memsz", RUNS, [program_end - DATA])]
    # Segments have their own rights. Then whose lower half is right; and what is as large as the addresses, and not
    # as the memory.
    return [*common, ("e_entry", REFUSED, [DATA]), ("text_p_flags", REFUSED, not_code),
            ("data_p_vaddr", REFUSED, [TEXT + code_bytes]),
            ("e_entry", REFUSED, [TEXT + 2**32, TEXT + 2**47]), ("e_phoff", REFUSED, [2**32 + header_bytes]),
            ("text_p_offset", REFUSED, [2**32 + TEXT_OFFSET]), ("text_p_vaddr", REFUSED, [TEXT + 2**32]),
            ("data_p_vaddr", RUNS, [DATA + 2**32, 0x7400000, 0x80000000]),
            ("data_p_memsz", RUNS, [16 * MEBIBYTE]),
            ("data_p_memsz", NO_MEMORY, [64 * MEBIBYTE, 2**32 + DATA_BYTES, program_end - DATA])]


def combinations():
    """[(name, verdict, changes)]: what takes more than one field"""
    this = kind()
    return [
        ("unchanged", RUNS, {}),
        *((f"ident_{i}_{value:#x}", REFUSED, {"e_ident": ident(i, value)})
          for i in range(7) for value in (0, 1, 2, 0xFF) if value != this.ident[i]),
        *((f"ident_{i}_0xff", RUNS, {"e_ident": ident(i, 0xFF)}) for i in range(7, 16)),
        ("moved_by_a_byte", RUNS, {"text_p_vaddr": TEXT + 1, "e_entry": TEXT + 1}),
        ("over_two_pages", RUNS, {"text_p_vaddr": TEXT + 0xFFB, "e_entry": TEXT + 0xFFB}),
        ("no_data_in_either", RUNS, {"data_p_filesz": 0, "data_p_memsz": 0, "data_p_vaddr": this.largest}),
        ("all_of_the_memory", RUNS if this is ELF32 else NO_MEMORY,
         {"data_p_type": 0, "text_p_memsz": this.program_end - TEXT}),
        ("as_many_segments_as_may_be", RUNS, {"e_phnum": 16, "further": segments(14)}),
        ("one_segment_too_many", REFUSED, {"e_phnum": 17, "further": segments(15)}),
        ("as_many_headers_as_may_be", RUNS, {"e_phnum": 64, "further": segments(62, 0)}),
        ("one_header_too_many", REFUSED, {"e_phnum": 65, "further": segments(63, 0)}),
        ("the_same_segment_twice", REFUSED, {"e_phnum": 3, "further": [
            dict(p_type=1, p_offset=DATA_OFFSET, p_vaddr=DATA, p_paddr=0, p_filesz=1, p_memsz=1,
                 p_flags=6, p_align=0)]}),
    ]


def elf_files():
    """(name, verdict, its bytes)"""
    for field, verdict, values in fields():
        for value in dict.fromkeys(values):
            yield f"{field}_{value:#x}", verdict, Elf(**{field: value}).bytes()
    for name, verdict, changes in combinations():
        yield name, verdict, Elf(**changes).bytes()


# ---------------------------------------------------------------- all of it

def make_image(folder, chosen):
    """The image's path, and the names of attackers, usertest's tests and ELF files on it."""
    lines, files, attackers, tests, elves = [], [], [], [], []

    def is_chosen(name):
        return not chosen or any(part in name for part in chosen)

    for line, host, on_disk in programs():
        files.append(f"{host}={on_disk}")
        if line and is_chosen(line.split()[0]):
            lines.append(line)
            attackers.append(line.split()[0])
    files.append(suite.arch().path(USERTEST))
    for line in usertests():
        if is_chosen(line.split()[0]):
            lines.append(line)
            tests.append(line.split()[0])
    for number, (name, verdict, content) in enumerate(elf_files()):
        name = "elf:" + name
        if is_chosen(name):
            host = os.path.join(folder, f"{number}.elf")
            with open(host, "wb") as file:
                file.write(content)
            files.append(f"{host}=elf/{number}.elf")
            lines.append(f"{name} {verdict} elf/{number}.elf")
            elves.append(name)
    path = os.path.join(folder, "attack.txt")
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    image = os.path.join(folder, "attack.bin")
    why = suite.make_image(image, *(word for file in [path, *files] for word in ("--file", file)), is_test_kernel=True)
    if why:
        raise SystemExit(why)
    return image, attackers, tests, elves


def run(image):
    status, console = suite.boot(image, *QEMU_ARGUMENTS)
    return status, re.sub(r"[\0\b]", "", console)


def all_attackers():
    suite.make("attackers", USERTEST)
    with tempfile.TemporaryDirectory() as folder:
        image, attackers, tests, elves = make_image(folder, sys.argv[1:])
        status, console = run(image)
    results = dict(re.findall(r"^attacker (\S+) \.\.\. (ok|FAIL.*)$", console, re.MULTILINE))
    for name in attackers + tests + elves:
        result = results.get(name, "it never came to its end")
        suite.test(f"attacker {name}", None if result == "ok" else result)
    why = None
    if status != 0 or "\nattackers ... ok" not in console:
        why = f"status {status}"
    elif not sys.argv[1:] and (len(attackers) < ATTACKERS_AT_LEAST or
                               len(tests) < USERTESTS_AT_LEAST or len(elves) < ELF_FILES_AT_LEAST):
        why = f"only {len(attackers)} attackers, {len(tests)} tests, {len(elves)} ELF files"
    suite.test("attackers: the kernel after all of them", why)
    if suite.FAILED:
        # Without what newlines.c and allbytes.c print.
        print("\n".join("  " + line for line in console.split("\n") if line.isprintable() and line)
              [-20000:])
    print(f"info: {len(attackers)} attackers, {len(tests)} tests of usertest, "
          f"{len(elves)} ELF files")


def main():
    suite.for_each_arch(all_attackers, suite.PROGRAM_KINDS)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
