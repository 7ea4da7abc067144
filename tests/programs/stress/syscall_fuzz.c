/*
 * syscall_fuzz.c - makes system calls of any kind with any arguments, and never minds what happens
 * to it. tests/kernel/test_syscall_fuzz.c starts it again and again, and looks at the kernel.
 *
 *   argv[1]   seed of the random numbers
 *   argv[2]   how many calls; then it exits
 */
#include <drupe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../bad_pointers.h"
#include "../check.h"
#include "abi/mapping.h"
#include "abi/volume.h"
#include "layout.h"

#define CALLS_DEFAULT    100
#define CALLS_MAX        4000
#define HELD_MAX         16 /* results of malloc, and as many mappings */
#define MAPPED_PAGES_MAX 32
#define FORKED_CALLS     200 /* a copy makes fewer than that, then it exits */
#define PROCESSES_MAX    12  /* with so many, none starts another */
#define COUNT_OF(array)  (sizeof(array) / sizeof((array)[0]))
#define ADDRESS(pointer) ((uintptr_t)(pointer))
#define ONE_IN(n)        (random_number() % (n) == 0)

static uint32_t state;
static int calls_left;
static uintptr_t held[HELD_MAX], mapped[HELD_MAX];
static uint8_t arena[3 * PAGE_SIZE_BYTES];
static struct command_argument good, with_argument[2], cyclic, unterminated, lost;
static const char *good_strings[] = {"fuzz.elf", "7", "50", NULL};
static const char *bad_strings[] = {"fuzz.elf", NULL, NULL};

/* xorshift (Marsaglia, 2003) */
static uint32_t random_number(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* A 64-bit program's are as often those of 32 bits. */
static uintptr_t any_word(void)
{
    uint64_t upper = IS_64_BIT && ONE_IN(2) ? random_number() : 0;

    return (uintptr_t)(upper << 32 | random_number());
}

/* The edges of everything that layout.h names, and of the machine. */
static const uintptr_t edges[] = {0,
                                  PAGE_SIZE_BYTES,
                                  BOOT_SECTOR_ADDRESS,
                                  HEAP_TABLE_ADDRESS,
                                  HEAP_TABLE_AREA_END,
                                  VGA_TEXT_ADDRESS,
                                  KERNEL_ADDRESS,
                                  USER_STACK_GUARD,
                                  USER_STACK_BOTTOM,
                                  USER_STACK_TOP,
                                  USER_PROGRAM_ADDRESS,
                                  USER_PROGRAM_ADDRESS + 0x1000,
                                  USER_PROGRAM_END,
                                  HEAP_ADDRESS,
                                  FRAME_ZONE_ADDRESS,
                                  FRAME_ZONE_END,
                                  PROCESS_HEAP_ADDRESS + 0x400000,
                                  PROCESS_HEAP_END,
                                  MMIO_ADDRESS,
                                  0xFEE00000,
                                  0xFFFFF000};

static const uintptr_t sizes[] = {
    0,          1,          2,          24,         511,        512,
    4095,       4096,       4097,       8192,       65536,      0x00400000,
    0x7FFFFFFF, 0x80000000, 0xFFFFF000, 0xFFFFFFFE, 0xFFFFFFFF, UINTPTR_MAX / 2,
    UINTPTR_MAX};

static const char *const names[] = {"exit.elf",
                                    "0:/init.elf",
                                    "fuzz.elf",
                                    "/",
                                    "0:/",
                                    "nobody.elf",
                                    "",
                                    "1:/exit.elf",
                                    "0:/exit.elf/x",
                                    "exit.elf/",
                                    "toolongname.elf",
                                    "fuzz64.elf"};

/* What may be made, renamed and removed: on the disk, in memory, and where nothing may be. */
static const char *const own_names[] = {"a",        "b",
                                        "b/c",      "b/d",
                                        "b/",       "0:/A name that is long.txt",
                                        "1:/a",     "1:/b",
                                        "1:/b/c",   "/tmp/b/../\xC3\xA4",
                                        "/tmp/b/d", "1:/5:",
                                        "..",       "/tmp",
                                        "/dev",     "/dev/null",
                                        "1:/",      "fuzz.elf"};

/* Of these, those that are marked as read-only, and not any more. */
static const char *const marked_names[] = {"a", "b/c", "1:/a", "1:/b/c", "/tmp/b/d"};

static uintptr_t any_pointer(void)
{
    switch (random_number() % 8) {
    case 0: return edges[random_number() % COUNT_OF(edges)] + random_number() % 9 - 4;
    case 1:
        return ONE_IN(2) ? any_word()
                         : bad_pointers[random_number() % BAD_POINTERS] + random_number() % 9 - 4;
    case 2: /* the end of what is mapped after the program */
        return ((ADDRESS(arena + sizeof(arena)) | 0xFFF) + 1) - random_number() % 40;
    case 3: return ADDRESS(names[random_number() % COUNT_OF(names)]);
    case 4:
        return (ONE_IN(2) ? held : mapped)[random_number() % HELD_MAX] +
               (ONE_IN(2) ? 0 : random_number() % 9000);
    default: return ADDRESS(arena) + random_number() % sizeof(arena);
    }
}

static uintptr_t any_size(void)
{
    return ONE_IN(3) ? sizes[random_number() % COUNT_OF(sizes)] : random_number() % 5000;
}

static uintptr_t any_number(void)
{
    switch (random_number() % 6) {
    case 0: return any_word();
    case 1: return sizes[random_number() % COUNT_OF(sizes)];
    case 2: return any_pointer();
    case 3: return (uintptr_t)0 - random_number() % 20;
    default: return random_number() % 24;
    }
}

static uintptr_t any_list(void)
{
    struct command_argument *const lists[] = {&good, with_argument, &cyclic, &unterminated, &lost};

    return ONE_IN(4) ? any_pointer() : ADDRESS(lists[random_number() % COUNT_OF(lists)]);
}

static uintptr_t any_path(void)
{
    return ONE_IN(4) ? any_pointer() : ADDRESS(names[random_number() % COUNT_OF(names)]);
}

static uintptr_t any_own_path(void)
{
    return ONE_IN(16) ? any_path() : ADDRESS(own_names[random_number() % COUNT_OF(own_names)]);
}

static uintptr_t any_descriptor(void)
{
    return ONE_IN(8) ? any_number() : 3 + random_number() % 8;
}

/* Of a file: mostly where there is something, or a little behind. */
static uint64_t any_position(void)
{
    switch (random_number() % 16) {
    case 0: return (uint64_t)any_word() << 32 | any_word();
    case 1: return INT64_MAX - random_number() % 3;
    case 2: return any_size();
    default: return random_number() % 20000;
    }
}

/* Where a 64-bit number is to be read from. */
static uintptr_t number_at(const uint64_t *number)
{
    return ONE_IN(16) ? any_pointer() : ADDRESS(number);
}

/* Strings for a program: good ones, one that is nowhere, none, no array, one without an end. */
static uintptr_t any_strings(void)
{
    bad_strings[1] = (const char *)any_pointer();
    switch (random_number() % 8) {
    case 0: return any_pointer();
    case 1: return ADDRESS(bad_strings);
    case 2: return ADDRESS(&good_strings[3]);
    case 3: return 0;
    default: return ADDRESS(good_strings);
    }
}

static intptr_t call(uintptr_t command, uintptr_t a, uintptr_t b, uintptr_t c)
{
    return system_call(command, a, b, c);
}

/* The child's own seed and number of calls. */
static void prepare_list(struct command_argument *list)
{
    strcpy(list->argument, !ONE_IN(8)               ? "exit.elf"
                           : IS_64_BIT && ONE_IN(2) ? "fuzz64.elf"
                                                    : "fuzz.elf");
    strcpy(with_argument[1].argument, "1");
    with_argument[1].argument[0] = (char)('1' + random_number() % 9);
    with_argument[0].next = &with_argument[1];
    with_argument[1].next = NULL;
    cyclic.next = &cyclic;
    memset(unterminated.argument, 'u', sizeof(unterminated.argument));
    lost.next = (struct command_argument *)any_pointer();
}

static bool is_crowded(void)
{
    return call(SYSCALL_PROCESS_LIST, ADDRESS(arena), 0, 0) >= PROCESSES_MAX;
}

/* One call that starts a program. */
static void start_something(uint32_t command)
{
    if (is_crowded()) {
        call(SYSCALL_WAIT, (uint32_t)WAIT_ANY, 0, 0);
        return;
    }
    prepare_list(ONE_IN(2) ? &good : with_argument);
    if (command == SYSCALL_PROCESS_LOAD_START) {
        call(command, any_path(), 0, 0);
    } else {
        call(command, any_list(), ONE_IN(4) ? any_number() : random_number() % 4, 0);
    }
}

/* ---------------------------------------------------------------- fork */

/* What fork gave. A copy has other numbers before it than the one it was copied from. */
static void forked(intptr_t result)
{
    if (result == 0) {
        state = (state ^ (uint32_t)call(SYSCALL_GETPID, 0, 0, 0)) * 2654435761u | 1;
        calls_left = (int)(random_number() % FORKED_CALLS);
    }
}

static void fork_or_wait(void)
{
    if (is_crowded()) {
        call(SYSCALL_WAIT, (uint32_t)WAIT_ANY, 0, 0);
    } else {
        forked(call(SYSCALL_FORK, 0, 0, 0));
    }
}

/* ---------------------------------------------------------------- mappings */

static uintptr_t any_page(void)
{
    return (ONE_IN(3) ? any_pointer() : mapped[random_number() % HELD_MAX]) & ~(uintptr_t)0xFFF;
}

static size_t any_length(void)
{
    return ONE_IN(8) ? any_size() : random_number() % MAPPED_PAGES_MAX * PAGE_SIZE_BYTES;
}

/* Shared or private, of nothing or of a file; now and then over something else, or what may not
 * be. */
static uint32_t any_flags(void)
{
    uint32_t flags = ONE_IN(2) ? MAPPING_SHARED : MAPPING_PRIVATE;

    flags |= ONE_IN(3) ? 0 : MAPPING_ANONYMOUS;
    flags |= ONE_IN(16) ? MAPPING_FIXED : 0;
    return ONE_IN(16) ? (uint32_t)any_number() : flags;
}

/* ---------------------------------------------------------------- files */

/* Who reads or writes a pipe mostly does not wait: else all would soon wait for each other. */
static void make_pipe(void)
{
    static int ends[2];
    static uint32_t flags = FILE_NO_WAIT;

    if (call(SYSCALL_PIPE, ONE_IN(16) ? any_pointer() : ADDRESS(ends), 0, 0) == 0 && !ONE_IN(16)) {
        call(SYSCALL_CONTROL, (uint32_t)ends[0], CONTROL_SET_FLAGS, ADDRESS(&flags));
        call(SYSCALL_CONTROL, (uint32_t)ends[1], CONTROL_SET_FLAGS, ADDRESS(&flags));
    }
}

static uint32_t any_open_flags(void)
{
    static const uint32_t bits[] = {OPEN_APPEND, OPEN_EXCLUSIVE, OPEN_TRUNCATE, OPEN_DIRECTORY};
    uint32_t flags = ONE_IN(3) ? OPEN_READ : OPEN_READ | OPEN_WRITE | OPEN_CREATE;

    if (ONE_IN(4)) {
        flags |= bits[random_number() % COUNT_OF(bits)];
    }
    return ONE_IN(16) ? (uint32_t)any_number() : flags;
}

static void transfer(uint32_t command)
{
    struct file_transfer what = {
        .position = any_position(),
        .buffer = any_pointer(),
        .length = any_size(),
    };

    call(command, any_descriptor(), ONE_IN(16) ? any_pointer() : ADDRESS(&what), 0);
}

/* A call about files that can be written. */
static void file_call(uint32_t command)
{
    static uint32_t flags;
    uint64_t number = any_position();
    uint64_t times[2] = {number, any_position()};
    uintptr_t path = any_own_path();

    switch (command) {
    case SYSCALL_PIPE: make_pipe(); break;
    case SYSCALL_DUPLICATE:
        call(command, any_descriptor(), any_descriptor(),
             ONE_IN(8) ? any_number() : ONE_IN(2) * FILE_LOWEST);
        break;
    case SYSCALL_WRITE_FILE: call(command, any_descriptor(), any_pointer(), any_size()); break;
    case SYSCALL_CONTROL: /* the console's own flags are not to stay as they are then */
        flags = ONE_IN(2) ? FILE_NO_WAIT : FILE_NO_WAIT | FILE_CLOSE_ON_EXECUTE;
        call(command, any_descriptor(), ONE_IN(8) ? any_number() : 1 + random_number() % 4,
             ONE_IN(8) ? any_pointer() : ADDRESS(&flags));
        break;
    case SYSCALL_OPEN_FILE: call(command, path, any_open_flags(), 0); break;
    case SYSCALL_READ_AT:
    case SYSCALL_WRITE_AT: transfer(command); break;
    case SYSCALL_SEEK_FILE:
        call(command, any_descriptor(), number_at(&number),
             ONE_IN(8) ? any_number() : random_number() % 3);
        break;
    case SYSCALL_RESIZE_FILE: call(command, any_descriptor(), number_at(&number), 0); break;
    case SYSCALL_RENAME: call(command, path, any_own_path(), 0); break;
    case SYSCALL_REMOVE:
        call(command, path, ONE_IN(8) ? any_number() : random_number() % 2, 0);
        break;
    case SYSCALL_MAKE_DIRECTORY: call(command, path, 0, 0); break;
    case SYSCALL_STAT_FILE:
        call(command, any_descriptor(), ONE_IN(2) ? 0 : path, any_pointer());
        break;
    case SYSCALL_LIST_DIRECTORY: call(command, any_descriptor(), any_pointer(), any_size()); break;
    case SYSCALL_SYNC_FILE:
        call(command, ONE_IN(32) ? (uint32_t)-1 : any_descriptor(), 0, 0);
        break;
    case SYSCALL_CHANGE_FOLDER: call(command, path, 0, 0); break;
    case SYSCALL_SET_READ_ONLY: /* the programs' files keep their mark */
        if (ONE_IN(2)) {
            call(command, any_descriptor(), 0, 1);
        } else {
            call(command, any_number(), ADDRESS(marked_names[random_number() % COUNT_OF(marked_names)]),
                 ONE_IN(2) ? any_number() : 0);
        }
        break;
    case SYSCALL_DESCRIPTOR_PATH: call(command, any_descriptor(), any_pointer(), any_size()); break;
    default: /* SET_TIMES */
        call(command, ONE_IN(4) ? 0 : path, ONE_IN(4) ? any_pointer() : ADDRESS(times),
             any_descriptor());
    }
}

static void map_in(uint32_t slot)
{
    struct memory_mapping mapping = {
        .address = ONE_IN(2) ? 0 : any_page(),
        .length = any_length(),
        .rights = ONE_IN(16) ? (uint32_t)any_number() : random_number() % 8,
        .flags = any_flags(),
        .descriptor = ONE_IN(8) ? (int32_t)any_number() : (int32_t)(3 + random_number() % 8),
        .reserved = ONE_IN(16),
        .offset = ONE_IN(8) ? any_number() : random_number() % 4 * PAGE_SIZE_BYTES,
    };

    if (mapped[slot] && !ONE_IN(4)) {
        call(SYSCALL_UNMAP, mapped[slot], MAPPED_PAGES_MAX * PAGE_SIZE_BYTES, 0);
    }
    intptr_t result = call(SYSCALL_MAP, ONE_IN(16) ? any_pointer() : ADDRESS(&mapping), 0, 0);

    mapped[slot] = syscall_is_error(result) ? 0 : (uintptr_t)result;
}

/* ---------------------------------------------------------------- all calls */

static void any_call(void)
{
    uint32_t command = random_number() % SYSCALL_COUNT;
    uint32_t slot = random_number() % HELD_MAX;
    uintptr_t path;

    switch (command) {
    case SYSCALL_PRINT: /* what is printed takes long */
        call(command, ONE_IN(8) ? any_pointer() : any_path(), 0, 0);
        break;
    case SYSCALL_WRITE:
        call(command, any_pointer(), ONE_IN(16) ? any_size() : random_number() % 8, 0);
        break;
    case SYSCALL_MALLOC:
        if (held[slot] && !ONE_IN(4)) {
            call(SYSCALL_FREE, held[slot], 0, 0);
        }
        held[slot] = (uintptr_t)call(command, any_size(), 0, 0);
        break;
    case SYSCALL_FREE: call(command, ONE_IN(2) ? held[slot] : any_pointer(), 0, 0); break;
    case SYSCALL_BREAK:
        call(command,
             ONE_IN(4) ? any_number() : ((uintptr_t)(random_number() % 9) - 4) * PAGE_SIZE_BYTES, 0,
             0);
        break;
    case SYSCALL_PROCESS_LOAD_START:
    case SYSCALL_INVOKE_SYSTEM_COMMAND:
    case SYSCALL_SPAWN:
        if (ONE_IN(16)) {
            start_something(command);
        }
        break;
    case SYSCALL_EXIT:
    case SYSCALL_EXIT_STATUS:
    case SYSCALL_WAIT_KEY:
    case SYSCALL_EXIT_BY_SIGNAL:
        if (ONE_IN(160)) {
            call(command, any_number(), 0, 0);
        }
        break;
    case SYSCALL_FORK:
        if (ONE_IN(16)) {
            fork_or_wait();
        }
        break;
    case SYSCALL_EXECUTE:
        if (ONE_IN(32)) {
            call(command, any_path(), any_strings(), any_strings());
        }
        break;
    case SYSCALL_SPAWN_POSIX:
        if (ONE_IN(16) && !is_crowded()) {
            call(command, any_path(), any_strings(), any_strings());
        }
        break;
    case SYSCALL_SPAWN_PROGRAM:
        if (ONE_IN(8) && !is_crowded()) {
            struct spawn_request request = {
                .path = (const char *)any_path(),
                .arguments = (char *const *)any_strings(),
                .environment = (char *const *)any_strings(),
                .flags = ONE_IN(8) ? any_number() : random_number() % 4,
                .beside = ONE_IN(4) ? any_number() : 0,
            };

            call(command, ONE_IN(16) ? any_pointer() : ADDRESS(&request), 0, 0);
        }
        break;
    case SYSCALL_WAIT_POSIX:
        call(command, ONE_IN(2) ? (uint32_t)WAIT_ANY : any_number(), ONE_IN(2) ? 0 : any_pointer(),
             ONE_IN(4) ? any_number() : 1);
        break;
    case SYSCALL_MAP: map_in(slot); break;
    case SYSCALL_UNMAP:
    case SYSCALL_SYNC_MAPPING: call(command, any_page(), any_length(), 0); break;
    case SYSCALL_PROTECT:
        call(command, any_page(), any_length(), ONE_IN(8) ? any_number() : random_number() % 8);
        break;
    case SYSCALL_WAIT:
        call(command, ONE_IN(2) ? (uint32_t)WAIT_ANY : any_number(), ONE_IN(2) ? 0 : any_pointer(),
             0);
        break;
    case SYSCALL_SLEEP: call(command, ONE_IN(100) ? any_number() : 0, 0, 0); break;
    case SYSCALL_KILL:
        call(command,
             ONE_IN(3) ? any_number()
                       : (uint32_t)call(SYSCALL_GETPID, 0, 0, 0) +
                             !ONE_IN(128) * (1 + random_number() % 8),
             0, 0);
        break;
    case SYSCALL_KILL_FAMILY: /* its own, seldom; or of somebody that it started, maybe as a job */
        call(command,
             ONE_IN(3) ? any_number()
                       : (uint32_t)call(SYSCALL_GETPID, 0, 0, 0) +
                             !ONE_IN(64) * (1 + random_number() % 8),
             0, 0);
        break;
    case SYSCALL_TIME_OF_DAY: call(command, any_pointer(), 0, 0); break;
    case SYSCALL_GET_FOLDER: call(command, any_pointer(), any_size(), 0); break;
    case SYSCALL_VOLUMES:
        call(command, ONE_IN(8) ? any_number() : random_number() % 12, any_pointer(), 0);
        break;
    case SYSCALL_PIPE:
    case SYSCALL_DUPLICATE:
    case SYSCALL_WRITE_FILE:
    case SYSCALL_CONTROL:
    case SYSCALL_SET_READ_ONLY:
    case SYSCALL_DESCRIPTOR_PATH:
    case SYSCALL_OPEN_FILE:
    case SYSCALL_READ_AT:
    case SYSCALL_WRITE_AT:
    case SYSCALL_SEEK_FILE:
    case SYSCALL_RESIZE_FILE:
    case SYSCALL_RENAME:
    case SYSCALL_REMOVE:
    case SYSCALL_MAKE_DIRECTORY:
    case SYSCALL_STAT_FILE:
    case SYSCALL_LIST_DIRECTORY:
    case SYSCALL_SYNC_FILE:
    case SYSCALL_CHANGE_FOLDER:
    case SYSCALL_SET_TIMES: file_call(command); break;
    case SYSCALL_MEMORY_FIGURES: /* reads the heap's whole table */
        if (ONE_IN(4)) {
            call(command, any_pointer(), any_size(), 0);
        }
        break;
    case SYSCALL_MEMORY_LOOK:
        call(command, ONE_IN(8) ? any_number() : random_number() % 8, any_number(),
             ONE_IN(4) ? 0 : any_pointer());
        break;
    case SYSCALL_PROCESS_LIST: call(command, any_pointer(), any_size(), 0); break;
    case SYSCALL_OPEN: /* sometimes more than there are descriptors */
        path = any_path();
        for (int i = ONE_IN(32) ? FILE_DESCRIPTORS_MAX + 1 : 1; i > 0; i--) {
            call(command, path, 0, 0);
        }
        break;
    case SYSCALL_READ:
        call(command, ONE_IN(8) ? any_number() : 3 + random_number() % 8, any_pointer(),
             any_size());
        break;
    case SYSCALL_SEEK:
        call(command, ONE_IN(8) ? any_number() : 3 + random_number() % 8, any_number(),
             ONE_IN(8) ? any_number() : random_number() % 3);
        break;
    case SYSCALL_STAT: call(command, any_path(), any_pointer(), 0); break;
    case SYSCALL_DESCRIPTOR_STAT:
    case SYSCALL_READ_DIRECTORY:
    case SYSCALL_CLOSE:
        call(command, ONE_IN(8) ? any_number() : 3 + random_number() % 16, any_pointer(), 0);
        break;
    default: /* of one or two numbers, and those that do not exist */
        if (ONE_IN(8)) {
            command = ONE_IN(2) ? SYSCALL_COUNT + random_number() % 4 : any_number();
        }
        call(command, any_number(), any_number(), any_number());
        break;
    }
}

/* The arguments where they must be, at the edge of where they may be, or nowhere. */
static void call_with_bad_stack(void)
{
    uint32_t command = random_number() % SYSCALL_COUNT;

    if (command == SYSCALL_EXIT || command == SYSCALL_WAIT_KEY ||
        (command == SYSCALL_FORK && is_crowded())) {
        return;
    }
    uintptr_t result = (ONE_IN(2) ? call_with_stack : gate_with_stack)(command, any_pointer());

    if (command == SYSCALL_FORK) {
        forked((intptr_t)result);
    }
}

int main(int argc, char **argv)
{
    calls_left = argc > 2 ? atoi(argv[2]) : CALLS_DEFAULT;
    if (calls_left > CALLS_MAX) { /* what EXECUTE found, anywhere, was no number of the test's */
        calls_left = CALLS_DEFAULT;
    }
    state = (argc > 1 ? (uint32_t)atoi(argv[1]) : 1) * 2654435761u | 1;
    prepare_list(&good);
    while (calls_left-- > 0) {
        if (ONE_IN(32)) {
            call_with_bad_stack();
        } else {
            any_call();
        }
    }
    return 0;
}
