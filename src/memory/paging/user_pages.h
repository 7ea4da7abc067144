/*
 * memory/paging/user_pages.h - ranges of a process's own pages: promised, shared, protected, given
 * back.
 *
 * What the entry of such a page says (arch/page_table.h):
 *
 *   empty      nothing, as far as page tables know
 *   promised   its first touch is to bring a page of zeros
 *   present    a frame, of which this entry is the only holder
 *   SHARED     a frame that others hold, too (memory/page.h); writing to it is to copy it, where one may write
 *   hidden     the same two, without any right: kept, and absent for the CPU
 *
 * All work goes in parts, so that the caller can pause: `max` is about how many entries are looked
 * after (or a few tables, if there are few entries in each) before a function returns with the
 * address at which it stopped; `end` when all is done. start and end are page-aligned, in the
 * user's part of the address space.
 */
#ifndef MEMORY_PAGING_USER_PAGES_H
#define MEMORY_PAGING_USER_PAGES_H

#include "memory/paging/paging.h"

/* What user_pages_release() has done. */
struct user_pages_released {
    size_t entries; /* that were not empty */
    size_t present; /* of these, those that had a frame */
    size_t freed;   /* frames that nobody else holds, and which are free now */
    size_t tables;  /* that became empty, and are free now */
    bool is_last;   /* it has ended behind an entry without the mark */
};

/*
 * Makes entries of [start, end) empty, and gives up their frames. With while_marked, a mark, it
 * ends behind the first entry that has not got it: then no entry up to there may be empty.
 */
vaddr_t user_pages_release(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end, size_t max,
                           uint32_t while_marked, struct user_pages_released *released);

/*
 * Writes promised entries with these marks to all of [start, end), which is empty. 0; -ENOMEM when
 * there are no pages for tables, and nothing has changed.
 */
int user_pages_promise(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end, uint32_t marks);

/*
 * Brings pages of zeros where they are promised, from start on: up to max of them, up to the first
 * entry that is not promised, or the end of its table. Returns how many.
 */
size_t user_pages_keep_promises(struct paging_4gb_chunk *chunk, vaddr_t start, size_t max,
                                page_rights_t rights);

/* What user_pages_share() has done. */
struct user_pages_shared {
    size_t present;  /* entries with a frame that `to` has got */
    bool has_failed; /* there was no page for a table; what is done can be released */
};

/*
 * Gives chunk `to`, where [start, end) is empty, the entries that `from` has there; frames are
 * shared from then on. With copy_on_write both lose the right to write to them. Returns where it
 * stopped.
 */
vaddr_t user_pages_share(struct paging_4gb_chunk *to, struct paging_4gb_chunk *from, vaddr_t start,
                         vaddr_t end, size_t max, bool copy_on_write,
                         struct user_pages_shared *shared);

/* Gives pages in [start, end) these rights; a SHARED one cannot be written to, whatever they say,
 * unless
 * is_common: all its holders are to see what is written. No rights hide it. */
vaddr_t user_pages_protect(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end, size_t max,
                           page_rights_t rights, bool is_common);

/* What lies in [start, end), for reports. Not in parts. */
struct user_pages_count {
    size_t present; /* has a frame */
    size_t shared;  /* ... which others hold, too */
    size_t promised;
};
void user_pages_count(const struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end,
                      struct user_pages_count *count);

#endif
