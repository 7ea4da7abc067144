/*
 * device/random.c - see random.h.
 *
 * Size before speed.
 */
#include "device/random.h"

#include "arch/cpu.h"
#include "arch/timer.h"
#include "base/align.h"
#include "device/device.h"
#include "lib/chacha20.h"
#include "lib/string.h"
#include "task/task.h"

#define START_SAMPLES 64 /* of the cycle counter, at the start */
#define BLOCKS_A_TURN 32 /* 1,500 instructions each */
#define TAKEN_BYTES   64 /* of what is written, at a time */

static struct {
    uint32_t key[CHACHA20_KEY_WORDS];
    uint32_t pool[CHACHA20_KEY_WORDS]; /* stirred in since the last read */
    unsigned next;
    uint32_t reads;
} generator;

void random_stir(uint32_t word)
{
    uint64_t cycles = cpu_read_cycles();
    uint32_t *place = &generator.pool[generator.next++ % CHACHA20_KEY_WORDS];

    *place = (*place << 7 | *place >> 25) ^ (uint32_t)cycles ^ (uint32_t)(cycles >> 32) ^ word;
}

static void stir_hardware(void)
{
    uint32_t word = 0;

    (void)cpu_read_random(&word);
    random_stir(word);
}

/* A new key from the old one and the pool; the block's second half is what nobody has seen. */
static void change_key(void)
{
    const uint32_t nonce[3] = {generator.reads++, timer_get_ticks(), 0};
    uint32_t block[CHACHA20_BLOCK_WORDS];

    for (unsigned i = 0; i < CHACHA20_KEY_WORDS; i++) {
        generator.key[i] ^= generator.pool[i];
    }
    chacha20_block(generator.key, 0, nonce, block);
    memcpy(generator.key, block + CHACHA20_KEY_WORDS, sizeof(generator.key));
    memset(block, 0, sizeof(block));
}

static int read_random(struct io_buffer to, size_t length)
{
    const uint32_t nonce[3] = {0};
    uint32_t key[CHACHA20_KEY_WORDS], block[CHACHA20_BLOCK_WORDS];
    size_t done = 0;
    int status = OK;

    stir_hardware();
    change_key();
    /* A key for this read alone: others may read while it waits. */
    memcpy(key, generator.key, sizeof(key));
    change_key();
    for (uint32_t counter = 1; status == OK && done < length; counter++) {
        size_t count = MIN(length - done, sizeof(block));

        chacha20_block(key, counter, nonce, block);
        status = io_buffer_put(io_buffer_add(to, done), block, count);
        done += count;
        if (counter % BLOCKS_A_TURN == 0 && status == OK && !task_pause()) {
            status = -EINTERRUPTED;
        }
    }
    memset(key, 0, sizeof(key));
    memset(block, 0, sizeof(block));
    return status < 0 ? status : (int)done;
}

static int write_random(struct io_buffer from, size_t length)
{
    uint32_t words[TAKEN_BYTES / sizeof(uint32_t)] = {0};
    size_t count = MIN(length, sizeof(words)); /* more would not make it better */
    int status = io_buffer_take(words, from, count);

    for (size_t i = 0; status == OK && i < ARRAY_SIZE(words); i++) {
        random_stir(words[i]);
    }
    return status < 0 ? status : (int)length;
}

void random_initialise(void)
{
    static const struct device_operations operations = {
        .read = read_random,
        .write = write_random,
    };
    static struct device device = {.name = "random", .operations = &operations};

    for (unsigned i = 0; i < START_SAMPLES; i++) {
        stir_hardware();
    }
    change_key();
    device_add(&device);
}
