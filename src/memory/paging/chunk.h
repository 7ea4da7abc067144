/*
 * memory/paging/chunk.h - an address space, as paging keeps it: paging.h says what can be done with
 * one.
 */
#ifndef MEMORY_PAGING_CHUNK_H
#define MEMORY_PAGING_CHUNK_H

#include <stddef.h>

#include "arch/page_table.h"
#include "base/list.h"

struct paging_4gb_chunk {
    /* the root's entries, raw; the CPU has page_physical() of it */
    page_entry_bits_t *directory_entry;
    struct list_node link;      /* on the list of all chunks */
    size_t own_tables;          /* that belong to this chunk alone, without the root */
    size_t resident;            /* the user's pages that are present; for those who map them */
    size_t promised_tables;     /* the next ones come out of pmm_promise(): they cannot fail */
    struct page_counts *counts; /* owned */
};

#endif
