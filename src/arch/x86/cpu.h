/*
 * arch/x86/cpu.h - control registers, flags and the instructions that C cannot express (Intel SDM
 * volumes 2 and 3). Header-only. What other folders may use of it is in arch/cpu.h.
 */
#ifndef ARCH_X86_CPU_H
#define ARCH_X86_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/cpu.h"

/* Control register bits (SDM volume 3, section 2.5). */
#define CR0_MP 0x00000002u /* monitor coprocessor: WAIT honours TS */
#define CR0_EM 0x00000004u /* no FPU: its instructions trap */
#define CR0_TS 0x00000008u /* task switched: the next FPU instruction traps */
#define CR0_NE 0x00000020u /* FPU errors as exception 16 */
#define CR0_WP 0x00010000u /* read-only pages bind the kernel too */
#define CR0_AM 0x00040000u /* alignment checks where EFLAGS.AC */
#define CR0_NW 0x20000000u /* with CD: caches are off; CPUs start like this */
#define CR0_CD 0x40000000u
#define CR0_PG 0x80000000u /* paging */

#define CR4_PSE        0x00000010u /* 4 MiB pages */
#define CR4_MCE        0x00000040u /* hardware errors as exception 18; else they reset */
#define CR4_PGE        0x00000080u /* global pages */
#define CR4_OSFXSR     0x00000200u /* FXSAVE and SSE */
#define CR4_OSXMMEXCPT 0x00000400u /* SSE errors as exception 19 */
#define CR4_UMIP       0x00000800u /* SGDT and the like fault in ring 3 */
#define CR4_OSXSAVE    0x00040000u /* XSAVE, and XCR0 */
#define CR4_SMEP       0x00100000u /* the kernel cannot execute user pages */
#define CR4_SMAP       0x00200000u /* the kernel cannot touch user pages, except while EFLAGS.AC is set */

#define EFLAGS_CLEAN 0x00000002u /* bit 1 is always set; interrupts off */
#define EFLAGS_CF    0x00000001u
#define EFLAGS_TF    0x00000100u
#define EFLAGS_IF    0x00000200u
#define EFLAGS_DF    0x00000400u
#define EFLAGS_AC    0x00040000u
#define EFLAGS_ID    0x00200000u

#define CPU_CR_ACCESSORS(name)                                          \
    static inline uintptr_t cpu_read_##name(void)                       \
    {                                                                   \
        uintptr_t value;                                                \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value));          \
        return value;                                                   \
    }                                                                   \
    static inline void cpu_write_##name(uintptr_t value)                \
    {                                                                   \
        __asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory"); \
    }

CPU_CR_ACCESSORS(cr0)
CPU_CR_ACCESSORS(cr2)
CPU_CR_ACCESSORS(cr3)
CPU_CR_ACCESSORS(cr4)

#define CPU_SEGMENT_READER(name)                               \
    static inline uint32_t cpu_read_##name(void)               \
    {                                                          \
        uint32_t value;                                        \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value)); \
        return value & 0xFFFF;                                 \
    }

CPU_SEGMENT_READER(ds)
CPU_SEGMENT_READER(es)
CPU_SEGMENT_READER(fs)
CPU_SEGMENT_READER(gs)
CPU_SEGMENT_READER(ss)

/* Model-specific registers. Only those that every CPU of the architecture has: others fault. */
static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

/* XCR0: which registers XSAVE and XRSTOR take. Where CR4.OSXSAVE is on. */
static inline void cpu_write_xcr0(uint32_t value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"(value), "d"(0));
}

static inline void cpu_invalidate_page(vaddr_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void cpu_id(uint32_t leaf, uint32_t subleaf, uint32_t *eax, uint32_t *ebx,
                          uint32_t *ecx, uint32_t *edx)
{
    __asm__ volatile("cpuid"
                     : "=a"(*eax), "=b"(*ebx), "=c"(*ecx), "=d"(*edx)
                     : "a"(leaf), "c"(subleaf));
}

#endif
