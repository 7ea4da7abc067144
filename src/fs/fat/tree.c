/*
 * fs/fat/tree.c - see tree.h.
 *
 * Size before speed.
 */
#include "fs/fat/tree.h"

#include "base/status.h"
#include "fs/fat/chain.h"
#include "fs/fat/changes.h"
#include "fs/fat/commit.h"
#include "fs/fat/time.h"
#include "lib/string.h"

void fat_root(const struct fat_volume *volume, struct fat_file *file)
{
    *file = (struct fat_file){
        .first_cluster = volume->root_cluster, .attributes = FAT_DIRECTORY, .is_folder = true};
}

static struct fat_folder folder_of(const struct fat_file *file)
{
    return (struct fat_folder){.first_cluster = file->first_cluster};
}

static bool is_root(const struct fat_volume *volume, const struct fat_file *file)
{
    return file->first_cluster == volume->root_cluster;
}

/* What ".." of a folder in that one says. */
static uint32_t cluster_for_parent(const struct fat_volume *volume, const struct fat_file *folder)
{
    return is_root(volume, folder) ? 0 : folder->first_cluster;
}

int fat_look_up(struct fat_volume *volume, const struct fat_file *folder, const char *name,
                size_t length, struct fat_file *file)
{
    struct fat_folder reader = folder_of(folder);
    struct fat_found found;
    int status = fat_folder_find(volume, &reader, name, length, &found);

    return status == OK ? fat_file_open(volume, &found, file) : status;
}

/* ---------------------------------------------------------------- new ones */

static void set_times(struct fat_entry *entry, int64_t now)
{
    uint16_t date, time;

    fat_time_write(now, &date, &time, &entry->created_hundredths);
    entry->created_date = entry->modified_date = entry->accessed_date = date;
    entry->created_time = entry->modified_time = time;
}

/* The first cluster of a new folder: "." and "..", and zeros. Written at once: nobody sees it
 * yet. */
static int make_folder(struct fat_volume *volume, const struct fat_file *parent,
                       struct fat_entry *entry)
{
    uint32_t cluster, count;
    struct fat_entry dots[2];
    int status = fat_chain_extend(volume, 0, 1, &cluster, &count);

    if (status < 0) {
        return status;
    }
    fat_entry_set_cluster(volume, entry, cluster);
    dots[0] = dots[1] = *entry;
    dots[0].name_case = dots[1].name_case = 0;
    memcpy(dots[0].name, ".          ", FAT_ALIAS_BYTES);
    memcpy(dots[1].name, "..         ", FAT_ALIAS_BYTES);
    fat_entry_set_cluster(volume, &dots[1], cluster_for_parent(volume, parent));
    return fat_folder_clear_cluster(volume, cluster, dots);
}

static int create(struct fat_volume *volume, const struct fat_file *folder, const char *name,
                  size_t length, struct fat_entry *entry, const struct fat_file *parent,
                  struct fat_found *found)
{
    struct fat_folder writer = folder_of(folder);
    struct fat_entry *there;
    int status = fat_begin(volume, FAT_ADD_SECTORS + FAT_EXTEND_SECTORS);

    if (status < 0) {
        return status;
    }
    status = fat_folder_add(volume, &writer, name, length, entry, found);
    if (status == OK && parent) {
        status = make_folder(volume, parent, &found->entry);
        if (status == OK) {
            status = fat_entry_change(volume, &found->place, &there);
        }
        if (status == OK) {
            *there = found->entry;
        }
    }
    return fat_end(volume, status);
}

int fat_create(struct fat_volume *volume, const struct fat_file *folder, const char *name,
               size_t length, uint8_t attributes, int64_t now, struct fat_file *file)
{
    struct fat_entry entry = {.attributes = attributes};
    struct fat_found found;
    const struct fat_file *parent = attributes & FAT_DIRECTORY ? folder : NULL;

    if (folder->is_removed) {
        return -ENOENT;
    }
    set_times(&entry, now);
    int status = create(volume, folder, name, length, &entry, parent, &found);
    if (status == -ENOSPACE && volume->space.loose_count > 0) {
        status = fat_commit(volume);
        if (status == OK) {
            status = create(volume, folder, name, length, &entry, parent, &found);
        }
    }
    if (status == OK || status == -EEXISTS) {
        int opened = fat_file_open(volume, &found, file);

        status = opened < 0 ? opened : status;
    }
    return status;
}

/* ---------------------------------------------------------------- removing */

/* May that file lose its name? */
static int check_removable(struct fat_volume *volume, const struct fat_file *file)
{
    if (!file->is_folder) {
        return OK;
    }
    struct fat_folder folder = folder_of(file);
    int is_empty = fat_folder_is_empty(volume, &folder);
    return is_empty == 0 ? -ENOTEMPTY : is_empty < 0 ? is_empty : OK;
}

static void lose_name(struct fat_volume *volume, struct fat_file *file)
{
    file->place = (struct fat_place){0, 0};
    file->is_removed = true;
    volume->removed++;
}

int fat_remove(struct fat_volume *volume, const struct fat_file *folder, struct fat_file *file)
{
    struct fat_folder writer = folder_of(folder);
    struct fat_entry entry;
    int status = fat_folder_read(volume, &writer, &file->slots, &file->place, &entry);

    if (status == OK) {
        status = check_removable(volume, file);
    }
    if (status == OK) {
        status = fat_begin(volume, FAT_REMOVE_SECTORS);
    }
    if (status < 0) {
        return status;
    }
    status = fat_end(volume, fat_folder_remove(volume, &writer, &file->slots));
    if (status == OK) {
        lose_name(volume, file);
    }
    return status;
}

int fat_forget(struct fat_volume *volume, struct fat_file *file)
{
    int status = OK;

    if (file->is_removed) {
        status = fat_file_free(volume, file);
        volume->removed -= status == OK;
    }
    fat_file_close(volume, file);
    return status;
}

/* ---------------------------------------------------------------- moving */

/* What is renamed, where to. */
struct move {
    struct fat_file *file, *replaced;
    const struct fat_file *folder, *new_folder;
    const char *new_name;
    size_t new_length;
    struct fat_found found; /* out: the file's entry, where it is now */
};

/* ".." of the file, a folder that has another parent now. */
static int set_parent(struct fat_volume *volume, const struct move *move)
{
    struct fat_place place = {
        .sector = fat_cluster_sector(volume, move->file->first_cluster),
        .offset = sizeof(struct fat_entry),
    };
    struct fat_entry *entry;
    int status = fat_entry_change(volume, &place, &entry);

    if (status == OK && !fat_entry_is_dot(entry)) {
        status = -ECORRUPT;
    }
    if (status == OK) {
        fat_entry_set_cluster(volume, entry, cluster_for_parent(volume, move->new_folder));
        status = fat_changes_order_parent(volume, place.sector) ? OK : -EBUSY;
    }
    return status;
}

/* Gives the entry a name: in what is replaced's place, or a new one. */
static int put_entry(struct fat_volume *volume, struct move *move, struct fat_entry *entry)
{
    struct fat_folder writer = folder_of(move->new_folder);
    struct fat_entry *there;
    int status;

    if (!move->replaced || move->replaced == move->file) {
        return fat_folder_add(volume, &writer, move->new_name, move->new_length, entry,
                              &move->found);
    }
    move->found.place = move->replaced->place;
    move->found.slots = move->replaced->slots;
    status = fat_entry_change(volume, &move->found.place, &there);
    if (status == OK) {
        memcpy(entry->name, there->name, FAT_ALIAS_BYTES);
        entry->name_case = there->name_case;
        *there = *entry;
    }
    return status;
}

/* In one operation. -EBUSY: there must be a commit first. */
static int move_name(struct fat_volume *volume, struct move *move, struct fat_entry entry)
{
    struct fat_folder writer = folder_of(move->folder);
    bool has_new_parent = move->folder->first_cluster != move->new_folder->first_cluster;
    int status = fat_begin(volume, FAT_ADD_SECTORS + FAT_REMOVE_SECTORS + 1);

    if (status < 0) {
        return status;
    }
    status = fat_folder_remove(volume, &writer, &move->file->slots);
    if (status == OK) {
        status = put_entry(volume, move, &entry);
    }
    if (status == OK && move->file->is_folder && has_new_parent) {
        status = set_parent(volume, move);
    }
    if (status == OK &&
        !fat_changes_order(volume, move->file->place.sector, move->found.place.sector)) {
        status = -EBUSY; /* all is taken back */
    }
    return fat_end(volume, status);
}

int fat_rename(struct fat_volume *volume, const struct fat_file *folder, struct fat_file *file,
               const struct fat_file *new_folder, const char *new_name, size_t new_length,
               struct fat_file *replaced)
{
    struct move move = {.file = file,
                        .replaced = replaced,
                        .folder = folder,
                        .new_folder = new_folder,
                        .new_name = new_name,
                        .new_length = new_length};
    struct fat_folder reader = folder_of(folder);
    struct fat_entry entry;
    int status = fat_folder_read(volume, &reader, &file->slots, &file->place, &entry);

    if (status == OK && new_folder->is_removed) {
        status = -ENOENT;
    }
    if (status == OK && replaced && replaced != file) {
        status = check_removable(volume, replaced);
    }
    if (status < 0) {
        return status;
    }
    status = move_name(volume, &move, entry);
    if (status == -EBUSY || (status == -ENOSPACE && volume->space.loose_count > 0)) {
        status = fat_commit(volume);
        if (status == OK) {
            status = move_name(volume, &move, entry);
        }
    }
    if (status == OK) {
        if (replaced && replaced != file) {
            lose_name(volume, replaced);
        }
        file->place = move.found.place;
        file->slots = move.found.slots;
    }
    return status;
}

/* ---------------------------------------------------------------- attributes */

int fat_set_attributes(struct fat_volume *volume, struct fat_file *file, uint8_t attributes,
                       int64_t modified, int64_t accessed)
{
    struct fat_entry *entry;
    uint16_t time;

    if (file->place.sector == 0) { /* a root, or removed: it has none */
        return OK;
    }
    int status = fat_begin(volume, 1);
    if (status < 0) {
        return status;
    }
    status = fat_entry_change(volume, &file->place, &entry);
    if (status == OK) {
        entry->attributes = (uint8_t)((entry->attributes & FAT_DIRECTORY) |
                                      (attributes & ~(FAT_DIRECTORY | FAT_LABEL)));
        if (modified) {
            fat_time_write(modified, &entry->modified_date, &entry->modified_time, NULL);
        }
        if (accessed) {
            fat_time_write(accessed, &entry->accessed_date, &time, NULL);
        }
    }
    status = fat_end(volume, status);
    if (status == OK) {
        file->attributes = (uint8_t)((file->attributes & FAT_DIRECTORY) |
                                     (attributes & ~(FAT_DIRECTORY | FAT_LABEL)));
    }
    return status;
}
