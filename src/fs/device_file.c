/*
 * fs/device_file.c - see device_file.h.
 *
 * Size before speed.
 */
#include "fs/device_file.h"

#include "debug/panic.h"
#include "memory/heap/kmem_cache.h"

struct device_file {
    struct file file;
    const struct device *device;
};

static const struct device *device_of(const struct file *file)
{
    return LIST_ENTRY(file, struct device_file, file)->device;
}

static int read_device(struct file *file, struct io_buffer to, size_t length)
{
    return device_of(file)->operations->read(to, length);
}

static int write_device(struct file *file, struct io_buffer from, size_t length)
{
    return device_of(file)->operations->write(from, length);
}

static int control_device(struct file *file, unsigned what, struct user_pointer argument)
{
    const struct device_operations *operations = device_of(file)->operations;

    return operations->control ? operations->control(what, argument) : -EINVARG;
}

static void stat_device(const struct file *file, struct file_stat *stat)
{
    (void)file;
    stat->kind = FILE_KIND_DEVICE;
}

static void close_device(struct file *file)
{
    kmem_free(LIST_ENTRY(file, struct device_file, file));
}

static const struct file_operations file_operations = {
    .read = read_device,
    .write = write_device,
    .stat = stat_device,
    .control = control_device,
    .close = close_device,
};

int device_file_open(const struct device *device, uint32_t flags, struct file **file)
{
    struct device_file *opened = kmem_alloc(sizeof(*opened));

    if (!opened) {
        return -ENOMEM;
    }
    opened->device = device;
    file_initialise(&opened->file, &file_operations, flags);
    *file = &opened->file;
    return OK;
}

struct file *device_file_console(void)
{
    static struct device_file console;

    if (!console.device) {
        console.device = device_find("console");
        KASSERT(console.device);
        /* The first reference is its own: it never goes. */
        file_initialise(&console.file, &file_operations, FILE_READ | FILE_WRITE);
    }
    return file_hold(&console.file);
}
