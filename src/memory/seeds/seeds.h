/*
 * memory/seeds/seeds.h - the examples of the five documents that this kernel's memory management
 * grew from.
 *
 * Five kernels, each with a document on its memory manager: Icarius, Vana, MioOS, PeachOS, IncroOS.
 * For each there is a header NAME.h with that kernel's own names, as thin layers over Drupe's, and
 * a NAME.c that types the document's lines and compares what comes out with what the document says.
 * The rest of the kernel includes none of the five headers; this one is how it asks for the
 * examples.
 *
 * An example takes scratch memory and gives it back before it returns, so that every count is what
 * it was. It does not pause and runs fewer than 200,000 instructions, so nothing is left behind
 * when the program that asked for it ends, and no two examples run at a time.
 */
#ifndef MEMORY_SEEDS_SEEDS_H
#define MEMORY_SEEDS_SEEDS_H

#include <stddef.h>
#include <stdint.h>

/* The documents, in the order in which they are shown. */
enum seed {
    SEED_ICARIUS,
    SEED_VANA,
    SEED_MIO,
    SEED_PEACHOS,
    SEED_INCRO,
    SEEDS,
};

/*
 * Runs an example of a document and writes what it shows into text, NUL-terminated, at most size
 * bytes. The examples of a document are numbered from 0. Returns the length of the text; 0 behind
 * the last example; -EINVARG for a document that is none, -ENOMEM when there was not enough memory
 * for the example.
 */
int seeds_run(uint32_t seed, uint32_t example, char *text, size_t size);

/* ---------------------------------------------------------------- for the examples themselves */

/* 0, or -ENOMEM with all that it took given back. */
typedef int (*seed_example_t)(void);

struct seed_examples {
    const seed_example_t *list;
    size_t count;
};
extern const struct seed_examples seed_icarius_examples, seed_vana_examples, seed_mio_examples,
    seed_peachos_examples, seed_incro_examples;

/* Text for the person: into the running example's text, or on the console when none runs. */
void seed_print(const char *text);
void seed_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A line with a value that the document, or the sense of it, determines. format has one conversion
 * for a uint32_t (%s: for a string) and no line break. When the value is another than expected, the
 * line says so:
 *     kmalloc(50): 2 blocks  WRONG: expected "kmalloc(50): 1 blocks"
 */
void seed_number(const char *format, uint32_t value, uint32_t expected);
void seed_text(const char *format, const char *value, const char *expected);

/* The same for count bytes (16 at most) of a heap's table, in hexadecimal: "c1 01". */
void seed_bytes(const char *format, const uint8_t *bytes, size_t count, const char *expected);

/* ---------------------------------------------------------------- for the headers */

/* The five have 32 bits; IncroOS, which has 64, has no use for it. Of a pointer, as many bits as
 * they print and compare. For i386 that is all of it. */
static inline uint32_t seed_low(const void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

/* The pointer that such a number stands for: memory of a program, or a physical address. */
static inline void *seed_pointer(uint32_t number)
{
    return (void *)(uintptr_t)number;
}

/* To the five, memory is where its physical address says. Where the kernel sees it elsewhere, in
 * the direct map of x86_64, a pointer to it is accepted in place of that. */
void *seed_physical(const void *memory);

/* count frames side by side whose physical address is seed_low() of the pointer, as all of the five
 * managers assume: not those of i386's window, nor from 4 GiB on (layout.h). NULL when there are
 * none. */
void *seed_alloc_frames(size_t count);

/* How many frames are free when no empty slabs are kept for the next small objects: what an example
 * may compare before and after. */
size_t seed_free_frames(void);

#endif
