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
SOURCES = ("tests/kernel/test_panics.c", "tests/kernel/{}/test_panics.c")

# In place of addresses and registers of one kernel: what both have in common is written with these.
#   {pc}: eip or rip; {A}: any address; {text}: one of the kernel's text, {data}: of its data
#   {at:80000000}: that address, as it is printed


def words(arch, text):
    """A pattern of both kernels, for this one."""
    names = {"pc": arch.pc, "A": rf"[0-9a-f]{{{arch.bits // 4}}}",
             "text": arch.address(KERNELS[arch.name])[:-5] + "[0-9a-f]{5}",
             "data": arch.address(KERNELS[arch.name])[:-5] + "[0-9a-f]{5}"}
    text = re.sub(r"\{at:(\w+)\}", lambda found: arch.address(int(found[1], 16)), text)
    return re.sub(r"\{(pc|A|text|data)\}", lambda found: names[found[1]], text)


FIRST = {"i386": "eax", "x86_64": "rax"}  # of the registers
KERNELS = {"i386": 0x00100000, "x86_64": 0xFFFFFFFF80100000}

# What every report has from its sentence on.
ALWAYS = {
    "i386": [r"eax {A}  ebx {A}  ecx {A}  edx {A}\nesi {A}  edi {A}  ebp {A}  esp {A}\n"
             r"eip {A}  eflags {A}  cs (?:0008 ss 0010 ds 0010 es 0010|"
             r"001b ss 0023 ds 0023 es 0023) fs [0-9a-f]{4} gs [0-9a-f]{4}\n"
             r"cr0 {A}  cr2 {A}  cr3 {A}  cr4 {A}\n",
             r"backtrace:\n  #0 "],
    "x86_64": [r"rax {A} rbx {A} rcx {A}\nrdx {A} rsi {A} rdi {A}\nrbp {A} rsp {A} r8  {A}\n"
               r"r9  {A} r10 {A} r11 {A}\nr12 {A} r13 {A} r14 {A}\nr15 {A} rip {A} rflags [0-9a-f]{8} "
               r"cs (?:08 ss (?:00|10)|1b ss 23)\n"
               r"cr0 [0-9a-f]{8} cr2 {A} cr3 [0-9a-f]{8} cr4 [0-9a-f]{8}\n",
               r"backtrace:\n  #0 "],
}

# Where nothing is mapped, at 0x80000000 and from there on: the first step that leads to nothing.
NO_TABLE = {"i386": r"  directory entry 512: {at:0} not present\n",
            "x86_64": r"  root entry 0: {at:0} not present\n"}

# Double faults that do not come from a bad stack.
GOOD_STACK = [r"cr2 {at:80001234}\b", r"cr3 was (?!0+\b){A}\n{at:80001234}: process heap\n{NO_TABLE}"]

# Test (tests/kernel/test_panics.c) -> what the report must contain, from the sentence on.
BOTH = {
    "panic_plain": [r"said on purpose: 42\n", r"#0 0x{text} panic_plain\+0x"],
    "panic_kassert": [r"rule broken: 1 == 2 \(tests/kernel/test_panics\.c:\d+, panic_kassert\)"],
    "panic_null_read": [r"the kernel could not read {at:0} at {pc} {text}: "
                        r"no page is mapped there \(a NULL pointer\)\n",
                        r"cr2 {at:0}", r"error code 0: a read in supervisor mode, "
                        r"the page is not present\n{at:0}: page 0, never mapped: NULL\n",
                        r"#0 0x{text} panic_null_read\+0x"],
    "panic_text_write": [r"the kernel could not write {text} .*: the page forbids it\n",
                         r"error code 3: a write in supervisor mode, the page is present\n"
                         r"{text}: kernel text.*: read-only\n",
                         r"  table entry 256: {A} present read-only supervisor accessed"],
    "panic_unmapped": [r"the kernel could not read {at:80000000} .*: no page is mapped there\n",
                       r"{at:80000000}: process heap\n{NO_TABLE}"],
    "panic_null_call": [r"the kernel could not execute {at:0} at {pc} {at:0}",
                        r"#0 0x{at:0}\n  #1 0x{text} panic_null_call\+0x"],
    "panic_selector": [r"general protection fault in the kernel", r"error code 1238: selector 1238"],
    "panic_divide": [r"divide error in the kernel at {pc}", r"#0 0x{text} panic_divide\+0x"],
    "panic_invalid_opcode": [r"invalid opcode in the kernel"],
    "panic_boot_stack_overflow": [
        r"double fault: the kernel stack overflowed into its guard page\n",
        r"{data}: the guard page below the boot stack\n",
        r"  table entry \d+: {at:0} not present\n",
        r"#0 0x{text} dig\+0x", r"#1 0x{text} dig\+0x\w+\n     and \d+ times more\n",
        r"#2 0x{text} panic_boot_stack_overflow\+0x"],
    "panic_task_stack_overflow": [
        r"double fault: the kernel stack overflowed into its guard page\n",
        r"\n{A}: kernel stacks, the guard page below a task's kernel stack\n",
        r"#1 0x{text} dig\+0x\w+\n     and \d+ times more\nThe machine can be "],
    "panic_double_fault": [r"double fault at {pc} {text}\n", *GOOD_STACK,
                           r"#0 0x{text} panic_double_fault\+0x"],
    "panic_in_interrupt": [
        r"in an interrupt\n", r"#0 0x{text} tick_that_panics\+0x",
        r"#\d 0x{text} trap_common\+0x\w+\n  #\d 0x{text} wait_for_tick\+0x\w+\n"
        r"  #\d 0x{text} panic_in_interrupt\+0x"],
    "panic_fault_in_interrupt": [
        r"the kernel could not write {at:80001000}", r"{at:80001000}: process heap\n",
        r"#0 0x{text} tick_that_faults\+0x",
        r"#\d 0x{text} trap_common\+0x\w+\n  #\d 0x{text} wait_for_tick\+0x\w+\n"],
    "panic_while_a_program_runs": [
        r"the kernel could not write {at:400000} .*: the page forbids it\n", r"{at:400000}: user program\n",
        r"\nto twice\.elf \(process \d+\): the program, {at:400000}-{A} r-xp;\s+the\s+page\s+is\s+there\n",
        r"#0 0x{text} tick_that_writes_to_the_program\+0x", r"#\d 0x{text} trap_common\+0x"],
    "panic_with_damaged_areas": [r"\nto twice\.elf \(process \d+\): its areas are damaged\n"],
    "panic_wrong_kfree": [r"kfree\(0x\w*01000123\): the pointer is .*Called by\s+panic_wrong_kfree\+"],
    "panic_kfree_of_a_page": [
        r"kfree\(0x\w*0[1-7][0-9a-f]{6}\): the pointer is a page of the page allocator, not of\s+"
        r"kmalloc\(\)\.\s+Called by\s+panic_kfree_of_a_page\+"],
    "panic_double_kfree": [r"kfree\(0x\w*01[0-9a-f]{6}\): the pointer is .*Called by\s*"
                           r"panic_double_kfree\+"],
    "panic_execute_user_page": [r"the kernel could not execute {at:80000000} at {pc} {at:80000000}: "
                                r"the page forbids it\n",
                                r"error code 11: an instruction fetch in supervisor mode, the page is present\n"],
}

# The i386 kernel's registers and walks.
ONLY_I386 = {
    "panic_registers": [r"all registers\neax a1a1a1a1  ebx b2b2b2b2  ecx c3c3c3c3  edx d4d4d4d4\n"
                        r"esi e5e5e5e5  edi f6f6f6f6  ebp 001[0-9a-f]{5}  esp 001[0-9a-f]{5}\n",
                        r"#0 0x[0-9a-f]+ panic_registers\+0x"],
    "panic_null_read": [r"never mapped: NULL\n"
                        r"  directory entry 0: [0-9a-f]{8} present writeable user accessed\n"
                        r"  table entry 0: 00000000 not present\n"],
    "panic_text_write": [r"00100000: kernel text and constants: read-only\n"
                         r"  directory entry 0: .*\n  table entry 256: 00100[0-9a-f]{3} present"],
    "panic_mmio_write": [r"the kernel could not write d0000010 .*: the page forbids it\n",
                         r"d0000010: devices\n"
                         r"  directory entry 832: d0000\w+ present read-only supervisor uncached"],
    "panic_damaged_stack": [r"invalid opcode", r"ebp badbad00",
                            r"#0 0x[0-9a-f]+ panic_damaged_stack\+0x\w+\n(?!  #)"],
    # Without hardware tasks an ordinary gate leads to an ordinary report.
    "panic_double_fault_without_tasks": [
        r"double fault in the kernel at eip 001[0-9a-f]{5}\n", *GOOD_STACK,
        r"#0 0x[0-9a-f]+ panic_double_fault_without_tasks\+0x",
        r"#1 0x[0-9a-f]+ kernel_tests_run\+0x"],
    "panic_double_fault_in_ring_3": [r"cr3 (\w+)  cr4 \w+\ncr3 was (?!\1)\w+\n"],
    "panic_wrong_vfree": [r"vfree\(0xc1000020\): the pointer is inside an allocation, not at its\s+"
                          r"start\.\s+Called\s+by\s+panic_wrong_vfree\+"],
    "panic_double_vfree": [r"vfree\(0xc1000010\): the pointer is free already.*Called\s+by\s+"
                           r"panic_double_vfree\+"],
    "panic_overrun_vfree": [r"vfree\(0xc1000010\): the pointer is beside a header that was written\s+"
                            r"over\.\s+Called\s+by\s+panic_overrun_vfree\+"],
}
IN_RING_3 = [r"double fault at eip 00400010\n", r"  esp 003fefe0\neip 00400010  ",
             r"cs 001b ss 0023", r"\n00400010: user program\n",
             r"backtrace:\n  #0 0x00400010\nThe machine can be "]
ONLY_I386["panic_double_fault_in_ring_3"] += IN_RING_3
ONLY_I386["panic_double_fault_in_ring_3_without_tasks"] = IN_RING_3

# The x86_64 kernel's: four steps, and pages that are never executed.
STEPS = r"  root entry {0}: \w+ present .*\n  directory pointer entry {1}: \w+ present .*\n"
ONLY_X86_64 = {
    "panic_registers": [r"all registers\nrax 00a1a1a1a1a1a1a1 rbx b2b2b2b2b2b2b2b2 rcx c3c3c3c3c3c3c3c3\n"
                        r"rdx d4d4d4d4d4d4d4d4 rsi e5e5e5e5e5e5e5e5 rdi {data}\n"
                        r"rbp {data} rsp {data} r8  0808080808080808\n"
                        r"r9  0909090909090909 r10 1010101010101010 r11 1111111111111111\n"
                        r"r12 1212121212121212 r13 1313131313131313 r14 1414141414141414\n"
                        r"r15 1515151515151515 rip {text} ",
                        r"#0 0x{text} panic_registers\+0x"],
    "panic_null_read": [r"never mapped: NULL\n  root entry 0: 0{16} not present\n"],
    "panic_text_write": [r"ffffffff80100000: kernel text: read-only\n" + STEPS.format(511, 510) +
                         r"  directory entry 0: .*\n  table entry 256: 0000000000100[0-9a-f]{3} present"],
    "panic_text_write_by_the_direct_map": [
        r"the kernel could not write ffff800000100000 .*: the page forbids it\n",
        r"ffff800000100000: the kernel, in the direct map of RAM\n" + STEPS.format(256, 0) +
        r"  directory entry 0: .*\n  table entry 256: 80\w+ present read-only supervisor .*never executed\n"],
    "panic_mmio_write": [r"the kernel could not write ffffc000d0000010 .*: the page forbids it\n",
                         r"ffffc000d0000010: devices\n" + STEPS.format(384, 3) +
                         r"  directory entry 128: 80000000d0000\w+ present read-only supervisor uncached 2MiB"],
    "panic_damaged_stack": [r"invalid opcode", r"rbp ffffffffbadbad00",
                            r"#0 0x{text} panic_damaged_stack\+0x\w+\n(?!  #)"],
    "panic_non_canonical": [r"general protection fault in the kernel at rip {text}\n",
                            r"#0 0x{text} panic_non_canonical\+0x"],
    # Its trap cannot use the stack either: the double fault's stack of its own serves.
    "panic_stack_pointer_of_nobody": [r"double fault at rip {text}\n", r" rsp 0000900000000000 ",
                                      r"#0 0x{text} panic_stack_pointer_of_nobody\+0x"],
    "panic_execute_data": [r"the kernel could not execute (ffff80000\w{7}) at rip \1: the page forbids it\n",
                           r"error code 11: an instruction fetch in supervisor mode",
                           r" never executed\n", r"#1 0x{text} panic_execute_data\+0x"],
    "panic_double_fault_in_ring_3": [
        r"double fault at rip 0000000000400010\n", r" rsp 00000000003fefe0 ", r" cs 1b ss 23\n",
        r"\n0000000000400010: user program\n", r"backtrace:\n  #0 0x0000000000400010\nThe machine can be "],
    "panic_wrong_vfree": [r"vfree\(0xffffa00000000030\): the pointer is inside an allocation, not at its\s+"
                          r"start\.\s+Called\s+by\s+panic_wrong_vfree\+"],
    "panic_double_vfree": [r"vfree\(0xffffa00000000020\): the pointer is free already.*Called\s+by\s+"
                           r"panic_double_vfree\+"],
    "panic_overrun_vfree": [r"vfree\(0xffffa00000000020\): the pointer is beside a header that was written\s+"
                            r"over\.\s+Called\s+by\s+panic_overrun_vfree\+"],
}

# Those that cannot finish their report.
UNFINISHED = {
    "panic_in_panic": [r"KERNEL PANIC: the first\n[er]ax (.*\n)+"
                       r"KERNEL PANIC: invalid opcode in the kernel at {pc}"],
    "panic_stack_overflow_in_panic": [r"KERNEL PANIC: the first\n[er]ax (.*\n)+"
                                      r"KERNEL PANIC: double fault: the kernel stack overflowed"],
    "panic_in_printk": [r"KERNEL PANIC: "],
}

# Those that not every CPU makes: one that does.
CPUS = {"panic_execute_user_page": "max"}


def expected(arch):
    """{test: what its report has on this kernel}"""
    alone = {"i386": ONLY_I386, "x86_64": ONLY_X86_64}[arch.name]
    return {name: [words(arch, pattern.replace("{NO_TABLE}", NO_TABLE[arch.name]))
                   for pattern in BOTH.get(name, []) + alone.get(name, []) + ALWAYS[arch.name]]
            for name in {**BOTH, **alone}}


def chosen(name):
    """QEMU's arguments for that test."""
    return ["-fw_cfg", f"name=opt/drupe/test,string={name}",
            *(["-cpu", CPUS[name]] if name in CPUS else [])]


def provoke(arch, name, folder):
    """What the serial line, port 0xE9 and the screen show, and the screen's colours."""
    port = os.path.join(folder, "port")
    with Machine(suite.image("test.bin"), folder, "-debugcon", f"file:{port}", *chosen(name),
                 exit_device=False) as machine:
        wait_for(lambda: machine.says(HALTED), f"the end of {name}")
        wait_for(lambda: "\n" in machine.receive().split(HALTED)[1], f"the last line of {name}")
        # Port 0xE9 gets its text after the serial line does.
        wait_for(lambda: re.search(f"{re.escape(HALTED)}.*\n", suite.read(port)), f"port 0xE9 for {name}")
        screen, colors = machine.screen(), machine.colors()
    with open(port, encoding="latin-1") as file:
        return machine.console.replace("\r", ""), file.read(), screen, colors


def is_halted(machine):
    """Halted for good: interrupts are off."""
    registers = machine.monitor.human("info registers")
    flags = re.search(r"[ER]FL=([0-9a-f]+)", registers)
    return "HLT=1" in registers and not int(flags.group(1), 16) & INTERRUPTS_ON


def check(arch, name, patterns):
    with tempfile.TemporaryDirectory() as folder:
        console, port, screen, colors = provoke(arch, name, folder)
    log, mark, report = console.partition("KERNEL PANIC: ")
    sentence, registers, rest = report.partition(f"\n{FIRST[arch.name]} ")
    if max(map(len, (HEADLINE + sentence).split("\n"))) > COLUMNS - 1:
        return f"its sentence has a line that is too long:\n{console}"
    report = suite.unwrap(sentence) + registers + rest
    missing = [pattern for pattern in patterns if not re.search(pattern, report)]
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
    for start in ("KERNEL PANIC: ", f"{FIRST[arch.name]} ", "cr0 ", "  #0 "):
        if not any(row.startswith(start) for row in shown):
            return f"{start!r} is not on the screen:\n" + "\n".join(screen)
    # The headline is white on red, and nothing else is.
    first = next(i for i, row in enumerate(screen) if row.startswith(HEADLINE))
    lines = sentence.count("\n") + 1
    wrong = [screen[i] for i, row in enumerate(screen)
             if {*colors[i][:len(row)]} != {WHITE_ON_RED if first <= i < first + lines else GREY} and row]
    return f"rows in another colour: {wrong}" if wrong else None


def check_unfinished(arch, name, patterns):
    """They leave QEMU as others do; and once more without a way out, for what the screen shows."""
    with tempfile.TemporaryDirectory() as folder:
        with Machine(suite.image("test.bin"), folder, *chosen(name), exit_device=False) as machine:
            wait_for(lambda: is_halted(machine), f"the end of {name}")
            screen = "".join(row + "\n" for row in machine.screen())
    missing = [pattern for pattern in patterns if not re.search(pattern, screen)]
    if missing:
        return f"missing on the screen {missing}:\n{screen}"
    with tempfile.TemporaryDirectory() as folder:
        with Machine(suite.image("test.bin"), folder, *chosen(name)) as machine:
            status = machine.status()
            console = machine.receive().replace("\r", "")
    missing = [pattern for pattern in patterns if not re.search(pattern, console)]
    if status != PANIC or missing:
        return f"status {status}, missing {missing}:\n{console}"
    if len(re.findall(r"^[er]ax ", console, re.MULTILINE)) > 1:
        return f"a whole report inside a report:\n{console}"
    return None


def all_panics():
    arch, wanted = suite.arch(), sys.argv[1:]
    suite.make("bin/test.bin")
    provoked = []
    for source in SOURCES:
        # Those behind DEBUG_HEAP are tests/system/test_debug_heap.py's.
        text = suite.read(source.format(arch.name)).split("#if DEBUG_HEAP")[0]
        provoked += re.findall(r"KPROVOKE\((\w+)\)", text)
    reports = expected(arch)
    unread = set(provoked) ^ {*reports, *UNFINISHED}
    test("each kind of panic has its text", unread or None)
    unfinished = {name: [words(arch, pattern) for pattern in patterns]
                  for name, patterns in UNFINISHED.items()}
    suite.run_tests([(name,
                      lambda how=how, name=name, patterns=patterns: how(arch, name, patterns))
                     for kinds, how in ((reports, check), (unfinished, check_unfinished))
                     for name, patterns in kinds.items() if not wanted or name in wanted])


def main():
    suite.for_each_arch(all_panics)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
