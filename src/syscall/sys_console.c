/*
 * syscall/sys_console.c - what a program says and hears.
 */
#include "debug/printk.h"
#include "drivers/keyboard.h"
#include "lib/align.h"
#include "status.h"
#include "syscall/syscall.h"
#include "syscall/usercopy.h"

#define PRINT_BYTES_MAX 65536 /* a string without a NUL for so long is a mistake */
#define PRINT_PIECE     256   /* copied at a time, on the kernel stack */

/* print(str): 0 */
uint32_t sys_print(const uint32_t *arguments)
{
    char piece[PRINT_PIECE];
    uint32_t source = arguments[0];
    int length = user_string_length(source, PRINT_BYTES_MAX);

    if (length < 0) {
        return (uint32_t)length;
    }
    for (uint32_t done = 0; done < (uint32_t)length;) {
        uint32_t count = MIN((uint32_t)length - done, PRINT_PIECE);
        int status = copy_from_user(piece, source + done, count);

        if (status < 0) {
            return (uint32_t)status;
        }
        console_write(piece, count);
        done += count;
    }
    return OK;
}

/* putchar(c): 0 */
uint32_t sys_putchar(const uint32_t *arguments)
{
    char c = (char)arguments[0];

    console_write(&c, 1);
    return OK;
}

/* getkey(): the key, or 0 when none was pressed. Does not block. */
uint32_t sys_getkey(const uint32_t *arguments)
{
    (void)arguments;
    return (uint32_t)(unsigned char)keyboard_pop();
}
