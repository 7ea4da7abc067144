/*
 * fs/file.c - see file.h.
 */
#include "fs/file.h"

#include "base/align.h"
#include "debug/panic.h"

void file_initialise(struct file *file, const struct file_operations *operations, uint32_t flags)
{
    /* Each member: so there is nothing to be zeroed before. */
    file->operations = operations;
    file->references = 1;
    file->flags = flags;
    file->position = 0;
    file->node = NULL;
}

/* A count must fit the result. */
static size_t counted(size_t length)
{
    return MIN(length, (size_t)INT32_MAX);
}

int file_read_to(struct file *file, struct io_buffer to, size_t length)
{
    if (!file->operations->read || !(file->flags & FILE_READ)) {
        return -EMODE;
    }
    return file->operations->read(file, to, counted(length));
}

int file_read(struct file *file, void *buffer, size_t length)
{
    return file_read_to(file, io_buffer_of_kernel(buffer), length);
}

int file_write_from(struct file *file, struct io_buffer from, size_t length)
{
    if (!file->operations->write || !(file->flags & FILE_WRITE)) {
        return -EMODE;
    }
    return file->operations->write(file, from, counted(length));
}

int file_write(struct file *file, const void *buffer, size_t length)
{
    return file_write_from(file, io_buffer_of_kernel(buffer), length);
}

int file_seek(struct file *file, uint64_t position)
{
    return file->operations->seek ? file->operations->seek(file, position) : -ENOSEEK;
}

uint64_t file_position(const struct file *file)
{
    return file->position;
}

void file_stat(const struct file *file, struct file_stat *stat)
{
    *stat = (struct file_stat){0};
    file->operations->stat(file, stat);
}

int file_read_directory(struct file *file, struct directory_entry *entry)
{
    return file->operations->read_directory ? file->operations->read_directory(file, entry)
                                            : -ENOTDIR;
}

int file_contents(struct file *file, struct page_object **contents)
{
    return file->operations->contents ? file->operations->contents(file, contents) : -EMODE;
}

int file_control(struct file *file, unsigned what, struct user_pointer argument)
{
    return file->operations->control ? file->operations->control(file, what, argument) : -EINVARG;
}

int file_take_error(struct file *file)
{
    return file->operations->take_error ? file->operations->take_error(file) : OK;
}

struct file *file_hold(struct file *file)
{
    file->references++;
    return file;
}

void file_close(struct file *file)
{
    if (file) {
        KASSERT(file->references > 0);
        if (--file->references == 0) {
            file->operations->close(file);
        }
    }
}
