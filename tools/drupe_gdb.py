"""gdb commands for Drupe: the way from real mode to a user program (`drupe connect`, `drupe kernel`,
`drupe program`, `drupe symbols`) and the kernel's state (`drupe heap`, `drupe walk`, `drupe ps`,
`drupe areas`, `drupe log`, `drupe trap`). docs/debugging.md shows them at work.

The CPU starts in 16-bit real mode and ends in 32-bit protected mode, and gdb must know which: QEMU
describes its target as i386, which wins over `set architecture i8086`. So before connecting, a
description whose architecture is i8086 is laid over it (`set tdesc filename`), and taken away
again when the kernel is reached.
"""

import os
import re
import tempfile

import gdb

BOOT_SECTOR = 0x7C00

# Which kernel it is, by tools/debug.sh. QEMU for x86_64 describes its CPU as 64-bit whatever its mode, and gdb
# follows it from the first instruction on; code of 16 and 32 bits is disassembled as if it had 64.
IS_64_BIT = os.environ.get("ARCH") == "x86_64"
BIN = "bin/x86_64" if IS_64_BIT else "bin"
DIGITS = 16 if IS_64_BIT else 8


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
        run(f"file {BIN}/kernel.elf")
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
        if not IS_64_BIT:
            self.describe_as_real_mode(port)
        run(f"add-symbol-file {BIN}/boot.elf")
        run(f"tbreak *{BOOT_SECTOR}")
        run("continue")
        print("Stopped at the boot sector's first instruction (16-bit real mode).")
        print("`drupe kernel` goes on to kernel_main, `drupe program [ELF]` to the program's main.")


    @staticmethod
    def describe_as_real_mode(port):
        description = run("maint print xml-tdesc")
        run("disconnect")
        description = re.sub(r"<architecture>[^<]*</architecture>",
                             "<architecture>i8086</architecture>", description)
        with tempfile.NamedTemporaryFile("w", suffix=".xml", delete=False) as file:
            file.write(description)
        run(f"set tdesc filename {file.name}")
        run(f"target remote 127.0.0.1:{port}")
        os.unlink(file.name)


class Kernel(gdb.Command):
    """drupe kernel: go on to kernel_main, in 32-bit protected mode or in long mode."""

    def __init__(self):
        super().__init__("drupe kernel", gdb.COMMAND_USER)

    def invoke(self, _argument, _from_tty):
        run("thbreak kernel_main")
        run("continue")
        if not IS_64_BIT:
            # gdb disassembles and unwinds by the description: it is a 32-bit machine now.
            run("unset tdesc filename")
            run("set architecture i386")
        print(run("bt").strip())


class Program(gdb.Command):
    """drupe program [ELF]: go on to main() of the user program (default: init, the shell)."""

    def __init__(self):
        super().__init__("drupe program", gdb.COMMAND_USER)

    def invoke(self, argument, _from_tty):
        elf = argument.strip() or f"{BIN}/programs/shell.debug.elf"
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


class Symbols(gdb.Command):
    """drupe symbols PROGRAM: the symbols of one more user program, a name of programs/ or a file."""

    def __init__(self):
        super().__init__("drupe symbols", gdb.COMMAND_USER, gdb.COMPLETE_FILENAME)

    def invoke(self, argument, _from_tty):
        name = argument.strip()
        elf = name if os.path.exists(name) else f"{BIN}/programs/{name}.debug.elf"
        if not name or not os.path.exists(elf):
            raise gdb.GdbError("usage: drupe symbols PROGRAM; make it first")
        run(f"add-symbol-file {elf}")
        print(f"Symbols of {os.path.basename(elf)} added.")


# ---------------------------------------------------------------- reading the kernel

PAGE = 4096
KERNEL_STACK_BYTES = 8192  # config.h
WINDOW, WINDOW_PHYSICAL, WINDOW_BYTES = 0xC0000000, 0x400000, 0xC00000  # layout.h
DIRECT_MAP, KERNEL_BASE = 0xFFFF800000000000, 0xFFFFFFFF80000000  # x86_64's
IS_FIRST, HAS_NEXT = 0x40, 0x80  # memory/heap/heap.h
PRESENT, LARGE = 0x01, 0x80
ENTRY_WORDS = [(0x002, "writeable", "read-only"), (0x004, "user", "supervisor"),
               (0x008, "write-through", ""), (0x010, "uncached", ""), (0x020, "accessed", ""),
               (0x040, "dirty", ""), (0x080, "large" if IS_64_BIT else "4MiB", ""), (0x100, "global", ""),
               (1 << 63, "never executed", "")]
# The steps of a walk: what an entry is called, and the bits of an address that it leaves to those below.
STEPS = [("root", 39), ("directory pointer", 30), ("directory", 21), ("table", 12)] if IS_64_BIT else \
    [("directory", 22), ("table", 12)]
INDEX_BITS, ENTRY_BYTES = (9, 8) if IS_64_BIT else (10, 4)
FRAME_MASK = 0x000FFFFFFFFFF000 if IS_64_BIT else 0xFFFFF000
EFLAGS = [(0x001, "CF"), (0x004, "PF"), (0x010, "AF"), (0x040, "ZF"), (0x080, "SF"), (0x100, "TF"),
          (0x200, "IF"), (0x400, "DF"), (0x800, "OF"), (0x20000, "VM")]


def memory(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def physical(address):
    """A table's entry in physical memory: the monitor needs no page tables to find it."""
    return int(run(f"monitor xp /1{'g' if IS_64_BIT else 'w'}x {address:#x}").split(":")[1], 16)


def physical_of(address):
    """The physical address of kernel memory: page_physical() of layout_arch.h."""
    if IS_64_BIT:
        return address - (KERNEL_BASE if address >= KERNEL_BASE else DIRECT_MAP)
    is_in_window = WINDOW <= address < WINDOW + WINDOW_BYTES
    return address - WINDOW + WINDOW_PHYSICAL if is_in_window else address


def kernel_variable(name, file):
    return gdb.parse_and_eval(f"'src/{file}'::{name}")


def code_place(address):
    """An address as name+offset."""
    text = run(f"info symbol {address:#x}")
    match = re.match(r"(\S+)(?: \+ (\d+))? in section", text)
    if not match:
        return f"{address:#0{DIGITS + 2}x}"
    return f"{match.group(1)}+{int(match.group(2) or 0):#x}"


def list_entries(head, type_name, member):
    """The structs on a kernel list (base/list.h)."""
    struct = gdb.lookup_type(type_name)
    offset = next(field.bitpos // 8 for field in struct.fields() if field.name == member)
    node = head["next"]
    while node and int(node) != int(head.address):
        yield gdb.Value(int(node) - offset).cast(struct.pointer()).dereference()
        node = node["next"]


class Heap(gdb.Command):
    """drupe heap [all]: the runs of blocks in kernel heap, frame zone, window and behind the kernel, and who has them.

    Neighbours of one owner are one line; with `all` each run has its own."""

    def __init__(self):
        super().__init__("drupe heap", gdb.COMMAND_USER)

    def invoke(self, argument, _from_tty):
        separately = argument.strip() == "all"
        self.show("kernel heap", kernel_variable("kheap", "memory/heap/kheap.c")["heap"], separately)
        self.show("frame zone", kernel_variable("pmm", "memory/pmm.c")["zones"][0]["heap"], separately)
        self.show("low zone" if IS_64_BIT else "window", kernel_variable("pmm", "memory/pmm.c")["low"]["heap"],
                  separately)
        self.show("tail", kernel_variable("pmm", "memory/pmm.c")["tail_zone"]["heap"], separately)

    @staticmethod
    def runs(heap):
        """(first block, blocks, owner) of each run; the owner is "free" or "reserved" or code."""
        total = int(heap["total"])
        table = memory(int(heap["entries"]), total) if total else b""
        block = 0
        while block < total:
            start = block
            if table[block] & IS_FIRST:
                owner = code_place(int(heap["slots"][start]["owner"]))
                while table[block] & HAS_NEXT and block + 1 < total:
                    block += 1
                block += 1
            else:
                owner = "reserved" if table[block] else "free"
                while block < total and table[block] == table[start]:
                    block += 1
            yield start, block - start, owner

    def show(self, name, heap, separately):
        start = int(heap["saddr"])
        if not start:
            print(f"{name}: not made yet")
            return
        print(f"{name}: {int(heap['total'])} blocks from {start:0{DIGITS}x}, table at "
              f"{int(heap['entries']):0{DIGITS}x}")
        lines = []
        for block, blocks, owner in self.runs(heap):
            if lines and lines[-1][2] == owner and not separately:
                lines[-1][1] += blocks
                lines[-1][3] += 1
            else:
                lines.append([block, blocks, owner, 1])
        for block, blocks, owner, runs in lines:
            many = f" ({runs} allocations)" if runs > 1 else ""
            print(f"  {start + block * PAGE:0{DIGITS}x} {blocks:6} {owner}{many}")


class Walk(gdb.Command):
    """drupe walk ADDRESS: its translation under the CR3 of this moment, in words."""

    def __init__(self):
        super().__init__("drupe walk", gdb.COMMAND_USER)

    def invoke(self, argument, _from_tty):
        if not argument.strip():
            raise gdb.GdbError("usage: drupe walk ADDRESS")
        address = int(gdb.parse_and_eval(f"(unsigned long)({argument})"))
        registers = run("monitor info registers")
        value = {name: int(re.search(rf"{name}=([0-9a-f]+)", registers).group(1), 16)
                 for name in ("CR0", "CR3")}
        if not value["CR0"] & 0x80000000:
            print(f"{address:0{DIGITS}x}: paging is off: a physical address")
            return
        directory = value["CR3"] & ~0xFFF
        print(f"{address:0{DIGITS}x} by the {STEPS[0][0]} at {directory:08x}:")
        entry, table = PRESENT, directory
        for name, bits in STEPS:
            index = address >> bits & ((1 << INDEX_BITS) - 1)
            entry = physical(table + index * ENTRY_BYTES)
            page, table = 1 << bits, entry & FRAME_MASK
            print(f"  {name} entry {index}: {self.words(entry)}")
            if not entry & PRESENT or (entry & LARGE and page > PAGE):
                break
        if entry & PRESENT:
            print(f"  physical address {table // page * page + address % page:08x}")
        else:
            print("  touching it causes a page fault")

    @staticmethod
    def words(entry):
        if not entry & PRESENT:
            return f"{entry:0{DIGITS}x} not present"
        flags = [is_set if entry & flag else is_clear for flag, is_set, is_clear in ENTRY_WORDS]
        return " ".join([f"{entry:0{DIGITS}x} present", *filter(None, flags)])


class Ps(gdb.Command):
    """drupe ps: the processes; * is the one that runs."""

    def __init__(self):
        super().__init__("drupe ps", gdb.COMMAND_USER)

    def invoke(self, _argument, _from_tty):
        head = kernel_variable("processes", "process/process.c")["all"]
        current = int(kernel_variable("tasks", "task/task.c")["current"])
        if not int(head["next"]):
            print("There are no processes yet.")
            return
        print("  PID PARENT STATE         DIRECTORY  NAME")
        for process in list_entries(head, "struct process", "link"):
            parent = int(process["parent"]["id"]) if process["parent"] else 0
            state = str(process["task"]["state"]).replace("TASK_", "").lower()
            chunk = process["space"]["chunk"]
            directory = f"{physical_of(int(chunk['directory_entry'])):08x}" if chunk else "-"
            mark = "*" if int(process["task"].address) == current else " "
            print(f"{mark}{int(process['id']):4} {parent:6} {state:12} {directory:>10}  "
                  f"{process['name'].string()}")


class Areas(gdb.Command):
    """drupe areas [PID]: what the addresses of a process mean; without a PID: of the one that runs."""

    AREAS_MAX = 10000

    def __init__(self):
        super().__init__("drupe areas", gdb.COMMAND_USER)

    def invoke(self, argument, _from_tty):
        process = self.find(argument.strip())
        space = process["space"]
        if not space["chunk"]:
            print(f"{process['name'].string()} has no memory any more.")
            return
        print(f"Areas of {process['name'].string()} (process {int(process['id'])}), "
              f"{int(space['pages'])} pages charged:")
        for area in self.in_order(space["areas"]["root"]):
            start, end, rights = int(area["start"]), int(area["end"]), int(area["rights"])
            letters = "".join(letter if rights & bit else "-" for bit, letter in ((1, "r"), (2, "w"), (4, "x")))
            kind = str(gdb.Value(int(area["kind"])).cast(gdb.lookup_type("enum area_kind")))
            shows = f" page {int(area['first'])} of object {int(area['object']):#x}" if area["object"] else ""
            print(f"  {start:0{DIGITS}x}-{end - 1:0{DIGITS}x} {letters}{'s' if area['is_shared'] else 'p'} "
                  f"{kind.replace('AREA_', '').lower():8} {'charged' if area['is_charged'] else '-':7}{shows}")
        faults = space["faults"]
        print("  pages by faults: " + ", ".join(f"{field.name} {int(faults[field.name])}"
                                              for field in faults.type.fields()))

    @staticmethod
    def find(pid):
        current = int(kernel_variable("tasks", "task/task.c")["current"])
        head = kernel_variable("processes", "process/process.c")["all"]
        for process in list_entries(head, "struct process", "link") if int(head["next"]) else ():
            if int(process["id"]) == int(pid) if pid else int(process["task"].address) == current:
                return process
        raise gdb.GdbError(f"there is no process {pid}" if pid else "no process runs")

    @classmethod
    def in_order(cls, node):
        """The areas of a tree (lib/tree.h), by address; a damaged one ends it."""
        struct = gdb.lookup_type("struct area")
        offset = next(field.bitpos // 8 for field in struct.fields() if field.name == "node")
        above = []
        for _ in range(cls.AREAS_MAX):
            while node:
                above.append(node)
                node = node["child"][0]
            if not above:
                return
            node = above.pop()
            yield gdb.Value(int(node) - offset).cast(struct.pointer()).dereference()
            node = node["child"][1]


class Log(gdb.Command):
    """drupe log: what the kernel has said, the last 4 KiB of it."""

    def __init__(self):
        super().__init__("drupe log", gdb.COMMAND_USER)

    def invoke(self, _argument, _from_tty):
        log = kernel_variable("kernel_log", "debug/printk.c")
        size = log["text"].type.sizeof
        text = memory(int(log["text"].address), size)
        end = int(log["end"]) % size
        text = text[end:] + text[:end] if log["is_full"] else text[:end]
        print(text.decode("latin-1").rstrip())


class Trap(gdb.Command):
    """drupe trap [POINTER]: a struct trap_frame in words. Without a pointer: the variable `frame`
    of this or a calling function, or the registers with which the running process came in."""

    def __init__(self):
        super().__init__("drupe trap", gdb.COMMAND_USER)

    def invoke(self, argument, _from_tty):
        struct = gdb.lookup_type("struct trap_frame")
        if argument.strip():
            trap = gdb.parse_and_eval(argument).cast(struct.pointer()).dereference()
        else:
            trap = self.find(struct)
        mask = (1 << 4 * DIGITS) - 1
        value = {field.name: int(trap[field.name]) & mask for field in struct.fields()}
        if IS_64_BIT:
            self.show_64(value)
            return
        is_user = (value["cs"] | value["eflags"] >> 16) & 2
        if not is_user:
            value["esp"], value["ss"] = value["esp_at_pushad"] + 20, 0x10
        print(f"{self.what(value)}, from {'ring 3' if is_user else 'the kernel'} at "
              f"{code_place(value['eip'])}")
        for row in (("eax", "ebx", "ecx", "edx"), ("esi", "edi", "ebp", "esp")):
            print("  ".join(f"{name} {value[name]:08x}" for name in row))
        flags = " ".join(name for flag, name in EFLAGS if value["eflags"] & flag)
        print(f"eip {value['eip']:08x}  eflags {value['eflags']:08x} ({flags})")
        print("  ".join(f"{name} {value[name] & 0xFFFF:04x}" for name in ("cs", "ss", "ds", "es")))

    def show_64(self, value):
        is_user = (value["cs"] | value["rflags"] >> 16) & 2
        print(f"{self.what(value)}, from {'ring 3' if is_user else 'the kernel'} at "
              f"{code_place(value['rip'])}")
        for row in (("rax", "rbx", "rcx", "rdx"), ("rsi", "rdi", "rbp", "rsp"), ("r8", "r9", "r10", "r11"),
                    ("r12", "r13", "r14", "r15")):
            print(" ".join(f"{name:3} {value[name]:016x}" for name in row))
        flags = " ".join(name for flag, name in EFLAGS if value["rflags"] & flag)
        print(f"rip {value['rip']:016x}  rflags {value['rflags']:08x} ({flags})  cs {value['cs']:02x} "
              f"ss {value['ss']:02x}")

    @staticmethod
    def find(struct):
        frame = gdb.selected_frame()
        while frame:
            try:
                variable = frame.read_var("frame")
                if variable.type.code == gdb.TYPE_CODE_PTR and \
                        variable.type.target().unqualified().tag == "trap_frame" and \
                        not variable.is_optimized_out:
                    return variable.dereference()
            except (ValueError, RuntimeError):
                pass
            frame = frame.older()
        task = kernel_variable("tasks", "task/task.c")["current"]
        if not task or not task["kernel_stack"]:
            raise gdb.GdbError("no trap frame here, and no process runs")
        top = int(task["kernel_stack"]) + KERNEL_STACK_BYTES
        return gdb.Value(top - struct.sizeof).cast(struct.pointer()).dereference()

    @staticmethod
    def what(value):
        vector, code = value["vector"], value["error_code"]
        if vector in (0x80, 0x100):  # by the gate, by the instruction
            return f"system call {value['rax' if IS_64_BIT else 'eax']}"
        if vector == 14:
            return (f"page fault, error code {code:x} ({'write' if code & 2 else 'read'}, "
                    f"{'user' if code & 4 else 'supervisor'}, page "
                    f"{'present' if code & 1 else 'not present'})")
        if vector == (1 << 4 * DIGITS) - 1:
            return "a call of panic()"
        if 0x20 <= vector < 0x30:
            return f"interrupt {vector - 0x20}"
        return f"exception {vector}, error code {code:x}"


Drupe()
for command in (Connect, Kernel, Program, Symbols, Heap, Walk, Ps, Areas, Log, Trap):
    command()
