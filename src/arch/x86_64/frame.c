/*
 * arch/x86_64/frame.c - all registers, for a panic's report.
 *
 * Size before speed.
 */
#include "arch/frame.h"

#include "arch/x86/cpu.h"
#include "debug/printk.h"

void frame_print(const struct trap_frame *frame)
{
    printk("rax %016lx rbx %016lx rcx %016lx\n", frame->rax, frame->rbx, frame->rcx);
    printk("rdx %016lx rsi %016lx rdi %016lx\n", frame->rdx, frame->rsi, frame->rdi);
    printk("rbp %016lx rsp %016lx r8  %016lx\n", frame->rbp, frame->rsp, frame->r8);
    printk("r9  %016lx r10 %016lx r11 %016lx\n", frame->r9, frame->r10, frame->r11);
    printk("r12 %016lx r13 %016lx r14 %016lx\n", frame->r12, frame->r13, frame->r14);
    printk("r15 %016lx rip %016lx rflags %08lx cs %02lx ss %02lx\n", frame->r15, frame->rip,
           frame->rflags, frame->cs & 0xFFFF, frame->ss & 0xFFFF);
    printk("cr0 %08lx cr2 %016lx cr3 %08lx cr4 %08lx\n", cpu_read_cr0(), cpu_read_cr2(),
           cpu_read_cr3(), cpu_read_cr4());
}
