/*
 * arch/x86/cpu_inline.h - the inline half of arch/cpu.h, which alone includes it.
 */
#ifndef ARCH_X86_CPU_INLINE_H
#define ARCH_X86_CPU_INLINE_H

#define CPU_FLAG_INTERRUPTS 0x200u /* EFLAGS.IF */

static inline uintptr_t cpu_read_flags(void)
{
    uintptr_t value;
    __asm__ volatile("pushf; pop %0" : "=r"(value));
    return value;
}

static inline void cpu_interrupts_on(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void cpu_interrupts_off(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline uintptr_t cpu_interrupts_save(void)
{
    uintptr_t flags = cpu_read_flags();
    cpu_interrupts_off();
    return flags;
}

static inline void cpu_interrupts_restore(uintptr_t flags)
{
    if (flags & CPU_FLAG_INTERRUPTS) {
        cpu_interrupts_on();
    }
}

/* STI takes effect after the next instruction. */
static inline void cpu_wait_for_interrupt(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}

static inline void cpu_let_interrupts_in(void)
{
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

static inline uint64_t cpu_read_cycles(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#endif
