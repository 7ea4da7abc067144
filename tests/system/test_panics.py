#!/usr/bin/env python3
"""Provokes each kind of kernel panic in the test kernel and checks what it says: on the serial
line, on port 0xE9, and on the 25 rows of the VGA screen."""

import os
import re
import sys
import tempfile

import suite
from suite import test
from machine import COLUMNS, Machine, wait_for

# The last words on a machine that cannot be left by isa-debug-exit.
HALTED = "The machine can be switched off now."
HEADLINE = "KERNEL PANIC: "
WHITE_ON_RED, GREY = 0x4F, 0x07
PANIC = 37
INTERRUPTS_ON = 0x200
NO_TASKS = "No hardware tasks: if a kernel stack overflows, the machine resets.\n"
SOURCE = "tests/kernel/test_panics.c"

# What every report has from its sentence on.
ALWAYS = [r"eax [0-9a-f]{8}  ebx [0-9a-f]{8}  ecx [0-9a-f]{8}  edx [0-9a-f]{8}\n"
          r"esi [0-9a-f]{8}  edi [0-9a-f]{8}  ebp [0-9a-f]{8}  esp [0-9a-f]{8}\n"
          r"eip [0-9a-f]{8}  eflags [0-9a-f]{8}  cs (?:0008 ss 0010 ds 0010 es 0010|"
          r"001b ss 0023 ds 0023 es 0023) fs [0-9a-f]{4} gs [0-9a-f]{4}\n"
          r"cr0 [0-9a-f]{8}  cr2 [0-9a-f]{8}  cr3 [0-9a-f]{8}  cr4 [0-9a-f]{8}\n",
          r"backtrace:\n  #0 "]

# Double faults that do not come from a bad stack.
GOOD_STACK = [r"cr2 80001234  ", r"cr3 was (?!00000000)[0-9a-f]{8}\n80001234: process heap\n"
              r"  directory entry 512: 00000000 not present\n"]
IN_RING_3 = [r"double fault at eip 00400010\n", r"  esp 003fefe0\neip 00400010  ",
             r"cs 001b ss 0023", r"\n00400010: user program\n",
             r"backtrace:\n  #0 0x00400010\nThe machine can be "]

# Test (tests/kernel/test_panics.c) -> what the report must contain, from the sentence on.
EXPECTED = {
    "panic_plain": [r"said on purpose: 42\n", r"#0 0x[0-9a-f]+ panic_plain\+0x"],
    "panic_kassert": [r"rule broken: 1 == 2 \(tests/kernel/test_panics\.c:\d+, panic_kassert\)"],
    "panic_registers": [r"all registers\neax a1a1a1a1  ebx b2b2b2b2  ecx c3c3c3c3  edx d4d4d4d4\n"
                        r"esi e5e5e5e5  edi f6f6f6f6  ebp 001[0-9a-f]{5}  esp 001[0-9a-f]{5}\n",
                        r"#0 0x[0-9a-f]+ panic_registers\+0x"],
    "panic_null_read": [r"the kernel could not read 00000000 at eip 001[0-9a-f]{5}: "
                        r"no page is mapped there \(a NULL pointer\)\n",
                        r"cr2 00000000", r"error code 0: a read in supervisor mode, "
                        r"the page is not present\n"
                        r"00000000: page 0, never mapped: NULL\n"
                        r"  directory entry 0: [0-9a-f]{8} present writeable user accessed\n"
                        r"  table entry 0: 00000000 not present\n",
                        r"#0 0x[0-9a-f]+ panic_null_read\+0x"],
    "panic_text_write": [r"the kernel could not write 00100000 .*: the page forbids it\n",
                         r"error code 3: a write in supervisor mode, the page is present\n"
                         r"00100000: kernel text and constants: read-only\n"
                         r"  directory entry 0: .*\n"
                         r"  table entry 256: 00100[0-9a-f]{3} present read-only supervisor "
                         r"accessed"],
    "panic_unmapped": [r"the kernel could not read 80000000 .*: no page is mapped there\n",
                       r"80000000: process heap\n  directory entry 512: 00000000 not present\n"],
    "panic_mmio_write": [r"the kernel could not write d0000010 .*: the page forbids it\n",
                         r"d0000010: devices\n"
                         r"  directory entry 832: d0000\w+ present read-only supervisor uncached"],
    "panic_null_call": [r"the kernel could not execute 00000000 at eip 00000000",
                        r"#0 0x00000000\n  #1 0x[0-9a-f]+ panic_null_call\+0x"],
    "panic_selector": [r"general protection fault in the kernel", r"error code 1238: selector 1238"],
    "panic_divide": [r"divide error in the kernel at eip", r"#0 0x[0-9a-f]+ panic_divide\+0x"],
    "panic_invalid_opcode": [r"invalid opcode in the kernel"],
    "panic_damaged_stack": [r"invalid opcode", r"ebp badbad00",
                            r"#0 0x[0-9a-f]+ panic_damaged_stack\+0x\w+\n(?!  #)"],
    "panic_boot_stack_overflow": [
        r"double fault: the kernel stack overflowed into its guard page\n",
        r"[0-9a-f]{8}: the guard page below the boot stack\n",
        r"  table entry \d+: 00000000 not present\n",
        r"#0 0x[0-9a-f]+ dig\+0x", r"#1 0x[0-9a-f]+ dig\+0x\w+\n     and \d+ times more\n",
        r"#2 0x[0-9a-f]+ panic_boot_stack_overflow\+0x"],
    "panic_task_stack_overflow": [
        r"double fault: the kernel stack overflowed into its guard page\n",
        r"0[0-9a-f]{7}: frame zone, the guard page below a task's kernel stack\n",
        r"#1 0x[0-9a-f]+ dig\+0x\w+\n     and \d+ times more\nThe machine can be "],
    "panic_double_fault": [r"double fault at eip 001[0-9a-f]{5}\n", *GOOD_STACK,
                           r"#0 0x[0-9a-f]+ panic_double_fault\+0x"],
    # Without hardware tasks an ordinary gate leads to an ordinary report.
    "panic_double_fault_without_tasks": [
        r"double fault in the kernel at eip 001[0-9a-f]{5}\n", *GOOD_STACK,
        r"#0 0x[0-9a-f]+ panic_double_fault_without_tasks\+0x",
        r"#1 0x[0-9a-f]+ kernel_tests_run\+0x"],
    "panic_double_fault_in_ring_3": [*IN_RING_3, r"cr3 (\w+)  cr4 \w+\ncr3 was (?!\1)\w+\n"],
    "panic_double_fault_in_ring_3_without_tasks": IN_RING_3,
    "panic_in_interrupt": [
        r"in an interrupt\n", r"#0 0x[0-9a-f]+ tick_that_panics\+0x",
        r"#\d 0x[0-9a-f]+ trap_common\+0x\w+\n  #\d 0x[0-9a-f]+ wait_for_tick\+0x\w+\n"
        r"  #\d 0x[0-9a-f]+ panic_in_interrupt\+0x"],
    "panic_fault_in_interrupt": [
        r"the kernel could not write 80001000", r"80001000: process heap\n",
        r"#0 0x[0-9a-f]+ tick_that_faults\+0x",
        r"#\d 0x[0-9a-f]+ trap_common\+0x\w+\n  #\d 0x[0-9a-f]+ wait_for_tick\+0x\w+\n"],
    "panic_wrong_kfree": [r"kfree\(0x01000123\): the pointer is .*Called by\s+panic_wrong_kfree\+"],
    "panic_kfree_of_a_page": [
        r"kfree\(0x0[1-7][0-9a-f]{6}\): the pointer is a page of the page allocator, not of\s+"
        r"kmalloc\(\)\.\s+Called by\s+panic_kfree_of_a_page\+"],
    "panic_wrong_vfree": [r"vfree\(0xc1000020\): the pointer is inside an allocation, not at its\s+"
                          r"start\.\s+Called\s+by\s+panic_wrong_vfree\+"],
    "panic_double_vfree": [r"vfree\(0xc1000010\): the pointer is free already.*Called\s+by\s+"
                           r"panic_double_vfree\+"],
    "panic_overrun_vfree": [r"vfree\(0xc1000010\): the pointer is beside a header that was written\s+"
                            r"over\.\s+Called\s+by\s+panic_overrun_vfree\+"],
    "panic_double_kfree": [r"kfree\(0x01[0-9a-f]{6}\): the pointer is .*Called by\s*"
                           r"panic_double_kfree\+"],
}

# Those that cannot finish their report.
UNFINISHED = {
    "panic_in_panic": [r"KERNEL PANIC: the first\neax (.*\n)+"
                       r"KERNEL PANIC: invalid opcode in the kernel at eip"],
    "panic_stack_overflow_in_panic": [r"KERNEL PANIC: the first\neax (.*\n)+"
                                      r"KERNEL PANIC: double fault: the kernel stack overflowed"],
    "panic_in_printk": [r"KERNEL PANIC: "],
}


def provoke(name, folder):
    """What the serial line, port 0xE9 and the screen show, and the screen's colours."""
    port = os.path.join(folder, "port")
    with Machine("bin/test.bin", folder, "-debugcon", f"file:{port}",
                 "-fw_cfg", f"name=opt/drupe/test,string={name}", exit_device=False) as machine:
        wait_for(lambda: machine.says(HALTED), f"the end of {name}")
        wait_for(lambda: "\n" in machine.receive().split(HALTED)[1], f"the last line of {name}")
        screen, colors = machine.screen(), machine.colors()
    with open(port, encoding="latin-1") as file:
        return machine.console.replace("\r", ""), file.read(), screen, colors


def is_halted(machine):
    """Halted for good: interrupts are off."""
    registers = machine.monitor.human("info registers")
    flags = re.search(r"EFL=([0-9a-f]+)", registers)
    return "HLT=1" in registers and not int(flags.group(1), 16) & INTERRUPTS_ON


def check(name, patterns):
    with tempfile.TemporaryDirectory() as folder:
        console, port, screen, colors = provoke(name, folder)
    log, mark, report = console.partition("KERNEL PANIC: ")
    sentence, registers, rest = report.partition("\neax ")
    if max(map(len, (HEADLINE + sentence).split("\n"))) > COLUMNS - 1:
        return f"its sentence has a line that is too long:\n{console}"
    report = suite.unwrap(sentence) + registers + rest
    missing = [pattern for pattern in patterns + ALWAYS if not re.search(pattern, report)]
    if not mark or missing:
        return f"missing {missing}:\n{console}"
    if port != console:
        return f"port 0xE9 has another text:\n{port}"
    if (NO_TASKS in log) != name.endswith("_without_tasks"):
        return f"does the log say that there are no hardware tasks?\n{console}"
    # The log's end stands before it; what the kernel said last is there twice.
    end = log.split("the log ends:\n")
    if len(end) != 2 or not 1 <= len(end[1].strip().splitlines()) <= 4:
        return f"the log's last lines are not there:\n{console}"
    if end[1].strip() not in end[0]:
        return f"the log's last lines are not what was said:\n{console}"
    # The screen shows the console's last rows, the whole report among them.
    rows = [row[i:i + 80].rstrip() for row in console.split("\n") for i in range(0, len(row), 80)]
    shown = [row for row in screen if row]
    if rows[len(rows) - len(shown):] != shown:
        return "the screen shows something else:\n" + "\n".join(screen)
    for start in ("KERNEL PANIC: ", "eax ", "cr0 ", "  #0 "):
        if not any(row.startswith(start) for row in shown):
            return f"{start!r} is not on the screen:\n" + "\n".join(screen)
    # The headline is white on red, and nothing else is.
    first = next(i for i, row in enumerate(screen) if row.startswith(HEADLINE))
    lines = sentence.count("\n") + 1
    wrong = [screen[i] for i, row in enumerate(screen)
             if {*colors[i][:len(row)]} != {WHITE_ON_RED if first <= i < first + lines else GREY} and row]
    return f"rows in another colour: {wrong}" if wrong else None


def check_unfinished(name, patterns):
    """They leave QEMU as others do; and once more without a way out, for what the screen shows."""
    with tempfile.TemporaryDirectory() as folder:
        with Machine("bin/test.bin", folder, "-fw_cfg", f"name=opt/drupe/test,string={name}",
                     exit_device=False) as machine:
            wait_for(lambda: is_halted(machine), f"the end of {name}")
            screen = "".join(row + "\n" for row in machine.screen())
    missing = [pattern for pattern in patterns if not re.search(pattern, screen)]
    if missing:
        return f"missing on the screen {missing}:\n{screen}"
    with tempfile.TemporaryDirectory() as folder:
        with Machine("bin/test.bin", folder, "-fw_cfg",
                     f"name=opt/drupe/test,string={name}") as machine:
            status = machine.status()
            console = machine.receive().replace("\r", "")
    missing = [pattern for pattern in patterns if not re.search(pattern, console)]
    if status != PANIC or missing:
        return f"status {status}, missing {missing}:\n{console}"
    if len(re.findall(r"^eax ", console, re.MULTILINE)) > 1:
        return f"a whole report inside a report:\n{console}"
    return None


def main():
    chosen = sys.argv[1:]
    with open(SOURCE, encoding="ascii") as file:
        # Those behind DEBUG_HEAP are tests/system/test_debug_heap.py's.
        provoked = re.findall(r"KPROVOKE\((\w+)\)", file.read().split("#if DEBUG_HEAP")[0])
    unread = set(provoked) ^ {*EXPECTED, *UNFINISHED}
    test("each kind of panic has its text", unread or None)
    suite.run_tests([(name, lambda how=how, name=name, patterns=patterns: how(name, patterns))
                     for kinds, how in ((EXPECTED, check), (UNFINISHED, check_unfinished))
                     for name, patterns in kinds.items() if not chosen or name in chosen])
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
