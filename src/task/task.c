/*
 * task/task.c - round robin over one run queue.
 *
 * The running task is not on the queue. The timer's tick only notes that time is up; the change
 * of tasks happens when the interrupt returns to ring 3, so the kernel is never left in the
 * middle. When nobody can run, the idle task (the stack that the kernel started on) sleeps. It is
 * also the one that a task leaves its own stack for when it ends, and that buries it.
 *
 * A task is on exactly one list, through its one node, unless it runs, is new or has ended: so what
 * has ended can be on none, whatever the order in which tasks end.
 *
 * A task's kernel stack, and how a new one looks:
 *
 *     high  +------------------------+
 *           | struct trap_frame      |  the registers of ring 3
 *           +------------------------+
 *           | trap_return            |  task_switch() returns there
 *           | ebp ebx esi edi fs gs  |  <- kernel_esp
 *           |          ...           |
 *           +------------------------+  kernel_stack + 4096
 *           | guard page, not mapped |
 *     low   +------------------------+  kernel_stack
 */
#include "task/task.h"

#include "arch/x86/cpu.h"
#include "arch/x86/gdt.h"
#include "arch/x86/irq.h"
#include "config.h"
#include "debug/panic.h"
#include "drivers/pit.h"
#include "lib/align.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "status.h"

_Static_assert(KERNEL_STACK_BYTES % PAGE_SIZE_BYTES == 0, "kernel stacks are whole pages");

/* Never mapped: whoever goes on there in ring 3 faults at once. */
#define NOWHERE 0

/* What task_switch() leaves on a stack. */
struct switch_frame {
    uint32_t gs, fs, edi, esi, ebx, ebp;
    uint32_t return_address;
};

/* task_switch.asm */
void task_switch(uint32_t *save_esp, uint32_t load_esp);

static struct {
    struct list_node run_queue;
    struct list_node sleepers; /* the next to wake first */
    struct task idle;
    struct task *current;
    struct task *ended; /* has left its stack, not buried yet */
    bool is_time_up;
    void (*end_handler)(struct task *task);
    struct kmem_cache *fpu_states;
    uint32_t thread_pointer; /* as the descriptor table has it */
} tasks;

static uint8_t *task_stack_top(const struct task *task)
{
    return task->kernel_stack + PAGE_SIZE_BYTES + KERNEL_STACK_BYTES;
}

struct trap_frame *task_user_frame(const struct task *task)
{
    return (struct trap_frame *)task_stack_top(task) - 1;
}

/* Before a task's FS and GS are loaded. */
static void load_thread_pointer(const struct task *task)
{
    if (tasks.thread_pointer != task->thread_pointer) {
        tasks.thread_pointer = task->thread_pointer;
        gdt_set_thread_pointer(task->thread_pointer);
    }
}

/* From the current task, which has been put wherever it waits, to next. */
static void task_switch_to(struct task *next)
{
    struct task *previous = tasks.current;

    tasks.is_time_up = false;
    if (next == previous) {
        return;
    }
    tasks.current = next;
    fpu_switch(next->fpu);
    if (next != &tasks.idle) {
        gdt_set_kernel_stack((uint32_t)task_stack_top(next));
        paging_switch(next->chunk);
        load_thread_pointer(next);
    }
    task_switch(&previous->kernel_esp, next->kernel_esp);
}

/* Runs the next task, or idles. */
static void task_schedule(void)
{
    struct list_node *node = list_take_first(&tasks.run_queue);

    task_switch_to(node ? LIST_ENTRY(node, struct task, queue) : &tasks.idle);
}

static void task_make_runnable(struct task *task)
{
    task->state = TASK_RUNNABLE;
    list_remove(&task->queue);
    list_append(&tasks.run_queue, &task->queue);
}

static bool is_due(const struct task *sleeper, uint32_t tick)
{
    return (int32_t)(tick - sleeper->wake_tick) >= 0; /* ticks wrap */
}

static void task_on_tick(void)
{
    uint32_t now = pit_get_ticks();

    tasks.is_time_up = true;
    tasks.current->ticks++;
    while (!list_is_empty(&tasks.sleepers)) {
        struct task *first = LIST_ENTRY(tasks.sleepers.next, struct task, queue);

        if (!is_due(first, now)) {
            break;
        }
        task_make_runnable(first);
    }
}

static void task_on_user_return(void)
{
    if (tasks.is_time_up) {
        task_yield();
    }
}

void task_initialise(void)
{
    list_initialise(&tasks.run_queue);
    list_initialise(&tasks.sleepers);
    list_initialise(&tasks.idle.queue);
    tasks.idle.state = TASK_RUNNABLE;
    tasks.current = &tasks.idle;
    tasks.fpu_states =
        kmem_cache_create("fpu_state", sizeof(struct fpu_state), FPU_STATE_ALIGNMENT);
    KASSERT(tasks.fpu_states);
    pit_set_tick_handler(task_on_tick);
    irq_set_user_return_hook(task_on_user_return);
}

int task_create(struct task *task, struct paging_4gb_chunk *chunk, const struct trap_frame *frame)
{
    struct fpu_state *fpu = kmem_cache_alloc(tasks.fpu_states);

    if (!fpu) {
        return -ENOMEM;
    }
    uint8_t *stack = pmm_alloc_frames(TASK_STACK_PAGES);
    if (!stack) {
        goto free_fpu;
    }
    if (paging_guard_page(stack) < 0) {
        goto free_stack;
    }

    fpu_clear(fpu);
    *task = (struct task){.state = TASK_NEW, .kernel_stack = stack, .chunk = chunk, .fpu = fpu};
    list_initialise(&task->queue);

    struct trap_frame *first = task_user_frame(task);
    struct switch_frame *saved = (struct switch_frame *)first - 1;

    *first = *frame;
    *saved = (struct switch_frame){
        .gs = USER_DATA_SELECTOR,
        .fs = USER_DATA_SELECTOR,
        .return_address = (uint32_t)trap_return,
    };
    task->kernel_esp = (uint32_t)saved;
    return OK;

free_stack:
    pmm_free_frames(stack);
free_fpu:
    kmem_cache_free(tasks.fpu_states, fpu);
    return -ENOMEM;
}

void task_destroy(struct task *task)
{
    KASSERT(task != tasks.current && task != tasks.ended);
    list_remove(&task->queue);
    paging_unguard_page(task->kernel_stack);
    KASSERT(pmm_free_frames(task->kernel_stack) == OK);
    task->kernel_stack = NULL;
    fpu_forget(task->fpu);
    kmem_cache_free(tasks.fpu_states, task->fpu);
}

void task_start(struct task *task)
{
    KASSERT(task->state == TASK_NEW);
    task->state = TASK_RUNNABLE;
    list_append(&tasks.run_queue, &task->queue);
}

struct task *task_running(void)
{
    return tasks.current;
}

struct task *task_current(void)
{
    return tasks.current == &tasks.idle ? NULL : tasks.current;
}

void task_set_thread_pointer(uint32_t address)
{
    tasks.current->thread_pointer = address;
    load_thread_pointer(tasks.current);
}

void task_yield(void)
{
    KASSERT(tasks.current != &tasks.idle);
    list_append(&tasks.run_queue, &tasks.current->queue);
    task_schedule();
}

bool task_pause(void)
{
    if (tasks.current == &tasks.idle) {
        return true;
    }
    cpu_let_interrupts_in();
    if (tasks.is_time_up) {
        task_yield();
    }
    return !tasks.current->is_cancelled;
}

void task_rest(void)
{
    if (list_is_empty(&tasks.run_queue)) {
        cpu_wait_for_interrupt();
        cpu_interrupts_off();
    } else {
        task_yield();
    }
}

void wait_queue_initialise(struct wait_queue *queue)
{
    list_initialise(&queue->tasks);
}

void task_block(struct wait_queue *queue)
{
    KASSERT(tasks.current != &tasks.idle);
    if (tasks.current->is_cancelled) {
        return;
    }
    tasks.current->state = TASK_BLOCKED;
    list_append(&queue->tasks, &tasks.current->queue);
    task_schedule();
}

void task_wake_all(struct wait_queue *queue)
{
    while (!list_is_empty(&queue->tasks)) {
        task_make_runnable(LIST_ENTRY(queue->tasks.next, struct task, queue));
    }
}

void task_sleep(uint32_t ticks)
{
    struct task *task = tasks.current;
    struct list_node *before = tasks.sleepers.previous;

    KASSERT(task != &tasks.idle);
    if (task->is_cancelled) {
        return;
    }
    task->wake_tick = pit_get_ticks() + ticks;
    while (before != &tasks.sleepers &&
           !is_due(LIST_ENTRY(before, struct task, queue), task->wake_tick)) {
        before = before->previous;
    }
    list_add_after(before, &task->queue);
    task->state = TASK_BLOCKED;
    task_schedule();
}

void task_cancel(struct task *task)
{
    struct trap_frame *ring_3 = task_user_frame(task);

    task->is_cancelled = true;
    ring_3->eip = NOWHERE;
    if (task->state == TASK_BLOCKED) {
        task_make_runnable(task);
    }
}

bool task_is_cancelled(void)
{
    return tasks.current->is_cancelled;
}

void task_end(void)
{
    tasks.current->state = TASK_ENDED;
    tasks.ended = tasks.current;
    task_switch_to(&tasks.idle);
    panic("a task that has ended was run again");
}

void task_set_end_handler(void (*handler)(struct task *task))
{
    tasks.end_handler = handler;
}

static void bury(void)
{
    struct task *task = tasks.ended;

    tasks.ended = NULL;
    if (task && tasks.end_handler) {
        tasks.end_handler(task);
    }
}

void task_run_all(void)
{
    KASSERT(tasks.current == &tasks.idle);
    cpu_interrupts_off();
    while (!list_is_empty(&tasks.run_queue)) {
        task_schedule();
        bury();
    }
}

void task_run(void)
{
    for (;;) {
        task_run_all();
        cpu_wait_for_interrupt();
    }
}
