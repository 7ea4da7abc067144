/*
 * tests/kernel/test_process_memory.c - process_malloc, process_free and the break.
 */
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/pmm.h"
#include "base/align.h"
#include "base/status.h"
#include "process/process.h"

/* A process of memory only: nothing below needs more. */
static struct process make_process(void)
{
    return (struct process){
        .family = family_of_init(),
        .chunk = paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL),
        .heap_next = PROCESS_HEAP_ADDRESS,
    };
}

static void end_process(struct process *process)
{
    process_release_range(process, PROCESS_HEAP_ADDRESS, PROCESS_HEAP_END);
    paging_free_4gb(process->chunk);
}

/* Is the memory from ptr on mapped for the user, zero, for length bytes? */
static bool is_zeroed_user_memory(struct process *process, void *ptr, size_t length)
{
    vaddr_t first = (vaddr_t)ptr;

    for (vaddr_t page = first; page < first + length; page += 4096) {
        struct page_entry entry = paging_entry(process->chunk, page);
        const uint32_t *frame = page_memory(page_entry_frame(entry));

        if ((page_entry_flags(entry) & 7) != 7) {
            return false;
        }
        for (size_t i = 0; i < 1024; i++) {
            if (frame[i] != 0) {
                return false;
            }
        }
    }
    return true;
}

KTEST(process_malloc_is_zeroed_aligned_and_in_range)
{
    struct process process = make_process();

    /* frames that were used before */
    void *dirty = pmm_alloc_frames(8);
    memset(dirty, 0xAA, 8 * 4096);
    pmm_free_frames(dirty);

    for (size_t size = 1; size <= 20000; size = size * 3 + 1) {
        uint8_t *memory = process_malloc(&process, size);

        KEXPECT(memory);
        KEXPECT((vaddr_t)memory % 4096 == 0);
        KEXPECT((vaddr_t)memory >= PROCESS_HEAP_ADDRESS);
        KEXPECT(is_zeroed_user_memory(&process, memory, size));
    }
    end_process(&process);
}

KTEST(process_malloc_page_counts)
{
    static const struct {
        size_t size, pages;
    } cases[] = {{1, 1}, {4095, 1}, {4096, 1}, {4097, 2}, {8192, 2}, {8193, 3}};
    struct process process = make_process();

    void *keep_table = process_malloc(&process, 1);
    KEXPECT(keep_table);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t before = pmm_get_free_pages();
        void *memory = process_malloc(&process, cases[i].size);

        KEXPECT(memory);
        KEXPECT(before - pmm_get_free_pages() == cases[i].pages);
        KEXPECT(process_free(&process, memory) == OK);
        KEXPECT(before == pmm_get_free_pages());
    }
    end_process(&process);
}

KTEST(process_malloc_refuses_zero_and_too_much)
{
    struct process process = make_process();
    size_t before = pmm_get_free_pages();

    KEXPECT(!process_malloc(&process, 0));
    KEXPECT(!process_malloc(&process, 0xFFFFFFFF));
    KEXPECT(!process_malloc(&process, 0xFFFFF001));
    KEXPECT(!process_malloc(&process, 0x80000000));
    KEXPECT(!process_malloc(&process, 0x40000001));
    KEXPECT(!process_malloc(&process, (pmm_get_free_pages() + 1) * 4096));
    KEXPECT(before == pmm_get_free_pages());
    end_process(&process);
}

/* As many pages as are said to be free are not all a user's: out of memory half-way is NULL,
 * nothing is lost, and the next request is served. */
KTEST(process_malloc_out_of_memory_half_way)
{
    struct process process = make_process();
    size_t before = pmm_get_free_pages();

    KEXPECT(!process_malloc(&process, before * 4096));
    KEXPECT(before == pmm_get_free_pages());
    KEXPECT(process_malloc(&process, 4096));
    end_process(&process);
}

KTEST(process_malloc_until_there_is_no_more)
{
    struct process process = make_process();
    uint32_t count = 0;

    while (process_malloc(&process, 65536)) {
        count++;
    }
    KEXPECT(count > 100);
    while (process_malloc(&process, 1)) {
        count++;
    }
    void *kernel_page = pmm_get_free_pages() > 0 ? (void *)1 : NULL;
    end_process(&process);
    KEXPECT(kernel_page); /* the kernel's share is left */
}

KTEST(process_free_refuses_wrong_pointers)
{
    struct process process = make_process();
    uint8_t *a = process_malloc(&process, 3 * 4096);
    uint8_t *b = process_malloc(&process, 4096);
    size_t before = pmm_get_free_pages();

    KEXPECT(a && b);
    KEXPECT(process_free(&process, NULL) == OK);
    KEXPECT(process_free(&process, a + 1) == -EINVARG);
    KEXPECT(process_free(&process, a + 4096) == -EINVARG); /* interior */
    KEXPECT(process_free(&process, a + 2 * 4096) == -EINVARG);
    KEXPECT(process_free(&process, b + 4096) == -EINVARG);           /* never allocated */
    KEXPECT(process_free(&process, (void *)0x01000000) == -EINVARG); /* kernel memory */
    KEXPECT(process_free(&process, (void *)0x00400000) == -EINVARG);
    KEXPECT(process_free(&process, (void *)USER_STACK_BOTTOM) == -EINVARG);
    KEXPECT(process_free(&process, (void *)0xC0000000) == -EINVARG);
    KEXPECT(process_free(&process, (void *)0xFFFFF000) == -EINVARG);
    KEXPECT(before == pmm_get_free_pages());
    KEXPECT(process_free(&process, a) == OK);
    KEXPECT(process_free(&process, a) == -EINVARG); /* twice */
    KEXPECT(paging_is_mapped(process.chunk, b));
    KEXPECT(process_free(&process, b) == OK);
    end_process(&process);
}

KTEST(process_free_unmaps)
{
    struct process process = make_process();
    uint8_t *a = process_malloc(&process, 2 * 4096);
    uint8_t *b = process_malloc(&process, 4096);

    KEXPECT(a && b);
    KEXPECT(process_free(&process, a) == OK);
    KEXPECT(!paging_is_mapped(process.chunk, a));
    KEXPECT(!paging_is_mapped(process.chunk, a + 4096));
    KEXPECT(paging_is_mapped(process.chunk, b));
    end_process(&process);
}

/* More than the 1,024 allocations that some kernels stop at, freed in another order. On a small
 * machine as many as half of its memory has room for. */
KTEST(process_malloc_5000_allocations)
{
    enum { MOST = 5000, STEP = 7 };
    struct process process = make_process();
    uint32_t count = (uint32_t)MIN((size_t)MOST, pmm_get_free_pages() / 2);

    count -= count % STEP == 0; /* STEP times a number goes round all of them */
    void **list = pmm_alloc_frames((count * sizeof(*list) + 4095) / 4096);
    size_t before = pmm_get_free_pages();

    KEXPECT(list && count > 1024);
    for (uint32_t i = 0; i < count; i++) {
        list[i] = process_malloc(&process, 1);
        KEXPECT(list[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        KEXPECT(process_free(&process, list[i * STEP % count]) == OK);
    }
    KEXPECT(before == pmm_get_free_pages());
    pmm_free_frames(list);
    end_process(&process);
}

/* Holes are used again when the addresses have gone round once. */
KTEST(process_malloc_goes_round)
{
    struct process process = make_process();
    uint8_t *first = process_malloc(&process, 4096);
    uint8_t *second = process_malloc(&process, 4096);

    KEXPECT(first && second);
    KEXPECT(process_free(&process, first) == OK);
    process.heap_next = PROCESS_BREAK_ADDRESS - 4096;
    uint8_t *last = process_malloc(&process, 4096);
    KEXPECT(last == (uint8_t *)PROCESS_BREAK_ADDRESS - 4096);
    KEXPECT(process_malloc(&process, 4096) == first);
    KEXPECT(process_malloc(&process, 8192) == second + 4096);
    end_process(&process);
}

KTEST(process_memory_of_two_processes_is_separate)
{
    struct process a = make_process();
    struct process b = make_process();
    uint8_t *in_a = process_malloc(&a, 4096);
    uint8_t *in_b = process_malloc(&b, 4096);
    paddr_t frame_a = 0, frame_b = 0;

    KEXPECT(in_a && in_b);
    KEXPECT(paging_get_physical_address(a.chunk, in_a, &frame_a) == OK);
    KEXPECT(paging_get_physical_address(b.chunk, in_b, &frame_b) == OK);
    KEXPECT(frame_a != frame_b);
    uint8_t *more = process_malloc(&a, 4096);
    KEXPECT(more);
    KEXPECT(process_free(&b, more) == -EINVARG);
    end_process(&a);
    end_process(&b);
}

/* Of a process with one page of memory, below its root. */
#define TABLES (PAGE_LEVELS - 1)

#define BREAK_LIMIT (PROCESS_HEAP_END - PROCESS_BREAK_ADDRESS)

KTEST(break_grows_and_shrinks)
{
    struct process process = make_process();
    size_t before = pmm_get_free_pages();
    void *dirty = pmm_alloc_frames(8);

    memset(dirty, 0xAA, 8 * 4096);
    pmm_free_frames(dirty);
    KEXPECT((vaddr_t)process_move_break(&process, 0) == PROCESS_BREAK_ADDRESS);
    KEXPECT(before == pmm_get_free_pages());
    KEXPECT((vaddr_t)process_move_break(&process, 3 * 4096) == PROCESS_BREAK_ADDRESS);
    KEXPECT((vaddr_t)process_move_break(&process, 5 * 4096) == PROCESS_BREAK_ADDRESS + 3 * 4096);
    KEXPECT((vaddr_t)process_move_break(&process, 0) == PROCESS_BREAK_ADDRESS + 8 * 4096);
    KEXPECT(is_zeroed_user_memory(&process, (void *)PROCESS_BREAK_ADDRESS, 8 * 4096));
    KEXPECT(!paging_is_mapped(process.chunk, (void *)(PROCESS_BREAK_ADDRESS + 8 * 4096)));
    KEXPECT(before - pmm_get_free_pages() == 8 + TABLES); /* those that lead there */

    /* shrinks, and what comes back is zero again */
    struct page_entry entry = paging_entry(process.chunk, PROCESS_BREAK_ADDRESS + 2 * 4096);
    memset(page_memory(page_entry_frame(entry)), 0x55, 4096);
    KEXPECT((vaddr_t)process_move_break(&process, -6 * 4096) == PROCESS_BREAK_ADDRESS + 8 * 4096);
    KEXPECT(before - pmm_get_free_pages() == 2 + TABLES);
    KEXPECT(paging_is_mapped(process.chunk, (void *)(PROCESS_BREAK_ADDRESS + 4096)));
    KEXPECT(!paging_is_mapped(process.chunk, (void *)(PROCESS_BREAK_ADDRESS + 2 * 4096)));
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == PROCESS_BREAK_ADDRESS + 2 * 4096);
    KEXPECT(is_zeroed_user_memory(&process, (void *)(PROCESS_BREAK_ADDRESS + 2 * 4096), 4096));
    KEXPECT((vaddr_t)process_move_break(&process, -3 * 4096) == PROCESS_BREAK_ADDRESS + 3 * 4096);
    KEXPECT(before == pmm_get_free_pages());
    end_process(&process);
}

KTEST(break_refuses_and_changes_nothing)
{
    struct process process = make_process();

    KEXPECT((vaddr_t)process_move_break(&process, 2 * 4096) == PROCESS_BREAK_ADDRESS);
    size_t before = pmm_get_free_pages();
    static const int32_t wrong[] = {1,          -1,        4095,        4097,           -4097,
                                    0x7FFFFFFF, -3 * 4096, -0x7FFFF000, -0x7FFFFFFF - 1};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        KEXPECT((vaddr_t)process_move_break(&process, wrong[i]) == (vaddr_t)-EINVARG);
    }
    KEXPECT((vaddr_t)process_move_break(&process, 0x7FFFF000) == (vaddr_t)-ENOMEM);
    KEXPECT((vaddr_t)process_move_break(&process, BREAK_LIMIT) == (vaddr_t)-ENOMEM);
    KEXPECT((vaddr_t)process_move_break(&process, BREAK_LIMIT - 4096) == (vaddr_t)-ENOMEM);
    /* what is said to be free is not all a user's: out of memory half-way */
    KEXPECT((vaddr_t)process_move_break(&process, (intptr_t)(before * 4096)) == (vaddr_t)-ENOMEM);
    KEXPECT(before == pmm_get_free_pages());
    KEXPECT((vaddr_t)process_move_break(&process, 0) == PROCESS_BREAK_ADDRESS + 2 * 4096);
    KEXPECT((vaddr_t)process_move_break(&process, -2 * 4096) == PROCESS_BREAK_ADDRESS + 2 * 4096);
    end_process(&process);
}

/* Up to the very end of the range, and not one page more. */
KTEST(break_has_an_end)
{
    struct process process = make_process();

    process.break_bytes = BREAK_LIMIT - 2 * 4096;
    KEXPECT((vaddr_t)process_move_break(&process, 3 * 4096) == (vaddr_t)-ENOMEM);
    KEXPECT((vaddr_t)process_move_break(&process, 2 * 4096) == PROCESS_HEAP_END - 2 * 4096);
    KEXPECT(paging_is_mapped(process.chunk, (void *)(PROCESS_HEAP_END - 4096)));
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == (vaddr_t)-ENOMEM);
    KEXPECT((vaddr_t)process_move_break(&process, -2 * 4096) == PROCESS_HEAP_END);
    end_process(&process);
}

KTEST(break_and_process_malloc_keep_apart)
{
    struct process process = make_process();

    KEXPECT((vaddr_t)process_move_break(&process, 2 * 4096) == PROCESS_BREAK_ADDRESS);
    KEXPECT(process_free(&process, (void *)PROCESS_BREAK_ADDRESS) == -EINVARG);
    /* below the break's range as long as there is room */
    process.heap_next = PROCESS_BREAK_ADDRESS - 4096;
    KEXPECT(process_malloc(&process, 2 * 4096) == (void *)PROCESS_HEAP_ADDRESS);

    /* Somebody's page in the way is not overrun. */
    size_t before = pmm_get_free_pages();
    vaddr_t page = PROCESS_BREAK_ADDRESS + 4 * 4096;
    KEXPECT(process_take_page(&process, page));
    KEXPECT(paging_map(process.chunk, (void *)page, (void *)page_physical(pmm_alloc_page()), 7) ==
            OK);
    KEXPECT((vaddr_t)process_move_break(&process, 3 * 4096) == (vaddr_t)-ENOMEM);
    KEXPECT(before - 1 == pmm_get_free_pages());
    KEXPECT((vaddr_t)process_move_break(&process, 2 * 4096) == PROCESS_BREAK_ADDRESS + 2 * 4096);
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == (vaddr_t)-ENOMEM);
    KEXPECT((vaddr_t)process_move_break(&process, -4 * 4096) == page);
    KEXPECT(paging_is_mapped(process.chunk, (void *)page));
    end_process(&process);
}

/* The entry of the table of level that leads to address. The tables above it are there. */
static struct page_entry *slot_of(struct paging_4gb_chunk *chunk, vaddr_t address, unsigned level)
{
    struct page_entry *table = (struct page_entry *)chunk->directory_entry;

    for (unsigned above = PAGE_LEVELS - 1; above > level; above--) {
        table = page_memory(page_entry_frame(table[page_table_index(address, above)]));
    }
    return &table[page_table_index(address, level)];
}

/* With nothing free below, the break's range is process_malloc's too, beside the break. A whole
 * table full stands for a whole range: all of them are the same one. */
KTEST(process_malloc_goes_beyond_the_break)
{
    struct process process = make_process();
    uint32_t *full = pmm_alloc_page();

    KEXPECT(full);
    memset(full, 0xFF, 4096);
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == PROCESS_BREAK_ADDRESS);
    for (vaddr_t address = PROCESS_HEAP_ADDRESS; address < PROCESS_BREAK_ADDRESS;
         address += LARGE_PAGE_SIZE_BYTES) {
        *slot_of(process.chunk, address, 1) = page_entry_make_table(page_physical(full), false);
    }
    uint8_t *memory = process_malloc(&process, 2 * 4096);
    KEXPECT(memory == (uint8_t *)PROCESS_BREAK_ADDRESS + 4096);
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == (vaddr_t)-ENOMEM);
    KEXPECT(process_free(&process, memory) == OK);
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == PROCESS_BREAK_ADDRESS + 4096);
    for (vaddr_t address = PROCESS_HEAP_ADDRESS; address < PROCESS_BREAK_ADDRESS;
         address += LARGE_PAGE_SIZE_BYTES) {
        *slot_of(process.chunk, address, 1) = (struct page_entry){0};
    }
    pmm_free_page(full);
    end_process(&process);
}
