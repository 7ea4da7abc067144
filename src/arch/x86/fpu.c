/*
 * arch/x86/fpu.c - see fpu.h for how it works.
 */
#include "arch/x86/fpu.h"

#include <stddef.h>

#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/x86/trap.h"
#include "debug/panic.h"

#define MXCSR_DEFAULT 0x1F80u /* all SSE exceptions masked (SDM volume 1, section 10.2.3) */

static struct {
    struct fpu_state *owner;   /* whose registers are in the FPU */
    struct fpu_state *current; /* who runs */
} fpu;

static inline void clear_task_switched(void)
{
    __asm__ volatile("clts");
}

static void save(struct fpu_state *state)
{
    if (features_have_fxsr()) {
        __asm__ volatile("fxsave %0" : "=m"(state->registers));
    } else {
        __asm__ volatile("fnsave %0" : "=m"(state->registers));
    }
}

static void load(const struct fpu_state *state)
{
    if (!state->is_used) {
        __asm__ volatile("fninit");
        if (features_have_sse()) {
            uint32_t mxcsr = MXCSR_DEFAULT;

            /* The XMM registers keep what they held: clear them, they may be another task's. */
            __asm__ volatile("ldmxcsr %0\n"
                             "xorps %%xmm0, %%xmm0\n"
                             "xorps %%xmm1, %%xmm1\n"
                             "xorps %%xmm2, %%xmm2\n"
                             "xorps %%xmm3, %%xmm3\n"
                             "xorps %%xmm4, %%xmm4\n"
                             "xorps %%xmm5, %%xmm5\n"
                             "xorps %%xmm6, %%xmm6\n"
                             "xorps %%xmm7, %%xmm7\n"
                             :
                             : "m"(mxcsr));
        }
    } else if (features_have_fxsr()) {
        __asm__ volatile("fxrstor %0" : : "m"(state->registers));
    } else {
        __asm__ volatile("frstor %0" : : "m"(state->registers));
    }
}

static void fpu_on_use(struct trap_frame *frame)
{
    if (!trap_frame_is_from_user(frame) || !fpu.current) {
        panic("the kernel used the FPU at eip %08x", frame->eip);
    }
    clear_task_switched();
    if (fpu.owner == fpu.current) {
        return;
    }
    if (fpu.owner) {
        save(fpu.owner);
    }
    load(fpu.current);
    fpu.current->is_used = true;
    fpu.owner = fpu.current;
}

void fpu_initialise(void)
{
    trap_register(TRAP_NO_FPU, fpu_on_use);
    fpu_switch(NULL);
}

void fpu_switch(struct fpu_state *state)
{
    fpu.current = state;
    if (state && state == fpu.owner) {
        clear_task_switched();
    } else {
        cpu_write_cr0(cpu_read_cr0() | CR0_TS);
    }
}

void fpu_forget(struct fpu_state *state)
{
    if (fpu.owner == state) {
        fpu.owner = NULL;
    }
    if (fpu.current == state) {
        fpu_switch(NULL);
    }
}
