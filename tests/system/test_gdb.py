#!/usr/bin/env python3
"""One gdb session from real mode to the user program, without a human: each backtrace is right."""

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
drupe walk 0x1234567
drupe walk $pc
printf "pc %08x\\n", $pc
monitor gva2gpa 0x1234567
drupe symbols hello
drupe heap all
"""

EXPECTED = [
    ("stops at the boot sector's first instruction", r"^at 7c00$"),
    ("real mode is disassembled as 16-bit code", r"=> 0x7c00 <sector>:\s+jmp\s+0x7c[0-9a-f]{2} <start"),
    ("a source line of the boot sector", r"#0\s+sector \(\) at src/boot/boot\.asm:\d+"),
    ("kernel_main's backtrace", r"#0\s+kernel_main \(\) at src/kernel/kernel\.c:\d+\s+"
                                r"#1\s+0x[0-9a-f]+ in start_kernel \(\) at src/arch/i386/start\.asm"),
    ("protected mode in the kernel", r"^cs\s+0x8\s"),
    ("the program's main, called by its start", r"#0\s+main \(.*\) at programs/shell/shell\.c:\d+\s+"
                                                r"#1\s+0x[0-9a-f]+ in program_start \(\)"),
    ("ring 3 in the program", r"^cs\s+0x1b\s"),
    ("the only process runs, and ids begin again at 1", r"^\*   1      0 runnable +[0-9a-f]{8}  init\.elf$"),
    ("an address in a 4 MiB page", r"^01234567 by the directory at [0-9a-f]{8}:\n"
                                   r"  directory entry 4: 010001e3 present .* 4MiB global\n"
                                   r"  physical address 01234567\n"),
    ("an address in the program", r"^0040(\w{4}) by the directory at [0-9a-f]{8}:\n"
                                  r"  directory entry 1: .*\n  table entry 0: .* read-only user\n"
                                  r"  physical address 0[0-9a-f]{4}(?=[0-9a-f]{3}\npc 0040\1)"),
    ("QEMU says the same", r"^gpa: 0x1234567$"),
]


def main():
    subprocess.run(["make", "-s", "bin/os.bin", "bin/boot.elf"], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
        script.write(SCRIPT)
        script.flush()
        try:
            result = subprocess.run(["tools/debug.sh", "-batch", "-x", script.name],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, timeout=suite.SECONDS)
            output = result.stdout
        except subprocess.TimeoutExpired as error:
            output = (error.stdout or b"").decode() + "\n(gdb did not end)"
    # Every block is in one of the runs.
    for name, total, lines in re.findall(r"^(kernel heap|frame zone|window): (\d+) blocks.*\n((?:  .*\n)+)",
                                         output, re.MULTILINE):
        counted = sum(int(line.split()[1]) for line in lines.splitlines())
        EXPECTED.append((f"all blocks of the {name}", r"$" if counted == int(total) else
                         f"{total} blocks, not {counted}"))
    for name, pattern in EXPECTED:
        is_ok = re.search(pattern, output, re.MULTILINE)
        test(f"gdb: {name}", None if is_ok else f"{pattern} is not in:\n{output}")
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
