/*
 * lib/chacha20.c - see chacha20.h.
 *
 * Size before speed.
 */
#include "lib/chacha20.h"

#include "lib/string.h"

#define DOUBLE_ROUNDS 10

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void quarter_round(uint32_t *state, unsigned a, unsigned b, unsigned c, unsigned d)
{
    state[a] += state[b];
    state[d] = rotate(state[d] ^ state[a], 16);
    state[c] += state[d];
    state[b] = rotate(state[b] ^ state[c], 12);
    state[a] += state[b];
    state[d] = rotate(state[d] ^ state[a], 8);
    state[c] += state[d];
    state[b] = rotate(state[b] ^ state[c], 7);
}

void chacha20_block(const uint32_t key[CHACHA20_KEY_WORDS], uint32_t counter,
                    const uint32_t nonce[3], uint32_t block[CHACHA20_BLOCK_WORDS])
{
    uint32_t state[CHACHA20_BLOCK_WORDS] = {0x61707865, 0x3320646E, 0x79622D32, 0x6B206574};

    memcpy(state + 4, key, CHACHA20_KEY_WORDS * sizeof(*key));
    state[12] = counter;
    memcpy(state + 13, nonce, 3 * sizeof(*nonce));
    memcpy(block, state, sizeof(state));
    for (int i = 0; i < DOUBLE_ROUNDS; i++) {
        for (unsigned column = 0; column < 4; column++) {
            quarter_round(block, column, column + 4, column + 8, column + 12);
        }
        for (unsigned column = 0; column < 4; column++) {
            quarter_round(block, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4,
                          12 + (column + 3) % 4);
        }
    }
    for (unsigned i = 0; i < CHACHA20_BLOCK_WORDS; i++) {
        block[i] += state[i];
    }
}
