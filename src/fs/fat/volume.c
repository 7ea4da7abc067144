/*
 * fs/fat/volume.c - see volume.h.
 *
 * Size before speed.
 */
#include "fs/fat/volume.h"

#include "lib/string.h"

#define CLUSTER_BYTES_MAX (64 * 1024)
#define ATARI_JUMP        0x60 /* BRA.S */
#define ATARI_DISK        0xF8 /* its media byte for a part of a hard disk; floppies have others */

/* Volumes of others: by the name in their boot record. NULL: nothing known. */
static const char *find_foreign(const struct fat_boot_record *record)
{
    if (memcmp(record->oem_name, "NTFS    ", sizeof(record->oem_name)) == 0) {
        return "it is an NTFS volume, not FAT";
    }
    if (memcmp(record->oem_name, "EXFAT   ", sizeof(record->oem_name)) == 0) {
        return "it is an exFAT volume, not FAT";
    }
    return NULL;
}

static bool is_power_of_two(uint32_t number)
{
    return number && !(number & (number - 1));
}

/*
 * The number of clusters alone decides (section 3.5), though a PC's volume may say something else
 * in words. Atari's system has 16 bits on all hard disks. There, formatters of others still make
 * FATs that are too short for that.
 */
static unsigned bits_of_small(const struct fat_boot_record *record, bool is_atari,
                              uint64_t clusters, uint64_t fat_bytes)
{
    bool is_atari_disk =
        is_atari && record->media == ATARI_DISK && (clusters + FAT_CLUSTER_FIRST) * 2 <= fat_bytes;

    return clusters <= FAT12_CLUSTERS_MAX && !is_atari_disk ? 12 : 16;
}

/* The volume can be read, but whoever writes to it might make things worse. */
static void make_read_only(struct fat_volume *volume, const char *remark)
{
    volume->is_read_only = true;
    if (!volume->remark) {
        volume->remark = remark;
    }
}

/* What FAT32 adds to the record. ratio: device sectors per sector of the record. */
static const char *understand_large(const struct fat_boot_record *record, uint32_t ratio,
                                    struct fat_volume *volume)
{
    uint32_t active = record->large.mirroring & FAT_ACTIVE_MASK;
    uint32_t info = record->large.info_sector;

    if (record->large.version != 0) {
        return "it is a FAT32 volume of a version that nobody has defined yet";
    }
    if (!fat_is_cluster(volume, record->large.root_cluster)) {
        return "its boot record contradicts itself: its root folder lies outside its clusters";
    }
    volume->root_cluster = record->large.root_cluster;
    volume->has_flags = true;
    volume->serial = record->large.serial;
    if (record->large.mirroring & FAT_ONE_ACTIVE) {
        if (active >= record->fat_count) {
            return "its boot record contradicts itself: it uses a FAT that it does not have";
        }
        volume->fat_sector += active * volume->fat_sectors;
        volume->fat_copies = 0;
    }
    if (info != 0 && info < record->reserved_sectors) {
        volume->info_sector = info * ratio;
    } else if (info != 0 && info != 0xFFFF) {
        make_read_only(volume, "its FSInfo sector lies outside its reserved sectors");
    }
    return NULL;
}

const char *fat_understand(const void *bytes, struct fat_volume *volume)
{
    const struct fat_boot_record *record = bytes;
    const uint8_t *signature = (const uint8_t *)bytes + FAT_SIGNATURE_OFFSET;
    const struct block_device *device = volume->device;
    uint32_t sector = record->bytes_per_sector;
    uint32_t spc = record->sectors_per_cluster;
    uint32_t total = record->total_sectors_16 ? record->total_sectors_16 : record->total_sectors_32;
    bool is_large = record->fat_sectors_16 == 0;
    uint32_t fat = is_large ? record->large.fat_sectors : record->fat_sectors_16;
    const char *foreign = find_foreign(record);

    /* Atari's have none, and begin with a jump of its processor. */
    bool is_signed = signature[0] == 0x55 && signature[1] == 0xAA;
    bool is_atari = !is_signed && record->jump[0] == ATARI_JUMP;
    if (!is_signed && !is_atari) {
        return "its first sector is no boot record (no 55 AA at its end); it is not formatted";
    }
    if (foreign) {
        return foreign;
    }
    if (!is_power_of_two(sector) || sector < SECTOR_BYTES || sector > SECTOR_BYTES_MAX ||
        !is_power_of_two(spc) || record->reserved_sectors == 0 || record->fat_count == 0 ||
        fat == 0 || total == 0) {
        return "its boot record is not that of a FAT volume";
    }
    if (sector < device->sector_bytes) {
        return "its boot record says that its sectors are smaller than the disk's";
    }
    if (sector * spc > CLUSTER_BYTES_MAX) {
        return "its clusters are larger than 64 KiB";
    }
    /* 64 bits: no product below overflows. */
    uint64_t ratio = sector / device->sector_bytes; /* divided in 32 bits */
    uint32_t root =
        (uint32_t)((record->root_entries * sizeof(struct fat_entry) + sector - 1) / sector);
    uint64_t before_root = record->reserved_sectors + (uint64_t)record->fat_count * fat;
    uint64_t before_data = before_root + root;

    if (before_data >= total || total - (uint32_t)before_data < spc) {
        return "its boot record contradicts itself: FATs and root directory fill more than it all";
    }
    if (total * ratio > device->sector_count) {
        return "it reaches beyond the end of its partition or of the disk";
    }
    uint64_t clusters = (total - (uint32_t)before_data) / spc;
    unsigned bits =
        is_large ? 32 : bits_of_small(record, is_atari, clusters, (uint64_t)fat * sector);
    if (!is_large && clusters > FAT16_CLUSTERS_MAX) {
        return "it has more clusters than FAT16 can have (65524)";
    }
    if (clusters > FAT32_CLUSTERS_MAX) {
        return "it has more clusters than FAT32 can have";
    }
    if (is_large != (root == 0)) {
        return is_large
                   ? "its boot record contradicts itself: a FAT32 volume with a root folder of "
                     "fixed length"
                   : "its boot record contradicts itself: it has no root folder";
    }
    if ((clusters + FAT_CLUSTER_FIRST) * bits > (uint64_t)fat * sector * 8) {
        return "its boot record contradicts itself: its FAT is too short for its clusters";
    }
    volume->bits = bits;
    volume->sector_bytes = device->sector_bytes;
    volume->cluster_bytes = sector * spc;
    volume->cluster_shift = (unsigned)__builtin_ctz(volume->cluster_bytes);
    volume->cluster_sectors = (uint32_t)(spc * ratio);
    volume->reserved_sectors = (uint32_t)(record->reserved_sectors * ratio);
    volume->fat_sector = volume->reserved_sectors;
    volume->fat_sectors = (uint32_t)(fat * ratio);
    volume->fat_copies = record->fat_count - 1u;
    volume->root_sector = (uint32_t)(before_root * ratio);
    volume->root_sectors = (uint32_t)(root * ratio);
    volume->data_sector = (uint32_t)(before_data * ratio);
    volume->clusters = (uint32_t)clusters;
    if (is_large) {
        return understand_large(record, (uint32_t)ratio, volume);
    }
    volume->has_flags = record->small.extended == 0x28 || record->small.extended == 0x29;
    volume->serial = volume->has_flags ? record->small.serial : 0;
    return NULL;
}

const char *fat_type_name(const struct fat_volume *volume)
{
    return volume->bits == 12 ? "FAT12" : volume->bits == 16 ? "FAT16" : "FAT32";
}
