/*
 * tests/kernel/test_usercopy.c - the edges of a user's ranges. Behind two of them comes memory that
 * the kernel itself could touch without a fault, so only usercopy's own check keeps it out.
 */
#include "debug/printk.h"
#include "fs/file_object.h"
#include "ktest.h"
#include "space_model.h"
#include "watching.h"
#include "layout.h"
#include "lib/string.h"
#include "base/status.h"
#include "syscall/usercopy.h"

#define LENGTH 64

static const struct {
    vaddr_t start, end;
} ranges[] = {
    {USER_STACK_BOTTOM, USER_STACK_TOP},
    {USER_PROGRAM_END - 2 * PAGE_SIZE_BYTES, USER_PROGRAM_END},
    {PROCESS_HEAP_ADDRESS, PROCESS_HEAP_ADDRESS + 2 * PAGE_SIZE_BYTES},
    {PROCESS_HEAP_END - 2 * PAGE_SIZE_BYTES, PROCESS_HEAP_END},
};

#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

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
        user_string_length(user_pointer(end - LENGTH), LENGTH - 1) != -EBOUNDS) {
        return 6; /* one that does; one that is longer than it may be */
    }
    return 0;
}

static int wrong[RANGES];

/* In a program's system call: its stack, and areas at the ends of all that it may have. Their pages
 * are not there until the kernel touches them. */
static void look_at_all_edges(uint32_t command)
{
    struct address_space *space = &process_current()->space;

    (void)command;
    if (wrong[0] >= 0) {
        return; /* the first call has done it */
    }
    for (size_t i = 0; i < RANGES; i++) {
        wrong[i] = i > 0 && space_add_area(space, ranges[i].start, ranges[i].end,
                                           PAGE_READ | PAGE_WRITE, AREA_MAPPING) != OK
                       ? 100
                       : look_at_edges(ranges[i].start, ranges[i].end);
    }
}

KTEST(usercopy_at_the_edges_of_every_range)
{
    static const struct watchers watchers = {.on_call = look_at_all_edges, .print_one_in = 1};
    struct process *process = NULL;

    KEXPECT(ktest_mount());
    KEXPECT(process_load("0:/init.elf", NULL, &process) == OK);
    memset(wrong, 0xFF, sizeof(wrong));
    watching_run(&watchers, process);
    process_destroy(process);
    KEXPECT(fs_unmount() == OK);
    for (size_t i = 0; i < RANGES; i++) {
        if (wrong[i] != 0) {
            printk("range %zu: %d\n", i, wrong[i]);
        }
        KEXPECT(wrong[i] == 0);
    }
}
