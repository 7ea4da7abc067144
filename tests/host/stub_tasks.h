/*
 * stub_tasks.h - tasks for host tests: each function runs on a stack of its own until it waits, and
 * the test says who goes on.
 */
#ifndef STUB_TASKS_H
#define STUB_TASKS_H

#include <stdbool.h>
#include <stddef.h>

#define STUB_TASKS_MAX 64

/* Runs function(context) as task number `number`, from 0, until it waits or ends. */
void stub_task_start(unsigned number, void (*function)(void *context), void *context);

/* Waits in the running task, of whatever kind, until the test calls stub_task_go_on(). */
void stub_task_wait(void);

/* Lets that task run until it waits or ends. */
void stub_task_go_on(unsigned number);

/* Lets all that wait for a queue, and were woken, run, until none is left. */
void stub_tasks_run_woken(void);

/* The same as if another had ended it: task_is_cancelled() from now on. */
void stub_task_cancel(unsigned number);

/* Is it in task_block(); has it ended? */
bool stub_task_is_blocked(unsigned number);
bool stub_task_has_ended(unsigned number);

#endif
