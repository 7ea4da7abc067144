/*
 * abi/file.h - what the file commands give to programs, and fs/file.h to the kernel.
 * No padding: these go to programs as they are.
 */
#ifndef ABI_FILE_H
#define ABI_FILE_H

#include <stdint.h>

#define FILE_NAME_BYTES 13 /* 8 + '.' + 3 + NUL */

#define FILE_SEEK_SET 0 /* from the beginning */
#define FILE_SEEK_CUR 1 /* from the position */
#define FILE_SEEK_END 2 /* from the end */

/* A process's descriptors are FILE_DESCRIPTOR_FIRST and up; 0 to 2 are the console's in C. */
#define FILE_DESCRIPTOR_FIRST 3
#define FILE_DESCRIPTORS_MAX  16

struct file_stat {
    uint32_t size; /* in bytes; 0 for a directory */
    uint8_t is_directory;
    uint8_t is_read_only;
    uint8_t reserved[2];
};

struct directory_entry {
    char name[FILE_NAME_BYTES]; /* lower case, "name.ext", NUL-terminated */
    uint8_t reserved[3];
    struct file_stat stat;
};

#endif
