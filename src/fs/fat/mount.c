/*
 * fs/fat/mount.c - see mount.h.
 *
 * Size before speed.
 */
#include "fs/fat/mount.h"

#include "base/align.h"
#include "base/status.h"
#include "device/block_cache.h"
#include "fs/fat/chain.h"
#include "fs/fat/changes.h"
#include "fs/fat/check.h"
#include "fs/fat/commit.h"
#include "fs/fat/directory.h"
#include "fs/fat/log.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"

static void make_read_only(struct fat_volume *volume, const char *remark)
{
    volume->is_read_only = true;
    if (!volume->remark) {
        volume->remark = remark;
    }
}

/* Was it unmounted in good order, as far as it says? */
static int read_marks(struct fat_volume *volume, bool *was_clean)
{
    const uint8_t *bytes;
    uint32_t value;
    int status = fat_sector_read(volume, 0, &bytes);

    if (status < 0) {
        return status;
    }
    const struct fat_boot_record *record = (const struct fat_boot_record *)(const void *)bytes;
    uint8_t flags = volume->bits == 32 ? record->large.flags : record->small.flags;
    /* A volume that cannot say so was perhaps not. */
    *was_clean = volume->has_flags && !(flags & FAT_RECORD_DIRTY);
    if (volume->bits != 12) {
        status = fat_table_get(volume, 1, &value);
        *was_clean &=
            status == OK && value & (volume->bits == 32 ? FAT32_IS_CLEAN : FAT16_IS_CLEAN);
    }
    return status;
}

/* FSInfo is a hint: where to look for free clusters, and how many there may be until they are
 * counted. */
static int read_info(struct fat_volume *volume)
{
    const uint8_t *bytes;

    volume->space.next = FAT_CLUSTER_FIRST;
    if (volume->info_sector == 0) {
        return OK;
    }
    int status = fat_sector_read(volume, volume->info_sector, &bytes);
    if (status < 0) {
        return status;
    }
    const struct fat_info *info = (const struct fat_info *)(const void *)bytes;
    if (info->lead_signature != FAT_INFO_LEAD || info->signature != FAT_INFO_MIDDLE ||
        info->trail_signature != FAT_INFO_TRAIL) {
        volume->info_sector = 0;
        return OK;
    }
    if (fat_is_cluster(volume, info->next_free)) {
        volume->space.next = info->next_free;
    }
    if (!volume->is_counted && info->free_clusters <= volume->clusters) {
        volume->space.free = info->free_clusters;
    }
    return OK;
}

/* After a power cut, or another system's: makes the volume whole. */
static int repair(struct fat_volume *volume)
{
    volume->removed = 1; /* what the check finds is not free before its end */
    int status = fat_check(volume);
    volume->removed = 0;

    if (status == -ECORRUPT) {
        fat_changes_forget(volume);
        make_read_only(volume, "its files and its FAT contradict each other");
        return OK;
    }
    if (status == -ENOMEM) {
        fat_changes_forget(volume);
        make_read_only(volume, "it was not unmounted, and there is not enough memory to check it");
        return OK;
    }
    return status;
}

/* The FAT's first entry is the media byte, with ones before it (section 4): else the boot record
 * leads somewhere else than to the FAT. */
static int check_first_entry(struct fat_volume *volume)
{
    uint32_t value;
    int status = fat_table_get(volume, 0, &value);

    if (status == OK && fat_table_widen(volume, value | 0x0F) < FAT_END) {
        make_read_only(volume, "its FAT does not begin like one");
    }
    return status;
}

/* What is to be done before the volume is used. */
static int recover(struct fat_volume *volume)
{
    bool was_clean = true, has_loose = false, is_foreign = false;
    bool has_transaction = false;
    int status = check_first_entry(volume);

    if (status == OK) {
        status = fat_log_find(volume);
    }
    volume->changes_max = volume->log.first ? volume->log.room : FAT_CHANGES_MAX;
    if (status == OK && volume->log.first && !volume->is_read_only) {
        status = fat_log_recover(volume, &has_loose, &is_foreign);
        has_transaction = status == 1;
        status = has_transaction ? fat_commit_again(volume) : status;
    }
    if (status == OK) {
        status = read_marks(volume, &was_clean);
    }
    if (status == OK) {
        status = read_info(volume);
    }
    if (status < 0 || (was_clean && !has_transaction)) {
        return status;
    }
    if (volume->is_read_only) {
        volume->remark =
            volume->remark ? volume->remark : "it was not unmounted, and is not checked";
        return OK;
    }
    volume->is_marked = true;
    volume->is_unflushed = true;
    if (!has_transaction || has_loose || is_foreign) {
        status = repair(volume);
    }
    if (status == OK && !volume->is_read_only) {
        status = fat_commit_last(volume);
    }
    return status;
}

/* The same. When the disk reports an error, what can be read of the volume still can. */
static int recover_or_only_read(struct fat_volume *volume)
{
    int status = recover(volume);

    if (status != -EIO) {
        return status;
    }
    fat_changes_forget(volume);
    block_cache_discard(volume->device, 0, volume->device->sector_count);
    make_read_only(volume, "the disk reported an error when it was mounted");
    return OK;
}

static void free_volume(struct fat_volume *volume)
{
    struct block_device *device = volume->device;

    fat_changes_forget(volume);
    if (block_cache_sync(device) < 0) {
        block_cache_discard(device, 0, device->sector_count);
    }
    block_cache_forget(device);
    fat_log_close(volume);
    kmem_free(volume->scratch);
    kmem_free(volume->changes);
    kmem_free(volume->part);
    kmem_free(volume);
}

int fat_mount(struct block_device *device, bool is_read_only, struct fat_volume **result)
{
    struct fat_volume *volume = kmem_zalloc(sizeof(*volume));
    const uint8_t *record;

    if (!volume) {
        return -ENOMEM;
    }
    volume->device = device;
    volume->is_read_only = is_read_only;
    volume->scratch = kmem_alloc(sizeof(*volume->scratch));
    volume->changes = kmem_alloc(FAT_CHANGES_MAX * sizeof(*volume->changes));
    volume->part = kmem_alloc(device->sector_bytes);
    int status = volume->scratch && volume->changes && volume->part ? OK : -ENOMEM;
    if (status == OK) {
        status = fat_sector_read(volume, 0, &record);
        status = status == -ECORRUPT ? -EFSNOTUS : status; /* a device without sectors */
    }
    if (status == OK && fat_understand(record, volume)) {
        status = -EFSNOTUS;
    }
    if (status == OK && (device->is_read_only || !device->operations->write)) {
        make_read_only(volume, "the disk is write-protected");
    }
    if (status == OK) {
        status = recover_or_only_read(volume);
    }
    if (status < 0) {
        free_volume(volume);
        return status;
    }
    if (!volume->is_read_only && !volume->log.first) {
        volume->remark =
            "it has no log: a power cut may lose the name of a file that is just being "
            "renamed";
    }
    *result = volume;
    return OK;
}

const char *fat_refusal(struct block_device *device, int status)
{
    struct fat_volume *volume = kmem_zalloc(sizeof(*volume));
    uint8_t *sector = kmem_alloc(device->sector_bytes);
    const char *reason = "there is not enough memory for what belongs to it";

    if (volume && sector) {
        int now = block_read(device, 0, 1, sector);

        volume->device = device;
        reason = now == -EBOUNDS ? "it begins behind the end of the disk"
                 : now < 0       ? "its first sector cannot be read"
                                 : fat_understand(sector, volume);
        if (!reason) {
            reason = status == -ENOMEM
                         ? "there is not enough memory for what belongs to it"
                         : "it could not be read, or not be written, when it was to be mounted";
        }
    }
    kmem_free(volume);
    kmem_free(sector);
    return reason;
}

int fat_unmount(struct fat_volume *volume)
{
    int status = fat_commit_last(volume);

    free_volume(volume);
    return status;
}
