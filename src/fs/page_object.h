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
 *   there    -> dirty     somebody writes to it: page_object_mark_dirty()
 *   dirty    -> there     page_object_write_back() has begun to write it. From here on nobody maps
 *                         it with the right to write: the next write is noticed
 *   there    -> absent    somebody needs a frame: pages of files that can be read again go; those
 *                         that were read or touched lately are spared
 *
 * Shared memory's pages stay until the last who shows it has gone; each was promised when it was
 * made. Those of files in memory (fs/ram/) stay until the file is removed or shorter.
 *
 * Dirty pages are bounded: who is about to write calls page_object_make_room() before.
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

/* So many of these may be dirty; more, up to the fraction of all pages, while enough others are
 * clean. */
#define PAGE_CACHE_DIRTY_MIN      16
#define PAGE_CACHE_DIRTY_FRACTION 16

/* Pages that are filled, or written back, at once, at most: as much as one command of an ATA disk
 * moves. With half of it, large files are read half as fast (`make bench-linux`). */
#define PAGE_OBJECT_FILL_MAX 32

struct page_object;

struct page_object_operations {
    /* Fills count frames, which are pages of the object from index on. What lies behind its end is
     * zero. 0 or an error. May wait. NULL: its pages begin with zeros, and stay until the object
     * ends. */
    int (*fill)(struct page_object *object, uint32_t index, void *const frames[], size_t count);
    /* Writes them, as far as they are within the file. Where pages before them are not on the
     * volume, as writing them has failed, it has zeros for these from now on. After -ENOMEM and
     * -EINTERRUPTED the pages are dirty again; after other errors, which the object's owner keeps
     * and reports, they are not. May wait. NULL: its pages are never dirty. */
    int (*write_back)(struct page_object *object, uint32_t index, void *const frames[],
                      size_t count);
    /* For objects without fill() whose pages are not all promised: may one page more be made? 0 or
     * an error. And so many have gone. NULL: all are promised when the object is made. */
    int (*charge)(struct page_object *object);
    void (*give_back)(struct page_object *object, size_t pages);
    /* The last who referred to it has gone; it is the owner's to end it, by page_object_end(), at
     * once or later. May refer to it again. */
    void (*unused)(struct page_object *object);
    /* And somebody refers to it again, be it the cache itself. NULL: nothing is to be done. */
    void (*used_again)(struct page_object *object);
    /* NULL if unused() is there: nobody refers to the object and no page of it is in memory: frees
     * it. */
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
    struct list_node views; /* who shows it: page_object_add_view() */
    uint32_t views_changed; /* how often their order was another afterwards */
    uint32_t filled; /* pages from this one on are not on the volume yet: they begin as zeros */
    uint32_t dirty;  /* pages, which lie in [dirty_first, dirty_end) */
    uint32_t dirty_first, dirty_end;
    uint32_t writing;            /* pages that are being written back */
    struct list_node dirty_link; /* on the list of objects with dirty pages */
};

/* Sets up the page cache. Once; after pmm is whole. */
void page_cache_initialise(void);

/* Somebody shows pages of the object from now on, or no longer: `view` is the caller's. */
void page_object_add_view(struct page_object *object, struct list_node *view);
void page_object_remove_view(struct page_object *object, struct list_node *view);

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

/* Are writes to its pages to be noticed, by page_object_mark_dirty()? */
static inline bool page_object_notices_writes(const struct page_object *object)
{
    return object->operations->write_back != NULL;
}

struct page_object *page_object_hold(struct page_object *object);
void page_object_release(struct page_object *object);

/*
 * Page index of the object, with a hold on the frame that is the caller's to give back
 * (page_release()). 0; -EBOUNDS behind the end; -EIO and other errors of fill(); -ENOMEM;
 * -EINTERRUPTED when the task was cancelled while it waited. May wait.
 */
int page_object_get(struct page_object *object, uint32_t index, void **frame);

/* The same without a wait and without a hold: NULL unless it is in memory and filled. The frame can
 * go as soon as anybody waits. */
void *page_object_get_at_once(struct page_object *object, uint32_t index);

/* The frame, whether it is filled or not; NULL: the page is absent. It does not count as read. */
void *page_object_find(const struct page_object *object, uint32_t index);

/* Somebody is about to get so many pages from index on: they are read together, as far as they
 * lack. */
void page_object_expect(struct page_object *object, uint32_t index, uint32_t pages);

/* ---------------------------------------------------------------- writing */

/*
 * To be called before pages are made dirty: writes some back when there are too many. 0;
 * -EINTERRUPTED; -ENOMEM: nothing could be written back. May wait.
 */
int page_object_make_room(struct page_object *object);

/* Page index, at frame, which the caller holds, has been written to just now. Does nothing if the
 * object has it no longer, and for objects whose writes are not noticed. */
void page_object_mark_dirty(struct page_object *object, uint32_t index, void *frame);

/* The object, which nobody refers to, is about to end: its dirty pages are not written any more,
 * and nobody takes a reference to it for that. Its owner calls page_object_end() next. */
void page_object_abandon(struct page_object *object);

/* Page index lies behind what the volume has: it is there afterwards, zero and dirty, if it was
 * absent; dirty in any case. As page_object_get(), without a hold. May wait. */
int page_object_make_zero(struct page_object *object, uint32_t index);

/* Writes all dirty pages of the object, in order, and waits for those that others write. 0 or the
 * first error; the caller holds the object. May wait. */
int page_object_write_back(struct page_object *object);

/*
 * The object has so many pages from now on. Those behind the end go, from those who show them, too:
 * what they held is lost, dirty or not. Waits for those that are being read. A caller that makes
 * the file shorter has made sure that nobody adds pages meanwhile. May wait.
 */
void page_object_resize(struct page_object *object, uint32_t pages);

/* The same for a file that became longer, by pages that the volume has: filled from there, not with
 * zeros. All pages that it had before are on the volume, too, or in memory and dirty. Does not
 * wait. */
void page_object_lengthen(struct page_object *object, uint32_t pages);

/* All pages go, of an object that nobody refers to: it can be freed then. Lets others run in the
 * middle of many, with a reference taken for that time. */
void page_object_end(struct page_object *object);

/* ---------------------------------------------------------------- giving back */

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
    size_t files; /* of these, those that can be read again: files' */
    size_t dirty; /* of these, those that are to be written before */
    size_t
        spare; /* clean files and promised ones beyond PAGE_CACHE_PAGES_MIN: others can have them */
    size_t idle; /* objects that nobody refers to, kept for their pages' sake */
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
