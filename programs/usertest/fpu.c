/*
 * fpu.c - registers that a program may keep for itself: x87, SSE and AVX, their modes, and the
 * general ones while others run in between.
 *
 * The compiler uses neither x87 nor SSE for this program, so what one asm statement leaves in them
 * the next one finds, unless the kernel has changed it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tests.h"

#define X87_CONTROL_DEFAULT 0x037F /* after FNINIT */
#define X87_TAGS_EMPTY      0xFFFF
#define MXCSR_DEFAULT       0x1F80
#define X87_ROUND_TO_ZERO   0x0F7F
#define MXCSR_ROUND_TO_ZERO 0x7F80

#define RUN_MILLISECONDS 120 /* about a dozen time slices of the clock */
#define CHUNK            2000

struct x87_environment { /* FNSTENV, 32-bit protected mode */
    uint32_t control, status, tags;
    uint32_t unused[4];
};

static bool is_time_up(uint32_t start)
{
    return call_uptime() - start >= RUN_MILLISECONDS;
}

/* ---------------------------------------------------------------- x87 */

/* "x87_sum STEP": adds an integer again and again in st0, and keeps constants in the other seven
 * registers. All sums are below 2^53: exact. */
static int role_x87_sum(int argc, char **argv)
{
    uint32_t step = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
    uint32_t start = call_uptime();
    uint64_t sum = 0;
    int64_t result;
    int32_t seven[7];

    for (int i = 0; i < 7; i++) {
        seven[i] = (int32_t)(step * 100 + (uint32_t)i);
    }
    __asm__ volatile("fninit");
    for (int i = 6; i >= 0; i--) {
        __asm__ volatile("fildl %0" : : "m"(seven[i]));
    }
    __asm__ volatile("fldz");
    while (!is_time_up(start)) {
        uint32_t count = CHUNK;

        __asm__ volatile("1: fiaddl %1\n"
                         "decl %0\n"
                         "jnz 1b\n"
                         : "+r"(count)
                         : "m"(step)
                         : "cc");
        sum += (uint64_t)step * CHUNK;
    }
    __asm__ volatile("fistpll %0" : "=m"(result));
    if ((uint64_t)result != sum) {
        return 1;
    }
    for (int i = 0; i < 7; i++) {
        int32_t value;

        __asm__ volatile("fistpl %0" : "=m"(value));
        if (value != seven[i]) {
            return 2;
        }
    }
    return 0;
}

/* ---------------------------------------------------------------- SSE */

typedef float four_floats[4] __attribute__((aligned(16)));

/* "sse_sum STEP": the same in xmm0, with constants in the other seven. Sums stay below 2^24. */
static int role_sse_sum(int argc, char **argv)
{
    uint32_t step = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
    uint32_t start = call_uptime();
    static uint32_t constants[7][4] __attribute__((aligned(16)));
    static uint32_t values[7][4] __attribute__((aligned(16)));
    static four_floats steps;
    static int32_t sums[4];

    for (uint32_t i = 0; i < 7; i++) {
        for (uint32_t j = 0; j < 4; j++) {
            constants[i][j] = step << 16 | i << 8 | j;
        }
    }
    /* The steps as floats, by the x87: step, 2 step, 3 step, 4 step. */
    for (uint32_t j = 0; j < 4; j++) {
        int32_t value = (int32_t)(step * (j + 1));

        __asm__ volatile("fildl %1\n"
                         "fstps %0\n"
                         : "=m"(steps[j])
                         : "m"(value));
    }
    __asm__ volatile("movaps (%0), %%xmm1\n"
                     "movaps 16(%0), %%xmm2\n"
                     "movaps 32(%0), %%xmm3\n"
                     "movaps 48(%0), %%xmm4\n"
                     "movaps 64(%0), %%xmm5\n"
                     "movaps 80(%0), %%xmm6\n"
                     "movaps 96(%0), %%xmm7\n"
                     :
                     : "r"(constants));
    while (!is_time_up(start)) {
        uint32_t count = CHUNK;
        four_floats floats;

        __asm__ volatile("xorps %%xmm0, %%xmm0\n"
                         "1: addps %1, %%xmm0\n"
                         "decl %0\n"
                         "jnz 1b\n"
                         : "+r"(count)
                         : "m"(steps)
                         : "cc");
        call_yield();
        __asm__ volatile("movups %%xmm0, %0" : "=m"(floats));
        for (uint32_t j = 0; j < 4; j++) {
            __asm__ volatile("flds %1\n"
                             "fistpl %0\n"
                             : "=m"(sums[j])
                             : "m"(floats[j]));
            if ((uint32_t)sums[j] != step * (j + 1) * CHUNK) {
                return 1;
            }
        }
    }
    __asm__ volatile("movaps %%xmm1, (%0)\n"
                     "movaps %%xmm2, 16(%0)\n"
                     "movaps %%xmm3, 32(%0)\n"
                     "movaps %%xmm4, 48(%0)\n"
                     "movaps %%xmm5, 64(%0)\n"
                     "movaps %%xmm6, 80(%0)\n"
                     "movaps %%xmm7, 96(%0)\n"
                     :
                     : "r"(values)
                     : "memory");
    return memcmp(values, constants, sizeof(values)) == 0 ? 0 : 2;
}

/* ---------------------------------------------------------------- AVX */

typedef uint32_t ymm_values[8][8] __attribute__((aligned(32)));

/* "avx_keep STEP": numbers in all of ymm0 to ymm7, which must stay while others run; once in a
 * while they change, so that no old state does. */
static int role_avx_keep(int argc, char **argv)
{
    uint32_t step = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
    uint32_t start = call_uptime();
    static ymm_values values, found;

    for (uint32_t round = 0; !is_time_up(start); round++) {
        for (uint32_t i = 0; i < 8; i++) {
            for (uint32_t j = 0; j < 8; j++) {
                values[i][j] = step << 24 | round << 8 | i << 4 | j;
            }
        }
        __asm__ volatile("vmovups (%0), %%ymm0\n"
                         "vmovups 32(%0), %%ymm1\n"
                         "vmovups 64(%0), %%ymm2\n"
                         "vmovups 96(%0), %%ymm3\n"
                         "vmovups 128(%0), %%ymm4\n"
                         "vmovups 160(%0), %%ymm5\n"
                         "vmovups 192(%0), %%ymm6\n"
                         "vmovups 224(%0), %%ymm7\n"
                         :
                         : "r"(values)
                         : "memory");
        if (round % 2) {
            call_yield();
        } else {
            for (volatile int i = 0; i < CHUNK; i++) {
            }
        }
        __asm__ volatile("vmovups %%ymm0, (%0)\n"
                         "vmovups %%ymm1, 32(%0)\n"
                         "vmovups %%ymm2, 64(%0)\n"
                         "vmovups %%ymm3, 96(%0)\n"
                         "vmovups %%ymm4, 128(%0)\n"
                         "vmovups %%ymm5, 160(%0)\n"
                         "vmovups %%ymm6, 192(%0)\n"
                         "vmovups %%ymm7, 224(%0)\n"
                         :
                         : "r"(found)
                         : "memory");
        if (memcmp(found, values, sizeof(found)) != 0) {
            return 1;
        }
    }
    return 0;
}

/* ---------------------------------------------------------------- several at once */

/* Three of the same role, with different steps, and one that only uses up time. */
static void run_three(const char *role)
{
    int spinner = spawn_role("spin");
    int children[3];

    for (uint32_t i = 0; i < COUNT_OF(children); i++) {
        children[i] = spawn_role(role, number(i * 2 + 1));
    }
    for (uint32_t i = 0; i < COUNT_OF(children); i++) {
        CHECK_EQUAL(wait_for(children[i]), 0);
    }
    kill_and_wait(spinner);
}

static void x87_sums(void)
{
    run_three("x87_sum");
}

static void sse_sums(void)
{
    if (cpu_has_sse()) {
        run_three("sse_sum");
    }
}

static void avx_registers_kept(void)
{
    if (cpu_has_avx()) {
        run_three("avx_keep");
    }
}

/* Beside a program that knows of SSE alone. */
static void avx_and_sse(void)
{
    if (cpu_has_avx()) {
        int avx = spawn_role("avx_keep", "7");
        int sse = spawn_role("sse_sum", "3");
        int other = spawn_role("avx_keep", "9");

        CHECK_EQUAL(wait_for(avx), 0);
        CHECK_EQUAL(wait_for(sse), 0);
        CHECK_EQUAL(wait_for(other), 0);
    }
}

/* Both kinds at once, started in turns. */
static void x87_and_sse_sums(void)
{
    int children[4];

    for (uint32_t i = 0; i < COUNT_OF(children); i++) {
        children[i] = spawn_role(i % 2 && cpu_has_sse() ? "sse_sum" : "x87_sum", number(i + 1));
    }
    for (uint32_t i = 0; i < COUNT_OF(children); i++) {
        CHECK_EQUAL(wait_for(children[i]), 0);
    }
}

/* ---------------------------------------------------------------- modes */

static uint32_t mxcsr(void)
{
    uint32_t value = MXCSR_DEFAULT;

    if (cpu_has_sse()) {
        __asm__ volatile("stmxcsr %0" : "=m"(value));
    }
    return value;
}

static uint32_t x87_control(void)
{
    uint16_t value;

    __asm__ volatile("fnstcw %0" : "=m"(value));
    return value;
}

/* "modes X87 MXCSR": sets them, and finds them again after other processes have run. */
static int role_modes(int argc, char **argv)
{
    CHECK(argc == 3);
    uint16_t control = (uint16_t)atoi(argv[1]);
    uint32_t sse = (uint32_t)atoi(argv[2]);

    __asm__ volatile("fldcw %0" : : "m"(control));
    if (cpu_has_sse()) {
        __asm__ volatile("ldmxcsr %0" : : "m"(sse));
    } else {
        sse = MXCSR_DEFAULT;
    }
    for (int i = 0; i < 200; i++) {
        CHECK_EQUAL(x87_control(), control);
        CHECK_EQUAL(mxcsr(), sse);
        call_yield();
    }
    return 0;
}

static void modes_are_private(void)
{
    const char *x87_zero = number(X87_ROUND_TO_ZERO), *sse_zero = number(MXCSR_ROUND_TO_ZERO);
    int one = spawn_role("modes", x87_zero, sse_zero);
    int other = spawn_role("modes", number(X87_CONTROL_DEFAULT), number(MXCSR_DEFAULT));
    int third = spawn_role("modes", x87_zero, sse_zero);

    CHECK_EQUAL(wait_for(one), 0);
    CHECK_EQUAL(wait_for(other), 0);
    CHECK_EQUAL(wait_for(third), 0);
    CHECK_EQUAL(x87_control(), X87_CONTROL_DEFAULT);
    CHECK_EQUAL(mxcsr(), MXCSR_DEFAULT);
}

/* ---------------------------------------------------------------- a new program's registers */

/* Fills every register with ones and a secret, and sleeps or ends with them, FS and GS null. */
static int role_fill(int argc, char **argv)
{
    static const uint32_t secret[4]
        __attribute__((aligned(16))) = {0x5EC12E75, 0x5EC12E75, 0x5EC12E75, 0x5EC12E75};

    __asm__ volatile("fninit");
    for (int i = 0; i < 8; i++) {
        __asm__ volatile("fildl %0" : : "m"(secret));
    }
    if (cpu_has_sse()) {
        __asm__ volatile("movaps %0, %%xmm0\n"
                         "movaps %0, %%xmm1\n"
                         "movaps %0, %%xmm2\n"
                         "movaps %0, %%xmm3\n"
                         "movaps %0, %%xmm4\n"
                         "movaps %0, %%xmm5\n"
                         "movaps %0, %%xmm6\n"
                         "movaps %0, %%xmm7\n"
                         :
                         : "m"(secret));
    }
    if (cpu_has_avx()) {
        __asm__ volatile("vinsertf128 $1, %0, %%ymm0, %%ymm0\n"
                         "vinsertf128 $1, %0, %%ymm3, %%ymm3\n"
                         "vinsertf128 $1, %0, %%ymm7, %%ymm7\n"
                         :
                         : "m"(secret));
    }
    __asm__ volatile("mov %w0, %%fs\n"
                     "mov %w0, %%gs\n"
                     :
                     : "r"(0));
    call_sleep(argc > 1 ? (uint32_t)atoi(argv[1]) : 0);
    return 0;
}

/* 0: all registers are as after power on, and none holds what another program left. */
static int role_look_at_new_registers(int argc, char **argv)
{
    static uint8_t area[512] __attribute__((aligned(16)));
    struct x87_environment environment;

    uint32_t fs, gs;

    (void)argc;
    (void)argv;
    __asm__("mov %%fs, %0\n"
            "mov %%gs, %1\n"
            : "=r"(fs), "=r"(gs));
    CHECK_EQUAL(fs & 0xFFFF, IS_64_BIT ? 0 : USER_DATA_SELECTOR);
    CHECK_EQUAL(gs & 0xFFFF, IS_64_BIT ? 0 : USER_DATA_SELECTOR);
    if (cpu_has_fxsr()) {
        __asm__ volatile("fxsave %0" : "=m"(area));
        for (size_t i = 32; i < 160 + (IS_64_BIT ? 16 : 8) * 16; i++) { /* st0 ..., xmm0 ... */
            CHECK_EQUAL(area[i], 0);
        }
    } else {
        __asm__ volatile("fnsave %0" : "=m"(area));
        for (size_t i = 28; i < 108; i++) {
            CHECK_EQUAL(area[i], 0);
        }
        __asm__ volatile("frstor %0" : : "m"(area));
    }
    if (cpu_has_avx()) {
        static uint32_t upper[3][4] __attribute__((aligned(16)));

        __asm__ volatile("vextractf128 $1, %%ymm0, (%0)\n"
                         "vextractf128 $1, %%ymm3, 16(%0)\n"
                         "vextractf128 $1, %%ymm7, 32(%0)\n"
                         :
                         : "r"(upper)
                         : "memory");
        for (size_t i = 0; i < 12; i++) {
            CHECK_EQUAL(upper[i / 4][i % 4], 0);
        }
    }
    __asm__ volatile("fnstenv %0" : "=m"(environment));
    CHECK_EQUAL(environment.control & 0xFFFF, X87_CONTROL_DEFAULT);
    CHECK_EQUAL(environment.status & 0xFFFF, 0);
    CHECK_EQUAL(environment.tags & 0xFFFF, X87_TAGS_EMPTY);
    CHECK_EQUAL(mxcsr(), MXCSR_DEFAULT);
    return 0;
}

static void new_registers_beside_a_user(void)
{
    int child = spawn_role("fill", "600000");

    wait_until_asleep(child);
    CHECK_EQUAL(run_role("look_at_new_registers"), 0);
    kill_and_wait(child);
}

static void new_registers_after_a_user(void)
{
    CHECK_EQUAL(run_role("fill"), 0);
    CHECK_EQUAL(run_role("look_at_new_registers"), 0);
}

/* The state of one that has ended may become another's: it must not come with the memory. */
static void state_is_not_inherited(void)
{
    for (int i = 0; i < 5; i++) {
        int one = spawn_role("fill"), other = spawn_role("fill", "10");

        CHECK_EQUAL(run_role("look_at_new_registers"), 0);
        CHECK_EQUAL(wait_for(one), 0);
        CHECK_EQUAL(wait_for(other), 0);
        CHECK_EQUAL(run_role("look_at_new_registers"), 0);
    }
}

/* ---------------------------------------------------------------- errors */

/* Leaves an x87 error waiting, lets others compute, and then meets it. */
static int role_pending_error(int argc, char **argv)
{
    uint16_t unmasked = X87_CONTROL_DEFAULT & ~0x04; /* division by zero */

    (void)argc;
    (void)argv;
    __asm__ volatile("fninit\n"
                     "fldcw %0\n"
                     "fldz\n"
                     "fld1\n"
                     "fdivp\n" /* 1 / 0, or 0 / 1 the other way round: both are tried */
                     "fldz\n"
                     "fld1\n"
                     "fdivrp\n"
                     :
                     : "m"(unmasked));
    for (int i = 0; i < 20; i++) {
        call_yield();
    }
    __asm__ volatile("fwait");
    return 0;
}

/* Exception 16 comes to the program that made the error, not to the one that runs after it. */
static void pending_error_is_private(void)
{
    int wrong = spawn_role("pending_error");
    int right = spawn_role("x87_sum", "3");

    CHECK_EQUAL(wait_for(wrong), STATUS_FAULT + 16);
    CHECK_EQUAL(wait_for(right), 0);
}

/* ---------------------------------------------------------------- general registers */

/* "watch SELECTOR" */
static int role_watch(int argc, char **argv)
{
    uint32_t selector = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
    uint32_t start = call_uptime();

    while (!is_time_up(start)) {
        if (watch_registers(100000, selector) != 0) {
            return 1;
        }
    }
    return 0;
}

static void registers_kept_when_preempted(void)
{
    static const uint32_t selectors[] = {0, USER_CODE_SELECTOR, USER_DATA_SELECTOR};
    int children[COUNT_OF(selectors)];
    int spinner = spawn_role("spin");
    int x87 = spawn_role("x87_sum", "5");

    for (size_t i = 0; i < COUNT_OF(children); i++) {
        children[i] = spawn_role("watch", number(selectors[i]));
    }
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        CHECK_EQUAL(wait_for(children[i]), 0);
    }
    CHECK_EQUAL(wait_for(x87), 0);
    kill_and_wait(spinner);
}

const struct role fpu_roles[] = {
    {"x87_sum", role_x87_sum},
    {"sse_sum", role_sse_sum},
    {"avx_keep", role_avx_keep},
    {"modes", role_modes},
    {"fill", role_fill},
    {"look_at_new_registers", role_look_at_new_registers},
    {"pending_error", role_pending_error},
    {"watch", role_watch},
    {0},
};

const struct test fpu_tests[] = {
    {"x87_sums", x87_sums, 0, 0},
    {"sse_sums", sse_sums, 0, 0},
    {"x87_and_sse_sums", x87_and_sse_sums, 0, 0},
    {"avx_registers_kept", avx_registers_kept, 0, 0},
    {"avx_and_sse", avx_and_sse, 0, 0},
    {"modes_are_private", modes_are_private, 0, 0},
    {"new_registers_beside_a_user", new_registers_beside_a_user, 0, 0},
    {"new_registers_after_a_user", new_registers_after_a_user, 0, 0},
    {"state_is_not_inherited", state_is_not_inherited, 0, 0},
    {"pending_error_is_private", pending_error_is_private, 0, 0},
    {"registers_kept_when_preempted", registers_kept_when_preempted, 0, 0},
    {0},
};
