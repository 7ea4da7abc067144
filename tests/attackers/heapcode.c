/*
 * heapcode.c - writes code into the heap and onto the stack, and runs it there. On i386 that is
 * allowed: the pages of a 32-bit directory have no bit that forbids it, and the code has no right
 * that its program has not. x86_64 forbids it.
 * Verdict: status 0
 * Verdict on x86_64: fault
 */
#include "attack.h"

#define ANSWER 77

static const uint8_t code[] = {0xB8, ANSWER, 0, 0, 0, 0xC3}; /* mov eax, ANSWER; ret */

static int run_at(void *memory)
{
    memcpy(memory, code, sizeof(code));
    return ((int (*)(void))memory)();
}

int main(void)
{
    uint8_t on_stack[sizeof(code)];
    uint8_t *in_heap = page_malloc(PAGE_BYTES);

    return run_at(in_heap) == ANSWER && run_at(on_stack) == ANSWER ? 0 : STATUS_SUCCEEDED;
}
