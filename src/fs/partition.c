/*
 * fs/partition.c - see partition.h. Layout of the record:
 *
 *     0x1B8  disk signature, 4 bytes
 *     0x1BE  4 entries of 16 bytes: 0 status (0x80 active), 4 type, 8 first LBA, 12 sectors
 *     0x1FE  55 AA
 */
#include "fs/partition.h"

#include <stdbool.h>

#include "layout.h"
#include "lib/string.h"
#include "status.h"

#define MBR_ENTRIES       4
#define MBR_ENTRY_BYTES   16
#define MBR_MAGIC_OFFSET  0x1FE
#define MBR_STATUS_ACTIVE 0x80

static uint32_t read_dword(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* FAT16 below 32 MiB, FAT16, FAT16 addressed by LBA. */
static bool is_fat16_type(uint8_t type)
{
    return type == 0x04 || type == 0x06 || type == 0x0E;
}

int partition_find(struct block_device *device, uint32_t signature, struct partition *partition)
{
    uint8_t record[SECTOR_BYTES] __attribute__((aligned(4)));
    int found = -ENOENT;
    int status = block_read(device, 0, 1, record);

    if (status < 0) {
        return status;
    }
    if (record[MBR_MAGIC_OFFSET] != 0x55 || record[MBR_MAGIC_OFFSET + 1] != 0xAA) {
        return -EFSNOTUS;
    }
    if (read_dword(record + DISK_SIGNATURE_OFFSET) != signature) {
        return -ENOENT;
    }
    for (int i = 0; i < MBR_ENTRIES; i++) {
        const uint8_t *entry = record + PARTITION_TABLE_OFFSET + i * MBR_ENTRY_BYTES;
        uint32_t first = read_dword(entry + 8);
        uint32_t count = read_dword(entry + 12);
        bool is_active = entry[0] == MBR_STATUS_ACTIVE;

        if (!is_fat16_type(entry[4]) || first == 0 || count == 0 || first > device->sector_count ||
            count > device->sector_count - first) {
            continue;
        }
        if (found != OK || is_active) {
            *partition = (struct partition){.first_lba = first, .sector_count = count};
            found = OK;
        }
        if (is_active) {
            break;
        }
    }
    return found;
}
