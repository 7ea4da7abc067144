/*
 * tracing.c - turns on the trace of all allocations again and again, and allocates.
 * Verdict: status 137
 */
#include "attack.h"

int main(void)
{
    catch_interrupt(1);
    for (;;) {
        memory_look(MEMORY_LOOK_TRACE, 1, NULL);
        page_free(page_malloc(1));
    }
}
