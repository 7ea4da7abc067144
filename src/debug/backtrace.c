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
 * calls unreadable; where a return address is not in the kernel's text; after LINES_MAX lines; and
 * after FRAMES_MAX, of which those with the same return address, one after the other, are one line.
 *
 * Between a trap's handler and what it interrupted lies a struct trap_frame, right behind the
 * return address into trap.asm, which is how it is recognised.
 *
 * Size before speed.
 */
#include "debug/backtrace.h"

#include <stddef.h>

#include "arch/i386/trap_frame.h"
#include "debug/printk.h"
#include "debug/symbols.h"
#include "base/align.h"
#include "lib/string.h"

#define FRAMES_MAX 2048 /* more than a kernel stack has room for */
#define LINES_MAX  10   /* debug/panic.h: a report fits a screen */

#define MAYBE (-1)

/* All stacks lie above page 0 and below the process heap (layout.h). */
#define STACK_LOWEST 0x1000u
#define STACK_END    0x80000000u

static bool (*is_address_readable)(uint32_t address);
static uint32_t trap_return_address;

void backtrace_set_trap_return(uint32_t address)
{
    trap_return_address = address;
}

void backtrace_set_address_check(bool (*is_readable)(uint32_t address))
{
    is_address_readable = is_readable;
}

/* Writes what byte stands for, as far as there is room before end. */
/* NOLINTNEXTLINE(misc-no-recursion): a pair is made of earlier ones, four calls deep today */
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

static bool is_readable(uint32_t address)
{
    return IS_ALIGNED(address, 4u) && range_is_inside(address, 4, STACK_LOWEST, STACK_END) &&
           (is_address_readable == NULL || is_address_readable(address));
}

static uint32_t read(uint32_t address)
{
    return *(const uint32_t *)(uintptr_t)address;
}

/* Can both dwords be read? They may lie in different pages. */
static bool is_pair_readable(uint32_t address)
{
    return is_readable(address) && is_readable(address + 4);
}

/*
 * Prints line `number`, or one with a question mark for MAYBE. A return address is that of the
 * instruction after the call, which can belong to the next function when the called one never
 * returns: so the byte `back` before it is looked up. False when address is not in the kernel's
 * text.
 */
static bool print_frame(int number, uint32_t address, uint32_t back)
{
    uint32_t offset = 0;
    const char *name = symbol_find(address - back, &offset);

    printk(number == MAYBE ? "   ?" : "  #%d", number);
    printk(" 0x%08x", (unsigned)address);
    if (name != NULL) {
        printk(" %s+0x%x", name, (unsigned)(offset + back));
    }
    printk("\n");
    return name != NULL || symbol_text_end == 0;
}

void backtrace_print(const struct trap_frame *frame)
{
    uint32_t ebp = frame->ebp;
    uint32_t esp = trap_frame_kernel_esp(frame);
    uint32_t previous = 0;
    uint32_t repeated = 0;
    int number = 1;
    int more_lines = 0; /* besides one a number */

    /* The first address is shown and passed in any case: a call through a wrong pointer leads
     * outside the text. Then no frame was made yet, and who called is on top of the stack. The
     * same goes for functions that call no others and have no frame; it may have been one. */
    bool is_certain = !print_frame(0, frame->eip, 0);
    uint32_t unused;
    if (trap_frame_is_from_user(frame)) {
        return; /* the stack is the user's */
    }
    if (is_readable(esp) && read(esp) != frame->eip && symbol_find(read(esp), &unused)) {
        more_lines += !is_certain;
        print_frame(is_certain ? number++ : MAYBE, read(esp), 1);
    }

    for (int i = 0; i < FRAMES_MAX && is_pair_readable(ebp); i++) {
        uint32_t caller_ebp = read(ebp);
        uint32_t address = read(ebp + 4);

        if (address == 0) {
            break;
        }
        if (address == previous) {
            repeated++;
        } else {
            if (repeated > 0) {
                printk("     and %u times more\n", (unsigned)repeated);
                more_lines++;
            }
            if (number + more_lines >= LINES_MAX) {
                printk("     ...\n");
                return;
            }
            repeated = 0;
            if (!print_frame(number++, address, 1)) {
                return;
            }
        }
        previous = address;
        if (address == trap_return_address) {
            uint32_t eip = ebp + 8 + offsetof(struct trap_frame, eip); /* and cs */
            if (!is_pair_readable(eip) || read(eip + 4) & 3 ||
                !print_frame(number++, read(eip), 0)) {
                return;
            }
        }
        if (caller_ebp <= ebp) {
            break;
        }
        ebp = caller_ebp;
    }
    if (repeated > 0) {
        printk("     and %u times more\n", (unsigned)repeated);
    }
}
