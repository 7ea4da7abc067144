#!/usr/bin/env python3
"""Plants one fault after the other in the kernel and shows that the tests turn red for each.

Works in copies of the tree, in a temporary folder. A mutant is (file, old text, new text, suites): the
old text occurs once in the file, and at least one of the suites must fail, or the mutant survives and a
test is missing. Suites are run in their order, up to the first that fails:

    host NAME      tests/host/test_NAME.c        fuzz NAME   tests/fuzz/fuzz_NAME.c, a fixed number of runs
    kernel         the kernel's own tests        usertest    programs/usertest, as init
    calls          100,000 random system calls   script NAME tests/system/test_NAME.py
    takeover PART  those of test_takeover.py's attacks that have that in their name

host64, fuzz64: the same, built for 64 bits. kernel64, usertest64, calls64, script64: the same of the x86_64 kernel,
usertest as an ELF64 program.

usage: make mutants             all of them; the last line says how many were killed
       tools/mutate.py [-j N] [PART OF A FILE'S NAME OR OF A DESCRIPTION ...]

What became of each is kept in build/mutants.json, where a later run replaces what it has tried again;
`make figures` puts it into docs/testing.md.
"""

import concurrent.futures
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUITE_SECONDS = 60
TAKEOVER_SECONDS = 300
FUZZ_RUNS = {"heap": 400, "kmem": 300, "fat": 6000, "elf": 20000, "memory_map": 3000, "path": 10000,
             "keyboard": 8000, "format": 5000}

HEAP, INDEX = "src/memory/heap/heap.c", "src/memory/heap/heap_index.h"
KMEM, PMM, PAGING = "src/memory/heap/kmem_cache.c", "src/memory/pmm.c", "src/memory/paging/paging.c"
BYTES = "src/memory/heap/byte_heap.c"
ROOM, TREE = "src/memory/area/room.c", "src/lib/tree.c"
PROCESS_MEMORY, USERCOPY = "src/process/process_memory.c", "src/syscall/usercopy.c"
FAMILY = "src/process/family.c"
LOADER = "src/process/loader.c"
SPACE, FAULT, USER_PAGES = "src/process/address_space.c", "src/process/page_fault.c", "src/memory/paging/user_pages.c"
MALLOC = "programs/libc/malloc.c"
PROCESS, TASK, ELF = "src/process/process.c", "src/task/task.c", "src/process/elf.c"
FAT, MAP = "src/fs/fat/", "src/memory/memory_map.c"
CACHE, KEYBOARD = "src/device/block_cache.c", "src/drivers/keyboard.c"
ATA, PCI, BIOS_DISK = "src/drivers/ata.c", "src/drivers/pci.c", "src/drivers/bios_disk.c"
VGA, SERIAL, CONSOLE = "src/drivers/vga.c", "src/drivers/serial.c", "src/device/console.c"
START_64, TRAP_64, THUNK_64 = (f"src/arch/x86_64/{name}.asm" for name in ("start", "trap", "bios_thunk"))
GATES_64, GDT_64, TABLE_64 = (f"src/arch/x86_64/{name}.c" for name in ("trap_gates", "gdt", "page_table"))
PANIC, BACKTRACE, LOOK = "src/debug/panic.c", "src/debug/backtrace.c", "src/syscall/sys_memory_look.c"

# (what, file, old, new, suites)
MUTANTS = [
    ("run search: the last place is left out", HEAP,
     "while (heap->total - start >= blocks) {", "while (heap->total - start > blocks) {",
     "host heap_model, fuzz heap"),
    ("a lost HAS_NEXT in the middle of a run", HEAP,
     "memset(entry + 1, ENTRY_MIDDLE, blocks - 2);", "memset(entry + 1, ENTRY_LAST, blocks - 2);",
     "host heap, fuzz heap"),
    ("scan: scan_from is not lowered by a free", HEAP,
     "heap->scan_from = MIN(heap->scan_from, first);", "heap->scan_from = MAX(heap->scan_from, first);",
     "host heap, fuzz heap"),
    ("a free of what starts no allocation", HEAP,
     "if (RARELY(!starts_allocation(*entry))) {", "if (RARELY(*entry == ENTRY_FREE)) {",
     "host heap, fuzz heap"),
    ("a free does not look at the block before", HEAP,
     "               (first != 0 && entry[-1] == ENTRY_FREE))) {", "               first == SIZE_MAX)) {",
     "host heap_model, fuzz heap"),
    ("reserve: the last block is left out", HEAP,
     "size_t limit = (to - low - 1) / HEAP_BLOCK_SIZE_BYTES + 1;",
     "size_t limit = (to - low) / HEAP_BLOCK_SIZE_BYTES;", "host heap"),
    ("index: a run is not joined with the one behind it", INDEX,
     "} else if (end < heap->total && heap->entries[end] == HEAP_BLOCK_TABLE_ENTRY_FREE) {",
     "} else if (end > heap->total && heap->entries[end] == HEAP_BLOCK_TABLE_ENTRY_FREE) {",
     "host heap_model, fuzz heap"),
    ("index: a shared class's first run is taken, however short", INDEX,
     "index_run_blocks(heap, &heap->slots[number]) < blocks) {",
     "index_run_blocks(heap, &heap->slots[number]) == 0) {",
     "host heap_model"),
    ("index: a class's bit stays set", INDEX,
     "        heap->classes_in_use[class / 32] &= ~(1u << (class % 32));\n", "", "host heap, fuzz heap"),

    ("kmem: a full slab is not counted", KMEM,
     "    slab->cache->full_slabs++;\n", "", "host kmem_cache, fuzz kmem"),
    ("kmem: an emptied slab stays on its list", KMEM,
     "    list_remove(&slab->node);\n    slab->magic = SLAB_EMPTY",
     "    slab->magic = SLAB_EMPTY", "host kmem_cache, fuzz kmem"),
    ("kmem: a pointer into an object is an object", KMEM,
     "offset < slab->objects_bytes && offset * slab->reciprocal < slab->reciprocal",
     "offset < slab->objects_bytes", "host kmem_cache, fuzz kmem"),
    ("kmem: the second empty slab is kept", KMEM,
     "        slab_destroy(slab);\n    }\n}", "        cache->empty = slab;\n    }\n}",
     "host kmem_cache, fuzz kmem"),
    ("kmem: zalloc forgets to zero", KMEM,
     "return object == NULL ? NULL : memset(object, 0, size);", "return object;",
     "host kmem_cache, fuzz kmem"),

    ("pmm: the kernel's share of the pool is given away", PMM,
     "if (free < pmm.pool_kernel || count > free - pmm.pool_kernel) {", "if (count > free) {",
     "host pmm, kernel"),
    ("pmm: a kept zeroed frame is freed once more", PMM,
     "    return RARELY(*(const uint32_t *)page == ZEROED_MARK) && zeroed_holds(page);",
     "    return RARELY(*(const uint32_t *)page == ZEROED_MARK) && !zeroed_holds(page);", "host pmm"),
    ("pmm: the mark is left in a zeroed frame", PMM,
     "    *page = 0;\n    return page;", "    return page;", "host pmm, kernel"),
    ("pmm: kept frames are not drained for a run", PMM,
     "    if (frames == NULL && pmm.zeroed_count > 0) {",
     "    if (frames == NULL && pmm.zeroed_count > PMM_ZEROED_PAGES_MAX) {", "host pmm"),

    ("pmm: the window's addresses are taken for physical ones", "src/arch/i386/layout_arch.h",
     "    return address - WINDOW_ADDRESS < WINDOW_BYTES ? address - (WINDOW_ADDRESS - WINDOW_PHYSICAL)\n",
     "    return address - WINDOW_ADDRESS < WINDOW_BYTES ? address\n", "host pmm"),
    ("pmm: a hole in the low zone is handed out", PMM,
     "    reserve_holes(&pmm.low.heap, map, &range);\n", "", "host pmm"),
    ("kheap: kfree of a page is not noticed", "src/memory/heap/kheap.c",
     "    if (kheap_is_frames(ptr)) {", "    if (kheap_is_frames(ptr) && !ptr) {", "host kheap"),
    ("kheap: a block of kmalloc is given back as frames", "src/memory/heap/kheap.c",
     "    if (!kheap_is_frames(frames)) {", "    if (!frames) {", "host kheap, kernel"),
    ("byte heap: a joined header keeps its seal", BYTES,
     "        chunk->seal = SEAL_NONE;\n        previous->bytes", "        previous->bytes",
     "host byte_heap"),
    ("byte heap: the size of the chunk before is not noted", BYTES,
     "        ((struct byte_chunk *)(address_of(chunk) + chunk->bytes))->previous = chunk->bytes;",
     "        (void)chunk;", "host byte_heap"),
    ("byte heap: neighbours are not asked", BYTES,
     "    if (!agrees_with_neighbours(heap, chunk)) {",
     "    if (!chunk->bytes && !agrees_with_neighbours(heap, chunk)) {", "host byte_heap"),
    ("byte heap: without room for a step it does not grow", BYTES,
     "           grow(heap, missing) == OK;", "           (missing >= BYTE_HEAP_STEP_BYTES && grow(heap, missing) == OK);",
     "host byte_heap"),
    ("byte heap: it shrinks at once", BYTES,
     "    if (free_at_end(heap) > 2 * (size_t)BYTE_HEAP_STEP_BYTES) {", "    if (free_at_end(heap) > BYTE_HEAP_STEP_BYTES) {",
     "host byte_heap"),
    ("byte heap: its own class is not looked through", BYTES,
     "    LIST_FOR_EACH(link, &heap->free[class_of(bytes)]) {\n        if (chunk_of_link(link)->bytes >= bytes) {",
     "    LIST_FOR_EACH(link, &heap->free[class_of(bytes)]) {\n        if (!bytes) {", "host byte_heap"),
    ("tree: a node that takes another's place keeps the old place's size", TREE,
     "        tree->update(heir);\n", "", "host tree"),
    ("tree: no second rotation where the inner side is the higher one", TREE,
     "        rotate(tree, high, !side);\n", "        (void)high;\n", "host tree"),
    ("tree: what is above is not told when only the height has changed", TREE,
     "return (tree->update != NULL && tree->update(node)) || is_changed;",
     "return tree->update != NULL ? tree->update(node) : is_changed;", "host tree"),
    ("room: the search ends at the first gap of a subtree, however short", ROOM,
     "        gap = first_fit(nearest->child[!way], way, bytes);\n",
     "        gap = gap_of(nearest->child[!way]);\n", "host room"),
    ("room: the part below a cut gap is forgotten when its pages come back", ROOM,
     "room->below = is_cut ? start : start - 1;", "room->below = start - 1;", "host room"),
    ("room: without memory for a node the current gap vanishes", ROOM,
     "        if (old == NULL) {\n            return false;\n        }\n", "", "host room"),
    ("room: what is put back stays counted as lost", ROOM,
     "            room->lost_pages -= (next - start) / PAGE_SIZE_BYTES;\n", "", "host room"),
    ("room: a clone lacks the gap behind each of its pieces", ROOM,
     "last != NULL ? gap_of(last)->end : 0).after;", "last != NULL ? gap_of(last)->end + 2 * PAGE_SIZE_BYTES : 0).after;",
     "host room"),
    ("malloc: an object's second free is not noticed", MALLOC,
     "    object->size_and_flags &= ~FLAG_TAKEN;\n", "", "host libc_malloc"),
    ("malloc: a forged header is taken for an object's", MALLOC,
     "    return slab->seal == ((uintptr_t)slab ^ SEAL) && slab", "    return slab", "host libc_malloc"),
    ("malloc: what was a slab keeps its seal", MALLOC, "    slab->seal = 0;\n", "", "host libc_malloc"),
    ("malloc: empty slabs are not used before a new chunk", MALLOC,
     "    if (block == NULL && heap.empty_slabs > 0) {", "    if (block == NULL && heap.empty_slabs > 99) {",
     "host libc_malloc"),
    ("malloc: a full slab stays on its list", MALLOC,
     "    if (slab->free_objects == NULL) {\n        slab_take_out(slab);\n    }\n", "", "host libc_malloc"),
    ("malloc: the spare chunk is not forgotten when it is used", MALLOC,
     "        heap.spare = NULL;\n", "", "host libc_malloc"),
    ("malloc: a chunk whose last object goes is kept", MALLOC,
     "        chunk_is_idle(chunk);\n", "        heap.spare = chunk;\n", "host libc_malloc"),
    ("malloc: free neighbours before are not joined", "programs/libc/malloc_blocks.c",
     "    if (block->before != 0 && !is_taken(before)) {", "    if (block->before == 1 && !is_taken(before)) {",
     "host libc_malloc"),

    ("vmalloc: pages are lost when growing fails", "src/memory/vmalloc.c",
     "            unmap_pages(context, at, offset);\n", "", "kernel"),
    ("paging: other address spaces do not see the byte heap", PAGING,
     "        share_entry(address, (unsigned)missing, (struct page_entry){0});\n", "", "kernel, host paging"),
    ("paging: an empty table of the byte heap is still in other address spaces", PAGING,
     "            share_entry(address, level, old);\n        }\n        flush_page", "        }\n        flush_page", "kernel, host paging"),

    ("paging: a missing invlpg", PAGING,
     "        flush_page(chunk, address);\n        if (page_entry_is_empty(entry)", "        if (page_entry_is_empty(entry)",
     "host paging, kernel, usertest"),
    ("paging: an emptied table is kept", PAGING,
     "path->slot[1], address) == 0) {", "path->slot[1], address) == 9999) {", "host paging, kernel"),
    ("paging: a chunk's tables are not freed", PAGING,
     "            pmm_free_page(below);\n", "", "host paging, kernel"),
    ("paging: a range that wraps is mapped", PAGING,
     "    if (!is_in_reach(address, count) || ", "    if (", "host paging, kernel"),
    ("paging: a failed range keeps its empty tables", PAGING,
     "        while (number-- > first) {", "        while (number-- > first + ENTRIES) {", "host paging, kernel"),
    ("paging: no flush when a 4 MiB page is changed", PAGING,
     "    if (chunk == paging.current) {\n        flush_all();\n    }\n    if (is_own",
     "    if (is_own", "host paging, kernel"),
    ("paging: tables that were made before memory ended are kept", PAGING,
     "            if (level < ROOT_LEVEL &&\n", "            if (level > ROOT_LEVEL &&\n", "host64 paging"),
    ("paging: a table of tables is not counted", PAGING,
     "    } else if (level < ROOT_LEVEL) {", "    } else if (level > ROOT_LEVEL) {", "host64 paging"),
    ("paging: an emptied table of tables is kept", PAGING,
     "    } while (level <= ROOT_LEVEL &&\n", "    } while (level > ROOT_LEVEL &&\n", "host64 paging"),
    ("paging: parts of a large page are executable", "src/arch/x86/page_entry.h",
     "    return (struct page_entry){(entry.bits & ~large) +", "    return (struct page_entry){(entry.bits & ~(large | PAGE_NX)) +", "host64 paging"),
    ("paging: kernel text is writeable", "src/arch/i386/page_table.c",
     "(paddr_t)kernel_start, KERNEL_READ_ONLY,", "(paddr_t)kernel_start, KERNEL_WRITEABLE,", "kernel, script panics"),

    ("process_malloc: memory is not zeroed", PROCESS_MEMORY,
     "        pmm_zero_page(frames[i]);\n", "", "kernel, usertest"),
    ("process_malloc: tables for a run are not charged", PROCESS_MEMORY,
     "    if (!address_space_charge_tables(space, start, end)) {", "    if (end < start) {", "kernel"),
    ("process_malloc: what is charged is lost when there are no addresses", PROCESS_MEMORY,
     "give_back_pages:\n    address_space_give_back(space, pages);\n", "give_back_pages:\n", "kernel"),
    ("process_free: a pointer inside an allocation", PROCESS_MEMORY,
     "    if (!(marks & RUN_FIRST)) {", "    if (page_entry_is_empty(entry)) {", "kernel, usertest"),
    ("process_free: pages are unmapped, not freed", USER_PAGES,
     "    KASSERT(pmm_free_page(frame) == OK);\n", "", "host user_pages, kernel"),
    ("user pages: a release does not flush", USER_PAGES,
     "        if (is_flushed) {", "        if (is_flushed && batch->count == 0) {",
     "host user_pages"),
    ("user pages: a release goes on behind the run", USER_PAGES,
     "    } while (slot < end && page_entry_marks((struct page_entry){last}) & mark);",
     "    } while (slot < end && last && mark);",
     "host user_pages, kernel"),
    ("user pages: a shared page can still be written to", USER_PAGES,
     "PAGE_FLAG_SHARED, copy_on_write ? PAGE_FLAG_WRITEABLE : 0);", "PAGE_FLAG_SHARED, 0);",
     "host user_pages, kernel"),
    ("user pages: what both have is not flushed when it is shared", USER_PAGES,
     "    if (copy_on_write && is_in_use(from)) {", "    if (copy_on_write && !from) {", "host user_pages"),
    ("user pages: a third holder is the second one", USER_PAGES,
     "        page_hold(frame);\n", "        page_share(frame);\n", "host user_pages, kernel"),
    ("user pages: rights make a shared page writeable", USER_PAGES,
     "    if (marks & PAGE_FLAG_SHARED && !is_common) {", "    if (marks & PAGE_FLAG_SHARED && is_common) {",
     "host user_pages, kernel"),
    ("fault: the last holder copies all the same", FAULT,
     "    if (page_take_last(shared)) {", "    if (!shared) {", "kernel"),
    ("fault: a copy keeps its hold on what it copied", FAULT,
     "        (void)page_release(shared); /* no entry", "        /* no entry", "kernel"),
    ("area: a clone is not charged", SPACE,
     "    if (!address_space_charge(to, from->pages)) {", "    if (!to) {", "kernel"),
    ("area: rights that need pages are not charged", SPACE,
     "        if (!area->is_charged && needs_charge(area, rights)) {", "        if (!area) {", "kernel"),
    ("area: one that could not be split has changed", SPACE,
     "        address_space_give_back(space, pages);\n        return -ENOMEM;\n    }\n    for",
     "        return -ENOMEM;\n    }\n    for", "kernel"),
    ("area: it grows without a charge", SPACE,
     "        size_t pages = area->is_charged ? (end - old_end) / PAGE_SIZE_BYTES : 0;",
     "        size_t pages = 0;", "kernel"),
    ("area: tables stay charged when its end moves down", SPACE,
     "        address_space_settle_tables(space, end, old_end);\n", "", "kernel"),
    ("promise: a plain page takes what was promised", PMM,
     "    return RARELY(!are_plenty(count)) && !can_be_had(count);", "    return count == 0;",
     "host pmm"),
    ("promise: kmalloc() takes what was promised", PMM,
     "    if (free >= pmm.promised + count) {\n", "    if (free >= count) {\n", "host pmm"),
    ("promise: the kernel's part is not there for what it took", PMM,
     "        page = kheap_take_frames(1, owner);\n", "", "host pmm"),

    ("usercopy: the end of a range is not checked when reading", "src/memory/user.c",
     "    vaddr_t end = user_range_end(source.address);\n\n    if (!end || length > end - source.address) {",
     "    vaddr_t end = user_range_end(source.address);\n\n    if (!end) {", "kernel"),
    ("usercopy: a skipped pointer check when writing", "src/memory/user.c",
     "    if (!end || length > end - destination.address) {", "    if (length > end - destination.address) {",
     "usertest, calls"),
    ("usercopy: read-only pages are good enough to write to", USERCOPY,
     "return check_range(destination, length, PAGE_WRITE);", "return check_range(destination, length, PAGE_READ);",
     "usertest"),
    ("usercopy: the process heap's end is one page further", "src/arch/i386/user_access.h",
     "        return PROCESS_HEAP_END;", "        return PROCESS_HEAP_END + PAGE_SIZE_BYTES;", "kernel"),

    ("process: files stay open at exit", PROCESS,
     "    descriptors_end(&process->descriptors, process->family);\n    abandon_children(process);\n", "    abandon_children(process);\n",
     "kernel"),
    ("process: the heap is not given back at exit", SPACE,
     "    (void)release(space, map.heap_start, map.heap_end, 0, CHARGED_ENTRIES);\n", "", "kernel, usertest"),
    ("process: the file stays open when loading ends", LOADER,
     "    status = load_segments(space, file, &layout);\n    file_close(file);\n",
     "    status = load_segments(space, file, &layout);\n", "kernel, usertest"),
    ("process: children of the dead are forgotten with their parent", PROCESS,
     "        child->is_detached = true;\n", "", "usertest, calls"),
    ("process: anybody may be killed", PROCESS,
     "    return current->family == family_of_init() || current->family == process->family ? process",
     "    return current->family ? process", "usertest"),
    ("fault: a page that comes by a touch holds what it held", FAULT,
     "    pmm_zero_page(frame);\n", "", "kernel"),
    ("process: a wait for any child waits for none", PROCESS,
     "    if (id != WAIT_ANY) {\n        return process_find_child", "    if (id) {\n        return process_find_child",
     "usertest"),

    ("task: sleepers wake in any order", TASK,
     "    list_add_after(before, &task->queue);", "    list_add_after(&tasks.sleepers, &task->queue);",
     "usertest"),
    ("task: the time slice never ends", TASK,
     "    if (tasks.turn_ticks > 0 && --tasks", "    if (tasks.turn_ticks > 1 && --tasks", "usertest, script programs"),
    ("task: a kernel stack is lost", TASK,
     "    give_back_stack(task->kernel_stack);\n", "", "kernel"),
    ("task: kernel stacks of one page", "src/config.h",
     "#define KERNEL_STACK_BYTES 8192", "#define KERNEL_STACK_BYTES 4096", "kernel64"),
    ("task: who is cancelled sleeps on", TASK,
     "    if (task->state == TASK_BLOCKED) {\n        task_make_runnable(task);\n    }\n}", "}", "usertest"),

    ("elf: a segment may end behind the program's range", ELF,
     "    if (program->p_memsz > end - program->p_vaddr) {",
     "    if (program->p_memsz > end) {", "host elf, fuzz elf"),
    ("elf: segments may overlap by a byte", ELF,
     "other->address < program->p_vaddr + program->p_memsz", "other->address < program->p_vaddr + program->p_memsz - 1",
     "host elf"),
    ("elf: the program headers may lie outside the file", ELF,
     "    return range_is_inside(header->e_phoff, program_headers_bytes(header), 0, file_size)",
     "    return file_size > 0", "host elf, fuzz elf"),
    ("elf: anything below the program is left out", ELF,
     "            if (bytes[i] != 0) {", "            if (bytes[i] != bytes[i]) {", "host elf"),
    ("elf: the entry may lie behind a segment's last byte", ELF,
     "layout->entry - segment->address < segment->memory_bytes",
     "layout->entry - segment->address <= segment->memory_bytes", "host elf"),
    ("elf: two segments' rights meet on a page", ELF,
     "    return ALIGN_DOWN(one->address, PAGE_SIZE_BYTES) <= last_of_other",
     "    return one->address <= last_of_other", "host64 elf64, fuzz64 elf"),
    ("elf: the entry of a file of 64 bits needs no right", ELF,
     "            segment->executable |= !layout->is_64_bit;",
     "            segment->executable = true;", "host64 elf64"),

    ("fat: a chain may be too short for its file", FAT + "contents.c",
     "    int status = file->clusters < needed   ? -ECORRUPT", "    int status = false ? -ECORRUPT", "host fat_read"),
    ("fat: one cluster too many is valid", FAT + "volume.h",
     "cluster - FAT_CLUSTER_FIRST < volume->clusters;", "cluster - FAT_CLUSTER_FIRST <= volume->clusters;",
     "host fat_read"),
    ("fat: a volume larger than its device", FAT + "volume.c",
     "    if (total * ratio > device->sector_count) {", "    if (ratio == 0) {", "host fat_read"),
    ("fat: what is in the log is not flushed", FAT + "log.c",
     "    if (status == OK) {\n        status = block_flush(volume->device);\n    }\n    if (status == OK) {\n"
     "        volume->is_unflushed", "    if (status == OK) {\n        volume->is_unflushed", "host fat_power"),
    ("fat: an entry may be written before its contents", FAT + "commit.c",
     "            int status = is_first ? fat_flush(volume) : OK;", "            int status = OK;",
     "host fat_power"),
    ("fat: a link may be written before what it leads to", FAT + "steps.c",
     "            linking += change->steps >> FAT_STEP_LINK & 1;\n", "", "host fat_power"),
    ("fat: what a folder's .. says is not checked", FAT + "check.c",
     "entry_cluster(volume, &found->entry) == cluster ||", "entry_is_dot(&found->entry) ||",
     "host fat_nonsense"),
    ("fat: a failed operation keeps half of what it did", FAT + "changes.c",
     "            memcpy(block_cache_bytes(change->block), change->saved, volume->sector_bytes);\n", "",
     "host fat_faults"),

    ("memory map: a reserved piece of a page leaves the page usable", MAP,
     "range.end = ALIGN_UP(range.end, PAGE_SIZE_BYTES);\n            subtract",
     "range.end = ALIGN_DOWN(range.end, PAGE_SIZE_BYTES);\n            subtract",
     "host memory_map, fuzz memory_map"),
    ("memory map: ranges that touch stay apart", MAP,
     "map->ranges[last].start <= added.end", "map->ranges[last].start < added.end",
     "host memory_map, fuzz memory_map"),

    ("ata: errors of DMA are not looked at", ATA,
     "        if (master & MASTER_ERROR || status == STATUS_NO_DRIVE ||\n            (!(status & STATUS_BSY) && status & (STATUS_ERR | STATUS_DF))) {",
     "        if (status == STATUS_NO_DRIVE) {", "script disk_faults"),
    ("ata: a read that fails is not tried again", ATA,
     "#define ATA_TRIES           3", "#define ATA_TRIES           1", "script disk_faults"),
    ("keyboard: the release of shift is lost", KEYBOARD,
     "case CODE_LEFT_SHIFT: state->left_shift = is_pressed(scancode); return 0;",
     "case CODE_LEFT_SHIFT: state->left_shift = true; return 0;", "host keyboard, fuzz keyboard"),
    ("syscall: a command that does not exist succeeds", "src/syscall/syscall.c",
     "    (void)arguments;\n    return -EINVARG;", "    (void)arguments;\n    return OK;",
     "usertest"),
    ("open: a file is lost when no descriptor is free", "src/syscall/sys_file.c",
     "    if (number < 0) {\n        file_close(file);\n    }\n", "", "usertest, calls"),

    ("usercopy: a string may go on behind its range", USERCOPY,
     "    vaddr_t limit = MIN(user_range_end(start), start + max < start ? UINTPTR_MAX : start + max);",
     "    vaddr_t limit = user_range_end(start) ? start + max : 0;", "kernel, script attackers"),
    ("usercopy: a string that ends nowhere has a length", USERCOPY,
     "    if (!user_access_find_nul(&behind, limit - start)) {",
     "    if (!user_access_find_nul(&behind, limit - start) && behind < limit) {",
     "kernel, usertest"),
    ("break: pages above it are kept", SPACE,
     "        release_of(space, area, end, old_end);\n", "", "kernel, usertest"),
    ("break: it may go below its start", PROCESS_MEMORY,
     "(delta < 0 && 0 - (uintptr_t)delta > old_break - map.break_start)",
     "(delta < 0 && old_break == map.break_start)", "kernel, usertest"),
    ("break: what is charged is lost when there are no tables", SPACE,
     "        if (!address_space_charge_tables(space, old_end, end)) {\n            address_space_give_back(space, pages);\n",
     "        if (!address_space_charge_tables(space, old_end, end)) {\n", "kernel"),
    ("load: the second page of a segment is filled from the first's place in the file", LOADER,
     "segment->file_offset + (uint32_t)(address - segment->address);", "segment->file_offset;", "kernel, usertest"),
    ("load: read-only segments are writeable", LOADER,
     "segment->writable ? PAGE_WRITE", "segment ? PAGE_WRITE", "usertest"),
    ("family: a job has no limit", FAMILY,
     "count > families.one[kind] - used) {", "count == UINT32_MAX) {", "host family, kernel"),
    ("family: all jobs together have no limit", FAMILY,
     "    if (claimed > families.all[kind]) {", "    if (claimed == UINT32_MAX) {", "host family"),
    ("family: what others take is taken from each one's base", FAMILY,
     "        families.claimed[kind] += base[kind];\n        family", "        family", "host family"),
    ("family: pages stay charged when they are freed", SPACE,
     "            pmm_give_back_promise(charged - part.freed);\n            address_space_discharge(space, charged);",
     "            pmm_give_back_promise(charged - part.freed);", "kernel"),
    ("task: turns are given task by task", TASK,
     "    if (group != tasks.favoured) {\n        list_append", "    if (true) {\n        list_append", "takeover ten spinners"),
    ("process_free: much memory goes back in one piece", SPACE,
     "        (void)task_pause(); /* what is given up", "        (void)0; /* what is given up", "takeover 700 MiB"),
    ("ctrl-\\: it can be caught", CONSOLE,
     "    if (key == KEY_QUIT && can_quit_front()) {",
     "    if (key == KEY_QUIT && can_quit_front() && !console.front->takes_interrupt) {", "takeover a spinner in front"),
    ("trace: any program may turn it on", PROCESS,
     "        !process_is_front(process)) {\n        return -EINVARG;", "        !process) {\n        return -EINVARG;",
     "script mem"),
    ("kill: who has ended may be killed again", PROCESS,
     "if (!process || has_ended(process) || ", "if (!process || ", "usertest"),
    ("arguments: one more than there may be", "src/process/arguments.c",
     "arguments->count < ARGUMENTS_MAX ?", "arguments->count <= ARGUMENTS_MAX ?", "usertest"),
    ("ctrl-C: who catches it is ended all the same", CONSOLE,
     "key == KEY_INTERRUPT && console.front && !console.front->takes_interrupt",
     "key == KEY_INTERRUPT && console.front",
     "script shell"),
    ("ctrl-C: what was typed before it is read after it", CONSOLE,
     "    key_queue_flush();\n    printk(\"^C", "    printk(\"^C", "script shell"),
    ("ctrl-C: while a program is loaded it is nobody's", CONSOLE,
     "    } else if (key_queue_holds(KEY_INTERRUPT)) {", "    } else if (!session) {", "script shell"),
    ("memory_look: the answer is written wherever the program says", LOOK,
     "            return fits_word(run.start) ? write_run(out, &run) : -ENOENT;",
     "            *(struct memory_run *)out.address = run;\n            return OK;", "usertest, calls"),
    ("memory_look: whose memory is gone is looked at", LOOK,
     "    if (!process || !process->space.chunk) {", "    if (!process) {", "usertest, script programs"),
    ("trap: every vector may be called from ring 3", "src/arch/i386/trap_gates.c",
     "trap_is_for_users(vector) ? GATE", "trap_is_for_users(vector) || vector > 0 ? GATE",
     "usertest"),

    # What x86_64 has of its own.
    ("x86_64 start: NX is not turned on", START_64, "or eax, EFER_LME | EFER_NXE | EFER_SCE",
     "or eax, EFER_LME | EFER_SCE", "kernel64"),
    ("x86_64 start: SYSCALL is not turned on", START_64, "or eax, EFER_LME | EFER_NXE | EFER_SCE",
     "or eax, EFER_LME | EFER_NXE", "kernel64"),
    ("x86_64 start: a CPU without NX is taken", START_64, "    jnz unpack_kernel\n    mov esi, LOADED(no_nx_message)",
     "    jmp unpack_kernel\n    mov esi, LOADED(no_nx_message)", "script64 media"),
    ("x86_64 trap: SYSRET to any address", TRAP_64, "    jnz trap_return\n", "", "kernel64"),
    ("x86_64 trap: SYSRET's guard begins a bit too high", TRAP_64, "    shr rcx, 47\n", "    shr rcx, 48\n", "kernel64"),
    ("x86_64 trap: SYSRET brings back another RDX", TRAP_64, "    pop rdx\n    pop r10", "    pop rcx\n    pop r10",
     "usertest64"),
    ("x86_64 trap: SYSCALL leaves the program's stack in place", TRAP_64,
     "    mov rsp, [rel context_kernel_stack]\n    push USER_DATA_SELECTOR\n    push qword [rel user_stack]\n"
     "    push r11\n    push USER_CODE_64_SELECTOR",
     "    push USER_DATA_SELECTOR\n    push qword [rel user_stack]\n    push r11\n    push USER_CODE_64_SELECTOR",
     "kernel64"),
    ("x86_64 trap: a trap keeps the program's AC and DF", TRAP_64, "    popfq                           ; and AC",
     "    add rsp, 8                      ; and AC", "kernel64, usertest64, script64 usertests"),
    ("x86_64 trap: a debug exception of a program stays on its own stack", TRAP_64, "    jnz .move\n", "", "kernel64"),
    ("x86_64 trap: what IRET refuses is a panic", TRAP_64, "    dq trap_return.iret, bad_return\n", "",
     "kernel64"),
    ("x86_64 gates: every vector may be called from ring 3", GATES_64,
     "trap_is_for_users(vector) ? GATE", "trap_is_for_users(vector) || vector > 0 ? GATE", "kernel64, usertest64"),
    ("x86_64 gates: NMI has no stack of its own", GATES_64, "GATE_INTERRUPT_KERNEL, STACK_OF_NMI)",
     "GATE_INTERRUPT_KERNEL, 0)", "kernel64"),
    ("x86_64 gates: debug exceptions share NMI's stack", GATES_64, "GATE_INTERRUPT_KERNEL, STACK_OF_DEBUG)",
     "GATE_INTERRUPT_KERNEL, STACK_OF_NMI)", "kernel64"),
    ("x86_64 gates: SYSCALL keeps the program's flags", GATES_64, "~(uint32_t)EFLAGS_CLEAN", "EFLAGS_IF", "kernel64"),
    ("x86_64 gates: SYSCALL of 32-bit code is one of 64 bits", GATES_64,
     "cpu_write_msr(MSR_CSTAR, (vaddr_t)syscall_entry_32)", "cpu_write_msr(MSR_CSTAR, (vaddr_t)syscall_entry)",
     "kernel64"),
    ("x86_64 gates: a single step goes on inside SYSCALL", GATES_64, "        frame->rflags &= ~(uint64_t)EFLAGS_TF;\n", "",
     "kernel64"),
    ("x86_64 gdt: ports by a bitmap that is none", GDT_64, "gdt.tss.io_bitmap_base = sizeof(gdt.tss);",
     "gdt.tss.io_bitmap_base = 0;", "usertest64"),
    ("x86_64 gdt: the thread pointer counts from the next turn on", GDT_64,
     "        cpu_write_msr(MSR_FS_BASE, address);\n", "", "usertest64"),
    ("x86_64 gdt: a local table is in force", "src/arch/x86_64/gdt.asm", "    lldt ax\n", "", "kernel64"),
    ("x86_64 switch: the thread pointer is the last task's", "src/arch/x86_64/registers.inc", "    wrmsr\n", "",
     "kernel64, usertest64"),
    ("x86_64 context: a 64-bit program has FS of 32-bit ones", "src/arch/x86_64/context.c",
     "start->is_64_bit ? 0 : USER_DATA_SELECTOR", "start->is_64_bit ? USER_DATA_SELECTOR : USER_DATA_SELECTOR",
     "kernel64"),
    ("x86_64 entry: no page forbids execution", "src/arch/x86/page_entry.h", "flags & PAGE_FLAG_EXECUTABLE ? 0 : PAGE_NX;",
     "flags & PAGE_FLAG_EXECUTABLE ? 0 : PAGE_NX & 0;", "host64 paging, kernel64, usertest64"),
    ("x86_64 entry: any number is an address", "src/arch/x86_64/page_entry.h",
     "return (address + 0x0000800000000000u) >> 48 == 0;", "return address == address;",
     "host64 paging, kernel64, usertest64"),
    ("x86_64 table: the direct map shows the kernel's text writeable", TABLE_64,
     "PHYSICAL(kernel_start), READ_ONLY, false}", "PHYSICAL(kernel_start), WRITEABLE, false}", "kernel64"),
    ("x86_64 table: the direct map can be executed", TABLE_64, "     WRITEABLE, true},",
     "     WRITEABLE | PAGE_FLAG_EXECUTABLE, true},", "kernel64"),
    ("x86_64 user access: programs' memory has no end", "src/arch/x86_64/user_access.h",
     "address < USER_END ? USER_END : 0", "address ? UINTPTR_MAX : 0", "kernel64, usertest64"),
    ("x86_64 BIOS: CR4 stays as the BIOS had it", THUNK_64, "    mov eax, [DATA(saved_cr4)]\n    mov cr4, eax\n", "",
     "kernel64"),
    ("x86_64 BIOS: the kernel's descriptor table is not loaded again", THUNK_64, "    call gdt_reload\n", "", "kernel64"),

    ("block cache: a block of another device will do", CACHE,
     "(page->number != number || page->device != device)", "page->number != number", "host block_cache"),
    ("block cache: what a failed read has spoilt is still valid", CACHE,
     "        if (status < 0) {\n            return status;\n        }\n        page->valid |=",
     "        page->valid |= bits_of(place, run);\n        if (status < 0) {\n            return status;\n        }\n        page->valid |=",
     "host block_cache"),
    ("block cache: a pinned block is written", CACHE, "page->blocks[i].pins ? 1u << i : 0", "0", "host block_cache_write"),
    ("block cache: making room drops what is dirty", CACHE,
     "note_error(page->device, write_blocks(page, page->dirty)) == OK", "(make_clean(page, page->dirty), true)",
     "host block_cache_write"),
    ("block cache: a block that could not be written is clean", CACHE, "        if (written == OK) {\n",
     "        make_clean(page, bits_of(place, run));\n        if (written == OK) {\n", "host block_cache_write"),
    ("block cache: sync does not flush", CACHE, "int status = block_flush(device);", "int status = OK;",
     "host block_cache_write"),
    ("block cache: what is held makes room", CACHE, "        if (page->uses == 0 &&\n", "        if (\n",
     "host block_cache_write"),
    ("block cache: what was discarded is still valid", CACHE, "page->valid & (uint8_t)~bits", "page->valid",
     "host block_cache_write"),
    ("block cache: the latest block is remembered after it was given back", CACHE,
     "    if (cache.latest == page) {\n        cache.latest = NULL;\n    }\n", "", "host block_cache"),
    ("block: the last read may end behind the device", "src/device/block.c",
     "count <= device->sector_count - lba", "count <= device->sector_count", "host block"),
    ("partition: it may end behind its disk", "src/device/partition.c",
     "            range_is_inside(partitions[i].first_lba, partitions[i].sector_count, 0,\n                            device->sector_count)) {",
     "            partitions[i].first_lba <= device->sector_count) {", "host partition"),
    ("partition: any bytes are a table", "src/device/partition.c",
     "entry_status != 0 && entry_status != MBR_STATUS_ACTIVE", "false", "host partition"),
    ("block devices: partitions that overlap can be written", "src/device/block_devices.c",
     "i != j && overlap(&partitions[i], &partitions[j])", "false", "host block_devices"),
    ("partition: it may be read behind its end", "src/device/partition.c",
     ".sector_count = MIN(partition->sector_count, room),", ".sector_count = room,", "host partition"),
    ("ata: a region of DMA crosses 64 KiB", ATA,
     "MIN(length, REGION_BYTES_MAX - address % REGION_BYTES_MAX)", "MIN(length, REGION_BYTES_MAX)",
     "host ata, kernel"),
    ("ata: DMA has one direction", ATA, "transfer->is_write ? 0 : MASTER_TO_MEMORY", "MASTER_TO_MEMORY",
     "host ata, kernel"),
    ("ata: an error after the last block is not seen", ATA, "    if (status == OK && transfer->is_write) {", "    if (false) {",
     "host ata"),
    ("ata: a protected medium is tried again", ATA, "transfer->is_write && is_protected(drive)", "false", "host ata"),
    ("ata: a flush that failed was none", ATA, "            return result;\n        }\n        result = -EIO;",
     "            return OK;\n        }\n        result = -EIO;", "host ata"),
    ("ata: no region is the last", ATA, "    region->length |= REGION_LAST;\n", "", "host ata, kernel"),
    ("ata: DMA to an odd address", ATA,
     "           IS_ALIGNED(address, 2) && address", "           address", "host ata"),
    ("pci: functions behind the first are passed over", PCI,
     "(id == NOBODY || !(pci_read(f, PCI_HEADER) & HEADER_MULTIPLE))", "(id != 0)", "host ata, kernel"),
    ("bios_disk: each piece of a long read is the first", BIOS_DISK,
     "        to += sectors * SECTOR_BYTES;\n        lba += sectors;\n", "        to += sectors * SECTOR_BYTES;\n",
     "host bios_disk"),
    ("bios_disk: each piece of a long write is the first", BIOS_DISK,
     "        from += sectors * SECTOR_BYTES;\n        lba += sectors;\n", "        from += sectors * SECTOR_BYTES;\n",
     "host bios_disk"),
    ("bios_disk: a protected disk is tried again", BIOS_DISK, "? -ERDONLY : -EIO", "? -EIO : -EIO", "host bios_disk"),
    ("bios_disk: a read that fails is not tried again", BIOS_DISK,
     "#define TRIES 3", "#define TRIES 1", "host bios_disk"),
    ("bios_disk: the BIOS's errors are not looked at", BIOS_DISK,
     "    return !(registers->eflags & EFLAGS_CF);", "    return registers->eax != UINT32_MAX;",
     "host bios_disk"),
    ("vga: what has scrolled is not drawn", VGA,
     "    if (vga.has_scrolled) {\n        show();\n    }\n", "", "host vga"),
    ("vga: the rows go round one row too late", VGA,
     "(vga.first + VGA_COLUMNS) % CELLS;", "vga.first + VGA_COLUMNS > CELLS ? 0 : vga.first + VGA_COLUMNS;",
     "host vga"),
    ("serial: a byte more than the FIFO holds", SERIAL,
     "        }\n        serial.room = serial.fifo_bytes;", "        }\n        serial.room = serial.fifo_bytes + 1;",
     "host serial"),
    ("serial: a line that is stuck is waited for again and again", SERIAL,
     "if (!is_ready && !serial.is_stuck) {", "if (!is_ready) {", "host serial"),

    ("panic: one inside another prints all again", PANIC,
     "    if (depth == 0) {\n        frame_print(frame);", "    if (depth < 9) {\n        frame_print(frame);",
     "script panics"),
    ("panic: the log's end is not shown", PANIC,
     "    console_write(state.log_tail + start, end - start);\n", "    (void)start;\n", "script panics"),
    ("backtrace: memory that is not there is read", BACKTRACE,
     "(is_address_readable == NULL || is_address_readable(address))", "is_address_readable != NULL",
     "host symbols, script panics"),
    ("backtrace: a call is looked up behind itself", BACKTRACE,
     "symbol_find(address - back, &offset);", "symbol_find(address, &offset);\n    (void)back;",
     "host symbols, script panics"),
]


class Failure(Exception):
    """Not a mutant that survives, but one that cannot be tried."""


def execute(tree, command, seconds=SUITE_SECONDS, environment=None):
    """Is the command's status 0? A command that hangs is ended, with all that it started."""
    process = subprocess.Popen(command, cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True,
                               env=dict(os.environ, **(environment or {})))
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return False, "it hangs"
    return process.returncode == 0, output.decode("utf-8", "replace")


def build(tree, *targets):
    is_ok, output = execute(tree, ["make", "-s", *targets], 300)
    if not is_ok:
        raise Failure(f"make {' '.join(targets)}:\n{output[-2000:]}")


def run_suite(tree, suite):
    """Is it green?"""
    kind, _, name = suite.partition(" ")
    timeout = {"TIMEOUT_S": str(SUITE_SECONDS - 5)}
    if kind in ("host", "host64"):
        build(tree, f"build/{kind}/test_{name}")
        return execute(tree, [f"build/{kind}/test_{name}"])[0]
    if kind in ("fuzz", "fuzz64"):
        build(tree, f"build/{kind}/fuzz_{name}")
        return execute(tree, [f"build/{kind}/fuzz_{name}", str(FUZZ_RUNS[name])])[0]
    is_64_bit = kind.endswith("64")
    kind = kind.removesuffix("64")
    folder, arch = ("bin/x86_64", "ARCH=x86_64") if is_64_bit else ("bin", "ARCH=i386")
    if kind == "kernel":
        build(tree, arch, f"{folder}/test.bin")
        return execute(tree, ["tests/run_qemu.sh", f"{folder}/test.bin"], environment=timeout)[0]
    if kind == "calls":
        build(tree, arch, f"{folder}/syscall-fuzz.bin")
        return execute(tree, ["tests/run_qemu.sh", f"{folder}/syscall-fuzz.bin", "-icount", "shift=5,sleep=off",
                              "-fw_cfg", "name=opt/drupe/test,string=syscall_fuzz",
                              "-fw_cfg", "name=opt/drupe/calls,string=100000"], environment=timeout)[0]
    if kind == "takeover":
        return execute(tree, [sys.executable, "tests/system/test_takeover.py", name], TAKEOVER_SECONDS)[0]
    if kind == "usertest":
        build(tree, arch, f"{folder}/os.bin", f"{folder}/programs/usertest.elf")
        build(tree, arch, "image", f"INIT={folder}/programs/usertest.elf", "FILES=README.md=plain.txt",
              f"IMAGE={folder}/usertest.bin")
        return execute(tree, ["tests/run_qemu.sh", f"{folder}/usertest.bin"], environment=timeout)[0]
    build(tree, arch, "all", f"{folder}/hello.bin", f"{folder}/test.bin")
    return execute(tree, [sys.executable, f"tests/system/test_{name}.py"], 300,
                   {"TEST_ARCH": "x86_64"} if is_64_bit else {})[0]


def suites_of(mutant):
    return mutant[4].split(", ")


def try_mutant(tree, mutant):
    """The suite that failed, or None."""
    _, name, old, new, _ = mutant
    path = os.path.join(tree, name)
    with open(path, encoding="ascii") as file:
        text = file.read()
    if text.count(old) != 1:
        raise Failure(f"{name} has the old text {text.count(old)} times")
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(text.replace(old, new))
        for suite in suites_of(mutant):
            if not run_suite(tree, suite):
                return suite
        return None
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)


def keep(rows):
    """Adds the rows to those of earlier runs."""
    path = os.path.join(ROOT, "build/mutants.json")
    results = {}
    if os.path.exists(path):
        with open(path, encoding="ascii") as file:
            results = {(what, name): found for what, name, found in json.load(file)["rows"]}
    results.update({(what, name): found for what, name, found in rows})
    known = [(mutant, (mutant[0], re.sub("^src/", "", mutant[1]))) for mutant in MUTANTS]
    with open(path, "w", encoding="ascii") as file:
        json.dump({"date": time.strftime("%Y-%m-%d"),
                   "killed": sum(results.get(row) in suites_of(mutant) for mutant, row in known),
                   "rows": [(*row, results[row]) for _, row in known if row in results]}, file)


def main():
    arguments = sys.argv[1:]
    jobs = 1
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if arguments[:1] == ["-j"]:
        jobs = int(arguments[1])
        arguments = arguments[2:]
    chosen = [mutant for mutant in MUTANTS
              if not arguments or any(part in mutant[0] or part in mutant[1] for part in arguments)]
    start = time.monotonic()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        trees = queue.Queue()
        for number in range(jobs):
            tree = os.path.join(folder, f"tree{number}")
            shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "corpus-*", "seeds-*", "sdk"))
            trees.put(tree)

        def work(mutant):
            tree = trees.get()
            try:
                return try_mutant(tree, mutant)
            except Failure as failure:
                return failure
            finally:
                trees.put(tree)

        # A suite that is red anyway proves nothing.
        tree = trees.get()
        for suite in sorted({suite for mutant in chosen for suite in suites_of(mutant)}):
            if not run_suite(tree, suite):
                print(f"{suite} fails without any fault")
                return 1
        trees.put(tree)

        killed = 0
        print("| fault | file | found by |\n| --- | --- | --- |", flush=True)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for mutant, result in zip(chosen, pool.map(work, chosen)):
                if isinstance(result, Failure):
                    found = f"CANNOT BE TRIED: {result}"
                elif result is None:
                    found = "**nothing: it survives**"
                else:
                    found = result
                    killed += 1
                rows.append((mutant[0], re.sub("^src/", "", mutant[1]), found))
                print("| " + " | ".join(rows[-1]) + " |", flush=True)
    keep(rows)
    print(f"{killed} of {len(chosen)} mutants killed, {time.monotonic() - start:.0f} s")
    return 0 if killed == len(chosen) and chosen else 1


if __name__ == "__main__":
    sys.exit(main())
