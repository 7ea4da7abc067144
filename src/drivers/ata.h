/*
 * drivers/ata.h - disks on the two classic ATA channels, by DMA or programmed I/O.
 *
 * Channel ports 0x1F0/0x3F6 and 0x170/0x376, a master and a slave on each. Every wait is bounded; a
 * channel without drives (status 0xFF) costs nothing. A drive whose medium is protected says so
 * when it is written: -ERDONLY, and the device is read-only from then on. Sources: ATA/ATAPI-6; for
 * DMA, Intel, "Programming Interface for Bus Master IDE Controller", revision 1.0.
 *
 * The buffers must be of pmm.h or kheap.h, or a part of the kernel: DMA takes physical addresses,
 * and only that memory lies side by side as the kernel sees it.
 */
#ifndef DRIVERS_ATA_H
#define DRIVERS_ATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/block.h"

/* Looks for drives on all four places; returns how many disks there are. */
size_t ata_initialise(void);

/* How many that were. */
size_t ata_count(void);

/* The i-th disk found, in the order primary master, primary slave, secondary master, slave. */
struct block_device *ata_device(size_t i);

/* The disk on the channel whose ports begin at base (0x1F0, 0x170), its slave or its master; NULL
 * when there is none. */
struct block_device *ata_find(uint16_t base, bool is_slave);

#endif
