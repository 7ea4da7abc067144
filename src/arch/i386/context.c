/*
 * arch/i386/context.c - how a new task's kernel stack looks:
 *
 *     high  +------------------------+  top
 *           | struct trap_frame      |  the registers of ring 3
 *           +------------------------+
 *           | trap_return            |  context_switch() returns there
 *           | ebp ebx esi edi fs gs  |  <- the saved stack pointer
 *     low   +------------------------+
 *
 * The kernel's own tasks have no trap frame, and their function's address is where they return to.
 * The stack is aligned then as after a call (System V ABI, i386 supplement: 16 bytes).
 */
#include "arch/context.h"

#include "arch/i386/gdt.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"

/* What context_switch() (switch.asm) leaves on a stack. */
struct switch_frame {
    uint32_t gs, fs, edi, esi, ebx, ebp;
    uint32_t return_address;
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
        .return_address = (uint32_t)trap_return,
    };
    return (vaddr_t)saved;
}

vaddr_t context_prepare(void *top, const struct user_start *start)
{
    struct trap_frame *frame = context_user_frame(top);
    struct switch_frame *saved = (struct switch_frame *)frame - 1;

    *frame = (struct trap_frame){
        .eip = start->entry,
        .cs = USER_CODE_SELECTOR,
        .eflags = EFLAGS_CLEAN | EFLAGS_IF,
        .esp = start->stack,
        .ss = USER_DATA_SELECTOR,
        .ds = USER_DATA_SELECTOR,
        .es = USER_DATA_SELECTOR,
    };
    *saved = (struct switch_frame){
        .gs = USER_DATA_SELECTOR,
        .fs = USER_DATA_SELECTOR,
        .return_address = (uint32_t)trap_return,
    };
    return (vaddr_t)saved;
}

vaddr_t context_prepare_kernel(void *top, void (*function)(void))
{
    uint32_t *caller = (uint32_t *)top - 1; /* nobody: backtraces end here */
    struct switch_frame *saved = (struct switch_frame *)caller - 1;

    *caller = 0;
    *saved = (struct switch_frame){
        .gs = USER_DATA_SELECTOR,
        .fs = USER_DATA_SELECTOR,
        .return_address = (uint32_t)function,
    };
    return (vaddr_t)saved;
}
