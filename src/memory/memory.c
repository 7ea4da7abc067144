/*
 * memory/memory.c - the story of memory, from the firmware's map to paging.
 *
 *   1. e820       which memory exists               (e820.c, memory_map.c)
 *   2. kheap      the kernel's pool, whole blocks   (heap/heap.c, heap/kheap.c)
 *   3. pmm        single frames and runs of them    (pmm.c)
 *   4. paging     what is visible where             (paging/paging.c)
 *   5. pmm again  frames beyond what boot has mapped: on x86_64, from 4 GiB on
 *   6. vmalloc    the kernel's bytes, at first use  (vmalloc.c, heap/byte_heap.c)
 *
 * How much RAM is needed? The pool begins at 16 MiB and the firmware keeps a little at the end of
 * RAM (128 KiB in SeaBIOS) for itself. POOL_MIN_BYTES above 16 MiB is enough for the kernel's own
 * structures and a few small programs: RAM_MINIMUM_MIB.
 *
 * Size before speed.
 */
#include "memory/memory.h"

#include "config.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "layout.h"
#include "base/align.h"
#include "arch/firmware.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"

#define E820_ENTRIES_MAX 128
#define POOL_MIN_BYTES   0x180000
#define MIB              0x100000

extern uint8_t kernel_end[]; /* kernel.ld: page-aligned */

static struct {
    struct e820_entry e820[E820_ENTRIES_MAX];
    struct memory_map map;
} memory;

const struct memory_map *memory_get_map(void)
{
    return &memory.map;
}

static void read_firmware_map(void)
{
    bool is_complete;
    size_t count = firmware_read_memory_map(memory.e820, E820_ENTRIES_MAX, &is_complete);

    if (count == 0) {
        fatal("The BIOS does not report which memory exists (INT 15h, E820h); Drupe needs it to.");
    }
    if (is_complete) {
        memory_map_build(&memory.map, memory.e820, count);
    } else {
        memory_map_build_truncated(&memory.map, memory.e820, count);
    }
    memory_map_print(&memory.map);
    if (memory_map_usable_bytes(&memory.map, HEAP_ADDRESS, HEAP_END) < POOL_MIN_BYTES) {
        fatal("Too little memory: Drupe needs at least %u MiB of RAM and the firmware reports %u"
              " MiB usable.",
              RAM_MINIMUM_MIB, (unsigned)(memory_map_total_usable_bytes(&memory.map) / MIB));
    }

    /* Low memory and the kernel's place were used before this check: they had better exist. */
    if (!memory_map_is_usable(&memory.map, BOOT_INFO_ADDRESS, HEAP_TABLE_AREA_END) ||
        !memory_map_is_usable(&memory.map, KERNEL_PHYSICAL, USER_STACK_TOP)) {
        fatal("The firmware keeps memory that Drupe needs: %08x to %08x or %08x to %08x.",
              BOOT_INFO_ADDRESS, HEAP_TABLE_AREA_END, KERNEL_PHYSICAL, USER_STACK_TOP);
    }
}

/* The pool ends with the last usable page below HEAP_END; what is missing inside is reserved. */
static void start_kernel_heap(void)
{
    struct memory_range range;
    uint64_t end = HEAP_ADDRESS;

    while (memory_map_next_range(&memory.map, end, HEAP_END, &range)) {
        end = range.end;
    }
    kheap_init(page_memory((paddr_t)end));

    uint64_t hole = HEAP_ADDRESS;
    while (memory_map_next_range(&memory.map, hole, end, &range)) {
        heap_reserve(kheap_get(), page_memory((paddr_t)hole), page_memory((paddr_t)range.start));
        hole = range.end;
    }
}

void memory_initialise(void)
{
    read_firmware_map();
    start_kernel_heap();
    pmm_init(&memory.map, page_physical(kernel_end));
    paging_initialise(&memory.map);
    enable_paging();
    pmm_add_high_zones(&memory.map);
    pmm_print_stats();
}
