/*
 * memory/heap/kheap.c - the kernel heap: one block heap over the pool, and what a wrong kfree()
 * leads to.
 *
 *   0x00007E00  table, one byte for each block of HEAP_ADDRESS to HEAP_END: 25,600
 *   0x0000E200  index                                          (to 0x0007FFFF)
 *   0x01000000  pool, to pool_end; all physically, as on both word sizes
 *
 * A pool that is smaller leaves the end of the table unused: zero.
 *
 * The page allocator takes blocks of the pool, too, when it has no other frames. The table's bytes
 * are the same for both, so a bitmap says which allocations are frames: bit i is set exactly when
 * block i is the first of one. kfree() looks there only while there are any (is_watched).
 */
#include "memory/heap/kheap.h"

#include <stdint.h>

#include "base/align.h"
#include "base/compiler.h"
#include "config.h"
#include "debug/backtrace.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "layout.h"
#include "lib/string.h"
#include "base/status.h"

#define POOL_BLOCKS_MAX (HEAP_SIZE_BYTES / HEAP_BLOCK_SIZE_BYTES)
#define INDEX_ADDRESS   (HEAP_TABLE_ADDRESS + POOL_BLOCKS_MAX)

/* Frames are asked for, for a request of up to so many blocks. Larger ones come from those who can
 * do with less. */
#define GIVE_UP_BLOCKS_MAX 8

/* When all were asked in vain, a request asks so many, and so many more for each that is taken. */
#define GIVE_UP_MIN   32
#define GIVE_UP_AGAIN 16

/* A constant, as page_memory() is made of constants. */
#define POOL_MEMORY ((uintptr_t)page_memory(HEAP_ADDRESS))

_Static_assert(HEAP_ADDRESS + HEAP_SIZE_BYTES == HEAP_END, "the pool's bounds and its size");
_Static_assert(INDEX_ADDRESS + HEAP_INDEX_BYTES(POOL_BLOCKS_MAX) <= HEAP_TABLE_AREA_END,
               "table and index below 0x80000");
_Static_assert(POOL_BLOCKS_MAX % 32 == 0, "whole words of bits");
_Static_assert(INDEX_ADDRESS % sizeof(void *) == 0, "the index is aligned");

static const size_t no_floor = 0;

static struct {
    struct heap heap;
    struct heap_table table;
    bool is_traced;
    bool is_watched; /* is_traced, or frame_blocks is not 0: kfree() has more to do */
    size_t frame_blocks;
    const size_t *floor; /* kheap_set_floor(); of nothing until then */
    bool (*may_take)(size_t blocks);
    int (*give_up)(void *frame);
    size_t hand; /* the block from which frames are asked for next; it goes round */
    size_t vain; /* so many of them, one after the other, stay where they are */
    uint32_t frames[POOL_BLOCKS_MAX / 32]; /* bit set: the block is the first of frames */
} kheap = {.floor = &no_floor};

#if DEBUG_HEAP
static struct heap_debug_block debug_blocks[POOL_BLOCKS_MAX];
#endif

/* Rarely true: the usual path goes straight on. */
#define IS_TRACED  __builtin_expect(kheap.is_traced, false)
#define IS_WATCHED __builtin_expect(kheap.is_watched, false)

/* A code address as name and offset, printed with "%s+0x%x (%p)". */
struct code_place {
    const char *name;
    uint32_t offset;
};

static struct code_place find_code(const void *address)
{
    struct code_place place = {.name = "unknown", .offset = 0};
    const char *name = symbol_find((vaddr_t)address, &place.offset);

    if (name != NULL) {
        place.name = name;
    } else {
        place.offset = 0;
    }
    return place;
}

#if DEBUG_HEAP
static void report_and_panic(struct heap *heap, const struct heap_report *report)
{
    struct code_place owner = find_code(report->owner);
    struct code_place freer = find_code(report->freer);

    (void)heap;
    panic("heap: %p (%zu bytes asked for) was %s: byte %p changed. "
          "Allocated by %s+0x%x (%p), freed by %s+0x%x (%p).",
          report->start, report->requested_bytes,
          report->kind == HEAP_REPORT_RED_ZONE ? "written to beyond its end"
                                               : "written to after it was freed",
          report->damage, owner.name, owner.offset, report->owner, freer.name, freer.offset,
          report->freer);
}
#endif

void kheap_init(void *pool_end)
{
    uintptr_t bytes = (uintptr_t)pool_end - POOL_MEMORY;

    if (bytes - 1 >= HEAP_SIZE_BYTES || bytes % HEAP_BLOCK_SIZE_BYTES != 0) {
        panic("kheap_init: failed to create heap: the pool cannot end at %p", pool_end);
    }
    kheap.table.entries = page_memory(HEAP_TABLE_ADDRESS);
    kheap.table.total = bytes / HEAP_BLOCK_SIZE_BYTES;
    memset(kheap.table.entries, HEAP_BLOCK_TABLE_ENTRY_FREE, POOL_BLOCKS_MAX);
    memset(kheap.frames, 0, sizeof(kheap.frames));
    kheap.frame_blocks = 0;
    kheap.hand = 0;
    kheap.vain = 0;

    int result = heap_create(&kheap.heap, (void *)POOL_MEMORY, pool_end, &kheap.table);
    if (result < 0) {
        panic("kheap_init: failed to create heap: heap_create gave %d", result);
    }
    result = heap_attach_index(&kheap.heap, page_memory(INDEX_ADDRESS),
                               HEAP_TABLE_AREA_END - INDEX_ADDRESS);
    if (result < 0) {
        panic("kheap_init: heap_attach_index failed: %d", result);
    }
#if DEBUG_HEAP
    result = heap_attach_debug(&kheap.heap, debug_blocks, sizeof(debug_blocks));
    if (result < 0) {
        panic("kheap_init: heap_attach_debug failed: %d", result);
    }
    heap_set_reporter(&kheap.heap, report_and_panic);
#endif
}

struct heap *kheap_get(void)
{
    return &kheap.heap;
}

static void watch(void)
{
    kheap.is_watched = kheap.is_traced || kheap.frame_blocks != 0;
}

void kheap_set_trace(bool is_on)
{
    kheap.is_traced = is_on;
    watch();
}

/* ---------------------------------------------------------------- frames */

/* The word of the bitmap for the block at ptr; ptr is in the pool. */
static inline uint32_t *frames_word(const void *ptr, uint32_t *bit)
{
    size_t block = ((uintptr_t)ptr - POOL_MEMORY) / HEAP_BLOCK_SIZE_BYTES;

    *bit = 1u << block % 32;
    return &kheap.frames[block / 32];
}

/* Is ptr the start of an allocation that is frames? Any pointer. */
bool kheap_is_frames(const void *ptr)
{
    uintptr_t offset = (uintptr_t)ptr - POOL_MEMORY;
    uint32_t bit;

    return offset < HEAP_SIZE_BYTES && offset % HEAP_BLOCK_SIZE_BYTES == 0 &&
           (*frames_word(ptr, &bit) & bit) != 0;
}

void *kheap_take_frames(size_t count, const void *owner)
{
    if (count > POOL_BLOCKS_MAX) {
        return NULL;
    }
    void *frames = heap_malloc_owned(&kheap.heap, count * HEAP_BLOCK_SIZE_BYTES, owner);

    if (frames != NULL) {
        uint32_t bit;
        uint32_t *word = frames_word(frames, &bit);

        *word |= bit;
        kheap.frame_blocks += count;
        kheap.vain -= MIN(kheap.vain, count * GIVE_UP_AGAIN);
        kheap.is_watched = true;
    }
    return frames;
}

int kheap_give_back_frames(void *frames, const void *freer)
{
    if (!kheap_is_frames(frames)) {
        return -EINVARG;
    }
    size_t count = heap_allocation_blocks(&kheap.heap, frames);
    int result = heap_free_owned(&kheap.heap, frames, freer);

    if (result == OK) {
        uint32_t bit;
        uint32_t *word = frames_word(frames, &bit);

        *word &= ~bit;
        kheap.frame_blocks -= count;
        watch();
    }
    return result;
}

size_t kheap_frame_blocks(void)
{
    return kheap.frame_blocks;
}

/* ---------------------------------------------------------------- kmalloc() and company */

void kheap_set_floor(const size_t *floor, bool (*may_take)(size_t blocks))
{
    kheap.floor = floor;
    kheap.may_take = may_take;
}

static bool NOINLINE may_go_below_floor(size_t size)
{
    return *kheap.floor == 0 ||
           kheap.may_take(size / HEAP_BLOCK_SIZE_BYTES + (size % HEAP_BLOCK_SIZE_BYTES != 0));
}

/* Would it leave what others were promised? */
static inline bool may_take(size_t size)
{
    size_t blocks = size / HEAP_BLOCK_SIZE_BYTES + 1; /* or one less */

    return __builtin_expect(blocks + *kheap.floor <= heap_free_blocks(&kheap.heap), true) ||
           may_go_below_floor(size);
}

void kheap_set_reclaimer(int (*give_up)(void *frame))
{
    kheap.give_up = give_up;
}

/* The first block from there on, round and round, that is the first of frames; there are some. */
static size_t block_with_frames(size_t block)
{
    size_t word = block % POOL_BLOCKS_MAX / 32;
    uint32_t bits = kheap.frames[word] & ~0u << block % 32;

    while (bits == 0) {
        word = (word + 1) % ARRAY_SIZE(kheap.frames);
        bits = kheap.frames[word];
    }
    return word * 32 + (size_t)__builtin_ctz(bits);
}

/* Where the pool has no place: one that frames leave. */
static void *NOINLINE take_from_frames(size_t size, const void *owner)
{
    void *memory = NULL;
    size_t left = kheap.frame_blocks > kheap.vain ? kheap.frame_blocks - kheap.vain : 0;

    if (kheap.give_up == NULL || size > GIVE_UP_BLOCKS_MAX * HEAP_BLOCK_SIZE_BYTES ||
        size > (heap_free_blocks(&kheap.heap) + kheap.frame_blocks) * HEAP_BLOCK_SIZE_BYTES) {
        return NULL;
    }
    for (left = MAX(left, GIVE_UP_MIN); left > 0 && kheap.frame_blocks > 0 && memory == NULL;
         left--) {
        size_t block = block_with_frames(kheap.hand);
        int answer = kheap.give_up((void *)(POOL_MEMORY + block * HEAP_BLOCK_SIZE_BYTES));

        if (answer < 0) {
            kheap.hand = block;
            break;
        }
        kheap.hand = block + 1;
        kheap.vain = answer > 0 ? 0 : MIN(kheap.vain + 1, kheap.frame_blocks);
        if (answer > 0) {
            memory = heap_malloc_owned(&kheap.heap, size, owner);
        }
    }
    return memory;
}

static inline void *take(size_t size, const void *owner)
{
    if (!may_take(size)) {
        return NULL;
    }
    void *memory = heap_malloc_owned(&kheap.heap, size, owner);

    return __builtin_expect(memory == NULL, false) ? take_from_frames(size, owner) : memory;
}

static void NOINLINE end_trace(const void *caller)
{
    struct code_place by = find_code(caller);

    printk(" by %s+0x%x\n", by.name, by.offset);
}

static void NOINLINE trace_free(const void *ptr, const void *caller)
{
    printk("trace: kfree(%p), %zu KiB,", ptr,
           heap_allocation_blocks(&kheap.heap, ptr) * (HEAP_BLOCK_SIZE_BYTES / 1024));
    end_trace(caller);
}

static void *NOINLINE malloc_traced(size_t size, const void *owner)
{
    void *memory = take(size, owner);

    printk("trace: kmalloc(%zu) = %p", size, memory);
    end_trace(owner);
    return memory;
}

void *NOINLINE kmalloc(size_t size)
{
    if (IS_TRACED) {
        return malloc_traced(size, CALLER);
    }
    return take(size, CALLER);
}

static void *zalloc_owned(size_t size, const void *owner)
{
    void *memory = IS_TRACED ? malloc_traced(size, owner) : take(size, owner);

    if (memory != NULL) {
        memset(memory, 0, size);
    }
    return memory;
}

void *NOINLINE kzalloc(size_t size)
{
    return zalloc_owned(size, CALLER);
}

void *NOINLINE kcalloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    return zalloc_owned(bytes, CALLER);
}

static void __attribute__((noreturn)) NOINLINE refuse_free(void *ptr, const void *caller)
{
    struct code_place by = find_code(caller);
    struct heap_report history = {0};

    if (heap_classify_pointer(&kheap.heap, ptr) == HEAP_POINTER_FREE &&
        heap_debug_history(&kheap.heap, ptr, &history) == 0 && history.freer != NULL) {
        struct code_place owner = find_code(history.owner);
        struct code_place freer = find_code(history.freer);

        panic("kfree(%p): the pointer is %s. Called by %s+0x%x (%p); "
              "allocated by %s+0x%x (%p), freed by %s+0x%x (%p).",
              ptr, heap_describe_pointer(&kheap.heap, ptr), by.name, by.offset, caller, owner.name,
              owner.offset, history.owner, freer.name, freer.offset, history.freer);
    }
    panic("kfree(%p): the pointer is %s. Called by %s+0x%x (%p).", ptr,
          heap_describe_pointer(&kheap.heap, ptr), by.name, by.offset, caller);
}

/* What a free has to do while calls are traced or pages are out. */
static void NOINLINE watch_free(void *ptr, const void *caller)
{
    if (kheap.is_traced) {
        trace_free(ptr, caller);
    }
    if (kheap_is_frames(ptr)) {
        struct code_place by = find_code(caller);

        panic("kfree(%p): the pointer is a page of the page allocator, not of kmalloc()."
              " Called by %s+0x%x (%p).",
              ptr, by.name, by.offset, caller);
    }
}

void NOINLINE kfree(void *ptr)
{
    if (IS_WATCHED) {
        watch_free(ptr, CALLER);
    }
    if (__builtin_expect(heap_free_owned(&kheap.heap, ptr, CALLER) < 0, 0)) {
        refuse_free(ptr, CALLER);
    }
}
