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
#include "lib/string.h"

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
    if (fat_changes_room(volume) < sectors ||
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

/* The two marks that say whether the volume was unmounted: in the boot record, and in the FAT. */
static int mark(struct fat_volume *volume, bool is_clean)
{
    uint8_t *bytes;
    uint32_t value;
    int status = OK;

    if (volume->has_flags) {
        status = fat_sector_change(volume, 0, FAT_KIND_RECORD, &bytes);
        if (status < 0) {
            return status;
        }
        struct fat_boot_record *record = (struct fat_boot_record *)bytes;
        uint8_t *flags = volume->bits == 32 ? &record->large.flags : &record->small.flags;
        *flags = (uint8_t)(is_clean ? *flags & ~FAT_RECORD_DIRTY : *flags | FAT_RECORD_DIRTY);
    }
    if (volume->bits == 12) {
        return status;
    }
    status = fat_table_get(volume, 1, &value);
    if (status < 0) {
        return status;
    }
    uint32_t bit = volume->bits == 32 ? FAT32_IS_CLEAN : FAT16_IS_CLEAN;
    return fat_table_set(volume, 1, is_clean ? value | bit : value & ~bit);
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

/* ---------------------------------------------------------------- writing */

static int flush(struct fat_volume *volume)
{
    int status = block_flush(volume->device);

    if (status == OK) {
        volume->is_unflushed = false;
    }
    return status;
}

/* Writes the changes of that kind to their places. *count: how many there were. All are tried. */
static int write_kind(struct fat_volume *volume, enum fat_kind kind, uint32_t *count)
{
    int result = OK;

    *count = 0;
    for (uint32_t i = volume->change_count; i-- > 0;) {
        if (volume->changes[i].kind == kind) {
            int status = fat_change_write(volume, i);

            result = result == OK ? status : result;
            ++*count;
        }
    }
    return result;
}

static int write_all(struct fat_volume *volume)
{
    int result = OK;

    for (uint32_t i = volume->change_count; i-- > 0;) {
        int status = fat_change_write(volume, i);

        result = result == OK ? status : result;
    }
    return result;
}

/* Marks, if that is not done yet, and FSInfo, in an operation. */
static int add_own(struct fat_volume *volume, bool is_last)
{
    int status = OK;

    fat_changes_begin(volume);
    if (is_last || !volume->is_marked) {
        status = mark(volume, is_last);
    }
    if (status == OK) {
        status = write_info(volume);
    }
    return fat_end(volume, status);
}

/* One transaction of the log. */
static int commit_logged(struct fat_volume *volume, bool is_last)
{
    int status = volume->is_unflushed ? flush(volume) : OK;

    if (status == OK && volume->space.loose_count > 0) {
        status = fat_chain_free_loose(volume);
    }
    if (status == OK && (volume->change_count > 0 || is_last)) {
        status = add_own(volume, is_last);
    }
    if (status < 0 || volume->change_count == 0) {
        return status;
    }
    status = fat_log_write(volume, volume->space.loose_count > 0 || volume->removed > 0);
    if (status < 0) {
        return status;
    }
    volume->is_marked = !is_last;
    status = write_all(volume); /* the next transaction's flush is enough for it */
    if (status == OK && (volume->frees_folders || is_last)) {
        status = flush(volume);
        if (status == OK) {
            status = fat_log_move_head(volume);
        }
        volume->frees_folders &= status < 0;
    }
    return status;
}

/* Writes in order. */
static int commit_ordered(struct fat_volume *volume, bool is_last)
{
    uint32_t count;
    int status = OK;

    if (!volume->is_marked && (volume->change_count > 0 || volume->space.loose_count > 0)) {
        fat_changes_begin(volume);
        status = fat_end(volume, mark(volume, false));
        if (status == OK) {
            status = write_kind(volume, FAT_KIND_RECORD, &count);
        }
        volume->is_unflushed = true;
        volume->is_marked = status == OK;
    }
    if (status == OK && volume->is_unflushed) {
        status = flush(volume);
    }
    for (enum fat_kind kind = FAT_KIND_TABLE; status == OK && kind <= FAT_KIND_FOLDER; kind++) {
        status = write_kind(volume, kind, &count);
        if (status == OK && count > 0) {
            status = flush(volume);
        }
    }
    while (status == OK && volume->space.loose_count > 0) {
        status = fat_chain_free_loose(volume);
        if (status == OK) {
            status = write_all(volume);
        }
        volume->is_unflushed = true;
    }
    volume->frees_folders = false;
    if (status == OK && (is_last || volume->info_sector) && volume->is_marked) {
        fat_changes_begin(volume);
        status = fat_end(volume, write_info(volume));
        if (status == OK && volume->change_count > 0) {
            status = write_all(volume);
            volume->is_unflushed = true;
        }
    }
    return status;
}

/* The volume is unmounted in good order: the marks say so, behind a flush. */
static int mark_ordered(struct fat_volume *volume)
{
    int status = volume->is_unflushed ? flush(volume) : OK;

    if (status == OK && volume->is_marked) {
        fat_changes_begin(volume);
        status = fat_end(volume, mark(volume, true));
        if (status == OK) {
            status = write_all(volume);
        }
        if (status == OK) {
            volume->is_marked = false;
            status = flush(volume);
        }
    }
    return status;
}

int fat_commit(struct fat_volume *volume)
{
    int status = OK;

    if (volume->is_read_only) {
        return OK;
    }
    if (!volume->log.first) {
        status = commit_ordered(volume, false);
    } else {
        do {
            status = commit_logged(volume, false);
        } while (status == OK && (volume->space.loose_count > 0 || volume->change_count > 0));
    }
    /* Contents alone, or what was written to its place last, on a volume without a log. */
    if (status == OK && volume->is_unflushed && !volume->log.first) {
        status = flush(volume);
    }
    return status;
}

int fat_commit_last(struct fat_volume *volume)
{
    int status = fat_commit(volume);

    if (status == OK && volume->is_marked) {
        status = volume->log.first ? commit_logged(volume, true) : mark_ordered(volume);
    }
    return status;
}
