/*
 * fs/fat/contents.c - see contents.h.
 *
 * Size before speed.
 */
#include "fs/fat/contents.h"

#include "base/align.h"
#include "base/status.h"
#include "device/block_cache.h"
#include "fs/fat/chain.h"
#include "fs/fat/changes.h"
#include "fs/fat/commit.h"
#include "fs/fat/time.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "task/task.h"

/* Bytes that one operation adds to a file at most. */
#define PIECE_BYTES (256 * 1024)

/* Zeros that are written at once, and where there is little memory. */
#define ZEROS_BYTES     65536u
#define ZEROS_BYTES_MIN 4096u

int fat_file_open(const struct fat_volume *volume, const struct fat_found *found,
                  struct fat_file *file)
{
    const struct fat_entry *entry = &found->entry;
    bool is_folder = entry->attributes & FAT_DIRECTORY;

    *file = (struct fat_file){
        .place = found->place,
        .slots = found->slots,
        .first_cluster = fat_entry_cluster(volume, entry),
        .size = is_folder ? 0 : entry->size,
        .modified = fat_time_read(entry->modified_date, entry->modified_time, 0),
        .accessed = fat_time_read(entry->accessed_date, 0, 0),
        .created =
            fat_time_read(entry->created_date, entry->created_time, entry->created_hundredths),
        .attributes = entry->attributes,
        .is_folder = is_folder,
    };
    if (is_folder) {
        return fat_is_cluster(volume, file->first_cluster) ? OK : -ECORRUPT;
    }
    if (file->size == 0 && !fat_is_cluster(volume, file->first_cluster)) {
        file->first_cluster = 0; /* an empty file's does not matter */
    }
    return file->size == 0 || (fat_is_cluster(volume, file->first_cluster) &&
                               fat_clusters_of(volume, file->size) <= volume->clusters)
               ? OK
               : -ECORRUPT;
}

/* ---------------------------------------------------------------- the map */

static void forget_map(struct fat_file *file)
{
    kmem_free(file->runs);
    file->runs = NULL;
    file->run_count = file->run_room = 0;
    file->clusters = file->last = 0;
    file->is_mapped = false;
}

/* Keeps a run, if there is memory and it is not one too many; runs behind one that is not kept are
 * not either. */
static void keep_run(struct fat_file *file, uint32_t cluster, uint32_t count)
{
    struct fat_run *last = file->run_count ? &file->runs[file->run_count - 1] : NULL;
    uint32_t index = last ? last->index + last->count : 0;

    if (index != file->clusters) {
        return;
    }
    if (last && last->cluster + last->count == cluster) {
        last->count += count;
        return;
    }
    if (file->run_count == file->run_room) {
        uint32_t room = file->run_room ? 2 * file->run_room : 4;
        struct fat_run *runs = room <= FAT_RUNS_MAX ? kmem_alloc(room * sizeof(*runs)) : NULL;

        if (!runs) {
            return;
        }
        if (file->runs) {
            memcpy(runs, file->runs, file->run_count * sizeof(*runs));
        }
        kmem_free(file->runs);
        file->runs = runs;
        file->run_room = room;
    }
    file->runs[file->run_count++] = (struct fat_run){index, cluster, count};
}

/* The kept run that cluster number index lies in, or the last one before it. There is one. */
static const struct fat_run *find_run(const struct fat_file *file, uint32_t index)
{
    uint32_t low = 0, high = file->run_count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (file->runs[middle].index <= index) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &file->runs[low];
}

/* The same where the run is not kept: along the chain. */
static int walk_to(struct fat_volume *volume, const struct fat_file *file, uint32_t index,
                   uint32_t *cluster, uint32_t *count)
{
    const struct fat_run *run = file->run_count ? &file->runs[file->run_count - 1] : NULL;
    uint32_t at = run ? run->index : 0;
    uint32_t here = run ? run->cluster : file->first_cluster;

    for (uint32_t steps = 0;; steps++) {
        uint32_t next;
        int status = fat_chain_run(volume, here, volume->clusters, count, &next);

        if (status == OK) {
            status = fat_pause(steps);
        }
        if (status < 0) {
            return status;
        }
        if (index - at < *count) {
            *cluster = here + (index - at);
            *count -= index - at;
            return OK;
        }
        at += *count;
        if (next == FAT_END) {
            return -ECORRUPT;
        }
        here = next;
    }
}

/* Cluster number index, inside the chain, and how many follow it side by side. */
static int find_cluster(struct fat_volume *volume, const struct fat_file *file, uint32_t index,
                        uint32_t *cluster, uint32_t *count)
{
    if (file->run_count > 0) {
        const struct fat_run *run = find_run(file, index);

        if (index - run->index < run->count) {
            *cluster = run->cluster + (index - run->index);
            *count = run->count - (index - run->index);
            return OK;
        }
    }
    return walk_to(volume, file, index, cluster, count);
}

/* The chain has been followed, and is longer than the `needed` clusters of the file's size. If it
 * is to be cut behind these, the rest is not the file's any more. */
static int end_at_cut(struct fat_volume *volume, struct fat_file *file, uint32_t needed)
{
    uint32_t last, count;
    int status = needed > 0 ? find_cluster(volume, file, needed - 1, &last, &count) : OK;

    if (status < 0 || needed == 0 || !fat_chain_is_cut(volume, last)) {
        return status;
    }
    while (file->run_count > 0 && file->runs[file->run_count - 1].index >= needed) {
        file->run_count--;
    }
    if (file->run_count > 0) {
        struct fat_run *run = &file->runs[file->run_count - 1];

        run->count = MIN(run->count, needed - run->index);
    }
    file->clusters = needed;
    file->last = last;
    return OK;
}

/* Follows the chain to its end, or to where it is to be cut. */
static int map(struct fat_volume *volume, struct fat_file *file)
{
    uint32_t cluster = file->first_cluster;
    uint32_t needed = fat_clusters_of(volume, file->size);

    if (file->is_mapped) {
        return OK;
    }
    forget_map(file);
    if (cluster == 0) {
        file->is_mapped = true;
        return OK;
    }
    for (uint32_t steps = 0; cluster != FAT_END; steps++) {
        uint32_t count, next;

        /* A chain with more clusters than there are goes round. */
        int status =
            file->clusters < volume->clusters
                ? fat_chain_run(volume, cluster, volume->clusters - file->clusters, &count, &next)
                : -ECORRUPT;
        if (status == OK) {
            status = fat_pause(steps);
        }
        if (status < 0) {
            forget_map(file);
            return status;
        }
        keep_run(file, cluster, count);
        file->clusters += count;
        file->last = cluster + count - 1;
        cluster = next;
    }
    int status = file->clusters < needed   ? -ECORRUPT
                 : file->clusters > needed ? end_at_cut(volume, file, needed)
                                           : OK;

    if (status < 0) {
        forget_map(file);
    }
    file->is_mapped = status == OK;
    return status;
}

int fat_file_run(struct fat_volume *volume, struct fat_file *file, uint32_t index,
                 uint32_t *cluster, uint32_t *count)
{
    int status = map(volume, file);

    if (status < 0 || index >= file->clusters) {
        return status < 0 ? status : -ECORRUPT;
    }
    return find_cluster(volume, file, index, cluster, count);
}

/* Where byte `position` of the file lies, and how many bytes follow it side by side, at most
 * `length`. */
static int find_bytes(struct fat_volume *volume, struct fat_file *file, uint32_t position,
                      uint32_t length, uint32_t *sector, uint32_t *offset, uint32_t *bytes)
{
    uint32_t inside = position & (volume->cluster_bytes - 1);
    uint32_t cluster, count;
    int status = fat_file_run(volume, file, position >> volume->cluster_shift, &cluster, &count);

    if (status < 0) {
        return status;
    }
    *sector = fat_cluster_sector(volume, cluster) + inside / volume->sector_bytes;
    *offset = inside % volume->sector_bytes;
    *bytes = (uint32_t)MIN((uint64_t)count * volume->cluster_bytes - inside, (uint64_t)length);
    return OK;
}

/* ---------------------------------------------------------------- reading */

int fat_file_read(struct fat_volume *volume, struct fat_file *file, uint32_t position, void *buffer,
                  uint32_t length)
{
    uint8_t *to = buffer;

    while (length > 0) {
        uint32_t sector, offset, bytes;
        int status = find_bytes(volume, file, position, length, &sector, &offset, &bytes);

        if (status == OK) {
            status = block_cache_read(volume->device, sector, offset, to, bytes);
        }
        if (status < 0) {
            return status;
        }
        to += bytes;
        position += bytes;
        length -= bytes;
    }
    return OK;
}

/* ---------------------------------------------------------------- room */

uint32_t fat_available(const struct fat_volume *volume)
{
    uint64_t free = volume->space.free;

    for (uint32_t i = 0; i < volume->space.loose_count; i++) {
        free += volume->space.loose[i].clusters;
    }
    free = MIN(free, (uint64_t)volume->clusters);
    return (uint32_t)(free - MIN(free, volume->reserved));
}

static void set_reserved(struct fat_volume *volume, struct fat_file *file, uint32_t clusters)
{
    volume->reserved = volume->reserved - file->reserved + clusters;
    file->reserved = clusters;
}

int fat_file_reserve(struct fat_volume *volume, struct fat_file *file, uint64_t size)
{
    if (size > FAT_FILE_BYTES_MAX) {
        return -EFILESIZE;
    }
    if (volume->is_read_only) {
        return -ERDONLY;
    }
    int status = map(volume, file);
    if (status == OK) {
        status = fat_chain_count_free(volume);
    }
    if (status < 0) {
        return status;
    }
    uint32_t wanted = fat_clusters_of(volume, size);
    uint32_t reserved = wanted > file->clusters ? wanted - file->clusters : 0;
    if (reserved > file->reserved && reserved - file->reserved > fat_available(volume)) {
        return -ENOSPACE;
    }
    set_reserved(volume, file, reserved);
    return OK;
}

void fat_file_close(struct fat_volume *volume, struct fat_file *file)
{
    set_reserved(volume, file, 0);
    forget_map(file);
}

/* ---------------------------------------------------------------- writing in place */

/* Memory for sectors that are changed, or, if there is no buffer, for zeros: at least a sector,
 * *bytes long, to be freed. NULL: there is none. */
static uint8_t *make_scratch(const struct fat_volume *volume, bool is_for_zeros, uint32_t length,
                             uint32_t *bytes)
{
    uint32_t least =
        is_for_zeros ? MAX(volume->sector_bytes, ZEROS_BYTES_MIN) : volume->sector_bytes;
    uint8_t *scratch = NULL;

    *bytes = ZEROS_BYTES;
    if (is_for_zeros && length >= ZEROS_BYTES) {
        scratch = kmem_zalloc(*bytes);
    }
    if (!scratch) {
        *bytes = least;
        scratch = kmem_zalloc(*bytes);
    }
    return scratch;
}

/* Writes bytes to where they belong, inside the chain. buffer NULL: zeros. What is cut off a sector
 * at the end is kept, or zero if it lies behind the file's size. */
static int write_bytes(struct fat_volume *volume, struct fat_file *file, uint32_t position,
                       const uint8_t *buffer, uint32_t length)
{
    uint32_t scratch_bytes;
    uint8_t *scratch = make_scratch(volume, !buffer, length, &scratch_bytes);
    int status = scratch ? OK : -ENOMEM;

    volume->is_unflushed = true;
    while (status == OK && length > 0) {
        uint32_t sector = 0, offset = 0, bytes = 0;

        status = find_bytes(volume, file, position, length, &sector, &offset, &bytes);
        uint32_t sectors = (offset + bytes + volume->sector_bytes - 1) / volume->sector_bytes;
        if (status == OK && fat_is_changed(volume, sector, sectors)) {
            status = -ECORRUPT; /* it is a folder's, too */
        }
        if (status < 0) {
            break;
        }
        if (offset == 0 && bytes >= volume->sector_bytes &&
            (!buffer || (uintptr_t)buffer % 2 == 0)) {
            const uint8_t *from = buffer ? buffer : scratch;

            bytes = buffer ? bytes : MIN(bytes, scratch_bytes);
            bytes = ALIGN_DOWN(bytes, volume->sector_bytes);
            status = block_cache_write(volume->device, sector, bytes / volume->sector_bytes, from);
        } else {
            bytes = MIN(bytes, volume->sector_bytes - offset);
            uint32_t start = position - offset;

            if (start < file->size) {
                status = block_cache_read(volume->device, sector, 0, scratch, volume->sector_bytes);
            } else {
                memset(scratch, 0, volume->sector_bytes);
            }
            if (start < file->size && file->size - start < volume->sector_bytes) {
                uint32_t used = file->size - start;

                memset(scratch + used, 0, volume->sector_bytes - used);
            }
            if (status == OK && buffer) {
                memcpy(scratch + offset, buffer, bytes);
            } else if (status == OK) {
                memset(scratch + offset, 0, bytes);
            }
            if (status == OK) {
                status = block_cache_write(volume->device, sector, 1, scratch);
            }
            if (!buffer) {
                memset(scratch, 0, volume->sector_bytes);
            }
        }
        position += bytes;
        length -= bytes;
        buffer = buffer ? buffer + bytes : NULL;
        (void)task_pause();
    }
    kmem_free(scratch);
    return status;
}

/* ---------------------------------------------------------------- more, and fewer bytes */

/* Puts size and first cluster into the file's entry, in the running operation. */
static int change_entry(struct fat_volume *volume, const struct fat_file *file, uint32_t size,
                        uint32_t first_cluster)
{
    struct fat_entry *entry;

    if (file->is_removed) {
        return OK;
    }
    int status = fat_entry_change(volume, &file->place, &entry);
    if (status == OK) {
        entry->size = size;
        entry->attributes |= FAT_ARCHIVE;
        fat_entry_set_cluster(volume, entry, first_cluster);
    }
    return status;
}

/* In an operation of its own: what a chain has beyond the file becomes loose. */
static int release_surplus(struct fat_volume *volume, struct fat_file *file, uint32_t needed)
{
    uint32_t last = 0, first = file->first_cluster, count;
    int status = needed ? fat_file_run(volume, file, needed - 1, &last, &count) : OK;

    if (status == OK && needed) {
        status = fat_chain_next(volume, last, &first);
    }
    if (status == OK) {
        status = fat_begin(volume, 1);
    }
    if (status < 0) {
        return status;
    }
    if (!needed) {
        status = change_entry(volume, file, 0, 0);
    }
    if (status == OK) {
        fat_chain_release(volume, last, first, file->clusters - needed, false);
    }
    status = fat_end(volume, status);
    if (status == OK && !needed) {
        file->first_cluster = 0;
    }
    return status;
}

/* Before a chain gets more: one that is longer than its file is cut, and all cuts of it get to the
 * disk. */
static int cut_surplus(struct fat_volume *volume, struct fat_file *file)
{
    uint32_t needed = fat_clusters_of(volume, file->size);
    int status = OK;

    if (file->clusters > needed) {
        status = release_surplus(volume, file, needed);
    } else if (!fat_chain_is_cut(volume, file->last)) {
        return OK;
    }
    if (status == OK && needed) {
        status = fat_commit(volume);
    }
    forget_map(file); /* until the cut it was followed too far */
    return status == OK ? map(volume, file) : status;
}

/*
 * Adds up to length bytes (1 or more) at the file's end: from buffer, or zeros. In one operation:
 * the rest of the last cluster, or clusters side by side. *added: how many.
 */
static int add_piece(struct fat_volume *volume, struct fat_file *file, const uint8_t *buffer,
                     uint32_t length, uint32_t *added)
{
    uint32_t inside = file->size & (volume->cluster_bytes - 1);
    uint32_t first = 0, count = 0, size = file->size;
    uint32_t old_first = file->first_cluster;
    uint32_t bytes = MIN(length, (uint32_t)PIECE_BYTES);
    int status = fat_begin(volume, FAT_EXTEND_SECTORS + 1);

    if (status < 0) {
        return status;
    }
    status = change_entry(volume, file, size, file->first_cluster); /* it has its place */
    if (status == OK && inside == 0) {
        status =
            fat_chain_extend(volume, file->last, fat_clusters_of(volume, bytes), &first, &count);
        if (status == OK) {
            keep_run(file, first, count);
            file->clusters += count;
            file->last = first + count - 1;
            file->first_cluster = file->first_cluster ? file->first_cluster : first;
            bytes = (uint32_t)MIN((uint64_t)bytes, (uint64_t)count * volume->cluster_bytes);
        }
    } else if (status == OK) {
        bytes = MIN(bytes, volume->cluster_bytes - inside);
    }
    if (status == OK) {
        status = write_bytes(volume, file, size, buffer, bytes);
    }
    if (status == OK) {
        status = change_entry(volume, file, size + bytes, file->first_cluster);
    }
    status = fat_end(volume, status);
    if (status < 0) {
        file->first_cluster = old_first;
        forget_map(file);
        return status;
    }
    file->size = size + bytes;
    set_reserved(volume, file, file->reserved - MIN(file->reserved, count));
    *added = bytes;
    return OK;
}

/* Adds length bytes at the file's end. */
static int add_bytes(struct fat_volume *volume, struct fat_file *file, const uint8_t *buffer,
                     uint32_t length)
{
    int status = map(volume, file);

    if (status == OK) {
        status = cut_surplus(volume, file);
    }
    for (bool has_tried = false; status == OK && length > 0;) {
        uint32_t added = 0;

        status = map(volume, file);
        if (status == OK) {
            status = add_piece(volume, file, buffer, length, &added);
        }
        if (status == -ENOSPACE && volume->space.loose_count > 0 && !has_tried) {
            has_tried = true;
            status = fat_commit(volume); /* loose chains become free */
        }
        buffer = buffer ? buffer + added : NULL;
        length -= added;
    }
    return status;
}

/* Is there room for the file to become that long? */
static int check_room(struct fat_volume *volume, struct fat_file *file, uint64_t size)
{
    uint32_t reserved = file->reserved;

    if (volume->is_read_only) {
        return -ERDONLY;
    }
    /* What this file has reserved is its own; what it reserves for the question goes back. */
    int status = size > file->size ? fat_file_reserve(volume, file, size) : OK;
    if (status == OK && file->reserved < reserved) {
        set_reserved(volume, file, reserved);
    }
    return status;
}

int fat_file_write(struct fat_volume *volume, struct fat_file *file, uint32_t position,
                   const void *buffer, uint32_t length)
{
    const uint8_t *from = buffer;
    uint32_t reserved = file->reserved;

    if (length > FAT_FILE_BYTES_MAX - position) {
        return -EFILESIZE;
    }
    int status = check_room(volume, file, (uint64_t)position + length);
    if (status == OK && position > file->size && length > 0) {
        status = add_bytes(volume, file, NULL, position - file->size);
    }
    if (status == OK && position < file->size) {
        uint32_t inside = MIN(length, file->size - position);

        status = write_bytes(volume, file, position, from, inside);
        from += inside;
        length -= inside;
    }
    if (status == OK && length > 0) {
        status = add_bytes(volume, file, from, length);
    }
    if (status < 0 || reserved == 0) {
        set_reserved(volume, file, MIN(reserved, file->reserved));
    }
    return status;
}

int fat_file_resize(struct fat_volume *volume, struct fat_file *file, uint64_t size)
{
    uint32_t reserved = file->reserved;
    int status = check_room(volume, file, size);

    if (status < 0 || size == file->size) {
        return status;
    }
    if (size > file->size) {
        status = add_bytes(volume, file, NULL, (uint32_t)size - file->size);
        set_reserved(volume, file, MIN(reserved, file->reserved));
        return status;
    }
    uint32_t needed = fat_clusters_of(volume, size);
    uint32_t last = 0, first = file->first_cluster, count;
    status = map(volume, file);
    uint32_t surplus = file->clusters - needed;
    if (status == OK && needed) {
        status = fat_file_run(volume, file, needed - 1, &last, &count);
    }
    if (status == OK && needed && surplus) {
        status = fat_chain_next(volume, last, &first);
    }
    if (status == OK) {
        status = fat_begin(volume, 1);
    }
    if (status < 0) {
        return status;
    }
    uint32_t first_cluster = needed ? file->first_cluster : 0;
    status = change_entry(volume, file, (uint32_t)size, first_cluster);
    if (status == OK && surplus) {
        fat_chain_release(volume, last, first, surplus, false);
    }
    status = fat_end(volume, status);
    if (status == OK) {
        file->size = (uint32_t)size;
        file->first_cluster = first_cluster;
        if (surplus) {
            forget_map(file);
        }
        set_reserved(volume, file, 0);
    }
    return status;
}

int fat_file_free(struct fat_volume *volume, struct fat_file *file)
{
    if (file->first_cluster == 0) {
        return OK;
    }
    int status = fat_begin(volume, 0);
    if (status == OK) {
        fat_chain_release(volume, 0, file->first_cluster, fat_clusters_of(volume, file->size),
                          file->is_folder);
        status = fat_end(volume, OK);
        file->first_cluster = 0;
    }
    return status;
}
