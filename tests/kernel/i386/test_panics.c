/*
 * tests/kernel/i386/test_panics.c - ways to die that only the i386 kernel has, or that name its
 * registers. tests/system/test_panics.py asks for them by name and reads the report.
 */
#include "damage.h"
#include "debug/panic.h"
#include "ktest.h"
#include "layout.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"

#define TSS_BUSY 0x02

KPROVOKE(panic_mmio_write)
{
    /* A device that is mapped, but not to be written: the walk has a 4 MiB page in it. */
    paging_map_4mib(paging_kernel_chunk(), (void *)0xD0000000, (void *)0xD0000000,
                    PAGING_CACHE_DISABLED);
    *(volatile uint32_t *)0xD0000010 = 1;
}

/* The registers that every report must show. */
KPROVOKE(panic_registers)
{
    __asm__ volatile("mov $0xA1A1A1A1, %%eax\n"
                     "mov $0xB2B2B2B2, %%ebx\n"
                     "mov $0xC3C3C3C3, %%ecx\n"
                     "mov $0xD4D4D4D4, %%edx\n"
                     "mov $0xE5E5E5E5, %%esi\n"
                     "mov $0xF6F6F6F6, %%edi\n"
                     "push %0\n"
                     "call panic"
                     :
                     : "i"("all registers")
                     : "eax", "ebx", "ecx", "edx", "esi", "edi");
}

KPROVOKE(panic_damaged_stack)
{
    __asm__ volatile("mov $0xBADBAD00, %ebp\n"
                     "ud2");
}

/* As on a machine that leaves a TSS as it is when it is loaded. */
static void be_without_tasks(void)
{
    struct table_register gdt;

    __asm__ volatile("sgdt %0" : "=m"(gdt));
    ((uint8_t *)gdt.base)[TSS_SELECTOR + DESCRIPTOR_TYPE] &= (uint8_t)~TSS_BUSY;
    trap_initialise();
}

KPROVOKE(panic_double_fault_without_tasks)
{
    be_without_tasks();
    damage_page_fault_gate();
    (void)*(volatile uint32_t *)0x80001234;
}

KPROVOKE(panic_double_fault_in_ring_3_without_tasks)
{
    be_without_tasks();
    damage_fault_in_ring_3();
}
