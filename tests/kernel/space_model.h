/*
 * tests/kernel/space_model.h - what an address space must be charged for, counted anew; and
 * processes that are memory only.
 */
#ifndef TESTS_KERNEL_SPACE_MODEL_H
#define TESTS_KERNEL_SPACE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "process/process.h"

/* A process of memory only, of init's family, with i386's map. Its space has no chunk when there is
 * no memory. */
struct process space_make_process(void);

/* area_add() of private pages. */
int space_add_area(struct address_space *space, vaddr_t start, vaddr_t end, page_rights_t rights,
                   enum area_kind kind);

/* Tables that have an entry, or that are needed for a page, as pages are seen one after the other,
 * in ascending order. */
struct space_tables {
    vaddr_t last[PAGE_LEVELS]; /* the latest of each level, by its number + 1; 0: none yet */
    uint32_t count;
};

/* The page at address needs its tables. */
void space_count_tables(struct space_tables *tables, vaddr_t address);

/* The pages that the areas, and the entries between them, say are charged; and the tables for them.
 * Only for spaces with i386's map. */
uint32_t space_count_charged(const struct address_space *space);

#endif
