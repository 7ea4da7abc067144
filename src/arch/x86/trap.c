/*
 * arch/x86/trap.c - who handles which vector, and what happens to exceptions without a handler.
 *
 * An exception in ring 3 is the business of the task layer, which registers for it. In ring 0 it
 * is a bug and a panic, with one exception: the few instructions that touch a user's memory
 * (arch/user_access.h) are listed in the .ex_table section together with the address to go on
 * at when they fault.
 *
 * Size before speed.
 */
#include "arch/x86/trap.h"

#include "arch/x86/cpu.h"
#include "debug/backtrace.h"
#include "base/status.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "layout.h"
#include "base/align.h"

/* kernel.ld: pairs of (instruction that may fault, where to go on). */
struct exception_fixup {
    vaddr_t instruction;
    vaddr_t resume;
};
extern const struct exception_fixup exception_table_start[], exception_table_end[];

/* trap_stubs.inc */
extern uint8_t trap_stubs[];

trap_handler_t trap_handlers[TRAP_VECTORS];
static trap_handler_t user_fault_handler;
static int (*user_page_handler)(const struct page_fault *fault);
static int user_page_error;

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

const char *trap_name(unsigned number)
{
    return number < ARRAY_SIZE(exception_names) ? exception_names[number] : "unknown exception";
}

unsigned trap_number(const struct trap_frame *frame)
{
    return (unsigned)frame->vector;
}

uintptr_t trap_error_code(const struct trap_frame *frame)
{
    return frame->error_code;
}

bool trap_is_double_fault(const struct trap_frame *frame)
{
    return frame->vector == TRAP_DOUBLE_FAULT;
}

vaddr_t trap_last_fault_address(void)
{
    return cpu_read_cr2();
}

bool trap_get_page_fault(const struct trap_frame *frame, struct page_fault *fault)
{
    if (frame->vector != TRAP_PAGE_FAULT) {
        return false;
    }
    fault->address = cpu_read_cr2();
    fault->is_present = frame->error_code & PAGE_FAULT_PRESENT;
    /* A CPU that does not check execution does not report a fetch: it is a read at the
     * instruction. */
    fault->access = frame->error_code & PAGE_FAULT_WRITE ? PAGE_WRITE
                    : frame->error_code & PAGE_FAULT_FETCH || fault->address == frame_pc(frame)
                        ? PAGE_EXECUTE
                        : PAGE_READ;
    return true;
}

/* What the CPU says about the trap beyond its number. */
static void report_error_code(const struct trap_frame *frame)
{
    unsigned code = (unsigned)frame->error_code;

    if (frame->vector == TRAP_PAGE_FAULT) {
        printk("error code %x: %s in %s mode, %s\n", code,
               code & PAGE_FAULT_WRITE   ? "a write"
               : code & PAGE_FAULT_FETCH ? "an instruction fetch"
                                         : "a read",
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

/* A page that the kernel misses may be one that only has to be brought. */
static bool can_be_tried_again(const struct trap_frame *frame)
{
    struct page_fault fault;

    int status = user_page_handler && trap_get_page_fault(frame, &fault) ? user_page_handler(&fault)
                                                                         : -EINVARG;

    user_page_error = status; /* nobody else runs until the one that has stopped asks for it */
    return status == OK;
}

static bool trap_fix_up(struct trap_frame *frame)
{
    for (const struct exception_fixup *fixup = exception_table_start; fixup < exception_table_end;
         fixup++) {
        if (fixup->instruction == frame_pc(frame)) {
            if (can_be_tried_again(frame)) {
                return true;
            }
            frame_set_pc(frame, fixup->resume);
            return true;
        }
    }
    return false;
}

/* Parity, bus, a watchdog, a cache: no business of the instruction that was next. */
static bool is_hardware_error(uintptr_t vector)
{
    return vector == TRAP_NMI || vector == TRAP_MACHINE_CHECK;
}

static void __attribute__((noreturn)) trap_kernel_panic(const struct trap_frame *frame)
{
    struct page_fault fault;

    if (trap_get_page_fault(frame, &fault)) {
        panic_at(frame,
                 "the kernel could not %s " ADDRESS_FORMAT " at " PC_NAME " " ADDRESS_FORMAT
                 ": %s%s",
                 fault.access == PAGE_EXECUTE ? "execute"
                 : fault.access == PAGE_WRITE ? "write"
                                              : "read",
                 fault.address, frame_pc(frame),
                 fault.is_present ? "the page forbids it" : "no page is mapped there",
                 fault.address < PAGE_SIZE_BYTES ? " (a NULL pointer)" : "");
    }
    panic_at(frame, "%s%s at " PC_NAME " " ADDRESS_FORMAT, trap_name(trap_number(frame)),
             is_hardware_error(frame->vector) ? " from the hardware"
             : frame_is_from_user(frame)      ? ""
                                              : " in the kernel",
             frame_pc(frame));
}

void trap_exception(struct trap_frame *frame)
{
    /* A double fault is the kernel's, also while a program ran: the CPU's tables are broken. */
    if (frame->vector == TRAP_DOUBLE_FAULT || is_hardware_error(frame->vector)) {
        trap_kernel_panic(frame);
    }
    if (frame_is_from_user(frame) && user_fault_handler) {
        user_fault_handler(frame);
    } else if (!trap_fix_up(frame)) {
        trap_kernel_panic(frame);
    }
}

static void trap_unexpected(struct trap_frame *frame)
{
    printk("Interrupt at " PC_NAME " " ADDRESS_FORMAT " on an unused vector: ignored.\n",
           frame_pc(frame));
}

vaddr_t trap_stub_of(unsigned vector)
{
    unsigned index = vector < TRAP_VECTOR_UNUSED     ? vector
                     : vector == TRAP_VECTOR_SYSCALL ? TRAP_VECTOR_UNUSED
                                                     : TRAP_VECTOR_UNUSED + 1;

    return (vaddr_t)trap_stubs + (vaddr_t)index * TRAP_STUB_BYTES;
}

bool trap_is_for_users(unsigned vector)
{
    return vector == TRAP_BREAKPOINT || vector == TRAP_OVERFLOW || vector == TRAP_VECTOR_SYSCALL;
}

void trap_initialise(void)
{
    for (unsigned vector = 0; vector < TRAP_VECTORS; vector++) {
        trap_handlers[vector] = vector < TRAP_EXCEPTIONS ? trap_exception : trap_unexpected;
    }
    trap_load_gates();
    panic_add_reporter(report_error_code);
    backtrace_set_trap_return((vaddr_t)trap_return);
}

void trap_register(unsigned vector, trap_handler_t handler)
{
    KASSERT(vector < TRAP_VECTOR_UNUSED || vector == TRAP_VECTOR_SYSCALL);
    trap_handlers[vector] = handler;
}

void trap_set_user_fault_handler(trap_handler_t handler)
{
    user_fault_handler = handler;
}

void trap_set_user_page_handler(int (*handler)(const struct page_fault *fault))
{
    user_page_handler = handler;
}

int trap_user_page_error(void)
{
    return user_page_error;
}

void trap_set_syscall_handler(trap_handler_t handler)
{
    trap_register(TRAP_VECTOR_SYSCALL, handler);
}
