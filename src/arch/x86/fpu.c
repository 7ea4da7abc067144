/*
 * arch/x86/fpu.c - see fpu.h for how it works.
 */
#include "arch/fpu.h"

#include <stddef.h>

#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/x86/trap.h"
#include "debug/panic.h"
#include "lib/string.h"

/* SDM volume 1: sections 8.1.5 and 10.2.3 (all exceptions masked), figure 8-9, table 10-2. */
#define X87_CONTROL_DEFAULT 0x037Fu
#define X87_TAGS_EMPTY      0xFFFFu
#define MXCSR_DEFAULT       0x1F80u
#define FXSAVE_MXCSR        24 /* FXSAVE's tags are 0 for empty, FNSAVE's 3 */
#define FNSAVE_TAGS         8
#define FXSAVE_BYTES        512

/* An address at which no task's state lies, and not the one that stands for a task without any. */
#define NOBODY ((struct fpu_state *)&fpu)

struct fpu_state {
    uint8_t bytes[FXSAVE_BYTES]; /* with XSAVE more of them: fpu_state_bytes() */
} __attribute__((aligned(FPU_STATE_ALIGNMENT)));

static struct {
    struct fpu_state *owner;   /* whose registers are in the FPU; NOBODY: no task's */
    struct fpu_state *current; /* who runs; NULL: one that has no state */
    bool is_locked;            /* CR0.TS is set */
} fpu = {.owner = NOBODY};

static inline void unlock(void)
{
    fpu.is_locked = false;
    __asm__ volatile("clts");
}

/* In long mode the forms that keep all 64 bits of where the last instruction and its operand
 * were. */
#if ARCH_BITS == 64
#define FXSAVE  "fxsave64 "
#define FXRSTOR "fxrstor64 "
#define XSAVE   "xsave64 "
#define XRSTOR  "xrstor64 "
#else
#define FXSAVE  "fxsave "
#define FXRSTOR "fxrstor "
#define XSAVE   "xsave "
#define XRSTOR  "xrstor "
#endif

size_t fpu_state_bytes(void)
{
    return features_xsave_mask() ? features_xsave_bytes() : FXSAVE_BYTES;
}

static void save(struct fpu_state *state)
{
    if (features_xsave_mask()) {
        __asm__ volatile(XSAVE "(%0)"
                         :
                         : "r"(state), "a"(features_xsave_mask()), "d"(0)
                         : "memory");
    } else if (features_have_fxsr()) {
        __asm__ volatile(FXSAVE "(%0)" : : "r"(state) : "memory");
    } else {
        __asm__ volatile("fnsave (%0)" : : "r"(state) : "memory");
    }
}

/*
 * AMD's FXRSTOR and XRSTOR leave the addresses of the last x87 instruction and its operand as they
 * are, unless an exception is pending (AMD64 manual volume 5, "FXRSTOR"). So the kernel's own take
 * the place of another task's. FFREE makes room for what is loaded.
 */
static void forget_last_instruction(void)
{
    static const int32_t zero;

    __asm__ volatile("fnclex\n"
                     "ffree %%st(7)\n"
                     "fildl %0"
                     :
                     : "m"(zero));
}

static void load(const struct fpu_state *state)
{
    if (features_have_fxsr()) {
        forget_last_instruction();
    }
    if (features_xsave_mask()) {
        __asm__ volatile(XRSTOR "(%0)"
                         :
                         : "r"(state), "a"(features_xsave_mask()), "d"(0)
                         : "memory");
    } else if (features_have_fxsr()) {
        __asm__ volatile(FXRSTOR "(%0)" : : "r"(state) : "memory");
    } else {
        /* FRSTOR raises an exception that is pending, here one of a task that has ended. */
        __asm__ volatile("fnclex\n"
                         "frstor (%0)"
                         :
                         : "r"(state)
                         : "memory");
    }
}

/*
 * As after FNINIT, but with every register 0: FNINIT only marks the x87 registers empty, and the
 * XMM registers it leaves alone, so both would show what another task had in them. XSAVE's header,
 * behind FXSAVE's part, is 0 as well: XRSTOR then sets all registers to what they are after a
 * reset, which is 0; MXCSR alone it takes from here.
 */
void fpu_clear(struct fpu_state *state)
{
    memset(state->bytes, 0, fpu_state_bytes());
    *(uint16_t *)state->bytes = X87_CONTROL_DEFAULT;
    if (features_have_fxsr()) {
        *(uint32_t *)(state->bytes + FXSAVE_MXCSR) = MXCSR_DEFAULT;
    } else {
        *(uint16_t *)(state->bytes + FNSAVE_TAGS) = X87_TAGS_EMPTY;
    }
}

/* What the CPU holds of it goes to memory first; the next use loads it again. */
void fpu_copy(struct fpu_state *to, const struct fpu_state *from)
{
    if (fpu.owner == from) {
        unlock();
        save(fpu.owner);
        fpu.owner = NOBODY;
        fpu_switch(fpu.current);
    }
    memcpy(to->bytes, from->bytes, fpu_state_bytes());
}

static void fpu_on_use(struct trap_frame *frame)
{
    if (!frame_is_from_user(frame) || !fpu.current) {
        panic("the kernel used the FPU at " PC_NAME " " ADDRESS_FORMAT, frame_pc(frame));
    }
    unlock();
    if (fpu.owner == fpu.current) {
        return;
    }
    if (fpu.owner != NOBODY) {
        save(fpu.owner);
    }
    load(fpu.current);
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
    if (state == fpu.owner) {
        unlock();
    } else if (!fpu.is_locked) {
        fpu.is_locked = true;
        cpu_write_cr0(cpu_read_cr0() | CR0_TS);
    }
}

void fpu_forget(const struct fpu_state *state)
{
    if (fpu.owner == state) {
        fpu.owner = NOBODY;
    }
    if (fpu.current == state) {
        fpu_switch(NULL);
    }
}
