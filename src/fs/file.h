/*
 * fs/file.h - an open file: what descriptors share after a fork or a spawn.
 *
 * What is behind it is known to its operations alone: a file or a folder of a volume
 * (fs/file_object.h), an end of a pipe, a device. Whoever makes one embeds a struct file as the
 * first member of its own struct, and frees it in close().
 *
 * Functions give 0 or a count, or an error of status.h. An operation that is NULL gives the error
 * that stands beside it. Reading and writing may wait, and may let others run; when the running
 * task was cancelled meanwhile, they end with -EINTERRUPTED.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/file.h"
#include "memory/io_buffer.h"

struct page_object;
struct node;
struct file;

/* Writes that stay together, of a pipe. */
#define FILE_ATOMIC_BYTES 4096

struct file_operations {
    /* A read of any length, and a write of up to FILE_ATOMIC_BYTES, does nothing when the buffer is
     * not the program's: so nobody needs to check that before. */
    bool is_atomic;
    /* Up to length bytes, at file->position where the file has one; both move it. 0: the end. After
     * an error the position is unchanged. NULL: -EMODE. */
    int (*read)(struct file *file, struct io_buffer to, size_t length);
    int (*write)(struct file *file, struct io_buffer from, size_t length);
    /* NULL: -ENOSEEK. */
    int (*seek)(struct file *file, uint64_t position);
    void (*stat)(const struct file *file, struct file_stat *stat); /* *stat is all zero before */
    int (*read_directory)(struct file *file, struct directory_entry *entry); /* NULL: -ENOTDIR */
    int (*contents)(struct file *file, struct page_object **contents);       /* NULL: -EMODE */
    int (*control)(struct file *file, unsigned what, struct user_pointer argument); /* -EINVARG */
    int (*take_error)(struct file *file); /* NULL: there is never one */
    /* Nobody refers to it any more: frees it. May wait. */
    void (*close)(struct file *file);
};

struct file {
    const struct file_operations *operations;
    uint32_t references;
    uint32_t flags;    /* FILE_READ, FILE_WRITE, FILE_APPEND, FILE_NO_WAIT */
    uint64_t position; /* of a file: byte; of a folder: entry */
    struct node *node; /* of a file or a folder of a volume, held by it; otherwise NULL */
};

/* Fills in a file with one reference, at position 0. */
void file_initialise(struct file *file, const struct file_operations *operations, uint32_t flags);

/*
 * Reads up to length bytes at the file's position and moves it. Returns how many were read (0 at
 * the end; of a file on a volume fewer than length only there) or an error; after an error the
 * position is unchanged. -EISDIR for a folder, -EMODE where the file is not open for that.
 */
int file_read(struct file *file, void *buffer, size_t length);
int file_read_to(struct file *file, struct io_buffer to, size_t length);

/* Writes likewise. Returns how many bytes, at least 1 where length is, or an error. */
int file_write(struct file *file, const void *buffer, size_t length);
int file_write_from(struct file *file, struct io_buffer from, size_t length);

/* Is it open for reading, and for writing? */
static inline bool file_is_readable(const struct file *file)
{
    return (file->flags & FILE_READ) != 0;
}

static inline bool file_is_writable(const struct file *file)
{
    return (file->flags & FILE_WRITE) != 0;
}

/* Sets the position; beyond the size of a file that can only be read is -EINVARG. -ENOSEEK where
 * there is none. */
int file_seek(struct file *file, uint64_t position);

/* Where the next file_read() begins; 0 where there is no position. */
uint64_t file_position(const struct file *file);

void file_stat(const struct file *file, struct file_stat *stat);

/* The next entry of a directory ("." and ".." and volume labels left out): 1, 0 at the end, or an
 * error. */
int file_read_directory(struct file *file, struct directory_entry *entry);

/*
 * The file's contents as a page object, for those who map it, with a reference of the caller's;
 * -EISDIR on a directory, -EMODE where there is none, -ENOMEM. All who have the file open get the
 * same one.
 */
int file_contents(struct file *file, struct page_object **contents);

/* What a device or a file can do beyond the above: `what` and its argument are abi/file.h's.
 * -EINVARG where it cannot do that. */
int file_control(struct file *file, unsigned what, struct user_pointer argument);

/* What was written to the file and could not be brought to the disk later, and this open file was
 * not told of yet: 0, or the latest error. For those who close it, or have synchronized it. */
int file_take_error(struct file *file);

/* One more who has it open, and closes it: they share its position. Returns file. */
struct file *file_hold(struct file *file);

/* NULL is fine. The last who has it open ends it. */
void file_close(struct file *file);

#endif
