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

/*
 * A process's descriptors. The first three are input, output and errors in C: the console's when a
 * program is started by the kernel, and the parent's when another started it. open() gives numbers
 * from FILE_DESCRIPTOR_FIRST on.
 */
#define FILE_INPUT            0
#define FILE_OUTPUT           1
#define FILE_ERRORS           2
#define FILE_DESCRIPTOR_FIRST 3
#define FILE_DESCRIPTORS_MAX  29 /* from FILE_DESCRIPTOR_FIRST on */
#define FILE_DESCRIPTORS      (FILE_DESCRIPTOR_FIRST + FILE_DESCRIPTORS_MAX)

/* What a file is. */
#define FILE_KIND_PLAIN  0 /* a file or a folder of a volume */
#define FILE_KIND_DEVICE 1
#define FILE_KIND_PIPE   2

/* What control() does, each with a uint32_t: to read and set the flags of a descriptor, of which
 * FILE_CLOSE_ON_EXECUTE is its own, and FILE_NO_WAIT its file's; and the console's mode for the
 * caller. */
#define CONTROL_GET_FLAGS 1
#define CONTROL_SET_FLAGS 2
#define CONTROL_GET_MODE  3
#define CONTROL_SET_MODE  4

/* The mode; a program begins with both. */
#define CONSOLE_LINES 1u /* read() gives lines, which the user edits; else bytes as they come */
#define CONSOLE_ECHO  2u /* what is typed is shown */

/* Of a descriptor. */
#define FILE_READ             1u  /* its file can be read */
#define FILE_WRITE            2u  /* ... and written */
#define FILE_NO_WAIT          4u  /* what would wait gives -EAGAIN, of a pipe */
#define FILE_CLOSE_ON_EXECUTE 8u  /* it is closed when another program takes its process's place */
#define FILE_LOWEST           16u /* for duplicate(): the lowest free number from the given one on */
#define FILE_APPEND           32u /* each write is at the end */

struct file_stat {
    uint32_t size; /* in bytes; 0 for a directory */
    uint8_t is_directory;
    uint8_t is_read_only;
    uint8_t kind; /* FILE_KIND_... */
    uint8_t reserved;
};

struct directory_entry {
    char name[FILE_NAME_BYTES]; /* lower case, "name.ext", NUL-terminated */
    uint8_t reserved[3];
    struct file_stat stat;
};

#endif
