/*
 * tests/kernel/test_process_memory.c - process_malloc, process_free and the break.
 */
#include "ktest.h"
#include "space_model.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "base/align.h"
#include "base/status.h"
#include "process/process.h"
#include "process/process_memory.h"

/* Up to here memory comes at once, not at the first touch. */
#define EAGER_BYTES 16384

static void end_process(struct process *process)
{
    address_space_destroy(&process->space);
}

/* Touches each page of [ptr, ptr + length), as the program would. */
static bool touch(struct process *process, void *ptr, size_t length)
{
    for (vaddr_t page = (vaddr_t)ptr; page < (vaddr_t)ptr + length; page += PAGE_SIZE_BYTES) {
        if (!paging_is_mapped(process->space.chunk, (void *)page) &&
            address_space_fault(&process->space, page, PAGE_WRITE) != OK) {
            return false;
        }
    }
    return true;
}

/* Is the memory from ptr on mapped for the user, zero, for length bytes? */
static bool is_zeroed_user_memory(struct process *process, void *ptr, size_t length)
{
    vaddr_t first = (vaddr_t)ptr;

    for (vaddr_t page = first; page < first + length; page += 4096) {
        struct page_entry entry = paging_entry(process->space.chunk, page);
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
    struct process process = space_make_process();

    /* frames that were used before */
    void *dirty = pmm_alloc_frames(8);
    memset(dirty, 0xAA, 8 * 4096);
    pmm_free_frames(dirty);

    for (size_t size = 1; size <= 20000; size = size * 3 + 1) {
        uint8_t *memory = process_malloc(&process, size);

        KEXPECT(memory);
        KEXPECT((vaddr_t)memory % 4096 == 0);
        KEXPECT((vaddr_t)memory >= PROCESS_HEAP_ADDRESS);
        KEXPECT(paging_is_mapped(process.space.chunk, memory) == (size <= EAGER_BYTES));
        KEXPECT(touch(&process, memory, size));
        KEXPECT(is_zeroed_user_memory(&process, memory, size));
    }
    end_process(&process);
}

KTEST(process_malloc_page_counts)
{
    static const struct {
        size_t size, pages;
    } cases[] = {{1, 1},    {4095, 1},  {4096, 1},  {4097, 2},   {8192, 2},
                 {8193, 3}, {16384, 4}, {16385, 5}, {65535, 16}, {65537, 17}};
    struct process process = space_make_process();

    void *keep_table = process_malloc(&process, 1);
    KEXPECT(keep_table);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t before = pmm_get_free_pages(), promised = pmm_get_promised_pages();
        size_t available = pmm_get_available_pages();
        uint32_t charged = process.space.pages;
        void *memory = process_malloc(&process, cases[i].size);
        size_t at_once = cases[i].size <= EAGER_BYTES ? cases[i].pages : 0;

        KEXPECT(memory);
        KEXPECT(before - pmm_get_free_pages() == at_once);
        KEXPECT(pmm_get_promised_pages() - promised == cases[i].pages - at_once);
        KEXPECT(available - pmm_get_available_pages() == cases[i].pages);
        KEXPECT(process.space.pages - charged == cases[i].pages);
        KEXPECT(touch(&process, memory, cases[i].size));
        KEXPECT(before - pmm_get_free_pages() == cases[i].pages);
        KEXPECT(pmm_get_promised_pages() == promised);
        KEXPECT(process.space.pages - charged == cases[i].pages);
        KEXPECT(process_free(&process, memory) == OK);
        KEXPECT(before == pmm_get_free_pages() && available == pmm_get_available_pages());
        KEXPECT(process.space.pages == charged);
    }
    end_process(&process);
}

KTEST(process_malloc_refuses_zero_and_too_much)
{
    struct process process = space_make_process();
    size_t before = pmm_get_free_pages();

    KEXPECT(!process_malloc(&process, 0));
    KEXPECT(!process_malloc(&process, 0xFFFFFFFF));
    KEXPECT(!process_malloc(&process, 0xFFFFF001));
    KEXPECT(!process_malloc(&process, 0x80000000));
    KEXPECT(!process_malloc(&process, 0x40000001));
    KEXPECT(!process_malloc(&process, (pmm_get_free_pages() + 1) * 4096));
    KEXPECT(before == pmm_get_free_pages());
    KEXPECT(process.space.pages == 0);
    end_process(&process);
}

/* As many pages as are said to be free are not all a user's, and what is available has to serve for
 * tables, too: NULL at the call, nothing is lost, and the next request is served. */
KTEST(process_malloc_of_all_that_there_is)
{
    struct process process = space_make_process();
    size_t before = pmm_get_free_pages(), available = pmm_get_available_pages();

    KEXPECT(!process_malloc(&process, before * 4096));
    KEXPECT(!process_malloc(&process, available * 4096));
    KEXPECT(before == pmm_get_free_pages() && available == pmm_get_available_pages());
    KEXPECT(process.space.pages == 0);

    /* Exactly all, by the last page. */
    size_t pages = available;
    while (pages > 0 && !process_malloc(&process, pages * 4096)) {
        pages--;
    }
    size_t tables = available - pages;
    KEXPECT(tables >= pages / PAGE_TABLE_ENTRIES &&
            tables <= pages / PAGE_TABLE_ENTRIES + 2 * (PAGE_LEVELS - 1));
    KEXPECT(pmm_get_available_pages() == 0 && process.space.pages == available);
    KEXPECT(!process_malloc(&process, 1));
    KEXPECT(process_free(&process, (void *)PROCESS_HEAP_ADDRESS) == OK);
    KEXPECT(pmm_get_available_pages() == available);
    end_process(&process);
}

/* What was promised is there: when nobody gets another page, each touch still does; and all that is
 * there then is the kernel's share. */
KTEST(process_malloc_until_there_is_no_more)
{
    enum { LARGE = 65536 };
    struct process process = space_make_process();
    uint32_t large = 0, small = 0;
    size_t promised_before = pmm_get_promised_pages();
    bool is_touched = true;

    while (process_malloc(&process, LARGE)) {
        large++;
    }
    while (process_malloc(&process, 1)) {
        small++;
    }
    size_t left = pmm_get_available_pages();
    size_t by_others = pmm_get_promised_pages() - large * (size_t)(LARGE / 4096);
    void *page = pmm_alloc_page();
    void *kernel_page = kmalloc(4096);
    size_t promised = pmm_get_promised_pages();
    for (uint32_t i = 0; i < large && is_touched; i++) {
        is_touched = touch(&process, (void *)(PROCESS_HEAP_ADDRESS + (vaddr_t)i * LARGE), LARGE);
    }
    size_t still_promised = pmm_get_promised_pages();
    uint32_t charged = process.space.pages, counted = space_count_charged(&process.space);
    kfree(kernel_page);
    pmm_free_page(page);
    end_process(&process);
    KEXPECT(large > 100);
    KEXPECT(left == 0 && !page && kernel_page);
    KEXPECT(is_touched);
    KEXPECT(by_others == promised_before);
    KEXPECT(promised == by_others + large * (size_t)(LARGE / 4096));
    KEXPECT(still_promised == by_others);
    KEXPECT(charged == counted);
    KEXPECT(small < LARGE / 4096 + PAGE_LEVELS);
}

/* Two processes whose promises take all memory: each touches its own. */
KTEST(process_malloc_of_one_takes_nothing_from_another)
{
    enum { LARGE = 1 << 20 };
    struct process a = space_make_process(), b = space_make_process();
    uint32_t count = 0;
    bool is_touched = true;

    while (process_malloc(&a, LARGE) && process_malloc(&b, LARGE)) {
        count++;
    }
    while (process_malloc(&b, 1)) {
    }
    for (uint32_t i = 0; i < count && is_touched; i++) {
        is_touched = touch(&b, (void *)(PROCESS_HEAP_ADDRESS + (vaddr_t)i * LARGE), LARGE) &&
                     touch(&a, (void *)(PROCESS_HEAP_ADDRESS + (vaddr_t)i * LARGE), LARGE);
    }
    end_process(&a);
    end_process(&b);
    KEXPECT(count > 5 && is_touched);
}

KTEST(process_free_refuses_wrong_pointers)
{
    struct process process = space_make_process();
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
    KEXPECT(paging_is_mapped(process.space.chunk, b));
    KEXPECT(process_free(&process, b) == OK);
    end_process(&process);
}

KTEST(process_free_unmaps)
{
    struct process process = space_make_process();
    uint8_t *a = process_malloc(&process, 2 * 4096);
    uint8_t *b = process_malloc(&process, 4096);

    KEXPECT(a && b);
    KEXPECT(process_free(&process, a) == OK);
    KEXPECT(!paging_is_mapped(process.space.chunk, a));
    KEXPECT(!paging_is_mapped(process.space.chunk, a + 4096));
    KEXPECT(paging_is_mapped(process.space.chunk, b));
    end_process(&process);
}

/* More than the 1,024 allocations that some kernels stop at, freed in another order. On a small
 * machine as many as half of its memory has room for. */
KTEST(process_malloc_5000_allocations)
{
    enum { MOST = 5000, STEP = 7 };
    struct process process = space_make_process();
    uint32_t count = (uint32_t)MIN((size_t)MOST, pmm_get_free_pages() / 2);

    count -= count % STEP == 0; /* STEP times a number goes round all of them */
    void **list = pmm_alloc_frames((count * sizeof(*list) + 4095) / 4096);
    size_t before = pmm_get_free_pages();

    KEXPECT(list && count > 1024);
    for (uint32_t i = 0; i < count; i++) {
        list[i] = process_malloc(&process, 1);
        KEXPECT(list[i]);
    }
    KEXPECT(process.space.pages == space_count_charged(&process.space));
    for (uint32_t i = 0; i < count; i++) {
        KEXPECT(process_free(&process, list[i * STEP % count]) == OK);
    }
    KEXPECT(process.space.pages == 0);
    kmem_reap();
    KEXPECT(before == pmm_get_free_pages());
    pmm_free_frames(list);
    end_process(&process);
}

/* Holes are used again when the addresses have gone round once. */
KTEST(process_malloc_goes_round)
{
    struct process process = space_make_process();
    uint8_t *first = process_malloc(&process, 4096);
    uint8_t *second = process_malloc(&process, 4096);

    KEXPECT(first && second);
    KEXPECT(process_free(&process, first) == OK);
    vaddr_t behind = (vaddr_t)second + 4096;
    KEXPECT(room_take_at(&process.space.room, behind, PROCESS_BREAK_ADDRESS - 4096));
    uint8_t *last = process_malloc(&process, 4096);
    KEXPECT(last == (uint8_t *)PROCESS_BREAK_ADDRESS - 4096);
    KEXPECT(process_malloc(&process, 4096) == first);
    room_give(&process.space.room, behind, PROCESS_BREAK_ADDRESS - 4096);
    KEXPECT(process_malloc(&process, 8192) == second + 4096);
    end_process(&process);
}

KTEST(process_memory_of_two_processes_is_separate)
{
    struct process a = space_make_process();
    struct process b = space_make_process();
    uint8_t *in_a = process_malloc(&a, 4096);
    uint8_t *in_b = process_malloc(&b, 4096);
    paddr_t frame_a = 0, frame_b = 0;

    KEXPECT(in_a && in_b);
    KEXPECT(paging_get_physical_address(a.space.chunk, in_a, &frame_a) == OK);
    KEXPECT(paging_get_physical_address(b.space.chunk, in_b, &frame_b) == OK);
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

/* The break is there as soon as it is moved, its pages come at the first touch. */
KTEST(break_grows_and_shrinks)
{
    struct process process = space_make_process();
    void *dirty = pmm_alloc_frames(8);

    memset(dirty, 0xAA, 8 * 4096);
    pmm_free_frames(dirty);
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == PROCESS_BREAK_ADDRESS);
    KEXPECT((vaddr_t)process_move_break(&process, -4096) == PROCESS_BREAK_ADDRESS + 4096);
    size_t before = pmm_get_free_pages(); /* the slab of areas is there */
    size_t promised = pmm_get_promised_pages();

    KEXPECT((vaddr_t)process_move_break(&process, 0) == PROCESS_BREAK_ADDRESS);
    KEXPECT(before == pmm_get_free_pages() && process.space.pages == 0);
    KEXPECT((vaddr_t)process_move_break(&process, 3 * 4096) == PROCESS_BREAK_ADDRESS);
    KEXPECT((vaddr_t)process_move_break(&process, 5 * 4096) == PROCESS_BREAK_ADDRESS + 3 * 4096);
    KEXPECT((vaddr_t)process_move_break(&process, 0) == PROCESS_BREAK_ADDRESS + 8 * 4096);
    KEXPECT(before == pmm_get_free_pages());
    KEXPECT(process.space.pages == 8 + TABLES);
    KEXPECT(pmm_get_promised_pages() - promised == 8 + TABLES);
    KEXPECT(touch(&process, (void *)PROCESS_BREAK_ADDRESS, 8 * 4096));
    KEXPECT(is_zeroed_user_memory(&process, (void *)PROCESS_BREAK_ADDRESS, 8 * 4096));
    KEXPECT(address_space_fault(&process.space, PROCESS_BREAK_ADDRESS + 8 * 4096, PAGE_READ) ==
            -EINVARG);
    KEXPECT(before - pmm_get_free_pages() == 8 + TABLES); /* those that lead there */
    KEXPECT(pmm_get_promised_pages() == promised);

    /* shrinks, and what comes back is zero again */
    struct page_entry entry = paging_entry(process.space.chunk, PROCESS_BREAK_ADDRESS + 2 * 4096);
    memset(page_memory(page_entry_frame(entry)), 0x55, 4096);
    KEXPECT((vaddr_t)process_move_break(&process, -6 * 4096) == PROCESS_BREAK_ADDRESS + 8 * 4096);
    KEXPECT(before - pmm_get_free_pages() == 2 + TABLES && process.space.pages == 2 + TABLES);
    KEXPECT(paging_is_mapped(process.space.chunk, (void *)(PROCESS_BREAK_ADDRESS + 4096)));
    KEXPECT(!paging_is_mapped(process.space.chunk, (void *)(PROCESS_BREAK_ADDRESS + 2 * 4096)));
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == PROCESS_BREAK_ADDRESS + 2 * 4096);
    KEXPECT(touch(&process, (void *)(PROCESS_BREAK_ADDRESS + 2 * 4096), 4096));
    KEXPECT(is_zeroed_user_memory(&process, (void *)(PROCESS_BREAK_ADDRESS + 2 * 4096), 4096));
    KEXPECT((vaddr_t)process_move_break(&process, -3 * 4096) == PROCESS_BREAK_ADDRESS + 3 * 4096);
    KEXPECT(before == pmm_get_free_pages() && process.space.pages == 0);
    KEXPECT(pmm_get_promised_pages() == promised);
    end_process(&process);
}

KTEST(break_refuses_and_changes_nothing)
{
    struct process process = space_make_process();

    KEXPECT((vaddr_t)process_move_break(&process, 2 * 4096) == PROCESS_BREAK_ADDRESS);
    size_t before = pmm_get_free_pages(), available = pmm_get_available_pages();
    static const int32_t wrong[] = {1,          -1,        4095,        4097,           -4097,
                                    0x7FFFFFFF, -3 * 4096, -0x7FFFF000, -0x7FFFFFFF - 1};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        KEXPECT((vaddr_t)process_move_break(&process, wrong[i]) == (vaddr_t)-EINVARG);
    }
    KEXPECT((vaddr_t)process_move_break(&process, 0x7FFFF000) == (vaddr_t)-ENOMEM);
    KEXPECT((vaddr_t)process_move_break(&process, BREAK_LIMIT) == (vaddr_t)-ENOMEM);
    KEXPECT((vaddr_t)process_move_break(&process, BREAK_LIMIT - 4096) == (vaddr_t)-ENOMEM);
    /* what is said to be free is not all a user's, and all that is available leaves none for
     * tables */
    KEXPECT((vaddr_t)process_move_break(&process, (intptr_t)(before * 4096)) == (vaddr_t)-ENOMEM);
    KEXPECT((vaddr_t)process_move_break(&process, (intptr_t)(available * 4096)) ==
            (vaddr_t)-ENOMEM);
    KEXPECT(before == pmm_get_free_pages() && available == pmm_get_available_pages());
    KEXPECT(process.space.pages == 2 + TABLES);
    KEXPECT((vaddr_t)process_move_break(&process, 0) == PROCESS_BREAK_ADDRESS + 2 * 4096);
    KEXPECT((vaddr_t)process_move_break(&process, -2 * 4096) == PROCESS_BREAK_ADDRESS + 2 * 4096);
    end_process(&process);
}

/* The machine's pages do not reach that far: the area that lies there is one without rights. */
static bool move_break_near_its_end(struct process *process)
{
    struct area *area;

    if (space_add_area(&process->space, PROCESS_BREAK_ADDRESS, PROCESS_HEAP_END - 2 * 4096, 0,
                       AREA_BREAK) != OK) {
        return false;
    }
    area = area_at(&process->space, PROCESS_BREAK_ADDRESS);
    return area && area_protect(&process->space, PROCESS_HEAP_END - 3 * 4096,
                                PROCESS_HEAP_END - 2 * 4096, PAGE_READ | PAGE_WRITE) == OK;
}

/* Up to the very end of the range, and not one page more. */
KTEST(break_has_an_end)
{
    struct process process = space_make_process();
    const vaddr_t last = PROCESS_HEAP_END - 4096;

    KEXPECT(move_break_near_its_end(&process));
    struct area *area = area_at(&process.space, PROCESS_HEAP_END - 3 * 4096);
    KEXPECT(area->start == PROCESS_HEAP_END - 3 * 4096);
    KEXPECT(area_move_end(&process.space, area, PROCESS_HEAP_END + 4096) == -EISTKN);
    KEXPECT(area_move_end(&process.space, area, PROCESS_HEAP_END) == OK);
    KEXPECT(touch(&process, (void *)last, 4096));
    KEXPECT(area_move_end(&process.space, area, PROCESS_HEAP_END + 4096) == -EISTKN);
    KEXPECT(area_move_end(&process.space, area, last) == OK);
    KEXPECT(!paging_is_mapped(process.space.chunk, (void *)last));
    KEXPECT(process.space.pages == space_count_charged(&process.space));
    end_process(&process);
}

KTEST(break_and_process_malloc_keep_apart)
{
    struct process process = space_make_process();

    KEXPECT((vaddr_t)process_move_break(&process, 2 * 4096) == PROCESS_BREAK_ADDRESS);
    KEXPECT(process_free(&process, (void *)PROCESS_BREAK_ADDRESS) == -EINVARG);
    KEXPECT(touch(&process, (void *)PROCESS_BREAK_ADDRESS, 4096));
    KEXPECT(process_free(&process, (void *)PROCESS_BREAK_ADDRESS) == -EINVARG);
    /* below the break's range as long as there is room */
    KEXPECT(room_take_at(&process.space.room, PROCESS_HEAP_ADDRESS + 2 * 4096,
                         PROCESS_BREAK_ADDRESS - 4096));
    KEXPECT(process_malloc(&process, 2 * 4096) == (void *)PROCESS_HEAP_ADDRESS);
    room_give(&process.space.room, PROCESS_HEAP_ADDRESS + 2 * 4096, PROCESS_BREAK_ADDRESS - 4096);

    /* Somebody's page in the way is not overrun. */
    vaddr_t page = PROCESS_BREAK_ADDRESS + 4 * 4096;
    KEXPECT(space_add_area(&process.space, page, page + 4096, PAGE_READ, AREA_MAPPING) == OK);
    size_t before = pmm_get_free_pages(), available = pmm_get_available_pages();
    KEXPECT((vaddr_t)process_move_break(&process, 3 * 4096) == (vaddr_t)-ENOMEM);
    KEXPECT(before == pmm_get_free_pages() && available == pmm_get_available_pages());
    KEXPECT((vaddr_t)process_move_break(&process, 2 * 4096) == PROCESS_BREAK_ADDRESS + 2 * 4096);
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == (vaddr_t)-ENOMEM);
    KEXPECT((vaddr_t)process_move_break(&process, -4 * 4096) == page);
    KEXPECT(area_at(&process.space, page));
    end_process(&process);
}

/* With nothing free below, the break's range is process_malloc's too, beside the break. */
KTEST(process_malloc_goes_beyond_the_break)
{
    struct process process = space_make_process();

    KEXPECT((vaddr_t)process_move_break(&process, 4096) == PROCESS_BREAK_ADDRESS);
    KEXPECT(space_add_area(&process.space, PROCESS_HEAP_ADDRESS, PROCESS_BREAK_ADDRESS, 0,
                           AREA_GUARD) == OK);
    uint8_t *memory = process_malloc(&process, 2 * 4096);
    KEXPECT(memory == (uint8_t *)PROCESS_BREAK_ADDRESS + 4096);
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == (vaddr_t)-ENOMEM);
    KEXPECT(process_free(&process, memory) == OK);
    KEXPECT((vaddr_t)process_move_break(&process, 4096) == PROCESS_BREAK_ADDRESS + 4096);
    end_process(&process);
}
