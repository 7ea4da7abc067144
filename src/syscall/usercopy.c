/*
 * syscall/usercopy.c - the only code that touches a user's memory.
 *
 * The range check keeps the kernel's pages out: ring 0 could touch those without a fault. Whether
 * a user page exists and is writeable the CPU finds out itself (CR0.WP is on): each instruction
 * below that can fault is listed in .ex_table, and trap.c goes on behind it.
 */
#include "syscall/usercopy.h"

#include "config.h"
#include "layout.h"
#include "lib/align.h"
#include "lib/string.h"
#include "status.h"

/* One line of trap.c's table: where label 1 faults, go on at label 2. */
#define ON_FAULT_GO_ON        \
    ".pushsection .ex_table, \"a\"\n" \
    ".long 1b, 2f\n"          \
    ".popsection\n"

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

/* rep movsb; -EINVARG if it stopped at a fault. */
static int copy_bytes(void *destination, const void *source, size_t length)
{
    size_t dwords = length / 4;
    size_t rest = length % 4;

    __asm__ volatile("1: rep movsl\n"
                     ON_FAULT_GO_ON
                     "2:"
                     : "+D"(destination), "+S"(source), "+c"(dwords)
                     :
                     : "memory");
    if (dwords) {
        return -EINVARG;
    }
    __asm__ volatile("1: rep movsb\n"
                     ON_FAULT_GO_ON
                     "2:"
                     : "+D"(destination), "+S"(source), "+c"(rest)
                     :
                     : "memory");
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

/* An or with 0 in each page writes nothing and faults where a write would. */
bool user_can_write(uint32_t address, size_t length)
{
    uint32_t end = user_range_end(address);
    uint32_t last = address + length - 1;

    if (length == 0 || !end || length > end - address) {
        return length == 0;
    }
    for (;;) {
        int faults = 1;

        __asm__ volatile("1: orb $0, (%1)\n"
                         "movl $0, %0\n"
                         ON_FAULT_GO_ON
                         "2:"
                         : "+r"(faults)
                         : "r"(address)
                         : "memory", "cc");
        if (faults || (address ^ last) < PAGE_SIZE_BYTES) {
            return !faults;
        }
        address = ALIGN_DOWN(address, PAGE_SIZE_BYTES) + PAGE_SIZE_BYTES;
    }
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
    __asm__ volatile("1: repne scasb\n"
                     "sete %b0\n"
                     ON_FAULT_GO_ON
                     "2:"
                     : "+q"(is_found), "+D"(address), "+c"(left)
                     : "a"(0)
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

int user_path(char *path, uint32_t source)
{
    static const char drive[] = "0:/";
    int length = copy_string_from_user(path, source, PATH_BYTES_MAX);

    if (length < 0) {
        /* Too long, or a bad pointer? */
        return copy_from_user(path, source, PATH_BYTES_MAX) == OK ? -EBADPATH : -EINVARG;
    }
    if (length == 0) {
        return -EBADPATH;
    }
    if (path[1] != ':') {
        if ((size_t)length + sizeof(drive) > PATH_BYTES_MAX) {
            return -EBADPATH;
        }
        memmove(path + sizeof(drive) - 1, path, (size_t)length + 1);
        memcpy(path, drive, sizeof(drive) - 1);
    }
    return OK;
}
