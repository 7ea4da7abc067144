#!/usr/bin/env python3
"""The five documents' names and examples: each name is in its header and can be typed, with gcc and clang;
each line that the program seeds prints is the one that is expected.

usage: test_seeds.py
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import suite
from suite import read, test

FLAGS = ["-m32", "-std=gnu11", "-ffreestanding", "-fsyntax-only", "-Isrc", "-Ibuild"]
STRICT = ["-Wall", "-Wextra", "-Werror"]

# What somebody types who knows one of them. Names, and a function that uses each of them.
DOCUMENTS = {
    "icarius": ("""HeapDescriptor PageDirectory directory PAGE_PRESENT PAGE_READ_WRITE PAGE_ACCESSED
        page_init_directory virt_address_map kmalloc kcalloc kfree kprintf asm_do_sti""", """
        PageDirectory kpage_dir;
        PageDirectory *ptr_kpage_dir = &kpage_dir;
        HeapDescriptor *descriptor = &kheap_descriptor;
        const uint8_t flags = PAGE_PRESENT | PAGE_READ_WRITE | PAGE_ACCESSED;
        page_init_directory(&kpage_dir, flags);
        kmalloc(50);
        kmalloc(5000);
        char *ptr_phy_addr = kcalloc(4096);
        virt_address_map(ptr_kpage_dir->directory, (void *)0x2000,
                         (uint32_t)ptr_phy_addr | PAGE_ACCESSED | PAGE_PRESENT | PAGE_READ_WRITE);
        asm_do_sti();
        kprintf("Enable Interrupts...\\n");
        kprintf(ptr_phy_addr);
        kprintf("%u %s\\n", 1u, "two");
        kfree(ptr_phy_addr);
        (void)descriptor->entries;"""),
    "vana": ("""VANA_HEAP_SIZE_BYTES VANA_HEAP_BLOCK_SIZE VANA_HEAP_ADDRESS VANA_HEAP_TABLE_ADDRESS
        VANA_PROGRAM_VIRTUAL_ADDRESS VANA_USER_PROGRAM_STACK_SIZE VANA_PROGRAM_VIRTUAL_STACK_ADDRESS_START
        PAGING_PAGE_SIZE PAGING_TOTAL_ENTRIES_PER_TABLE PAGING_IS_WRITEABLE kernel_heap kernel_heap_table
        kheap_init heap_create heap_malloc heap_get_start_block heap_mark_blocks_taken heap_free kmalloc
        kzalloc kfree paging_new_4gb directory_entry paging_switch paging_load_directory enable_paging
        paging_map paging_map_range paging_align_address paging_align_to_lower_page
        paging_get_physical_address process_malloc process_free print memset memcmp memcpy""", """
        struct heap heap;
        struct heap_table table = {.entries = (HEAP_BLOCK_TABLE_ENTRY *)(VANA_HEAP_TABLE_ADDRESS),
                                   .total = VANA_HEAP_SIZE_BYTES / VANA_HEAP_BLOCK_SIZE};
        void *end = (void *)(VANA_HEAP_ADDRESS + VANA_HEAP_SIZE_BYTES);
        int res = heap_create(&heap, (void *)(VANA_HEAP_ADDRESS), end, &table);
        if (res < 0)
            print("Failed to create heap\\n");
        kheap_init();
        int start = heap_get_start_block(&kernel_heap, 2);
        heap_mark_blocks_taken(&kernel_heap, start, 2);
        heap_free(&kernel_heap, heap_malloc(&kernel_heap, VANA_USER_PROGRAM_STACK_SIZE));
        kfree(kmalloc(kernel_heap_table.total));
        char *memory = kzalloc(PAGING_PAGE_SIZE);
        struct paging_4gb_chunk *chunk = paging_new_4gb(PAGING_IS_WRITEABLE);
        uint32_t *directory = chunk->directory_entry;
        void *virt = (void *)VANA_PROGRAM_VIRTUAL_ADDRESS;
        paging_switch(chunk);
        paging_load_directory(directory);
        enable_paging();
        paging_map(virt, memory, PAGING_IS_WRITEABLE);
        paging_map(chunk, virt, memory, PAGING_IS_WRITEABLE);
        paging_map_range(virt, memory, PAGING_TOTAL_ENTRIES_PER_TABLE, PAGING_IS_WRITEABLE);
        paging_map_range(chunk, virt, memory, 1, PAGING_IS_WRITEABLE);
        void *stack = paging_align_address((void *)VANA_PROGRAM_VIRTUAL_STACK_ADDRESS_START);
        void *frame = paging_get_physical_address(directory, paging_align_to_lower_page(stack));
        struct process *process = frame;
        void *ptr = process_malloc(process, 50);
        process_free(process, ptr);
        memset(memory, 0, 10);
        memcpy(memory, memory + 20, 10);
        (void)memcmp(memory, memory + 20, 10);"""),
    "mio": ("""kmalloc kcalloc kfree alloc_frame free_frame alloc_page alloc_page_4mib free_page
        virtual_to_physical is_mapped""", """
        const uint64_t num_blocks = 4;
        const uint32_t virt = 0x80000000, phys = 0x01000000, flags = PRESENT | WRITABLE;
        void *frame = alloc_frame(num_blocks);
        free_frame(frame);
        kfree(kmalloc(50));
        kfree(kcalloc(10, 50));
        alloc_page(virt, phys, flags);
        alloc_page_4mib(virt, phys, flags);
        if (is_mapped(virt))
            frame = virtual_to_physical(virt);
        free_page(virt);"""),
    "peachos": ("""PEACHOS_HEAP_SIZE_BYTES PEACHOS_HEAP_BLOCK_SIZE PEACHOS_HEAP_ADDRESS
        PEACHOS_HEAP_TABLE_ADDRESS HEAP_BLOCK_TABLE_ENTRY_TAKEN HEAP_BLOCK_TABLE_ENTRY_FREE
        HEAP_BLOCK_HAS_NEXT HEAP_BLOCK_IS_FIRST HEAP_BLOCK_TABLE_ENTRY heap_table heap kernel_heap
        kernel_heap_table heap_create heap_validate_alignment heap_validate_table
        heap_align_value_to_upper heap_malloc heap_malloc_blocks heap_address_to_block
        heap_mark_blocks_free heap_free kheap_init kmalloc kfree memset""", """
        struct heap heap;
        struct heap_table table = {.entries = (HEAP_BLOCK_TABLE_ENTRY *)(PEACHOS_HEAP_TABLE_ADDRESS),
                                   .total = PEACHOS_HEAP_SIZE_BYTES / PEACHOS_HEAP_BLOCK_SIZE};
        void *end = (void *)(PEACHOS_HEAP_ADDRESS + PEACHOS_HEAP_SIZE_BYTES);
        int res = heap_create(&heap, (void *)(PEACHOS_HEAP_ADDRESS), end, &table);
        HEAP_BLOCK_TABLE_ENTRY entry = HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_IS_FIRST |
                                       HEAP_BLOCK_HAS_NEXT | HEAP_BLOCK_TABLE_ENTRY_FREE;
        uint32_t size = heap_align_value_to_upper(entry);
        if (res < 0 || !heap_validate_alignment(end) || heap_validate_table(&heap, end, &table) < 0)
            size = 1;
        kheap_init();
        void *ptr = heap_malloc(&kernel_heap, size);
        heap_free(&kernel_heap, ptr);
        ptr = heap_malloc_blocks(&kernel_heap, kernel_heap_table.total);
        int block = heap_address_to_block(&kernel_heap, ptr);
        heap_mark_blocks_free(&kernel_heap, block);
        kfree(memset(kmalloc(50), 0, 50));"""),
    "incro": ("""PTE_PRESENT PTE_WRITABLE PTE_USER PTE_WRITETHROUGH PTE_NOCACHE PTE_ACCESSED PTE_DIRTY
        PTE_HUGEPAGE PTE_GLOBAL pmm_init pmm_alloc_page pmm_free_page pmm_get_free_pages
        pmm_get_total_pages vmm_init vmm_map_page vmm_unmap_page vmm_get_physical vmm_get_cr3 heap_init
        kmalloc kfree heap_get_used heap_get_free""", """
        pmm_init();
        uint64_t page = pmm_alloc_page();
        size_t pages = pmm_get_free_pages() + pmm_get_total_pages();
        vmm_init();
        uint64_t flags = PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_WRITETHROUGH | PTE_NOCACHE |
                         PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL;
        if (!vmm_map_page(0x80000000, page, flags) || !vmm_map_page(0x80400000, 0, PTE_HUGEPAGE))
            pages = 0;
        uint64_t physical = vmm_get_physical(0x80000000);
        vmm_unmap_page(0x80000000);
        pmm_free_page(page);
        heap_init();
        kfree(kmalloc(50));
        size_t bytes = heap_get_used() + heap_get_free() + pages + (size_t)vmm_get_cr3();
        (void)physical;
        (void)bytes;"""),
}
NAMES = 103  # at least
ROWS = 40    # of docs/seeds.md, at least

# What seeds prints, in this order. \N: a number that is the machine's own.
LINES = {
    "icarius": """\
Icarius: an array heap, and a linear page directory
heap data pool starts at 0x01000000
heap data pool is made for 104857600 bytes
its last byte is then 0x073fffff
blocks of 4096 bytes
HeapDescriptor at 0x00007e00, one byte for each block
HeapDescriptor for 100 MiB: 25600 bytes
its last byte is then 0x0000e1ff
room for it ends at 0x0007ffff
in this machine: 25600 blocks
a heap as it is at the start: heap_create gives 0
  table before:           00 00 00 00
  first block:            0x01000000
  table after 50 bytes:   41 00 00 00
  5000 bytes:             0x01001000
  table after 5000 bytes: 41 c1 01 00
  table after both frees: 00 00 00 00
kmalloc(50):   1 block
  its byte:    41
kmalloc(5000): 2 blocks
  its bytes:   c1 01
kfree of both: 00
               00 00
free blocks:   \\N, as before
kcalloc(5000): the sum of its bytes is 0
PageDirectory: 1024 entries
  entry 2 starts at 0x800000
  every table: 1024 entries of 4096 bytes
  linear entries: 960
  the kernel's window at 0xc0000000: 64
  free frames afterwards: \\N, as before
Enable Interrupts...
Initializing Virtual Memory Paging...
Testing Paging...
Virtual Address 0x2000 now points to Physical Address 0x1802000...
Virtual 0x2000 [AWESOME!] == Physical 0x1802000 [AWESOME!]
flags of the entry: 000001100011 (dirty, accessed, writeable, present)
a misaligned address is refused: -2
free frames afterwards: \\N, as before
""",
    "vana": """\
Vana: a block heap, paging, and memory for each process
VANA_HEAP_SIZE_BYTES         104857600
VANA_HEAP_BLOCK_SIZE         4096
VANA_HEAP_ADDRESS            0x01000000
VANA_HEAP_TABLE_ADDRESS      0x00007e00
VANA_PROGRAM_VIRTUAL_ADDRESS 0x400000
VANA_USER_PROGRAM_STACK_SIZE 16384
VANA_PROGRAM_VIRTUAL_STACK_ADDRESS_START 0x3ff000
PAGING_PAGE_SIZE             4096
PAGING_TOTAL_ENTRIES_PER_TABLE 1024
total table entries: 25600
an end that does not fit the table: failed to create heap
  heap_create: -2
the right end, heap_create: 0
heap_get_start_block for 2 blocks: 0
heap_mark_blocks_taken: c1 01 00 00
heap_malloc of 50 bytes: 0x01002000
  the table: c1 01 41 00
heap_free clears to the entry without has-next: 00 00 41 00
kzalloc and kmalloc of 5000 bytes: 4 blocks
kzalloc: the last byte is 0
memset, memcpy, memcmp: 0
one byte more: memcmp > 0: 1
free blocks: \\N, as before
paging_align_address(0x1001):       0x2000
paging_align_address(0x1000):       0x1000
paging_align_address(0):            0x0
paging_align_to_lower_page(0x1FFF): 0x1000
CR3 holds the new directory: 1
the program's first page shows its frame: 1
and the second its own: 2
paging_get_physical_address of page 2, byte 5, in frame 2: byte 5
paging_map to the other frame, at once: 2
the kernel at 1 MiB is identity-mapped: 0x100000
misaligned: -2
a misaligned range: -2
free frames afterwards: \\N, as before
process_malloc and process_free in this program:
  process_malloc(5000), pages: 3
    two of 4096 bytes, and the table for the first 4 MiB of this heap
  its address modulo 4096: 0
  bytes that are not 0: 0
  process_free of another address is refused, error 2
  process_free: 0
  process_free again is refused, error 2
  pages more than before: 0
""",
    "mio": """\
MioOS: bytes, frames, and pages of 4 KiB and 4 MiB
64 times kmalloc(50) in 2 pages at most: 1
objects that another one wrote to: 0
kcalloc(20, 50): bytes that are not 0: 0
kcalloc(65536, 65537) does not fit: 0x00000000
kmalloc(0): 0x00000000
kfree of all, free frames as before: 1
alloc_frame(4): 4 frames fewer are free
  they lie side by side, 1 + 2 + 3 + 4 = 10
  the first byte is at a multiple of 4096: 1
free_frame of the second one is refused: -2
free_frame: 0
free_frame again is refused: -2
alloc_frame(0): 0x00000000
alloc_frame of 16 TiB: 0x00000000
free frames afterwards: \\N, as before
alloc_page, written at 0x80000000, read at the frame: 0xdeadbeef
virtual_to_physical(0x80000123): byte 0x123 of the frame
is_mapped: 1
free_page: 1
is_mapped: 0
free_page again: 0
alloc_page, misaligned: -2
alloc_page_4mib: 0
  read there, at the frame's offset: 0xdeadbeef
  virtual_to_physical keeps the offset: 1
  flags of its entry: 0x0a1 (4 MiB, accessed, present)
  misaligned by 4096: -2
free_page: is_mapped of the first byte: 0
           of the last byte:            0
free frames afterwards: \\N, as before
""",
    "peachos": """\
PeachOS: a block heap, step by step
PEACHOS_HEAP_SIZE_BYTES    104857600
PEACHOS_HEAP_BLOCK_SIZE    4096
PEACHOS_HEAP_ADDRESS       0x01000000
PEACHOS_HEAP_TABLE_ADDRESS 0x00007e00
HEAP_BLOCK_TABLE_ENTRY_TAKEN 0x01
HEAP_BLOCK_TABLE_ENTRY_FREE  0x00
HEAP_BLOCK_HAS_NEXT          0x80
HEAP_BLOCK_IS_FIRST          0x40
kernel_heap starts at 0x01000000
its table is at 0x00007e00
heap_validate_alignment(0x01000000): 1
heap_validate_alignment(0x01000001): 0
heap_validate_table, 8 entries for 8 blocks: 0
heap_validate_table, 8 entries for 7 blocks: -2
heap_create, misaligned start: -2
heap_create, misaligned end: -2
heap_create, wrong total: -2
heap_create, 8 blocks: 0
heap_align_value_to_upper(50):   4096
heap_align_value_to_upper(4096): 4096
heap_align_value_to_upper(5000): 8192
table before:                 00 00 00 00 00 00 00 00
heap_malloc, 50 bytes:        41 00 00 00 00 00 00 00
heap_malloc_blocks, 3:        41 c1 81 01 00 00 00 00
heap_address_to_block of it:  1
heap_free of the first:       00 c1 81 01 00 00 00 00
heap_get_start_block for 2:   4
heap_mark_blocks_taken:       00 c1 81 01 c1 01 00 00
heap_mark_blocks_free, at 1:  00 00 00 00 c1 01 00 00
heap_free inside one:         00 00 00 00 c1 01 00 00
heap_malloc, 5 blocks: none:  0
kmalloc(5000): 2 blocks
  their bytes: c1 01
  memset: the last byte is 0x5a
kfree:         00 00
kmalloc(0):    0x00000000
free blocks:   \\N, as before
""",
    "incro": """\
IncroOS: frames, mappings, then a heap that grows
PTE_PRESENT      0x001
PTE_WRITABLE     0x002
PTE_USER         0x004
PTE_WRITETHROUGH 0x008
PTE_NOCACHE      0x010
PTE_ACCESSED     0x020
PTE_DIRTY        0x040
PTE_HUGEPAGE     0x080
PTE_GLOBAL       0x100
pmm_get_total_pages is more than the free ones: 1
pmm_alloc_page, twice: 2 frames fewer are free
  different ones: 1
  at multiples of 4096: 1
pmm_free_page, free frames afterwards: \\N, as before
vmm_get_cr3 is the directory: 1
vmm_map_page makes a table on demand: 1 page
written at 0x80000004, read in the frame: 0x5eed
flags of the entry: 0x063 (dirty, accessed, writable, present)
vmm_get_physical(0x80000123): byte 0x123 of the frame
vmm_unmap_page, vmm_get_physical: 0
  and the empty table went back: 0
an address from 4 GiB on: 0
PTE_HUGEPAGE, 4 MiB of the pool: 1
  vmm_get_physical(0x80234567): 0x01234567
free frames afterwards: \\N, as before
heap_init: 0 bytes used
           1048576 bytes free
kmalloc(50): 80 bytes used: 50, a header of 16, in multiples of 16
kmalloc(5000): 5104 bytes used
  it begins 80 bytes behind the first
kmalloc(1048576) grows the heap: 1053696 bytes used
  it is larger than 1 MiB: 1
  its last byte can be written: '!'
kfree of all three: 0 bytes used, as before
  free ones are joined, and pages went back: 1048576 bytes free
free frames afterwards: \\N, as before
""",
}


def missing_names(document):
    """The names that the document's lines below do not use, or that the header's own text does not have."""
    names, lines = DOCUMENTS[document]
    header = read(f"src/memory/seeds/{document}.h")
    return [name for name in names.split()
            if not re.search(rf"\b{name}\b", lines) or not re.search(rf"\b{name}\b", header)]


def wrong_with_syntax(document, compiler, folder):
    """The document's lines in a function, with its header alone."""
    path = os.path.join(folder, f"{document}.c")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'#include "memory/seeds/{document}.h"\n\nvoid typed(void);\nvoid typed(void)\n'
                   f"{{{DOCUMENTS[document][1]}\n}}\n")
    done = subprocess.run([compiler, *FLAGS, *STRICT, path], check=False, capture_output=True, text=True)
    return done.stderr[:2000] if done.returncode else None


def headers_in_tests():
    """No file outside memory/seeds includes two of them; check_layers.py watches over src/."""
    found = []
    for folder in ("tests/kernel", "tests/host", "programs"):
        for place, _, files in os.walk(folder):
            for name in files:
                if name.endswith((".c", ".h")):
                    included = re.findall(r'#include "memory/seeds/(\w+)\.h"', read(os.path.join(place, name)))
                    if len(set(included) & set(DOCUMENTS)) > 1:
                        found.append(os.path.join(place, name))
    return found


def unproved():
    """Tests that docs/seeds.md names and that do not exist."""
    wrong = []
    named = re.findall(r"`((?:kernel|kernel/i386|host|system)/test_\w+\.(?:c|py))(?:: (\w+))?`", read("docs/seeds.md"))
    for path, name in named:
        path = "tests/" + path
        if not os.path.exists(path) or not re.search(rf"\b{name}\b", read(path)):
            wrong.append(f"{path}: {name}")
    return wrong if len(named) >= ROWS else wrong + [f"only {len(named)} rows"]


def run_seeds(folder):
    """The status of seeds as the first program, and the console's text."""
    image = os.path.join(folder, "seeds.bin")
    subprocess.run(["make", "-s", "image", "INIT=bin/programs/seeds.elf", f"IMAGE={image}"], check=True)
    return suite.boot(image)


def difference(document, text):
    """The first line that is another than expected, or None."""
    expected = LINES[document].splitlines()
    lines = text.splitlines()
    if expected[0] not in lines:
        return f"no line {expected[0]!r}"
    lines = lines[lines.index(expected[0]):]
    for number, line in enumerate(expected):
        pattern = r"\d+".join(re.escape(part) for part in line.split("\\N"))
        got = lines[number] if number < len(lines) else "the end"
        if not re.fullmatch(pattern, got):
            return f"{got!r} instead of {line!r}"
    if lines[len(expected):len(expected) + 1] != [""]:
        return f"more lines than expected: {lines[len(expected)]!r}"
    return None


def main():
    names = sum(len(names.split()) for names, _ in DOCUMENTS.values())
    test("the list of names is complete", None if names >= NAMES else f"{names} of {NAMES}")
    for document in DOCUMENTS:
        missing = missing_names(document)
        test(f"every name of {document} is there", missing and f"not: {' '.join(missing)}")
    with tempfile.TemporaryDirectory() as folder:
        for compiler in ("gcc", "clang"):
            if not shutil.which(compiler):
                test(f"the documents' lines with {compiler}", "it is not installed")
                continue
            for document in DOCUMENTS:
                test(f"the lines of {document} with {compiler}",
                     wrong_with_syntax(document, compiler, folder))
        wrong = unproved()
        test("the tests that docs/seeds.md names exist", wrong and f"not: {wrong}")
        found = headers_in_tests()
        test("no file includes two of the headers", found and f"but {' '.join(found)}")
        status, text = run_seeds(folder)
        for document in DOCUMENTS:
            test(f"seeds prints what {document} shows", difference(document, text))
        test("seeds finds nothing wrong",
             None if status == 0 and "WRONG" not in text else f"status {status}, see\n{text[-3000:]}")
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
