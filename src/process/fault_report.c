/*
 * process/fault_report.c - a panic reporter: what the address of a page fault meant to the program
 * that was running. It believes nothing that it finds on the way: the kernel is broken when it is
 * called.
 *
 * Size before speed.
 */
#include "process/fault.h"

#include "arch/trap.h"
#include "arch/user_access.h"
#include "base/align.h"
#include "debug/printk.h"
#include "process/process.h"

/* No sound tree of areas is higher: lib/tree.h. */
#define DEPTH_MAX 48

enum found { FOUND, NOT_FOUND, DAMAGED };

/* Could the struct at `object` be the kernel's? */
static bool is_plausible(const void *object, size_t size)
{
    const struct paging_4gb_chunk *chunk = paging_current();
    vaddr_t address = (vaddr_t)object;

    return chunk && IS_ALIGNED(address, sizeof(void *)) && page_address_is_canonical(address) &&
           user_range_end(address) == 0 && paging_is_mapped(chunk, object) &&
           paging_is_mapped(chunk, (const uint8_t *)object + size - 1);
}

/* As area_at(), in a tree that may be damaged. */
static enum found find_area(const struct address_space *space, vaddr_t address,
                            const struct area **area)
{
    const struct tree_node *node = space->areas.root;

    for (unsigned depth = 0; node; depth++) {
        *area = TREE_ENTRY(node, const struct area, node);
        if (depth == DEPTH_MAX || !is_plausible(*area, sizeof(**area))) {
            return DAMAGED;
        }
        if (address >= (*area)->start && address < (*area)->end) {
            return FOUND;
        }
        node = node->child[address >= (*area)->start];
    }
    return NOT_FOUND;
}

/* Is a page mapped at address, is there one to come, or neither? */
static const char *page_words(const struct address_space *space, vaddr_t address)
{
    struct page_entry entry = paging_entry(space->chunk, address);

    return page_entry_is_present(entry) ? "the page is there"
           : page_entry_is_empty(entry) ? "the page is not there"
                                        : "the page is promised, or hidden";
}

static void report_address(const struct process *process, vaddr_t address)
{
    const struct address_space *space = &process->space;
    const struct area *area;

    switch (find_area(space, address, &area)) {
    case FOUND:
        printk_sentence(
            0, "to %s (process %u): %s, " ADDRESS_FORMAT "-" ADDRESS_FORMAT " %c%c%c%c; %s",
            process->name, process->id, area_kind_words((enum area_kind)area->kind), area->start,
            area->end - 1, area->rights & PAGE_READ ? 'r' : '-',
            area->rights & PAGE_WRITE ? 'w' : '-', area->rights & PAGE_EXECUTE ? 'x' : '-',
            area->is_shared ? 's' : 'p', page_words(space, address));
        break;
    case NOT_FOUND:
        printk_sentence(0, "to %s (process %u): no area; %s", process->name, process->id,
                        page_words(space, address));
        break;
    case DAMAGED:
        printk_sentence(0, "to %s (process %u): its areas are damaged", process->name, process->id);
        break;
    }
}

void process_report_fault(const struct trap_frame *frame)
{
    const struct task *task = task_current();
    struct page_fault fault;

    if (!task || !(trap_get_page_fault(frame, &fault) || trap_is_double_fault(frame))) {
        return;
    }
    const struct process *process = process_current();
    vaddr_t address = trap_last_fault_address();

    if (is_plausible(process, sizeof(*process)) && user_range_end(address) != 0 &&
        is_plausible(process->space.chunk, sizeof(*process->space.chunk))) {
        report_address(process, address);
    }
}
