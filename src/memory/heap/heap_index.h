/*
 * memory/heap/heap_index.h - the index of the block heap; private to heap.c.
 *
 * The index knows the free runs of the table without reading it: segregated fits after TLSF
 * (Masmano et al., "TLSF: a New Dynamic Memory Allocator for Real-Time Systems", 2004), but kept
 * beside the memory it describes instead of inside it.
 *
 * Classes. Free runs of the same class are on one list. Up to 255 blocks a class holds one length
 * only; from there each power of two is cut into 32 classes:
 *
 *     class      1   2  ...  255   256      257      ...  287      288      289      ...
 *     blocks     1   2  ...  255   256-263  264-271  ...  504-511  512-527  528-543  ...
 *
 * Two levels of bitmap find the next class that is not empty in two BSF instructions.
 *
 * Slots. A free run of blocks 4 to 7 between taken ones, and what the slots beside it hold:
 *
 *     block       3      4      5      6      7      8
 *     table     0x41   0x00   0x00   0x00   0x00   0xC1
 *     other_end         7                     4
 *     next, previous                       on the list of class 4
 *
 * Slots in the middle hold nothing that means anything. The first block of an allocation has its
 * owner in place of the link, and the number of the last block in other_end.
 *
 * The current run is on no list, and no slot describes it: the run that was cut last. Requests are
 * cut off its front, and blocks given back beside it are joined to it by moving its bounds, so the
 * common malloc and free touch no list. It may be empty: [x, x), with x - 1 and x both not free.
 *
 * Which run? The one of the smallest class that surely fits; the current one if its class is no
 * larger. The run that is chosen becomes the current one, and the old one goes on its list.
 * quick_end is current_end while no listed run is of a smaller class than the current one was
 * when it was chosen: then any request that fits is cut off it without looking at the lists. Else
 * it is 0 and index_choose() looks.
 */
#ifndef MEMORY_HEAP_HEAP_INDEX_H
#define MEMORY_HEAP_HEAP_INDEX_H

#include <stdbool.h>

#include "memory/heap/heap.h"

#define INDEX_EXACT_CLASSES 256 /* classes below this one hold one length each */
#define INDEX_NO_CLASS      0   /* no run has 0 blocks */

/* blocks >> index_class_shift(blocks) is 32 to 63. For blocks >= INDEX_EXACT_CLASSES. */
static inline uint32_t index_class_shift(uint32_t blocks)
{
    return 31 - 5 - (uint32_t)__builtin_clz(blocks);
}

static inline uint32_t index_class_of(uint32_t blocks)
{
    if (blocks < INDEX_EXACT_CLASSES) {
        return blocks;
    }
    /* 256 blocks: shift 3, and 3 * 32 + 32 + 128 = 256. */
    uint32_t shift = index_class_shift(blocks);
    return shift * 32 + (blocks >> shift) + 128;
}

/* The lowest class whose every run has that many blocks. */
static inline uint32_t index_class_that_fits(uint32_t blocks)
{
    if (blocks < INDEX_EXACT_CLASSES) {
        return blocks;
    }
    return index_class_of(blocks + (1u << index_class_shift(blocks)) - 1);
}

/* The lowest class from this one on that has a run; INDEX_NO_CLASS when none has. */
static inline uint32_t index_find_class(const struct heap *heap, uint32_t class)
{
    uint32_t group = class / 32;
    uint32_t classes = heap->classes_in_use[group] & (~0u << (class % 32));

    if (classes == 0) {
        uint32_t groups = heap->groups_in_use & (~1u << group);
        if (groups == 0) {
            return INDEX_NO_CLASS;
        }
        group = (uint32_t)__builtin_ctz(groups);
        classes = heap->classes_in_use[group];
    }
    return group * 32 + (uint32_t)__builtin_ctz(classes);
}

/* Puts [start, end) on its list. */
static void index_insert(struct heap *heap, size_t start, size_t end)
{
    uint32_t class = index_class_of((uint32_t)(end - start));
    struct heap_slot *last = &heap->slots[end - 1];
    uint32_t next = heap->class_heads[class];

    heap->slots[start].other_end = (uint32_t)(end - 1);
    last->other_end = (uint32_t)start;
    last->next = next;
    last->previous = HEAP_NO_BLOCK;
    if (next != HEAP_NO_BLOCK) {
        heap->slots[next].previous = (uint32_t)(end - 1);
    }
    heap->class_heads[class] = (uint32_t)(end - 1);
    heap->classes_in_use[class / 32] |= 1u << (class % 32);
    heap->groups_in_use |= 1u << (class / 32);
}

/* Takes the run of that many blocks whose last block has that slot off its list. */
static void index_remove(struct heap *heap, const struct heap_slot *last, size_t blocks)
{
    uint32_t class = index_class_of((uint32_t)blocks);
    uint32_t next = last->next;
    uint32_t previous = last->previous;

    if (next != HEAP_NO_BLOCK) {
        heap->slots[next].previous = previous;
    }
    if (previous != HEAP_NO_BLOCK) {
        heap->slots[previous].next = next;
        return;
    }
    heap->class_heads[class] = next;
    if (next == HEAP_NO_BLOCK) {
        heap->classes_in_use[class / 32] &= ~(1u << (class % 32));
        if (heap->classes_in_use[class / 32] == 0) {
            heap->groups_in_use &= ~(1u << (class / 32));
        }
    }
}

/* Makes [start, end), which is on no list, the current run. */
static inline void index_set_current(struct heap *heap, size_t start, size_t end)
{
    heap->current_start = start;
    heap->current_end = end;
    heap->quick_end = end - start == 1 || heap->groups_in_use == 0 ? end : 0;
}

/* Records [start, end) as a free run; the blocks on both sides are not free. */
static void index_add_run(struct heap *heap, size_t start, size_t end)
{
    if (heap->current_start == heap->current_end) {
        index_set_current(heap, start, end);
        return;
    }
    index_insert(heap, start, end);
    if (end - start < heap->current_end - heap->current_start) {
        heap->quick_end = 0;
    }
}

/* Forgets the free run [start, end), whose blocks will not be free. */
static void index_remove_run(struct heap *heap, size_t start, size_t end)
{
    if (start == heap->current_start) {
        index_set_current(heap, end, end); /* empty */
    } else {
        index_remove(heap, &heap->slots[end - 1], end - start);
    }
}

static inline size_t index_run_blocks(const struct heap *heap, const struct heap_slot *last)
{
    return (size_t)(last - heap->slots) + 1 - last->other_end;
}

/* Makes the listed run of that many blocks the current one. */
static void index_make_current(struct heap *heap, struct heap_slot *last, size_t blocks)
{
    index_remove(heap, last, blocks);
    if (heap->current_start != heap->current_end) {
        index_insert(heap, heap->current_start, heap->current_end);
    }
    heap->current_start = last->other_end;
    heap->current_end = heap->current_start + blocks;
}

/*
 * The last resort: a run long enough among those that share a class with shorter ones. They are
 * at most total / 256, and no class above has a run.
 */
static struct heap_slot *index_search_own_class(const struct heap *heap, uint32_t blocks)
{
    if (blocks < INDEX_EXACT_CLASSES) {
        return NULL;
    }
    uint32_t number = heap->class_heads[index_class_of(blocks)];

    while (number != HEAP_NO_BLOCK && index_run_blocks(heap, &heap->slots[number]) < blocks) {
        number = heap->slots[number].next;
    }
    return number != HEAP_NO_BLOCK ? &heap->slots[number] : NULL;
}

/*
 * Makes the current run one that has at least that many blocks. False when there is none.
 * 1 <= blocks <= total.
 */
static bool index_choose(struct heap *heap, uint32_t blocks)
{
    uint32_t class = index_find_class(heap, index_class_that_fits(blocks));
    uint32_t current_blocks = (uint32_t)(heap->current_end - heap->current_start);

    if (current_blocks < blocks ||
        (class != INDEX_NO_CLASS && index_class_of(current_blocks) > class)) {
        struct heap_slot *last = class != INDEX_NO_CLASS ? &heap->slots[heap->class_heads[class]]
                                                         : index_search_own_class(heap, blocks);
        if (last == NULL) {
            return false;
        }
        bool is_exact = class != INDEX_NO_CLASS && class < INDEX_EXACT_CLASSES;
        index_make_current(heap, last, is_exact ? class : index_run_blocks(heap, last));
    }
    /* Chosen for one block, it is of the smallest class that there is. */
    heap->quick_end = blocks == 1 || heap->groups_in_use == 0 ? heap->current_end : 0;
    return true;
}

/*
 * Gives back [start, end), whose table entries are FREE already: joins it with the free runs
 * before and after it.
 */
static inline void index_give_back(struct heap *heap, size_t start, size_t end)
{
    bool joins_current = false;

    if (end == heap->current_start) {
        end = heap->current_end;
        joins_current = true;
    } else if (end < heap->total && heap->entries[end] == HEAP_BLOCK_TABLE_ENTRY_FREE) {
        size_t last = heap->slots[end].other_end;
        index_remove(heap, &heap->slots[last], last + 1 - end);
        end = last + 1;
    }
    if (start == heap->current_end) {
        start = heap->current_start;
        joins_current = true;
    } else if (start > 0 && heap->entries[start - 1] == HEAP_BLOCK_TABLE_ENTRY_FREE) {
        size_t first = heap->slots[start - 1].other_end;
        index_remove(heap, &heap->slots[start - 1], start - first);
        start = first;
    }
    if (joins_current) {
        index_set_current(heap, start, end);
    } else {
        index_add_run(heap, start, end);
    }
}

/* An index of no runs. */
static void index_initialise(struct heap *heap, void *memory)
{
    heap->class_heads = memory;
    heap->slots = (struct heap_slot *)(heap->class_heads + HEAP_CLASSES);
    for (uint32_t i = 0; i < HEAP_CLASSES; i++) {
        heap->class_heads[i] = HEAP_NO_BLOCK;
    }
    for (uint32_t group = 0; group < HEAP_CLASS_GROUPS; group++) {
        heap->classes_in_use[group] = 0;
    }
    heap->groups_in_use = 0;
    heap->current_start = 0;
    heap->current_end = 0;
    heap->quick_end = 0;
}

#endif
