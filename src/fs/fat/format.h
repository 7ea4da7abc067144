/*
 * fs/fat/format.h - what stands on a FAT volume (Microsoft, "FAT: General Overview of On-Disk
 * Format", 1.03; the sections are its).
 *
 *   reserved sectors   boot record with the BPB (the volume's parameters); FAT32: FSInfo, a copy of
 *                      both; where mkimage has left room: the log (log.h)
 *   FATs               1 or more copies: for each cluster the number of the next one of its file
 *   root folder        FAT12 and FAT16 only, of fixed length
 *   clusters           the first of which is number 2
 */
#ifndef FS_FAT_FORMAT_H
#define FS_FAT_FORMAT_H

#include <stdint.h>

#include "abi/volume.h"

/* The boot record, up to its signature 55 AA at byte 510 (section 3.1 to 3.3). */
struct fat_boot_record {
    uint8_t jump[3];
    char oem_name[8];
    uint16_t bytes_per_sector;
    uint8_t sectors_per_cluster;
    uint16_t reserved_sectors;
    uint8_t fat_count;
    uint16_t root_entries;
    uint16_t total_sectors_16;
    uint8_t media;
    uint16_t fat_sectors_16;
    uint16_t sectors_per_track;
    uint16_t heads;
    uint32_t hidden_sectors;
    uint32_t total_sectors_32;
    union {
        struct {
            uint8_t drive;
            uint8_t flags;    /* FAT_RECORD_DIRTY */
            uint8_t extended; /* 0x29: what follows is there; 0x28: the serial number only */
            uint32_t serial;
        } __attribute__((packed)) small; /* FAT12 and FAT16 */
        struct {
            uint32_t fat_sectors;
            uint16_t mirroring; /* FAT_ONE_ACTIVE, and then the FAT's number in the low bits */
            uint16_t version;   /* 0 */
            uint32_t root_cluster;
            uint16_t info_sector;   /* 0 or 0xFFFF: none */
            uint16_t backup_sector; /* the same */
            uint8_t reserved[12];
            uint8_t drive;
            uint8_t flags;
            uint8_t extended;
            uint32_t serial;
        } __attribute__((packed)) large; /* FAT32 */
    };
} __attribute__((packed));

_Static_assert(sizeof(struct fat_boot_record) == 71, "boot record");

#define FAT_SIGNATURE_OFFSET 510  /* 0x55 0xAA */
#define FAT_RECORD_DIRTY     0x01 /* the volume was not unmounted */
#define FAT_ONE_ACTIVE       0x80
#define FAT_ACTIVE_MASK      0x0F

/* How many clusters make it FAT12 or FAT16 (section 3.5). */
#define FAT12_CLUSTERS_MAX 4084
#define FAT16_CLUSTERS_MAX 65524
#define FAT32_CLUSTERS_MAX 0x0FFFFFF5

/* FSInfo (section 5). */
struct fat_info {
    uint32_t lead_signature;
    uint8_t reserved_1[480];
    uint32_t signature;
    uint32_t free_clusters; /* 0xFFFFFFFF: unknown */
    uint32_t next_free;
    uint8_t reserved_2[12];
    uint32_t trail_signature;
};

_Static_assert(sizeof(struct fat_info) == 512, "FSInfo");

#define FAT_INFO_LEAD    0x41615252
#define FAT_INFO_MIDDLE  0x61417272
#define FAT_INFO_TRAIL   0xAA550000
#define FAT_INFO_UNKNOWN 0xFFFFFFFF

/* What stands in a FAT (section 4), as of FAT32; chain.h gives FAT12's and FAT16's in these. */
#define FAT_FREE          0
#define FAT_CLUSTER_FIRST 2
#define FAT_BAD           0x0FFFFFF7
#define FAT_END           0x0FFFFFF8 /* and above */
#define FAT_END_WRITTEN   0x0FFFFFFF
#define FAT_VALUE_MASK    0x0FFFFFFF /* the four bits above are kept as they are */

/* In the FAT's entry number 1, as long as nothing is wrong. FAT12 has none of it. */
#define FAT16_IS_CLEAN 0x8000
#define FAT32_IS_CLEAN 0x08000000

/* A folder's entry (section 6). */
#define FAT_ALIAS_BYTES 11 /* 8 + 3, capitals, padded with blanks */

struct fat_entry {
    uint8_t name[FAT_ALIAS_BYTES];
    uint8_t attributes;
    uint8_t name_case; /* FAT_LOWER_... */
    uint8_t created_hundredths;
    uint16_t created_time, created_date;
    uint16_t accessed_date;
    uint16_t first_cluster_high; /* FAT32 */
    uint16_t modified_time, modified_date;
    uint16_t first_cluster_low;
    uint32_t size;
};

_Static_assert(sizeof(struct fat_entry) == 32, "entry");

#define FAT_ENTRY_END     0x00 /* no entry from here on was ever used */
#define FAT_ENTRY_DELETED 0xE5
#define FAT_ENTRY_E5      0x05 /* stands for a name that begins with 0xE5 */

#define FAT_READ_ONLY 0x01
#define FAT_LABEL     0x08
#define FAT_DIRECTORY 0x10
#define FAT_ARCHIVE   0x20
#define FAT_LONG_NAME 0x0F
#define FAT_LONG_MASK 0x3F

/* Windows NT's: base name, or extension, is to be read in small letters. */
#define FAT_LOWER_BASE      0x08
#define FAT_LOWER_EXTENSION 0x10

#define FAT_FOLDER_SLOTS_MAX 65536 /* 2 MiB */

/* Part of a long name, 13 UTF-16 units, before the entry that it belongs to; the last part is first
 * (section 7). */
#define FAT_SLOT_UNITS 13

struct fat_long_slot {
    uint8_t order; /* 1 for the name's beginning ...; FAT_SLOT_LAST: its end */
    uint16_t units_1[5];
    uint8_t attributes; /* FAT_LONG_NAME */
    uint8_t type;       /* 0 */
    uint8_t checksum;   /* of the entry's name */
    uint16_t units_2[6];
    uint16_t first_cluster; /* 0 */
    uint16_t units_3[2];
} __attribute__((packed));

_Static_assert(sizeof(struct fat_long_slot) == 32, "slot");

#define FAT_SLOT_LAST      0x40
#define FAT_NAME_UNITS_MAX NAME_UNITS_MAX
#define FAT_LONG_SLOTS_MAX 20

#endif
