/*
 * attack.h - what harness, witness and attackers have in common.
 *
 * An attacker is a program that harness.c starts while witness.c runs. Its first comment says what
 * must become of it, and what comes on its command line; SYMBOL+N is an address in the kernel:
 *     " * Verdict: status N"      it ends with that; STATUS_KILLED: it goes on until it is killed
 *     " * Verdict on ARCH: ..."   what is different there
 *     " * Arguments: WORD ..."
 */
#ifndef ATTACK_H
#define ATTACK_H

#include <drupe.h>
#include <stdbool.h>
#include <string.h>

#include "abi/mapping.h"
#include "layout.h"
#include "own_map.h"

#define PAGE_BYTES       PAGE_SIZE_BYTES
#define ADDRESS(pointer) ((uintptr_t)(pointer))
#define COUNT_OF(array)  (sizeof(array) / sizeof((array)[0]))

#define STATUS_GENERAL_PROTECTION (STATUS_FAULT + 13)
#define STATUS_PAGE_FAULT         (STATUS_FAULT + 14)

/* What the witness ends with when all that it computed was right. */
#define STATUS_WITNESS 100

/* For attackers that must not succeed: 1, or how many things did, is no verdict of any. */
#define STATUS_SUCCEEDED 1

/* A pointer that the compiler knows nothing about, so that it warns of nothing. */
static inline volatile uint8_t *at(uintptr_t address)
{
    __asm__ volatile("" : "+r"(address));
    return (volatile uint8_t *)address;
}

/* A decimal number, which may be an address. */
static inline uintptr_t number_of(const char *text)
{
    uintptr_t number = 0;

    while (*text) {
        number = number * 10 + (uintptr_t)(*text++ - '0');
    }
    return number;
}

/* Calls what is there, with that selector for its code segment. far_call.asm has it for each word
 * size. */
void far_call(uintptr_t address, unsigned selector);

/* Memory of zeros, by MAP: MAPPING_PRIVATE or MAPPING_SHARED. Its address, or 0. */
static inline uintptr_t map_memory(size_t size, uint32_t rights, uint32_t flags)
{
    struct memory_mapping mapping = {
        .length = size,
        .rights = rights,
        .flags = flags | MAPPING_ANONYMOUS,
        .descriptor = -1,
    };
    intptr_t result = syscall_map(&mapping);

    return syscall_is_error(result) ? 0 : (uintptr_t)result;
}

#define WORDS_MAX 3

/* Starts the program that the first word names with the others; NULL ends them. Its pid, or an
 * error. What the harness starts begins a family; for attackers the flag must change nothing. */
static inline int start_words(const char *const words[WORDS_MAX])
{
    static struct command_argument items[WORDS_MAX];
    int count = 0;

    for (; count < WORDS_MAX && words[count]; count++) {
        string_copy(items[count].argument, words[count], COMMAND_ARGUMENT_BYTES);
        items[count].next = &items[count + 1];
    }
    items[count - 1].next = NULL;
    return process_spawn(items, SPAWN_FAMILY);
}

/* The same with at most one argument, or NULL. */
static inline int start(const char *name, const char *argument)
{
    return start_words((const char *const[WORDS_MAX]){name, argument});
}

/* The status of a child that has ended; what wait gave when there is none. */
static inline int status_of(int pid)
{
    int status = 0;
    int result = process_wait(pid, &status);

    return result == pid ? status : result;
}

#endif
