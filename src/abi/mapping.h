/*
 * abi/mapping.h - what MAP maps: memory of its own, memory that is shared, or a file. For programs
 * and kernel.
 *
 * Rights and flags have the values that C libraries use for PROT_... and MAP_...
 */
#ifndef ABI_MAPPING_H
#define ABI_MAPPING_H

#include <stdint.h>

#include "abi/syscalls.h"

#define MAPPING_READ    1u
#define MAPPING_WRITE   2u
#define MAPPING_EXECUTE 4u /* not together with MAPPING_WRITE */

#define MAPPING_SHARED    0x01u /* exactly one of these two */
#define MAPPING_PRIVATE   0x02u
#define MAPPING_FIXED     0x10u /* at address, and nowhere else; mappings that are there go */
#define MAPPING_ANONYMOUS 0x20u /* zeros, of no file */

struct memory_mapping {
    abi_ulong address; /* a multiple of 4096: where it should be, if nothing is there; or 0 */
    abi_ulong length;  /* bytes; the last page is there as a whole */
    uint32_t rights;   /* MAPPING_READ ...; 0: addresses that nobody may touch */
    uint32_t flags;
    int32_t descriptor; /* of an open file */
    uint32_t reserved;  /* 0 */
    uint64_t offset;    /* into the file: a multiple of 4096 */
};

#endif
