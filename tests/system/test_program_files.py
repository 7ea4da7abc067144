#!/usr/bin/env python3
"""Program files that are linked by others' means: with the host's nasm, gcc and ld, and no linker
script of Drupe's. Those that can run, run; the others are refused, each with its own sentence. Then
64-bit programs, which get the rights that their segments have, or are refused.
"""

import os
import struct
import subprocess
import sys
import tempfile

import suite
from suite import test
from machine import Machine, wait_for

PROMPT = "drupe> "

# exit_status(what main returns), by PeachOS's habit in a section with a name of its own.
START = """bits 32
section {section}
global _start
extern main
_start:
    call main
    push eax
    mov eax, 16
    int 0x80
"""

START_64 = """bits 64
section {section}
global _start
extern main
_start:
    call main
    mov edi, eax
    mov eax, 16
    syscall
"""

# Needs its code, its constants, its data and its zeros.
MAIN = """static const volatile int constant[] = {20, 3};
volatile int data = 7, zero[2000];
int main(void)
{
    zero[1999] += data++;
    return constant[0] + constant[1] * data + zero[1999] + zero[0] == 51 ? 42 : 1;
}
"""

# As PeachOS's programs have one.
SCRIPT = """ENTRY(_start)
OUTPUT_FORMAT(elf32-i386)
SECTIONS
{
    . = 0x400000;
    .text : ALIGN(4096) { *(.text) }
    .asm : ALIGN(4096) { *(.asm) }
    .rodata : ALIGN(4096) { *(.rodata) }
    .data : ALIGN(4096) { *(.data) }
    .bss : ALIGN(4096) { *(COMMON) *(.bss) }
}
"""

# Two parts with rights of their own, but no pages of their own.
SCRIPT_SHARED = """ENTRY(_start)
PHDRS
{
    text PT_LOAD FLAGS(5);
    data PT_LOAD FLAGS(6);
}
SECTIONS
{
    . = 0x400000;
    .text : { *(.text .rodata) } :text
    .data : { *(.data .bss) } :data
    /DISCARD/ : { *(.comment .note* .eh_frame) }
}
"""

# name: (section of _start, how it is linked)
RUN = {
    "ttext": (".text", "ld -m elf_i386 -Ttext 0x400000"),
    "ttextasm": (".asm", "ld -m elf_i386 -Ttext 0x400000"),
    "together": (".asm", "ld -m elf_i386 -z noseparate-code -Ttext 0x400000"),
    "segment": (".asm", "ld -m elf_i386 -Ttext-segment=0x400000"),
    "omagic": (".asm", "ld -m elf_i386 -N -Ttext 0x400000"),
    "nmagic": (".asm", "ld -m elf_i386 -n -Ttext 0x400000"),
    "buildid": (".text", "ld -m elf_i386 --build-id -Ttext 0x400000"),
    "bygcc": (".text", "gcc -m32 -static -nostdlib -no-pie -Wl,-Ttext=0x400000"),
    "script": (".asm", "ld -m elf_i386 -T script.ld"),
    "scripttg": (".asm", "ld -m elf_i386 -z noseparate-code -T script.ld"),
}

RUN_64 = {
    "ld": (".text", "ld -m elf_x86_64"),
    "ttext": (".text", "ld -m elf_x86_64 -Ttext 0x400000"),
    "together": (".text", "ld -m elf_x86_64 -z noseparate-code -Ttext 0x400000"),
    "bygcc": (".text", "gcc -static -nostdlib -no-pie"),
}


def host(folder, command):
    result = subprocess.run(command, shell=True, cwd=folder, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{command}: {result.stdout}")


def write(folder, name, content):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode("ascii"))


def program_headers(elf):
    """(offset in the file, type, address) of each."""
    start, = struct.unpack_from("<I", elf, 28)
    size, count = struct.unpack_from("<HH", elf, 42)
    return [(at, *struct.unpack_from("<I4xI", elf, at))
            for at in range(start, start + size * count, size)]


def patched(elf, offset, form, value):
    copy = bytearray(elf)
    struct.pack_into(form, copy, offset, value)
    return bytes(copy)


def build(folder):
    """The programs of RUN; those that are refused: {name: (content, sentence)}."""
    write(folder, "main.c", MAIN)
    write(folder, "script.ld", SCRIPT)
    write(folder, "lib.c", "int library(void) { return 1; }\n")
    write(folder, "large.c", "char large[0xD00000]; int main(void) { return large[5]; }\n")
    write(folder, "uses.c", "int library(void); int main(void) { return library(); }\n")
    cc = "gcc -m32 -O1 -ffreestanding -fno-pic -fno-stack-protector -c"
    for section in (".text", ".asm"):
        write(folder, f"start{section}.asm", START.format(section=section))
        host(folder, f"nasm -f elf32 -o start{section}.o start{section}.asm")
    for name in ("main", "large", "uses"):
        host(folder, f"{cc} -o {name}.o {name}.c")
    for name, (section, link) in RUN.items():
        host(folder, f"{link} -o {name}.elf start{section}.o main.o")
    host(folder, f"{cc} -fPIC -o lib.o lib.c && ld -m elf_i386 -shared -o lib.so lib.o")
    host(folder, "ld -m elf_i386 -Ttext-segment=0x400000 -dynamic-linker /lib/ld-linux.so.2 "
                 "-o dynamic.elf start.text.o uses.o lib.so")
    host(folder, "ld -m elf_i386 -Ttext 0x400000 -o large.elf start.text.o large.o")
    host(folder, "ld -m elf_i386 -o linux.elf start.text.o main.o")
    host(folder, "gcc -m64 -O1 -ffreestanding -c -o main64.o main.c && "
                 "ld -m elf_x86_64 -e main -o wide.elf main64.o")

    def content(name):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()
    good = content("script.elf")
    loads = [(at, address) for at, kind, address in program_headers(good) if kind == 1]
    nothing = good
    for at, _ in loads:
        nothing = patched(nothing, at, "<I", 0)
    behind = "and 12 MiB from 0x400000 on is all there is."
    refused = {
        "text": (b"A line of text, longer than an ELF file's header is long.\n", "is not a program."),
        "wide": (content("wide.elf"), "it is a 64-bit program (build it with gcc -m32)."),
        "arm": (patched(good, 18, "<H", 40), "it is a program for another kind of processor "
                                            "(i386 is needed)."),
        "object": (content("main.o"), "it is not a program at fixed addresses (link it with "
                                      "-static -no-pie)."),
        "library": (content("lib.so"), "it is not a program at fixed addresses (link it with "
                                       "-static -no-pie)."),
        "dynamic": (content("dynamic.elf"), "it needs a dynamic linker (link it with -static "
                                            "-no-pie)."),
        "nothing": (nothing, "it has nothing to load (no PT_LOAD segment)."),
        "linux": (content("linux.elf"), "its addresses are not from 0x400000 to 0xffffff (link it "
                                        "with programs/program.ld)."),
        "large": (content("large.elf"), "it is too large: it ends behind 0xffffff, " + behind),
        "overlap": (patched(good, loads[1][0] + 8, "<I", loads[0][1]),
                    "two of its segments overlap."),
        "entry": (patched(good, 24, "<I", 0x10), "it begins outside what it loads (ENTRY in the "
                                                 "linker script)."),
        "cut": (good[:loads[-1][0] + 40], "the file ends too early (copy it again)."),
    }
    return refused


def build_64(folder):
    """The same of RUN_64."""
    write(folder, "main.c", MAIN)
    write(folder, "shared.ld", SCRIPT_SHARED)
    host(folder, "gcc -m64 -O1 -ffreestanding -fno-pic -fno-stack-protector -c -o main.o main.c")
    for section in (".text", ".asm"):
        write(folder, f"start{section}.asm", START_64.format(section=section))
        host(folder, f"nasm -f elf64 -o start{section}.o start{section}.asm")
    for name, (section, link) in RUN_64.items():
        host(folder, f"{link} -o {name}.elf start{section}.o main.o")
    for name, link in {"entry": "start.asm.o main.o",
                       "shared": "-T shared.ld start.text.o main.o",
                       "omagic": "-N -Ttext 0x400000 start.text.o main.o",
                       "nmagic": "-n -Ttext 0x400000 start.text.o main.o"}.items():
        host(folder, f"ld -m elf_x86_64 -o {name}.elf {link}")

    def content(name):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()
    return {
        "entry": (content("entry.elf"), "it begins in a segment that may not be executed (_start "
                                        "belongs in .text)."),
        "shared": (content("shared.elf"), "segments with different rights share a page (link it "
                                          "with programs/program.ld)."),
        **{name: (content(name + ".elf"), "a segment may be written to and executed (link it without "
                                          "ld's -N and -n).")
           for name in ("omagic", "nmagic")},
    }


def answer(machine, line):
    """What the shell says to a line, the rows of the terminal joined again."""
    before = len(machine.receive())
    machine.send(line + "\r")
    wait_for(lambda: machine.receive()[before:].replace("\r", "").endswith("\n" + PROMPT),
             f"a prompt after {line!r}")
    return machine.receive()[before:].replace("\r", "").split("\n", 1)[1][:-len("\n" + PROMPT)]


def typed(folder, run, refused, same):
    """At the shell's prompt: what each says. The names in same are refused with one sentence."""
    files = [f"{folder}/{name}.elf" for name in run]
    for name, (content, _) in refused.items():
        write(folder, f"x-{name}", content)
        files.append(f"{folder}/x-{name}={name}.elf")
    image = os.path.join(folder, "shell.bin")
    shell = suite.arch().folders["bin"] + "/programs/shell.elf"
    make = ["make", "-s", f"ARCH={suite.arch().name}"]
    subprocess.run([*make, shell], check=True)
    subprocess.run([*make, "image", f"INIT={shell}", f"FILES={' '.join(files)}", f"IMAGE={image}"], check=True)
    with Machine(image, folder) as machine:
        wait_for(lambda: machine.receive().replace("\r", "").endswith(PROMPT), "the first prompt")
        for name, (section, link) in run.items():
            found = answer(machine, name)
            test(f"{name}: {link}, _start in {section}",
                 None if found.strip() == f"{name} ended with status 42." else repr(found))
        said = {}
        for name, (_, sentence) in refused.items():
            found = " ".join(answer(machine, name).split())
            wanted = f"'{name}' " + (sentence if sentence.startswith("is not") else
                                     "cannot be started: " + sentence)
            test(f"{name}.elf is refused: {sentence}", None if found == wanted else repr(found))
            said.setdefault(sentence, []).append(name)
        shared = [names for names in said.values() if len(names) > 1]
        test("each reason has a sentence of its own", None if shared == same else shared)
        machine.send("exit\r")
        test("the shell goes on, and ends", None if machine.status() == 33 else "status")


def all_of_64_bits():
    with tempfile.TemporaryDirectory() as folder:
        typed(folder, RUN_64, build_64(folder), [["omagic", "nmagic"]])


def main():
    with tempfile.TemporaryDirectory() as folder:
        typed(folder, RUN, build(folder), [["object", "library"]])
    suite.for_each_arch(all_of_64_bits, [suite.X86_64])
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
