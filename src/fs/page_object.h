/*
 * fs/page_object.h - rows of pages that several may see: a file's contents, memory that processes
 * share. All that are in memory are the page cache.
 *
 * A page of an object is in the cache from when it is first needed. Whoever reads the file, maps
 * it, or runs it as a program, has the same frame. An entry of a page table that shows it is marked
 * as PAGE_FLAG_SHARED and holds the frame (memory/page.h); so does the cache itself.
 *
 *   absent   -> busy      page_object_get() has a frame for it; its contents are on their way
 *   busy     -> there     whoever waits for it looks again
 *   there    -> absent    somebody needs a frame: pages of files, of which nothing was written, go;
 *                         those that were read or touched lately are spared
 *
 * Shared memory's pages stay until the last who shows it has gone; each was promised when it was
 * made.
 *
 * At least PAGE_CACHE_PAGES_MIN frames are the cache's own, whatever was promised to others: so a
 * page of a file can always be read, if need be in the place of another.
 *
 * No lock: but for waits on busy pages, calls do not overlap. Not for interrupt handlers.
 */
#ifndef FS_PAGE_OBJECT_H
#define FS_PAGE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "memory/pmm.h"

#define PAGE_CACHE_PAGES_MIN 32

/* Pages that are filled at once, at most. */
#define PAGE_OBJECT_FILL_MAX 16

struct page_object;

struct page_object_operations {
    /* Fills count frames, which are pages of the object from index on. What lies behind its end is
     * zero. 0 or an error. May wait. NULL: its pages begin with zeros, and stay until the object
     * ends. */
    int (*fill)(struct page_object *object, uint32_t index, void *const frames[], size_t count);
    /* Nobody refers to the object and no page of it is in memory: frees it. */
    void (*end)(struct page_object *object);
};

struct page_object {
    const struct page_object_operations *operations;
    uint32_t references;
    uint32_t pages;         /* its length */
    uint32_t cached;        /* of these, in memory or on their way */
    uint32_t promised;      /* of pages that stay: not in memory yet */
    uint32_t next;          /* where a reader that goes on would read next */
    uint32_t window;        /* pages that were read at once the last time */
    struct list_node views; /* who shows it: for the function below */
};

/* Sets up the page cache. Once; after pmm is whole. */
void page_cache_initialise(void);

/* Those who show pages: `view` is a node of the object's list. */
struct page_view_operations {
    /* Has the program touched page `index` through this view since the last such call? */
    bool (*was_used)(struct list_node *view, uint32_t index, const void *frame);
    /* Unmaps page `index` from the view, and gives back its hold; false: it has none. */
    bool (*unmap)(struct list_node *view, uint32_t index, void *frame);
};
void page_cache_set_views(const struct page_view_operations *operations);

/* An object with one reference, and no page in memory. */
void page_object_initialise(struct page_object *object,
                            const struct page_object_operations *operations, uint32_t pages);

/* Are its pages a file's, or shared memory? */
bool page_object_is_file(const struct page_object *object);

struct page_object *page_object_hold(struct page_object *object);
void page_object_release(struct page_object *object);

/*
 * Page index of the object, with a hold on the frame that is the caller's to give back
 * (page_release()). 0; -EBOUNDS behind the end; -EIO and other errors of fill(); -ENOMEM;
 * -EINTERRUPTED when the task was cancelled while it waited. May wait.
 */
int page_object_get(struct page_object *object, uint32_t index, void **frame);

/* The same if it is in memory, without a wait and without a hold; else NULL. */
void *page_object_find(const struct page_object *object, uint32_t index);

/* Somebody is about to get so many pages from index on: they are read together, as far as they
 * lack. */
void page_object_expect(struct page_object *object, uint32_t index, uint32_t pages);

/*
 * Gives back so many pages of files, as far as the cache keeps PAGE_CACHE_PAGES_MIN. If that cannot
 * be so many, none: who asks for too much takes nothing from others. A few more go where several
 * are found at once. Returns how many frames are free now that were not. These may be fewer: one
 * call takes at most 60,000 instructions, and the next one goes on where it stopped. All calls in
 * one stretch (task_stretch()), those below included, take at most 120,000 together; then they
 * return 0.
 */
size_t page_cache_shrink(size_t pages);

/*
 * For those who can wait, when a request for memory was refused, of whatever kind: pmm's,
 * kmalloc()'s or one made of such. True: the running task was refused before all pages of files had
 * been looked at that could go; a pause was made, and the request is to be made again. False: it
 * was not, since the last such call, or the task is cancelled. May wait.
 */
bool page_cache_may_try_again(void);

/* For kmalloc(), which wants the place of this very frame of pmm's: gives it back, if it is a page
 * of a file that can go, used lately or not, and the cache keeps PAGE_CACHE_PAGES_MIN. 1: it is
 * free now; 0: it cannot go; -EBUSY: this stretch has no time left for it, or no page can go. */
int page_cache_give_up(void *frame);

/* For page_cache_promise(), when one call was not enough: as many as it takes. */
bool page_cache_promise_in_turns(size_t pages);

/* pmm_promise() for those who can wait: it makes as many such calls as it takes. False also when
 * the task is cancelled. May wait. */
static inline bool page_cache_promise(size_t pages)
{
    return pmm_promise(pages) || page_cache_promise_in_turns(pages);
}

/* For unmounting and for tests: gives back all pages of files that can go. Their frames stay
 * promised to the cache, up to PAGE_CACHE_PAGES_MIN. May wait. */
void page_cache_forget(void);

struct page_cache_stats {
    size_t pages; /* in memory */
    size_t files; /* of these, those that can be given back: files' */
    size_t spare; /* files and promised ones beyond PAGE_CACHE_PAGES_MIN: others can have so many */
    size_t idle;  /* objects that nobody refers to, kept for their pages' sake */
    uint64_t
        hits; /* calls of page_object_get() that found it, or waited for somebody who had it read */
    uint64_t misses; /* those that had it read, or made it */
};
void page_cache_get_stats(struct page_cache_stats *stats);

/* Memory that processes share: so many pages of zeros, all of which the caller has promised
 * (pmm_promise()); NULL: no memory. `charged` is passed to charge_back with how many pages they
 * were, when it ends. */
struct page_object *shared_memory_new(uint32_t pages, void *charged,
                                      void (*charge_back)(void *charged, uint32_t pages));

#endif
