/*
 * syscall/sys_seeds.c - the examples of the documents that Drupe's memory management grew from.
 *
 * An example runs without a pause (memory/seeds/seeds.h says how long at most), so one static text serves
 * all callers.
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

/* seeds(document, example, char text[SEEDS_TEXT_BYTES]): the text's length; 0 behind the last example */
uint32_t sys_seeds(const uint32_t *arguments)
{
    static char text[SEEDS_TEXT_BYTES];
    int length = user_range_check_write(arguments[2], sizeof(text));

    if (length == OK) {
        length = seeds_run(arguments[0], arguments[1], text, sizeof(text));
    }
    if (length <= 0) {
        return (uint32_t)length;
    }
    int status = copy_to_user(arguments[2], text, (size_t)length + 1);

    return (uint32_t)(status < 0 ? status : length);
}
