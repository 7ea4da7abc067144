/*
 * tests/kernel/test_panics.c - every way for the kernel itself to die; tests/system/test_panics.py
 * asks for them by name and reads the report.
 */
#include "debug/panic.h"
#include "debug/printk.h"
#include "arch/timer.h"
#include "ktest.h"
#include "memory/heap/kheap.h"
#include "memory/pmm.h"
#include "memory/vmalloc.h"
#include "memory/paging/paging.h"
#include "arch/cpu.h"
#include "arch/frame.h"
#include "damage.h"
#include "base/status.h"
#include "layout.h"
#include "process/process.h"
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

/* With SMEP, which the suite's CPU has: a program's code is none of the kernel's. */
KPROVOKE(panic_execute_user_page)
{
    uint8_t *page = pmm_alloc_page();
    void (*code)(void) = (void (*)(void))PROCESS_HEAP_ADDRESS;

    page[0] = 0xC3; /* ret */
    (void)paging_map(paging_current(), (void *)PROCESS_HEAP_ADDRESS, (void *)page_physical(page),
                     PAGING_ACCESS_FROM_ALL | PAGING_IS_EXECUTABLE);
    code();
}

KPROVOKE(panic_null_call)
{
    void (*volatile null)(void) = NULL;

    null();
}

KPROVOKE(panic_selector)
{
    __asm__ volatile("mov %0, %%gs" : : "r"(0x1238));
}

/* ---------------------------------------------------------------- in difficult places */

/* Returns something made from the deeper call's result, so that no jump replaces the call. */
static uint32_t dig(volatile uint32_t *from)
{
    volatile uint32_t here[64];

    here[0] = *from + 1;
    return here[0] ? dig(here) + here[0] : 0;
}

static void __attribute__((noinline)) wait_for_tick(void (*handler)(void))
{
    timer_set_tick_handler(handler);
    cpu_interrupts_on();
    for (;;) {
        __asm__ volatile("hlt");
    }
}

static void tick_that_panics(void)
{
    panic("in an interrupt");
}

KPROVOKE(panic_in_interrupt)
{
    wait_for_tick(tick_that_panics);
}

static void tick_that_faults(void)
{
    *(volatile uint32_t *)0x80001000 = 1;
}

KPROVOKE(panic_fault_in_interrupt)
{
    wait_for_tick(tick_that_faults);
}

/* Has the tick interrupted the program itself? Then little more than the trap frame is on the
 * kernel stack. */
static bool is_tick_of_program(void)
{
    const struct task *task = task_current();
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    return task && here > (uintptr_t)task->kernel_stack &&
           (uintptr_t)task->kernel_stack + KERNEL_STACK_BYTES - here < 1024;
}

/* While the program runs, its memory is what the address is about. */
static void tick_that_writes_to_the_program(void)
{
    if (is_tick_of_program() && paging_is_mapped(paging_current(), (void *)USER_PROGRAM_ADDRESS)) {
        *(volatile uint32_t *)USER_PROGRAM_ADDRESS = 1;
    }
}

static void tick_that_damages_areas(void)
{
    if (task_current()) {
        process_current()->space.areas.root = (struct tree_node *)0x123;
        *(volatile uint32_t *)USER_PROGRAM_ADDRESS = 1;
    }
}

/* Runs a program until a tick finds it running. */
static void run_until_tick(void (*handler)(void))
{
    struct process *process;

    KASSERT(ktest_mount());
    timer_set_tick_handler(handler);
    for (;;) {
        KASSERT(process_load("0:/large/twice.elf", NULL, &process) == OK);
        process_start(process, 0);
        task_run_all();
        process_destroy(process);
    }
}

KPROVOKE(panic_while_a_program_runs)
{
    run_until_tick(tick_that_writes_to_the_program);
}

KPROVOKE(panic_with_damaged_areas)
{
    run_until_tick(tick_that_damages_areas);
}

static void reporter_that_faults(const struct trap_frame *frame)
{
    (void)frame;
    __asm__ volatile("ud2");
}

KPROVOKE(panic_in_panic)
{
    panic_add_reporter(reporter_that_faults);
    panic("the first");
}

static void sink_that_faults(const char *text, size_t length)
{
    (void)text;
    (void)length;
    __asm__ volatile("ud2");
}

KPROVOKE(panic_in_printk)
{
    static struct printk_sink sink = {.name = "broken", .write = sink_that_faults};

    printk_add_sink(&sink);
}

static void reporter_that_overflows(const struct trap_frame *frame)
{
    volatile uint32_t start = (uint32_t)frame_pc(frame);

    (void)dig(&start);
}

KPROVOKE(panic_stack_overflow_in_panic)
{
    panic_add_reporter(reporter_that_overflows);
    panic("the first");
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

KPROVOKE(panic_boot_stack_overflow)
{
    volatile uint32_t start = 0;

    (void)dig(&start);
}

/* The same on a task's kernel stack, whose guard page is made by task_create(). */
KPROVOKE(panic_task_stack_overflow)
{
    static struct task task;

    KASSERT(task_create(&task, paging_kernel_chunk(), &(struct user_start){0}, false) == 0);
    damage_start_in_kernel(task_user_frame(&task), (vaddr_t)dig, KERNEL_ADDRESS);
    task_start(&task);
    task_run();
}

/* ---------------------------------------------------------------- double faults, the stack good */

KPROVOKE(panic_double_fault)
{
    damage_page_fault_gate();
    (void)*(volatile uint32_t *)0x80001234;
}

/* A program without a first page. Its frame pointer is its own affair, and no frame of the
 * kernel. */
void damage_fault_in_ring_3(void)
{
    static struct task task;
    static const vaddr_t caller[2] = {0, KERNEL_ADDRESS + 1};
    struct paging_4gb_chunk *chunk = paging_new_4gb(0);
    const struct user_start start = {
        .entry = USER_PROGRAM_ADDRESS + 0x10,
        .stack = USER_STACK_TOP - 0x20,
    };

    KASSERT(chunk && task_create(&task, chunk, &start, false) == 0);
    damage_set_frame_pointer(task_user_frame(&task), (vaddr_t)caller);
    task_start(&task);
    damage_page_fault_gate();
    task_run();
}

KPROVOKE(panic_double_fault_in_ring_3)
{
    damage_fault_in_ring_3();
}

KPROVOKE(panic_wrong_kfree)
{
    kfree((char *)page_memory(HEAP_ADDRESS) + 0x123);
}

KPROVOKE(panic_kfree_of_a_page)
{
    void *page;

    do {
        page = pmm_alloc_page(); /* in the end, of the pool */
    } while (page_physical(page) - HEAP_ADDRESS >= HEAP_END - HEAP_ADDRESS);
    kfree(page);
}

KPROVOKE(panic_wrong_vfree)
{
    vfree((char *)vmalloc(100) + 16);
}

KPROVOKE(panic_double_vfree)
{
    void *memory = vmalloc(100);

    vfree(memory);
    vfree(memory);
}

KPROVOKE(panic_overrun_vfree)
{
    uint8_t *memory = vmalloc(48);
    void *behind = vmalloc(48);

    memory[48] = 0xFF;
    vfree(memory);
    vfree(behind);
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
