/*
 * arch/i386/frame.c - all registers, for a panic's report.
 *
 * Size before speed.
 */
#include "arch/frame.h"

#include "arch/x86/cpu.h"
#include "debug/printk.h"

void frame_print(const struct trap_frame *frame)
{
    bool is_user = frame_is_from_user(frame);

    printk("eax %08x  ebx %08x  ecx %08x  edx %08x\n", frame->eax, frame->ebx, frame->ecx,
           frame->edx);
    printk("esi %08x  edi %08x  ebp %08x  esp %08x\n", frame->esi, frame->edi, frame->ebp,
           frame_stack_pointer(frame));
    printk("eip %08x  eflags %08x  cs %04x ss %04x ds %04x es %04x fs %04x gs %04x\n", frame->eip,
           frame->eflags, frame->cs & 0xFFFF, is_user ? frame->ss & 0xFFFF : cpu_read_ss(),
           frame->ds & 0xFFFF, frame->es & 0xFFFF, cpu_read_fs(), cpu_read_gs());
    printk("cr0 %08x  cr2 %08x  cr3 %08x  cr4 %08x\n", cpu_read_cr0(), cpu_read_cr2(),
           cpu_read_cr3(), cpu_read_cr4());
}
