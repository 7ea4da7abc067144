/*
 * instructions.c - one instruction each that must end the program, with the status that says which
 * exception it was. That the others go on is seen by the tests that follow.
 */
#include "../faults.h"
#include "../support.h"
#include "../tests.h"

/*
 * All of them: name, status, another one that it may be (or 0), the instructions. RAX, RCX, RDX are
 * theirs to use; RSI points to memory of 64 bytes.
 */
/* clang-format off */
#define FAULTS(FAULT) \
    /* what only the kernel may */ \
    FAULT(cli, STATUS_GENERAL_PROTECTION, 0, "cli") \
    FAULT(sti, STATUS_GENERAL_PROTECTION, 0, "sti") \
    FAULT(hlt, STATUS_GENERAL_PROTECTION, 0, "hlt") \
    FAULT(in_keyboard, STATUS_GENERAL_PROTECTION, 0, "in $0x60, %%al") \
    FAULT(in_word, STATUS_GENERAL_PROTECTION, 0, "mov $0x1F0, %%edx; in %%dx, %%ax") \
    FAULT(in_last_port, STATUS_GENERAL_PROTECTION, 0, "mov $0xFFFF, %%edx; in %%dx, %%al") \
    FAULT(in_port_0, STATUS_GENERAL_PROTECTION, 0, "in $0, %%al") \
    FAULT(out_pic, STATUS_GENERAL_PROTECTION, 0, "out %%al, $0x20") \
    FAULT(out_dword, STATUS_GENERAL_PROTECTION, 0, "mov $0xCF8, %%edx; out %%eax, %%dx") \
    FAULT(ins, STATUS_GENERAL_PROTECTION, 0, "mov %%rsi, %%rdi; mov $0x60, %%edx; insb") \
    FAULT(outs, STATUS_GENERAL_PROTECTION, 0, "mov $0x80, %%edx; outsb") \
    FAULT(lgdt, STATUS_GENERAL_PROTECTION, 0, "lgdt (%%rsi)") \
    FAULT(lidt, STATUS_GENERAL_PROTECTION, 0, "lidt (%%rsi)") \
    FAULT(lldt, STATUS_GENERAL_PROTECTION, 0, "xor %%eax, %%eax; lldt %%ax") \
    FAULT(ltr, STATUS_GENERAL_PROTECTION, 0, "mov $0x28, %%eax; ltr %%ax") \
    FAULT(lmsw, STATUS_GENERAL_PROTECTION, 0, "lmsw %%ax") \
    FAULT(clts, STATUS_GENERAL_PROTECTION, 0, "clts") \
    FAULT(invlpg, STATUS_GENERAL_PROTECTION, 0, "invlpg (%%rsi)") \
    FAULT(read_cr0, STATUS_GENERAL_PROTECTION, 0, "mov %%cr0, %%rax") \
    FAULT(read_cr2, STATUS_GENERAL_PROTECTION, 0, "mov %%cr2, %%rax") \
    FAULT(read_cr3, STATUS_GENERAL_PROTECTION, 0, "mov %%cr3, %%rax") \
    FAULT(read_cr4, STATUS_GENERAL_PROTECTION, 0, "mov %%cr4, %%rax") \
    FAULT(write_cr0, STATUS_GENERAL_PROTECTION, 0, "mov $0x11, %%eax; mov %%rax, %%cr0") \
    FAULT(write_cr2, STATUS_GENERAL_PROTECTION, 0, "mov %%rax, %%cr2") \
    FAULT(write_cr3, STATUS_GENERAL_PROTECTION, 0, "xor %%eax, %%eax; mov %%rax, %%cr3") \
    FAULT(write_cr4, STATUS_GENERAL_PROTECTION, 0, "xor %%eax, %%eax; mov %%rax, %%cr4") \
    FAULT(read_dr0, STATUS_GENERAL_PROTECTION, 0, "mov %%dr0, %%rax") \
    FAULT(write_dr0, STATUS_GENERAL_PROTECTION, 0, "mov %%rax, %%dr0") \
    FAULT(write_dr7, STATUS_GENERAL_PROTECTION, 0, "mov %%rax, %%dr7") \
    FAULT(rdmsr, STATUS_GENERAL_PROTECTION, 0, "mov $0x10, %%ecx; rdmsr") \
    FAULT(wrmsr, STATUS_GENERAL_PROTECTION, 0, "mov $0x174, %%ecx; wrmsr") \
    FAULT(sysexit, STATUS_GENERAL_PROTECTION, STATUS_INVALID_OPCODE, "sysexitl") \
    FAULT(swapgs, STATUS_GENERAL_PROTECTION, STATUS_INVALID_OPCODE, "swapgs") \
    FAULT(sysret, STATUS_GENERAL_PROTECTION, 0, "xor %%ecx, %%ecx; sysretq") \
    FAULT(wrfsbase, STATUS_INVALID_OPCODE, 0, ".byte 0xF3, 0x48, 0x0F, 0xAE, 0xD0") \
    FAULT(wrgsbase, STATUS_INVALID_OPCODE, 0, ".byte 0xF3, 0x48, 0x0F, 0xAE, 0xD8") \
    FAULT(write_efer, STATUS_GENERAL_PROTECTION, 0, "mov $0xC0000080, %%ecx; wrmsr") \
    FAULT(write_cr8, STATUS_GENERAL_PROTECTION, 0, "mov %%rax, %%cr8") \
    /* ways into the kernel that are not open */ \
    FAULT(iret_into_the_kernel, STATUS_GENERAL_PROTECTION, STATUS_PAGE_FAULT, /* QEMU with SMAP */ \
          "push $0x10; push $0; push $2; push $0x08; push $0xFFFFFFFF80100000; iretq") \
    FAULT(iret_to_no_address, STATUS_GENERAL_PROTECTION, STATUS_PAGE_FAULT, \
          "mov %%rsp, %%rax; mov $0x800000000000, %%rdx;" \
          "push $0x23; push %%rax; push $2; push $0x2B; push %%rdx; iretq") \
    FAULT(far_return_to_no_address, STATUS_GENERAL_PROTECTION, STATUS_PAGE_FAULT, \
          "mov $0x800000000000, %%rdx; push $0x2B; push %%rdx; lretq") \
    FAULT(call_gate_of_old, STATUS_INVALID_OPCODE, 0, ".byte 0x9A, 0, 0, 0, 0, 8, 0") \
    FAULT(sysenter, STATUS_GENERAL_PROTECTION, STATUS_INVALID_OPCODE, "sysenter") \
    FAULT(rsm, STATUS_INVALID_OPCODE, 0, "rsm") \
    FAULT(vmcall, STATUS_INVALID_OPCODE, 0, ".byte 0x0F, 0x01, 0xC1") \
    FAULT(vmmcall, STATUS_INVALID_OPCODE, 0, ".byte 0x0F, 0x01, 0xD9") \
    FAULT(xsetbv, STATUS_INVALID_OPCODE, STATUS_GENERAL_PROTECTION, ".byte 0x0F, 0x01, 0xD1") \
    FAULT(stac, STATUS_INVALID_OPCODE, 0, ".byte 0x0F, 0x01, 0xCB") \
    FAULT(clac, STATUS_INVALID_OPCODE, 0, ".byte 0x0F, 0x01, 0xCA") \
    /* arithmetic */ \
    FAULT(divide_by_zero, STATUS_DIVIDE_ERROR, 0, "xor %%ecx, %%ecx; div %%ecx") \
    FAULT(divide_overflow, STATUS_DIVIDE_ERROR, 0, \
          "mov $0x80000000, %%eax; cdq; mov $-1, %%ecx; idiv %%ecx") \
    FAULT(x87_error, STATUS_X87_ERROR, 0, \
          "movw $0x037B, (%%rsi); fninit; fldcw (%%rsi); fld1; fldz; fdivrp; fldz; fld1; fdivp;" \
          "fldz; fdivr %%st, %%st(1); fwait") \
    /* what is no instruction */ \
    FAULT(ud2, STATUS_INVALID_OPCODE, 0, "ud2") \
    FAULT(lock_without_memory, STATUS_INVALID_OPCODE, 0, ".byte 0xF0, 0x90") \
    FAULT(mov_to_cs, STATUS_INVALID_OPCODE, 0, "xor %%eax, %%eax; .byte 0x8E, 0xC8") \
    FAULT(too_long, STATUS_GENERAL_PROTECTION, 0, ".fill 15, 1, 0x66; nop") \
    /* debugging */ \
    FAULT(breakpoint, STATUS_BREAKPOINT, 0, "int3") \
    FAULT(int_1, STATUS_DEBUG, STATUS_INVALID_OPCODE, ".byte 0xF1") \
    FAULT(single_step, STATUS_DEBUG, 0, "push $0x102; popfq; nop; nop") \
    FAULT(single_step_into_a_command, STATUS_DEBUG, 0, \
          "mov $21, %%eax; push $0x102; popfq; int $0x80; nop; nop; nop") \
    FAULT(single_step_into_an_unknown_command, STATUS_DEBUG, 0, \
          "mov $-1, %%eax; push $0x102; popfq; int $0x80; nop; nop; nop") \
    FAULT(single_step_into_yield, STATUS_DEBUG, 0, \
          "mov $19, %%eax; push $0x102; popfq; int $0x80; nop; nop; nop") \
    FAULT(single_step_into_the_fpu, STATUS_DEBUG, 0, "push $0x102; popfq; fninit; nop; nop") \
    FAULT(single_step_by_syscall, STATUS_DEBUG, 0, \
          "mov $21, %%eax; push $0x102; popfq; syscall; nop; nop; nop") \
    FAULT(single_step_by_syscall_of_yield, STATUS_DEBUG, 0, \
          "mov $19, %%eax; push $0x102; popfq; syscall; nop; nop; nop") \
    FAULT(single_step_by_unknown_syscall, STATUS_DEBUG, 0, \
          "mov $-1, %%rax; push $0x102; popfq; syscall; nop; nop; nop") \
    /* addresses */ \
    FAULT(jump_to_null, STATUS_PAGE_FAULT, 0, "xor %%eax, %%eax; jmp *%%rax") \
    FAULT(jump_to_no_address, STATUS_GENERAL_PROTECTION, STATUS_PAGE_FAULT, \
          "mov $0x800000000000, %%rax; jmp *%%rax") \
    FAULT(return_to_no_address, STATUS_GENERAL_PROTECTION, STATUS_PAGE_FAULT, \
          "mov $0x4000000000000000, %%rax; push %%rax; ret") \
    FAULT(call_without_a_stack, STATUS_PAGE_FAULT, 0, "xor %%esp, %%esp; call 1f; 1:") \
    FAULT(push_onto_the_kernel, STATUS_PAGE_FAULT, 0, "mov $0xFFFFFFFF80180000, %%rsp; push %%rax") \
    FAULT(push_onto_no_address, STATUS_FAULT + 12, STATUS_GENERAL_PROTECTION, /* QEMU 7.2 */ \
          "mov $0x800000001000, %%rsp; push %%rax") \
    FAULT(call_onto_no_address, STATUS_FAULT + 12, STATUS_GENERAL_PROTECTION, \
          "mov $0x800000001000, %%rsp; call 1f; 1:") \
    FAULT(fault_on_no_address, STATUS_INVALID_OPCODE, 0, "mov $0x800000001000, %%rsp; ud2") \
    FAULT(string_into_the_kernel, STATUS_PAGE_FAULT, 0, \
          "mov $0xFFFFFFFF80100000, %%rdi; mov $4, %%ecx; rep movsb") \
    FAULT(string_into_no_address, STATUS_GENERAL_PROTECTION, 0, \
          "mov $0x800000000000, %%rdi; mov $4, %%ecx; rep movsb") \
    FAULT(fxsave_into_the_kernel, STATUS_PAGE_FAULT, 0, \
          "mov $0xFFFF800001000000, %%rax; fxsave (%%rax)") \
    FAULT(syscall_in_the_last_page, STATUS_PAGE_FAULT, 0, "mov $0x7FFFFFFFFFFE, %%rax; jmp *%%rax") \
    FAULT(execute_the_stack, STATUS_PAGE_FAULT, 0, "push $-61; jmp *%%rsp") \
    FAULT(execute_data, STATUS_PAGE_FAULT, 0, "movb $0xC3, (%%rsi); jmp *%%rsi") \
    FAULT(return_to_null, STATUS_PAGE_FAULT, 0, "push $0; ret") \
    FAULT(fault_without_a_stack, STATUS_INVALID_OPCODE, 0, "xor %%rsp, %%rsp; ud2") \
    /* where emulators and CPUs may differ: an error, or the program goes on */ \
    /* (QEMU 10 has no caches to write back, and lets everybody ask for it) */ \
    FAULT(invd, 0, STATUS_GENERAL_PROTECTION, "invd") \
    FAULT(wbinvd, 0, STATUS_GENERAL_PROTECTION, "wbinvd") \
    FAULT(misaligned, 0, STATUS_ALIGNMENT, "push $0x40002; popfq; movl $0, 1(%%rsi)") \
    FAULT(rdpmc, STATUS_GENERAL_PROTECTION, STATUS_INVALID_OPCODE, "xor %%ecx, %%ecx; rdpmc")
/* clang-format on */

FAULTS(FUNCTION)

const struct test instruction_tests[] = {FAULTS(ENTRY){0}};
