/*
 * eaters.c - several take all memory at the same time (eatmem.c), while this one starts programs
 * and asks for memory: an error, or it works.
 * Verdict: status 0
 */
#include "attack.h"

#define EATERS 3
#define TRIES  100

int main(void)
{
    int started = 0, ended = 0, others = 0;

    for (int i = 0; i < EATERS; i++) {
        started += start("eatmem.elf", NULL) > 0;
    }
    for (int i = 0; i < TRIES; i++) {
        uint8_t *memory = page_malloc((uint32_t)i * PAGE_BYTES);
        int pid = start("recurse.elf", NULL);

        if (memory) {
            memset(memory, 0xEC, (uint32_t)i * PAGE_BYTES);
        }
        if (pid < 0 && pid != -ENOMEM && pid != -ELIMIT) {
            return STATUS_SUCCEEDED;
        }
        others += pid > 0;
        if (memory && page_free(memory) != 0) {
            return STATUS_SUCCEEDED;
        }
        process_yield();
    }
    for (int i = 0; i < started + others; i++) {
        ended += status_of(WAIT_ANY) > 0;
    }
    return started > 0 && ended == started + others ? 0 : STATUS_SUCCEEDED;
}
