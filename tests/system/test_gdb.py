#!/usr/bin/env python3
"""One gdb session from real mode to the user program, without a human: each backtrace is right."""

import re
import subprocess
import sys
import tempfile

SCRIPT = """
printf "at %x\\n", $pc
x/i $pc
backtrace
drupe kernel
info registers cs
drupe program
info registers cs
"""

EXPECTED = [
    ("stops at the boot sector's first instruction", r"^at 7c00$"),
    ("real mode is disassembled as 16-bit code", r"=> 0x7c00 <sector>:\s+jmp\s+0x7c4"),
    ("a source line of the boot sector", r"#0\s+sector \(\) at src/boot/boot\.asm:\d+"),
    ("kernel_main's backtrace", r"#0\s+kernel_main \(\) at src/kernel/kernel\.c:\d+\s+"
                                r"#1\s+0x[0-9a-f]+ in start_kernel \(\) at src/kernel/kernel\.asm"),
    ("protected mode in the kernel", r"^cs\s+0x8\s"),
    ("the program's main, called by its start", r"#0\s+main \(.*\) at programs/shell/shell\.c:\d+\s+"
                                                r"#1\s+0x[0-9a-f]+ in program_start \(\)"),
    ("ring 3 in the program", r"^cs\s+0x1b\s"),
]


def main():
    subprocess.run(["make", "-s", "bin/os.bin", "bin/boot.elf"], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
        script.write(SCRIPT)
        script.flush()
        try:
            result = subprocess.run(["tools/debug.sh", "-batch", "-x", script.name],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, timeout=120)
            output = result.stdout
        except subprocess.TimeoutExpired as error:
            output = (error.stdout or b"").decode() + "\n(gdb did not end)"
    failed = 0
    for name, pattern in EXPECTED:
        is_ok = re.search(pattern, output, re.MULTILINE)
        print(f"gdb: {name} ... " + ("ok" if is_ok else f"FAIL: {pattern} is not in:\n{output}"))
        failed += not is_ok
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
