/*
 * debug/backtrace.c - see backtrace.h.
 *
 * A function's frame, as `push %ebp; mov %esp, %ebp` leaves it (RBP and RSP in 64 bits), in words:
 *
 *   frame pointer + 1 word   return address
 *   frame pointer            the caller's frame pointer -> the caller's frame, at a higher address
 *
 * The stack may be what broke, so nothing in it is believed: the chain ends where a frame pointer
 * is not aligned to words, not above the one before, where no stack lies, or in memory that the
 * registered check calls unreadable; where a return address is not in the kernel's text; after
 * LINES_MAX lines; and after FRAMES_MAX, of which those with the same return address, one after the
 * other, are one line.
 *
 * Between a trap's handler and what it interrupted lies a struct trap_frame, right behind the
 * return address into trap.asm, which is how it is recognised.
 *
 * Size before speed.
 */
#include "debug/backtrace.h"

#include <stddef.h>

#include "arch/frame.h"
#include "debug/printk.h"
#include "debug/symbols.h"
#include "base/align.h"
#include "lib/string.h"

#define FRAMES_MAX 2048 /* more than a kernel stack has room for */
#define LINES_MAX  10   /* debug/panic.h: a report fits a screen */

#define MAYBE (-1)

#define WORD_BYTES sizeof(vaddr_t)

static bool (*is_address_readable)(vaddr_t address);
static vaddr_t trap_return_address;

void backtrace_set_trap_return(vaddr_t address)
{
    trap_return_address = address;
}

void backtrace_set_address_check(bool (*is_readable)(vaddr_t address))
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

const char *symbol_find(vaddr_t address, uint32_t *offset)
{
    static char names[SYMBOL_NAMES_KEPT][SYMBOL_NAME_BYTES];
    static uint32_t newest;

    if (address < symbol_text_start || address >= symbol_text_end) {
        return NULL;
    }

    /* There is no index: a backtrace has time to walk past the others. */
    const uint8_t *entry = symbol_table;
    *offset = (uint32_t)(address - symbol_text_start);
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

static bool is_readable(vaddr_t address)
{
    return IS_ALIGNED(address, WORD_BYTES) && frame_may_lie_at(address) &&
           (is_address_readable == NULL || is_address_readable(address));
}

static vaddr_t read(vaddr_t address)
{
    return *(const vaddr_t *)address;
}

/* Can both words be read? They may lie in different pages. */
static bool is_pair_readable(vaddr_t address)
{
    return is_readable(address) && is_readable(address + WORD_BYTES);
}

/* Can a trap's frame be read, as far as it is the same from both rings? */
static bool are_frame_words_readable(vaddr_t frame)
{
    return is_readable(frame) && is_readable(frame + FRAME_BYTES_FROM_KERNEL - WORD_BYTES);
}

/*
 * Prints line `number`, or one with a question mark for MAYBE. A return address is that of the
 * instruction after the call, which can belong to the next function when the called one never
 * returns: so the byte `back` before it is looked up. False when address is not in the kernel's
 * text.
 */
static bool print_frame(int number, vaddr_t address, uint32_t back)
{
    uint32_t offset = 0;
    const char *name = symbol_find(address - back, &offset);

    printk(number == MAYBE ? "   ?" : "  #%d", number);
    printk(" 0x" ADDRESS_FORMAT, address);
    if (name != NULL) {
        printk(" %s+0x%x", name, (unsigned)(offset + back));
    }
    printk("\n");
    return name != NULL || symbol_text_end == 0;
}

void backtrace_print(const struct trap_frame *frame)
{
    vaddr_t fp = frame_frame_pointer(frame);
    vaddr_t sp = frame_stack_pointer(frame);
    vaddr_t previous = 0;
    uint32_t repeated = 0;
    int number = 1;
    int more_lines = 0; /* besides one a number */

    /* The first address is shown and passed in any case: a call through a wrong pointer leads
     * outside the text. Then no frame was made yet, and who called is on top of the stack. The
     * same goes for functions that call no others and have no frame; it may have been one. */
    bool is_certain = !print_frame(0, frame_pc(frame), 0);
    uint32_t unused;
    if (frame_is_from_user(frame)) {
        return; /* the stack is the user's */
    }
    if (is_readable(sp) && read(sp) != frame_pc(frame) && symbol_find(read(sp), &unused)) {
        more_lines += !is_certain;
        print_frame(is_certain ? number++ : MAYBE, read(sp), 1);
    }

    for (int i = 0; i < FRAMES_MAX && is_pair_readable(fp); i++) {
        vaddr_t caller_fp = read(fp);
        vaddr_t address = read(fp + WORD_BYTES);

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
            vaddr_t inner = fp + 2 * WORD_BYTES;
            if (!are_frame_words_readable(inner) ||
                frame_is_from_user((const struct trap_frame *)inner) ||
                !print_frame(number++, frame_pc((const struct trap_frame *)inner), 0)) {
                return;
            }
        }
        if (caller_fp <= fp) {
            break;
        }
        fp = caller_fp;
    }
    if (repeated > 0) {
        printk("     and %u times more\n", (unsigned)repeated);
    }
}
