/*
 * process/arguments.c - see arguments.h.
 *
 * Size before speed.
 */
#include "process/arguments.h"

#include "base/align.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"

#define STACK_ALIGNMENT 16 /* System V ABI, both: i386 section 2.3.1, x86-64 section 3.4.1 */
#define WORD_BYTES_MAX  8

/* Strings, argv with its NULL, the 0 below and the padding fit one page, for the larger words,
 * too. */
_Static_assert(ARGUMENTS_BYTES_MAX + WORD_BYTES_MAX * (ARGUMENTS_MAX + 2) + WORD_BYTES_MAX +
                       STACK_ALIGNMENT <=
                   PAGE_SIZE_BYTES,
               "arguments fit the top page of the stack");
_Static_assert(sizeof(struct arguments) <= PAGE_SIZE_BYTES, "struct arguments is one block");

struct arguments *arguments_new(void)
{
    struct arguments *arguments = kmalloc(sizeof(*arguments));

    if (arguments) {
        arguments->count = 0;
        arguments->bytes = 0;
    }
    return arguments;
}

void arguments_free(struct arguments *arguments)
{
    kfree(arguments);
}

char *arguments_next(struct arguments *arguments, size_t *size)
{
    *size = ARGUMENTS_BYTES_MAX - arguments->bytes;
    if (arguments->count == ARGUMENTS_MAX || *size == 0) {
        return NULL;
    }
    return arguments->strings + arguments->bytes;
}

void arguments_add(struct arguments *arguments, size_t length)
{
    arguments->bytes += length + 1;
    arguments->count++;
}

vaddr_t arguments_place(const struct arguments *arguments, uint8_t *page, vaddr_t top,
                        size_t word_bytes, vaddr_t *argv)
{
    uint32_t count = arguments ? arguments->count : 0;
    uint32_t bytes = arguments ? arguments->bytes : 0;
    vaddr_t string = top - bytes;

    *argv = ALIGN_DOWN(string, word_bytes) - word_bytes * (count + 1);

    /* Where the program sees address a, the kernel sees page + (a - bottom). */
    vaddr_t bottom = top - PAGE_SIZE_BYTES;
    uint8_t *slot = page + (*argv - bottom);

    if (bytes) {
        memcpy(page + (string - bottom), arguments->strings, bytes);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t word = string;

        memcpy(slot, &word, word_bytes); /* little-endian: the lower half, or all of it */
        slot += word_bytes;
        string += strlen((const char *)page + (string - bottom)) + 1;
    }
    /* The page is zeroed: the NULLs are there. */
    return ALIGN_DOWN(*argv - word_bytes, STACK_ALIGNMENT);
}
