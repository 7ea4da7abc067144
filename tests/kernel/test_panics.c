/*
 * tests/kernel/test_panics.c - every way for the kernel itself to die; tests/system/test_panics.py
 * asks for them by name and reads the report.
 */
#include "debug/panic.h"
#include "ktest.h"
#include "memory/heap/kheap.h"
#include "memory/pmm.h"
#include "memory/paging/paging.h"
#include "arch/x86/cpu.h"
#include "arch/x86/gdt.h"
#include "task/task.h"

KPROVOKE(panic_plain)
{
    panic("said on purpose: %d", 42);
}

KPROVOKE(panic_kassert)
{
    KASSERT(1 == 2);
}

KPROVOKE(panic_null_read)
{
    volatile uint32_t *null = (uint32_t *)0;

    __asm__ volatile("" : "+r"(null));
    (void)*null;
}

KPROVOKE(panic_text_write)
{
    extern uint8_t kernel_start[];

    *(volatile uint8_t *)kernel_start = 0;
}

KPROVOKE(panic_unmapped)
{
    (void)*(volatile uint32_t *)0x80000000;
}

KPROVOKE(panic_divide)
{
    int zero = 0;

    __asm__ volatile("idivl %0" : : "r"(zero), "a"(1), "d"(0));
}

KPROVOKE(panic_invalid_opcode)
{
    __asm__ volatile("ud2");
}

/* Returns something made from the deeper call's result, so that no jump replaces the call. */
static uint32_t dig(volatile uint32_t *from)
{
    volatile uint32_t here[64];

    here[0] = *from + 1;
    return here[0] ? dig(here) + here[0] : 0;
}

KPROVOKE(panic_boot_stack_overflow)
{
    volatile uint32_t start = 0;

    (void)dig(&start);
}

/* The same on a task's kernel stack, whose guard page is made by task_create(). */
KPROVOKE(panic_task_stack_overflow)
{
    static struct task task;
    struct trap_frame frame = {
        .eip = (uint32_t)dig,
        .cs = KERNEL_CODE_SELECTOR,
        .eflags = 0x2,
        .ds = KERNEL_DATA_SELECTOR,
        .es = KERNEL_DATA_SELECTOR,
        .eax = KERNEL_ADDRESS, /* dig's argument */
    };

    KASSERT(task_create(&task, paging_kernel_chunk(), &frame) == 0);
    task_start(&task);
    task_run();
}

KPROVOKE(panic_wrong_kfree)
{
    kfree((void *)0x01000123);
}

KPROVOKE(panic_double_kfree)
{
    void *block = kmalloc(50);

    kfree(block);
    kfree(block);
}

#if DEBUG_HEAP
KPROVOKE(panic_red_zone)
{
    uint8_t *memory = kmalloc(50);

    memory[50] = 1;
    kfree(memory);
}

KPROVOKE(panic_write_after_free)
{
    uint8_t *memory = kmalloc(4096);

    kfree(memory);
    memory[100] = 1;
    kmalloc(4096);
}
#endif
