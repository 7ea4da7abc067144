/*
 * process/arguments.h - a command line on its way into a new program.
 *
 * Where it ends up: at the very top of the program's stack, from where command 8 finds it and C's
 * main() gets it.
 *
 *              top  +--------------------------------+
 *                   | the strings, one after another |
 *                   | argv[argc] = NULL              |
 *                   | argv[0] ...                    |  <- argv, a multiple of a word
 *                   | padding                        |
 *                   | 0                              |  <- stack pointer, a multiple of 16: where the
 *                   +--------------------------------+     program would go if it returned from its entry
 *
 * Pointers and the 0 are words of the program's: of 4 bytes or of 8.
 */
#ifndef PROCESS_ARGUMENTS_H
#define PROCESS_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "abi/syscalls.h"
#include "base/types.h"

struct arguments {
    uint32_t count;
    uint32_t bytes; /* of strings in use */
    char strings[ARGUMENTS_BYTES_MAX];
};

/*
 * No arguments yet; the caller owns it and ends it with arguments_free(). NULL when out of memory.
 */
struct arguments *arguments_new(void);
void arguments_free(struct arguments *arguments); /* NULL is fine */

/* Room for one more string of at most *size bytes with its NUL, to be written there and confirmed
 * by arguments_add(); NULL when there can be no more. */
char *arguments_next(struct arguments *arguments, size_t *size);

/* The string at arguments_next(), of that length without its NUL, is the next argument. */
void arguments_add(struct arguments *arguments, size_t length);

/*
 * Writes them into the zeroed page (as the kernel sees it) that will end at top, the end of the
 * program's stack, for a program whose words have word_bytes. Returns the program's first stack
 * pointer; *argv is where its argv lies. arguments NULL: none.
 */
vaddr_t arguments_place(const struct arguments *arguments, uint8_t *page, vaddr_t top,
                        size_t word_bytes, vaddr_t *argv);

#endif
