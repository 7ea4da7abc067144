/*
 * registers.h - every register around a system call of 32-bit code.
 */
#ifndef USERTEST_I386_REGISTERS_H
#define USERTEST_I386_REGISTERS_H

#include <stdint.h>

/* registers.asm */
struct registers {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
    uint32_t eflags;
    uint32_t ds, es, fs, gs;
    uint32_t arguments[3];
    uint32_t esp_before, esp_after;
};

/* `int 0x80` with these registers; afterwards they are what the kernel left. */
void call_with_registers(struct registers *registers);

#endif
