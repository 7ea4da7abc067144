/*
 * arch/x86_64/gdt.h - segments and task state (Intel SDM volume 3, sections 3.4.5, 3.5.2 and 8.7).
 *
 * Segments are flat: all protection is paging's. Those of a 32-bit program are the i386 kernel's.
 * SYSCALL and SYSRET want the kernel's two and the user's three in this order. The selectors:
 *
 *   0x08  kernel code, 64-bit    0x1B  user code, 32-bit (0x18, RPL 3)    0x30  TSS, two entries
 *   0x10  kernel data            0x23  user data         (0x20, RPL 3)    0x40  16-bit data   the way back
 *                                0x2B  user code, 64-bit (0x28, RPL 3)    0x50  16-bit code   to real mode
 *   0x4B  user data that begins at the running program's thread           0x58  32-bit code
 *         pointer, for 32-bit programs (0x48, RPL 3)
 */
#ifndef ARCH_X86_64_GDT_H
#define ARCH_X86_64_GDT_H

#define KERNEL_CODE_SELECTOR    0x08
#define KERNEL_DATA_SELECTOR    0x10
#define USER_CODE_SELECTOR      0x1B
#define USER_DATA_SELECTOR      0x23
#define USER_CODE_64_SELECTOR   0x2B
#define TSS_SELECTOR            0x30
#define REAL_MODE_DATA_SELECTOR 0x40
#define USER_THREAD_SELECTOR    0x4B
#define REAL_MODE_CODE_SELECTOR 0x50
#define KERNEL_CODE_32_SELECTOR 0x58

/*
 * Traps at which the stack pointer cannot be trusted have stacks of their own, whatever ran:
 * numbers in the task state's table, from 1.
 */
#define STACK_OF_DOUBLE_FAULT  1
#define STACK_OF_NMI           2
#define STACK_OF_MACHINE_CHECK 3
#define STACK_OF_DEBUG         4
#define TRAP_STACKS            4

/*
 * Loads the descriptor table, CS and the task register again; the data segments become null. After
 * long mode was left and entered again: what legacy mode makes of a 64-bit task register is not
 * written anywhere.
 */
void gdt_reload(void);

#endif
