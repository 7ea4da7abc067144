"""gdb commands for Drupe: `drupe connect`, `drupe kernel`, `drupe program`.

The CPU starts in 16-bit real mode and ends in 32-bit protected mode, and gdb has to be told: QEMU
describes its target as i386, which wins over `set architecture i8086`. So before connecting, a
description whose architecture is i8086 is laid over it (`set tdesc filename`), and taken away
again when the kernel is reached.
"""

import os
import re
import tempfile

import gdb

BOOT_SECTOR = 0x7C00


def run(command):
    return gdb.execute(command, to_string=True)


class Drupe(gdb.Command):
    """Commands for the Drupe kernel."""

    def __init__(self):
        super().__init__("drupe", gdb.COMMAND_USER, prefix=True)


class Connect(gdb.Command):
    """drupe connect: attach to QEMU in real mode and stop at the boot sector's first instruction."""

    def __init__(self):
        super().__init__("drupe connect", gdb.COMMAND_USER)

    def invoke(self, _argument, _from_tty):
        port = int(gdb.parse_and_eval("$drupe_port"))
        run("file bin/kernel.elf")
        run("set backtrace past-main on")
        # What QEMU says of itself, with another architecture.
        for attempt in range(50):
            try:
                run(f"target remote 127.0.0.1:{port}")
                break
            except gdb.error:
                run("shell sleep 0.1")
        else:
            raise gdb.GdbError("QEMU does not answer")
        description = run("maint print xml-tdesc")
        run("disconnect")
        description = re.sub(r"<architecture>[^<]*</architecture>",
                             "<architecture>i8086</architecture>", description)
        with tempfile.NamedTemporaryFile("w", suffix=".xml", delete=False) as file:
            file.write(description)
        run(f"set tdesc filename {file.name}")
        run(f"target remote 127.0.0.1:{port}")
        os.unlink(file.name)
        run("add-symbol-file bin/boot.elf")
        run(f"tbreak *{BOOT_SECTOR}")
        run("continue")
        print("Stopped at the boot sector's first instruction (16-bit real mode).")
        print("`drupe kernel` goes on to kernel_main, `drupe program [ELF]` to the program's main.")


class Kernel(gdb.Command):
    """drupe kernel: go on to kernel_main, in 32-bit protected mode."""

    def __init__(self):
        super().__init__("drupe kernel", gdb.COMMAND_USER)

    def invoke(self, _argument, _from_tty):
        run("thbreak kernel_main")
        run("continue")
        # gdb disassembles and unwinds by the description: it is a 32-bit machine now.
        run("unset tdesc filename")
        run("set architecture i386")
        print(run("bt").strip())


class Program(gdb.Command):
    """drupe program [ELF]: go on to main() of the user program (default: init, the shell)."""

    def __init__(self):
        super().__init__("drupe program", gdb.COMMAND_USER)

    def invoke(self, argument, _from_tty):
        elf = argument.strip() or "bin/programs/shell.debug.elf"
        run(f"add-symbol-file {elf}")
        base = os.path.basename(elf)
        address = program_main(elf)
        run(f"thbreak *{address:#x}")
        run("continue")
        print(f"Stopped in main of {base}.")
        print(run("bt").strip())


def program_main(elf):
    """The address behind main's prologue in that file, not the kernel's or another program's."""
    for line in os.popen(f"nm {elf}"):
        address, _kind, name = (line.split() + ["", ""])[:3]
        if name == "main":
            return int(address, 16)
    raise gdb.GdbError(f"{elf} has no main")


Drupe()
Connect()
Kernel()
Program()
