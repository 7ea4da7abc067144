/*
 * tests/kernel/test_seeds_mio.c - the lines of MioOS's document, typed with its names.
 */
#include "ktest.h"
#include "memory/heap/byte_heap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/vmalloc.h"
#include "base/status.h"

#include "memory/seeds/mio.h"

/* What an allocation takes of the byte heap, with its header. */
#define CHUNK(size) (((size) + BYTE_HEAP_HEADER_BYTES + 15) / 16 * 16)

KTEST(seeds_mio_heap)
{
    size_t objects = kmem_live_objects();
    unsigned char *small = kmalloc(50);
    unsigned char *large = kmalloc(5000);
    unsigned char *zeroed = kcalloc(1000, 5);
    uint32_t wrong = 0;

    KEXPECT(small && large && zeroed);
    for (uint32_t i = 0; i < 5000; i++) {
        wrong += zeroed[i] != 0;
    }
    bool is_small = kmem_live_objects() == objects + 1;
    size_t bytes = vmalloc_used_bytes(); /* not whole blocks */
    void *too_much = kcalloc(65536, 65537);
    kfree(small);
    kfree(large);
    kfree(zeroed);
    kfree(NULL);
    size_t left = vmalloc_used_bytes();
    vmalloc_trim();
    KEXPECT(wrong == 0 && is_small && !too_much);
    KEXPECT(bytes == 2 * CHUNK(5000) && left == 0);
}

KTEST(seeds_mio_frames)
{
    size_t pages = pmm_get_free_pages();
    char *frames = alloc_frame(7);

    KEXPECT(frames && seed_low(frames) % 4096 == 0 && pages - pmm_get_free_pages() == 7);
    KEXPECT(page_physical(frames) == seed_low(frames));
    frames[7 * 4096 - 1] = 1;
    free_frame(frames + 4096); /* nothing happens */
    KEXPECT(pages - pmm_get_free_pages() == 7);
    free_frame(frames);
    KEXPECT(pages == pmm_get_free_pages());
    KEXPECT(!alloc_frame(0) && !alloc_frame(1ull << 32) && !alloc_frame(1u << 19));
}

/* When only i386's window has frames, the pool's are taken, and the kernel keeps its share. */
KTEST(seeds_mio_frames_are_never_of_the_window)
{
    size_t pages = pmm_get_free_pages();
    struct pmm_stats stats;
    void *taken = NULL;
    void **frame;
    bool is_right = true;

    pmm_get_stats(&stats);
    /* The kept zeroed frames are handed out only when there are no others, not even i386's
     * window's. */
    size_t count =
        pages - stats.pool_kernel - (ARCH_BITS == 64 ? 0 : stats.low_free + stats.zeroed);

    for (; count > 0 && is_right; count--) {
        frame = alloc_frame(1);
        is_right = frame && page_physical(frame) == seed_low(frame);
        if (frame) {
            *frame = taken;
            taken = frame;
        }
    }
    void *one_more = alloc_frame(1);
    while ((frame = taken) != NULL) {
        taken = *frame;
        is_right = free_frame(frame) == OK && is_right;
    }
    KEXPECT(is_right && !one_more);
    KEXPECT(pages == pmm_get_free_pages());
}

/* Its own test of the pages, with addresses that are no RAM here. */
KTEST(seeds_mio_pages)
{
    struct paging_4gb_chunk *before = paging_current();
    struct paging_4gb_chunk *chunk = paging_new_4gb(0);
    volatile uint32_t *frame = alloc_frame(1);
    volatile uint32_t *virt = (volatile uint32_t *)0x80000000;
    uint32_t virt_4mb = 0x80400000;
    uint32_t phys = seed_low((const void *)frame), at = 0x80000000, offset = phys % 0x400000;

    KEXPECT(chunk && frame);
    paging_switch(chunk);
    alloc_page(at, phys, PRESENT | WRITABLE);
    *virt = 0xDEADBEEF;
    bool is_written = *frame == 0xDEADBEEF && is_mapped(at);
    void *where = virtual_to_physical(at + 7);
    bool is_freed = free_page(at) && !is_mapped(at) && !free_page(at) && !virtual_to_physical(at);
    alloc_page_4mib(virt_4mb, phys - offset, PRESENT | WRITABLE);
    bool is_seen = *(volatile uint32_t *)seed_pointer(virt_4mb + offset) == 0xDEADBEEF;
    void *where_4mb = virtual_to_physical(virt_4mb + offset + 5);
    bool is_refused = alloc_page_4mib(virt_4mb + 4096, 0, PRESENT) < 0;
    bool is_freed_4mb =
        free_page(virt_4mb + 8192) && !is_mapped(virt_4mb) && !is_mapped(virt_4mb + 0x3FF000);
    paging_switch(before);
    paging_free_4gb(chunk);
    free_frame((void *)frame);
    KEXPECT(is_written && where == seed_pointer(phys + 7) && is_freed);
    KEXPECT(is_seen && where_4mb == seed_pointer(phys + 5) && is_refused && is_freed_4mb);
    KEXPECT(PRESENT == 1 && WRITABLE == 2 && USER == 4 && WRITETHROUGH == 8 &&
            NOTCACHABLE == 0x10 && ACCESSED == 0x20 && DIRTY == 0x40 && PS == 0x80 &&
            CPU_GLOBAL == 0x100);
}
