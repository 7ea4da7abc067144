/*
 * syscall/usercopy.c - the only code that touches a user's memory.
 *
 * The range check keeps the kernel's pages out: ring 0 could touch those without a fault. Whether
 * a user page exists and is writeable the CPU finds out itself (CR0.WP is on): each instruction
 * below that can fault is listed in .ex_table, and trap.c goes on behind it.
 *
 * With SMAP on, ring 0 may touch user pages only while EFLAGS.AC is set: it is, here, for the length
 * of one string instruction. (STAC and CLAC would do the same; POPF exists on every CPU.) As in
 * all of the kernel, interrupts are off.
 */
#include "syscall/usercopy.h"

#include <stdbool.h>

#include "arch/x86/cpu.h"
#include "layout.h"
#include "base/align.h"
#include "base/status.h"
#include "task/task.h"

/* The end of the user range that address lies in, or 0. */
static uint32_t user_range_end(uint32_t address)
{
    if (address >= PROCESS_HEAP_ADDRESS && address < PROCESS_HEAP_END) {
        return PROCESS_HEAP_END;
    }
    if (address >= USER_PROGRAM_ADDRESS && address < USER_PROGRAM_END) {
        return USER_PROGRAM_END;
    }
    if (address >= USER_STACK_BOTTOM && address < USER_STACK_TOP) {
        return USER_STACK_TOP;
    }
    return 0;
}

/* Where instructions fault, trap.c goes on behind them: a line of its table says so. */
#define USER_ACCESS(instructions)     \
    "pushl %[ac]\n"                   \
    "popfl\n"                         \
    "1: " instructions "\n"           \
    "2: pushl %[clean]\n"             \
    "popfl\n"                         \
    ".pushsection .ex_table, \"a\"\n" \
    ".long 1b, 2b\n"                  \
    ".popsection\n"
#define USER_ACCESS_FLAGS [ac] "i"(EFLAGS_CLEAN | EFLAGS_AC), [clean] "i"(EFLAGS_CLEAN)

/* Runs one repeated string instruction on a user's memory; it stops early at a fault. */
static int copy_bytes(void *destination, const void *source, size_t length)
{
    size_t dwords = length / 4;
    size_t rest = length % 4;

    __asm__ volatile(USER_ACCESS("rep movsl")
                     : "+D"(destination), "+S"(source), "+c"(dwords)
                     : USER_ACCESS_FLAGS
                     : "memory", "cc");
    if (dwords) {
        return -EINVARG;
    }
    if (!rest) {
        return OK;
    }
    __asm__ volatile(USER_ACCESS("rep movsb")
                     : "+D"(destination), "+S"(source), "+c"(rest)
                     : USER_ACCESS_FLAGS
                     : "memory", "cc");
    return rest ? -EINVARG : OK;
}

int copy_from_user(void *destination, uint32_t source, size_t length)
{
    uint32_t end = user_range_end(source);

    if (!end || length > end - source) {
        return -EINVARG;
    }
    return copy_bytes(destination, (const void *)source, length);
}

int copy_to_user(uint32_t destination, const void *source, size_t length)
{
    uint32_t end = user_range_end(destination);

    if (!end || length > end - destination) {
        return -EINVARG;
    }
    return copy_bytes((void *)destination, source, length);
}

/* Pages of a range that are tried between two pauses. */
#define PAGES_AT_ONCE 512

/* Reads one byte of each page, and writes it back. While the others run nothing changes: only the
 * process itself maps and unmaps its pages. */
static int check_range(uint32_t start, size_t length, bool for_write)
{
    uint32_t end = user_range_end(start);
    uint8_t byte;

    if (length == 0) {
        return OK;
    }
    if (!end || length > end - start) {
        return -EINVARG;
    }
    for (uint32_t address = start; address - start < length;
         address = ALIGN_DOWN(address, PAGE_SIZE_BYTES) + PAGE_SIZE_BYTES) {
        if ((address - start) / PAGE_SIZE_BYTES % PAGES_AT_ONCE == PAGES_AT_ONCE - 1 &&
            !task_pause()) {
            return -EINTERRUPTED;
        }
        if (copy_from_user(&byte, address, 1) < 0 ||
            (for_write && copy_to_user(address, &byte, 1) < 0)) {
            return -EINVARG;
        }
    }
    return OK;
}

int user_range_check(uint32_t source, size_t length)
{
    return check_range(source, length, false);
}

int user_range_check_write(uint32_t destination, size_t length)
{
    return check_range(destination, length, true);
}

int user_string_length(uint32_t source, size_t max)
{
    uint32_t limit = MIN(user_range_end(source), source + max < source ? UINT32_MAX : source + max);
    uint32_t address = source;
    size_t left = limit > source ? limit - source : 0;
    int is_found = 0;

    if (!left) {
        return -EINVARG;
    }
    /* Stops behind the NUL with ZF set. */
    __asm__ volatile(USER_ACCESS("repne scasb\n sete %b0")
                     : "+q"(is_found), "+D"(address), "+c"(left)
                     : "a"(0), USER_ACCESS_FLAGS
                     : "memory", "cc");
    return is_found ? (int)(address - 1 - source) : -EINVARG;
}

int copy_string_from_user(char *destination, uint32_t source, size_t size)
{
    int length = user_string_length(source, size);

    if (length < 0) {
        return length;
    }
    int status = copy_from_user(destination, source, (size_t)length + 1);
    return status < 0 ? status : length;
}
