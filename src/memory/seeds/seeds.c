/*
 * memory/seeds/seeds.c - runs the examples, and collects their lines.
 *
 * The text of the running example is this file's state. Examples do not pause, so there is one at a
 * time.
 *
 * Size before speed.
 */
#include "memory/seeds/seeds.h"

#include <stdarg.h>
#include <stdbool.h>

#include "debug/printk.h"
#include "base/align.h"
#include "lib/format.h"
#include "lib/string.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "base/status.h"

#define VALUE_BYTES     128 /* of a line that seed_text() makes */
#define TABLE_BYTES_MAX 16

static struct {
    char *text; /* NULL: no example runs */
    size_t size;
    size_t length;
} output;

static const struct seed_examples *const documents[SEEDS] = {
    [SEED_ICARIUS] = &seed_icarius_examples, [SEED_VANA] = &seed_vana_examples,
    [SEED_MIO] = &seed_mio_examples,         [SEED_PEACHOS] = &seed_peachos_examples,
    [SEED_INCRO] = &seed_incro_examples,
};

static void collect_into(char *text, size_t size)
{
    output.text = text;
    output.size = size;
    if (text != NULL) {
        output.length = 0;
        text[0] = '\0';
    }
}

int seeds_run(uint32_t seed, uint32_t example, char *text, size_t size)
{
    if (seed >= SEEDS || size == 0) {
        return -EINVARG;
    }
    if (example >= documents[seed]->count) {
        return 0;
    }
    collect_into(text, size);

    int status = documents[seed]->list[example]();

    collect_into(NULL, 0);
    return status < 0 ? status : (int)output.length;
}

/* ---------------------------------------------------------------- text */

void seed_print(const char *text)
{
    if (output.text == NULL) {
        printk("%s", text);
        return;
    }
    size_t length = string_copy(output.text + output.length, text, output.size - output.length);

    output.length = MIN(output.length + length, output.size - 1);
}

void seed_printf(const char *format, ...)
{
    char line[2 * VALUE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)format_to_buffer_v(line, sizeof(line), format, arguments);
    va_end(arguments);
    seed_print(line);
}

/* The line as it is, and, when it is another one, what it should be. */
static void print_line(const char *line, const char *expected)
{
    seed_print(line);
    if (strcmp(line, expected) != 0) {
        seed_print("  WRONG: expected \"");
        seed_print(expected);
        seed_print("\"");
    }
    seed_print("\n");
}

void seed_number(const char *format, uint32_t value, uint32_t expected)
{
    char line[VALUE_BYTES];
    char right[VALUE_BYTES];

    (void)format_to_buffer(line, sizeof(line), format, value);
    (void)format_to_buffer(right, sizeof(right), format, expected);
    print_line(line, right);
}

void seed_text(const char *format, const char *value, const char *expected)
{
    char line[VALUE_BYTES];
    char right[VALUE_BYTES];

    (void)format_to_buffer(line, sizeof(line), format, value);
    (void)format_to_buffer(right, sizeof(right), format, expected);
    print_line(line, right);
}

void seed_bytes(const char *format, const uint8_t *bytes, size_t count, const char *expected)
{
    char text[3 * TABLE_BYTES_MAX + 1] = "";

    for (size_t i = 0; i < MIN(count, (size_t)TABLE_BYTES_MAX); i++) {
        (void)format_to_buffer(text + strlen(text), sizeof(text) - strlen(text),
                               i ? " %02x" : "%02x", bytes[i]);
    }
    seed_text(format, text, expected);
}

/* ---------------------------------------------------------------- frames */

void *seed_physical(const void *memory)
{
    bool is_of_32_bits = seed_low(memory) == (vaddr_t)memory;

    return (void *)(is_of_32_bits ? (paddr_t)memory : page_physical(memory));
}

size_t seed_free_frames(void)
{
    (void)kmem_reap();
    return pmm_get_free_pages();
}

void *seed_alloc_frames(size_t count)
{
    struct pmm_stats stats;
    void *frames = pmm_alloc_frames(count);

    if (frames == NULL || page_physical(frames) == seed_low(frames)) {
        return frames;
    }
    (void)pmm_free_frames(frames);
    pmm_get_stats(&stats);
    if (stats.pool_free < stats.pool_kernel || count > stats.pool_free - stats.pool_kernel) {
        return NULL;
    }
    return kheap_take_frames(count, __builtin_return_address(0));
}
