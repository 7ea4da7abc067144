/*
 * process/arguments.c - see arguments.h.
 *
 * Size before speed.
 */
#include "process/arguments.h"

#include "layout.h"
#include "base/align.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"

#define STACK_ALIGNMENT 16 /* System V ABI, i386 supplement, "Process Initialization" */

/* Strings, argv with its NULL, the 0 below and the padding fit one page. */
_Static_assert(ARGUMENTS_BYTES_MAX + 4 * (ARGUMENTS_MAX + 2) + 4 + STACK_ALIGNMENT <=
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

uint32_t arguments_place(const struct arguments *arguments, uint8_t *page, uint32_t *argv)
{
    uint32_t count = arguments ? arguments->count : 0;
    uint32_t bytes = arguments ? arguments->bytes : 0;
    uint32_t string = USER_STACK_TOP - bytes;

    *argv = ALIGN_DOWN(string, 4) - 4 * (count + 1);

    /* Where the program sees address a, the kernel sees page + (a - bottom). */
    uint32_t bottom = USER_STACK_TOP - PAGE_SIZE_BYTES;
    uint32_t *slots = (uint32_t *)(page + (*argv - bottom));

    if (bytes) {
        memcpy(page + (string - bottom), arguments->strings, bytes);
    }
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = string;
        string += strlen((const char *)page + (string - bottom)) + 1;
    }
    return ALIGN_DOWN(*argv - 4, STACK_ALIGNMENT); /* the page is zeroed: the NULLs are there */
}
