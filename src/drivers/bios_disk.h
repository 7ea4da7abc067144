/*
 * drivers/bios_disk.h - the disk that the BIOS booted from, through INT 13h: for every disk without
 * a driver in Drupe (USB sticks, AHCI, NVMe, virtio, SCSI).
 *
 * A write is over when the BIOS says so. It has no function that empties the drive's own cache, so
 * what a drive keeps there is lost with its power, and block_flush() cannot help: with the
 * firmware's drivers for USB, AHCI and NVMe the last seconds of writing are not safe from that.
 *
 * A disk that lets the BIOS wait in vain twice, such as a stick that was pulled out, is gone: there
 * is a sentence, and every later request is -EIO at once.
 *
 * Sources: Phoenix, "BIOS Enhanced Disk Drive Specification", 3.0, functions 41h, 42h, 43h and 48h.
 */
#ifndef DRIVERS_BIOS_DISK_H
#define DRIVERS_BIOS_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "device/block.h"

/*
 * The disk with that BIOS number (what DL held when the boot sector was entered). NULL when the
 * BIOS has no LBA functions for it or its sectors are not of 512 bytes. There is one such device: a
 * second call replaces the first's. After memory_initialise().
 */
struct block_device *bios_disk_open(uint8_t drive);

/* Where, according to the BIOS, the disk is attached that was opened last. Not known for a disk
 * that is no ATA drive, and with BIOSes before EDD 1.1. */
struct bios_disk_place {
    bool is_known;
    bool is_slave;
    uint16_t ata_base; /* first port of the channel, such as 0x1F0 */
};
struct bios_disk_place bios_disk_place(void);

#endif
