/*
 * arch/x86_64/trap_gates.c - the interrupt descriptor table, and where SYSCALL leads.
 *
 * Size before speed.
 */
#include "arch/x86/cpu.h"
#include "arch/syscall_entry.h"
#include "arch/x86/trap.h"
#include "arch/x86_64/gdt.h"
#include "debug/panic.h"
#include "layout.h"

/* 64-bit interrupt gate: SDM volume 3, figure 6-8. */
struct idt_entry {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t stack; /* 0: as always; else one of the task state's */
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

_Static_assert(sizeof(struct idt_entry) == 16, "gate");

#define GATE_INTERRUPT_KERNEL 0x8E /* present, DPL 0, interrupt gate */
#define GATE_INTERRUPT_USER   0xEE /* the same, DPL 3 */

/* SYSCALL's and SYSENTER's registers (SDM volume 4, table 2-2). */
#define MSR_SYSENTER_CS 0x174
#define MSR_STAR        0xC0000081 /* selectors: in bits 32 to 47 the kernel's, 48 to 63 the user's */
#define MSR_LSTAR       0xC0000082 /* where SYSCALL leads */
#define MSR_CSTAR       0xC0000083 /* and from 32-bit code, on CPUs that have it there */
#define MSR_FMASK       0xC0000084 /* flags that it clears */

/* SYSRET to 64-bit code takes the CS that lies 16 further, and the SS 8 further. */
#define STAR_USER (USER_CODE_SELECTOR & ~3u)

_Static_assert(STAR_USER + 16 == (USER_CODE_64_SELECTOR & ~3u) &&
                   STAR_USER + 8 == (USER_DATA_SELECTOR & ~3u),
               "in the order that SYSRET wants");
_Static_assert(KERNEL_CODE_SELECTOR + 8 == KERNEL_DATA_SELECTOR, "in the order that SYSCALL wants");

/* trap.asm */
extern uint8_t trap_debug_entry[];
extern uint8_t syscall_entry[], syscall_entry_32[], syscall_entry_end[];
/* gdt.asm */
void trap_load_idt(const void *table, uint16_t limit);

/* trap.asm calls it. */
extern syscall_entry_handler_t syscall_entry_handler;
syscall_entry_handler_t syscall_entry_handler;

extern bool (*syscall_entry_refused)(void);
bool (*syscall_entry_refused)(void);

void syscall_entry_register(syscall_entry_handler_t handler)
{
    syscall_entry_handler = handler;
}

void syscall_entry_set_refused(bool (*may_make_again)(void))
{
    syscall_entry_refused = may_make_again;
}

static struct idt_entry idt[TRAP_VECTORS] __attribute__((aligned(16)));

static void set_gate(unsigned vector, vaddr_t offset, uint8_t type, uint8_t stack)
{
    idt[vector] = (struct idt_entry){
        .offset_low = (uint16_t)offset,
        .selector = KERNEL_CODE_SELECTOR,
        .stack = stack,
        .type = type,
        .offset_middle = (uint16_t)(offset >> 16),
        .offset_high = (uint32_t)(offset >> 32),
    };
}

/* A stack pointer that has left its stack is near where the last fault was. */
static void on_double_fault(struct trap_frame *frame)
{
    vaddr_t address = cpu_read_cr2();

    if (frame->rsp - address < PAGE_SIZE_BYTES || address - frame->rsp < PAGE_SIZE_BYTES) {
        panic_at(frame, "double fault: the kernel stack overflowed into its guard page");
    }
    panic_at(frame, "double fault at " PC_NAME " " ADDRESS_FORMAT, frame_pc(frame));
}

/* A program can have one wait until SYSCALL's first instruction: there it is dropped. */
static void on_debug(struct trap_frame *frame)
{
    if (!frame_is_from_user(frame) && frame_pc(frame) >= (vaddr_t)syscall_entry &&
        frame_pc(frame) < (vaddr_t)syscall_entry_end) {
        frame->rflags &= ~(uint64_t)EFLAGS_TF;
        return;
    }
    trap_exception(frame);
}

void trap_load_gates(void)
{
    for (unsigned vector = 0; vector < TRAP_VECTORS; vector++) {
        set_gate(vector, trap_stub_of(vector),
                 trap_is_for_users(vector) ? GATE_INTERRUPT_USER : GATE_INTERRUPT_KERNEL, 0);
    }
    set_gate(TRAP_DOUBLE_FAULT, trap_stub_of(TRAP_DOUBLE_FAULT), GATE_INTERRUPT_KERNEL,
             STACK_OF_DOUBLE_FAULT);
    set_gate(TRAP_NMI, trap_stub_of(TRAP_NMI), GATE_INTERRUPT_KERNEL, STACK_OF_NMI);
    set_gate(TRAP_MACHINE_CHECK, trap_stub_of(TRAP_MACHINE_CHECK), GATE_INTERRUPT_KERNEL,
             STACK_OF_MACHINE_CHECK);
    set_gate(TRAP_DEBUG, (vaddr_t)trap_debug_entry, GATE_INTERRUPT_KERNEL, STACK_OF_DEBUG);
    trap_handlers[TRAP_DOUBLE_FAULT] = on_double_fault;
    trap_handlers[TRAP_DEBUG] = on_debug;
    trap_load_idt(idt, sizeof(idt) - 1);

    cpu_write_msr(MSR_STAR, (uint64_t)STAR_USER << 48 | (uint64_t)KERNEL_CODE_SELECTOR << 32);
    cpu_write_msr(MSR_LSTAR, (vaddr_t)syscall_entry);
    cpu_write_msr(MSR_CSTAR, (vaddr_t)syscall_entry_32);
    cpu_write_msr(MSR_FMASK, ~(uint32_t)EFLAGS_CLEAN);
    cpu_write_msr(MSR_SYSENTER_CS, 0); /* SYSENTER faults */
}
