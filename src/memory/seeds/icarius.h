/*
 * memory/seeds/icarius.h - the names of Icarius's document, over Drupe's.
 *
 *   Icarius                        Drupe                       what differs, and why
 *   ---------------------------------------------------------------------------------------------------
 *   HeapDescriptor                 struct heap_table           one byte per block at 0x7E00 as there; the index
 *                                                              that makes it fast lies beside it
 *   kheap_descriptor               kheap_get()->table          also counts blocks for less RAM than 100 MiB
 *   kmalloc(size)                  kmalloc(size)               the best fitting run, not the first; 0 bytes: NULL
 *   kcalloc(size)                  kzalloc(size)               one argument; Drupe's kcalloc has two
 *   kfree(ptr)                     kfree(ptr)                  a wrong pointer is a panic with the caller's name
 *   PageDirectory, .directory      struct paging_4gb_chunk     its raw 1,024 entries; the chunk is found by them
 *   PAGE_PRESENT                   PAGING_IS_PRESENT
 *   PAGE_READ_WRITE                PAGING_IS_WRITEABLE
 *   PAGE_ACCESSED                  PAGING_ACCESSED             bit 5, as the CPU has it
 *   page_init_directory(self, f)   paging_new_4gb() and        linear as there, in 4 MiB pages: 12 KiB instead of
 *                                  paging_map_4mib()           4 MiB (x86_64: 32 KiB for the first 4 GiB). What
 *                                                              the kernel lives by stays Drupe's: page 0 and guard
 *                                                              pages fault, and on i386 0xC0000000 to 0xCFFFFFFF is
 *                                                              the kernel's window. No page is the user's. Without
 *                                                              memory .directory is NULL
 *   virt_address_map(d, v, p|f)    paging_map(chunk, v, p, f)  0, or a negative status (misaligned: -EINVARG);
 *                                                              PAGE_PRESENT is implied, and INVLPG follows
 *   page_switch(directory)         paging_switch(chunk)
 *   page_free_directory(self)      paging_free_4gb(chunk)      Drupe's: the document never gives one back
 *   kprintf(text), kprintf(f, ..)  printk()                    one argument is printed as it is, whatever is in it
 *   asm_do_sti()                   cpu_let_interrupts_in()     on for one instruction: Drupe's kernel code runs with
 *                                                              interrupts off, and so needs no locks
 *
 * A file includes one of the five headers at most, and after all others that it needs.
 */
#ifndef MEMORY_SEEDS_ICARIUS_H
#define MEMORY_SEEDS_ICARIUS_H

#include "arch/cpu.h"
#include "memory/heap/kheap.h"
#include "memory/paging/paging.h"
#include "memory/seeds/seeds.h"

/* ---------------------------------------------------------------- heap */

typedef HEAP_BLOCK_TABLE_ENTRY HeapEntry;
typedef struct heap_table HeapDescriptor;

#define kheap_descriptor (*kheap_get()->table)

/* kmalloc() and kfree() are Drupe's. */
#define kcalloc(size) kzalloc(size)

/* ---------------------------------------------------------------- paging */

#define PAGE_PRESENT    PAGING_IS_PRESENT
#define PAGE_READ_WRITE PAGING_IS_WRITEABLE
#define PAGE_ACCESSED   PAGING_ACCESSED

typedef page_entry_bits_t PageEntry;

typedef struct {
    PageEntry *directory; /* the root's entries, 1,024 on i386; NULL when there was no memory */
} PageDirectory;

/* flags: of every page; PAGE_... */
void page_init_directory(PageDirectory *self, uint8_t flags);
void page_free_directory(PageDirectory *self);

/* entry: the frame's physical address with the flags in its low 12 bits. */
int virt_address_map(PageEntry *directory, void *virt, uint32_t entry);

/* Makes it the address space in use; nothing happens for a directory that is none. */
void page_switch(PageEntry *directory);

/* ---------------------------------------------------------------- the rest */

/* Eight arguments at most. */
#define kprintf(...)                                                                   \
    SEED_ICARIUS_PICK(__VA_ARGS__, seed_printf, seed_printf, seed_printf, seed_printf, \
                      seed_printf, seed_printf, seed_printf, seed_print, 0)            \
    (__VA_ARGS__)
#define SEED_ICARIUS_PICK(a, b, c, d, e, f, g, h, name, ...) name

static inline void asm_do_sti(void)
{
    cpu_let_interrupts_in();
}

#endif
