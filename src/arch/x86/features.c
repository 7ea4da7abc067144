/*
 * arch/x86/features.c - CPUID (Intel SDM volume 2, "CPUID").
 *
 * Size before speed.
 */
#include "arch/x86/features.h"

#include <stdint.h>

#include "arch/x86/cpu.h"
#include "debug/panic.h"

/* Leaf 1, EDX. */
#define CPUID_FPU  0x00000001u
#define CPUID_PSE  0x00000008u
#define CPUID_MCE  0x00000080u
#define CPUID_PGE  0x00002000u
#define CPUID_FXSR 0x01000000u
#define CPUID_SSE  0x02000000u
/* Leaf 1, ECX. */
#define CPUID_XSAVE 0x04000000u
#define CPUID_AVX   0x10000000u
/* Leaf 7, EBX and ECX. */
#define CPUID_SMEP 0x00000080u
#define CPUID_SMAP 0x00100000u
#define CPUID_UMIP 0x00000004u

#define CPUID_LEAF_FEATURES 1
#define CPUID_LEAF_EXTENDED 7
#define CPUID_LEAF_XSAVE    13 /* EBX: bytes for what XCR0 has */

#define CPUID_ECX_RDRAND (1u << 30) /* leaf 1 */
#define RDRAND_TRIES     10         /* Intel SDM volume 1, 7.3.17 */

static struct {
    uint32_t edx, ecx;
    uint32_t xsave_mask, xsave_bytes;
} features;

/* A CPU has CPUID if EFLAGS.ID can be changed. */
static bool has_cpuid(void)
{
    uintptr_t before, after;

    __asm__ volatile("pushf\n"
                     "pop %0\n"
                     "mov %0, %1\n"
                     "xor %2, %1\n"
                     "push %1\n"
                     "popf\n"
                     "pushf\n"
                     "pop %1\n"
                     "push %0\n"
                     "popf\n"
                     : "=&r"(before), "=&r"(after)
                     : "r"((uintptr_t)EFLAGS_ID)
                     : "cc");
    return (before ^ after) & EFLAGS_ID;
}

void cpu_features_initialise(void)
{
    uint32_t max_leaf, eax, ebx, ecx, edx;
    uint32_t leaf_1_ecx;
    uint32_t cr4 = 0;

    if (!has_cpuid()) {
        fatal("This CPU has no CPUID; Drupe needs a Pentium or later.");
    }
    cpu_id(0, 0, &max_leaf, &ebx, &ecx, &edx);
    cpu_id(CPUID_LEAF_FEATURES, 0, &eax, &ebx, &leaf_1_ecx, &features.edx);
    features.ecx = leaf_1_ecx;
    if (!(features.edx & CPUID_PSE)) {
        fatal("This CPU has no 4 MiB pages (PSE); Drupe needs a Pentium or later.");
    }
    if (!(features.edx & CPUID_FPU)) {
        fatal("This CPU has no floating-point unit; Drupe needs a Pentium or later.");
    }
    cr4 |= features.edx & CPUID_MCE ? CR4_MCE : 0;
    if (max_leaf >= CPUID_LEAF_EXTENDED) {
        cpu_id(CPUID_LEAF_EXTENDED, 0, &eax, &ebx, &ecx, &edx);
        cr4 |= ebx & CPUID_SMEP ? CR4_SMEP : 0;
        cr4 |= ebx & CPUID_SMAP ? CR4_SMAP : 0; /* user_access.h: how it touches user pages */
        cr4 |= ecx & CPUID_UMIP ? CR4_UMIP : 0;
    }
    if (features_have_fxsr()) {
        cr4 |= CR4_OSFXSR;
        cr4 |= features_have_sse() ? CR4_OSXMMEXCPT : 0;
        cr4 |= leaf_1_ecx & CPUID_XSAVE && max_leaf >= CPUID_LEAF_XSAVE ? CR4_OSXSAVE : 0;
    }
    if (cr4) { /* CR4 itself exists only where a feature needs it */
        cpu_write_cr4(cpu_read_cr4() | cr4);
    }
    if (cr4 & CR4_OSXSAVE) {
        features.xsave_mask = XCR0_X87 | XCR0_SSE | (leaf_1_ecx & CPUID_AVX ? XCR0_AVX : 0);
        cpu_write_xcr0(features.xsave_mask);
        cpu_id(CPUID_LEAF_XSAVE, 0, &eax, &features.xsave_bytes, &ecx, &edx);
    }
    /* The FPU is there, its errors are exception 16, and WAIT honours the task-switched flag. A
     * program that sets EFLAGS.AC gets the alignment checks it asks for. Caches are on, even if the
     * firmware left them as after a reset. */
    cpu_write_cr0((cpu_read_cr0() & ~(CR0_EM | CR0_NW | CR0_CD)) | CR0_MP | CR0_NE | CR0_AM);
}

bool features_have_pge(void)
{
    return features.edx & CPUID_PGE;
}

bool features_have_sse(void)
{
    return features.edx & CPUID_SSE;
}

bool features_have_fxsr(void)
{
    return features.edx & CPUID_FXSR;
}

uint32_t features_xsave_mask(void)
{
    return features.xsave_mask;
}

uint32_t features_xsave_bytes(void)
{
    return features.xsave_bytes;
}

bool cpu_read_random(uint32_t *word)
{
    uint8_t is_there = 0;

    for (int i = 0; i < RDRAND_TRIES && !is_there && features.ecx & CPUID_ECX_RDRAND; i++) {
        __asm__ volatile("rdrand %0\n setc %1" : "=r"(*word), "=qm"(is_there) : : "cc");
    }
    return is_there;
}
