/*
 * instructions.c - one instruction each that must end the program, with the status that says which
 * exception it was. That the others go on is seen by the tests that follow.
 */
#include "../faults.h"
#include "../support.h"
#include "../tests.h"

/*
 * All of them: name, status, another one that it may be (or 0), the instructions. EAX, ECX, EDX are
 * theirs to use; ESI points to memory of 64 bytes.
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
    FAULT(ins, STATUS_GENERAL_PROTECTION, 0, "mov %%esi, %%edi; mov $0x60, %%edx; insb") \
    FAULT(outs, STATUS_GENERAL_PROTECTION, 0, "mov $0x80, %%edx; outsb") \
    FAULT(lgdt, STATUS_GENERAL_PROTECTION, 0, "lgdt (%%esi)") \
    FAULT(lidt, STATUS_GENERAL_PROTECTION, 0, "lidt (%%esi)") \
    FAULT(lldt, STATUS_GENERAL_PROTECTION, 0, "xor %%eax, %%eax; lldt %%ax") \
    FAULT(ltr, STATUS_GENERAL_PROTECTION, 0, "mov $0x28, %%eax; ltr %%ax") \
    FAULT(lmsw, STATUS_GENERAL_PROTECTION, 0, "lmsw %%ax") \
    FAULT(clts, STATUS_GENERAL_PROTECTION, 0, "clts") \
    FAULT(invlpg, STATUS_GENERAL_PROTECTION, 0, "invlpg (%%esi)") \
    FAULT(read_cr0, STATUS_GENERAL_PROTECTION, 0, "mov %%cr0, %%eax") \
    FAULT(read_cr2, STATUS_GENERAL_PROTECTION, 0, "mov %%cr2, %%eax") \
    FAULT(read_cr3, STATUS_GENERAL_PROTECTION, 0, "mov %%cr3, %%eax") \
    FAULT(read_cr4, STATUS_GENERAL_PROTECTION, 0, "mov %%cr4, %%eax") \
    FAULT(write_cr0, STATUS_GENERAL_PROTECTION, 0, "mov $0x11, %%eax; mov %%eax, %%cr0") \
    FAULT(write_cr2, STATUS_GENERAL_PROTECTION, 0, "mov %%eax, %%cr2") \
    FAULT(write_cr3, STATUS_GENERAL_PROTECTION, 0, "xor %%eax, %%eax; mov %%eax, %%cr3") \
    FAULT(write_cr4, STATUS_GENERAL_PROTECTION, 0, "xor %%eax, %%eax; mov %%eax, %%cr4") \
    FAULT(read_dr0, STATUS_GENERAL_PROTECTION, 0, "mov %%dr0, %%eax") \
    FAULT(write_dr0, STATUS_GENERAL_PROTECTION, 0, "mov %%eax, %%dr0") \
    FAULT(write_dr7, STATUS_GENERAL_PROTECTION, 0, "mov %%eax, %%dr7") \
    FAULT(rdmsr, STATUS_GENERAL_PROTECTION, 0, "mov $0x10, %%ecx; rdmsr") \
    FAULT(wrmsr, STATUS_GENERAL_PROTECTION, 0, "mov $0x174, %%ecx; wrmsr") \
    FAULT(sysexit, STATUS_GENERAL_PROTECTION, STATUS_INVALID_OPCODE, "sysexit") \
    /* ways into the kernel that are not open */ \
    FAULT(sysenter, STATUS_GENERAL_PROTECTION, STATUS_INVALID_OPCODE, "sysenter") \
    FAULT(syscall, STATUS_INVALID_OPCODE, 0, ".byte 0x0F, 0x05") \
    FAULT(rsm, STATUS_INVALID_OPCODE, 0, "rsm") \
    FAULT(vmcall, STATUS_INVALID_OPCODE, 0, ".byte 0x0F, 0x01, 0xC1") \
    FAULT(vmmcall, STATUS_INVALID_OPCODE, 0, ".byte 0x0F, 0x01, 0xD9") \
    FAULT(xsetbv, STATUS_INVALID_OPCODE, STATUS_GENERAL_PROTECTION, ".byte 0x0F, 0x01, 0xD1") \
    FAULT(stac, STATUS_INVALID_OPCODE, 0, ".byte 0x0F, 0x01, 0xCB") \
    FAULT(clac, STATUS_INVALID_OPCODE, 0, ".byte 0x0F, 0x01, 0xCA") \
    FAULT(far_call_of_a_task, STATUS_GENERAL_PROTECTION, STATUS_PAGE_FAULT, /* 64-bit code */ \
          "lcall $0x28, $0") \
    FAULT(far_jump_to_a_task, STATUS_GENERAL_PROTECTION, 0, "ljmp $0x33, $0") \
    FAULT(iret_to_a_task, STATUS_GENERAL_PROTECTION, STATUS_FAULT + 10, \
          "push $0x4002; popfl; iret") \
    FAULT(iret_to_another_stack, STATUS_GENERAL_PROTECTION, \
          STATUS_PAGE_FAULT, /* QEMU with SMAP */ \
          "push $0x10; push $0x9000; push $2; push $0x08; push $0x100000; iret") \
    /* arithmetic */ \
    FAULT(divide_by_zero, STATUS_DIVIDE_ERROR, 0, "xor %%ecx, %%ecx; div %%ecx") \
    FAULT(divide_overflow, STATUS_DIVIDE_ERROR, 0, \
          "mov $0x80000000, %%eax; cdq; mov $-1, %%ecx; idiv %%ecx") \
    FAULT(divide_by_aam, STATUS_DIVIDE_ERROR, 0, ".byte 0xD4, 0x00") \
    FAULT(overflow, STATUS_OVERFLOW, 0, "mov $0x7F, %%al; inc %%al; into") \
    FAULT(bound, STATUS_BOUND, 0, \
          "movl $0, (%%esi); movl $9, 4(%%esi); mov $10, %%eax; bound %%eax, (%%esi)") \
    FAULT(x87_error, STATUS_X87_ERROR, 0, \
          "movw $0x037B, (%%esi); fninit; fldcw (%%esi); fld1; fldz; fdivrp; fldz; fld1; fdivp;" \
          "fldz; fdivr %%st, %%st(1); fwait") \
    /* what is no instruction */ \
    FAULT(ud2, STATUS_INVALID_OPCODE, 0, "ud2") \
    FAULT(lock_without_memory, STATUS_INVALID_OPCODE, 0, ".byte 0xF0, 0x90") \
    FAULT(mov_to_cs, STATUS_INVALID_OPCODE, 0, "xor %%eax, %%eax; .byte 0x8E, 0xC8") \
    FAULT(too_long, STATUS_GENERAL_PROTECTION, 0, ".fill 15, 1, 0x66; nop") \
    /* debugging */ \
    FAULT(breakpoint, STATUS_BREAKPOINT, 0, "int3") \
    FAULT(int_1, STATUS_DEBUG, STATUS_INVALID_OPCODE, ".byte 0xF1") \
    FAULT(single_step, STATUS_DEBUG, 0, "push $0x102; popfl; nop; nop") \
    FAULT(single_step_into_a_command, STATUS_DEBUG, 0, \
          "mov $21, %%eax; push $0x102; popfl; int $0x80; nop; nop; nop") \
    FAULT(single_step_into_an_unknown_command, STATUS_DEBUG, 0, \
          "mov $-1, %%eax; push $0x102; popfl; int $0x80; nop; nop; nop") \
    FAULT(single_step_into_yield, STATUS_DEBUG, 0, \
          "mov $19, %%eax; push $0x102; popfl; int $0x80; nop; nop; nop") \
    FAULT(single_step_into_the_fpu, STATUS_DEBUG, 0, "push $0x102; popfl; fninit; nop; nop") \
    /* addresses */ \
    FAULT(jump_to_null, STATUS_PAGE_FAULT, 0, "xor %%eax, %%eax; jmp *%%eax") \
    FAULT(return_to_null, STATUS_PAGE_FAULT, 0, "push $0; ret") \
    FAULT(call_without_a_stack, STATUS_PAGE_FAULT, 0, "xor %%esp, %%esp; call 1f; 1:") \
    FAULT(push_onto_the_kernel, STATUS_PAGE_FAULT, 0, "mov $0x180000, %%esp; push %%eax") \
    FAULT(push_all_into_the_guard, STATUS_PAGE_FAULT, 0, "mov $0x3FB010, %%esp; pushal") \
    FAULT(fault_without_a_stack, STATUS_INVALID_OPCODE, 0, "xor %%esp, %%esp; ud2") \
    FAULT(string_into_the_kernel, STATUS_PAGE_FAULT, 0, \
          "mov $0x1000000, %%edi; mov $4, %%ecx; rep movsb") \
    FAULT(string_downwards, STATUS_PAGE_FAULT, 0, \
          "mov $0x3FB003, %%edi; mov $0x400, %%ecx; std; rep stosl") \
    FAULT(fxsave_into_the_kernel, STATUS_PAGE_FAULT, STATUS_INVALID_OPCODE, \
          "mov $0x1000000, %%eax; fxsave (%%eax)") \
    /* where emulators and CPUs may differ: an error, or the program goes on */ \
    /* (QEMU 10 has no caches to write back, and lets everybody ask for it) */ \
    FAULT(invd, 0, STATUS_GENERAL_PROTECTION, "invd") \
    FAULT(wbinvd, 0, STATUS_GENERAL_PROTECTION, "wbinvd") \
    FAULT(null_data_segment, 0, STATUS_GENERAL_PROTECTION, \
          "xor %%eax, %%eax; mov %%eax, %%ds; movl $1, (%%esi);" \
          "mov %%ss, %%eax; mov %%eax, %%ds") \
    FAULT(null_fs, 0, STATUS_GENERAL_PROTECTION, \
          "xor %%eax, %%eax; mov %%eax, %%fs; movl $1, %%fs:(%%esi)") \
    FAULT(write_by_code_segment, 0, STATUS_GENERAL_PROTECTION, "movl $1, %%cs:(%%esi)") \
    FAULT(misaligned, 0, STATUS_ALIGNMENT, "push $0x40002; popfl; movl $0, 1(%%esi)") \
    FAULT(misaligned_command, 0, STATUS_ALIGNMENT, \
          "push $0x40002; popfl; sub $1, %%esp; mov $21, %%eax; int $0x80; add $1, %%esp;" \
          "push $2; popfl") \
    FAULT(rdpmc, STATUS_GENERAL_PROTECTION, STATUS_INVALID_OPCODE, "xor %%ecx, %%ecx; rdpmc")
/* clang-format on */

FAULTS(FUNCTION)

const struct test instruction_tests[] = {FAULTS(ENTRY){0}};
