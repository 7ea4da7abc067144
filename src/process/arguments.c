/*
 * process/arguments.c - see arguments.h.
 *
 * Size before speed.
 */
#include "process/arguments.h"

#include "base/align.h"
#include "base/status.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"

#define STACK_ALIGNMENT 16 /* System V ABI, both: i386 section 2.3.1, x86-64 section 3.4.1 */

_Static_assert(sizeof(struct arguments) <= PAGE_SIZE_BYTES, "struct arguments is one block");

struct arguments *arguments_new(void)
{
    struct arguments *arguments = kmalloc(sizeof(*arguments));

    if (arguments) {
        arguments->count = 0;
        arguments->arguments = UINT32_MAX; /* all */
        arguments->bytes = 0;
        arguments->capacity = sizeof(arguments->first);
        arguments->strings = arguments->first;
    }
    return arguments;
}

void arguments_free(struct arguments *arguments)
{
    if (arguments && arguments->strings != arguments->first) {
        kfree(arguments->strings);
    }
    kfree(arguments);
}

char *arguments_next(struct arguments *arguments, size_t *size)
{
    *size = arguments->capacity - arguments->bytes;
    return arguments->count < ARGUMENTS_MAX ? arguments->strings + arguments->bytes : NULL;
}

int arguments_grow(struct arguments *arguments)
{
    char *larger;

    if (arguments->capacity == ARGUMENTS_BYTES_MAX) {
        return -E2BIG;
    }
    larger = kmalloc(ARGUMENTS_BYTES_MAX);
    if (!larger) {
        return -ENOMEM;
    }
    memcpy(larger, arguments->first, arguments->bytes);
    arguments->strings = larger;
    arguments->capacity = ARGUMENTS_BYTES_MAX;
    return OK;
}

void arguments_add(struct arguments *arguments, size_t length)
{
    arguments->bytes += length + 1;
    arguments->count++;
}

void arguments_end(struct arguments *arguments)
{
    arguments->arguments = arguments->count;
}

uint32_t arguments_count(const struct arguments *arguments)
{
    return arguments ? MIN(arguments->count, arguments->arguments) : 0;
}

/* ---------------------------------------------------------------- on the stack */

/* The words: a pointer for each string, NULL behind argv and behind envp, and the 0 below. */
#define OTHER_WORDS 3

bool arguments_fit(const struct arguments *arguments, size_t stack_bytes, size_t word_bytes)
{
    return !arguments ||
           ALIGN_UP(arguments->bytes, word_bytes) + word_bytes * (arguments->count + OTHER_WORDS) <=
               stack_bytes / ARGUMENTS_STACK_PART;
}

/* Where a row of bytes is being written, upward. */
struct writer {
    arguments_memory *memory;
    void *stack;
    vaddr_t address;
    uint8_t *here; /* as the kernel sees address; NULL: to be asked for */
};

static void write_bytes(struct writer *writer, const void *bytes, size_t length)
{
    const uint8_t *from = bytes;

    while (length > 0) {
        size_t part = MIN(length, PAGE_SIZE_BYTES - (size_t)(writer->address % PAGE_SIZE_BYTES));

        if (!writer->here) {
            writer->here = writer->memory(writer->stack, writer->address);
        }
        memcpy(writer->here, from, part);
        from += part;
        length -= part;
        writer->address += part;
        writer->here = writer->address % PAGE_SIZE_BYTES ? writer->here + part : NULL;
    }
}

/* The words from the stack pointer on, of which those before argv are 0. */
static void write_words(struct writer *writer, const struct arguments *arguments, vaddr_t string,
                        size_t word_bytes, vaddr_t argv)
{
    static const uint64_t zero;
    uint32_t count = arguments ? arguments->count : 0;
    const char *text = arguments ? arguments->strings : NULL;

    while (writer->address < argv) {
        write_bytes(writer, &zero, word_bytes);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t word = string + (vaddr_t)(text - arguments->strings);

        if (i == arguments_count(arguments)) {
            write_bytes(writer, &zero, word_bytes); /* argv's end */
        }
        write_bytes(writer, &word, word_bytes); /* little-endian: the lower half, or all of it */
        text += strlen(text) + 1;
    }
    /* The rest of the stack is zeroed: the last NULLs are there. */
}

vaddr_t arguments_place(const struct arguments *arguments, arguments_memory *memory, void *stack,
                        vaddr_t top, size_t word_bytes, vaddr_t *argv)
{
    uint32_t count = arguments ? arguments->count : 0;
    vaddr_t string = top - (arguments ? arguments->bytes : 0);
    struct writer writer = {.memory = memory, .stack = stack, .address = string};

    if (arguments) {
        write_bytes(&writer, arguments->strings, arguments->bytes);
    }
    *argv = ALIGN_DOWN(string, word_bytes) - word_bytes * (count + OTHER_WORDS - 1);

    vaddr_t pointer = ALIGN_DOWN(*argv - word_bytes, STACK_ALIGNMENT);

    writer.address = pointer;
    writer.here = NULL;
    write_words(&writer, arguments, string, word_bytes, *argv);
    return pointer;
}
