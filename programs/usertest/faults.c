/*
 * faults.c - mistakes that take more than an instruction (i386/instructions.c,
 * x86_64/instructions.c), and that must end the program.
 */
#include "faults.h"
#include "support.h"
#include "tests.h"

/* SSE errors as exception 19: QEMU's TCG does not raise them. */
static void sse_error(void)
{
    static const float zeroes[4] __attribute__((aligned(16)));
    uint32_t unmasked = 0x1F80 & ~0x0280u; /* division by zero, invalid operation */

    if (cpu_has_sse()) {
        __asm__ volatile("ldmxcsr %0\n"
                         "movaps %1, %%xmm0\n"
                         "divps %1, %%xmm0\n"
                         :
                         : "m"(unmasked), "m"(zeroes));
    }
}

/* Reserved bits of MXCSR. A CPU refuses them; where they are taken, the kernel saves and restores
 * them without harm. */
static void mxcsr_reserved_bits(void)
{
    uint32_t wrong = 0xFFFFFFFF;

    if (cpu_has_sse()) {
        __asm__ volatile("ldmxcsr %0" : : "m"(wrong));
        run_role("look_at_new_registers");
        __asm__ volatile("xorps %xmm0, %xmm0");
    }
}

/* Runs off the end of the program's text into what is not mapped. */
static void run_off_the_end(void)
{
    uint8_t *page = page_malloc(PAGE_BYTES);

    CHECK(page);
    for (int i = 0; i < PAGE_BYTES; i++) {
        page[i] = 0x90;
    }
    ((void (*)(void))page)();
}

/* NOLINTNEXTLINE(misc-no-recursion): until the stack is used up */
static int dig(const volatile int *from)
{
    volatile int here[64];

    here[0] = *from + 1;
    return here[0] ? dig(here) + here[0] : 0;
}

static void stack_overflow(void)
{
    volatile int start = 1;

    dig(&start);
}

const struct test fault_tests[] = {
    {"fault_sse_error", sse_error, 0, STATUS_SSE_ERROR},
    {"fault_mxcsr_reserved_bits", mxcsr_reserved_bits, 0, STATUS_GENERAL_PROTECTION},
    {"fault_run_off_the_end", run_off_the_end, STATUS_PAGE_FAULT, 0},
    {"fault_stack_overflow", stack_overflow, STATUS_PAGE_FAULT, 0},
    {0},
};
