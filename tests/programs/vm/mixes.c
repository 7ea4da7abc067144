/*
 * tests/programs/vm/mixes.c - maps, unmaps, protects, touches and forks at random, beside a model
 * of what has to be there; and fills memory in every mix, where no touch may be refused of what a
 * call has promised.
 */
#include "vm.h"

#include "base/status.h"

#define PAGES    96u
#define STEPS    3000u
#define PER_FORK 100u /* so many steps for each fork */

#define MIDDLE 2048u /* the second byte of a page that is looked at */

static uint32_t random_state = 16;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % limit;
}

/* ---------------------------------------------------------------- areas beside a model */

static struct page {
    bool is_there, is_shared;
    uint32_t rights;
    uint8_t bytes[2]; /* the first one, and that in the middle */
} model[PAGES];

static volatile uint8_t *window;

static volatile uint8_t *byte_of(size_t page, unsigned i)
{
    return window + page * PAGE_BYTES + i * MIDDLE;
}

static void check_all(void)
{
    for (size_t page = 0; page < PAGES; page++) {
        for (unsigned i = 0; i < 2 && model[page].is_there && model[page].rights; i++) {
            CHECK(*byte_of(page, i) == model[page].bytes[i]);
        }
    }
}

static void write_page(size_t page, uint8_t value)
{
    for (unsigned i = 0; i < 2; i++) {
        model[page].bytes[i] = (uint8_t)(value + i);
        *byte_of(page, i) = model[page].bytes[i];
    }
}

static bool is_writable(size_t page)
{
    return model[page].is_there && (model[page].rights & MAPPING_WRITE);
}

static void map_some(size_t first, size_t count, int file)
{
    static const uint32_t rights[] = {0, RO, RW, RW};
    bool is_file = count <= SAMPLE_PAGES && random_below(2) == 0;
    bool is_shared = !is_file && random_below(3) == 0;
    uint32_t right = rights[random_below(4)];
    intptr_t result = map_at((uintptr_t)window + first * PAGE_BYTES, count * PAGE_BYTES, right,
                             MAPPING_FIXED | (is_shared ? MAPPING_SHARED : MAPPING_PRIVATE),
                             is_file ? file : OF_NOBODY, 0);

    CHECK(result == (intptr_t)(window + first * PAGE_BYTES) || result == -ENOMEM);
    for (size_t i = 0; i < count && result != -ENOMEM; i++) {
        model[first + i] = (struct page){.is_there = true, .is_shared = is_shared, .rights = right};
        for (unsigned j = 0; j < 2 && is_file; j++) {
            size_t at = i * PAGE_BYTES + j * MIDDLE;

            model[first + i].bytes[j] = at < SAMPLE_BYTES ? sample_byte(at) : 0;
        }
    }
}

static void unmap_some(size_t first, size_t count)
{
    int result = (int)syscall_unmap((uintptr_t)window + first * PAGE_BYTES, count * PAGE_BYTES);

    CHECK(result == 0 || result == -ENOMEM);
    for (size_t i = 0; i < count && result == 0; i++) {
        model[first + i] = (struct page){.is_there = false};
    }
}

static void protect_some(size_t first, size_t count)
{
    static const uint32_t rights[] = {0, RO, RW};
    uint32_t right = rights[random_below(3)];
    bool is_there = true;

    for (size_t i = 0; i < count; i++) {
        is_there = is_there && model[first + i].is_there;
    }
    int result =
        (int)syscall_protect((uintptr_t)window + first * PAGE_BYTES, count * PAGE_BYTES, right);

    CHECK((result == 0 && is_there) || result == -ENOMEM);
    for (size_t i = 0; i < count && result == 0; i++) {
        model[first + i].rights = right;
    }
}

static void write_some(size_t first, size_t count)
{
    for (size_t page = first; page < first + count; page++) {
        if (is_writable(page)) {
            write_page(page, (uint8_t)random_below(256));
        }
    }
}

/* What the child writes to its own pages is nobody else's; of what is shared, both see it. */
static void fork_and_write(void)
{
    int child = (int)syscall_fork();

    CHECK(child >= 0 || child == -ENOMEM);
    if (child == 0) {
        check_all();
        for (size_t page = 0; page < PAGES; page++) {
            if (is_writable(page)) {
                write_page(page, (uint8_t)page);
            }
        }
        check_all();
        exit_status(0);
    }
    for (size_t page = 0; page < PAGES && child > 0; page++) {
        if (is_writable(page) && model[page].is_shared) {
            model[page].bytes[0] = (uint8_t)page;
            model[page].bytes[1] = (uint8_t)(page + 1);
        } else if (is_writable(page)) {
            write_page(page, (uint8_t)(page + 100)); /* before, while, or after the child does */
        }
    }
    CHECK(child < 0 || status_of(child) == 0);
}

static void mix_areas(void)
{
    int file = open_checked("sample.bin");

    window = map(PAGES * PAGE_BYTES, RW, MAPPING_PRIVATE, OF_NOBODY);
    unmap((void *)window, PAGES * PAGE_BYTES);
    for (uint32_t step = 0; step < STEPS; step++) {
        size_t first = random_below(PAGES);
        size_t count = 1 + random_below(PAGES - first > 12 ? 12 : (uint32_t)(PAGES - first));

        switch (random_below(5)) {
        case 0:
        case 1: map_some(first, count, file); break;
        case 2: unmap_some(first, count); break;
        case 3: protect_some(first, count); break;
        default: write_some(first, count);
        }
        if (step % PER_FORK == 0) {
            fork_and_write();
        }
        check_all();
    }
}

/* ---------------------------------------------------------------- memory that is full */

#define PIECES_MAX 4096u

static struct piece {
    volatile uint8_t *start;
    uint32_t pages;
    bool is_mapping;
} * pieces;

static bool take(struct piece *piece, uint32_t pages)
{
    uint32_t flags = random_below(2) ? MAPPING_PRIVATE : MAPPING_SHARED;
    intptr_t result;

    piece->pages = pages;
    piece->is_mapping = random_below(2);
    if (!piece->is_mapping) {
        piece->start = page_malloc(pages * PAGE_BYTES);
        return piece->start != NULL;
    }
    result = map_at(0, pages * PAGE_BYTES, RW, flags, OF_NOBODY, 0);
    CHECK(!syscall_is_error(result) || result == -ENOMEM);
    piece->start = (volatile uint8_t *)result;
    return !syscall_is_error(result);
}

static void give_back(const struct piece *piece)
{
    if (piece->is_mapping) {
        unmap((void *)piece->start, piece->pages * PAGE_BYTES);
    } else {
        CHECK(page_free((void *)piece->start) == 0);
    }
}

/* Pieces until not even one page can be had, of which nothing is touched before. */
static uint32_t fill(void)
{
    uint32_t count = 0;

    for (uint32_t size = 512; size > 0 && count < PIECES_MAX;) {
        if (take(&pieces[count], 1 + random_below(size))) {
            count++;
        } else {
            size /= 2;
        }
    }
    return count;
}

/* All of it, the last piece first, is zero, and there. */
static void touch_all(uint32_t count)
{
    while (count-- > 0) {
        for (uint32_t page = 0; page < pieces[count].pages; page++) {
            CHECK(pieces[count].start[page * PAGE_BYTES] == 0);
            pieces[count].start[page * PAGE_BYTES] = (uint8_t)(count + page + 1);
        }
    }
}

static void check_touched(uint32_t count)
{
    while (count-- > 0) {
        for (uint32_t page = 0; page < pieces[count].pages; page++) {
            CHECK(pieces[count].start[page * PAGE_BYTES] == (uint8_t)(count + page + 1));
        }
    }
}

static void mix_full(void)
{
    pieces = page_malloc(PIECES_MAX * sizeof(*pieces));
    CHECK(pieces);
    memset(pieces, 0, PIECES_MAX * sizeof(*pieces));
    for (int round = 0; round < 4; round++) {
        int child = round % 2 ? fork_checked() : -1; /* its promises are beside the parent's */
        uint32_t count = fill();

        CHECK(count > 0 || round % 2); /* of two who fill it, one may get all */
        touch_all(count);
        if (child == 0) {
            exit_status(0);
        }
        CHECK(round % 2 || (int)syscall_fork() == -ENOMEM); /* there is no memory for another */
        check_touched(count);
        while (count > 0) {
            give_back(&pieces[--count]);
        }
        if (child > 0) {
            CHECK(status_of(child) == 0);
        }
    }
}

static const struct theme themes[] = {
    {"mix-areas", mix_areas},
    {"mix-full", mix_full},
};

int main(int argc, char **argv)
{
    return RUN_THEME(argc, argv, themes);
}
