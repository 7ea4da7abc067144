/*
 * yielder.c - gives its turn away at once, for ever: the other side of the bench's task switches.
 */
#include "../rows/bare_call.h"

int main(void)
{
    for (;;) {
        bare_call(SYSCALL_YIELD);
    }
}
