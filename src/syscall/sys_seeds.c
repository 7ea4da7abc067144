/*
 * syscall/sys_seeds.c - the examples of the documents that Drupe's memory management grew from.
 *
 * An example runs without a pause (memory/seeds/seeds.h says how long at most), so one static text
 * serves all callers.
 *
 * Size before speed.
 */
#include "abi/syscalls.h"
#include "memory/seeds/seeds.h"
#include "base/status.h"
#include "syscall/syscall.h"
#include "syscall/usercopy.h"

_Static_assert(SEEDS_ICARIUS == SEED_ICARIUS && SEEDS_VANA == SEED_VANA && SEEDS_MIO == SEED_MIO &&
                   SEEDS_PEACHOS == SEED_PEACHOS && SEEDS_INCRO == SEED_INCRO,
               "the documents' numbers");

/* seeds(document, example, char text[SEEDS_TEXT_BYTES]): the text's length; 0 behind the last
 * example */
intptr_t sys_seeds(const uintptr_t *arguments)
{
    static char text[SEEDS_TEXT_BYTES];
    struct user_pointer out = user_pointer(arguments[2]);
    int length = user_range_check_write(out, sizeof(text));

    if (length == OK) {
        length = seeds_run((uint32_t)arguments[0], (uint32_t)arguments[1], text, sizeof(text));
    }
    if (length <= 0) {
        return length;
    }
    int status = copy_to_user(out, text, (size_t)length + 1);

    return status < 0 ? status : length;
}
