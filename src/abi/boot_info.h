/*
 * abi/boot_info.h - what the boot sector hands to the kernel, at BOOT_INFO_ADDRESS.
 * The boot sector's assembly takes the offsets from here (asm_constants.inc).
 */
#ifndef ABI_BOOT_INFO_H
#define ABI_BOOT_INFO_H

#include <stdint.h>

#define BOOT_INFO_MAGIC 0x50555244u /* "DRUP" */

#define BOOT_PATH_ATA  0 /* the kernel came over ATA PIO, primary master */
#define BOOT_PATH_BIOS 1 /* the kernel came through INT 13h, function 42h */

struct boot_info {
    uint32_t magic;          /* BOOT_INFO_MAGIC */
    uint8_t drive;           /* the BIOS's drive number, DL at entry */
    uint8_t path;            /* BOOT_PATH_...; right behind drive, the sector counts on it */
    uint16_t reserved;       /* unknown */
    uint32_t disk_signature; /* of the disk booted from, LBA 0 offset 0x1B8 */
};

#endif
