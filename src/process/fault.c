/*
 * process/fault.c - see fault.h. A page fault that can be mended is (address_space.h); any other
 * ends the process with a sentence that says what it did, and which rule that breaks.
 *
 * Size before speed.
 */
#include "process/fault.h"

#include "arch/trap.h"
#include "base/align.h"
#include "base/status.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "fs/page_object.h"
#include "lib/format.h"
#include "lib/string.h"
#include "process/process.h"

/* A sentence about a rule, with its NUL. */
#define RULE_BYTES 64

static bool is_stack(const struct area *area)
{
    return area && area->kind == AREA_STACK;
}

/* Why no page can be where the process has none; area: the one that address lies in, a guard or
 * NULL. */
static const char *why_nothing(struct address_space *space, const struct page_fault *fault,
                               const struct area *area)
{
    vaddr_t below = area ? area->start - 1 : fault->address - PAGE_SIZE_BYTES;
    vaddr_t above = area ? area->end : fault->address + PAGE_SIZE_BYTES;

    if (fault->address < PAGE_SIZE_BYTES) {
        return "NULL and the page around it are never mapped";
    }
    if (is_stack(area_at(space, above))) {
        return "the guard page below the stack: the stack is full";
    }
    if (is_stack(area_at(space, below))) {
        return "the guard page above the stack";
    }
    return area                ? "a guard page, which nobody may touch"
           : fault->is_present ? "that page is the kernel's"
                               : "nothing is mapped there";
}

/* What a page belongs to, of which the process has an area or, with NULL, memory by
 * process_malloc(). */
static const char *owner_words(const struct area *area)
{
    if (!area) {
        return "the heap";
    }
    bool is_of_file = area->object && page_object_is_file(area->object);

    return area->kind == AREA_MAPPING && is_of_file ? "a mapped file" : area_kind_words(area->kind);
}

/* The rule that was broken, in words, of RULE_BYTES at most; status says why it could not be
 * mended. */
static void describe_rule(struct address_space *space, const struct page_fault *fault, int status,
                          char *rule)
{
    const struct area *area = area_at(space, fault->address);
    page_rights_t rights = address_space_rights(space, fault->address);

    if (status != -EINVARG) {
        string_copy(rule,
                    status == -EBOUNDS ? "the file that is mapped there ends before that page"
                                       : "the file that is mapped there cannot be read",
                    RULE_BYTES);
    } else if (rights == 0 && (!area || area->kind == AREA_GUARD)) {
        string_copy(rule, why_nothing(space, fault, area), RULE_BYTES);
    } else {
        (void)format_to_buffer(rule, RULE_BYTES, "that page of %s is %s", owner_words(area),
                               rights == 0                     ? "not to be touched"
                               : fault->access == PAGE_WRITE   ? "read-only"
                               : fault->access == PAGE_EXECUTE ? "not to be executed"
                                                               : "not to be read");
    }
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
        [0] = 8,   /* divide error: SIGFPE */
        [1] = 5,   /* debug exception: SIGTRAP */
        [3] = 5,   /* breakpoint */
        [4] = 11,  /* overflow: SIGSEGV */
        [5] = 11,  /* bounds */
        [6] = 4,   /* invalid opcode: SIGILL */
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

static void report_page_fault(struct process *process, const struct trap_frame *frame,
                              const struct page_fault *fault, int status)
{
    char rule[RULE_BYTES];

    describe_rule(&process->space, fault, status, rule);
    printk_sentence(
        0, "%s (process %u) killed: %s address " ADDRESS_FORMAT ": %s; " PC_NAME " " ADDRESS_FORMAT,
        process->name, process->id,
        fault->access == PAGE_WRITE     ? "wrote to"
        : fault->access == PAGE_EXECUTE ? "executed"
                                        : "read",
        fault->address, rule, frame_pc(frame));
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
        report_page_fault(process, frame, &fault, status);
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

/* The kernel could not touch a program's memory. Behind the end of a mapped file there is none. */
static int process_on_kernel_fault(const struct page_fault *fault)
{
    int status = user_copy_waits() && task_current() && process_current()->space.chunk ? mend(fault)
                                                                                       : -EINVARG;

    return status == -EBOUNDS ? -EINVARG : status;
}

void process_fault_initialise(void)
{
    trap_set_user_fault_handler(process_on_fault);
    trap_set_user_page_handler(process_on_kernel_fault);
    panic_add_reporter(process_report_fault);
}
