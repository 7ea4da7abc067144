/*
 * random.c - commands in random order with arguments that are often nearly right. Nothing is
 * expected of their results: the kernel must live, and get everything back.
 *
 * The same seeds give the same calls each time. Such a program may well damage itself: any end of
 * it will do. Files are another matter: calls that change any work in a folder of the drive in
 * memory, which is removed at the end, and never on the user's disk.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/volume.h"
#include "support.h"
#include "tests.h"

#define CALLS      1500
#define PROGRAMS   12
#define FOLDER     "1:/calls"
#define PATH_BYTES 1024

static uint32_t next_random(uint32_t *state) /* xorshift, never 0 */
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* What looks like something: a buffer, a path, a command line, numbers at edges. */
static struct {
    uint8_t buffer[2 * PAGE_BYTES];
    struct command_argument command[3];
    uintptr_t taken[8]; /* memory, descriptors, pids: results of earlier calls */
} things;

static bool is_foreign(uintptr_t address)
{
    for (size_t i = 0; i < foreign_address_count; i++) {
        if (foreign_addresses[i] == address) {
            return true;
        }
    }
    return false;
}

static uintptr_t random_argument(uint32_t *state)
{
    static const uint32_t edges[] = {0,          1,          2,          3,          4,
                                     5,          16,         19,         512,        4095,
                                     4096,       4097,       0x7FFFFFFF, 0x80000000, 0x80001000,
                                     0xBFFFFFFF, 0xC0000000, 0xFFFFF000, 0xFFFFFFFF, 0x3FEFFF};
    static const char *const paths[] = {"0:/", "plain.txt", "0:/nobody", "", "init.elf"};
    uint32_t choice = next_random(state);

    switch (choice >> 8 & 7) {
    case 0: return next_random(state);
    case 1: return edges[(choice >> 16) % COUNT_OF(edges)];
    case 2: return foreign_addresses[(choice >> 16) % foreign_address_count];
    case 3: return ADDRESS(paths[(choice >> 16) % COUNT_OF(paths)]);
    case 4: return ADDRESS(things.command);
    case 5: return things.taken[(choice >> 16) % COUNT_OF(things.taken)];
    case 6: return (choice >> 16) % 40;
    default: return ADDRESS(things.buffer) + (choice >> 16) % sizeof(things.buffer);
    }
}

/* Do those arguments of the command name what it changes? */
static bool changes_files(uint32_t command, size_t argument)
{
    switch (command) {
    case SYSCALL_OPEN_FILE:
    case SYSCALL_REMOVE:
    case SYSCALL_MAKE_DIRECTORY:
    case SYSCALL_SET_TIMES:
    case SYSCALL_CHANGE_FOLDER: return argument == 0; /* where names without a folder then are */
    case SYSCALL_SET_READ_ONLY: return argument == 1; /* so it is never a descriptor's file */
    case SYSCALL_RENAME: return argument < 2;
    default: return false;
    }
}

/* The same kind of path, in the folder. */
static uintptr_t harmless_path(uintptr_t argument)
{
    static const char *const paths[] = {FOLDER, FOLDER "/plain.txt", FOLDER "/nobody", "a"};

    return argument < ADDRESS(things.buffer) ||
                   argument >= ADDRESS(things.buffer) + sizeof(things.buffer)
               ? ADDRESS(paths[argument % COUNT_OF(paths)])
               : argument;
}

/* Those that end this program, wait for a key, or fill the screen are left out. */
static bool is_left_out(uint32_t command, uintptr_t argument)
{
    return (command == SYSCALL_MEMORY_LOOK && argument == MEMORY_LOOK_TRACE) ||
           command == SYSCALL_PRINT || command == SYSCALL_PUTCHAR || command == SYSCALL_WRITE ||
           command == SYSCALL_EXIT || command == SYSCALL_EXIT_STATUS || command == SYSCALL_WAIT_KEY;
}

/* Would that wait for ever: for a key, or for what only this program could write to its own pipe?
 * Pipes can be told not to. */
static bool is_endless(uint32_t command, uintptr_t descriptor)
{
    uint32_t flags, mode;

    if ((command != SYSCALL_READ && command != SYSCALL_WRITE_FILE) ||
        syscall_control((int)descriptor, CONTROL_GET_FLAGS, &flags) < 0) {
        return false;
    }
    flags |= FILE_NO_WAIT;
    return syscall_control((int)descriptor, CONTROL_GET_MODE, &mode) == 0 ||
           syscall_control((int)descriptor, CONTROL_SET_FLAGS, &flags) < 0;
}

/* Would that end a process of usertest that others wait for? All of them are one family. */
static bool is_murder(uint32_t command, uintptr_t pid)
{
    struct process_info info, own;

    if ((command != SYSCALL_KILL && command != SYSCALL_KILL_FAMILY) ||
        !find_process((int)pid, &info) || !find_process(call_getpid(), &own)) {
        return false;
    }
    return command == SYSCALL_KILL ? info.parent != own.pid
                                   : info.family == own.family && own.family != 0;
}

/* "calls SEED" */
static int role_calls(int argc, char **argv)
{
    uint32_t state = argc > 1 ? (uint32_t)atoi(argv[1]) : 1;

    strcpy(things.command[0].argument, "0:/");
    strcat(things.command[0].argument, own_name());
    if (syscall_change_folder(FOLDER) < 0) {
        return 1;
    }
    strcpy(things.command[1].argument, "--role");
    strcpy(things.command[2].argument, "exit");
    for (int i = 0; i < CALLS; i++) {
        uint32_t command = next_random(&state) >> 8;
        uintptr_t arguments[3];

        command = command % 64 == 63 ? next_random(&state) : command % SYSCALL_COUNT;
        for (size_t j = 0; j < COUNT_OF(arguments); j++) {
            arguments[j] = random_argument(&state);
            if (changes_files(command, j) && !is_foreign(arguments[j])) {
                arguments[j] = harmless_path(arguments[j]);
            }
        }
        if (is_left_out(command, arguments[0]) || is_endless(command, arguments[0]) ||
            is_murder(command, arguments[0])) {
            continue;
        }
        if (command == SYSCALL_SLEEP) {
            arguments[0] %= 3;
        }
        things.command[0].next = &things.command[1]; /* as it may have been overwritten */
        things.command[1].next = &things.command[2];
        things.command[2].next = NULL;
        things.taken[i % (int)COUNT_OF(things.taken)] =
            (uintptr_t)system_call(command, arguments[0], arguments[1], arguments[2]);
    }
    return 0;
}

/* Removes all that is in the folder at path, and the folder. */
/* NOLINTNEXTLINE(misc-no-recursion): not deeper than a path has names */
static void remove_folder(char *path)
{
    static uint64_t buffer[512]; /* of the folder that was read last */
    const struct directory_record *record = (const void *)buffer;
    size_t length = strlen(path);

    for (;;) {
        int folder = (int)syscall_open_file(path, OPEN_READ | OPEN_DIRECTORY);

        CHECK(folder >= 0);
        intptr_t bytes = syscall_list_directory(folder, buffer, sizeof(buffer));
        CHECK_EQUAL(syscall_close(folder), 0);
        CHECK(bytes >= 0);
        if (bytes == 0) {
            break;
        }
        CHECK(length + 1 + strlen(record->name) < PATH_BYTES);
        path[length] = '/';
        strcpy(path + length + 1, record->name);
        if (record->kind == FILE_IS_DIRECTORY) {
            remove_folder(path);
        } else {
            CHECK_EQUAL(syscall_set_read_only(-1, path, 0), 0);
            CHECK_EQUAL(syscall_remove(path, REMOVE_FILE), 0);
        }
        path[length] = '\0';
    }
    CHECK_EQUAL(syscall_remove(path, REMOVE_DIRECTORY), 0);
}

static uint32_t count_processes(void)
{
    struct memory_figures figures;

    CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, ADDRESS(&figures), sizeof(figures), 0), 0);
    return figures.processes;
}

/* How long those may run that the programs have started: longer, and they are left behind. */
#define LEFT_MILLISECONDS 10000

static void random_calls(void)
{
    static char folder[PATH_BYTES] = FOLDER;
    uint32_t before = count_processes();
    int pids[PROGRAMS];

    CHECK_EQUAL(syscall_make_directory(FOLDER), 0);
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        pids[i] = spawn_role("calls", number(i * 7919 + 1));
    }
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        CHECK_EQUAL(call_wait(pids[i], NULL), pids[i]);
    }
    /* Those that they have started may still make files in the folder. */
    for (int waited = 0; count_processes() > before && waited < LEFT_MILLISECONDS; waited += 10) {
        call_sleep(10);
    }
    remove_folder(folder);
}

const struct role random_roles[] = {
    {"calls", role_calls},
    {0},
};

const struct test random_tests[] = {
    {"random_calls", random_calls, 0, 0},
    {0},
};
