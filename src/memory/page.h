/*
 * memory/page.h - a struct for each frame that pmm.h hands out: how many hold it, and what it is a
 * page of.
 *
 * Most frames have one owner, who knows it: a table, a kernel stack, a page of a process that has
 * not been forked. Their struct is all zero, and nobody reads or writes it when such a frame is
 * taken or freed. Whoever shares a frame calls page_share() first. From then on each holder marks
 * that it is one of several (an entry of a page table has a mark for it), and gives its part back
 * by page_release(); the last one frees the frame.
 *
 *   pmm_alloc_page()        one owner                    holders: 0
 *   page_share()            holders: 2                   ... and all who hold it know that it is shared
 *   page_hold()             holders: 3, 4, ...
 *   page_release()          holders: ..., 1              the one that is left may take it as its own again:
 *                                                        page_take_last()
 *   page_release()          the frame is free            holders: 0
 *
 * A frame is named by the address where the kernel sees it, as in pmm.h.
 */
#ifndef MEMORY_PAGE_H
#define MEMORY_PAGE_H

#include <stdbool.h>
#include <stdint.h>

struct page_object;

/* Pages of an object have numbers below this. */
#define PAGE_INDEX_MAX (1u << 29)

struct page {
    uint32_t holders;
    uint32_t index : 29;        /* which page of its object */
    uint32_t is_dirty : 1;      /* it was written to, and its file has the old contents */
    uint32_t is_busy : 1;       /* it is being filled: who wants it waits */
    uint32_t is_used : 1;       /* since pages to give back were last looked for */
    struct page_object *object; /* NULL: of none, that is private pages that a fork shares */
    void *next;                 /* the next page in its bucket of the page cache */
};

/* The struct of a frame that pmm manages; a panic for any other address. pmm.c */
struct page *page_of(const void *frame);

/* The frame, which has one owner, now has two. */
static inline void page_share(void *frame)
{
    *page_of(frame) = (struct page){.holders = 2};
}

/* One holder more of a shared frame. */
static inline void page_hold(void *frame)
{
    page_of(frame)->holders++;
}

/* Is the caller the only holder of a shared frame that is left, and no object has it? */
static inline bool page_is_last(const void *frame)
{
    const struct page *page = page_of(frame);

    return page->holders == 1 && page->object == NULL;
}

/* If so, it is its one owner again. Returns whether it is. */
static inline bool page_take_last(void *frame)
{
    struct page *page = page_of(frame);

    if (page->holders != 1 || page->object != NULL) {
        return false;
    }
    page->holders = 0;
    return true;
}

/* One holder less of a shared frame. Frees it when it was the last; returns whether it did.
 * pmm.c */
bool page_release(void *frame);

#endif
