/*
 * tests/programs/vm/vm.h - for the programs of this folder: each is a row of tests, named after
 * Pintos's or MIT's for the same theme, and `program.elf NAME` runs one of them in a process of its
 * own (tests/system/test_vm.py).
 *
 * Files: sample.bin has SAMPLE_BYTES bytes, of which byte i is sample_byte(i); sample2.bin the
 * same, each plus 1; empty.bin has none.
 */
#ifndef TESTS_PROGRAMS_VM_H
#define TESTS_PROGRAMS_VM_H

#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/mapping.h"

#define PAGE_BYTES   4096u
#define SAMPLE_PAGES 4
#define SAMPLE_BYTES (3 * PAGE_BYTES + 100)
#define SIGNAL_BUS   10
#define SIGNAL_SEGV  11

#define RO        MAPPING_READ
#define RW        (MAPPING_READ | MAPPING_WRITE)
#define OF_NOBODY (-1) /* anonymous memory */

/* Ends the program, and so the test, when condition is false. */
#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            printf("%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
            exit_status(1);                                                 \
        }                                                                   \
    } while (0)

struct theme {
    const char *name;
    void (*run)(void);
};

/* Runs the one that the arguments name. 0, or 2 when there is none. */
static inline int run_theme(int argc, char **argv, const struct theme *themes, size_t count)
{
    for (size_t i = 0; argc > 1 && i < count; i++) {
        if (strcmp(themes[i].name, argv[1]) == 0) {
            themes[i].run();
            return 0;
        }
    }
    return 2;
}

#define RUN_THEME(argc, argv, themes) \
    run_theme(argc, argv, themes, sizeof(themes) / sizeof((themes)[0]))

static inline uint8_t sample_byte(size_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

/* ---------------------------------------------------------------- children */

static inline int fork_checked(void)
{
    int pid = (int)syscall_fork();

    CHECK(pid >= 0);
    return pid;
}

/* POSIX's status of that child. */
static inline int status_of(int pid)
{
    int status = -1;

    CHECK(syscall_wait_posix(pid, &status, 0) == pid);
    return status;
}

/* What a child that reads, or writes, there ends with: 0, or a signal. */
static inline int status_of_touch(uintptr_t address, bool is_write)
{
    int pid = fork_checked();

    if (pid == 0) {
        volatile uint8_t *place = (volatile uint8_t *)address;
        uint8_t was = is_write ? 0 : *place;

        if (is_write) {
            *place = was;
        }
        exit_status(0);
    }
    return status_of(pid);
}

/* ---------------------------------------------------------------- mappings */

/* The address, or a status. */
static inline intptr_t map_at(uintptr_t address, size_t bytes, uint32_t rights, uint32_t flags,
                              int descriptor, uint64_t offset)
{
    struct memory_mapping mapping = {
        .address = address,
        .length = bytes,
        .rights = rights,
        .flags = flags | (descriptor == OF_NOBODY ? MAPPING_ANONYMOUS : 0),
        .descriptor = descriptor,
        .offset = offset,
    };

    return syscall_map(&mapping);
}

static inline uint8_t *map(size_t bytes, uint32_t rights, uint32_t flags, int descriptor)
{
    intptr_t result = map_at(0, bytes, rights, flags, descriptor, 0);

    CHECK(!syscall_is_error(result));
    return (uint8_t *)result;
}

static inline void unmap(void *address, size_t bytes)
{
    CHECK(syscall_unmap((uintptr_t)address, bytes) == 0);
}

static inline int open_checked(const char *path)
{
    int descriptor = file_open(path);

    CHECK(descriptor >= 0);
    return descriptor;
}

/* The bytes at `from` are those of sample.bin from byte `first` on, each plus `more`; zeros behind
 * its end. */
static inline void check_sample(const uint8_t *from, size_t first, size_t bytes, uint8_t more)
{
    for (size_t i = 0; i < bytes; i++) {
        uint8_t wanted = first + i < SAMPLE_BYTES ? (uint8_t)(sample_byte(first + i) + more) : 0;

        CHECK(from[i] == wanted);
    }
}

#endif
