/*
 * memory/paging/paging_print.c - an address in words: what lies there, and how the CPU gets there.
 *
 * Size before speed.
 */
#include "arch/trap.h"
#include "debug/printk.h"
#include "base/align.h"
#include "memory/paging/paging.h"

#define MIB_SHIFT 20

/* As many digits as a number of that type needs, so that columns are straight. */
#define DIGITS(number) (int)(2 * sizeof(number)), (unsigned long long)(number)

static void print_step(const struct paging_step *step)
{
    static const struct {
        uint32_t flag;
        const char *if_set, *if_clear;
    } words[] = {
        {PAGE_FLAG_PRESENT, " present", " not present"},
        {PAGE_FLAG_WRITEABLE, " writeable", " read-only"},
        {PAGE_FLAG_USER, " user", " supervisor"},
        {PAGE_FLAG_WRITE_THROUGH, " write-through", ""},
        {PAGE_FLAG_UNCACHED, " uncached", ""},
        {PAGE_FLAG_ACCESSED, " accessed", ""},
        {PAGE_FLAG_DIRTY, " dirty", ""},
        {PAGE_FLAG_GLOBAL, " global", ""},
        {PAGE_FLAG_EXECUTABLE, "", " never executed"},
    };
    uint32_t flags = page_entry_flags(step->entry);
    size_t count = flags & PAGE_FLAG_PRESENT ? ARRAY_SIZE(words) : 1;

    printk("  %s entry %u: %0*llx", page_level_name(step->level), step->index,
           DIGITS(step->entry.bits));
    for (size_t i = 0; i < count; i++) {
        printk("%s", flags & words[i].flag ? words[i].if_set : words[i].if_clear);
        if (words[i].flag == PAGE_FLAG_DIRTY && flags & PAGE_FLAG_LARGE && step->level > 0) {
            printk(" %uMiB", (unsigned)(page_level_bytes(step->level) >> MIB_SHIFT));
        }
    }
    printk("\n");
}

static const struct page_place *place_of(vaddr_t address)
{
    size_t count;
    const struct page_place *places = page_places(&count);

    while (places[count - 1].start > address) {
        count--;
    }
    return &places[count - 1];
}

static void print_walk(vaddr_t address)
{
    const struct paging_4gb_chunk *chunk = paging_current();
    const struct page_place *place = place_of(address);
    struct paging_step steps[PAGE_LEVELS];

    printk("%0*llx: %s", DIGITS(address), place->what);
    if (!chunk) {
        printk("; paging is off\n");
        return;
    }
    bool is_guard = place->is_stacks && !paging_is_mapped(chunk, (void *)address);

    printk("%s\n", is_guard ? ", the guard page below a task's kernel stack" : "");
    if (!page_address_is_canonical(address)) {
        return; /* no table is asked for it */
    }

    size_t count = paging_walk(chunk, address, steps);

    for (size_t i = 0; i < count; i++) {
        print_step(&steps[i]);
    }
}

void paging_report_fault(const struct trap_frame *frame)
{
    const struct paging_4gb_chunk *chunk = paging_current();
    struct page_fault fault;

    if (trap_is_double_fault(frame) && chunk) {
        paddr_t root = page_physical(chunk->directory_entry);

        printk("cr3 was %0*llx\n", DIGITS(root));
    }
    if (trap_get_page_fault(frame, &fault) || trap_is_double_fault(frame)) {
        print_walk(trap_last_fault_address());
    }
}
