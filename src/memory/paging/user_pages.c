/*
 * memory/paging/user_pages.c - loops over the entries of a process's pages, a table at a time.
 */
#include "memory/paging/user_pages.h"

#include "arch/words.h"
#include "base/compiler.h"
#include "base/status.h"
#include "debug/panic.h"
#include "memory/page.h"
#include "memory/paging/paging_internal.h"

/* The part of a range that one table covers: its entries, and how many of the table's are not
 * empty. */
struct stretch {
    struct path path;
    vaddr_t start, end;
    unsigned in_use;
};

/* How many of the count entries from slot on are empty, before the first that is not. */
static inline size_t count_empty(const struct page_entry *slot, size_t count)
{
    size_t i = 0;

    while (i + 8 <= count &&
           (slot[i].bits | slot[i + 1].bits | slot[i + 2].bits | slot[i + 3].bits |
            slot[i + 4].bits | slot[i + 5].bits | slot[i + 6].bits | slot[i + 7].bits) == 0) {
        i += 8;
    }
    while (i < count && page_entry_is_empty(slot[i])) {
        i++;
    }
    return i;
}

/*
 * slot, of level and for address, leads to no table of the chunk's own: the first address below end
 * whose entry in the same table may, the first that the next table covers, or end. So a range of
 * terabytes with nothing in it costs two instructions for each entry of three tables.
 */
static NOINLINE vaddr_t pass_empty(const struct page_entry *slot, unsigned level, vaddr_t address,
                                   vaddr_t end)
{
    const vaddr_t next = next_entry(address, level);

    if (next <= address || next >= end) {
        return end;
    }
    const unsigned shift = page_level_shift(level);
    const size_t of_range = (size_t)((end - 1 - next) >> shift) + 1;
    const size_t of_table = ENTRIES - 1 - page_table_index(address, level);
    const size_t passed = count_empty(slot + 1, MIN(of_range, of_table));

    return passed == of_range ? end : next + ((vaddr_t)passed << shift);
}

/* The first stretch of [start, end) that has a table of the chunk's own; false when there is
 * none. */
static bool next_stretch(const struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end,
                         struct stretch *stretch)
{
    unsigned level;

    while (start < end && (level = walk_own(chunk, start, &stretch->path)) > 0) {
        start = pass_empty(stretch->path.slot[level], level, start, end);
    }
    if (start >= end) {
        return false;
    }
    vaddr_t next = next_entry(start, 1);

    stretch->start = start;
    stretch->end = next > start && next < end ? next : end;
    stretch->in_use = page_count(chunk->counts, stretch->path.slot[1], start);
    return true;
}

static inline bool is_in_use(const struct paging_4gb_chunk *chunk)
{
    return chunk == paging_current();
}

/* ---------------------------------------------------------------- giving back */

/* Tables that are emptied before user_pages_release() returns: with few entries in each, it is the
 * search for these that takes its time. */
#define TABLES_AT_ONCE 4

/* Gives up the frame of an entry that is empty now, if it has one. Was this entry the last to hold
 * it? */
static inline bool give_up_frame(struct page_entry entry)
{
    if (page_entry_frame(entry) == 0) {
        return false;
    }
    void *frame = page_memory(page_entry_frame(entry));

    if (page_entry_marks(entry) & PAGE_FLAG_SHARED) {
        return page_release(frame);
    }
    KASSERT(pmm_free_page(frame) == OK);
    return true;
}

/* The entries of a stretch that are released together. */
struct batch {
    size_t count;    /* entries, empty ones included */
    size_t in_use;   /* of these, those that are not empty */
    bool has_frames; /* one of them has */
    bool is_last;    /* the last one has not got the mark */
};

/* From the stretch's start on: at most max entries. */
static struct batch next_batch(const struct stretch *stretch, size_t max)
{
    const struct page_entry *slot = stretch->path.slot[0];
    const size_t count = MIN((size_t)(stretch->end - stretch->start) / PAGE_SIZE_BYTES, max);
    page_entry_bits_t all = 0;
    struct batch batch = {0};

    while (batch.count < count && batch.in_use < stretch->in_use) {
        struct page_entry entry = slot[batch.count++];

        all |= entry.bits;
        batch.in_use += !page_entry_is_empty(entry);
    }
    batch.has_frames = page_entry_frame((struct page_entry){all}) != 0;
    return batch;
}

/* The same up to the first entry without the mark; none of them is empty. */
static struct batch next_marked_batch(const struct stretch *stretch, size_t max, uint32_t mark)
{
    const struct page_entry *slot = stretch->path.slot[0];
    const struct page_entry *end =
        slot + MIN(max, (size_t)(stretch->end - stretch->start) / PAGE_SIZE_BYTES);
    page_entry_bits_t all = slot->bits, last;

    /* Of a run that nobody has touched, all but the first and the last entry are the same. */
    if (end - slot > 4 && page_entry_marks(slot[0]) & page_entry_marks(slot[1]) & mark) {
        for (last = slot[1].bits; end - slot > 4 && slot[1].bits == last && slot[2].bits == last &&
                                  slot[3].bits == last && slot[4].bits == last;) {
            slot += 4; /* an entry like the others is left for the loop below */
        }
    }
    do {
        last = (slot++)->bits;
        all |= last;
    } while (slot < end && page_entry_marks((struct page_entry){last}) & mark);

    size_t count = (size_t)(slot - stretch->path.slot[0]);

    return (struct batch){
        .count = count,
        .in_use = count,
        .has_frames = page_entry_frame((struct page_entry){all}) != 0,
        .is_last = !(page_entry_marks((struct page_entry){last}) & mark),
    };
}

/*
 * Empties the batch's entries and gives up their frames, the last one first: frames that were taken
 * one after the other go back in the other order, which is the cheapest for their heap.
 */
static void give_up_frames(const struct stretch *stretch, const struct batch *batch,
                           bool is_flushed, struct user_pages_released *released)
{
    struct page_entry *slot = stretch->path.slot[0];

    for (size_t i = batch->count; i-- > 0;) {
        struct page_entry entry = slot[i];

        slot[i] = (struct page_entry){0};
        if (page_entry_frame(entry) == 0) {
            continue;
        }
        if (is_flushed) {
            page_flush(stretch->start + i * PAGE_SIZE_BYTES);
        }
        released->present++;
        released->freed += give_up_frame(entry);
    }
}

/* Empties entries of the stretch, at most max and at least one. Returns the address behind the
 * last. */
static vaddr_t release_entries(struct stretch *stretch, size_t max, uint32_t while_marked,
                               bool is_flushed, struct user_pages_released *released)
{
    struct batch batch =
        while_marked ? next_marked_batch(stretch, max, while_marked) : next_batch(stretch, max);

    if (batch.has_frames) {
        give_up_frames(stretch, &batch, is_flushed, released);
    } else {
        words_fill(stretch->path.slot[0], batch.count, 0);
    }
    released->entries += batch.in_use;
    released->is_last = batch.is_last;
    return stretch->start + batch.count * PAGE_SIZE_BYTES;
}

vaddr_t user_pages_release(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end, size_t max,
                           uint32_t while_marked, struct user_pages_released *released)
{
    const bool is_flushed = is_in_use(chunk);
    struct stretch stretch;

    *released = (struct user_pages_released){0};
    for (size_t looked_at = 0; next_stretch(chunk, start, end, &stretch);) {
        size_t before = released->entries;

        start = release_entries(&stretch, max - looked_at, while_marked, is_flushed, released);
        looked_at += (start - stretch.start) / PAGE_SIZE_BYTES;
        unsigned in_use = stretch.in_use - (unsigned)(released->entries - before);

        page_count_set(chunk->counts, stretch.path.slot[1], stretch.start, in_use);
        if (in_use == 0) {
            released->tables += paging_drop_tables(chunk, &stretch.path, 1, stretch.start);
            start = released->is_last ? start : stretch.end; /* the rest of it is empty */
        }
        if (released->is_last || looked_at >= max || released->tables >= TABLES_AT_ONCE) {
            return start;
        }
    }
    return end;
}

/* ---------------------------------------------------------------- promising */

int user_pages_promise(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end, uint32_t marks)
{
    const struct page_entry promise = page_entry_promise(marks);
    int status = paging_make_tables(chunk, start, end - PAGE_SIZE_BYTES);
    struct stretch stretch;

    for (vaddr_t address = start; status == OK && address < end; address = stretch.end) {
        KASSERT(next_stretch(chunk, address, end, &stretch) && stretch.start == address);

        size_t count = (stretch.end - address) / PAGE_SIZE_BYTES;
        struct page_entry *slot = stretch.path.slot[0];

        words_fill(slot, count, promise.bits);
        page_count_set(chunk->counts, stretch.path.slot[1], address,
                       stretch.in_use + (unsigned)count);
    }
    return status;
}

size_t user_pages_keep_promises(struct paging_4gb_chunk *chunk, vaddr_t start, size_t max,
                                page_rights_t rights)
{
    const uint32_t flags = page_flags_of_rights((page_rights_t)(rights | PAGE_USER));
    struct stretch stretch;
    size_t count = 0;

    if (!next_stretch(chunk, start, start + max * PAGE_SIZE_BYTES, &stretch) ||
        stretch.start != start) {
        return 0;
    }
    const size_t most = (stretch.end - start) / PAGE_SIZE_BYTES;

    for (struct page_entry *slot = stretch.path.slot[0];
         count < most && page_entry_is_promised(*slot); slot++, count++) {
        void *frame = pmm_alloc_promised_page();

        pmm_zero_page(frame);
        *slot = page_entry_make(page_physical(frame), flags | page_entry_marks(*slot), 0);
    }
    return count;
}

/* ---------------------------------------------------------------- sharing */

/* One holder more of the entry's frame; the entry as both sides have it then. */
static inline struct page_entry share_frame(struct page_entry entry, bool copy_on_write)
{
    if (page_entry_frame(entry) == 0) {
        return entry;
    }
    void *frame = page_memory(page_entry_frame(entry));

    if (page_entry_marks(entry) & PAGE_FLAG_SHARED) {
        page_hold(frame);
    } else {
        page_share(frame);
    }
    return page_entry_change(entry, PAGE_FLAG_SHARED, copy_on_write ? PAGE_FLAG_WRITEABLE : 0);
}

/* Which of a stretch's entries is the first that is not empty; how many there are if none is. */
static size_t first_in_use(const struct stretch *stretch)
{
    const size_t count = (stretch->end - stretch->start) / PAGE_SIZE_BYTES;
    size_t i = 0;

    while (i < count && page_entry_is_empty(stretch->path.slot[0][i])) {
        i++;
    }
    return i;
}

/* Entries first to count of the stretch go to the same place in chunk `to`; *present grows by those
 * that have a frame. 0 or -ENOMEM. */
static int share_entries(struct paging_4gb_chunk *to, const struct stretch *stretch, size_t first,
                         size_t count, bool copy_on_write, size_t *present)
{
    struct page_entry *from_slot = stretch->path.slot[0];
    unsigned in_use = 0;
    struct path path;
    int status = paging_complete_path(to, stretch->start, 0, &path);

    if (status < 0) {
        return status;
    }
    for (size_t i = first; i < count && in_use < stretch->in_use; i++) {
        if (!page_entry_is_empty(from_slot[i])) {
            path.slot[0][i] = from_slot[i] = share_frame(from_slot[i], copy_on_write);
            in_use++;
            *present += page_entry_frame(from_slot[i]) != 0;
        }
    }
    page_count_set(to->counts, path.slot[1], stretch->start,
                   page_count(to->counts, path.slot[1], stretch->start) + in_use);
    return OK;
}

vaddr_t user_pages_share(struct paging_4gb_chunk *to, struct paging_4gb_chunk *from, vaddr_t start,
                         vaddr_t end, size_t max, bool copy_on_write,
                         struct user_pages_shared *shared)
{
    vaddr_t address = start;
    size_t looked_at = 0;
    struct stretch stretch;

    *shared = (struct user_pages_shared){0};
    while (looked_at < max && next_stretch(from, address, end, &stretch)) {
        size_t first = first_in_use(&stretch);
        size_t count = (stretch.end - stretch.start) / PAGE_SIZE_BYTES;

        address = stretch.end;
        looked_at += count; /* empty ones cost about as much */
        if (first == count) {
            /* What is in use of the table is not of this range: the copy may not need it. */
            continue;
        }
        if (share_entries(to, &stretch, first, count, copy_on_write, &shared->present) < 0) {
            shared->has_failed = true;
            address = stretch.start;
            break;
        }
    }
    if (copy_on_write && is_in_use(from)) {
        /* What was writeable, and is not now, is no longer in the TLB. */
        page_table_load(page_table_root());
    }
    return shared->has_failed || looked_at >= max ? address : end;
}

/* ---------------------------------------------------------------- rights */

/* The same page with those rights. */
static inline struct page_entry with_rights(struct page_entry entry, page_rights_t rights,
                                            bool is_common)
{
    uint32_t marks = page_entry_marks(entry);
    uint32_t flags = page_flags_of_rights((page_rights_t)(rights | PAGE_USER));

    if (page_entry_frame(entry) == 0) {
        return entry; /* it gets its rights with its frame */
    }
    if (marks & PAGE_FLAG_SHARED && !is_common) {
        flags &= ~(uint32_t)PAGE_FLAG_WRITEABLE;
    }
    struct page_entry changed = page_entry_make(page_entry_frame(entry), flags | marks, 0);

    return rights == 0 ? page_entry_hide(changed) : changed;
}

vaddr_t user_pages_protect(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end, size_t max,
                           page_rights_t rights, bool is_common)
{
    vaddr_t address = start;
    size_t changed = 0;
    struct stretch stretch;

    while (changed < max && next_stretch(chunk, address, end, &stretch)) {
        struct page_entry *slot = stretch.path.slot[0];

        for (address = stretch.start; address < stretch.end;
             address += PAGE_SIZE_BYTES, slot++, changed++) {
            if (!page_entry_is_empty(*slot)) {
                *slot = with_rights(*slot, rights, is_common);
            }
        }
    }
    if (is_in_use(chunk)) {
        page_table_load(page_table_root());
    }
    return changed >= max ? address : end;
}

/* ---------------------------------------------------------------- figures */

void user_pages_count(const struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end,
                      struct user_pages_count *count)
{
    struct stretch stretch;

    *count = (struct user_pages_count){0};
    for (vaddr_t address = start; next_stretch(chunk, address, end, &stretch);
         address = stretch.end) {
        const struct page_entry *slot = stretch.path.slot[0];

        for (address = stretch.start; address < stretch.end; address += PAGE_SIZE_BYTES, slot++) {
            bool has_frame = page_entry_frame(*slot) != 0;

            count->present += has_frame;
            count->shared += has_frame && page_entry_marks(*slot) & PAGE_FLAG_SHARED;
            count->promised += page_entry_is_promised(*slot);
        }
    }
}
