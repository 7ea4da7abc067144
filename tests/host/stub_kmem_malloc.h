/*
 * stub_kmem_malloc.h - kmem_alloc() and company over malloc(), for tests of what lies above them.
 */
#ifndef STUB_KMEM_MALLOC_H
#define STUB_KMEM_MALLOC_H

/* How many objects live. */
unsigned stub_kmem_live(void);

/* Lets the allocation number nth from now fail (1: the next one), once. 0: none. */
void stub_kmem_fail_at(unsigned nth);

#endif
