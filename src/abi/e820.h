/*
 * abi/e820.h - an entry of the firmware's list of physical memory, as INT 15h, AX=E820h writes it.
 *
 * Sources: ACPI specification 6.5, section 15 (entries, types, attributes).
 */
#ifndef ABI_E820_H
#define ABI_E820_H

#include <stdint.h>

#define E820_TYPE_USABLE      1
#define E820_TYPE_RESERVED    2
#define E820_TYPE_ACPI_TABLES 3 /* free once the tables are read; not used here */
#define E820_TYPE_ACPI_NVS    4
#define E820_TYPE_UNUSABLE    5 /* faulty */
#define E820_TYPE_DISABLED    6
#define E820_TYPE_PERSISTENT  7

#define E820_ATTRIBUTE_ENABLED      1u
#define E820_ATTRIBUTE_NON_VOLATILE 2u

/* As the BIOS writes it. A BIOS that writes only 20 bytes gives no attributes: take 1. */
struct e820_entry {
    uint64_t base;
    uint64_t length;
    uint32_t type;
    uint32_t attributes;
};
_Static_assert(sizeof(struct e820_entry) == 24, "the BIOS's layout");

#endif
