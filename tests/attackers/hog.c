/*
 * hog.c - takes memory by command 4 and by the break until there is not a page more, touches all of
 * it, and tries again for ever.
 * Verdict: status 137
 */
#include "attack.h"

#define LARGEST (64u << 20)

int main(void)
{
    uint8_t *memory;

    catch_interrupt(1);
    for (;;) {
        for (uint32_t size = LARGEST; size >= PAGE_BYTES; size /= 2) {
            while ((memory = page_malloc(size)) != NULL) {
                memset(memory, 0xEA, size);
            }
            while (!syscall_is_error(system_call(SYSCALL_BREAK, size, 0, 0))) {
            }
        }
    }
}
