/*
 * arch/x86_64/context.c - how a new task's kernel stack looks:
 *
 *     high  +-------------------------+  top
 *           | struct trap_frame       |  the registers of ring 3
 *           +-------------------------+
 *           | trap_return             |  context_switch() returns there
 *           | rbp rbx r12 r13 r14 r15 |
 *           | ds es fs gs             |  <- the saved stack pointer
 *     low   +-------------------------+
 *
 * The kernel's own tasks have no trap frame, and their function's address is where they return to.
 * The stack is aligned then as after a call (System V ABI, AMD64 supplement: 16 bytes).
 */
#include "arch/context.h"

#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "arch/x86_64/gdt.h"

/* What context_switch() (switch.asm) leaves on a stack. */
struct switch_frame {
    uint64_t gs, fs, es, ds;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t return_address;
};

struct trap_frame *context_user_frame(void *top)
{
    return (struct trap_frame *)top - 1;
}

vaddr_t context_prepare_copy(void *top, const struct trap_frame *frame, intptr_t result)
{
    struct trap_frame *copy = context_user_frame(top);
    struct switch_frame *saved = (struct switch_frame *)copy - 1;

    *copy = *frame;
    frame_set_result(copy, result);
    *saved = (struct switch_frame){
        .gs = cpu_read_gs(),
        .fs = cpu_read_fs(),
        .es = cpu_read_es(),
        .ds = cpu_read_ds(),
        .return_address = (vaddr_t)trap_return,
    };
    return (vaddr_t)saved;
}

vaddr_t context_prepare(void *top, const struct user_start *start)
{
    struct trap_frame *frame = context_user_frame(top);
    struct switch_frame *saved = (struct switch_frame *)frame - 1;
    uint16_t data = start->is_64_bit ? 0 : USER_DATA_SELECTOR;

    *frame = (struct trap_frame){
        .rip = start->entry,
        .cs = start->is_64_bit ? USER_CODE_64_SELECTOR : USER_CODE_SELECTOR,
        .rflags = EFLAGS_CLEAN | EFLAGS_IF,
        .rsp = start->stack,
        .ss = USER_DATA_SELECTOR,
    };
    *saved = (struct switch_frame){
        .gs = data,
        .fs = data,
        .es = data,
        .ds = data,
        .return_address = (vaddr_t)trap_return,
    };
    return (vaddr_t)saved;
}

vaddr_t context_prepare_kernel(void *top, void (*function)(void))
{
    uint64_t *caller = (uint64_t *)top - 1; /* nobody: backtraces end here */
    struct switch_frame *saved = (struct switch_frame *)caller - 1;

    *caller = 0;
    *saved = (struct switch_frame){.return_address = (vaddr_t)function};
    return (vaddr_t)saved;
}
