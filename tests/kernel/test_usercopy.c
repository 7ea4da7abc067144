/*
 * tests/kernel/test_usercopy.c - the edges of a user's ranges. Behind two of them comes memory that
 * the kernel itself could touch without a fault, so only usercopy's own check keeps it out.
 */
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "syscall/usercopy.h"

#define USER_PAGE (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL)
#define LENGTH    64

static const struct {
    vaddr_t start, end;
} ranges[] = {
    {USER_STACK_BOTTOM, USER_STACK_TOP},
    {USER_PROGRAM_ADDRESS, USER_PROGRAM_END},
    {PROCESS_HEAP_ADDRESS, PROCESS_HEAP_END},
};

#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

/* An address space with the first and the last page of each range; ends the test when it cannot be
 * had. */
static struct paging_4gb_chunk *make_chunk(void *frame)
{
    struct paging_4gb_chunk *chunk = paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL);

    for (size_t i = 0; chunk && i < RANGES; i++) {
        void *phys = (void *)page_physical(frame);

        if (paging_map(chunk, (void *)ranges[i].start, phys, USER_PAGE) < 0 ||
            paging_map(chunk, (void *)(ranges[i].end - PAGE_SIZE_BYTES), phys, USER_PAGE) < 0) {
            return NULL;
        }
    }
    return chunk;
}

/* What is wrong at the range's edges; 0: nothing. */
static int look_at_edges(vaddr_t start, vaddr_t end)
{
    uint8_t bytes[LENGTH] = {1};

    if (copy_from_user(bytes, user_pointer(end - LENGTH), LENGTH) != OK ||
        copy_to_user(user_pointer(end - LENGTH), bytes, LENGTH) != OK ||
        copy_from_user(bytes, user_pointer(start), LENGTH) != OK ||
        copy_to_user(user_pointer(start), bytes, LENGTH) != OK) {
        return 1; /* what is inside */
    }
    for (uint32_t before_end = 0; before_end < LENGTH; before_end++) {
        if (copy_from_user(bytes, user_pointer(end - before_end), LENGTH) != -EINVARG ||
            copy_to_user(user_pointer(end - before_end), bytes, LENGTH) != -EINVARG) {
            return 2; /* what goes on behind the end */
        }
    }
    if (copy_from_user(bytes, user_pointer(start - 1), 2) != -EINVARG ||
        copy_to_user(user_pointer(start - 1), bytes, 2) != -EINVARG) {
        return 3; /* what begins before the start */
    }
    if (user_range_check(user_pointer(end - 1), 1) != OK ||
        user_range_check(user_pointer(end - 1), 2) != -EINVARG ||
        user_range_check_write(user_pointer(end - 1), 2) != -EINVARG ||
        user_range_check(user_pointer(end), 0) != OK ||
        user_range_check(user_pointer(end - 1), SIZE_MAX) != -EINVARG ||
        user_range_check_write(user_pointer(end - 1), (size_t)0 - end + 1) != -EINVARG) {
        return 4;
    }
    memset(bytes, 'x', LENGTH);
    copy_to_user(user_pointer(end - LENGTH), bytes, LENGTH);
    if (user_string_length(user_pointer(end - LENGTH), 4096) != -EINVARG ||
        user_string_length(user_pointer(end), 1) != -EINVARG) {
        return 5; /* a string that does not end inside */
    }
    bytes[LENGTH - 1] = '\0';
    copy_to_user(user_pointer(end - LENGTH), bytes, LENGTH);
    if (user_string_length(user_pointer(end - LENGTH), 4096) != LENGTH - 1 ||
        user_string_length(user_pointer(end - LENGTH), LENGTH - 1) != -EINVARG) {
        return 6; /* one that does; one that is longer than it may be */
    }
    return 0;
}

KTEST(usercopy_at_the_edges_of_every_range)
{
    struct paging_4gb_chunk *before = paging_current();
    void *frame = pmm_alloc_zeroed_page();
    struct paging_4gb_chunk *chunk = frame ? make_chunk(frame) : NULL;
    int wrong[RANGES];

    KEXPECT(chunk);
    paging_switch(chunk);
    for (size_t i = 0; i < RANGES; i++) {
        wrong[i] = look_at_edges(ranges[i].start, ranges[i].end);
    }
    paging_switch(before);
    paging_free_4gb(chunk);
    pmm_free_page(frame);
    KEXPECT(wrong[0] == 0);
    KEXPECT(wrong[1] == 0);
    KEXPECT(wrong[2] == 0);
}
