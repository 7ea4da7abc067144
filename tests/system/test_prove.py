#!/usr/bin/env python3
"""Proof by exhaustion: every state that a small heap, small object caches, the process heap in a small
window and the index of a few free addresses can reach (tests/prove/prove.h has the theory). And planted faults: for each kind of
check, a change of the module that must end the search with a sentence of that check.

usage: test_prove.py [--proofs]

--proofs runs no faults. `make prove BLOCKS=12` searches larger heaps.
"""

import os
import shlex
import shutil
import subprocess
import sys

import suite

MODELS = {"heap": ["src/memory/heap/heap.c"],
          "kmem": ["src/memory/heap/heap.c"],
          "process": ["src/process/process_memory.c", "src/process/address_space.c",
                      "src/process/page_fault.c", "src/lib/tree.c", "src/memory/paging/paging.c",
                      "src/memory/paging/user_pages.c"],
          "room": ["src/lib/tree.c"]}

# (model, arguments): what make test proves.
PROOFS = [
    ("heap", "10"),
    ("heap", "7 reserve"),
    ("heap", "6 reserve offset=1"),
    ("heap", "6 reserve offset=2"),
    ("heap", "6 reserve offset=3"),
    ("kmem", "1344 2"),
    ("kmem", "1440 2"),
    ("process", ""),
    ("process", "neighbours"),
    ("room", ""),
]

# The sizes at which faults are looked for: the smallest that show them all.
SMALL = {"heap": "5 reserve offset=1", "kmem": "1344 2", "process": "pages=7 break=3",
         "room": "pages=6"}

HEAP, INDEX = "memory/heap/heap.c", "memory/heap/heap_index.h"
KMEM, PROCESS, PAGING = "memory/heap/kmem_cache.c", "process/process_memory.c", "memory/paging/paging.c"
SPACE, FAULT, USER_PAGES = "process/address_space.c", "process/page_fault.c", "memory/paging/user_pages.c"
ROOM, ROOM_INLINE, TREE = "memory/area/room.c", "memory/area/room.h", "lib/tree.c"

# (model, fault, file below src/, old text, new text, words of the check that must find it)
FAULTS = [
    ("heap", "the last place for a run is left out", HEAP,
     "while (heap->total - start >= blocks) {", "while (heap->total - start > blocks) {",
     "NULL, though a run fits"),
    ("heap", "the middle of an allocation is marked as its last block", HEAP,
     "memset(entry + 1, ENTRY_MIDDLE, blocks - 2);", "memset(entry + 1, ENTRY_LAST, blocks - 2);",
     "the table's byte"),
    ("heap", "a free clears one entry too many", HEAP,
     "memset(heap->entries + first, ENTRY_FREE, blocks);",
     "memset(heap->entries + first, ENTRY_FREE, blocks + 1);", "the table, or a byte beside it,"),
    ("heap", "a free of one block clears the next one too", HEAP,
     "        heap->entries[first] = ENTRY_FREE;\n",
     "        heap->entries[first] = ENTRY_FREE;\n"
     "        heap->entries[first + (first + 1 < heap->total)] = ENTRY_FREE;\n", "a neighbour is touched"),
    ("heap", "a free does not lower scan_from", HEAP,
     "heap->scan_from = MIN(heap->scan_from, first);", "(void)first;", "heap_check()"),
    ("heap", "a pointer inside an allocation is freed", HEAP,
     "if (RARELY(!starts_allocation(*entry))) {", "if (RARELY(*entry == ENTRY_FREE)) {",
     "a wrong free returns"),
    ("heap", "a misaligned pointer is freed", HEAP,
     "size_t first = offset / HEAP_BLOCK_SIZE_BYTES | offset << (SIZE_BITS - BLOCK_SIZE_BITS);",
     "size_t first = offset / HEAP_BLOCK_SIZE_BYTES;", "a wrong free returns"),
    ("heap", "a refused free counts a block", HEAP,
     "        return ptr == NULL ? 0 : -EINVARG;",
     "        heap->used_blocks++;\n        return ptr == NULL ? 0 : -EINVARG;",
     "but struct heap has changed"),
    ("heap", "a freed run is not joined with the one behind it", INDEX,
     "        end = last + 1;\n", "", ""),
    ("heap", "a listed run's first slot is not written", INDEX,
     "    heap->slots[start].other_end = (uint32_t)(end - 1);\n", "", "a slot of the index"),
    ("heap", "a class's bit stays set", INDEX,
     "heap->classes_in_use[class / 32] &= ~(1u << (class % 32));", "(void)class;", "struct heap is not"),
    ("heap", "an index attached to a used heap does not know where allocations end", HEAP,
     "            heap->slots[block].other_end = (uint32_t)(end - 1);\n        }\n        block = end;",
     "        }\n        block = end;", "a slot of the index"),
    ("heap", "an index is attached twice", HEAP,
     "if (heap->slots != NULL) {\n        return -EISTKN;", "if (false) {\n        return -EISTKN;",
     "heap_attach_index() returns"),
    ("heap", "the last block of a reserved range is left out", HEAP,
     "(to - low - 1) / HEAP_BLOCK_SIZE_BYTES + 1;", "(to - low - 1) / HEAP_BLOCK_SIZE_BYTES;",
     "the table's byte"),
    ("heap", "what is reserved stays in the index", HEAP,
     "index_remove_run(heap, run_start, run_end);", "(void)run_end;", ""),
    ("heap", "the quick path forgets the owner", HEAP,
     "index_note_allocation(heap, first, 1, owner);", "index_note_allocation(heap, first, 1, NULL);",
     "another owner"),
    ("heap", "the peak follows a block late", HEAP,
     "heap->peak_used_blocks = heap->used_blocks;", "heap->peak_used_blocks = heap->used_blocks - 1;",
     "peak_used_blocks is"),
    ("heap", "the statistics miss free runs", HEAP,
     "            stats->free_runs++;\n", "", "heap_get_stats()"),

    ("kmem", "a full slab is not counted", KMEM,
     "    slab->cache->full_slabs++;\n", "", ""),
    ("kmem", "an emptied slab stays on its list", KMEM,
     "    list_remove(&slab->node);\n    slab->magic = SLAB_EMPTY", "    slab->magic = SLAB_EMPTY", ""),
    ("kmem", "a pointer into an object is an object", KMEM,
     "return offset < slab->objects_bytes && offset * slab->reciprocal < slab->reciprocal;",
     "return offset < slab->objects_bytes;", "a wrong free is not noticed"),
    ("kmem", "a slab may be freed like a block", KMEM,
     " && find_slab(ptr) == NULL) {", ") {", "a wrong free is not noticed"),
    ("kmem", "an object of another cache may be freed", KMEM,
     "if (RARELY(slab->cache != cache)) {", "if (RARELY(slab->cache == NULL)) {",
     "a wrong free is not noticed"),
    ("kmem", "the last freed object may be freed again", KMEM,
     "if (RARELY(next == NULL || next == object)) {", "if (RARELY(next == NULL)) {",
     "a wrong free is not noticed"),
    ("kmem", "the link is written in front of the object, too", KMEM,
     "    *(void **)object = next;\n    slab->free = object;\n    slab->live--;",
     "    ((void **)object)[slab->cache->spacing > 1000 ? -1 : 0] = next;\n"
     "    *(void **)object = next;\n    slab->free = object;\n    slab->live--;",
     "a neighbour is touched"),
    ("kmem", "the second empty slab is kept", KMEM,
     "    } else {\n        slab_destroy(slab);\n    }", "    }", ""),
    ("kmem", "empty slabs of others are not given back when memory is short", KMEM,
     "if (slab == NULL && kmem_reap() > 0) {", "if (slab == NULL && bytes == 0) {",
     "NULL, though there is"),
    ("kmem", "a new slab lacks its first object", KMEM,
     "for (uint32_t i = cache->capacity; i-- > 0;) {", "for (uint32_t i = cache->capacity; i-- > 1;) {",
     "kmem_check() fails"),
    ("kmem", "a busy cache is destroyed", KMEM,
     "if (!list_is_empty(&cache->partial) || !list_is_empty(&cache->full)) {",
     "if (!list_is_empty(&cache->full)) {", "kmem_cache_destroy() returns"),

    ("process", "new pages are not zeroed", PROCESS,
     "        pmm_zero_page(frames[i]);\n", "", "is not zeroed"),
    ("process", "a page that comes by a touch is not zeroed", FAULT,
     "    pmm_zero_page(frame);\n", "", "is not zeroed"),
    ("process", "a pointer inside an allocation is freed", PROCESS,
     "marks_of(space, page) & RUN_FIRST) {", "marks_of(space, page)) {",
     "process_allocation_pages() says"),
    ("process", "the last page says that more follow", PROCESS,
     "(i + 1 < pages ? RUN_HAS_NEXT : 0)", "(i < pages ? RUN_HAS_NEXT : 0)", "is of kind"),
    ("process", "the last page of a large run says that more follow", PROCESS,
     "    set_marks(space, end - PAGE_SIZE_BYTES, 0, RUN_HAS_NEXT);\n", "", "is of kind"),
    ("process", "what is charged is kept when there are no addresses", PROCESS,
     "give_back_pages:\n    address_space_give_back(space, pages);\n", "give_back_pages:\n", "pages, not"),
    ("process", "addresses are lost when there are no pages for tables", PROCESS,
     "give_back_addresses:\n    room_give(&space->room, start, end);\n", "give_back_addresses:\n",
     "do not agree"),
    ("process", "tables of process_malloc() are not charged", PROCESS,
     "    if (!address_space_charge_tables(space, start, end)) {", "    if (end < start) {", ""),
    ("process", "the addresses of what was freed are lost", PROCESS,
     "    room_give(&space->room, start, end);\n    return OK;", "    (void)end;\n    return OK;", "do not agree"),
    ("process", "the break's pages are never handed out", PROCESS,
     "room_take(&space->room, map.heap_start, map.heap_end, pages);",
     "room_take(&space->room, map.heap_start, map.break_start, pages);", "process_malloc() returns"),
    ("process", "the break's pages are handed out first", PROCESS,
     "room_take(&space->room, map.heap_start, map.break_start, pages);",
     "room_take(&space->room, map.heap_start, map.heap_end, pages);", "process_malloc() returns"),
    ("process", "the break may go below its start", PROCESS,
     "(delta < 0 && 0 - (uintptr_t)delta > old_break - map.break_start)",
     "(delta < 0 && 0 - (uintptr_t)delta > old_break - map.break_start + PAGE_SIZE_BYTES)", ""),
    ("process", "the break's area stays when it is empty", PROCESS,
     "} else if (area && new_break == map.break_start) {", "} else if (area && !new_break) {",
     "the break's area is wrong"),
    ("process", "a break that grows does not take its addresses", SPACE,
     "        if (!take_room(space, old_end, end)) {", "        if (end < old_end) {", "do not agree"),
    ("process", "what is charged is kept when the break has no addresses", SPACE,
     "            address_space_settle_tables(space, old_end, end);\n            address_space_give_back(space, pages);\n",
     "            address_space_settle_tables(space, old_end, end);\n", "pages, not"),
    ("process", "the tables of an area that is gone stay charged", SPACE,
     "    address_space_settle_tables(space, start, end);\n    give_room(space, start, end);",
     "    give_room(space, start, end);", "pages, not"),
    ("process", "an area that is gone is remembered", SPACE,
     "    if (space->latest == area) {\n", "    if (space->latest != area) {\n", ""),
    ("process", "an area that was not made stays charged", SPACE,
     "    address_space_settle_tables(space, start, end);\ngive_back_pages:",
     "give_back_pages:", "pages, not"),
    ("process", "a table that an area needs is charged twice", SPACE,
     "           !is_spanned(space, start, start + page_level_bytes(level));", "           start + level > 0;", ""),
    ("process", "an emptied table is not promised again", SPACE,
     "        promise_tables(space->chunk, part.tables);\n",
     "        address_space_discharge(space, part.tables);\n", ""),
    ("process", "the charge of freed pages stays", SPACE,
     "            pmm_give_back_promise(charged - part.freed);\n            address_space_discharge(space, charged);",
     "            pmm_give_back_promise(charged - part.freed);", "pages, not"),
    ("process", "promises of pages that never came stay", SPACE,
     "            pmm_give_back_promise(charged - part.freed);\n", "", "pages are promised"),
    ("process", "pages that go are still said to be there", SPACE,
     "        space->chunk->resident -= part.present;\n", "", "are said to be there"),
    ("process", "a touch brings one page more than was promised", USER_PAGES,
     "count < most && page_entry_is_promised(*slot);", "count < most && !page_entry_is_present(*slot);", ""),
    ("process", "a touch in a row brings one page alone", FAULT,
     "#define PAGES_AROUND 8", "#define PAGES_AROUND 1", "is of kind"),
    ("process", "marks are lost when a page comes", USER_PAGES,
     "flags | page_entry_marks(*slot), 0);", "flags, 0);", ""),
    ("process", "freed frames are not given back", USER_PAGES,
     "    KASSERT(pmm_free_page(frame) == OK);\n", "", ""),
    ("process", "a release goes on behind the run", USER_PAGES,
     "    } while (slot < end && page_entry_marks((struct page_entry){last}) & mark);",
     "    } while (slot < end && last && mark);", ""),
    ("process", "entries that are promised are not counted in their table", USER_PAGES,
     "                       stretch.in_use + (unsigned)count);", "                       stretch.in_use);", ""),
    ("process", "an emptied page table is kept", USER_PAGES,
     "        if (in_use == 0) {", "        if (in_use == 0 && start == 0) {", ""),

    ("room", "the current gap grows without regard to the one below it", ROOM_INLINE,
     "if (end == room->current_start && start > room->below) {", "if (end == room->current_start) {",
     "a wrong room_give() is not noticed"),
    ("room", "the part below a cut gap is forgotten when its pages come back", ROOM,
     "room->below = is_cut ? start : start - 1;", "room->below = start - 1;", "room_check()"),
    ("room", "a new gap does not keep the current one off", ROOM,
     "        room->below = MAX(room->below, gap->end);\n", "", "room_check()"),
    ("room", "a gap that low cuts is not found", ROOM,
     "if (cut != NULL && cut->start < from", "if (cut != NULL && way == DOWNWARD && cut->start < from",
     "room_take() returns"),
    ("room", "the search does not go on from low", ROOM,
     " && low < from) {", " && low > from) {", "room_take() returns"),
    ("room", "high is not heeded", ROOM,
     "    if (fit.start == 0 || fit.start + bytes > high ||\n", "    if (fit.start == 0 ||\n",
     "room_take() returns"),
    ("room", "the highest place is looked for in the tree alone", ROOM,
     "end - bytes > fit.start) {", "end - bytes < fit.start) {", "room_take_highest() returns"),
    ("room", "what was the current gap is lost", ROOM,
     "insert_gap(room, find_neighbours(room, old->start), old);", "kmem_free(old);",
     "is not free afterwards"),
    ("room", "a gap's new size is not noted", ROOM,
     "        at.after->start = start;\n        update_gap(room, at.after);",
     "        at.after->start = start;", "room_check()"),
    ("room", "the gap behind is not merged", ROOM,
     "bool touches_after = at.after != NULL && at.after->start == end;",
     "bool touches_after = at.after == NULL && end == 0;", "room_check()"),
    ("room", "a node is lost", ROOM,
     "        room->below = at.before->start - 1;\n        remove_gap(room, at.before);",
     "        room->below = at.before->start - 1;\n        tree_remove(&room->gaps, &at.before->node);",
     "nodes are taken"),
    ("room", "lost pages are not counted", ROOM,
     "            room->lost_pages += (end - start) / PAGE_SIZE_BYTES;\n", "            ;\n",
     "is not free afterwards"),
    ("room", "what is known is put back once more", ROOM,
     "if (at.before != NULL && start < at.before->end) {", "if (at.before != NULL && start > at.before->end) {",
     "panic: rule broken"),
    ("room", "a clone lacks a gap", ROOM,
     "last != NULL ? gap_of(last)->end : 0).after;", "last != NULL ? gap_of(last)->end + 1 : from->start + 1).after;",
     "is not free afterwards"),
    ("room", "no second rotation where the inner side is the higher one", TREE,
     "        rotate(tree, high, !side);\n", "        (void)high;\n", "room_check()"),
]


def run(command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=3 * suite.SECONDS)
    return result.returncode, result.stdout.decode("utf-8", "replace")


def prove(model, arguments):
    """None, or what the search printed. Its count of states is passed on."""
    status, output = run([f"build/prove/prove_{model}", *arguments.split()])
    for line in output.split("\n"):
        if line.startswith("info:"):
            sys.stdout.write(line + "\n")  # two threads write: each line at once
    return None if status == 0 and output.endswith(" ... ok\n") else f"status {status}:\n{output}"


def find_fault(number, compiler):
    """None when the search with that fault ends with the right sentence. The changed file lies in a
    folder of its own, which the compiler searches first."""
    model, _, path, old, new, words = FAULTS[number]
    arguments = SMALL[model].split()
    folder = f"build/prove/fault{number}"
    changed, program = os.path.join(folder, path), os.path.join(folder, "prove")
    text = suite.read("src/" + path)
    if text.count(old) != 1 or old == new:
        return f"the text to change is {text.count(old)} times in src/{path}"
    shutil.rmtree(folder, ignore_errors=True)  # an older list's fault of that number
    os.makedirs(os.path.dirname(changed))
    with open(changed, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    sources = [changed if source == "src/" + path else source for source in MODELS[model]]
    status, output = run([compiler[0], f"-I{folder}", *compiler[1:], "-O1", "-w", "-o", program,
                          "tests/prove/prove.c", f"tests/prove/prove_{model}.c", *sources])
    if status != 0:
        return f"it cannot be built:\n{output}"
    status, output = run([program, *arguments])
    sentence = output.split("\n")[0]
    if status != 1 or " ... FAIL: " not in sentence:
        return f"not found: status {status}:\n{output}"
    return None if words in sentence else f"found by another check: {sentence}"


def main():
    command = ["make", "-s", "--no-print-directory"]
    subprocess.run(command + ["provers"], check=True)
    suite.run_tests([(f"every state: {model} {arguments}".rstrip(),
                      lambda model=model, arguments=arguments: prove(model, arguments))
                     for model, arguments in PROOFS])
    if "--proofs" not in sys.argv[1:]:
        compiler = shlex.split(subprocess.check_output(command + ["prove-compiler"], text=True))
        suite.run_tests([(f"planted fault is found: {model}: {what}",
                          lambda number=number: find_fault(number, compiler))
                         for number, (model, what, *_) in enumerate(FAULTS)])
        print(f"info: {len(FAULTS)} planted faults of proofs")
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
