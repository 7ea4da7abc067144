/*
 * task/task.c - round robin over the groups that have a task to run, and within each over its
 * tasks.
 *
 * The running task is on no queue. The timer's tick only notes that time is up; the change
 * of tasks happens when the interrupt returns to ring 3, so the kernel is never left in the
 * middle. When no task can run, the idle task (the stack that the kernel started on) sleeps. It is
 * also the one that a task leaves its own stack for when it ends, and that buries it.
 *
 * Whose turn it is. A group that has had its turn goes to the end of tasks.groups, so each waits
 * for one turn of every other. The favoured group is the exception: it goes to the first place, or
 * to the second when the turn that ends was its own. So it waits for one turn of the others, and
 * they get every second turn at least: whatever the task in front does, it cannot starve them. All
 * of this is O(1).
 *
 * A turn lasts until the next tick when it began at a tick, and else until the tick after the next:
 * at least one whole tick. So no task gains by giving up the CPU just before each tick. What a task
 * leaves of its turn when it ends is its group's: a family of hundreds that is killed is soon gone.
 *
 * A task is on exactly one list, through its one node, unless it runs, is new or has ended: so what
 * has ended can be on none, whatever the order in which tasks end.
 *
 * Kernel stacks have addresses of their own (layout_arch.h), so that their frames need not lie side
 * by side, and the page below each needs none. arch/context.h says what lies on a stack.
 */
#include "task/task.h"

#include "arch/cpu.h"
#include "arch/frame.h"
#include "arch/irq.h"
#include "config.h"
#include "debug/panic.h"
#include "arch/timer.h"
#include "base/align.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "base/status.h"

_Static_assert(KERNEL_STACK_BYTES % PAGE_SIZE_BYTES == 0, "kernel stacks are whole pages");

/* Of a turn that begins between two ticks: the first comes sooner than a tick's time. */
#define TURN_TICKS 2

/* Places for kernel stacks: each a page that is not mapped, and the stack above it. */
#define STACK_PLACE_BYTES (PAGE_SIZE_BYTES + KERNEL_STACK_BYTES)
#define STACK_WORDS       ((KERNEL_STACKS_END - KERNEL_STACKS_ADDRESS) / STACK_PLACE_BYTES / 32)

/* Never mapped: a task that goes on there in ring 3 faults at once. */
#define NOWHERE 0

static struct {
    struct list_node groups;     /* that have a task to run: the next to have a turn first */
    struct task_group *favoured; /* or NULL */
    struct task_group
        others; /* of tasks without a group of their own; the idle task's name for its own */
    struct list_node sleepers; /* the next to wake first */
    struct task idle;
    struct task *current;
    struct task *ended;           /* has left its stack, not buried yet */
    unsigned turn_ticks;          /* of the clock, until time is up: it is at 0 */
    unsigned next_turn_ticks;     /* of the turn that comes */
    unsigned left_ticks;          /* of a task that has ended, for its group; 0: none */
    uint32_t stacks[STACK_WORDS]; /* bit set: that place for a stack is taken */
    size_t first_stack_word;      /* all before it are full */
    uint8_t *spare_stacks[TASK_SPARE_STACKS];
    size_t spare_count;
    void (*end_handler)(struct task *task);
    struct kmem_cache *fpu_states;
    vaddr_t thread_pointer; /* as the CPU has it */
    uint32_t stretch;
} tasks;

static uint8_t *task_stack_top(const struct task *task)
{
    return task->kernel_stack + KERNEL_STACK_BYTES;
}

struct trap_frame *task_user_frame(const struct task *task)
{
    return context_user_frame(task_stack_top(task));
}

/* Before a task's FS and GS are loaded. */
static void load_thread_pointer(const struct task *task)
{
    if (tasks.thread_pointer != task->thread_pointer) {
        tasks.thread_pointer = task->thread_pointer;
        context_set_thread_pointer(task->thread_pointer);
    }
}

/* From the current task, which has been put wherever it waits, to next. */
static inline __attribute__((always_inline)) void task_switch_to(struct task *next)
{
    struct task *previous = tasks.current;

    tasks.turn_ticks = tasks.next_turn_ticks;
    tasks.next_turn_ticks = TURN_TICKS;
    tasks.stretch++;
    if (next == previous) {
        return;
    }
    tasks.current = next;
    fpu_switch(next->fpu);
    if (next != &tasks.idle) {
        context_set_kernel_stack(task_stack_top(next));
        paging_switch(next->chunk);
        load_thread_pointer(next);
    }
    context_switch(&previous->kernel_stack_pointer, next->kernel_stack_pointer);
}

/* Puts a group that is in no queue to where its next turn comes. */
static inline void queue_group(struct task_group *group, bool has_had_turn)
{
    struct list_node *first = tasks.groups.next; /* the head itself when there is none */

    if (group != tasks.favoured) {
        list_append(&tasks.groups, &group->queue);
    } else {
        list_add_after(has_had_turn ? first : &tasks.groups, &group->queue);
    }
}

/* The task is runnable: it waits for its turn behind the others of its group. */
static inline void queue_task(struct task *task)
{
    struct task_group *group = task->group;

    list_append(&group->runnable, &task->queue);
    if (list_is_empty(&group->queue)) {
        queue_group(group, group == tasks.current->group);
    }
}

/* Runs the next task, or idles. */
static inline __attribute__((always_inline)) void task_schedule(void)
{
    struct list_node *node = tasks.groups.next;

    if (node == &tasks.groups) {
        task_switch_to(&tasks.idle);
        return;
    }
    struct task_group *group = LIST_ENTRY(node, struct task_group, queue);
    struct list_node *first = group->runnable.next;

    list_remove(first);
    if (list_is_empty(&group->runnable)) {
        list_remove(node);
    } else if (node->next != &tasks.groups) { /* not the only one */
        list_remove(node);
        queue_group(group, true);
    }
    task_switch_to(LIST_ENTRY(first, struct task, queue));
}

static void task_make_runnable(struct task *task)
{
    task->state = TASK_RUNNABLE;
    list_remove(&task->queue);
    queue_task(task);
}

void task_group_initialise(struct task_group *group)
{
    list_initialise(&group->queue);
    list_initialise(&group->runnable);
}

void task_group_end(struct task_group *group)
{
    KASSERT(list_is_empty(&group->queue) && list_is_empty(&group->runnable));
    if (tasks.favoured == group) {
        tasks.favoured = NULL;
    }
}

void task_favour(struct task_group *group)
{
    if (group == tasks.favoured) {
        return;
    }
    tasks.favoured = group;
    if (group && !list_is_empty(&group->queue)) {
        list_remove(&group->queue);
        queue_group(group, false);
    }
}

static bool is_due(const struct task *sleeper, uint32_t tick)
{
    return (int32_t)(tick - sleeper->wake_tick) >= 0; /* ticks wrap */
}

static void task_on_tick(void)
{
    uint32_t now = timer_get_ticks();

    if (tasks.turn_ticks > 0 && --tasks.turn_ticks == 0) {
        tasks.next_turn_ticks = 1; /* it begins at this tick */
    }
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
    tasks.stretch++;
    if (tasks.turn_ticks == 0) {
        task_yield();
    }
}

/* ---------------------------------------------------------------- kernel stacks */

/* A free place for a stack, and where the stack in it begins; NULL when all are taken. */
static uint8_t *take_place(void)
{
    for (size_t word = tasks.first_stack_word; word < STACK_WORDS; word++) {
        uint32_t free = ~tasks.stacks[word];

        tasks.first_stack_word = word;
        if (free) {
            unsigned bit = (unsigned)__builtin_ctz(free);

            tasks.stacks[word] |= 1u << bit;
            return (uint8_t *)KERNEL_STACKS_ADDRESS + (word * 32 + bit) * STACK_PLACE_BYTES +
                   PAGE_SIZE_BYTES;
        }
    }
    return NULL;
}

static void give_back_place(const uint8_t *stack)
{
    size_t place = ((vaddr_t)stack - KERNEL_STACKS_ADDRESS) / STACK_PLACE_BYTES;

    tasks.stacks[place / 32] &= ~(1u << place % 32);
    tasks.first_stack_word = MIN(tasks.first_stack_word, place / 32);
}

/* Unmaps the upper pages of a stack, so many of them, and gives back its place. */
static void unmap_stack(uint8_t *stack, unsigned pages)
{
    for (unsigned i = TASK_STACK_PAGES - pages; i < TASK_STACK_PAGES; i++) {
        void *frame = paging_unmap_kernel_page(stack + (size_t)i * PAGE_SIZE_BYTES);

        KASSERT(pmm_free_page(frame) == OK);
    }
    give_back_place(stack);
}

/* A new stack over a page that is not mapped; NULL: no memory. */
static uint8_t *map_stack(void)
{
    uint8_t *stack = take_place();

    if (!stack) {
        return NULL;
    }
    for (unsigned mapped = 0; mapped < TASK_STACK_PAGES; mapped++) {
        void *frame = pmm_alloc_page();
        uint8_t *page = stack + (size_t)(TASK_STACK_PAGES - 1 - mapped) * PAGE_SIZE_BYTES;

        if (!frame || paging_map_kernel_page(page, frame) < 0) {
            pmm_free_page(frame);
            unmap_stack(stack, mapped);
            return NULL;
        }
    }
    return stack;
}

/* Fills the places of spare stacks, as far as there are frames. */
static void keep_spare_stacks(void)
{
    while (tasks.spare_count < TASK_SPARE_STACKS) {
        uint8_t *stack = map_stack();

        if (!stack) {
            return;
        }
        tasks.spare_stacks[tasks.spare_count++] = stack;
    }
}

/* A stack; NULL when there is none. */
static uint8_t *new_stack(bool may_use_spare)
{
    uint8_t *stack = map_stack();

    if (!stack && may_use_spare && tasks.spare_count > 0) {
        stack = tasks.spare_stacks[--tasks.spare_count];
    }
    return stack;
}

/* A stack that goes back fills the place of one that was taken. When there is none, the highest
 * goes: so the stacks that remain lie side by side, and their room needs no memory for gaps. */
static void give_back_stack(uint8_t *stack)
{
    if (tasks.spare_count < TASK_SPARE_STACKS) {
        tasks.spare_stacks[tasks.spare_count++] = stack;
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(tasks.spare_stacks); i++) {
        uint8_t *spare = tasks.spare_stacks[i];

        if (spare > stack) {
            tasks.spare_stacks[i] = stack;
            stack = spare;
        }
    }
    unmap_stack(stack, TASK_STACK_PAGES);
}

/* ---------------------------------------------------------------- tasks */

void task_initialise(void)
{
    list_initialise(&tasks.groups);
    task_group_initialise(&tasks.others);
    tasks.next_turn_ticks = TURN_TICKS;
    list_initialise(&tasks.sleepers);
    list_initialise(&tasks.idle.queue);
    tasks.idle.group = &tasks.others;
    keep_spare_stacks();
    tasks.idle.state = TASK_RUNNABLE;
    tasks.current = &tasks.idle;
    tasks.fpu_states = kmem_cache_create("fpu_state", fpu_state_bytes(), FPU_STATE_ALIGNMENT);
    KASSERT(tasks.fpu_states);
    timer_set_tick_handler(task_on_tick);
    irq_set_user_return_hook(task_on_user_return);
}

/* A task with a kernel stack that has nothing on it, and FPU registers that are not set. */
static int create(struct task *task, struct paging_4gb_chunk *chunk, bool may_use_spare)
{
    struct fpu_state *fpu = kmem_cache_alloc(tasks.fpu_states);

    if (!fpu) {
        return -ENOMEM;
    }
    uint8_t *stack = new_stack(may_use_spare);
    if (!stack) {
        kmem_cache_free(tasks.fpu_states, fpu);
        return -ENOMEM;
    }
    *task = (struct task){
        .state = TASK_NEW,
        .group = &tasks.others,
        .kernel_stack = stack,
        .chunk = chunk,
        .fpu = fpu,
    };
    list_initialise(&task->queue);
    return OK;
}

int task_create(struct task *task, struct paging_4gb_chunk *chunk, const struct user_start *start,
                bool may_use_spare)
{
    int status = create(task, chunk, may_use_spare);

    if (status == OK) {
        fpu_clear(task->fpu);
        task->kernel_stack_pointer = context_prepare(task_stack_top(task), start);
    }
    return status;
}

int task_create_copy(struct task *task, struct paging_4gb_chunk *chunk, intptr_t result,
                     bool may_use_spare)
{
    const struct task *original = tasks.current;
    int status = create(task, chunk, may_use_spare);

    if (status == OK) {
        fpu_copy(task->fpu, original->fpu);
        task->thread_pointer = original->thread_pointer;
        task->kernel_stack_pointer =
            context_prepare_copy(task_stack_top(task), task_user_frame(original), result);
    }
    return status;
}

int task_create_kernel(struct task *task, void (*function)(void))
{
    int status = create(task, paging_kernel_chunk(), false);

    if (status == OK) {
        fpu_clear(task->fpu);
        task->is_kernels = true;
        task->kernel_stack_pointer = context_prepare_kernel(task_stack_top(task), function);
    }
    return status;
}

void task_set_chunk(struct paging_4gb_chunk *chunk)
{
    tasks.current->chunk = chunk;
    paging_switch(chunk);
}

void task_restart(const struct user_start *start)
{
    struct task *task = tasks.current;
    struct user_start place = *start;
    vaddr_t here;

    if (task->is_cancelled) {
        place.entry = NOWHERE;
    }
    fpu_forget(task->fpu);
    fpu_clear(task->fpu);
    fpu_switch(task->fpu);
    task_set_thread_pointer(0);
    /* Nobody comes back here. */
    context_switch(&here, context_prepare(task_stack_top(task), &place));
    panic("a program that was replaced went on");
}

void task_destroy(struct task *task)
{
    KASSERT(task != tasks.current && task != tasks.ended);
    list_remove(&task->queue);
    give_back_stack(task->kernel_stack);
    task->kernel_stack = NULL;
    fpu_forget(task->fpu);
    kmem_cache_free(tasks.fpu_states, task->fpu);
}

void task_start(struct task *task)
{
    KASSERT(task->state == TASK_NEW);
    task->state = TASK_RUNNABLE;
    queue_task(task);
}

struct task *task_running(void)
{
    return tasks.current;
}

struct task *task_current(void)
{
    return tasks.current == &tasks.idle || tasks.current->is_kernels ? NULL : tasks.current;
}

void task_set_thread_pointer(vaddr_t address)
{
    tasks.current->thread_pointer = address;
    load_thread_pointer(tasks.current);
}

void task_yield(void)
{
    KASSERT(tasks.current != &tasks.idle);
    queue_task(tasks.current);
    task_schedule();
}

bool task_pause(void)
{
    tasks.stretch++;
    if (tasks.current == &tasks.idle) {
        return true;
    }
    cpu_let_interrupts_in();
    if (tasks.turn_ticks == 0) {
        task_yield();
    }
    return !tasks.current->is_cancelled;
}

uint32_t task_stretch(void)
{
    return tasks.stretch;
}

void task_let_interrupts_in(void)
{
    tasks.stretch++;
    if (tasks.current != &tasks.idle) {
        cpu_let_interrupts_in();
    }
}

void task_rest(void)
{
    if (list_is_empty(&tasks.groups)) {
        cpu_wait_for_interrupt();
        cpu_interrupts_off();
        tasks.stretch++;
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

void task_wait(struct wait_queue *queue)
{
    if (task_is_cancelled()) {
        task_yield();
    } else {
        task_block(queue);
    }
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
    task->wake_tick = timer_get_ticks() + ticks;
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
    task->is_cancelled = true;
    frame_set_pc(task_user_frame(task), NOWHERE);
    if (task->state == TASK_BLOCKED) {
        task_make_runnable(task);
    }
}

bool task_is_cancelled(void)
{
    return tasks.current->is_cancelled;
}

void task_forget_cancel(void)
{
    tasks.current->is_cancelled = false;
}

void task_end(void)
{
    struct task_group *group = tasks.current->group;

    if (tasks.turn_ticks > 0 && !list_is_empty(&group->runnable)) {
        list_remove(&group->queue);
        list_add_after(&tasks.groups, &group->queue);
        tasks.left_ticks = tasks.turn_ticks;
    }
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
    if (tasks.left_ticks > 0) {
        tasks.next_turn_ticks = tasks.left_ticks;
        tasks.left_ticks = 0;
    }
}

void task_run_all(void)
{
    KASSERT(tasks.current == &tasks.idle);
    cpu_interrupts_off();
    while (!list_is_empty(&tasks.groups)) {
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
