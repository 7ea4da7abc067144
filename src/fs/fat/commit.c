/*
 * fs/fat/commit.c - see commit.h.
 *
 * Size before speed.
 */
#include "fs/fat/commit.h"

#include "base/status.h"
#include "fs/fat/chain.h"
#include "fs/fat/changes.h"
#include "fs/fat/log.h"
#include "fs/fat/steps.h"
#include "lib/string.h"
#include "task/task.h"

/* Chains that one operation may release. */
#define RELEASES_MAX 4

int fat_begin(struct fat_volume *volume, uint32_t sectors)
{
    if (volume->is_read_only) {
        return -ERDONLY;
    }
    int status = fat_chain_count_free(volume);
    if (status < 0) {
        return status;
    }
    /* After a commit that failed: a folder's clusters are free, but the log may still have what
     * stood there. Nobody gets them before that is over. */
    if (fat_changes_room(volume) < sectors || volume->frees_folders ||
        volume->space.loose_count + RELEASES_MAX > FAT_LOOSE_MAX) {
        status = fat_commit(volume);
        if (status < 0) {
            return status;
        }
    }
    fat_changes_begin(volume);
    return OK;
}

int fat_end(struct fat_volume *volume, int status)
{
    if (status < 0) {
        fat_changes_undo(volume);
    } else {
        fat_changes_keep(volume);
    }
    return status;
}

/* ---------------------------------------------------------------- what a commit adds */

/* The mark in the boot record that says whether the volume was unmounted. */
static int mark_record(struct fat_volume *volume, bool is_clean)
{
    uint8_t *bytes;
    int status = OK;

    if (volume->has_flags) {
        status = fat_sector_change(volume, 0, FAT_KIND_RECORD, &bytes);
        if (status == OK) {
            struct fat_boot_record *record = (struct fat_boot_record *)bytes;
            uint8_t *flags = volume->bits == 32 ? &record->large.flags : &record->small.flags;

            *flags = (uint8_t)(is_clean ? *flags & ~FAT_RECORD_DIRTY : *flags | FAT_RECORD_DIRTY);
        }
    }
    return status;
}

/* The one in the FAT, which FAT12 does not have. It is set only where the boot record has no place
 * for one: mtools reads no volume that has it. */
static int mark_table(struct fat_volume *volume, bool is_clean)
{
    uint32_t bit = volume->bits == 32 ? FAT32_IS_CLEAN : FAT16_IS_CLEAN, value;
    int status = OK;

    if (volume->bits != 12 && (is_clean || !volume->has_flags)) {
        status = fat_table_get(volume, 1, &value);
        if (status == OK) {
            status = fat_table_set(volume, 1, is_clean ? value | bit : value & ~bit);
        }
    }
    return status;
}

static int write_info(struct fat_volume *volume)
{
    const uint8_t *now;
    uint8_t *bytes;

    if (volume->info_sector == 0 || !volume->is_counted) {
        return OK;
    }
    int status = fat_sector_read(volume, volume->info_sector, &now);
    if (status < 0) {
        return status;
    }
    const struct fat_info *info = (const struct fat_info *)now;
    if (info->free_clusters == volume->space.free && info->next_free == volume->space.next) {
        return OK;
    }
    status = fat_sector_change(volume, volume->info_sector, FAT_KIND_RECORD, &bytes);
    if (status == OK) {
        ((struct fat_info *)bytes)->free_clusters = volume->space.free;
        ((struct fat_info *)bytes)->next_free = volume->space.next;
    }
    return status;
}

/* Marks, if the volume is not marked yet, and FSInfo: an operation. */
static int add_own(struct fat_volume *volume)
{
    int status = OK;

    fat_changes_begin(volume);
    if (!volume->is_marked) {
        status = mark_table(volume, false);
        if (status == OK && volume->log.first) {
            status = mark_record(volume, false);
        }
    }
    if (status == OK) {
        status = write_info(volume);
    }
    return fat_end(volume, status);
}

/* ---------------------------------------------------------------- writing */

/* Writes the changes of that kind to their places, behind a flush of what was written before. All
 * are tried. */
static int write_kind(struct fat_volume *volume, enum fat_kind kind)
{
    int result = OK;
    bool is_first = true;

    for (uint32_t i = volume->change_count; i-- > 0;) {
        if (volume->changes[i].kind == kind) {
            int status = is_first ? fat_flush(volume) : OK;

            is_first = false;
            if (status < 0) {
                return status;
            }
            status = fat_change_write(volume, i);
            result = result == OK ? status : result;
            (void)task_pause();
        }
    }
    return result;
}

/* Writes all changes, behind a flush of what was written before; first into the log, if asked. */
static int write_all(struct fat_volume *volume, bool logs, bool has_loose)
{
    int status = fat_steps_find(volume);

    if (status == OK && logs) {
        status = fat_log_write(volume, has_loose);
    }
    if (status == OK) {
        status = fat_steps_write(volume);
    }
    for (enum fat_kind kind = FAT_KIND_TABLE + 1; status == OK && kind < FAT_KINDS; kind++) {
        status = write_kind(volume, kind);
    }
    return status;
}

int fat_commit_again(struct fat_volume *volume)
{
    return write_all(volume, false, false);
}

/* Without a log: the boot record says, before anything else is written, that the volume is in
 * use. */
static int mark_first(struct fat_volume *volume)
{
    if (volume->is_marked || volume->log.first) {
        return OK;
    }
    fat_changes_begin(volume);
    int status = fat_end(volume, mark_record(volume, false));
    return status == OK ? write_kind(volume, FAT_KIND_RECORD) : status;
}

/* All changes, and the contents that were written, get to the disk. */
static int write_changes(struct fat_volume *volume)
{
    int status = volume->change_count > 0 ? mark_first(volume) : OK;

    if (status == OK && volume->change_count > 0) {
        status = add_own(volume);
        volume->is_marked |= status == OK;
    }
    if (status == OK) {
        status = fat_flush(volume);
    }
    return status == OK && volume->change_count > 0
               ? write_all(volume, volume->log.first != 0,
                           volume->space.loose_count > 0 || volume->removed > 0)
               : status;
}

int fat_commit(struct fat_volume *volume)
{
    if (volume->is_read_only) {
        return OK;
    }
    int status = write_changes(volume);

    while (status == OK && volume->space.loose_count > 0) {
        status = fat_flush(volume);
        if (status == OK) {
            status = fat_chain_free_loose(volume);
        }
        if (status == OK) {
            status = write_changes(volume);
        }
    }
    /* The log holds what is in its place but not flushed, unless a file may get that place now. */
    if (status == OK && (!volume->log.first || volume->frees_folders)) {
        status = fat_flush(volume);
    }
    if (status == OK && volume->log.first && volume->frees_folders) {
        status = fat_log_move_head(volume);
    }
    volume->frees_folders &= status < 0;
    return status;
}

int fat_commit_last(struct fat_volume *volume)
{
    int status = fat_commit(volume);

    if (status < 0 || !volume->is_marked || volume->is_read_only) {
        return status;
    }
    status = add_own(volume); /* FSInfo, if a check has counted: before the mark */
    if (status == OK && volume->change_count > 0) {
        status = write_all(volume, volume->log.first != 0, false);
    }
    if (status == OK) {
        status = fat_flush(volume);
    }
    if (status == OK) {
        fat_changes_begin(volume);
        status = mark_table(volume, true);
        if (status == OK) {
            status = mark_record(volume, true);
        }
        status = fat_end(volume, status);
    }
    if (status == OK) {
        status = write_all(volume, volume->log.first != 0, false);
    }
    if (status == OK) {
        status = fat_flush(volume);
    }
    if (status == OK && volume->log.first) {
        status = fat_log_move_head(volume);
    }
    volume->is_marked = status < 0;
    return status;
}
