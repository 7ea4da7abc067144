/*
 * abi/kernel_header.h - the first bytes of bin/kernel.bin, at KERNEL_ADDRESS.
 *
 * A jump over the header comes first, so that "jump to 0x100000" starts the
 * kernel. tools/mkkernel.py packs what is behind the entry code, and fills in
 * size and checksum; the entry code verifies them before anything else runs
 * (docs/boot.md).
 */
#ifndef ABI_KERNEL_HEADER_H
#define ABI_KERNEL_HEADER_H

#include <stdint.h>

#define KERNEL_HEADER_MAGIC 0x4B505244u /* "DRPK" */

struct kernel_header {
    uint8_t jump[8];      /* jmp near start, padded with nops */
    uint32_t magic;       /* KERNEL_HEADER_MAGIC */
    uint32_t image_bytes; /* of kernel.bin: a multiple of 512. As linked: of the entry code */
    uint32_t checksum_a;  /* Fletcher sums over the image's dwords with these two taken as 0: */
    uint32_t checksum_b;  /*   a += dword; b += a; both modulo 2^32 */
    uint32_t bits;        /* 32: i386, 64: x86_64 */
};

#endif
