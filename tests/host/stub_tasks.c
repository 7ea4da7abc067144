/*
 * stub_tasks.c - see stub_tasks.h. A task that is none of these, the test itself, may not wait.
 */
#include "stub_tasks.h"

#include <stdlib.h>
#include <ucontext.h>

#include "debug/panic.h"
#include "task/task.h"

#define STACK_BYTES (256 * 1024)

enum state { NEVER_RUN, RUNS, WAITS, BLOCKED, WOKEN, ENDED };

static struct stub_task {
    ucontext_t context;
    enum state state;
    bool is_cancelled;
    void (*function)(void *context);
    void *argument;
    char *stack;
} stub_tasks[STUB_TASKS_MAX], *current;

static ucontext_t test;

static void run(void)
{
    current->function(current->argument);
    current->state = ENDED;
}

static void resume(struct stub_task *task)
{
    KASSERT(!current);
    current = task;
    task->state = RUNS;
    KASSERT(swapcontext(&test, &task->context) == 0);
    current = NULL;
    if (task->state == ENDED) {
        free(task->stack);
        task->stack = NULL;
    }
}

void stub_task_start(unsigned number, void (*function)(void *context), void *context)
{
    struct stub_task *task = &stub_tasks[number];

    KASSERT(number < STUB_TASKS_MAX && (task->state == NEVER_RUN || task->state == ENDED));
    *task =
        (struct stub_task){.function = function, .argument = context, .stack = malloc(STACK_BYTES)};
    KASSERT(task->stack && getcontext(&task->context) == 0);
    task->context.uc_stack.ss_sp = task->stack;
    task->context.uc_stack.ss_size = STACK_BYTES;
    task->context.uc_link = &test;
    makecontext(&task->context, run, 0);
    resume(task);
}

static void leave(enum state state)
{
    KASSERT(current);
    current->state = state;
    KASSERT(swapcontext(&current->context, &test) == 0);
}

void stub_task_wait(void)
{
    leave(WAITS);
}

void stub_task_go_on(unsigned number)
{
    KASSERT(stub_tasks[number].state == WAITS);
    resume(&stub_tasks[number]);
}

void stub_tasks_run_woken(void)
{
    for (unsigned i = 0; i < STUB_TASKS_MAX; i++) {
        if (stub_tasks[i].state == WOKEN) {
            resume(&stub_tasks[i]);
            i = (unsigned)-1; /* it may have woken others */
        }
    }
}

void stub_task_cancel(unsigned number)
{
    struct stub_task *task = &stub_tasks[number];

    task->is_cancelled = true;
    task->state = task->state == BLOCKED ? WOKEN : task->state;
}

bool stub_task_is_blocked(unsigned number)
{
    return stub_tasks[number].state == BLOCKED;
}

bool stub_task_has_ended(unsigned number)
{
    return stub_tasks[number].state == ENDED;
}

/* ---------------------------------------------------------------- task.h */

void wait_queue_initialise(struct wait_queue *queue)
{
    list_initialise(&queue->tasks);
}

void task_block(struct wait_queue *queue)
{
    (void)queue; /* one is enough for these tests */
    leave(BLOCKED);
}

void task_wait(struct wait_queue *queue)
{
    task_block(queue);
}

void task_wake_all(struct wait_queue *queue)
{
    (void)queue;
    for (unsigned i = 0; i < STUB_TASKS_MAX; i++) {
        if (stub_tasks[i].state == BLOCKED) {
            stub_tasks[i].state = WOKEN;
        }
    }
}

bool task_is_cancelled(void)
{
    return current && current->is_cancelled;
}

static uint32_t stretch;

struct task *task_current(void)
{
    return NULL;
}

uint32_t task_stretch(void)
{
    return stretch;
}

bool task_pause(void)
{
    stretch++;
    return !task_is_cancelled();
}
