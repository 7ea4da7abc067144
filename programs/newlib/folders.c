/*
 * folders.c - <dirent.h>: the entries of a folder, without "." and "..".
 *
 * opendir() reads them all (command 32 gives one after the other and cannot go back), so that
 * rewinddir() and seekdir() are a number. Nothing can change a folder while the machine runs.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

#define FIRST_CAPACITY 16

struct drupe_directory {
    int descriptor;
    struct directory_entry *entries;
    long count;
    long position; /* of the entry that readdir() gives next */
    struct dirent current;
};

/* Reads all entries. 0, or an error of errno.h. */
static int read_entries(DIR *directory)
{
    long capacity = 0;

    for (;;) {
        if (directory->count == capacity) {
            long more = capacity > 0 ? capacity * 2 : FIRST_CAPACITY;
            void *entries = realloc(directory->entries, (size_t)more * sizeof(*directory->entries));

            if (!entries) {
                return ENOMEM;
            }
            directory->entries = entries;
            capacity = more;
        }
        int result =
            syscall_read_directory(directory->descriptor, &directory->entries[directory->count]);
        if (result <= 0) {
            return result < 0 ? system_call_errno(result) : 0;
        }
        directory->count++;
    }
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
        error = read_entries(directory);
    }
    if (error) {
        free(directory->entries);
        free(directory);
        errno = error;
        return NULL;
    }
    return directory;
}

DIR *opendir(const char *path)
{
    int descriptor = open(path, O_RDONLY);
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

    free(directory->entries);
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
    const struct directory_entry *found;

    *result = NULL;
    if (directory->position == directory->count) {
        return 0;
    }
    found = &directory->entries[directory->position++];
    *entry = (struct dirent){
        .d_ino = 1,
        .d_type = found->stat.is_directory ? DT_DIR : DT_REG,
        .d_reclen = sizeof(*entry),
    };
    strcpy(entry->d_name, found->name);
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
    directory->position = 0;
}

long telldir(DIR *directory)
{
    return directory->position;
}

void seekdir(DIR *directory, long position)
{
    if (position >= 0 && position <= directory->count) {
        directory->position = position;
    }
}
