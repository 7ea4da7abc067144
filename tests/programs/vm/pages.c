/*
 * tests/programs/vm/pages.c - memory that a program goes through, alone and beside others: Pintos's
 * page-*.
 */
#include "vm.h"

#define LINEAR_BYTES  (2u * 1024 * 1024)
#define SHUFFLE_BYTES (128u * 1024)
#define CHUNKS        8
#define CHUNK_BYTES   (32u * 1024)
#define STACK_CHUNK   2048u /* of a stack of 16 KiB */

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Adds a stream of numbers to the bytes, or takes it away again. */
static void cipher(uint8_t *bytes, size_t length, uint32_t key, int sign)
{
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)(bytes[i] + sign * (int)next_random(&key));
    }
}

static void check_all(const uint8_t *bytes, size_t length, uint8_t wanted)
{
    for (size_t i = 0; i < length; i++) {
        CHECK(bytes[i] == wanted);
    }
}

/* More than a few pages, in order: all are there, each keeps what was written. */
static void go_through(uint32_t key)
{
    static uint8_t bytes[LINEAR_BYTES];

    check_all(bytes, sizeof(bytes), 0);
    memset(bytes, 0x5A, sizeof(bytes));
    check_all(bytes, sizeof(bytes), 0x5A);
    cipher(bytes, sizeof(bytes), key, 1);
    cipher(bytes, sizeof(bytes), key, -1);
    check_all(bytes, sizeof(bytes), 0x5A);
}

static void page_linear(void)
{
    go_through(1);
}

static void page_parallel(void)
{
    int pids[4];

    for (uint32_t i = 0; i < 4; i++) {
        pids[i] = fork_checked();
        if (pids[i] == 0) {
            go_through(i);
            exit_status(0x42);
        }
    }
    for (int i = 0; i < 4; i++) {
        CHECK(status_of(pids[i]) == 0x42 << 8);
    }
}

/* In an order that is nobody's: what is swapped is not lost. */
static void page_shuffle(void)
{
    uint8_t *bytes = map(SHUFFLE_BYTES, RW, MAPPING_PRIVATE, OF_NOBODY);
    uint32_t state = 7, counts[256] = {0};

    for (size_t i = 0; i < SHUFFLE_BYTES; i++) {
        bytes[i] = (uint8_t)(i * 257);
    }
    for (int round = 0; round < 10; round++) {
        for (size_t i = SHUFFLE_BYTES - 1; i > 0; i--) {
            size_t other = next_random(&state) % (i + 1);
            uint8_t byte = bytes[i];

            bytes[i] = bytes[other];
            bytes[other] = byte;
        }
    }
    for (size_t i = 0; i < SHUFFLE_BYTES; i++) {
        counts[bytes[i]]++;
    }
    for (int i = 0; i < 256; i++) {
        CHECK(counts[i] == SHUFFLE_BYTES / 256);
    }
    unmap(bytes, SHUFFLE_BYTES);
}

/* ---------------------------------------------------------------- chunks that children sort, and a
 * merge */

static void sort(uint8_t *bytes, size_t length)
{
    uint32_t counts[256] = {0};

    for (size_t i = 0; i < length; i++) {
        counts[bytes[i]]++;
    }
    for (int value = 0; value < 256; value++) {
        memset(bytes, value, counts[value]);
        bytes += counts[value];
    }
}

/* The same on the stack, piece by piece, and then in the place. */
static void sort_on_stack(uint8_t *bytes, size_t length)
{
    for (size_t at = 0; at < length; at += STACK_CHUNK) {
        uint8_t piece[STACK_CHUNK];

        memcpy(piece, bytes + at, sizeof(piece));
        sort(piece, sizeof(piece));
        memcpy(bytes + at, piece, sizeof(piece));
    }
    sort(bytes, length);
}

static int start_sorting(uint8_t *chunk, void (*with)(uint8_t *, size_t))
{
    int pid = fork_checked();

    if (pid == 0) {
        with(chunk, CHUNK_BYTES);
        exit_status(0);
    }
    return pid;
}

/* All bytes of the chunks, each of which is sorted, in order: as often each as in sum[]. */
static void check_merged(uint8_t *const *chunks, const uint32_t *sums)
{
    size_t taken[CHUNKS] = {0};
    uint32_t counts[256] = {0};
    int last = 0;

    for (size_t i = 0; i < CHUNKS * CHUNK_BYTES; i++) {
        size_t best = 0;

        while (taken[best] == CHUNK_BYTES) {
            best++;
        }
        for (size_t chunk = best + 1; chunk < CHUNKS; chunk++) {
            if (taken[chunk] < CHUNK_BYTES &&
                chunks[chunk][taken[chunk]] < chunks[best][taken[best]]) {
                best = chunk;
            }
        }
        uint8_t value = chunks[best][taken[best]++];

        CHECK(value >= last);
        last = value;
        counts[value]++;
    }
    CHECK(memcmp(counts, sums, sizeof(counts)) == 0);
}

static void merge(bool in_parallel, bool is_apart, void (*with)(uint8_t *, size_t))
{
    uint8_t *all = map(CHUNKS * CHUNK_BYTES, RW, MAPPING_SHARED, OF_NOBODY), *chunks[CHUNKS];
    uint32_t state = 3, sums[256] = {0};
    int pids[CHUNKS];

    for (int i = 0; i < CHUNKS; i++) {
        chunks[i] =
            is_apart ? map(CHUNK_BYTES, RW, MAPPING_SHARED, OF_NOBODY) : all + i * CHUNK_BYTES;
        for (size_t at = 0; at < CHUNK_BYTES; at++) {
            chunks[i][at] = (uint8_t)next_random(&state);
            sums[chunks[i][at]]++;
        }
    }
    for (int i = 0; i < CHUNKS; i++) {
        pids[i] = start_sorting(chunks[i], with);
        if (!in_parallel) {
            CHECK(status_of(pids[i]) == 0);
        }
    }
    for (int i = 0; in_parallel && i < CHUNKS; i++) {
        CHECK(status_of(pids[i]) == 0);
    }
    check_merged(chunks, sums);
}

static void page_merge_seq(void)
{
    merge(false, false, sort);
}

static void page_merge_par(void)
{
    merge(true, false, sort);
}

static void page_merge_stk(void)
{
    merge(true, false, sort_on_stack);
}

static void page_merge_mm(void)
{
    merge(true, true, sort);
}

static const struct theme themes[] = {
    {"page-linear", page_linear},       {"page-parallel", page_parallel},
    {"page-shuffle", page_shuffle},     {"page-merge-seq", page_merge_seq},
    {"page-merge-par", page_merge_par}, {"page-merge-stk", page_merge_stk},
    {"page-merge-mm", page_merge_mm},
};

int main(int argc, char **argv)
{
    return RUN_THEME(argc, argv, themes);
}
