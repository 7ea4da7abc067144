/*
 * scratch.c - files below /tmp that live in the program's own memory and end with it: for tmpfile()
 * and for programs that write something down to read it again.
 *
 * A file is one piece of malloc()'s that doubles when it is full. As on other systems a file that
 * was unlinked lives on as long as it is open.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

#define OPEN_MAX_FILES 16

struct scratch_file {
    struct scratch_file *next; /* with a name */
    char *name;                /* NULL: unlinked */
    unsigned users;            /* descriptors that have it open */
    char *data;
    size_t size;
    size_t capacity;
};

struct scratch_open {
    struct scratch_file *file; /* NULL: not in use */
    size_t position;
    int flags;
};

static struct {
    struct scratch_file *files;
    struct scratch_open open[OPEN_MAX_FILES];
} scratch;

static struct scratch_open *open_of(int descriptor)
{
    return &scratch.open[descriptor - SCRATCH_DESCRIPTOR];
}

bool scratch_has(int descriptor)
{
    return descriptor >= SCRATCH_DESCRIPTOR && descriptor < SCRATCH_DESCRIPTOR + OPEN_MAX_FILES &&
           open_of(descriptor)->file;
}

bool scratch_is_name(const char *path)
{
    return strncmp(path, SCRATCH_FOLDER, strlen(SCRATCH_FOLDER)) == 0;
}

static struct scratch_file *find(const char *path)
{
    struct scratch_file *file = scratch.files;

    while (file && strcmp(file->name, path) != 0) {
        file = file->next;
    }
    return file;
}

static struct scratch_file *create(const char *path)
{
    struct scratch_file *file = calloc(1, sizeof(*file));

    if (!file || !(file->name = strdup(path))) {
        free(file);
        return NULL;
    }
    file->next = scratch.files;
    scratch.files = file;
    return file;
}

static void forget_if_unused(struct scratch_file *file)
{
    if (!file->name && file->users == 0) {
        free(file->data);
        free(file);
    }
}

int scratch_open(const char *path, int flags)
{
    struct scratch_file *file = find(path);
    int descriptor = SCRATCH_DESCRIPTOR;

    while (scratch_has(descriptor)) {
        descriptor++;
    }
    if (descriptor == SCRATCH_DESCRIPTOR + OPEN_MAX_FILES) {
        return layer_fail(EMFILE);
    }
    if (file && (flags & O_CREAT) && (flags & O_EXCL)) {
        return layer_fail(EEXIST);
    }
    if (!file) {
        if (!(flags & O_CREAT)) {
            return layer_fail(ENOENT);
        }
        file = create(path);
        if (!file) {
            return layer_fail(ENOMEM);
        }
    }
    if ((flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY) {
        file->size = 0;
    }
    file->users++;
    *open_of(descriptor) = (struct scratch_open){file, 0, flags};
    return descriptor;
}

int scratch_flags(int descriptor)
{
    return open_of(descriptor)->flags & (O_ACCMODE | O_APPEND);
}

int scratch_close(int descriptor)
{
    struct scratch_file *file = open_of(descriptor)->file;

    open_of(descriptor)->file = NULL;
    file->users--;
    forget_if_unused(file);
    return 0;
}

int scratch_read(int descriptor, void *buffer, size_t length)
{
    struct scratch_open *open = open_of(descriptor);
    size_t left = open->position < open->file->size ? open->file->size - open->position : 0;

    if ((open->flags & O_ACCMODE) == O_WRONLY) {
        return layer_fail(EBADF);
    }
    if (length > left) {
        length = left;
    }
    if (length > 0) {
        memcpy(buffer, open->file->data + open->position, length);
    }
    open->position += length;
    return (int)length;
}

static bool reserve(struct scratch_file *file, size_t size)
{
    size_t capacity = file->capacity * 2 > size ? file->capacity * 2 : size;

    if (size <= file->capacity) {
        return true;
    }
    char *data = malloc(capacity); /* realloc() is large, and this is in every program */
    if (!data) {
        return false;
    }
    if (file->size > 0) {
        memcpy(data, file->data, file->size);
    }
    free(file->data);
    file->data = data;
    file->capacity = capacity;
    return true;
}

int scratch_write(int descriptor, const void *buffer, size_t length)
{
    struct scratch_open *open = open_of(descriptor);
    struct scratch_file *file = open->file;

    if ((open->flags & O_ACCMODE) == O_RDONLY) {
        return layer_fail(EBADF);
    }
    if (open->flags & O_APPEND) {
        open->position = file->size;
    }
    if (length > INT_MAX - open->position || !reserve(file, open->position + length)) {
        return layer_fail(ENOSPC);
    }
    if (open->position > file->size) { /* the gap that a seek has left */
        memset(file->data + file->size, 0, open->position - file->size);
    }
    if (length > 0) {
        memcpy(file->data + open->position, buffer, length);
    }
    open->position += length;
    if (length > 0 && open->position > file->size) {
        file->size = open->position;
    }
    return (int)length;
}

off_t scratch_seek(int descriptor, off_t offset, int from)
{
    struct scratch_open *open = open_of(descriptor);
    long long position = offset;

    if (from == SEEK_CUR) {
        position += open->position;
    } else if (from == SEEK_END) {
        position += open->file->size;
    } else if (from != SEEK_SET) {
        return layer_fail(EINVAL);
    }
    if (position < 0 || position > INT_MAX) {
        return layer_fail(EINVAL);
    }
    open->position = (size_t)position;
    return (off_t)position;
}

static int fill(const struct scratch_file *file, struct stat *out)
{
    *out = (struct stat){
        .st_mode = S_IFREG | S_IRUSR | S_IWUSR,
        .st_nlink = file->name != NULL,
        .st_size = (off_t)file->size,
        .st_blksize = 1024,
    };
    return 0;
}

int scratch_fstat(int descriptor, struct stat *out)
{
    return fill(open_of(descriptor)->file, out);
}

int scratch_stat(const char *path, struct stat *out)
{
    const struct scratch_file *file = find(path);

    return file ? fill(file, out) : layer_fail(ENOENT);
}

int scratch_unlink(const char *path)
{
    struct scratch_file *file = find(path);
    struct scratch_file **link = &scratch.files;

    if (!file) {
        return layer_fail(ENOENT);
    }
    while (*link != file) {
        link = &(*link)->next;
    }
    *link = file->next;
    free(file->name);
    file->name = NULL;
    forget_if_unused(file);
    return 0;
}
