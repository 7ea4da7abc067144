/*
 * debug/backtrace.c - see backtrace.h.
 *
 * A function's frame, as `push %ebp; mov %esp, %ebp` leaves it:
 *
 *   ebp + 4   return address
 *   ebp       the caller's ebp  -> the caller's frame, always at a higher address
 *
 * The stack may be what broke, so nothing in it is believed: the chain ends where a frame pointer
 * is not 4-aligned, not above the one before, outside RAM, or in memory that the registered check
 * calls unreadable; where a return address is not in the kernel's text; and after FRAMES_MAX.
 */
#include "debug/backtrace.h"

#include "debug/printk.h"
#include "debug/symbols.h"
#include "lib/align.h"
#include "lib/string.h"

#include <stddef.h>

#define FRAMES_MAX 32

/* Stacks lie above page 0 and below the process heap (layout.h), whatever the stack. */
#define STACK_LOWEST 0x1000u
#define STACK_END    0x80000000u

static bool (*is_address_readable)(uint32_t address);

void backtrace_set_address_check(bool (*is_readable)(uint32_t address))
{
    is_address_readable = is_readable;
}

/* Writes what byte stands for, as far as there is room before end. */
static char *expand(char *out, const char *end, uint8_t byte)
{
    if (byte >= SYMBOL_PAIR_FIRST) {
        const uint8_t *pair = symbol_pairs[byte - SYMBOL_PAIR_FIRST];

        return expand(expand(out, end, pair[0]), end, pair[1]);
    }
    if (out < end) {
        *out++ = (char)byte;
    }
    return out;
}

const char *symbol_find(uint32_t address, uint32_t *offset)
{
    static char names[SYMBOL_NAMES_KEPT][SYMBOL_NAME_BYTES];
    static uint32_t newest;

    if (address < symbol_text_start || address >= symbol_text_end) {
        return NULL;
    }

    /* There is no index: a backtrace has time to walk past the others. */
    const uint8_t *entry = symbol_table;
    *offset = address - symbol_text_start;
    for (;;) {
        uint32_t size = *entry++;
        if (size == SYMBOL_SIZE_IS_LONG) {
            size = entry[0] | (uint32_t)entry[1] << 8;
            entry += 2;
        }
        if (*offset < size) {
            break;
        }
        *offset -= size;
        while (*entry++ != 0) {
        }
    }

    char *name = names[newest++ % SYMBOL_NAMES_KEPT];
    char *out = name;
    for (; *entry != 0; entry++) {
        out = expand(out, name + SYMBOL_NAME_BYTES - 1, *entry);
    }
    *out = '\0';
    return name;
}

static bool is_frame_readable(uint32_t ebp)
{
    if (!IS_ALIGNED(ebp, 4u) || !range_is_inside(ebp, 8, STACK_LOWEST, STACK_END)) {
        return false;
    }
    /* The two dwords can lie in different pages. */
    return is_address_readable == NULL ||
           (is_address_readable(ebp) && is_address_readable(ebp + 4));
}

/*
 * Prints frame `number`. A return address is that of the instruction after the call, which can
 * belong to the next function when the called one never returns: so the byte before it is looked
 * up. False when address is not in the kernel's text.
 */
static bool print_frame(int number, uint32_t address)
{
    uint32_t back = number == 0 ? 0 : 1;
    uint32_t offset = 0;
    const char *name = symbol_find(address - back, &offset);

    if (name == NULL) {
        printk("  #%d 0x%08x\n", number, (unsigned)address);
        return symbol_text_end == 0;
    }
    printk("  #%d 0x%08x %s+0x%x\n", number, (unsigned)address, name, (unsigned)(offset + back));
    return true;
}

void backtrace_print(uint32_t eip, uint32_t ebp)
{
    /* The first address is shown and passed whatever it is: a call through a wrong pointer leads
     * outside the text, and the frames tell who made it. */
    print_frame(0, eip);

    for (int number = 1; number < FRAMES_MAX && is_frame_readable(ebp); number++) {
        const uint32_t *frame = (const uint32_t *)(uintptr_t)ebp;
        uint32_t caller_ebp = frame[0];
        if (frame[1] == 0 || !print_frame(number, frame[1]) || caller_ebp <= ebp) {
            return;
        }
        ebp = caller_ebp;
    }
}
