/*
 * abi/volume.h - what the calls about files, folders and drives by path take and give. For programs
 * and kernel.
 *
 * All members have the same place in 32-bit and 64-bit programs. Times are seconds since
 * 1970-01-01, as the machine's clock has them; 0: unknown.
 */
#ifndef ABI_VOLUME_H
#define ABI_VOLUME_H

#include <stdint.h>

/* The longest name of a file or folder: in units of UTF-16, as FAT counts (one for a character, two
 * for the rare ones beyond U+FFFF), and in bytes of UTF-8, up to three for a unit, with its NUL. */
#define NAME_UNITS_MAX 255
#define NAME_BYTES_MAX 766

/* How OPEN_FILE opens. */
#define OPEN_READ      0x01u
#define OPEN_WRITE     0x02u
#define OPEN_APPEND    0x20u  /* each write is at the end */
#define OPEN_CREATE    0x40u  /* a file, if there is none of that name */
#define OPEN_EXCLUSIVE 0x80u  /* with OPEN_CREATE: an error if there is one */
#define OPEN_TRUNCATE  0x100u /* with OPEN_WRITE: its size is 0 from now on */
#define OPEN_DIRECTORY 0x200u /* an error if it is no folder; not with OPEN_CREATE */

/* What REMOVE removes. */
#define REMOVE_FILE      0u
#define REMOVE_DIRECTORY 1u

#define FILE_IS_PLAIN     1u
#define FILE_IS_DIRECTORY 2u
#define FILE_IS_DEVICE    3u
#define FILE_IS_PIPE      4u

#define FILE_IS_READ_ONLY 1u /* of flags */

/* READ_AT, WRITE_AT: what is to go where. */
struct file_transfer {
    uint64_t position; /* in the file */
    uint64_t buffer;   /* the program's address */
    uint64_t length;   /* bytes */
};

/* STAT_FILE */
struct file_details {
    uint64_t size;
    uint64_t number; /* one of its own on its drive, as long as it is open */
    int64_t modified, accessed, created;
    uint32_t kind;  /* FILE_IS_PLAIN ... */
    uint32_t flags; /* FILE_IS_READ_ONLY */
    uint32_t drive;
    uint32_t links;       /* 0: its name was removed */
    uint32_t piece_bytes; /* in which it gets room */
    uint32_t reserved;
};

/* LIST_DIRECTORY fills memory with these, one behind the other. */
struct directory_record {
    uint64_t number;
    uint64_t size;
    int64_t modified;
    uint16_t bytes; /* of this record: a multiple of 8 */
    uint8_t kind;
    uint8_t flags;
    char name[4]; /* and more, as bytes says: NUL-terminated */
};

/* Where the name begins; no record is longer than the other, a multiple of 8. */
#define DIRECTORY_RECORD_NAME      28
#define DIRECTORY_RECORD_BYTES_MAX ((DIRECTORY_RECORD_NAME + NAME_BYTES_MAX + 7) / 8 * 8)

/* VOLUMES */
struct volume_details {
    uint64_t bytes, free_bytes;
    uint32_t drive;
    uint32_t flags;       /* FILE_IS_READ_ONLY */
    uint32_t piece_bytes; /* in which files get room */
    uint32_t reserved;
    char place[16];   /* "/", "/tmp", "2:/" */
    char type[16];    /* "FAT16" */
    char source[32];  /* the disk and partition; "" */
    char remark[128]; /* what there is to say about it, without a full stop; "" */
};

#endif
