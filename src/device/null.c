/*
 * device/null.c - see null.h.
 *
 * Size before speed.
 */
#include "device/null.h"

#include "base/align.h"
#include "device/device.h"
#include "task/task.h"

#define PAUSE_BYTES 65536

static const uint8_t zeros[1024];

static int read_nothing(struct io_buffer to, size_t length)
{
    (void)to;
    (void)length;
    return 0;
}

static int read_zeros(struct io_buffer to, size_t length)
{
    int status = OK;

    for (size_t done = 0; status == OK && done < length;) {
        size_t count = MIN(length - done, sizeof(zeros));

        status = io_buffer_put(io_buffer_add(to, done), zeros, count);
        done += count;
        if (done % PAUSE_BYTES == 0 && status == OK && !task_pause()) {
            status = -EINTERRUPTED;
        }
    }
    return status < 0 ? status : (int)length;
}

static int write_anything(struct io_buffer from, size_t length)
{
    (void)from;
    return (int)length;
}

void null_initialise(void)
{
    static const struct device_operations null_operations = {
        .read = read_nothing,
        .write = write_anything,
    };
    static const struct device_operations zero_operations = {
        .read = read_zeros,
        .write = write_anything,
    };
    static struct device null = {.name = "null", .operations = &null_operations};
    static struct device zero = {.name = "zero", .operations = &zero_operations};

    device_add(&null);
    device_add(&zero);
}
