/*
 * memory/seeds/incro.c - mappings by 64-bit numbers, and the examples of IncroOS's document.
 *
 * Size before speed.
 */
#include "memory/seeds/incro.h"

#include "base/align.h"
#include "lib/format.h"
#include "memory/heap/byte_heap.h"
#include "base/status.h"

/* ---------------------------------------------------------------- mappings */

bool vmm_map_page(uint64_t virt, uint64_t phys, uint64_t flags)
{
    if ((virt | phys) > UINTPTR_MAX || flags > UINT32_MAX) {
        return false;
    }
    void *page = (void *)(uintptr_t)virt;
    void *frame = (void *)(uintptr_t)phys;

    return (flags & PTE_HUGEPAGE
                ? paging_map_4mib(paging_current(), page, frame, (uint32_t)flags)
                : paging_map(paging_current(), page, frame, (uint32_t)flags)) == OK;
}

void vmm_unmap_page(uint64_t virt)
{
    if (virt <= UINTPTR_MAX) {
        (void)paging_unmap(paging_current(), (void *)(uintptr_t)virt);
    }
}

uint64_t vmm_get_physical(uint64_t virt)
{
    paddr_t physical;

    if (virt > UINTPTR_MAX || paging_get_physical_address(
                                  paging_current(), (const void *)(uintptr_t)virt, &physical) < 0) {
        return 0;
    }
    return physical;
}

/* ---------------------------------------------------------------- examples */

#define SCRATCH_ADDRESS 0x80000000u /* of a process's heap: nothing of the kernel's is there */
#define FAR_ADDRESS     0x123456789000ull
#define STEP_BYTES      40
#define FLAGS           9
#define MIB             0x100000u
#define GROWTH_BYTES    MIB
#define PIECE(size)     ALIGN_UP((size) + BYTE_HEAP_HEADER_BYTES, 16u) /* so much a kmalloc() takes */
#define HEAP_FRAMES     300 /* for 1 MiB, its table, and some growth */

static int show_flags(void)
{
    static const struct {
        const char *line;
        uint32_t value;
    } flags[FLAGS] = {
        {"PTE_PRESENT      0x%03x", PTE_PRESENT}, {"PTE_WRITABLE     0x%03x", PTE_WRITABLE},
        {"PTE_USER         0x%03x", PTE_USER},    {"PTE_WRITETHROUGH 0x%03x", PTE_WRITETHROUGH},
        {"PTE_NOCACHE      0x%03x", PTE_NOCACHE}, {"PTE_ACCESSED     0x%03x", PTE_ACCESSED},
        {"PTE_DIRTY        0x%03x", PTE_DIRTY},   {"PTE_HUGEPAGE     0x%03x", PTE_HUGEPAGE},
        {"PTE_GLOBAL       0x%03x", PTE_GLOBAL},
    };

    for (uint32_t bit = 0; bit < FLAGS; bit++) {
        seed_number(flags[bit].line, flags[bit].value, 1u << bit);
    }
    return OK;
}

/* First physical memory. */
static int show_frames(void)
{
    size_t pages = pmm_get_free_pages();

    pmm_init();
    uint64_t first = pmm_alloc_page();
    uint64_t second = pmm_alloc_page();

    if (first != 0 && second != 0) {
        seed_number("pmm_get_total_pages is more than the free ones: %u",
                    pmm_get_total_pages() >= pages, 1);
        seed_number("pmm_alloc_page, twice: %u frames fewer are free", pages - pmm_get_free_pages(),
                    2);
        seed_number("  different ones: %u", first != second, 1);
        seed_number("  at multiples of 4096: %u", ((first | second) & PAGING_FLAGS_MASK) == 0, 1);
    }
    pmm_free_page(first);
    pmm_free_page(second);
    seed_number("pmm_free_page, free frames afterwards: %u, as before", pmm_get_free_pages(),
                pages);
    return first != 0 && second != 0 ? OK : -ENOMEM;
}

/* An address beyond 4 GiB, and the steps that lead there: four, as in the document. The i386 has
 * neither. */
static int show_far_address(const struct paging_4gb_chunk *chunk, uint64_t frame)
{
    static const char *const expected[] = {"root entry 36", "directory pointer entry 209",
                                           "directory entry 179", "table entry 393"};
    struct paging_step steps[PAGE_LEVELS];

    if (PAGE_LEVELS < ARRAY_SIZE(expected)) {
        seed_number("an address from 4 GiB on: %u", vmm_map_page(FAR_ADDRESS, frame, PTE_PRESENT),
                    0);
        return OK;
    }
    if (!vmm_map_page(FAR_ADDRESS, frame, PTE_PRESENT)) {
        return -ENOMEM;
    }
    seed_number("an address from 4 GiB on, 0x123456789000: %u",
                vmm_get_physical(FAR_ADDRESS) == frame, 1);
    size_t count = paging_walk(chunk, (vaddr_t)FAR_ADDRESS, steps);

    seed_number("  steps that lead to it: %u", count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < MIN(count, ARRAY_SIZE(expected)); i++) {
        char step[STEP_BYTES];

        (void)format_to_buffer(step, sizeof(step), "%s entry %u", page_level_name(steps[i].level),
                               steps[i].index);
        seed_text("  %s", step, expected[i]);
    }
    vmm_unmap_page(FAR_ADDRESS);
    return OK;
}

/* Then virtual memory, in an address space for this example alone. */
static int show_mappings(void)
{
    size_t pages = seed_free_frames();
    struct paging_4gb_chunk *before = paging_current();
    struct paging_4gb_chunk *chunk = paging_new_4gb(0);
    uint64_t frame = pmm_alloc_page();
    volatile uint32_t *page = (volatile uint32_t *)SCRATCH_ADDRESS;
    uint32_t tables;
    int status = -ENOMEM;

    if (chunk == NULL || frame == 0) {
        goto out;
    }
    vmm_init();
    paging_switch(chunk);
    seed_number("vmm_get_cr3 is the directory: %u",
                vmm_get_cr3() == page_physical(chunk->directory_entry), 1);
    tables = pmm_get_free_pages();
    if (!vmm_map_page(SCRATCH_ADDRESS, frame, PTE_PRESENT | PTE_WRITABLE)) {
        goto out;
    }
    seed_number(ARCH_BITS == 64 ? "vmm_map_page makes tables on demand: %u pages"
                                : "vmm_map_page makes a table on demand: %u page",
                tables - pmm_get_free_pages(), ARCH_BITS == 64 ? 3 : 1);
    page[1] = 0x5EED;
    seed_number("written at 0x80000004, read in the frame: 0x%04x",
                ((volatile uint32_t *)page_memory((paddr_t)frame))[1], 0x5EED);
    seed_number("flags of the entry: 0x%03x (dirty, accessed, writable, present)",
                (uint32_t)paging_get(chunk, (const void *)SCRATCH_ADDRESS) & PAGING_FLAGS_MASK,
                PTE_DIRTY | PTE_ACCESSED | PTE_WRITABLE | PTE_PRESENT);
    seed_number("vmm_get_physical(0x80000123): byte 0x%03x of the frame",
                (uint32_t)(vmm_get_physical(SCRATCH_ADDRESS + 0x123) - frame), 0x123);
    vmm_unmap_page(SCRATCH_ADDRESS);
    seed_number("vmm_unmap_page, vmm_get_physical: %u", (uint32_t)vmm_get_physical(SCRATCH_ADDRESS),
                0);
    seed_number("  and the empty table went back: %u", tables - pmm_get_free_pages(), 0);
    if (show_far_address(chunk, frame) < 0 ||
        !vmm_map_page(SCRATCH_ADDRESS, HEAP_ADDRESS, PTE_PRESENT | PTE_HUGEPAGE)) {
        goto out;
    }
    seed_number("PTE_HUGEPAGE, 4 MiB of the pool: %u",
                vmm_get_physical(SCRATCH_ADDRESS) == HEAP_ADDRESS, 1);
    seed_number("  vmm_get_physical(0x80234567): 0x%08x",
                (uint32_t)vmm_get_physical(SCRATCH_ADDRESS + 0x234567), HEAP_ADDRESS + 0x234567);
    status = OK;
out:
    paging_switch(before);
    paging_free_4gb(chunk);
    pmm_free_page(frame);
    if (status == OK) {
        seed_number("free frames afterwards: %u, as before", seed_free_frames(), pages);
    }
    return status;
}

/* Are there frames for the heap besides the kernel pool's? Those are the last ones, and cost more
 * steps each. */
static bool has_heap_frames(void)
{
    struct pmm_stats stats;

    pmm_get_stats(&stats);
    return stats.zone_free + stats.low_free + stats.tail_free - stats.zeroed >= HEAP_FRAMES;
}

/* Then the heap: it starts with 1 MiB, grows, joins what is free, and gives pages back. When
 * somebody has the heap already, it does not start here: then only what is true of every heap is
 * shown. */
static int show_heap(void)
{
    size_t used_before = heap_get_used();
    bool is_first = used_before == 0;
    size_t pages =
        (is_first ? vmalloc_trim() : 0, pmm_get_free_pages()); /* an empty one starts again */
    int status = -ENOMEM;
    char *small = NULL, *next = NULL, *large = NULL;

    if (!has_heap_frames()) {
        return -ENOMEM;
    }
    heap_init();
    if (is_first) {
        if (heap_get_free() != MIB) {
            goto out;
        }
        seed_number("heap_init: %u bytes used", heap_get_used(), 0);
        seed_number("           %u bytes free", heap_get_free(), MIB);
    }
    small = kmalloc(50);
    if (small == NULL) {
        goto out;
    }
    seed_number(PIECE(0) == 16
                    ? "kmalloc(50): %u bytes used: 50, a header of 16, in multiples of 16"
                    : "kmalloc(50): %u bytes used: 50, a header of 32, in multiples of 16",
                heap_get_used() - used_before, PIECE(50));
    next = kmalloc(5000);
    if (next == NULL) {
        goto out;
    }
    seed_number("kmalloc(5000): %u bytes used", heap_get_used() - used_before,
                PIECE(50) + PIECE(5000));
    if (is_first) {
        seed_number("  it begins %u bytes behind the first", (uint32_t)(next - small), PIECE(50));
    }
    large = kmalloc(GROWTH_BYTES);
    if (large == NULL) {
        goto out;
    }
    seed_number("kmalloc(1048576) grows the heap: %u bytes used", heap_get_used() - used_before,
                PIECE(50) + PIECE(5000) + PIECE(GROWTH_BYTES));
    seed_number("  it is larger than 1 MiB: %u", heap_get_used() + heap_get_free() > MIB, 1);
    large[GROWTH_BYTES - 1] = '!';
    seed_number("  its last byte can be written: '%c'", (unsigned char)large[GROWTH_BYTES - 1],
                '!');
    status = OK;
out:
    kfree(small);
    kfree(next);
    kfree(large);
    if (status == OK) {
        seed_number("kfree of all three: %u bytes used, as before", heap_get_used(), used_before);
    }
    if (status == OK && is_first) {
        seed_number("  free ones are joined, and pages went back: %u bytes free", heap_get_free(),
                    MIB);
    }
    if (is_first) {
        (void)vmalloc_trim();
    }
    if (status == OK && is_first) {
        seed_number("free frames afterwards: %u, as before", pmm_get_free_pages(), pages);
    }
    return status;
}

static const seed_example_t examples[] = {show_flags, show_frames, show_mappings, show_heap};
const struct seed_examples seed_incro_examples = {examples, ARRAY_SIZE(examples)};
