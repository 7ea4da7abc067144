/*
 * kernel/boot_disk.c - see boot_disk.h.
 *
 * Which disk? The disk signature alone is not enough: a copy of the disk has the same one. The BIOS
 * knows, as it has booted that disk, and reading through it is always right, though slow. An ATA
 * disk takes its place when the BIOS says that the booted disk is attached there (its channel's
 * ports, master or slave) and both show the same first sectors. Some BIOSes do not say it. Then the
 * disk is read through the BIOS, and if an ATA disk might be the same one, a sentence says so.
 *
 * Which volume? The partition's type is only a note of the program that made it; the boot record
 * inside decides.
 *
 * Size before speed.
 */
#include "kernel/boot_disk.h"

#include <stdbool.h>
#include <stddef.h>

#include "debug/panic.h"
#include "debug/printk.h"
#include "device/block_devices.h"
#include "drivers/ata.h"
#include "drivers/bios_disk.h"
#include "fs/fat/fat_fs.h"
#include "fs/fat/mount.h"
#include "fs/file_object.h"
#include "fs/vfs.h"
#include "layout.h"
#include "lib/format.h"
#include "lib/string.h"
#include "base/align.h"
#include "base/status.h"

/* The boot sector, and the kernel's first, which has the sums of all others. */
#define START_BYTES (2 * SECTOR_BYTES)

#define BIOS_DISK_NAME "bios0" /* among the block devices */

static struct {
    struct block_device *volume;
    char name[24];
} boot_disk;

/* Reads the disk's first sectors: false when that fails, or when its signature is another. */
static bool read_start(struct block_device *device, uint32_t signature, uint8_t start[START_BYTES])
{
    return block_read(device, 0, START_BYTES / SECTOR_BYTES, start) == OK &&
           memcmp(start + DISK_SIGNATURE_OFFSET, &signature, sizeof(signature)) == 0;
}

/* Not NULL. */
static struct block_device *find_disk(const struct boot_info *info)
{
    static uint8_t bios_start[START_BYTES] __attribute__((aligned(4)));
    static uint8_t ata_start[START_BYTES] __attribute__((aligned(4)));
    struct bios_disk_place place = {.is_known = false};
    struct block_device *bios = bios_disk_open(info->drive); /* before ata.c changes the drives */
    struct block_device *copy = NULL;

    if (bios) {
        place = bios_disk_place();
        if (!read_start(bios, info->disk_signature, bios_start)) {
            bios = NULL;
        }
    }
    size_t count = ata_initialise();
    struct block_device *there = place.is_known ? ata_find(place.ata_base, place.is_slave) : NULL;

    if (bios && there && read_start(there, info->disk_signature, ata_start) &&
        memcmp(ata_start, bios_start, sizeof(bios_start)) == 0) {
        return there;
    }
    for (size_t i = 0; !copy && i < count; i++) {
        copy = read_start(ata_device(i), info->disk_signature, ata_start) ? ata_device(i) : NULL;
    }
    if (bios) {
        if (copy) {
            printk_sentence(
                0, "%s has the disk signature %08x, too, but %s: files come through the BIOS.",
                copy->name, info->disk_signature,
                place.is_known ? "the BIOS has booted another disk"
                               : "the BIOS does not say whether it has booted that disk");
        }
        return bios;
    }
    if (copy) {
        printk_sentence(
            0,
            "The BIOS cannot read the disk that it has booted; %s has the same signature %08x and"
            " is taken for it.",
            copy->name, info->disk_signature);
        return copy;
    }
    fatal("The disk that the kernel was booted from (signature %08x) is not among the %u ATA"
          " disks, and the BIOS cannot read it either. Is it still plugged in?",
          info->disk_signature, (uint32_t)count);
}

/* Mounts that partition, if it is a FAT volume: fs_mount()'s status. */
static int mount(struct block_device *disk, const struct partition *partition)
{
    boot_disk.volume = block_device_find_partition(disk, partition->number);
    format_to_buffer(boot_disk.name, sizeof(boot_disk.name), "%s, partition %u", disk->name,
                     partition->number);
    return fs_mount(boot_disk.volume, 0);
}

static bool has_file(const char *path)
{
    struct file *file;

    if (file_open(path, &file) < 0) {
        return false;
    }
    file_close(file);
    return true;
}

static const char *why_not(struct block_device *disk, const struct partition *partition)
{
    if (partition->type == PARTITION_TYPE_GPT) {
        return "it stands for a GPT, which Drupe does not read";
    }
    if (partition->first_lba >= disk->sector_count) {
        return "it begins behind the disk's last sector";
    }
    int status = mount(disk, partition);

    if (status == OK) {
        KASSERT(fs_unmount() == OK);
        return "it could be mounted only now, not before";
    }
    return fat_refusal(boot_disk.volume, status);
}

/* None of the partitions has a volume: says why of each. */
static void refuse(struct block_device *disk, const struct partition *partitions, int count)
    __attribute__((noreturn));
static void refuse(struct block_device *disk, const struct partition *partitions, int count)
{
    for (int i = 0; i < count; i++) {
        printk_sentence(
            0, "Partition %u of %s (type %02x, sectors %u to %llu) cannot be mounted: %s.",
            partitions[i].number, disk->name, partitions[i].type, partitions[i].first_lba,
            (unsigned long long)partitions[i].first_lba + partitions[i].sector_count - 1,
            why_not(disk, &partitions[i]));
    }
    fatal("There is no FAT volume on %s (%u sectors), the disk that the kernel was booted from%s."
          " Write the image again, or format the partition (mkfs.fat).",
          disk->name, disk->sector_count,
          count == 0 ? ": the partition table in its first sector is empty" : "");
}

/* Of the partitions that can be mounted the first with the file, else the first: its place. */
static int choose(struct block_device *disk, const struct partition *partitions, int count,
                  const char *init_path)
{
    int chosen = -1;

    for (int i = 0; i < count; i++) {
        if (mount(disk, &partitions[i]) != OK) {
            continue;
        }
        bool has_init = has_file(init_path);

        KASSERT(fs_unmount() == OK);
        if (has_init) {
            return i;
        }
        if (chosen < 0) {
            chosen = i;
        }
    }
    return chosen;
}

/* Each disk becomes a block device, with its partitions. One that may be the booted disk itself,
 * which is reached through the BIOS, does not: two ways to write to a disk would spoil it. */
static void add_disks(const struct boot_info *info, struct block_device *boot,
                      const struct partition *boot_partitions, size_t boot_count)
{
    static uint8_t start[START_BYTES] __attribute__((aligned(4)));
    bool is_bios = true;

    for (size_t i = 0; i < ata_count(); i++) {
        is_bios = is_bios && ata_device(i) != boot;
    }
    block_devices_add(is_bios ? BIOS_DISK_NAME : boot->name, boot, boot_partitions, boot_count);
    for (size_t i = 0; i < ata_count(); i++) {
        struct block_device *disk = ata_device(i);

        if (disk != boot && !(is_bios && read_start(disk, info->disk_signature, start))) {
            struct partition partitions[PARTITIONS_MAX];
            int count = partition_list_any(disk, partitions);

            block_devices_add(disk->name, disk, partitions, (size_t)MAX(count, 0));
        }
    }
}

/* Mounts the volume as that drive, which is free. Is it one? */
static bool mount_as(unsigned drive, struct block_device *device)
{
    int status = vfs_mount(drive, &fat_file_system, device, 0, 0);

    if (status == OK) {
        const struct volume *volume = vfs_volume(drive);

        printk("Drive %u: %s on %s.\n", drive, volume->type, volume->source);
    } else if (status != -EFSNOTUS) {
        printk_sentence(0, "%s gets no drive: %s.", device->name, fat_refusal(device, status));
    }
    return status == OK;
}

/* Every other volume gets a drive, from 2 on: those of partitions, and that of a disk without any.
 */
static void mount_others(const struct block_device *disk, const struct block_device *volume)
{
    const struct block_entry *whole = NULL, *entry;
    unsigned drive = VFS_DRIVE_OTHERS;
    bool has_volume = true;

    for (size_t i = 0; (entry = block_devices_get(i)) != NULL; i++) {
        if (!entry->whole) {
            if (!has_volume && drive < VFS_DRIVE_DEVICES) {
                drive += mount_as(drive, whole->device);
            }
            whole = entry;
            has_volume = entry->device == disk;
        } else if (entry->device != volume && drive < VFS_DRIVE_DEVICES &&
                   mount_as(drive, entry->device)) {
            drive++;
            has_volume = true;
        }
    }
    if (!has_volume && drive < VFS_DRIVE_DEVICES) {
        (void)mount_as(drive, whole->device);
    }
}

void boot_disk_mount(const struct boot_info *info, const char *init_path)
{
    struct partition partitions[PARTITIONS_MAX];
    struct block_device *disk = find_disk(info);
    int count = partition_list(disk, info->disk_signature, partitions);

    if (count < 0) {
        fatal("The first sector of %s cannot be read any more.", disk->name);
    }
    add_disks(info, disk, partitions, (size_t)count);
    int chosen = choose(disk, partitions, count, init_path);

    if (chosen < 0 || mount(disk, &partitions[chosen]) != OK) {
        refuse(disk, partitions, count);
    }
    const struct volume *volume = vfs_volume(VFS_DRIVE_START);
    printk("File system: %s on %s (%s), partition %u, from sector %u.\n", volume->type, disk->name,
           disk->mode, partitions[chosen].number, partitions[chosen].first_lba);
    if (volume->is_read_only && volume->remark) {
        printk_sentence(0, "Nothing can be written to it: %s.", volume->remark);
    }
    mount_others(disk, boot_disk.volume);
}

const char *boot_disk_name(void)
{
    return boot_disk.name;
}
