/*
 * eatmem.c - takes all memory by command 4 and writes to each page, keeps it for a while, and dies
 * of a fault with all of it in its hands.
 * Verdict: status 142
 */
#include "attack.h"

#define LARGEST  (16u << 20)
#define SLEEP_MS 50

int main(void)
{
    for (uint32_t size = LARGEST; size >= PAGE_BYTES; size /= 2) {
        uint8_t *memory;

        while ((memory = page_malloc(size)) != NULL) {
            for (uint32_t i = 0; i < size; i += PAGE_BYTES) {
                memory[i] = 0xEA;
            }
        }
    }
    process_sleep(SLEEP_MS);
    *at(0) = 0;
    return STATUS_SUCCEEDED;
}
