/*
 * process/address_space.h - what a process's addresses mean: areas, apart from each other.
 *
 *   AREA_PROGRAM   of the file: text, constants, data
 *   AREA_STACK     filled at first touch; a guard lies below it and above it
 *   AREA_BREAK     from the break's start to where it is
 *   AREA_MAPPING   mmap()
 *   AREA_GUARD     nobody may touch it, and nobody gets it
 *
 * An area of a file, or of memory that processes share, shows pages of an object
 * (fs/page_object.h). Private: the object's pages until the first write to one, which copies it.
 * Shared: always the object's.
 *
 * The memory of process_malloc() (process_memory.h) is no area: its book is the entries of the page
 * tables. It may lie wherever the process heap has no area. Which addresses of the process heap are
 * free, both kinds ask the same room (memory/area/room.h).
 *
 * What is promised is there
 *   A page that a process may come to own is charged when the promise is made: to its family, which has a limit,
 *   and to the machine (pmm_promise()). So is each page table that one of its areas may need. A touch then
 *   takes what was promised, and cannot fail for want of memory. `pages` counts what is charged:
 *
 *     - each page of an area that is_charged: private, and it can be written to, or once could
 *     - each page of an allocation of process_malloc()
 *     - each table that the chunk owns, and each that an area may need and that is not there yet
 *       (chunk->promised_tables)
 *
 *   Areas themselves take memory of the kernel: the family is charged a page for each AREAS_A_PAGE of them.
 *
 *   A page that a fork shares is charged to each process that has it: of n holders, n - 1 hold the promise of a
 *   copy. So for each page that is charged, either its release frees a frame, or there is a promise to give back.
 *
 * Invariants
 *   - A present page lies in an area that has its rights, or is process_malloc()'s.
 *   - A table, of whatever level, that an area reaches into is there, or promised.
 *
 * Functions that may run for long let others run (task_pause()). Meanwhile nobody changes the
 * address space: a process has one task.
 */
#ifndef PROCESS_ADDRESS_SPACE_H
#define PROCESS_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/tree.h"
#include "memory/area/room.h"
#include "memory/paging/paging.h"
#include "process/address_map.h"
#include "process/family.h"

enum area_kind {
    AREA_PROGRAM,
    AREA_STACK,
    AREA_BREAK,
    AREA_MAPPING,
    AREA_GUARD,
};

#define AREAS_A_PAGE 32

struct area {
    struct tree_node node; /* by address */
    vaddr_t start, end;    /* multiples of a page */
    page_rights_t rights;  /* PAGE_READ, PAGE_WRITE, PAGE_EXECUTE */
    uint8_t kind;
    bool is_shared;             /* what is written to it all who show the object see */
    bool is_charged;            /* each of its pages may come to be this process's own */
    struct page_object *object; /* holds a reference; NULL: private pages, at first of zeros */
    uint32_t first;             /* page of the object at start */
    struct list_node view;      /* on the object's list */
    struct paging_4gb_chunk *chunk;
};

/* Pages that its faults brought, by kind; those that the loader filled, too. */
struct address_space_faults {
    uint32_t zeros;      /* that were touched for the first time: pages of zeros */
    uint32_t around;     /* the same, though the program touched another one before them */
    uint32_t shown;      /* of an object: of a file, or of shared memory */
    uint32_t copied;     /* that others hold, too, at the first write */
    uint32_t taken_back; /* the same, but nobody else held it any more: no copy */
};

struct address_space {
    struct paging_4gb_chunk *chunk;
    struct family *family; /* is charged for it */
    struct tree areas;
    struct area *latest; /* that was found, or NULL */
    struct room room;    /* of the process heap */
    uint32_t area_count;
    uint32_t pages; /* charged */
    struct address_space_faults faults;
    bool is_64_bit;
};

/* An empty one, for a family. 0 or -ENOMEM. Its size of words is set by address_space_set_map()
 * before anything is added. */
int address_space_create(struct address_space *space, struct family *family);
void address_space_set_map(struct address_space *space, bool is_64_bit);

/* Gives back all that it has. It may be half made. The last pauses come before the chunk goes. */
void address_space_destroy(struct address_space *space);

/* What lies where in it. */
static inline __attribute__((always_inline)) struct address_map
address_space_map(const struct address_space *space)
{
    return address_map(ARCH_BITS == 64 && space->is_64_bit);
}

/* Is it an address of the process heap? */
static inline bool address_space_is_in_heap(const struct address_space *space, vaddr_t address)
{
    const struct address_map map = address_space_map(space);

    return address >= map.heap_start && address < map.heap_end;
}

/*
 * A new area without pages, or more of one that ends or begins there and is like it: *wanted says
 * start, end, rights, kind, and the object that it shows, if any, with first and is_shared. Its
 * addresses must be free; those of the process heap are taken from the room. It holds a reference
 * to the object of its own. 0; -ENOMEM; -EISTKN: something is there.
 */
int area_add(struct address_space *space, const struct area *wanted);

/* What an area of that kind is, with its article, for sentences: "the program". */
const char *area_kind_words(enum area_kind kind);

/* The area that address lies in, and the first one that ends behind it; NULL: none. */
struct area *area_at(struct address_space *space, vaddr_t address);
struct area *area_from(const struct address_space *space, vaddr_t address);

/* For loops over areas, of which there may be very many: counts one more, and lets others run now
 * and then, cancelled or not. */
void area_pause(size_t *count);

/*
 * Takes all of [start, end) out of the areas that it reaches into, which are split; what lies
 * between areas is left alone. 0; -ENOMEM when there is no memory for the second half of an area,
 * and nothing has changed.
 */
int area_remove(struct address_space *space, vaddr_t start, vaddr_t end);

/*
 * Gives these rights to all of [start, end). 0; -ENOMEM: a part of it is in no area, or what it may
 * come to own cannot be promised. Nothing has changed then.
 */
int area_protect(struct address_space *space, vaddr_t start, vaddr_t end, page_rights_t rights);

/* Moves an area's end: further up, where addresses are free, or down, where pages go back. 0;
 * -ENOMEM; -EISTKN. */
int area_move_end(struct address_space *space, struct area *area, vaddr_t end);

/*
 * For fork: `to`, which is empty, gets all that `from` has; what is private, both copy when they
 * write. 0; -ENOMEM; -EINTERRUPTED. Then `to` is to be destroyed.
 */
int address_space_clone(struct address_space *to, struct address_space *from);

/* What a process may do with the page at address: rights, 0 where nothing is. */
page_rights_t address_space_rights(struct address_space *space, vaddr_t address);

/* May it do `access` (PAGE_READ, PAGE_WRITE) with all of [start, start + length)? Touches nothing.
 * 0; -EINVARG; -EINTERRUPTED. */
int address_space_check(struct address_space *space, vaddr_t start, size_t length,
                        page_rights_t access);

/*
 * The CPU could not do `access` (PAGE_READ, PAGE_WRITE or PAGE_EXECUTE) at address. 0: now it can.
 * -EINVARG: the process may not. -EBOUNDS: the file that is shown there has ended; -EIO and others:
 * it cannot be read; -EINTERRUPTED. May wait.
 */
int address_space_fault(struct address_space *space, vaddr_t address, page_rights_t access);

/*
 * The kernel's address of the process's own page at address, in *frame, whether or not the process
 * may write to it: for those who fill a new address space. 0 or an error, as above. May wait.
 */
int address_space_own_page(struct address_space *space, vaddr_t address, void **frame);

/* What is kept for the next address space, pages and small objects. As nobody has them, and the
 * next process takes none for its chunk, sys_memory_figures() counts them as free. */
size_t address_space_spare_pages(void);
size_t address_space_spare_objects(void);

/* Registers with the page cache, and makes ready what the first address space needs. Once. */
void address_space_initialise(void);

/*
 * The room of the process heap may have had no memory to note what is free (memory/area/room.h).
 * These look at areas and page tables then, which know; they pause, and fail for a task that is
 * cancelled. All ranges are of the process heap.
 *
 * find_free: the first run of so many pages in [low, high) that are free, known to the room or not;
 * 0: there is none. is_free: are all pages of [start, end)? take_room: takes them out of the room;
 * false: they are not free, or there is no memory.
 */
vaddr_t address_space_find_free(const struct address_space *space, vaddr_t low, vaddr_t high,
                                size_t pages);
bool address_space_is_free(const struct address_space *space, vaddr_t start, vaddr_t end);
bool address_space_take_room(struct address_space *space, vaddr_t start, vaddr_t end);

/* ---------------------------------------------------------------- for process_memory.c */

/* count pages more that the process may come to own; false, and nothing has changed, when they
 * cannot be promised. */
bool address_space_charge(struct address_space *space, size_t count);
void address_space_give_back(struct address_space *space, size_t count);

/* The charge alone, of pages that are free now, or whose promise was given back. */
static inline void address_space_discharge(struct address_space *space, size_t count)
{
    space->pages -= (uint32_t)count;
    family_give_back(space->family, FAMILY_PAGES, (uint32_t)count);
}

/* With the last page of a table, at page, so many tables have gone that are charged. */
void address_space_lose_tables(struct address_space *space, vaddr_t page, size_t count);

/*
 * Gives back the pages of [start, end), or, with while_marked, of those up to the first entry
 * without that mark. All that is there is charged, and so are the tables for the whole range; the
 * charge goes back as well. Returns the address where it ended.
 */
vaddr_t address_space_release(struct address_space *space, vaddr_t start, vaddr_t end,
                              uint32_t while_marked);

/* Charges the tables that lack for [start, end); they are there, or promised, then. */
bool address_space_charge_tables(struct address_space *space, vaddr_t start, vaddr_t end);

/* Gives back the charge for tables of [start, end) that are not there, and that no area may
 * need. */
void address_space_settle_tables(struct address_space *space, vaddr_t start, vaddr_t end);

#endif
