/*
 * fat_examine.h - what fsck.fat looks for on a FAT volume in memory, some hundred times as fast,
 * and what it does not look for: for tests that look at thousands of volumes. It shares no code
 * with src/fs/fat/. Sectors of 512 bytes or more; at most two levels of trust: what a power cut may
 * leave, and what it may not.
 */
#ifndef FAT_EXAMINE_H
#define FAT_EXAMINE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What may be found after a power cut, before the volume is mounted again. */
enum {
    FAT_FINDS_LOST = 1,    /* clusters that belong to nothing */
    FAT_FINDS_COPIES = 2,  /* FATs that differ */
    FAT_FINDS_DIRTY = 4,   /* the mark of a volume that was not unmounted */
    FAT_FINDS_INFO = 8,    /* a wrong number in FSInfo */
    FAT_FINDS_LONGER = 16, /* a chain longer than its file */
    FAT_FINDS_SLOTS = 32,  /* parts of long names without an entry, entries behind a folder's end */
    FAT_FINDS_WRONG = 64,  /* anything else: this may not be */
};

struct fat_examiner {
    const uint8_t *bytes, *fat;
    uint32_t sector, cluster_bytes, clusters, bits, fat_bytes;
    uint32_t root_at, root_bytes, data_at, root_cluster;
    uint8_t *used; /* for each cluster */
    unsigned found;
    char *wrong; /* a sentence about the first thing that is wrong */
};

#define FAT_WRONG_BYTES 160

static inline uint32_t fat_examine_16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static inline uint32_t fat_examine_32(const uint8_t *at)
{
    return fat_examine_16(at) | fat_examine_16(at + 2) << 16;
}

static inline void fat_examine_wrong(struct fat_examiner *it, const char *format, ...)
{
    va_list arguments;

    if (!(it->found & FAT_FINDS_WRONG)) {
        va_start(arguments, format);
        vsnprintf(it->wrong, FAT_WRONG_BYTES, format, arguments);
        va_end(arguments);
    }
    it->found |= FAT_FINDS_WRONG;
}

/* The entry of a cluster; numbers from bad on as FAT32's. */
static inline uint32_t fat_examine_entry(const struct fat_examiner *it, uint32_t cluster)
{
    uint32_t value, mask = it->bits == 12 ? 0xFFF : it->bits == 16 ? 0xFFFF : 0x0FFFFFFF;

    if (it->bits == 12) {
        value = fat_examine_16(it->fat + cluster * 3 / 2) >> (cluster % 2 ? 4 : 0);
    } else {
        value = it->bits == 16 ? fat_examine_16(it->fat + cluster * 2)
                               : fat_examine_32(it->fat + cluster * 4);
    }
    value &= mask;
    return value >= (0x0FFFFFF7 & mask) ? value | 0x0FFFF000 : value;
}

static inline bool fat_examine_is_cluster(const struct fat_examiner *it, uint32_t cluster)
{
    return cluster >= 2 && cluster < it->clusters + 2;
}

/* Follows the chain of something called name, of at least `wanted` clusters: its length; 0 when it
 * is wrong. Its clusters become used. */
static inline uint32_t fat_examine_chain(struct fat_examiner *it, const char *name, uint32_t first,
                                         uint32_t wanted)
{
    uint32_t cluster = first, count = 0;

    for (;;) {
        if (!fat_examine_is_cluster(it, cluster)) {
            fat_examine_wrong(it, "'%s' leads to cluster %u", name, cluster);
            return 0;
        }
        uint32_t next = fat_examine_entry(it, cluster);
        if (next == 0 || next == 0x0FFFFFF7) {
            fat_examine_wrong(it, "'%s' leads to the %s cluster %u", name, next ? "bad" : "free",
                              cluster);
            return 0;
        }
        if (it->used[cluster]) {
            fat_examine_wrong(it, "'%s' has cluster %u, which is another's, too", name, cluster);
            return 0;
        }
        it->used[cluster] = 1;
        count++;
        if (next >= 0x0FFFFFF8) {
            break;
        }
        cluster = next;
    }
    if (count < wanted) {
        fat_examine_wrong(it, "'%s' has %u clusters, and needs %u", name, count, wanted);
        return 0;
    }
    return count;
}

/* A long name while its slots are read. */
struct fat_examine_long {
    uint8_t next, checksum, slots;
};

static inline void fat_examine_slot(struct fat_examiner *it, const uint8_t *slot,
                                    struct fat_examine_long *name)
{
    uint8_t number = slot[0] & 0x3F;

    if (slot[0] & 0x40) {
        it->found |= name->slots ? FAT_FINDS_SLOTS : 0; /* one before it has no entry */
        *name = (struct fat_examine_long){number, slot[13], number};
    }
    if (number == 0 || number > 20 || name->next != number || name->checksum != slot[13]) {
        it->found |= FAT_FINDS_SLOTS;
        *name = (struct fat_examine_long){0};
        return;
    }
    name->next--;
}

static inline void fat_examine_folder(struct fat_examiner *it, uint32_t first, uint32_t parent,
                                      unsigned depth);

/* The entry of a file or of a folder. */
static inline void fat_examine_file(struct fat_examiner *it, const uint8_t *slot, uint32_t folder,
                                    unsigned depth)
{
    uint32_t first = fat_examine_16(slot + 26), size = fat_examine_32(slot + 28);
    char name[12];

    snprintf(name, sizeof(name), "%.11s", (const char *)slot);
    if (it->bits == 32) {
        first |= fat_examine_16(slot + 20) << 16;
    }
    if (slot[11] & 0x10) {
        if (depth > 20) {
            fat_examine_wrong(it, "'%s' is too deep", name);
        } else if (fat_examine_chain(it, name, first, 1)) {
            fat_examine_folder(it, first, folder, depth + 1);
        }
        return;
    }
    uint32_t wanted = (uint32_t)(((uint64_t)size + it->cluster_bytes - 1) / it->cluster_bytes);
    if (wanted || first) {
        uint32_t count = fat_examine_chain(it, name, first, wanted);

        it->found |= count > wanted ? FAT_FINDS_LONGER : 0;
    }
}

/* "." and "..", at the begin of each folder but the root. */
static inline void fat_examine_dots(struct fat_examiner *it, const uint8_t *slots, uint32_t own,
                                    uint32_t parent)
{
    for (int i = 0; i < 2; i++, slots += 32) {
        uint32_t first = fat_examine_16(slots + 26), wanted = i ? parent : own;

        first |= it->bits == 32 ? fat_examine_16(slots + 20) << 16 : 0;
        if (memcmp(slots, i ? "..         " : ".          ", 11) != 0 || !(slots[11] & 0x10)) {
            fat_examine_wrong(it, "the folder at cluster %u has no %s", own, i ? ".." : ".");
        } else if (first != wanted) {
            fat_examine_wrong(it, "'%s' of the folder at cluster %u is %u, not %u", i ? ".." : ".",
                              own, first, wanted);
        }
    }
}

/* The slots of a folder, whose chain is known to be good; first 0: FAT12's and FAT16's root. */
static inline void fat_examine_folder(struct fat_examiner *it, uint32_t first, uint32_t parent,
                                      unsigned depth)
{
    uint32_t cluster = first, bytes = first ? it->cluster_bytes : it->root_bytes;
    uint32_t own = first == it->root_cluster ? 0 : first;
    struct fat_examine_long name = {0};
    bool has_ended = false;

    do {
        const uint8_t *slots =
            it->bytes +
            (cluster ? it->data_at + (size_t)(cluster - 2) * it->cluster_bytes : it->root_at);

        if (own && cluster == first) {
            fat_examine_dots(it, slots, own, parent);
        }
        for (uint32_t at = own && cluster == first ? 64 : 0; at < bytes; at += 32) {
            const uint8_t *slot = slots + at;

            has_ended |= slot[0] == 0;
            it->found |= has_ended && slot[0] && slot[0] != 0xE5 ? FAT_FINDS_SLOTS : 0;
            if (slot[0] && slot[0] != 0xE5 && (slot[11] & 0x3F) == 0x0F) {
                fat_examine_slot(it, slot, &name);
                continue;
            }
            bool is_entry = slot[0] && slot[0] != 0xE5 && !(slot[11] & 0x08);
            if (name.slots) {
                uint8_t sum = 0;

                for (int i = 0; i < 11; i++) {
                    sum = (uint8_t)((sum >> 1 | sum << 7) + slot[i]);
                }
                it->found |= !is_entry || name.next || sum != name.checksum ? FAT_FINDS_SLOTS : 0;
            }
            name = (struct fat_examine_long){0};
            if (is_entry) {
                fat_examine_file(it, slot, own, depth);
            }
        }
        cluster = cluster ? fat_examine_entry(it, cluster) : 0x0FFFFFFF;
    } while (cluster < 0x0FFFFFF8);
    it->found |= name.slots ? FAT_FINDS_SLOTS : 0;
}

/* What is in the FAT itself. */
static inline void fat_examine_table(struct fat_examiner *it)
{
    const uint8_t *record = it->bytes;
    uint32_t free = 0, info = it->bits == 32 ? fat_examine_16(record + 48) : 0;

    for (unsigned copy = 1; copy < record[16]; copy++) {
        it->found |= memcmp(it->fat, it->fat + (size_t)copy * it->fat_bytes, it->fat_bytes) != 0
                         ? FAT_FINDS_COPIES
                         : 0;
    }
    for (uint32_t cluster = 2; cluster < it->clusters + 2; cluster++) {
        uint32_t value = fat_examine_entry(it, cluster);

        free += value == 0;
        if (value >= it->clusters + 2 && value < 0x0FFFFFF7) {
            fat_examine_wrong(it, "the entry of cluster %u is %u", cluster, value);
        }
        it->found |= value && value != 0x0FFFFFF7 && !it->used[cluster] ? FAT_FINDS_LOST : 0;
    }
    uint8_t flags = record[it->bits == 32 ? 65 : 37];
    uint32_t mark = it->bits == 32   ? fat_examine_32(it->fat + 4) & 0x08000000
                    : it->bits == 16 ? fat_examine_16(it->fat + 2) & 0x8000
                                     : 1;
    it->found |= flags & 1 || !mark ? FAT_FINDS_DIRTY : 0;
    if (info && info != 0xFFFF) {
        uint32_t count = fat_examine_32(record + info * it->sector + 488);

        it->found |= count != free && count != 0xFFFFFFFF ? FAT_FINDS_INFO : 0;
    }
}

/* All that is found on the volume; wrong: a sentence, if FAT_FINDS_WRONG is among it. */
static inline unsigned fat_examine(const uint8_t *bytes, char wrong[FAT_WRONG_BYTES])
{
    struct fat_examiner it = {.bytes = bytes, .wrong = wrong};
    uint32_t total = fat_examine_16(bytes + 19), fats = fat_examine_16(bytes + 22);
    bool is_large = fats == 0;

    wrong[0] = '\0';
    it.sector = fat_examine_16(bytes + 11);
    total = total ? total : fat_examine_32(bytes + 32);
    fats = is_large ? fat_examine_32(bytes + 36) : fats;
    it.fat_bytes = fats * it.sector;
    it.cluster_bytes = bytes[13] * it.sector;
    it.fat = bytes + fat_examine_16(bytes + 14) * it.sector;
    it.root_at = fat_examine_16(bytes + 14) * it.sector + bytes[16] * it.fat_bytes;
    it.root_bytes = fat_examine_16(bytes + 17) * 32;
    it.data_at = it.root_at + it.root_bytes;
    it.clusters = (uint32_t)(((uint64_t)total * it.sector - it.data_at) / it.cluster_bytes);
    it.bits = is_large ? 32 : it.clusters <= 4084 ? 12 : 16;
    it.root_cluster = is_large ? fat_examine_32(bytes + 44) : 0;
    it.used = calloc(it.clusters + 2, 1);
    if (!is_large || fat_examine_chain(&it, "the root folder", it.root_cluster, 1)) {
        fat_examine_folder(&it, it.root_cluster, 0, 0);
    }
    fat_examine_table(&it);
    free(it.used);
    return it.found;
}

#endif
