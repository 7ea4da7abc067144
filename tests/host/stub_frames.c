/*
 * stub_frames.c - see stub_frames.h. Broken rules of pmm's callers end the test program.
 */
#include "stub_frames.h"

#include <stdint.h>
#include <string.h>

#include "base/status.h"
#include "debug/panic.h"
#include "memory/page.h"
#include "memory/pmm.h"

static _Alignas(PAGE_SIZE_BYTES) uint8_t memory[STUB_FRAMES][PAGE_SIZE_BYTES];
static struct page pages[STUB_FRAMES];
static bool is_taken[STUB_FRAMES];
static size_t taken, promised, reclaims;
static size_t (*reclaimer)(size_t count);

static size_t index_of(const void *frame)
{
    size_t offset = (size_t)((const uint8_t *)frame - memory[0]);

    KASSERT(offset < sizeof(memory) && offset % PAGE_SIZE_BYTES == 0);
    return offset / PAGE_SIZE_BYTES;
}

size_t stub_frames_free(void)
{
    return STUB_FRAMES - taken;
}

size_t stub_frames_promised(void)
{
    return promised;
}

size_t stub_frames_reclaims(void)
{
    size_t count = reclaims;

    reclaims = 0;
    return count;
}

struct page *page_of(const void *frame)
{
    return &pages[index_of(frame)];
}

static bool can_be_had(size_t count)
{
    if (stub_frames_free() >= promised + count) {
        return true;
    }
    reclaims++;
    return reclaimer && reclaimer(promised + count - stub_frames_free()) > 0 &&
           stub_frames_free() >= promised + count;
}

static void *take(void)
{
    static size_t next; /* not always the one that was freed last */

    KASSERT(taken < STUB_FRAMES);
    while (is_taken[next % STUB_FRAMES]) {
        next++;
    }
    is_taken[next % STUB_FRAMES] = true;
    taken++;
    return memset(memory[next % STUB_FRAMES], 0xA5, PAGE_SIZE_BYTES);
}

void *pmm_alloc_page(void)
{
    return can_be_had(1) ? take() : NULL;
}

bool pmm_promise(size_t count)
{
    if (!can_be_had(count)) {
        return false;
    }
    promised += count;
    return true;
}

size_t pmm_get_available_pages(void)
{
    return stub_frames_free() > promised ? stub_frames_free() - promised : 0;
}

void pmm_promise_freed(size_t count)
{
    promised += count;
    KASSERT(promised <= stub_frames_free());
}

void pmm_give_back_promise(size_t count)
{
    KASSERT(count <= promised);
    promised -= count;
}

void *pmm_alloc_promised_page(void)
{
    pmm_give_back_promise(1);
    return take();
}

int pmm_free_page(void *page)
{
    KASSERT(is_taken[index_of(page)] && page_of(page)->holders == 0);
    is_taken[index_of(page)] = false;
    taken--;
    return OK;
}

bool page_release(void *frame)
{
    struct page *page = page_of(frame);

    KASSERT(page->holders > 0);
    if (--page->holders > 0) {
        return false;
    }
    KASSERT(pmm_free_page(frame) == OK);
    return true;
}

void pmm_set_reclaimer(size_t (*reclaim)(size_t count), int (*give_up)(void *frame))
{
    (void)give_up;
    reclaimer = reclaim;
}
