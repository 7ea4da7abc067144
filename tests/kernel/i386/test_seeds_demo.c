/*
 * tests/kernel/i386/test_seeds_demo.c - the demo of Icarius's document when its frame is in use.
 */
#include "ktest.h"
#include "lib/string.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/seeds/seeds.h"
#include "abi/syscalls.h"
#include "base/status.h"

#define DEMO_BLOCK 0x802 /* of the kernel heap: the frame at 0x1802000 */

static char text[SEEDS_TEXT_BYTES];

/* Does text have the word before its NUL? */
static bool has(const char *word)
{
    for (const char *at = text; *at; at++) {
        if (strncmp(at, word, strlen(word)) == 0) {
            return true;
        }
    }
    return false;
}

/* The document's frame is somebody else's, or no RAM: the demo says so and takes another one. */
KTEST(seeds_demo_with_its_frame_in_use)
{
    uint8_t *frame = (uint8_t *)0x1802000;

    bool is_ram = heap_malloc_at(kheap_get(), DEMO_BLOCK, 1, NULL) == OK;
    if (is_ram) {
        memset(frame, 0x77, 4096);
    }
    int length = seeds_run(SEED_ICARIUS, 4, text, sizeof(text));
    uint32_t changed = 0;
    for (uint32_t i = 0; is_ram && i < 4096; i++) {
        changed += frame[i] != 0x77;
    }
    if (is_ram) {
        kfree(frame);
    }
    KEXPECT(length > 0 && changed == 0);
    KEXPECT(has(is_ram ? "The frame at 0x1802000 is in use"
                       : "The frame at 0x1802000 is beyond this machine's pool"));
    KEXPECT(has("AWESOME!") && !has("WRONG"));
    KEXPECT(!has("Physical Address 0x1802000"));
}
