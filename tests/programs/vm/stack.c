/*
 * tests/programs/vm/stack.c - the stack grows to its end and no further, and text stays as it is:
 * Pintos's pt-*.
 *
 * These programs' stack has 16 KiB. One of 1 MiB: tests/newlib/forks.c.
 */
#include "vm.h"

#define STACK_BYTES (16u * 1024)

/* The stack's last page, by the address of a local variable near its top. */
static uintptr_t top_page(void)
{
    uint8_t local;

    return (uintptr_t)&local & ~(uintptr_t)(PAGE_BYTES - 1);
}

/* Each call one page further down. */
static uint32_t grow(int pages, uint32_t sum)
{
    volatile uint8_t frame[PAGE_BYTES - 256];

    for (size_t i = 0; i < sizeof(frame); i++) {
        frame[i] = (uint8_t)(i + (size_t)pages);
    }
    if (pages > 1) {
        sum = grow(pages - 1, sum);
    }
    for (size_t i = 0; i < sizeof(frame); i++) {
        CHECK(frame[i] == (uint8_t)(i + (size_t)pages));
        sum += frame[i];
    }
    return sum;
}

static void pt_grow_stack(void)
{
    CHECK(grow(3, 0) > 0);
}

/* The kernel writes to a part of the stack that was never touched. */
static void pt_grow_stk_sc(void)
{
    uintptr_t bottom = top_page() + PAGE_BYTES - STACK_BYTES;
    int file = open_checked("sample.bin");

    CHECK(file_read(file, (void *)bottom, PAGE_BYTES) == (int)PAGE_BYTES);
    check_sample((const uint8_t *)bottom, 0, PAGE_BYTES, 0);
    CHECK(file_read(file, (void *)(bottom - PAGE_BYTES), 1) == -EINVARG);
    CHECK(file_close(file) == 0);
}

static void pt_grow_bad(void)
{
    uintptr_t bottom = top_page() + PAGE_BYTES - STACK_BYTES;

    CHECK(status_of_touch(bottom, true) == 0);
    CHECK(status_of_touch(bottom - 1, true) == SIGNAL_SEGV);
    CHECK(status_of_touch(bottom - 1, false) == SIGNAL_SEGV);
    CHECK(status_of_touch(top_page() + PAGE_BYTES, false) == SIGNAL_SEGV);
}

static void pt_write_code(void)
{
    CHECK(status_of_touch((uintptr_t)pt_write_code, false) == 0);
    CHECK(status_of_touch((uintptr_t)pt_write_code, true) == SIGNAL_SEGV);
}

/* The kernel is not to do it for the program. */
static void pt_write_code2(void)
{
    int file = open_checked("sample.bin");

    CHECK(file_read(file, (void *)(uintptr_t)pt_write_code2, 1) == -EINVARG);
    CHECK(file_close(file) == 0);
}

static const struct theme themes[] = {
    {"pt-grow-stack", pt_grow_stack},   {"pt-grow-stk-sc", pt_grow_stk_sc},
    {"pt-grow-bad", pt_grow_bad},       {"pt-write-code", pt_write_code},
    {"pt-write-code2", pt_write_code2},
};

int main(int argc, char **argv)
{
    return RUN_THEME(argc, argv, themes);
}
