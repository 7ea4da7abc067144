/*
 * lib/chacha20.h - the ChaCha20 block function (RFC 8439, section 2.3).
 */
#ifndef LIB_CHACHA20_H
#define LIB_CHACHA20_H

#include <stdint.h>

#define CHACHA20_KEY_WORDS   8
#define CHACHA20_BLOCK_WORDS 16

/* Writes the block with that counter and nonce to block, as words of the machine. */
void chacha20_block(const uint32_t key[CHACHA20_KEY_WORDS], uint32_t counter,
                    const uint32_t nonce[3], uint32_t block[CHACHA20_BLOCK_WORDS]);

#endif
