/*
 * tests/kernel/test_seeds.c - the examples of the five documents, as command 40 runs them: what
 * they leave behind (nothing), what they say of a wrong value, and what happens without memory.
 */
#include "abi/syscalls.h"
#include "debug/printk.h"
#include "failing.h"
#include "ktest.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "memory/seeds/seeds.h"
#include "memory/vmalloc.h"
#include "base/status.h"

#define EXAMPLES_AT_LEAST 21
#define FAILURES_AT_LEAST 100

static char text[SEEDS_TEXT_BYTES];

struct counts {
    size_t pages, pool, used_bytes, free_bytes, objects;
    const struct paging_4gb_chunk *chunk;
};

static struct counts count(void)
{
    (void)kmem_reap();
    return (struct counts){pmm_get_free_pages(), heap_free_blocks(kheap_get()),
                           vmalloc_used_bytes(), vmalloc_free_bytes(),
                           kmem_live_objects(),  paging_current()};
}

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

KTEST(seeds_every_example_is_right_and_leaves_nothing)
{
    uint32_t examples = 0;

    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        int length = 0;

        for (uint32_t i = 0;; i++) {
            struct counts before = count();

            length = seeds_run(seed, i, text, sizeof(text));
            struct counts after = count();
            KEXPECT(length >= 0 && length < (int)sizeof(text) - 1);
            KEXPECT(memcmp(&before, &after, sizeof(before)) == 0);
            if (length == 0) {
                break;
            }
            KEXPECT(strlen(text) == (size_t)length && text[length - 1] == '\n');
            if (has("WRONG")) {
                printk("%s", text);
            }
            KEXPECT(!has("WRONG"));
            examples++;
        }
    }
    KEXPECT(examples >= EXAMPLES_AT_LEAST);
    KEXPECT(seeds_run(SEEDS, 0, text, sizeof(text)) == -EINVARG);
    KEXPECT(seeds_run(0, UINT32_MAX, text, sizeof(text)) == 0);
}

/* Each allocation of each example fails once: -ENOMEM, and nothing is left behind. Those whose
 * failing is an example's own business may also end well. */
KTEST(seeds_without_memory_leave_nothing)
{
    uint32_t failures = 0;

    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        for (uint32_t i = 0; seeds_run(seed, i, text, sizeof(text)) != 0; i++) {
            uint32_t step = 1;

            for (uint32_t n = 1;; n += step) {
                struct counts before = count();
                failing_start(n);
                int status = seeds_run(seed, i, text, sizeof(text));
                bool has_failed = failing_stop();
                struct counts after = count();

                KEXPECT(memcmp(&before, &after, sizeof(before)) == 0);
                if (!has_failed) {
                    break;
                }
                KEXPECT(status == -ENOMEM || (status > 0 && !has("WRONG")));
                failures++;
                step = n > 100 ? 13 : 1; /* frames of the byte heap, one like the other */
            }
        }
    }
    KEXPECT(failures >= FAILURES_AT_LEAST);
}

/* A short text is cut, and never written behind its end. */
KTEST(seeds_text_is_cut_where_it_ends)
{
    for (size_t size = 1; size < 100; size += 7) {
        memset(text, 0x5A, sizeof(text));
        KEXPECT(seeds_run(SEED_PEACHOS, 0, text, size) == (int)size - 1);
        KEXPECT(text[size - 1] == '\0' && text[size] == 0x5A);
    }
    KEXPECT(seeds_run(SEED_PEACHOS, 0, text, 0) == -EINVARG);
}

KTEST(seeds_a_wrong_value_says_so)
{
    static const uint8_t bytes[] = {0xC1, 0x01};

    /* No example runs: the lines go to the console, and into its log. */
    seed_number("a count of %u", 3, 2);
    seed_text("a text of %s", "x", "y");
    seed_bytes("bytes %s", bytes, 2, "41 00");
    (void)printk_read_log(text, sizeof(text));
    KEXPECT(has("a count of 3  WRONG: expected \"a count of 2\"\n"));
    KEXPECT(has("a text of x  WRONG: expected \"a text of y\"\n"));
    KEXPECT(has("bytes c1 01  WRONG: expected \"bytes 41 00\"\n"));
    seed_number("another count of %u", 2, 2);
    (void)printk_read_log(text, sizeof(text));
    KEXPECT(has("another count of 2\n"));
}
