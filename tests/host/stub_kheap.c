/*
 * stub_kheap.c - the kernel heap at its own addresses, but with table and index in malloc()ed
 * memory: a process cannot have 0x7E00 (stub_memory.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "debug/panic.h"
#include "layout.h"
#include "memory/heap/kheap.h"
#include "base/status.h"
#include "stub_memory.h"

static struct heap heap;
static struct heap_table table;
static bool is_frames[STUB_KHEAP_BLOCKS_MAX]; /* the block is the first of frames */
static size_t frame_blocks;
static const size_t *floor_blocks;
static bool (*may_take)(size_t blocks);

void stub_map_memory(uintptr_t address, size_t bytes)
{
    void *memory = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);

    if (memory != (void *)address) {
        perror("stub_map_memory");
        exit(2);
    }
}

void stub_kheap_create(size_t blocks)
{
    static HEAP_BLOCK_TABLE_ENTRY entries[STUB_KHEAP_BLOCKS_MAX];
    static uint64_t index[HEAP_INDEX_BYTES(STUB_KHEAP_BLOCKS_MAX) / sizeof(uint64_t) + 1];
    static bool is_mapped;

    if (!is_mapped) {
        stub_map_memory((uintptr_t)page_memory(HEAP_ADDRESS),
                        STUB_KHEAP_BLOCKS_MAX * HEAP_BLOCK_SIZE_BYTES);
        is_mapped = true;
    }
    table.entries = entries;
    table.total = blocks;
    KASSERT(blocks <= STUB_KHEAP_BLOCKS_MAX);
    KASSERT(heap_create(&heap, page_memory(HEAP_ADDRESS),
                        page_memory(HEAP_ADDRESS + blocks * HEAP_BLOCK_SIZE_BYTES), &table) == 0);
    KASSERT(heap_attach_index(&heap, index, sizeof(index)) == 0);
    memset(is_frames, 0, sizeof(is_frames));
    frame_blocks = 0;
    floor_blocks = NULL;
}

struct heap *kheap_get(void)
{
    return &heap;
}

void kheap_set_floor(const size_t *floor, bool (*may_take_below)(size_t blocks))
{
    floor_blocks = floor;
    may_take = may_take_below;
}

void kheap_set_reclaimer(int (*give_up)(void *frame))
{
    (void)give_up;
}

/* As kheap.c does it, where it may be asked: each time, that is, when something is promised. */
void *kmalloc(size_t size)
{
    size_t blocks = size / HEAP_BLOCK_SIZE_BYTES + (size % HEAP_BLOCK_SIZE_BYTES != 0);

    if (floor_blocks && *floor_blocks > 0 && blocks + *floor_blocks > heap_free_blocks(&heap) &&
        !may_take(blocks)) {
        return NULL;
    }
    return heap_malloc(&heap, size);
}

void *kzalloc(size_t size)
{
    void *memory = kmalloc(size);

    return memory == NULL ? NULL : memset(memory, 0, size);
}

/* The mark of the allocation that starts at ptr; NULL when none does. */
static bool *mark_of(const void *ptr)
{
    return heap_allocation_blocks(&heap, ptr) == 0
               ? NULL
               : &is_frames[((uintptr_t)ptr - (uintptr_t)page_memory(HEAP_ADDRESS)) /
                            HEAP_BLOCK_SIZE_BYTES];
}

void *kheap_take_frames(size_t count, const void *owner)
{
    void *frames = heap_malloc_owned(&heap, count * HEAP_BLOCK_SIZE_BYTES, owner);

    if (frames != NULL) {
        *mark_of(frames) = true;
        frame_blocks += count;
    }
    return frames;
}

int kheap_give_back_frames(void *frames, const void *freer)
{
    bool *mark = mark_of(frames);

    if (mark == NULL || !*mark) {
        return -EINVARG;
    }
    *mark = false;
    frame_blocks -= heap_allocation_blocks(&heap, frames);
    return heap_free_owned(&heap, frames, freer);
}

bool kheap_is_frames(const void *ptr)
{
    const bool *mark = mark_of(ptr);

    return mark != NULL && *mark;
}

size_t kheap_frame_blocks(void)
{
    return frame_blocks;
}

void kfree(void *ptr)
{
    bool *mark = mark_of(ptr);

    if ((mark != NULL && *mark) || heap_free(&heap, ptr) != 0) {
        panic("kfree(%p)", ptr);
    }
}
