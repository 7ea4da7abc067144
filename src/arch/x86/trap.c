/*
 * arch/x86/trap.c - the interrupt descriptor table and what happens to exceptions without a
 * handler.
 *
 * An exception in ring 3 is the business of the task layer, which registers for it. In ring 0 it
 * is a bug and a panic, with one exception: the few instructions that touch a user's memory
 * (syscall/usercopy.c) are listed in the .ex_table section together with the address to go on
 * at when they fault.
 *
 * A double fault goes by a task gate, or, on machines without hardware tasks, by a gate like all
 * others. Then it is a plain panic as long as the stack is good; a stack that has overflowed resets
 * the machine, as the CPU has nowhere to push to.
 *
 * Size before speed.
 */
#include "arch/x86/trap.h"

#include "arch/x86/cpu.h"
#include "arch/i386/gdt.h"
#include "debug/backtrace.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "layout.h"
#include "base/align.h"

/* Interrupt and task gates: SDM volume 3, figure 6-2. */
struct idt_entry {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t zero;
    uint8_t type;
    uint16_t offset_high;
} __attribute__((packed));

#define GATE_INTERRUPT_KERNEL 0x8E /* present, DPL 0, 32-bit interrupt gate */
#define GATE_INTERRUPT_USER   0xEE /* the same, DPL 3 */
#define GATE_TASK             0x85 /* present, DPL 0, task gate */

/* trap.asm */
extern uint8_t trap_stubs[];
void trap_load_idt(const void *table, uint32_t limit);

/* kernel.ld: pairs of (instruction that may fault, where to go on). */
struct exception_fixup {
    uint32_t instruction;
    uint32_t resume;
};
extern const struct exception_fixup exception_table_start[], exception_table_end[];

static struct {
    struct idt_entry idt[TRAP_VECTORS] __attribute__((aligned(8)));
    trap_handler_t user_fault;
} traps;

/* Not static: trap.asm calls through it. */
trap_handler_t trap_handlers[TRAP_VECTORS];

static const char *const exception_names[] = {
    "divide error",
    "debug exception",
    "non-maskable interrupt",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "no FPU available",
    "double fault",
    "coprocessor segment overrun",
    "invalid TSS",
    "segment not present",
    "stack-segment fault",
    "general protection fault",
    "page fault",
    "reserved exception",
    "FPU error",
    "alignment check",
    "machine check",
    "SIMD floating-point error",
    "virtualisation exception",
    "control protection exception",
};

const char *trap_name(unsigned vector)
{
    return vector < ARRAY_SIZE(exception_names) ? exception_names[vector] : "unknown exception";
}

/* What the CPU says about the trap beyond its number. */
static void report_error_code(const struct trap_frame *frame)
{
    uint32_t code = frame->error_code;

    if (frame->vector == TRAP_PAGE_FAULT) {
        printk("error code %x: a %s in %s mode, %s\n", code,
               code & PAGE_FAULT_WRITE ? "write" : "read",
               code & PAGE_FAULT_USER ? "user" : "supervisor",
               code & PAGE_FAULT_RESERVED  ? "reserved bits are set in the tables"
               : code & PAGE_FAULT_PRESENT ? "the page is present"
                                           : "the page is not present");
    } else if (frame->vector >= TRAP_INVALID_TSS && frame->vector <= TRAP_GENERAL_PROTECTION) {
        printk("error code %x: %s %x%s\n", code, code & SELECTOR_ERROR_IDT ? "vector" : "selector",
               code & SELECTOR_ERROR_IDT ? code >> 3 : code & ~SELECTOR_ERROR_EXTERNAL,
               code & SELECTOR_ERROR_EXTERNAL ? ", in the course of an interrupt" : "");
    }
}

static bool trap_fix_up(struct trap_frame *frame)
{
    for (const struct exception_fixup *fixup = exception_table_start; fixup < exception_table_end;
         fixup++) {
        if (fixup->instruction == frame->eip) {
            frame->eip = fixup->resume;
            return true;
        }
    }
    return false;
}

/* Parity, bus, a watchdog, a cache: no business of the instruction that was next. */
static bool is_hardware_error(uint32_t vector)
{
    return vector == TRAP_NMI || vector == TRAP_MACHINE_CHECK;
}

static void __attribute__((noreturn)) trap_kernel_panic(const struct trap_frame *frame)
{
    if (frame->vector == TRAP_PAGE_FAULT) {
        uint32_t address = cpu_read_cr2();

        panic_at(frame, "the kernel could not %s %08x at eip %08x: %s%s",
                 address == frame->eip                  ? "execute"
                 : frame->error_code & PAGE_FAULT_WRITE ? "write"
                                                        : "read",
                 address, frame->eip,
                 frame->error_code & PAGE_FAULT_PRESENT ? "the page forbids it"
                                                        : "no page is mapped there",
                 address < PAGE_SIZE_BYTES ? " (a NULL pointer)" : "");
    }
    panic_at(frame, "%s%s at eip %08x", trap_name(frame->vector),
             is_hardware_error(frame->vector) ? " from the hardware"
             : trap_frame_is_from_user(frame) ? ""
                                              : " in the kernel",
             frame->eip);
}

static void trap_exception(struct trap_frame *frame)
{
    /* A double fault is the kernel's, also while a program ran: the CPU's tables are broken. */
    if (frame->vector == TRAP_DOUBLE_FAULT || is_hardware_error(frame->vector)) {
        trap_kernel_panic(frame);
    }
    if (trap_frame_is_from_user(frame) && traps.user_fault) {
        traps.user_fault(frame);
    } else if (!trap_fix_up(frame)) {
        trap_kernel_panic(frame);
    }
}

static void trap_unexpected(struct trap_frame *frame)
{
    printk("Interrupt at eip %08x on an unused vector: ignored.\n", frame->eip);
}

static void trap_set_gate(unsigned vector, uint32_t offset, uint16_t selector, uint8_t type)
{
    traps.idt[vector] = (struct idt_entry){
        .offset_low = (uint16_t)offset,
        .selector = selector,
        .type = type,
        .offset_high = (uint16_t)(offset >> 16),
    };
}

static uint32_t stub_of(unsigned vector)
{
    unsigned index = vector < TRAP_VECTOR_UNUSED     ? vector
                     : vector == TRAP_VECTOR_SYSCALL ? TRAP_VECTOR_UNUSED
                                                     : TRAP_VECTOR_UNUSED + 1;

    return (uint32_t)trap_stubs + index * TRAP_STUB_BYTES;
}

void trap_initialise(void)
{
    for (unsigned vector = 0; vector < TRAP_VECTORS; vector++) {
        bool user =
            vector == TRAP_BREAKPOINT || vector == TRAP_OVERFLOW || vector == TRAP_VECTOR_SYSCALL;

        trap_handlers[vector] = vector < TRAP_EXCEPTIONS ? trap_exception : trap_unexpected;
        trap_set_gate(vector, stub_of(vector), KERNEL_CODE_SELECTOR,
                      user ? GATE_INTERRUPT_USER : GATE_INTERRUPT_KERNEL);
    }
    if (gdt_has_double_fault_task()) {
        trap_set_gate(TRAP_DOUBLE_FAULT, 0, DOUBLE_FAULT_TSS_SELECTOR, GATE_TASK);
    } else {
        printk("No hardware tasks: if a kernel stack overflows, the machine resets.\n");
    }
    trap_load_idt(traps.idt, sizeof(traps.idt) - 1);
    panic_add_reporter(report_error_code);
    backtrace_set_trap_return((uint32_t)trap_return);
}

void trap_register(unsigned vector, trap_handler_t handler)
{
    KASSERT(vector < TRAP_VECTOR_UNUSED || vector == TRAP_VECTOR_SYSCALL);
    trap_handlers[vector] = handler;
}

void trap_set_user_fault_handler(trap_handler_t handler)
{
    traps.user_fault = handler;
}
