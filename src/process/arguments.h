/*
 * process/arguments.h - a command line, and an environment, on their way into a new program.
 *
 * Where they end up: at the very top of the program's stack, from where command 8 finds them and
 * C's main() gets them.
 *
 *              top  +--------------------------------+
 *                   | the strings, one after another |
 *                   | NULL                           |
 *                   | envp[0] ...                    |
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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/syscalls.h"
#include "base/types.h"

/* Of strings that fit without arguments_grow(): with the struct's other fields, less than a
 * page. */
#define ARGUMENTS_FIRST_BYTES 3072

struct arguments {
    uint32_t count;     /* of strings */
    uint32_t arguments; /* of these, arguments; the others are the environment's */
    uint32_t bytes;     /* of strings in use */
    uint32_t capacity;  /* of strings: ARGUMENTS_FIRST_BYTES or ARGUMENTS_BYTES_MAX */
    char *strings;      /* first, or a block of its own */
    char first[ARGUMENTS_FIRST_BYTES];
};

/*
 * No arguments yet; the caller owns it and ends it with arguments_free(). NULL when out of memory.
 */
struct arguments *arguments_new(void);
void arguments_free(struct arguments *arguments); /* NULL is fine */

/* Room for one more string of at most *size bytes with its NUL, to be written there and confirmed
 * by arguments_add(); NULL when there can be no more strings. *size may be 0. */
char *arguments_next(struct arguments *arguments, size_t *size);

/* Makes that room larger. 0, -ENOMEM, or -E2BIG when it is as large as it may be. */
int arguments_grow(struct arguments *arguments);

/* The string at arguments_next(), of that length without its NUL, is the next argument. */
void arguments_add(struct arguments *arguments, size_t length);

/* Those that are added from now on are the environment's. Without it, none is. */
void arguments_end(struct arguments *arguments);

/* How many arguments there are. */
uint32_t arguments_count(const struct arguments *arguments);

/* Can they lie on a stack of stack_bytes, a multiple of 64, of a program whose words have
 * word_bytes? arguments NULL: none. */
bool arguments_fit(const struct arguments *arguments, size_t stack_bytes, size_t word_bytes);

/* The kernel's address of the byte at address, of a stack that is zeroed. The bytes up to the end
 * of its page follow. */
typedef uint8_t *arguments_memory(void *stack, vaddr_t address);

/*
 * Writes them to the stack that ends at top, for a program whose words have word_bytes. Returns the
 * program's first stack pointer; *argv is where its argv lies. arguments NULL: none.
 */
vaddr_t arguments_place(const struct arguments *arguments, arguments_memory *memory, void *stack,
                        vaddr_t top, size_t word_bytes, vaddr_t *argv);

#endif
