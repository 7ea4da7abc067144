#!/usr/bin/env python3
"""Provokes each kind of kernel panic in the test kernel and checks what it says."""

import re
import subprocess
import sys

# Test (tests/kernel/test_panics.c) -> what the report must contain.
EXPECTED = {
    "panic_plain": [r"KERNEL PANIC: said on purpose: 42", r"#\d+ 0x[0-9a-f]+ panic_plain\+0x"],
    "panic_null_read": [r"KERNEL PANIC: the kernel could not read 00000000 .*NULL pointer",
                        r"eax [0-9a-f]{8}", r"cr2 00000000", r"directory entry 0",
                        r"table entry 0: 00000000 not present", r"panic_null_read\+0x"],
    "panic_text_write": [r"KERNEL PANIC: the kernel could not write .*the page forbids it",
                         r"read-only"],
    "panic_unmapped": [r"KERNEL PANIC: the kernel could not read 80000000 .*no page is mapped"],
    "panic_divide": [r"KERNEL PANIC: divide error in the kernel", r"panic_divide\+0x"],
    "panic_invalid_opcode": [r"KERNEL PANIC: invalid opcode in the kernel"],
    "panic_boot_stack_overflow": [r"KERNEL PANIC: double fault: the kernel stack overflowed"],
    "panic_task_stack_overflow": [r"KERNEL PANIC: double fault: the kernel stack overflowed"],
    "panic_wrong_kfree": [r"KERNEL PANIC: .*kfree", r"panic_wrong_kfree"],
    "panic_double_kfree": [r"KERNEL PANIC: .*kfree", r"panic_double_kfree"],
    "panic_kassert": [r"KERNEL PANIC: rule broken: 1 == 2"],
}


def main():
    failed = 0
    for name, patterns in EXPECTED.items():
        result = subprocess.run(["tests/run_qemu.sh", "bin/test.bin", "-fw_cfg",
                                 f"name=opt/drupe/test,string={name}"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        console = result.stdout.decode("utf-8", "replace").replace("\r", "")
        missing = [pattern for pattern in patterns if not re.search(pattern, console)]
        is_ok = result.returncode == 2 and not missing
        print(f"{name} ... " + ("ok" if is_ok else
              f"FAIL: status {result.returncode}, missing {missing}:\n{console}"), flush=True)
        failed += not is_ok
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
