/*
 * device/partition.c - see partition.h. Layout of the record:
 *
 *     0x1B8  disk signature, 4 bytes
 *     0x1BE  4 entries of 16 bytes: 0 status (0x80 active), 4 type, 8 first LBA, 12 sectors
 *     0x1FE  55 AA
 *
 * Size before speed.
 */
#include "device/partition.h"

#include "layout.h"
#include "base/align.h"
#include "lib/string.h"
#include "base/status.h"

#define MBR_ENTRY_BYTES   16
#define MBR_MAGIC_OFFSET  0x1FE
#define MBR_STATUS_ACTIVE 0x80

static uint32_t read_dword(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* FAT12; FAT16 below 32 MiB, FAT16; FAT32, the same addressed by LBA; FAT16 by LBA. */
static bool is_fat_type(uint8_t type)
{
    return type == 0x01 || type == 0x04 || type == 0x06 || type == 0x0B || type == 0x0C ||
           type == 0x0E;
}

/* Adds the entries of the record that are active, or those that are not. */
static int add_entries(const uint8_t *record, bool are_active, struct partition *partitions,
                       int count)
{
    for (uint8_t i = 0; i < PARTITIONS_MAX; i++) {
        const uint8_t *entry = record + PARTITION_TABLE_OFFSET + i * MBR_ENTRY_BYTES;
        struct partition partition = {
            .first_lba = read_dword(entry + 8),
            .sector_count = read_dword(entry + 12),
            .number = (uint8_t)(i + 1),
            .type = entry[4],
            .is_active = entry[0] == MBR_STATUS_ACTIVE,
        };

        if (partition.is_active == are_active && partition.type != 0 && partition.first_lba != 0 &&
            partition.sector_count != 0) {
            partitions[count++] = partition;
        }
    }
    return count;
}

/* The disk's first sector, if it ends as a boot record does. */
static int read_record(struct block_device *device, uint8_t record[SECTOR_BYTES])
{
    int status =
        device->sector_bytes == SECTOR_BYTES ? block_read(device, 0, 1, record) : -EFSNOTUS;

    if (status == OK &&
        (record[MBR_MAGIC_OFFSET] != 0x55 || record[MBR_MAGIC_OFFSET + 1] != 0xAA)) {
        status = -EFSNOTUS;
    }
    return status;
}

int partition_list(struct block_device *device, uint32_t signature,
                   struct partition partitions[PARTITIONS_MAX])
{
    uint8_t record[SECTOR_BYTES] __attribute__((aligned(4)));
    int status = read_record(device, record);

    if (status < 0) {
        return status;
    }
    if (read_dword(record + DISK_SIGNATURE_OFFSET) != signature) {
        return -ENOENT;
    }
    return add_entries(record, false, partitions, add_entries(record, true, partitions, 0));
}

/* Does it hold partitions in place of a volume? */
static bool is_container(uint8_t type)
{
    return type == PARTITION_TYPE_GPT || type == 0x05 || type == 0x0F || type == 0x85;
}

int partition_list_any(struct block_device *device, struct partition partitions[PARTITIONS_MAX])
{
    uint8_t record[SECTOR_BYTES] __attribute__((aligned(4)));
    int status = read_record(device, record);
    int kept = 0;

    if (status < 0) {
        return status;
    }
    for (int i = 0; i < PARTITIONS_MAX; i++) {
        uint8_t entry_status = record[PARTITION_TABLE_OFFSET + i * MBR_ENTRY_BYTES];

        if (entry_status != 0 && entry_status != MBR_STATUS_ACTIVE) {
            return 0;
        }
    }
    int count = add_entries(record, false, partitions, add_entries(record, true, partitions, 0));
    for (int i = 0; i < count; i++) {
        if (partitions[i].first_lba >= device->sector_count) {
            return 0;
        }
        if (!is_container(partitions[i].type)) {
            partitions[kept++] = partitions[i];
        }
    }
    return kept;
}

int partition_find(struct block_device *device, uint32_t signature, struct partition *partition)
{
    struct partition partitions[PARTITIONS_MAX];
    int count = partition_list(device, signature, partitions);

    for (int i = 0; i < count; i++) {
        if (is_fat_type(partitions[i].type) &&
            range_is_inside(partitions[i].first_lba, partitions[i].sector_count, 0,
                            device->sector_count)) {
            *partition = partitions[i];
            return OK;
        }
    }
    return count < 0 ? count : -ENOENT;
}

/* The ranges are inside the partition, and it can be written: block.c has seen to it. */
static int partition_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    const struct partition_device *view = device->driver_data;

    return view->whole->operations->read(view->whole, view->first_lba + lba, count, buffer);
}

static int partition_write(struct block_device *device, uint32_t lba, uint32_t count,
                           const void *buffer)
{
    const struct partition_device *view = device->driver_data;

    return view->whole->operations->write(view->whole, view->first_lba + lba, count, buffer);
}

static int partition_flush(struct block_device *device)
{
    const struct partition_device *view = device->driver_data;

    return block_flush(view->whole);
}

static const struct block_operations operations = {
    .read = partition_read,
    .write = partition_write,
    .flush = partition_flush,
};

void partition_open(struct block_device *whole, const struct partition *partition,
                    struct partition_device *view)
{
    uint32_t room =
        partition->first_lba < whole->sector_count ? whole->sector_count - partition->first_lba : 0;

    *view = (struct partition_device){
        .device =
            {
                .name = whole->name,
                .mode = whole->mode,
                .sector_count = MIN(partition->sector_count, room),
                .sector_bytes = whole->sector_bytes,
                .is_read_only = whole->is_read_only || !whole->operations->write,
                .operations = &operations,
                .driver_data = view,
            },
        .whole = whole,
        .first_lba = partition->first_lba,
    };
}
