/*
 * process/fault.c - see fault.h. A page fault that can be mended is (address_space.h); any other ends the process
 * with a sentence that says what it did, and which rule that breaks.
 *
 * Size before speed.
 */
#include "process/fault.h"

#include "arch/trap.h"
#include "base/align.h"
#include "base/status.h"
#include "debug/printk.h"
#include "process/process.h"

/* What kind of page is missing there, or forbids it; status says why it could not be mended. */
static const char *broken_rule(struct address_space *space, const struct page_fault *fault,
                               int status)
{
    vaddr_t address = fault->address;
    const struct area *below = area_at(space, address - PAGE_SIZE_BYTES);
    const struct area *above = area_at(space, address + PAGE_SIZE_BYTES);
    const struct area *area = area_at(space, address);
    bool is_nothing = !area || area->kind == AREA_GUARD;

    if (status != -EINVARG) {
        return status == -EBOUNDS ? "the file that is mapped there ends before that page"
                                  : "the file that is mapped there cannot be read";
    }
    if (address < PAGE_SIZE_BYTES) {
        return "NULL and the page around it are never mapped";
    }
    if (is_nothing && above && above->kind == AREA_STACK) {
        return "the guard page below the stack: the stack is full";
    }
    if (is_nothing && below && below->kind == AREA_STACK) {
        return "the guard page above the stack";
    }
    if (address_space_rights(space, address) == 0) {
        return fault->is_present ? "that page is the kernel's" : "nothing is mapped there";
    }
    return fault->access == PAGE_WRITE ? "that page is read-only"
                                       : "that page is not to be executed";
}

/* Can the running process go on? OK, or why not. */
static int mend(const struct page_fault *fault)
{
    return address_space_fault(&process_current()->space, fault->address, fault->access);
}

#define SIGNAL_BUS 10 /* newlib's number */

/* POSIX's number for an exception's, as newlib has them. */
static unsigned signal_of(unsigned exception)
{
    static const uint8_t signals[] = {
        [0] = 8,  /* divide error: SIGFPE */
        [1] = 5,  /* debug exception: SIGTRAP */
        [3] = 5,  /* breakpoint */
        [4] = 11, /* overflow: SIGSEGV */
        [5] = 11, /* bounds */
        [6] = 4,  /* invalid opcode: SIGILL */
        [11] = 10, /* segment not present: SIGBUS */
        [12] = 10, /* stack segment */
        [13] = 11, /* general protection */
        [14] = 11, /* page fault */
        [16] = 8,  /* FPU */
        [17] = 10, /* alignment */
        [19] = 8,  /* SIMD */
    };

    return exception < ARRAY_SIZE(signals) && signals[exception] ? signals[exception] : 11;
}

static void process_on_fault(struct trap_frame *frame)
{
    struct process *process = process_current();
    unsigned number = trap_number(frame);
    struct page_fault fault;

    if (task_is_cancelled()) {
        process_exit(process->exit_status);
    }
    if (trap_get_page_fault(frame, &fault)) {
        int status = mend(&fault);

        if (status == OK) {
            return;
        }
        if (task_is_cancelled()) { /* while it waited for the page */
            process_exit(process->exit_status);
        }
        printk_sentence(0,
                        "%s (process %u) killed: %s address " ADDRESS_FORMAT ": %s; " PC_NAME
                        " " ADDRESS_FORMAT,
                        process->name, process->id,
                        fault.access == PAGE_WRITE     ? "wrote to"
                        : fault.access == PAGE_EXECUTE ? "executed"
                                                       : "read",
                        fault.address, broken_rule(&process->space, &fault, status), frame_pc(frame));
        if (status != -EINVARG) {
            process_exit_by_signal(STATUS_FAULT + (int)number, SIGNAL_BUS);
        }
    } else {
        printk_sentence(0,
                        "%s (process %u) killed: %s; " PC_NAME " " ADDRESS_FORMAT ", error code %x",
                        process->name, process->id, trap_name(number), frame_pc(frame),
                        (unsigned)trap_error_code(frame));
    }
    process_exit_by_signal(STATUS_FAULT + (int)number, signal_of(number));
}

/* The kernel could not touch a program's memory. */
static bool process_on_kernel_fault(const struct page_fault *fault)
{
    return task_current() && process_current()->space.chunk && mend(fault) == OK;
}

void process_fault_initialise(void)
{
    trap_set_user_fault_handler(process_on_fault);
    trap_set_user_page_handler(process_on_kernel_fault);
}
