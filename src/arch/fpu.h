/*
 * arch/fpu.h - each task's FPU, SSE and AVX registers, saved only when another task needs them.
 *
 * The registers belong to the last task that used them. Changing tasks only sets CR0.TS; the
 * first FPU instruction then traps (exception 7), and the exchange happens there. A task that
 * never computes with them costs nothing.
 *
 * Known limit: some Intel CPUs look at registers that are another's before the trap comes, and a
 * program can measure what they saw (CVE-2018-3665). Saving at each change would prevent it, and
 * cost every task.
 */
#ifndef ARCH_FPU_H
#define ARCH_FPU_H

#include <stddef.h>

/* SDM volume 1, sections 10.5.1 (FXSAVE) and 13.4 (XSAVE, which wants 64). */
#define FPU_STATE_ALIGNMENT 64

/* Registers as they are saved. How many bytes depends on the CPU: with AVX there are more. */
struct fpu_state;

/* Of a struct fpu_state. After cpu_features_initialise(). */
size_t fpu_state_bytes(void);

/* Takes over exception 7. After trap_initialise() and cpu_features_initialise(). */
void fpu_initialise(void);

/* A new task's registers: all 0, nothing on the x87 stack, all exceptions masked. */
void fpu_clear(struct fpu_state *state);

/* *to becomes what *from is, of a task that may be running. */
void fpu_copy(struct fpu_state *to, const struct fpu_state *from);

/* The task whose state this is runs from now on; NULL: one that has none. */
void fpu_switch(struct fpu_state *state);

/* state goes away. */
void fpu_forget(const struct fpu_state *state);

#endif
