/*
 * task/task.h - which task runs: kernel stacks, the run queues, changing from one task to the next.
 *
 * A task is a kernel stack and an address space. It runs in ring 3 most of the time; in ring 0 it
 * runs with interrupts off until it returns, blocks or pauses, so kernel code needs no locks. The
 * kernel has tasks of its own, too, which never leave ring 0.
 * process.h says what belongs to one beyond that.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/context.h"
#include "arch/fpu.h"
#include "config.h"
#include "layout.h"
#include "base/list.h"
#include "memory/paging/paging.h"

/* Pages that task_create() takes for a kernel stack. */
#define TASK_STACK_PAGES (KERNEL_STACK_BYTES / PAGE_SIZE_BYTES)

enum task_state {
    TASK_NEW,      /* made, never started */
    TASK_RUNNABLE, /* in its group's queue, or running */
    TASK_BLOCKED,  /* on a wait queue, or asleep */
    TASK_ENDED,    /* will never run again */
};

/*
 * Tasks that share their turns. Turns are given group by group, and within a group task by task: a
 * group of 200 tasks gets no more of the CPU than a group of one. family.h has one for each family.
 */
struct task_group {
    struct list_node queue;    /* its place among the groups that have a task to run */
    struct list_node runnable; /* its tasks that wait for their turn */
};

struct task {
    struct list_node queue; /* its place in its group, on a wait queue or among the sleepers */
    struct task_group *group;
    enum task_state state;
    bool is_cancelled;  /* ends at its next step in ring 3 */
    bool is_kernels;    /* has no ring 3: task_create_kernel() */
    bool was_cut_short; /* the page cache's: page_cache_may_try_again() */
    uint32_t wake_tick;
    uint32_t ticks;                 /* of the clock, that found it running */
    vaddr_t kernel_stack_pointer;   /* while it does not run: as it was saved */
    uint8_t *kernel_stack;          /* its lowest byte; below it nothing is mapped */
    struct paging_4gb_chunk *chunk; /* not owned */
    struct fpu_state *fpu;          /* owned */
    vaddr_t thread_pointer;         /* where the segment of its thread-local variables begins */
};

/* Tasks that wait for the same thing. */
struct wait_queue {
    struct list_node tasks;
};

/* Prepares the run queues and the spare kernel stacks; the caller's own stack becomes the idle
 * task's. */
void task_initialise(void);

void task_group_initialise(struct task_group *group);

/* The group is about to go; none of its tasks can run any more. */
void task_group_end(struct task_group *group);

/*
 * The group of the task in front. It waits for one turn of the others at most, and so gets up to
 * every second turn, however many groups there are. NULL: none.
 */
void task_favour(struct task_group *group);

/*
 * Gives task a kernel stack: on its first turn it enters ring 3 as start says.
 * chunk must outlive the task. 0 or -ENOMEM.
 *
 * A few stacks are kept for the case that there is no memory; they are for callers with
 * may_use_spare only.
 *
 * The task shares its turns with all others that have no group; the caller may set task->group
 * before task_start(). A group must outlive its tasks.
 */
int task_create(struct task *task, struct paging_4gb_chunk *chunk, const struct user_start *start,
                bool may_use_spare);

/* The same for a copy of the running task: in ring 3 it goes on where that one does, with that
 * result of its system call, the same registers and the same thread pointer. */
int task_create_copy(struct task *task, struct paging_4gb_chunk *chunk, intptr_t result,
                     bool may_use_spare);

/* A task of the kernel's own, in its address space: on its first turn it enters function, which
 * never returns. It can wait and pause like others, and is never cancelled. 0 or -ENOMEM. */
int task_create_kernel(struct task *task, void (*function)(void));

/* The running task has another address space from now on. It leaves the one that it had. */
void task_set_chunk(struct paging_4gb_chunk *chunk);

/* The running task begins another program, as start says. All that it has in the kernel is given
 * back already. */
void task_restart(const struct user_start *start) __attribute__((noreturn));

/* Gives back what task_create() took. task must not be running: never on its own stack. */
void task_destroy(struct task *task);

/* Puts a new task at the end of its group's queue. */
void task_start(struct task *task);

/* The running task; NULL while the kernel idles or starts, and in its own tasks. */
struct task *task_current(void);

/* The same where a task is known to run: in system calls and traps from ring 3. */
struct task *task_running(void);

/* The running task's own segment (arch/context.h) begins there from the next load of FS or GS on.
 * Any canonical address will do: it gives no right to touch what is there. */
void task_set_thread_pointer(vaddr_t address);

/* A task's registers of ring 3, while it is in the kernel: the top of its kernel stack. */
struct trap_frame *task_user_frame(const struct task *task);

/* Lets the others run first. Returns when it is this task's turn again. */
void task_yield(void);

/*
 * For long work in a system call, between one piece and the next: interrupts that wait are served,
 * and the others run when this task's time is up. False when it was cancelled: the work is to end.
 * After it returns, anything that is not private to this task may have changed. Does nothing while
 * the kernel starts.
 */
bool task_pause(void);

/*
 * A stretch is the time between two moments when the kernel lets interrupts in, or another task
 * run. Returns a number that is another one in each stretch. For work that is done on behalf of
 * whoever comes by, and may take only so long in each stretch, however many come by. Time in
 * ring 3 ends no stretch unless an interrupt comes.
 */
uint32_t task_stretch(void);

/* For waits in the middle of something: interrupts that wait are served, but no other task runs.
 * Does nothing while the kernel starts. */
void task_let_interrupts_in(void);

/* Lets the others run; when there are none, sleeps until the next interrupt. */
void task_rest(void);

void wait_queue_initialise(struct wait_queue *queue);

/*
 * Blocks the running task on queue until it is woken, or cancelled. Afterwards the caller tests its
 * condition again, and task_is_cancelled().
 */
void task_block(struct wait_queue *queue);

/* The same for what comes soon and cannot be given up: a task that was cancelled lets the others
 * run, and returns. */
void task_wait(struct wait_queue *queue);

/* Makes every task on queue runnable. May be called by an interrupt handler. */
void task_wake_all(struct wait_queue *queue);

/* Blocks the running task for that many ticks of the clock, or until it is cancelled. */
void task_sleep(uint32_t ticks);

/*
 * The end of a task comes from itself, so that everything it holds in the kernel is given back on
 * its way out. task_cancel() asks for it: the task is woken, and ring 3 goes on at an address that
 * is never mapped. So the page fault that follows is where it ends, and no way back to ring 3 needs
 * a test. May be called by an interrupt handler.
 */
void task_cancel(struct task *task);

/* Was the running task cancelled? What waits for something then stops waiting. */
bool task_is_cancelled(void);

/* The running task, which never gets to ring 3 again, waits for things like others from now on: for
 * its last work in the kernel. */
void task_forget_cancel(void);

/*
 * The running task never runs again. The end handler gets it from the idle task, at once, before
 * any other task runs: the place to destroy it.
 */
void task_end(void) __attribute__((noreturn));
void task_set_end_handler(void (*handler)(struct task *task));

/* Runs tasks until none can run. For the idle task only. */
void task_run_all(void);

/* The idle loop: runs tasks while there are any, sleeps (hlt) while there are none. */
void task_run(void) __attribute__((noreturn));

#endif
