/*
 * arch/cpu.h - the running CPU: its interrupts, its clock, and getting it ready.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdbool.h>

#include "base/types.h"

/* Segments, the stack for traps from ring 3, and the way out when even the kernel's stack is gone.
 * First of all. */
void cpu_initialise(void);

/*
 * Ends with a sentence on a CPU that lacks what the kernel needs. Turns on the protections that it
 * offers (SMEP, SMAP, UMIP), machine checks, and prepares the FPU.
 */
void cpu_features_initialise(void);

/* Interrupts of this CPU. Kernel code runs with them off; the result of saving goes to
 * restoring. */
static inline void cpu_interrupts_on(void);
static inline void cpu_interrupts_off(void);
static inline uintptr_t cpu_interrupts_save(void);
static inline void cpu_interrupts_restore(uintptr_t flags);

/* Interrupts on and sleep until one comes. None can slip in between. */
static inline void cpu_wait_for_interrupt(void);

/* Interrupts that wait are served now; off again afterwards. */
static inline void cpu_let_interrupts_in(void);

/* A counter that rises with time at a rate of its own; under QEMU's -icount, the instructions
 * executed. */
static inline uint64_t cpu_read_cycles(void);

/* A random word of the CPU's own; false: it has none, or none now. */
bool cpu_read_random(uint32_t *word);

#include "arch/x86/cpu_inline.h"

#endif
