/*
 * arch/firmware.h - asking the firmware which memory exists.
 */
#ifndef ARCH_FIRMWARE_H
#define ARCH_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/e820.h"

/*
 * Fills at most max entries, in the BIOS's order (it promises none), and returns how many; 0 when
 * the BIOS does not know the call. Entries that the BIOS filled only 20 bytes of have
 * E820_ATTRIBUTE_ENABLED set; so have all when the BIOS sets it in none. *is_complete: did the BIOS
 * say where the list ends? If not, there may be more than max entries, or it lost its way.
 */
size_t firmware_read_memory_map(struct e820_entry *entries, size_t max, bool *is_complete);

#endif
