/*
 * folders.c - <dirent.h>: the entries of a folder, without "." and "..".
 *
 * opendir() and rewinddir() read them all, so that seekdir() is a number.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

#define BUFFER_BYTES 4096

struct drupe_directory {
    int descriptor;
    char *records; /* struct directory_record, one behind the other */
    long size;     /* bytes of them */
    long position; /* of the record that readdir() gives next */
    struct dirent current;
};

/* Reads all entries. 0, or an error of errno.h. */
static int read_records(DIR *directory)
{
    int64_t start = 0;
    intptr_t bytes = syscall_seek_file(directory->descriptor, &start, FILE_SEEK_SET);

    directory->size = directory->position = 0;
    while (bytes >= 0) {
        char *records = realloc(directory->records, (size_t)directory->size + BUFFER_BYTES);

        if (!records) {
            return ENOMEM;
        }
        directory->records = records;
        bytes =
            syscall_list_directory(directory->descriptor, records + directory->size, BUFFER_BYTES);
        if (bytes <= 0) {
            break;
        }
        directory->size += bytes;
    }
    return bytes < 0 ? system_call_errno(bytes) : 0;
}

DIR *fdopendir(int descriptor)
{
    struct stat known;
    DIR *directory;
    int error = ENOTDIR;

    if (fstat(descriptor, &known) < 0) {
        return NULL;
    }
    directory = calloc(1, sizeof(*directory));
    if (!directory) {
        return NULL;
    }
    directory->descriptor = descriptor;
    if (S_ISDIR(known.st_mode)) {
        error = read_records(directory);
    }
    if (error) {
        free(directory->records);
        free(directory);
        errno = error;
        return NULL;
    }
    return directory;
}

DIR *opendir(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory;

    if (descriptor < 0) {
        return NULL;
    }
    directory = fdopendir(descriptor);
    if (!directory) {
        int error = errno;

        close(descriptor);
        errno = error;
    }
    return directory;
}

int closedir(DIR *directory)
{
    int result = close(directory->descriptor);

    free(directory->records);
    free(directory);
    return result;
}

int dirfd(DIR *directory)
{
    return directory->descriptor;
}

int readdir_r(DIR *restrict directory, struct dirent *restrict entry,
              struct dirent **restrict result)
{
    const struct directory_record *found;

    *result = NULL;
    if (directory->position >= directory->size) {
        return 0;
    }
    found = (const void *)(directory->records + directory->position);
    directory->position += found->bytes;
    *entry = (struct dirent){
        .d_ino = (ino_t)found->number,
        .d_type = found->kind == FILE_IS_DIRECTORY ? DT_DIR
                  : found->kind == FILE_IS_DEVICE  ? DT_CHR
                                                   : DT_REG,
        .d_reclen = sizeof(*entry),
    };
    strncpy(entry->d_name, (const char *)found + DIRECTORY_RECORD_NAME, sizeof(entry->d_name) - 1);
    *result = entry;
    return 0;
}

struct dirent *readdir(DIR *directory)
{
    struct dirent *result;

    readdir_r(directory, &directory->current, &result);
    return result;
}

void rewinddir(DIR *directory)
{
    if (read_records(directory) != 0) {
        directory->size = 0;
    }
}

long telldir(DIR *directory)
{
    return directory->position;
}

void seekdir(DIR *directory, long position)
{
    if (position >= 0 && position <= directory->size) {
        directory->position = position;
    }
}
