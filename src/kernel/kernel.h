/*
 * kernel/kernel.h - the two places where other code attaches to the kernel.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

/* Called by kernel.asm once, on the boot stack, with .bss zeroed. */
void kernel_main(void) __attribute__((noreturn));

/* The test kernel (tests/kernel) and the bench kernel (tests/bench) define this; in the kernel
 * that people boot it is NULL. */
void kernel_tests_run(void) __attribute__((weak, noreturn));

#endif
