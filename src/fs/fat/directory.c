/*
 * fs/fat/directory.c - see directory.h.
 */
#include "fs/fat/directory.h"

#include "base/align.h"
#include "base/status.h"
#include "device/block_cache.h"
#include "fs/fat/chain.h"
#include "fs/fat/changes.h"
#include "fs/fat/commit.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "task/task.h"

#define SLOT_BYTES sizeof(struct fat_entry)

/* How many kinds of aliases are tried for a long name: each seed gives FAT_ALIAS_NUMBERS. */
#define ALIAS_SEEDS 16

/* Entries that are compared with each of these between two pauses. */
#define ENTRIES_AT_ONCE 32

struct fat_folder fat_folder_root(const struct fat_volume *volume)
{
    return (struct fat_folder){.first_cluster = volume->root_cluster};
}

struct fat_folder fat_folder_at(const struct fat_volume *volume, uint32_t first_cluster)
{
    return first_cluster == 0 ? fat_folder_root(volume)
                              : (struct fat_folder){.first_cluster = first_cluster};
}

/* ---------------------------------------------------------------- slots */

static uint32_t slots_per_cluster(const struct fat_volume *volume)
{
    return volume->cluster_bytes / SLOT_BYTES;
}

/* Makes folder->cluster number index of its chain: 1, or 0 when the chain is shorter. */
static int seek(struct fat_volume *volume, struct fat_folder *folder, uint32_t index)
{
    if (folder->cluster == 0 || index < folder->cluster_index) {
        folder->cluster = folder->first_cluster;
        folder->cluster_index = 0;
        if (!fat_is_cluster(volume, folder->cluster)) {
            folder->cluster = 0;
            return -ECORRUPT;
        }
    }
    while (folder->cluster_index < index) {
        uint32_t next;
        int status = fat_chain_next(volume, folder->cluster, &next);

        if (status < 0 || next == FAT_END) {
            return status;
        }
        folder->cluster = next;
        folder->cluster_index++;
        (void)fat_pause(folder->cluster_index);
    }
    return 1;
}

/* Where slot number index lies: 1, 0 behind the folder's last. */
static int find_sector(struct fat_volume *volume, struct fat_folder *folder, uint32_t index,
                       struct fat_place *place)
{
    uint32_t offset = index * (uint32_t)SLOT_BYTES;

    place->offset = offset % volume->sector_bytes;
    if (folder->first_cluster == 0) {
        place->sector = volume->root_sector + offset / volume->sector_bytes;
        if (offset / volume->sector_bytes >= volume->root_sectors) {
            return 0;
        }
    } else {
        int status = seek(volume, folder, index / slots_per_cluster(volume));

        if (status != 1) {
            return status;
        }
        if (index >= FAT_FOLDER_SLOTS_MAX) {
            return -ECORRUPT; /* a chain that is longer goes round */
        }
        place->sector = fat_cluster_sector(volume, folder->cluster) +
                        offset % volume->cluster_bytes / volume->sector_bytes;
    }
    folder->sector = place->sector;
    folder->sector_slot = index - place->offset / (uint32_t)SLOT_BYTES;
    return 1;
}

/* The same, quick for slots of the sector that was found last. */
static inline int find_place(struct fat_volume *volume, struct fat_folder *folder, uint32_t index,
                             struct fat_place *place)
{
    uint32_t slot = index - folder->sector_slot;

    if (folder->sector && slot < volume->sector_bytes / SLOT_BYTES) {
        place->sector = folder->sector;
        place->offset = slot * (uint32_t)SLOT_BYTES;
        return 1;
    }
    return find_sector(volume, folder, index, place);
}

/* Slot number index, to be read: 1, 0 behind the last. The place as well. */
static inline int read_slot(struct fat_volume *volume, struct fat_folder *folder, uint32_t index,
                            struct fat_place *place, const struct fat_entry **entry)
{
    const uint8_t *bytes;
    int status = find_place(volume, folder, index, place);

    if (status == 1) {
        int read = fat_sector_read(volume, place->sector, &bytes);

        if (read < 0) {
            return read;
        }
        *entry = (const struct fat_entry *)(const void *)(bytes + place->offset);
    }
    return status;
}

int fat_entry_change(struct fat_volume *volume, const struct fat_place *place,
                     struct fat_entry **entry)
{
    uint8_t *bytes;
    int status = fat_sector_change(volume, place->sector, FAT_KIND_FOLDER, &bytes);

    if (status == OK) {
        *entry = (struct fat_entry *)(void *)(bytes + place->offset);
    }
    return status;
}

/* The same by number; there is such a slot. */
static int change_slot(struct fat_volume *volume, struct fat_folder *folder, uint32_t index,
                       struct fat_place *place, struct fat_entry **entry)
{
    int status = find_place(volume, folder, index, place);

    return status == 1 ? fat_entry_change(volume, place, entry) : status < 0 ? status : -ECORRUPT;
}

/* ---------------------------------------------------------------- long names */

/* The 13 units of a slot lie in three pieces. */
static void get_units(const struct fat_long_slot *slot, uint16_t *units)
{
    memcpy(units, slot->units_1, sizeof(slot->units_1));
    memcpy(units + 5, slot->units_2, sizeof(slot->units_2));
    memcpy(units + 11, slot->units_3, sizeof(slot->units_3));
}

static void put_units(struct fat_long_slot *slot, const uint16_t *units)
{
    memcpy(slot->units_1, units, sizeof(slot->units_1));
    memcpy(slot->units_2, units + 5, sizeof(slot->units_2));
    memcpy(slot->units_3, units + 11, sizeof(slot->units_3));
}

/* What is known of the long name while its slots are read. */
struct collector {
    uint32_t first_slot;
    uint8_t next; /* the number that the next slot must have; 0: complete, or none */
    uint8_t slots, checksum;
};

static void collect(struct fat_volume *volume, const struct fat_long_slot *slot, uint32_t index,
                    struct collector *collector)
{
    uint8_t number = slot->order & (FAT_SLOT_LAST - 1);

    if (slot->order & FAT_SLOT_LAST) {
        *collector = (struct collector){
            .first_slot = index, .next = number, .slots = number, .checksum = slot->checksum};
    }
    if (number == 0 || number > FAT_LONG_SLOTS_MAX || number != collector->next ||
        slot->checksum != collector->checksum) {
        *collector = (struct collector){0};
        return;
    }
    get_units(slot, volume->scratch->units + (number - 1) * FAT_SLOT_UNITS);
    collector->next--;
}

/* Its length when it is whole and belongs to the entry; 0: there is none. */
static uint32_t long_length(const struct fat_volume *volume, const struct collector *collector,
                            const struct fat_entry *entry)
{
    uint32_t length = 0;

    if (collector->slots == 0 || collector->next != 0 ||
        collector->checksum != fat_alias_checksum(entry->name)) {
        return 0;
    }
    while (length < collector->slots * (uint32_t)FAT_SLOT_UNITS && volume->scratch->units[length]) {
        length++;
    }
    return length <= FAT_NAME_UNITS_MAX ? length : 0;
}

/* ---------------------------------------------------------------- finding */

/* The first row of free slots that is long enough, or the one at the end of those in use. */
struct free_row {
    uint32_t needed;
    uint32_t first, count;
};

/* The next slot is free, or is not. */
static void note_slot(struct free_row *row, uint32_t slot, bool is_free)
{
    if (!row || row->count >= row->needed) {
        return;
    }
    if (row->count == 0) {
        row->first = slot;
    }
    row->count = is_free ? row->count + 1 : 0;
}

/* fat_folder_next(), which notes free slots in *row; NULL: it does not. */
static int next_entry(struct fat_volume *volume, struct fat_folder *folder, uint32_t *index,
                      struct fat_found *found, struct free_row *row)
{
    struct collector collector = {0};
    const struct fat_entry *entry;
    int status;

    while ((status = read_slot(volume, folder, *index, &found->place, &entry)) == 1 &&
           entry->name[0] != FAT_ENTRY_END) {
        uint32_t slot = (*index)++;
        bool is_deleted = entry->name[0] == FAT_ENTRY_DELETED;

        note_slot(row, slot, is_deleted);
        if (!is_deleted && (entry->attributes & FAT_LONG_MASK) == FAT_LONG_NAME) {
            collect(volume, (const struct fat_long_slot *)(const void *)entry, slot, &collector);
        } else if (is_deleted || entry->attributes & FAT_LABEL) {
            collector = (struct collector){0};
        } else {
            found->entry = *entry;
            found->slots.last = slot;
            found->unit_count = long_length(volume, &collector, entry);
            found->slots.first = found->unit_count ? collector.first_slot : slot;
            status = fat_pause(*index);
            return status < 0 ? status : 1;
        }
        status = fat_pause(*index);
        if (status < 0) {
            break;
        }
    }
    return status < 0 ? status : 0;
}

int fat_folder_next(struct fat_volume *volume, struct fat_folder *folder, uint32_t *index,
                    struct fat_found *found)
{
    return next_entry(volume, folder, index, found, NULL);
}

struct fat_folder fat_folder_resume(const struct fat_volume *volume, uint32_t first_cluster,
                                    uint64_t cursor, uint32_t *index)
{
    struct fat_folder folder = {.first_cluster = first_cluster,
                                .cluster = (uint32_t)(cursor >> 32)};

    *index = (uint32_t)cursor;
    if (folder.cluster) { /* that of the slot before */
        folder.cluster_index = (*index - 1) / slots_per_cluster(volume);
    }
    return folder;
}

/* Puts the name to be looked for into the scratch. */
static int set_wanted(struct fat_volume *volume, const char *name, size_t length)
{
    struct fat_scratch *scratch = volume->scratch;
    int count = fat_name_units(name, length, scratch->wanted);

    if (count < 0) {
        return count;
    }
    scratch->wanted_count = (uint32_t)count;
    scratch->has_wanted_alias = fat_alias_of_text(name, length, scratch->wanted_alias);
    return OK;
}

/* Has the entry found the wanted name, long or as its alias? */
static bool is_wanted(const struct fat_volume *volume, const struct fat_found *found)
{
    const struct fat_scratch *scratch = volume->scratch;

    if (fat_entry_is_dot(&found->entry)) {
        return false;
    }
    if (scratch->has_wanted_alias && fat_alias_is_same(found->entry.name, scratch->wanted_alias)) {
        return true;
    }
    if (found->unit_count != scratch->wanted_count) {
        return false;
    }
    for (uint32_t i = 0; i < found->unit_count; i++) {
        if (fat_fold(scratch->units[i]) != fat_fold(scratch->wanted[i])) {
            return false;
        }
    }
    return true;
}

int fat_folder_find(struct fat_volume *volume, struct fat_folder *folder, const char *name,
                    size_t length, struct fat_found *found)
{
    uint32_t index = 0;
    int status = set_wanted(volume, name, length);

    if (status < 0) {
        return status;
    }
    while ((status = fat_folder_next(volume, folder, &index, found)) == 1) {
        if (is_wanted(volume, found)) {
            return OK;
        }
    }
    return status < 0 ? status : -ENOENT;
}

int fat_folder_is_empty(struct fat_volume *volume, struct fat_folder *folder)
{
    struct fat_found found;
    uint32_t index = 0;
    int status;

    do {
        status = fat_folder_next(volume, folder, &index, &found);
    } while (status == 1 && fat_entry_is_dot(&found.entry));
    return status < 0 ? status : status == 0;
}

size_t fat_found_name(const struct fat_volume *volume, const struct fat_found *found,
                      char text[FAT_TEXT_BYTES])
{
    size_t length =
        found->unit_count > 0 ? fat_name_text(volume->scratch->units, found->unit_count, text) : 0;

    return length > 0 ? length : fat_alias_text(found->entry.name, found->entry.name_case, text);
}

/* ---------------------------------------------------------------- adding */

/* The aliases that a name could get: all that one seed gives. */
struct numbered {
    uint8_t names[FAT_ALIAS_NUMBERS][FAT_ALIAS_BYTES];
    uint32_t taken; /* bit n: names[n] is somebody's */
};

static void make_numbered(const struct fat_volume *volume, const struct fat_alias *alias,
                          unsigned seed, struct numbered *numbered)
{
    const struct fat_scratch *scratch = volume->scratch;

    numbered->taken = 0;
    for (unsigned i = 0; i < FAT_ALIAS_NUMBERS; i++) {
        fat_alias_number(alias, scratch->wanted, scratch->wanted_count, i, seed,
                         numbered->names[i]);
    }
}

static void note_alias(struct numbered *numbered, const uint8_t *name)
{
    for (unsigned i = 0; i < FAT_ALIAS_NUMBERS; i++) {
        if (memcmp(numbered->names[i], name, FAT_ALIAS_BYTES) == 0) {
            numbered->taken |= 1u << i;
        }
    }
}

/*
 * Walks through the folder, once: is the wanted name there (-EEXISTS, and *found says where), which
 * slots are free, which aliases are taken (numbered NULL: the one that the name gets is the name
 * itself). *end: the first slot that was never used.
 */
static int make_survey(struct fat_volume *volume, struct fat_folder *folder,
                       struct fat_found *found, struct free_row *row, struct numbered *numbered,
                       uint32_t *end)
{
    uint32_t entries = 0;
    int status;

    *end = 0;
    row->first = row->count = 0;
    while ((status = next_entry(volume, folder, end, found, row)) == 1) {
        if (is_wanted(volume, found)) {
            return -EEXISTS;
        }
        if (numbered) {
            note_alias(numbered, found->entry.name);
        }
        if (++entries % ENTRIES_AT_ONCE == 0 && !task_pause()) {
            return -EINTERRUPTED;
        }
    }
    if (row->count == 0) {
        row->first = *end;
    }
    return status;
}

int fat_folder_clear_cluster(struct fat_volume *volume, uint32_t cluster,
                             const struct fat_entry dots[2])
{
    uint32_t sectors = MIN(volume->cluster_sectors, 8u);
    uint8_t *bytes = kmem_zalloc(sectors * volume->sector_bytes);
    uint32_t first = fat_cluster_sector(volume, cluster);
    int status = bytes ? OK : -ENOMEM;

    if (status == OK && fat_is_changed(volume, first, volume->cluster_sectors)) {
        status = -ECORRUPT; /* it is another folder's, too */
    }
    if (status == OK && dots) {
        memcpy(bytes, dots, 2 * SLOT_BYTES);
    }
    volume->is_unflushed = true;
    for (uint32_t i = 0; status == OK && i < volume->cluster_sectors; i += sectors) {
        status = block_cache_write(volume->device, first + i, sectors, bytes);
        memset(bytes, 0, 2 * SLOT_BYTES);
        (void)task_pause();
    }
    kmem_free(bytes);
    return status;
}

/* How many slots the folder has, up to `enough`. */
static int count_slots(struct fat_volume *volume, struct fat_folder *folder, uint32_t enough)
{
    struct fat_place place;
    int status;

    while ((status = find_place(volume, folder, enough - 1, &place)) == 0) {
        if (folder->first_cluster == 0) {
            return (int)(volume->root_sectors * volume->sector_bytes / SLOT_BYTES);
        }
        /* seek() has stopped at the last cluster. */
        return (int)((folder->cluster_index + 1) * slots_per_cluster(volume));
    }
    return status < 0 ? status : (int)enough;
}

/* Makes the folder have that many slots. */
static int grow(struct fat_volume *volume, struct fat_folder *folder, uint32_t slots)
{
    if (slots > FAT_FOLDER_SLOTS_MAX) {
        return -ENOSPACE;
    }
    for (;;) {
        uint32_t cluster, count;
        int status = count_slots(volume, folder, slots);

        if (status < 0 || (uint32_t)status >= slots) {
            return status < 0 ? status : OK;
        }
        if (folder->first_cluster == 0) {
            return -ENOSPACE;
        }
        status = fat_chain_extend(volume, folder->cluster, 1, &cluster, &count);
        if (status == OK) {
            status = fat_folder_clear_cluster(volume, cluster, NULL);
        }
        if (status < 0) {
            return status;
        }
    }
}

/* The slot behind the last one in use must say so, where others have left something behind it. */
static int end_folder(struct fat_volume *volume, struct fat_folder *folder, uint32_t end)
{
    const struct fat_entry *entry;
    struct fat_place place;
    int status = end < FAT_FOLDER_SLOTS_MAX ? read_slot(volume, folder, end, &place, &entry) : 0;

    if (status == 1 && entry->name[0] != FAT_ENTRY_END) {
        struct fat_entry *changed;

        status = fat_entry_change(volume, &place, &changed);
        if (status == OK) {
            memset(changed, 0, SLOT_BYTES);
        }
    }
    return status < 0 ? status : OK;
}

/* Long-name slot number `number`, from 1, of `slots`. */
static void fill_long_slot(const struct fat_volume *volume, struct fat_long_slot *slot,
                           uint32_t number, uint32_t slots, uint8_t checksum)
{
    const struct fat_scratch *scratch = volume->scratch;
    uint16_t units[FAT_SLOT_UNITS];

    for (uint32_t i = 0; i < FAT_SLOT_UNITS; i++) {
        uint32_t at = (number - 1) * FAT_SLOT_UNITS + i;

        units[i] = at < scratch->wanted_count
                       ? scratch->wanted[at]
                       : (uint16_t)(at == scratch->wanted_count ? 0 : 0xFFFF);
    }
    *slot = (struct fat_long_slot){
        .order = (uint8_t)(number | (number == slots ? FAT_SLOT_LAST : 0)),
        .attributes = FAT_LONG_NAME,
        .checksum = checksum,
    };
    put_units(slot, units);
}

/* Writes the slots from `first` on: the long name's, if any, and the entry itself. */
static int write_slots(struct fat_volume *volume, struct fat_folder *folder, uint32_t first,
                       uint32_t long_slots, const struct fat_entry *entry, struct fat_place *place)
{
    uint8_t checksum = fat_alias_checksum(entry->name);
    int status = OK;

    for (uint32_t i = 0; status == OK && i <= long_slots; i++) {
        struct fat_entry *slot;

        status = change_slot(volume, folder, first + i, place, &slot);
        if (status == OK && i == long_slots) {
            *slot = *entry;
        } else if (status == OK) {
            fill_long_slot(volume, (struct fat_long_slot *)(void *)slot, long_slots - i, long_slots,
                           checksum);
        }
    }
    return status;
}

/* Looks for an alias that nobody has, and for slots. One that says all of the name is free if the
 * name is. */
static int choose(struct fat_volume *volume, struct fat_folder *folder,
                  const struct fat_alias *alias, uint8_t *name, struct fat_found *found,
                  struct free_row *row, uint32_t *end)
{
    struct numbered numbered;

    if (alias->is_exact) {
        memcpy(name, alias->name, FAT_ALIAS_BYTES);
        return make_survey(volume, folder, found, row, NULL, end);
    }
    for (unsigned seed = 0; seed < ALIAS_SEEDS; seed++) {
        make_numbered(volume, alias, seed, &numbered);

        int status =
            task_pause() ? make_survey(volume, folder, found, row, &numbered, end) : -EINTERRUPTED;

        if (status < 0) {
            return status;
        }
        for (unsigned i = 0; i < FAT_ALIAS_NUMBERS; i++) {
            if (!(numbered.taken >> i & 1)) {
                memcpy(name, numbered.names[i], FAT_ALIAS_BYTES);
                return OK;
            }
        }
    }
    return -ENOSPACE;
}

int fat_folder_add(struct fat_volume *volume, struct fat_folder *folder, const char *name,
                   size_t length, struct fat_entry *entry, struct fat_found *found)
{
    struct fat_scratch *scratch = volume->scratch;
    struct fat_alias alias;
    uint32_t end;
    int status = set_wanted(volume, name, length);

    if (status < 0) {
        return status;
    }
    fat_alias_make(scratch->wanted, scratch->wanted_count, &alias);
    uint32_t long_slots =
        alias.needs_long ? (scratch->wanted_count + FAT_SLOT_UNITS - 1) / FAT_SLOT_UNITS : 0;
    struct free_row row = {.needed = long_slots + 1};

    status = choose(volume, folder, &alias, entry->name, found, &row, &end);
    if (status == OK && fat_name_is_device(scratch->wanted, scratch->wanted_count)) {
        status = -EDEVICENAME; /* one that is there can be opened */
    }
    if (status < 0) {
        return status;
    }
    entry->name_case = alias.name_case;
    found->slots = (struct fat_slots){row.first, row.first + long_slots};
    uint32_t behind = row.first + row.needed;
    if (behind > end) {
        status = grow(volume, folder, behind);
    }
    if (status == OK) {
        status = write_slots(volume, folder, row.first, long_slots, entry, &found->place);
    }
    if (status == OK && behind > end) {
        status = end_folder(volume, folder, behind);
    }
    found->entry = *entry;
    return status;
}

int fat_folder_remove(struct fat_volume *volume, struct fat_folder *folder,
                      const struct fat_slots *slots)
{
    int status = OK;

    for (uint32_t i = slots->first; status == OK && i <= slots->last; i++) {
        struct fat_entry *entry;
        struct fat_place place;

        status = change_slot(volume, folder, i, &place, &entry);
        if (status == OK) {
            entry->name[0] = FAT_ENTRY_DELETED;
        }
    }
    return status;
}

int fat_folder_read(struct fat_volume *volume, struct fat_folder *folder,
                    const struct fat_slots *slots, const struct fat_place *place,
                    struct fat_entry *entry)
{
    const struct fat_entry *there = NULL;
    struct fat_place found;
    int status = read_slot(volume, folder, slots->last, &found, &there);

    if (status < 0) {
        return status;
    }
    if (status == 0 || found.sector != place->sector || found.offset != place->offset) {
        return -ENOENT;
    }
    *entry = *there;
    return OK;
}

/* ---------------------------------------------------------------- orphans */

/* Removes the slots from `first` to `end`, not included. */
static int remove_slots(struct fat_volume *volume, struct fat_folder *folder, uint32_t first,
                        uint32_t end)
{
    int status = OK;

    for (uint32_t i = first; status == OK && i < end; i++) {
        struct fat_entry *entry;
        struct fat_place place;

        status = fat_begin(volume, 1);
        if (status == OK) {
            status = change_slot(volume, folder, i, &place, &entry);
            if (status == OK) {
                entry->name[0] = FAT_ENTRY_DELETED;
            }
            status = fat_end(volume, status);
        }
    }
    return status;
}

/* Slots behind the end, which others may take for entries: the number of those, from `index` on. */
static int clear_behind(struct fat_volume *volume, struct fat_folder *folder, uint32_t index,
                        bool removes)
{
    const struct fat_entry *entry;
    struct fat_place place;
    int count = 0, status = 0;

    while (index < FAT_FOLDER_SLOTS_MAX &&
           (status = read_slot(volume, folder, index, &place, &entry)) == 1) {
        if (entry->name[0] != FAT_ENTRY_END && entry->name[0] != FAT_ENTRY_DELETED) {
            count++;
            status = removes ? remove_slots(volume, folder, index, index + 1) : OK;
        }
        if (status < 0) {
            return status;
        }
        (void)fat_pause(index++);
    }
    return status < 0 ? status : count;
}

int fat_folder_orphans(struct fat_volume *volume, struct fat_folder *folder, bool removes)
{
    struct collector collector = {0};
    const struct fat_entry *entry;
    struct fat_place place;
    uint32_t index = 0, first = 0; /* slots from first on belong to nothing yet */
    int orphans = 0, status;

    while ((status = read_slot(volume, folder, index, &place, &entry)) == 1 &&
           entry->name[0] != FAT_ENTRY_END) {
        bool is_long = entry->name[0] != FAT_ENTRY_DELETED &&
                       (entry->attributes & FAT_LONG_MASK) == FAT_LONG_NAME;

        if (is_long) {
            if (entry->name[0] & FAT_SLOT_LAST && index > first) {
                orphans += (int)(index - first);
                status = removes ? remove_slots(volume, folder, first, index) : OK;
                first = index;
                /* The slot may have left the window meanwhile. */
                status = status == OK ? read_slot(volume, folder, index, &place, &entry) : status;
                if (status < 0) {
                    return status;
                }
            }
            collect(volume, (const struct fat_long_slot *)(const void *)entry, index, &collector);
        } else {
            bool is_named = entry->name[0] != FAT_ENTRY_DELETED &&
                            long_length(volume, &collector, entry) > 0 &&
                            collector.first_slot == first;

            if (index > first && !is_named) {
                orphans += (int)(index - first);
                status = removes ? remove_slots(volume, folder, first, index) : OK;
                if (status < 0) {
                    return status;
                }
            }
            collector = (struct collector){0};
            first = index + 1;
        }
        index++;
        (void)fat_pause(index);
    }
    if (status >= 0 && index > first) {
        orphans += (int)(index - first);
        status = removes ? remove_slots(volume, folder, first, index) : OK;
    }
    if (status >= 0) {
        status = clear_behind(volume, folder, index, removes);
    }
    return status < 0 ? status : orphans + status;
}
