#!/usr/bin/env python3
"""One gdb session from real mode to the user program, without a human: each backtrace is right."""

import os
import re
import subprocess
import sys
import tempfile

import suite
from suite import test

SCRIPT = """
printf "at %x\\n", $pc
x/i $pc
backtrace
drupe kernel
info registers cs
set var 'process.c'::processes.last_id = 0x7fffffff
drupe program
info registers cs
drupe ps
drupe areas
drupe areas 1
drupe walk {large}
drupe walk $sp
printf "sp %08lx\\n", $sp
monitor gva2gpa {large}
drupe symbols hello
drupe heap all
"""

# Physical 0x1234567, as the kernel sees it, and an address of the program's stack, with all steps to them.
LARGE = {"i386": "0x1234567", "x86_64": "0xffff800001234567"}
STEPS_64 = r"  root entry {}: .* present .*\n  directory pointer entry 0: .* present .*\n"
ALONE = {
    "i386": [
        ("real mode is disassembled as 16-bit code", r"=> 0x7c00 <sector>:\s+jmp\s+0x7c[0-9a-f]{2}\b"),
        ("kernel_main's backtrace", r"#0\s+kernel_main \(\) at src/kernel/kernel\.c:\d+\s+"
                                    r"#1\s+0x[0-9a-f]+ in start_kernel \(\) at src/arch/i386/start\.asm"),
        ("ring 3 in the program", r"^cs\s+0x1b\s"),
        ("an address in a large page", r"^01234567 by the directory at [0-9a-f]{8}:\n"
                                       r"  directory entry 4: 010001e3 present .* 4MiB global\n"
                                       r"  physical address 01234567\n"),
        ("an address in the program's stack", r"^003fe(\w{3}) by the directory at [0-9a-f]{8}:\n"
                                              r"  directory entry 0: .*\n  table entry 1022: .* writeable user .*\n"
                                              r"  physical address 0[0-9a-f]{4}(?=\1\nsp 003fe\1)"),
    ],
    "x86_64": [
        ("kernel_main's backtrace, in long mode", r"#0\s+kernel_main \(\) at src/kernel/kernel\.c:\d+\s+"
         r"#1\s+0xffffffff8[0-9a-f]+ in long_mode\.\w+ \(\) at src/arch/x86_64/start\.asm"),
        ("ring 3 in the program, 64-bit code", r"^cs\s+0x2b\s"),
        ("an address in a large page", r"^ffff800001234567 by the root at [0-9a-f]{8}:\n" + STEPS_64.format(256) +
         r"  directory entry 9: 8000000001200\w+ present .* large global never executed\n"
         r"  physical address 01234567\n"),
        ("an address in the program's stack", r"^00007fffffffe\w{3} by the root at [0-9a-f]{8}:\n"
         r"  root entry 255: .*\n  directory pointer entry 511: .*\n  directory entry 511: .*\n"
         r"  table entry 510: .* writeable user .*\n  physical address 0[0-9a-f]{7}\n"),
    ],
}
EXPECTED = [
    ("stops at the boot sector's first instruction", r"^at 7c00$"),
    ("a source line of the boot sector", r"#0\s+sector \(\) at src/boot/boot\.asm:\d+"),
    ("protected mode in the kernel", r"^cs\s+0x8\s"),
    ("the program's main, called by its start", r"#0\s+main \(.*\) at programs/shell/shell\.c:\d+\s+"
                                                r"#1\s+0x[0-9a-f]+ in program_start \(\)"),
    ("the only process runs, and ids begin again at 1", r"^\*   1      0 runnable +[0-9a-f]{8}  init\.elf$"),
    ("the areas of the program that runs", r"^Areas of init\.elf \(process 1\), \d+ pages charged:\n(?:  .*\n)*?"
                                           r"  0*400000-0*40[0-9a-f]{4} r-xp program  -       page \d+ of object 0x.*\n"),
    ("its stack among them", r"^  0*(?:3fb000-0*3fefff|7f\w+-0*7f\w+) rw-p stack    charged$"),
    ("and its faults", r"^  pages by faults: zeros \d+, around 0, shown [1-9]\d*, copied 0, taken_back 0$"),
    ("the same by its number", r"(?s)^(Areas of init.*?taken_back 0\n)\1"),
    ("QEMU says the same", r"^gpa: 0x1234567$"),
]


def session():
    arch = suite.arch()
    suite.make("bin/os.bin", "bin/boot.elf")
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
        script.write(SCRIPT.replace("{large}", LARGE[arch.name]))
        script.flush()
        try:
            result = subprocess.run(["tools/debug.sh", "-batch", "-x", script.name],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, timeout=suite.SECONDS,
                                    env={**os.environ, "ARCH": arch.name})
            output = result.stdout
        except subprocess.TimeoutExpired as error:
            output = (error.stdout or b"").decode() + "\n(gdb did not end)"
    expected = EXPECTED + ALONE[arch.name]
    # Every block is in one of the runs.
    for name, total, lines in re.findall(r"^(kernel heap|frame zone|window|low zone|tail): (\d+) blocks.*\n((?:  .*\n)+)",
                                         output, re.MULTILINE):
        counted = sum(int(line.split()[1]) for line in lines.splitlines())
        expected.append((f"all blocks of the {name}", r"$" if counted == int(total) else
                         f"{total} blocks, not {counted}"))
    for name, pattern in expected:
        is_ok = re.search(pattern, output, re.MULTILINE)
        test(f"gdb: {name}", None if is_ok else f"{pattern} is not in:\n{output}")


def main():
    suite.for_each_arch(session)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
