/*
 * memory.c - commands 4 and 5: sizes at every edge, frees that are wrong, and no memory left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tests.h"

static bool is_zero(const uint8_t *memory, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        if (memory[i]) {
            return false;
        }
    }
    return true;
}

static void malloc_sizes(void)
{
    static const uint32_t sizes[] = {1, 2, 4095, 4096, 4097, 8192, 8193, 65536, 4194304, 4198401};

    CHECK(!page_malloc(0));
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        uint32_t whole = (sizes[i] + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1u);
        uint8_t *memory = page_malloc(sizes[i]);

        CHECK(memory);
        CHECK_EQUAL(ADDRESS(memory) % PAGE_BYTES, 0);
        CHECK(ADDRESS(memory) >= OWN_HEAP_START && ADDRESS(memory) + whole <= OWN_HEAP_END);
        CHECK(is_zero(memory, whole));
        memset(memory, 0xFF, whole);
        CHECK_EQUAL(page_free(memory), 0);
        CHECK_EQUAL(page_free(memory), -EINVARG);
    }
}

static void malloc_impossible_sizes(void)
{
    static const uint32_t sizes[] = {
        0x40000000, 0x40000001, 0x3FFFFFFF, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0x80000001,
        0xBFFFF000, 0xC0000000, 0xFFFFEFFF, 0xFFFFF000, 0xFFFFF001, 0xFFFFFFFE, 0xFFFFFFFF,
    };

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        CHECK(IS_64_BIT || !page_malloc(sizes[i]));
        /* The same as 64-bit numbers, just below and above 2^63 and 2^64. */
        CHECK(!IS_64_BIT || !page_malloc((size_t)(intptr_t)(int32_t)(sizes[i] | 0x80000000)));
        CHECK(!IS_64_BIT || !page_malloc(((size_t)sizes[i] << 31) | 0x80000000));
    }
}

static void free_wrong_pointers(void)
{
    uint8_t *memory = page_malloc(3 * PAGE_BYTES);
    uint8_t *next = page_malloc(PAGE_BYTES);
    static uint8_t own[16];
    int local = 0;

    CHECK(memory && next);
    memory[2 * PAGE_BYTES] = 7;
    CHECK_EQUAL(page_free(NULL), 0);
    for (size_t i = 1; i < foreign_address_count; i++) {
        CHECK_EQUAL(page_free((void *)foreign_addresses[i]), -EINVARG);
    }
    CHECK_EQUAL(page_free(memory + 1), -EINVARG);
    CHECK_EQUAL(page_free(memory + PAGE_BYTES), -EINVARG);
    CHECK_EQUAL(page_free(memory + 2 * PAGE_BYTES), -EINVARG);
    CHECK_EQUAL(page_free(memory + 3 * PAGE_BYTES - 1), -EINVARG);
    CHECK_EQUAL(page_free(own), -EINVARG);
    CHECK_EQUAL(page_free(&local), -EINVARG);
    CHECK_EQUAL(page_free((void *)USER_PROGRAM_ADDRESS), -EINVARG);
    CHECK_EQUAL(page_free((void *)OWN_STACK_BOTTOM), -EINVARG);
    CHECK_EQUAL(memory[2 * PAGE_BYTES], 7);
    CHECK_EQUAL(page_free(memory), 0);
    CHECK_EQUAL(page_free(memory), -EINVARG);
    CHECK_EQUAL(page_free(next), 0);
}

/* What this process or an earlier one has written is never seen again. */
static void malloc_zeroed_after_reuse(void)
{
    for (int round = 0; round < 8; round++) {
        uint8_t *memory = page_malloc(64 * PAGE_BYTES);

        CHECK(memory && is_zero(memory, 64 * PAGE_BYTES));
        memset(memory, 0x5A, 64 * PAGE_BYTES);
        CHECK_EQUAL(page_free(memory), 0);
    }
}

/* The least sizes that still succeed, until even a page fails; then all of it works again. */
static void malloc_exhaustion(void)
{
    struct run {
        struct run *next;
        uint32_t mark;
    } *runs = NULL;
    static struct command_argument self;
    uint32_t count = 0;

    strcpy(self.argument, own_name());
    for (uint32_t size = 16 * 1024 * 1024; size >= PAGE_BYTES; size /= 4) {
        struct run *run;

        while ((run = page_malloc(size)) != NULL) {
            CHECK(!run->next && !run->mark);
            run->next = runs;
            run->mark = count++;
            runs = run;
        }
    }
    CHECK(count > 10);
    CHECK(!page_malloc(1));
    CHECK_EQUAL(system_sum(1, 2), 3);
    CHECK_EQUAL(print(""), 0);
    CHECK_EQUAL(call_spawn(&self, 0), -ENOMEM); /* no room for a process either */

    while (runs) {
        struct run *next = runs->next;

        CHECK_EQUAL(runs->mark, --count);
        CHECK_EQUAL(page_free(runs), 0);
        runs = next;
    }
    CHECK_EQUAL(count, 0);
    uint8_t *again = page_malloc(1024 * 1024);
    CHECK(again && is_zero(again, 1024 * 1024));
    CHECK_EQUAL(page_free(again), 0);
}

/* The end of a process gives back what it did not free. */
static void exit_frees_memory(void)
{
    for (int i = 0; i < 300; i++) {
        CHECK(page_malloc((uint32_t)(i % 7 + 1) * PAGE_BYTES));
    }
}

/* As many single pages as fill page tables in part, freed in another order. */
static void malloc_many_pages(void)
{
    enum { COUNT = 1500 };
    static uint32_t *pages[COUNT];

    for (uint32_t i = 0; i < COUNT; i++) {
        pages[i] = page_malloc(1);
        CHECK(pages[i]);
        *pages[i] = i;
    }
    for (uint32_t first = 0; first < 3; first++) {
        for (uint32_t i = first; i < COUNT; i += 3) {
            CHECK_EQUAL(*pages[i], i);
            CHECK_EQUAL(page_free(pages[i]), 0);
        }
    }
}

const struct test memory_tests[] = {
    {"malloc_sizes", malloc_sizes, 0, 0},
    {"malloc_impossible_sizes", malloc_impossible_sizes, 0, 0},
    {"free_wrong_pointers", free_wrong_pointers, 0, 0},
    {"malloc_zeroed_after_reuse", malloc_zeroed_after_reuse, 0, 0},
    {"malloc_exhaustion", malloc_exhaustion, 0, 0},
    {"exit_frees_memory", exit_frees_memory, 0, 0},
    {"malloc_many_pages", malloc_many_pages, 0, 0},
    {0},
};
