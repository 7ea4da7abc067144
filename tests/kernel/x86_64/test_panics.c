/*
 * tests/kernel/x86_64/test_panics.c - ways to die that only the x86_64 kernel has, or that name its
 * registers. tests/system/test_panics.py asks for them by name and reads the report.
 */
#include "damage.h"
#include "debug/panic.h"
#include "ktest.h"
#include "layout.h"
#include "memory/heap/kheap.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"

/* The registers that every report must show. */
KPROVOKE(panic_registers)
{
    __asm__ volatile("mov $0x00A1A1A1A1A1A1A1, %%rax\n"
                     "mov $0xB2B2B2B2B2B2B2B2, %%rbx\n"
                     "mov $0xC3C3C3C3C3C3C3C3, %%rcx\n"
                     "mov $0xD4D4D4D4D4D4D4D4, %%rdx\n"
                     "mov $0xE5E5E5E5E5E5E5E5, %%rsi\n"
                     "mov $0x0808080808080808, %%r8\n"
                     "mov $0x0909090909090909, %%r9\n"
                     "mov $0x1010101010101010, %%r10\n"
                     "mov $0x1111111111111111, %%r11\n"
                     "mov $0x1212121212121212, %%r12\n"
                     "mov $0x1313131313131313, %%r13\n"
                     "mov $0x1414141414141414, %%r14\n"
                     "mov $0x1515151515151515, %%r15\n"
                     "call panic"
                     :
                     : "D"("all registers")
                     : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13",
                       "r14", "r15");
}

KPROVOKE(panic_damaged_stack)
{
    __asm__ volatile("mov $0xFFFFFFFFBADBAD00, %rbp\n"
                     "ud2");
}

/* A device that is mapped, but not to be written: the walk ends with a large page. */
KPROVOKE(panic_mmio_write)
{
    paging_map_4mib(paging_kernel_chunk(), (void *)(MMIO_ADDRESS + 0xD0000000), (void *)0xD0000000,
                    PAGING_CACHE_DISABLED);
    *(volatile uint32_t *)(MMIO_ADDRESS + 0xD0000010) = 1;
}

/* No page fault: there is no such address. */
KPROVOKE(panic_non_canonical)
{
    (void)*(volatile uint32_t *)(USER_END + 0x1234);
}

/* Data is never executed. */
KPROVOKE(panic_execute_data)
{
    uint8_t *code = kmalloc(PAGE_SIZE_BYTES);

    code[0] = 0xC3; /* ret */
    ((void (*)(void))(uintptr_t)code)();
}

/* The direct map shows the kernel's text as well, and does not let it be written either. */
KPROVOKE(panic_text_write_by_the_direct_map)
{
    extern uint8_t kernel_start[];

    *(volatile uint8_t *)page_memory(page_physical(kernel_start)) = 0;
}

/* An overflow when an interrupt comes: its frame does not fit on the stack. */
KPROVOKE(panic_stack_pointer_of_nobody)
{
    __asm__ volatile("mov $0x0000900000000000, %rsp\n"
                     "push %rax");
}
