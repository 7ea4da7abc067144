/*
 * faults.h - how the lists of faulting instructions, i386/instructions.c and x86_64/instructions.c,
 * become tests.
 */
#ifndef USERTEST_FAULTS_H
#define USERTEST_FAULTS_H

#define STATUS_DIVIDE_ERROR   (STATUS_FAULT + 0)
#define STATUS_DEBUG          (STATUS_FAULT + 1)
#define STATUS_BREAKPOINT     (STATUS_FAULT + 3)
#define STATUS_OVERFLOW       (STATUS_FAULT + 4)
#define STATUS_BOUND          (STATUS_FAULT + 5)
#define STATUS_INVALID_OPCODE (STATUS_FAULT + 6)
#define STATUS_X87_ERROR      (STATUS_FAULT + 16)
#define STATUS_ALIGNMENT      (STATUS_FAULT + 17)
#define STATUS_SSE_ERROR      (STATUS_FAULT + 19)

#if UINTPTR_MAX > UINT32_MAX
#define FAULT_CLOBBERS "rax", "rcx", "rdx", "rdi", "r11"
#else
#define FAULT_CLOBBERS "eax", "ecx", "edx", "edi"
#endif

/* NOLINTBEGIN(bugprone-macro-parentheses): asm takes a string, not an expression */
#define FUNCTION(name, status, other, instructions)                                      \
    static void name(void)                                                               \
    {                                                                                    \
        static uint32_t memory[16];                                                      \
                                                                                         \
        __asm__ volatile(instructions : : "S"(memory) : FAULT_CLOBBERS, "memory", "cc"); \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

#define ENTRY(name, status, other, instructions) {"fault_" #name, name, status, other},

#endif
