/*
 * registers.h - every register around a system call of 64-bit code.
 */
#ifndef USERTEST_X86_64_REGISTERS_H
#define USERTEST_X86_64_REGISTERS_H

#include <stdint.h>

/* registers.asm */
struct registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags;
    uint64_t ds, es, fs, gs;
    uint64_t rsp_before, rsp_after;
};

/* `syscall`, or `int 0x80`, with these registers; afterwards they are what the kernel left. */
void call_with_registers(struct registers *registers);
void call_gate_with_registers(struct registers *registers);

/* `syscall` with another stack pointer. Its result. */
intptr_t call_with_stack(uintptr_t number, uintptr_t rsp);

/* modes.asm: goes to 32-bit code and back. Its result there, or the end of the program. In all, the
 * high halves of registers are filled before. */
int visit_32_bit_code(void);        /* the result of getpid by `int 0x80` */
void syscall_in_32_bit_code(void);  /* faults */
void sysenter_in_32_bit_code(void); /* faults */

#endif
