/*
 * tests/kernel/sections.c - see sections.h. The sums over the pages that are mapped read-only are
 * computed like those over the packed image, which the entry code has verified.
 */
#include "sections.h"

#include <stdint.h>

#include "arch/x86/cpu.h"
#include "ktest.h"

/* kernel.ld.in */
extern uint8_t kernel_start[], kernel_text_end[], kernel_rodata_end[];

static struct sections_sums remembered;

struct sections_sums sections_sum(const void *start, const void *end)
{
    struct sections_sums sums = {0, 0};

    for (const uint32_t *dword = start; dword < (const uint32_t *)end; dword++) {
        sums.a += *dword;
        sums.b += sums.a;
    }
    return sums;
}

void sections_remember(void)
{
    remembered = sections_sum(kernel_start, kernel_rodata_end);
}

bool sections_are_unchanged(void)
{
    struct sections_sums sums = sections_sum(kernel_start, kernel_rodata_end);

    return sums.a == remembered.a && sums.b == remembered.b;
}

/* As only the kernel itself could: with the protection off. */
static void flip_a_bit(vaddr_t address)
{
    uintptr_t cr0 = cpu_read_cr0();

    cpu_write_cr0(cr0 & ~(uintptr_t)CR0_WP);
    *(volatile uint8_t *)address ^= 0x10;
    cpu_write_cr0(cr0);
}

KTEST(sections_every_changed_byte_is_seen)
{
    /* Numbers: to the compiler nothing lies before or behind a name's bytes. */
    const vaddr_t bytes[] = {(vaddr_t)kernel_start + 16, (vaddr_t)kernel_text_end - 1,
                             (vaddr_t)kernel_text_end + 64, (vaddr_t)kernel_rodata_end - 1};

    sections_remember();
    KEXPECT(sections_are_unchanged());
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        flip_a_bit(bytes[i]);
        bool is_seen = !sections_are_unchanged();
        flip_a_bit(bytes[i]);
        KEXPECT(is_seen);
    }
    KEXPECT(sections_are_unchanged());
}
