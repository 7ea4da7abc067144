/*
 * attack.h - what harness, witness and attackers have in common.
 *
 * An attacker is a program that harness.c starts while witness.c runs. Its first comment says what
 * must become of it, and what comes on its command line; SYMBOL+N is an address in the kernel:
 *     " * Verdict: status N"      it ends with that; STATUS_KILLED: it goes on until it is killed
 *     " * Arguments: WORD ..."
 */
#ifndef ATTACK_H
#define ATTACK_H

#include <drupe.h>
#include <stdbool.h>
#include <string.h>

#include "layout.h"

#define PAGE_BYTES       PAGE_SIZE_BYTES
#define ADDRESS(pointer) ((uint32_t)(uintptr_t)(pointer))
#define COUNT_OF(array)  (sizeof(array) / sizeof((array)[0]))

#define STATUS_GENERAL_PROTECTION (STATUS_FAULT + 13)
#define STATUS_PAGE_FAULT         (STATUS_FAULT + 14)

/* What the witness ends with when all that it computed was right. */
#define STATUS_WITNESS 100

/* For attackers that must not succeed: 1, or how many things did, is no verdict of any. */
#define STATUS_SUCCEEDED 1

/* A pointer that the compiler knows nothing about, so that it warns of nothing. */
static inline volatile uint8_t *at(uint32_t address)
{
    __asm__ volatile("" : "+r"(address));
    return (volatile uint8_t *)address;
}

/* Starts a program with at most one argument, or NULL. Its pid, or an error. */
static inline int start(const char *name, const char *argument)
{
    static struct command_argument words[2];

    string_copy(words[0].argument, name, COMMAND_ARGUMENT_BYTES);
    words[0].next = argument ? &words[1] : NULL;
    if (argument) {
        string_copy(words[1].argument, argument, COMMAND_ARGUMENT_BYTES);
    }
    return process_spawn(words, 0);
}

/* The status of a child that has ended; what wait gave when there is none. */
static inline int status_of(int pid)
{
    int status = 0;
    int result = process_wait(pid, &status);

    return result == pid ? status : result;
}

#endif
