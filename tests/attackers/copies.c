/*
 * copies.c - owns pages, writes to all of them and forks, for ever; so does each copy. Argument:
 * how many pages;
 * 0: all that can be had, so that there is none for a copy.
 * Verdict: status 137
 * Arguments: 64
 */
#include <stdlib.h>

#include "attack.h"

#define PAGES     64u
#define PIECE_MAX (16u << 20)

/* Pieces of which each begins with the address of the one before it. */
struct piece {
    struct piece *next;
    size_t size;
};

static struct piece *own_all(void)
{
    struct piece *all = NULL;

    for (size_t size = PIECE_MAX; size >= PAGE_BYTES; size /= 2) {
        struct piece *piece;

        while ((piece = page_malloc(size)) != NULL) {
            *piece = (struct piece){all, size};
            all = piece;
        }
    }
    return all;
}

static struct piece *own(size_t pages)
{
    struct piece *piece = pages ? page_malloc(pages * PAGE_BYTES) : own_all();

    if (pages && piece) {
        piece->size = pages * PAGE_BYTES;
    }
    return piece;
}

static void write_to_all(const struct piece *piece)
{
    for (; piece; piece = piece->next) {
        for (size_t at_byte = PAGE_BYTES / 2; at_byte < piece->size; at_byte += PAGE_BYTES) {
            ++*at(ADDRESS(piece) + at_byte);
        }
    }
}

int main(int argc, char **argv)
{
    struct piece *pieces = own(argc > 1 ? (size_t)atoi(argv[1]) : PAGES);

    catch_interrupt(1);
    for (;;) {
        write_to_all(pieces);
        if (syscall_fork() < 0) {
            process_yield();
        }
    }
}
