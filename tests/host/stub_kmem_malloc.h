/*
 * stub_kmem_malloc.h - kmem_alloc(), kmalloc() and company over malloc(), for tests of what lies
 * above them.
 */
#ifndef STUB_KMEM_MALLOC_H
#define STUB_KMEM_MALLOC_H

#include <stdbool.h>

/* How many objects and kmalloc()ed pages live. */
unsigned stub_kmem_live(void);

/* Lets the allocation number nth from now fail (1: the next one), once. 0: none. */
void stub_kmem_fail_at(unsigned nth);

/* The same, and all that follow it. */
void stub_kmem_fail_from(unsigned nth);

/* Has one failed since then? */
bool stub_kmem_has_failed(void);

/* What pmm_get_total_pages() and pmm_get_free_pages() say; 32,768 of each at first. */
void stub_pmm_set_pages(unsigned total, unsigned free);

#endif
