/*
 * memory/seeds/mio.c - bytes of any size, pages of both sizes, and the examples of MioOS's
 * document.
 *
 * Size before speed.
 */
#include "memory/seeds/mio.h"

#include "base/align.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "memory/vmalloc.h"

/* ---------------------------------------------------------------- bytes */

void *seed_mio_kmalloc(size_t size)
{
    return size <= KMEM_OBJECT_BYTES_MAX ? kmem_alloc(size) : vmalloc(size);
}

void *seed_mio_kcalloc(size_t num, size_t size)
{
    uint32_t bytes; /* as many as there */

    if (__builtin_mul_overflow(num, size, &bytes)) {
        return NULL;
    }
    return bytes <= KMEM_OBJECT_BYTES_MAX ? kmem_zalloc(bytes) : vzalloc(bytes);
}

void seed_mio_kfree(void *ptr)
{
    if ((uintptr_t)ptr - VMALLOC_ADDRESS < VMALLOC_END - VMALLOC_ADDRESS) {
        vfree(ptr);
    } else {
        kmem_free(ptr);
    }
}

/* ---------------------------------------------------------------- pages */

/* One page of a table goes by paging_unmap(), which also gives back an empty table. 4 MiB go by the
 * same, page by page: the first makes a table of them. */
bool free_page(const uint32_t virt)
{
    struct paging_4gb_chunk *chunk = paging_current();
    uint32_t start = virt, count = 1;

    if (paging_get(chunk, seed_pointer(virt)) & PAGING_LARGE_PAGE) {
        start = ALIGN_DOWN(virt, PAGING_4MIB_BYTES);
        count = PAGING_4MIB_BYTES / PAGE_SIZE_BYTES;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (paging_unmap(chunk, seed_pointer(start + i * PAGE_SIZE_BYTES)) < 0) {
            return false; /* the first one, for which there was no table, or no page */
        }
    }
    return true;
}

/* ---------------------------------------------------------------- examples */

#define SCRATCH_ADDRESS   0x80000000u /* of a process's heap: nothing of the kernel's is there */
#define SCRATCH_4MIB      0x80400000u
#define SMALL_OBJECTS     64
#define SMALL_OBJECT_SIZE 50
#define FRAMES            4

/* Bytes, and how little they cost. */
static int show_bytes(void)
{
    size_t pages = pmm_get_free_pages();
    unsigned char *objects[SMALL_OBJECTS] = {NULL};
    unsigned char *zeroed = NULL;
    uint32_t wrong = 0;
    int status = -ENOMEM;

    for (size_t i = 0; i < SMALL_OBJECTS; i++) {
        objects[i] = kmalloc(SMALL_OBJECT_SIZE);
        if (objects[i] == NULL) {
            goto out;
        }
        memset(objects[i], (int)i, SMALL_OBJECT_SIZE);
    }
    seed_number("64 times kmalloc(50) in 2 pages at most: %u", pages - pmm_get_free_pages() <= 2,
                1);
    for (size_t i = 0; i < SMALL_OBJECTS; i++) {
        wrong += objects[i][0] != i || objects[i][SMALL_OBJECT_SIZE - 1] != i;
    }
    seed_number("objects that another one wrote to: %u", wrong, 0);
    zeroed = kcalloc(20, 50);
    if (zeroed == NULL) {
        goto out;
    }
    wrong = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        wrong += zeroed[i] != 0;
    }
    seed_number("kcalloc(20, 50): bytes that are not 0: %u", wrong, 0);
    seed_number("kcalloc(65536, 65537) does not fit: 0x%08x", seed_low(kcalloc(65536, 65537)), 0);
    seed_number("kmalloc(0): 0x%08x", seed_low(kmalloc(0)), 0);
    status = OK;
out:
    kfree(zeroed);
    for (size_t i = 0; i < SMALL_OBJECTS; i++) {
        kfree(objects[i]);
    }
    if (pmm_get_free_pages() < pages) {
        (void)kmem_reap(); /* the pages that are kept for the next objects */
    }
    if (status == OK) {
        seed_number("kfree of all, free frames as before: %u", pmm_get_free_pages() >= pages, 1);
    }
    return status;
}

/* Frames side by side. */
static int show_frames(void)
{
    size_t pages = seed_free_frames();
    uint32_t *frames = alloc_frame(FRAMES);
    uint32_t sum = 0;

    if (frames == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < FRAMES; i++) {
        frames[i * PAGE_SIZE_BYTES / sizeof(*frames)] = i + 1;
    }
    for (uint32_t i = 0; i < FRAMES; i++) {
        sum += frames[i * PAGE_SIZE_BYTES / sizeof(*frames)];
    }
    seed_number("alloc_frame(4): %u frames fewer are free", pages - pmm_get_free_pages(), FRAMES);
    seed_number("  they lie side by side, 1 + 2 + 3 + 4 = %u", sum, 10);
    seed_number("  the first byte is at a multiple of 4096: %u", paging_is_aligned(frames), 1);
    seed_number("free_frame of the second one is refused: %d",
                (uint32_t)free_frame((char *)frames + PAGE_SIZE_BYTES), (uint32_t)-EINVARG);
    seed_number("free_frame: %d", (uint32_t)free_frame(frames), 0);
    seed_number("free_frame again is refused: %d", (uint32_t)free_frame(frames),
                (uint32_t)-EINVARG);
    seed_number("alloc_frame(0): 0x%08x", seed_low(alloc_frame(0)), 0);
    seed_number("alloc_frame of 16 TiB: 0x%08x", seed_low(alloc_frame(1ull << 32)), 0);
    seed_number("free frames afterwards: %u, as before", seed_free_frames(), pages);
    return OK;
}

/* A page, and 4 MiB, in an address space for this example alone. */
static int show_pages(void)
{
    size_t pages = seed_free_frames();
    struct paging_4gb_chunk *before = paging_current();
    struct paging_4gb_chunk *chunk = paging_new_4gb(0);
    uint32_t *frame = alloc_frame(1);
    uint32_t phys = seed_low(frame);
    uint32_t base = ALIGN_DOWN(phys, PAGING_4MIB_BYTES);
    volatile uint32_t *page = (volatile uint32_t *)SCRATCH_ADDRESS;
    volatile uint32_t *in_large = seed_pointer(SCRATCH_4MIB + (phys - base));
    int status = -ENOMEM;

    if (chunk == NULL || frame == NULL) {
        goto out;
    }
    paging_switch(chunk);
    if (alloc_page(SCRATCH_ADDRESS, phys, PRESENT | WRITABLE) < 0) {
        goto out;
    }
    page[0] = 0xDEADBEEF;
    seed_number("alloc_page, written at 0x80000000, read at the frame: 0x%08x", frame[0],
                0xDEADBEEF);
    seed_number("virtual_to_physical(0x80000123): byte 0x%03x of the frame",
                seed_low(virtual_to_physical(SCRATCH_ADDRESS + 0x123)) - phys, 0x123);
    seed_number("is_mapped: %u", is_mapped(SCRATCH_ADDRESS), 1);
    seed_number("free_page: %u", free_page(SCRATCH_ADDRESS), 1);
    seed_number("is_mapped: %u", is_mapped(SCRATCH_ADDRESS), 0);
    seed_number("free_page again: %u", free_page(SCRATCH_ADDRESS), 0);
    seed_number("alloc_page, misaligned: %d", (uint32_t)alloc_page(SCRATCH_ADDRESS + 1, phys, 0),
                (uint32_t)-EINVARG);

    int mapped =
        alloc_page_4mib(SCRATCH_4MIB, base, PRESENT); /* with four levels it may need tables */

    if (mapped == -ENOMEM) {
        goto out;
    }
    seed_number("alloc_page_4mib: %d", (uint32_t)mapped, 0);
    seed_number("  read there, at the frame's offset: 0x%08x", in_large[0], 0xDEADBEEF);
    seed_number("  virtual_to_physical keeps the offset: %u",
                seed_low(virtual_to_physical(SCRATCH_4MIB + 0x234567)) == base + 0x234567, 1);
    /* The entry that was read through: with four levels, 4 MiB have two. */
    seed_number("  flags of its entry: 0x%03x (4 MiB, accessed, present)",
                (uint32_t)paging_get(chunk, (const void *)in_large) & PAGING_FLAGS_MASK,
                PS | ACCESSED | PRESENT);
    seed_number("  misaligned by 4096: %d",
                (uint32_t)alloc_page_4mib(SCRATCH_4MIB + 4096, base, PRESENT), (uint32_t)-EINVARG);
    if (!free_page(SCRATCH_4MIB)) {
        goto out;
    }
    seed_number("free_page: is_mapped of the first byte: %u", is_mapped(SCRATCH_4MIB), 0);
    seed_number("           of the last byte:            %u", is_mapped(SCRATCH_4MIB + 0x3FFFFF),
                0);
    status = OK;
out:
    paging_switch(before);
    paging_free_4gb(chunk);
    (void)free_frame(frame);
    if (status == OK) {
        seed_number("free frames afterwards: %u, as before", seed_free_frames(), pages);
    }
    return status;
}

static const seed_example_t examples[] = {show_bytes, show_frames, show_pages};
const struct seed_examples seed_mio_examples = {examples, ARRAY_SIZE(examples)};
