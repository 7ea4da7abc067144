/*
 * tests/kernel/test_heap.c - the kernel's own heap, pages and small objects, where they live.
 * The engine's own tests run on the host (tests/host/test_heap.c).
 */
#include "base/align.h"
#include "config.h"
#include "debug/backtrace.h"
#include "debug/printk.h"
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/memory.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "base/status.h"

/* The table as every reader of memory sees it. */
#define table ((const volatile uint8_t *)page_memory(HEAP_TABLE_ADDRESS))

static size_t block_of(const void *address)
{
    return (page_physical(address) - HEAP_ADDRESS) / HEAP_BLOCK_SIZE_BYTES;
}

KTEST(kheap_table_is_at_0x7e00_and_tells_the_truth)
{
    uint8_t *one = kmalloc(50);
    uint8_t *three = kmalloc(3 * 4096);

    KEXPECT(one && three);
    KEXPECT(table[block_of(one)] == 0x41);
    KEXPECT(table[block_of(three)] == 0xC1);
    KEXPECT(table[block_of(three) + 1] == 0x81);
    KEXPECT(table[block_of(three) + 2] == 0x01);
    kfree(three);
    KEXPECT(table[block_of(three)] == 0 && table[block_of(three) + 1] == 0 &&
            table[block_of(three) + 2] == 0);
    kfree(one);
    KEXPECT(table[block_of(one)] == 0);
}

KTEST(kheap_first_block_is_at_0x1000000)
{
    KEXPECT(kheap_get()->saddr == page_memory(0x01000000));
    /* Whoever has it: it is the start of an allocation, or free. */
    KEXPECT(table[0] == 0 || (table[0] & 0x41) == 0x41);
}

KTEST(kheap_whole_blocks)
{
    size_t before = heap_free_blocks(kheap_get());
    void *one = kmalloc(50);
    KEXPECT(before - heap_free_blocks(kheap_get()) == 1);
    void *two = kmalloc(5000);
    KEXPECT(before - heap_free_blocks(kheap_get()) == 3);
    void *exact = kmalloc(8192);
    KEXPECT(before - heap_free_blocks(kheap_get()) == 5);
    kfree(one);
    kfree(two);
    kfree(exact);
    KEXPECT(before == heap_free_blocks(kheap_get()));
}

KTEST(kheap_refuses_what_cannot_be)
{
    KEXPECT(!kmalloc(0));
    KEXPECT(!kzalloc(0));
    KEXPECT(!kmalloc(HEAP_SIZE_BYTES + 1));
    KEXPECT(!kzalloc(0xFFFFF001));
    KEXPECT(!kmalloc(0xFFFFFFFF));
    KEXPECT(!kcalloc(0x10000, 0x10000));
    KEXPECT(!kcalloc(0x80000001, 2));
    kfree(NULL);
}

KTEST(kheap_zeroes)
{
    uint8_t *dirty = kmalloc(8192);
    KEXPECT(dirty);
    memset(dirty, 0xAA, 8192);
    kfree(dirty);
    uint8_t *clean = kcalloc(2, 4096);
    KEXPECT(clean);
    for (size_t i = 0; i < 8192; i++) {
        KEXPECT(clean[i] == 0);
    }
    kfree(clean);
}

KTEST(kheap_out_of_memory_and_back)
{
    size_t free_blocks = heap_free_blocks(kheap_get());
    void *newest = NULL;
    size_t count = 0;
    void *block;

    while ((block = kmalloc(4096)) != NULL) {
        *(void **)block = newest;
        newest = block;
        count++;
    }
    KEXPECT(count == free_blocks);
    KEXPECT(!kmalloc(1));
    while (newest) {
        block = newest;
        newest = *(void **)block;
        kfree(block);
    }
    KEXPECT(heap_free_blocks(kheap_get()) == free_blocks);
}

KTEST(pmm_sum_is_what_the_firmware_reports)
{
    struct pmm_stats stats;

    pmm_get_stats(&stats);
    KEXPECT(stats.usable * 4096 == memory_map_total_usable_bytes(memory_get_map()));
    KEXPECT(stats.used + stats.free + stats.reserved == stats.usable);
    KEXPECT(stats.free == pmm_get_free_pages());
    KEXPECT(stats.total == pmm_get_total_pages());
}

KTEST(pmm_pages_are_apart_and_usable)
{
    enum { COUNT = 64 };
    static uint32_t *pages[COUNT];

    for (uint32_t i = 0; i < COUNT; i++) {
        pages[i] = pmm_alloc_page();
        KEXPECT(pages[i] && (uintptr_t)pages[i] % 4096 == 0);
        KEXPECT(memory_map_is_usable(memory_get_map(), page_physical(pages[i]),
                                     page_physical(pages[i]) + 4096));
        pages[i][0] = i;
        pages[i][1023] = ~i;
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        KEXPECT(pages[i][0] == i && pages[i][1023] == ~i);
        KEXPECT(pmm_free_page(pages[i]) == OK);
        KEXPECT(pmm_free_page(pages[i]) == -EINVARG);
    }
}

KTEST(pmm_contiguous_frames)
{
    size_t before = pmm_get_free_pages();
    uint8_t *frames = pmm_alloc_frames(300);

    KEXPECT(frames);
    KEXPECT(before - pmm_get_free_pages() == 300);
    memset(frames, 0x55, 300 * 4096);
    KEXPECT(pmm_free_page(frames) == -EINVARG);
    KEXPECT(pmm_free_frames(frames + 4096) == -EINVARG);
    KEXPECT(pmm_free_frames(frames) == OK);
    KEXPECT(before == pmm_get_free_pages());
    KEXPECT(!pmm_alloc_frames(0));
    KEXPECT(!pmm_alloc_frames(0xFFFFFFFF));
    KEXPECT(!pmm_alloc_frames(0x100001));
}

KTEST(pmm_zeroed_pages_are_zero)
{
    uint32_t *dirty = pmm_alloc_page();
    KEXPECT(dirty);
    memset(dirty, 0xAA, 4096);
    KEXPECT(pmm_free_page(dirty) == OK);
    uint32_t *clean = pmm_alloc_zeroed_page();
    KEXPECT(clean);
    for (size_t i = 0; i < 1024; i++) {
        KEXPECT(clean[i] == 0);
    }
    KEXPECT(pmm_free_zeroed_page(clean) == OK);
}

/* What tells one page's contents from another's. */
static uint32_t mark_of(const void *page)
{
    return (uint32_t)(page_physical(page) / PAGE_SIZE_BYTES);
}

/* With all that the machine has taken, the pages at 4 to 16 MiB are among it: each has its own
 * contents, seen where the kernel sees it (i386: in its window) and through a mapping of the
 * physical frame alike, and all come back. */
KTEST(pmm_window_is_used_to_the_last_page)
{
    struct paging_4gb_chunk *chunk =
        paging_new_4gb(PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL);
    uint8_t *other = (uint8_t *)PROCESS_HEAP_ADDRESS;
    struct list_node taken;
    struct pmm_stats stats;
    uint32_t *page;
    uint32_t in_window = 0, wrong = 0;
    size_t free = pmm_get_free_pages();

    KEXPECT(chunk);
    KEXPECT(paging_map(chunk, other, (void *)LOW_ZONE_PHYSICAL, PAGING_IS_WRITEABLE) == OK);
    list_initialise(&taken);
    while ((page = pmm_alloc_page()) != NULL) {
        list_append(&taken, (struct list_node *)page);
        page[1022] = mark_of(page);
        page[1023] = ~mark_of(page);
    }
    pmm_get_stats(&stats);
    paging_switch(chunk);
    while ((page = (uint32_t *)list_take_first(&taken)) != NULL) {
        if (page_physical(page) - LOW_ZONE_PHYSICAL < LOW_ZONE_BYTES) {
            const uint32_t *seen = (const uint32_t *)other;

            in_window++;
            wrong += paging_map(chunk, other, (void *)page_physical(page), 0) != OK;
            wrong += seen[1022] != mark_of(page) || seen[1023] != ~mark_of(page);
        }
        wrong += page[1022] != mark_of(page) || page[1023] != ~mark_of(page);
        wrong += pmm_free_page(page) != OK;
    }
    paging_switch(paging_kernel_chunk());
    paging_free_4gb(chunk);
    KEXPECT(stats.low_free == 0);
    KEXPECT(in_window > 0 && in_window <= stats.low_total);
    KEXPECT(wrong == 0);
    KEXPECT(pmm_get_free_pages() >= free);
}

/* Memory beyond 4 GiB, where the machine has some: a run too long for what lies below is there to
 * the last page, and every page of it is one of its own. Nothing to do elsewhere:
 * tests/system/test_all_ram.py has such machines, and reads the line that this prints. */
KTEST(pmm_memory_beyond_4_gib)
{
    const uint64_t limit = 0x100000000;
    const struct heap *heap, *high = NULL;
    size_t low_blocks = 0;

    for (size_t i = 0; (heap = pmm_get_heap(i)) != NULL; i++) {
        if (heap->total == 0 || page_physical(heap->saddr) < limit) {
            low_blocks = MAX(low_blocks, heap->total);
        } else {
            high = heap;
        }
    }
    if (high == NULL || heap_free_blocks(high) <= low_blocks) {
        return;
    }
    size_t count = heap_free_blocks(high);
    size_t wrong = 0;
    char *run = pmm_alloc_frames(count);

    KEXPECT(run != NULL);
    for (size_t i = 0; i < count; i += 64) {
        *(uint32_t *)(run + i * PAGE_SIZE_BYTES) = mark_of(run + i * PAGE_SIZE_BYTES);
    }
    for (size_t i = 0; i < count; i += 64) {
        wrong += *(uint32_t *)(run + i * PAGE_SIZE_BYTES) != mark_of(run + i * PAGE_SIZE_BYTES);
    }
    wrong += page_physical(run) < limit;
    wrong += pmm_free_page(run) != -EINVARG;
    KEXPECT(pmm_free_frames(run) == OK);
    KEXPECT(wrong == 0);
    printk("info: %zu pages beyond 4 GiB\n", count);
}

/* A block of kmalloc() and a page of the pool have the same byte in the table, and are
 * distinguished. */
KTEST(pmm_refuses_what_kmalloc_handed_out)
{
    struct list_node taken;
    struct pmm_stats stats;
    void *page, *last = NULL;
    uint32_t wrong = 0;
    void *block = kmalloc(1);

    KEXPECT(block);
    list_initialise(&taken);
    pmm_get_stats(&stats);
    size_t taken_before = stats.pool_taken;
    while ((page = pmm_alloc_page()) != NULL) {
        list_append(&taken, page);
        if (page_physical(page) >= HEAP_ADDRESS && page_physical(page) < HEAP_END) {
            last = page;
        }
    }
    pmm_get_stats(&stats);
    wrong += !last || table[block_of(last)] != table[block_of(block)];
    wrong += pmm_free_page(block) != -EINVARG;
    wrong += pmm_free_zeroed_page(block) != -EINVARG;
    wrong += pmm_free_frames(block) != -EINVARG;
    while ((page = list_take_first(&taken)) != NULL) {
        wrong += pmm_free_page(page) != OK;
    }
    kfree(block);
    KEXPECT(stats.pool_taken > taken_before);
    KEXPECT(wrong == 0);
    pmm_get_stats(&stats);
    KEXPECT(stats.pool_taken <= taken_before); /* the page cache may have given some back */
}

/* Pages for users leave the kernel its sixteenth of the pool. */
KTEST(pmm_leaves_the_kernel_its_share)
{
    struct list_node taken;
    void *page;

    list_initialise(&taken);
    while ((page = pmm_alloc_page()) != NULL) {
        list_append(&taken, page);
    }
    struct heap_stats stats;
    heap_get_stats(kheap_get(), &stats);
    size_t left = stats.free, promised = pmm_get_promised_pages();
    size_t share = (stats.total - stats.reserved) / 16; /* of what is memory */
    void *kernel_block = kmalloc(4096);
    kfree(kernel_block);
    while ((page = list_take_first(&taken)) != NULL) {
        pmm_free_page(page);
    }
    KEXPECT(kernel_block);
    KEXPECT(left >= share);
    KEXPECT(left <= share + 1 + promised); /* promised to whoever has not come for it yet */
}

KTEST(kmem_10000_objects_of_50_bytes)
{
    enum { COUNT = 10000 };
    static uint8_t *objects[COUNT];
    size_t before = heap_free_blocks(kheap_get());

    for (uint32_t i = 0; i < COUNT; i++) {
        objects[i] = kmem_alloc(50);
        KEXPECT(objects[i]);
        memset(objects[i], (int)i, 50);
    }
    KEXPECT((before - heap_free_blocks(kheap_get())) * 4096 <= 700000);
    for (uint32_t i = 0; i < COUNT; i++) {
        KEXPECT(objects[i][0] == (uint8_t)i && objects[i][49] == (uint8_t)i);
        kmem_free(objects[i]);
    }
    kmem_reap();
    KEXPECT(before == heap_free_blocks(kheap_get()));
}

KTEST(kmem_all_sizes)
{
    for (size_t size = 1; size <= 5000; size += 7) {
        uint8_t *object = kmem_zalloc(size);

        KEXPECT(object);
        for (size_t i = 0; i < size; i++) {
            KEXPECT(object[i] == 0);
        }
        memset(object, 0xFF, size);
        kmem_free(object);
    }
    KEXPECT(!kmem_alloc(0));
    kmem_free(NULL);
}

KTEST(kmem_cache_of_ones_own)
{
    struct kmem_cache *cache = kmem_cache_create("test", 100, 64);
    void *objects[100];

    KEXPECT(cache);
    for (size_t i = 0; i < 100; i++) {
        objects[i] = kmem_cache_alloc(cache);
        KEXPECT(objects[i] && (uintptr_t)objects[i] % 64 == 0);
    }
    KEXPECT(kmem_cache_destroy(cache) == -EBUSY);
    for (size_t i = 0; i < 100; i++) {
        kmem_cache_free(cache, objects[i]);
    }
    KEXPECT(kmem_cache_destroy(cache) == OK);
}

struct owned {
    size_t all, mine;
};

static void add_owned(void *context, void *start, size_t blocks, const void *owner)
{
    struct owned *owned = context;
    uint32_t offset;
    const char *name = symbol_find((vaddr_t)owner, &offset);

    (void)start;
    owned->all += blocks;
    owned->mine += name && strcmp(name, "kheap_owners_are_the_callers") == 0 ? blocks : 0;
}

/* This test's blocks are under its own name, and every block that is taken has an owner. */
KTEST(kheap_owners_are_the_callers)
{
    struct owned owned = {0};
    struct heap_stats stats;
    void *blocks[3];

    for (int i = 0; i < 3; i++) {
        blocks[i] = kmalloc(10000);
        KEXPECT(blocks[i]);
    }
    heap_for_each_allocation(kheap_get(), add_owned, &owned);
    heap_get_stats(kheap_get(), &stats);
    KEXPECT(owned.mine == 9);
    KEXPECT(owned.all == stats.used);
    for (int i = 0; i < 3; i++) {
        kfree(blocks[i]);
    }
}
