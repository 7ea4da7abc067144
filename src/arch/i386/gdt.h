/*
 * arch/i386/gdt.h - segments and task state (Intel SDM volume 3, sections 3.4, 3.5 and 8.2).
 *
 * Segments are flat: all protection is paging's. The selectors:
 *
 *   0x08  kernel code       0x1B  user code (0x18, RPL 3)   0x28  TSS
 *   0x10  kernel data       0x23  user data (0x20, RPL 3)   0x30  TSS of the double-fault task
 *   0x38  16-bit code       0x40  16-bit data               (the way back to real mode)
 *   0x4B  user data that begins at the running program's thread pointer (0x48, RPL 3)
 */
#ifndef ARCH_I386_GDT_H
#define ARCH_I386_GDT_H

#include <stdbool.h>
#include <stdint.h>

#define KERNEL_CODE_SELECTOR      0x08
#define KERNEL_DATA_SELECTOR      0x10
#define USER_CODE_SELECTOR        0x1B
#define USER_DATA_SELECTOR        0x23
#define TSS_SELECTOR              0x28
#define DOUBLE_FAULT_TSS_SELECTOR 0x30
#define REAL_MODE_CODE_SELECTOR   0x38
#define REAL_MODE_DATA_SELECTOR   0x40
#define USER_THREAD_SELECTOR      0x4B

/* Will a task gate lead to the double-fault task? Not on a machine that leaves its TSS unmarked
 * when it is loaded: the CPU changes tasks by these marks. Trying it out could be the machine's
 * end. */
bool gdt_has_double_fault_task(void);

/* The page directory under which the double-fault task runs (a physical address). */
void gdt_set_double_fault_directory(uint32_t directory);

#endif
