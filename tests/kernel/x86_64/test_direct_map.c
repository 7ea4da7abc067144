/*
 * tests/kernel/x86_64/test_direct_map.c - the kernel lies in memory once and is seen twice: its
 * text and constants can be written at neither place.
 */
#include "arch/user_access.h"
#include "ktest.h"
#include "layout.h"

extern uint8_t kernel_start[], kernel_rodata_end[]; /* kernel.ld */

/* Would a write there fault? What is written is what is there. */
static bool is_refused(vaddr_t address)
{
    return !user_access_copy((void *)address, (const void *)address, sizeof(uintptr_t));
}

KTEST(direct_map_shows_text_and_constants_read_only)
{
    size_t writeable = 0;
    static uintptr_t own;

    for (vaddr_t page = (vaddr_t)kernel_start; page < (vaddr_t)kernel_rodata_end;
         page += PAGE_SIZE_BYTES) {
        writeable += !is_refused(page);
        writeable += !is_refused(page - KERNEL_BASE + DIRECT_MAP);
    }
    KEXPECT(writeable == 0);
    /* Data can be written at both. */
    KEXPECT(!is_refused((vaddr_t)&own) && !is_refused((vaddr_t)&own - KERNEL_BASE + DIRECT_MAP));
}
