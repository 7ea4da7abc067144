/*
 * fs/pipe.c - see pipe.h.
 *
 * A ring: [start, start + count), modulo size. A copy from or to a program may wait for a page that
 * is absent, and others run meanwhile. So one reader and one writer at a time copy (is_read,
 * is_written); others wait for them as for bytes or room. Bytes belong to the pipe only when all of
 * their copy is done, and leave it only then: a copy that fails changes nothing. The reader moves
 * start, and the writer writes at start + count, which no read changes.
 */
#include "fs/pipe.h"

#include "base/align.h"
#include "debug/panic.h"
#include "layout.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "task/task.h"

struct pipe {
    struct file reader, writer;
    bool has_reader, has_writer; /* are these open? */
    bool is_read, is_written;    /* is somebody copying? */
    uint32_t start, count, size;
    uint8_t *ring;
    struct wait_queue readers, writers;
    struct pipe_charge charge;
};

static void wake(struct wait_queue *queue)
{
    if (!list_is_empty(&queue->tasks)) {
        task_wake_all(queue);
    }
}

/* Waits on queue until something has changed. 0, or why not. */
static int wait(const struct file *file, struct wait_queue *queue)
{
    if (file->flags & FILE_NO_WAIT) {
        return -EAGAIN;
    }
    task_block(queue);
    return task_is_cancelled() ? -EINTERRUPTED : OK;
}

/* ---------------------------------------------------------------- the ring */

static uint32_t room(const struct pipe *pipe)
{
    return pipe->size - pipe->count;
}

/* Where the bytes from `at` on lie one behind the other: up to the ring's end. */
static uint32_t piece_at(const struct pipe *pipe, uint32_t at, uint32_t length)
{
    return MIN(length, pipe->size - at % pipe->size);
}

static int copy_out(const struct pipe *pipe, struct io_buffer to, uint32_t length)
{
    uint32_t first = piece_at(pipe, pipe->start, length);
    int status = io_buffer_put(to, pipe->ring + pipe->start, first);

    return status == OK && first < length
               ? io_buffer_put(io_buffer_add(to, first), pipe->ring, length - first)
               : status;
}

static int copy_in(struct pipe *pipe, struct io_buffer from, uint32_t length)
{
    uint32_t end = (pipe->start + pipe->count) % pipe->size;
    uint32_t first = piece_at(pipe, end, length);
    int status = io_buffer_take(pipe->ring + end, from, first);

    return status == OK && first < length
               ? io_buffer_take(pipe->ring, io_buffer_add(from, first), length - first)
               : status;
}

static uint32_t pages_of(uint32_t bytes)
{
    return bytes / PAGE_SIZE_BYTES;
}

/* A larger ring for an empty pipe, if there can be one. */
static void grow(struct pipe *pipe)
{
    uint32_t pages = pages_of(PIPE_BYTES_LARGE - PIPE_BYTES);

    if (!pipe->charge.take(pipe->charge.charged, pages)) {
        return;
    }
    uint8_t *ring = kmalloc(PIPE_BYTES_LARGE);

    if (!ring) {
        pipe->charge.give_back(pipe->charge.charged, pages);
        return;
    }
    kfree(pipe->ring);
    pipe->ring = ring;
    pipe->size = PIPE_BYTES_LARGE;
    pipe->start = 0;
}

/* ---------------------------------------------------------------- reading */

static int read_pipe(struct file *file, struct io_buffer to, size_t length)
{
    struct pipe *pipe = LIST_ENTRY(file, struct pipe, reader);
    int status = OK;

    if (length == 0) {
        return 0;
    }
    while (status == OK && (pipe->count == 0 || pipe->is_read)) {
        if (pipe->count == 0 && !pipe->has_writer) {
            return 0;
        }
        status = wait(file, &pipe->readers);
    }
    if (status < 0) {
        return status;
    }
    uint32_t count = (uint32_t)MIN(length, (size_t)pipe->count);

    pipe->is_read = true;
    status = copy_out(pipe, to, count);
    pipe->is_read = false;
    if (status == OK) {
        pipe->start = (pipe->start + count) % pipe->size;
        pipe->count -= count;
        wake(&pipe->writers);
    }
    wake(&pipe->readers); /* those that found this one copying */
    return status < 0 ? status : (int)count;
}

/* ---------------------------------------------------------------- writing */

/* Waits until `bytes` fit and no other writer copies. 0 or an error. */
static int wait_for_room(struct file *file, struct pipe *pipe, uint32_t bytes)
{
    int status = OK;

    while (status == OK && pipe->has_reader && (pipe->is_written || room(pipe) < bytes)) {
        status = wait(file, &pipe->writers);
    }
    return status == OK && !pipe->has_reader ? -EPIPE : status;
}

static int write_piece(struct pipe *pipe, struct io_buffer from, uint32_t count)
{
    pipe->is_written = true;
    int status = copy_in(pipe, from, count);
    pipe->is_written = false;

    if (status == OK) {
        pipe->count += count;
        wake(&pipe->readers);
    }
    wake(&pipe->writers); /* those that found this one copying */
    return status;
}

static int write_pipe(struct file *file, struct io_buffer from, size_t length)
{
    struct pipe *pipe = LIST_ENTRY(file, struct pipe, writer);
    bool is_atomic = length <= FILE_ATOMIC_BYTES;
    size_t done = 0;
    int status = OK;

    while (status == OK && done < length) {
        status = wait_for_room(file, pipe, is_atomic ? (uint32_t)length : 1);
        if (status == OK) {
            if (length - done > pipe->size && pipe->size < PIPE_BYTES_LARGE && pipe->count == 0 &&
                !pipe->is_read) {
                grow(pipe);
            }
            uint32_t count = (uint32_t)MIN(length - done, (size_t)room(pipe));

            status = write_piece(pipe, io_buffer_add(from, done), count);
            done += status == OK ? count : 0;
        }
    }
    return done > 0 && status != -EINTERRUPTED ? (int)done : status;
}

/* ---------------------------------------------------------------- both ends */

static void stat_pipe(const struct file *file, struct file_stat *stat)
{
    (void)file;
    stat->kind = FILE_KIND_PIPE;
}

static void end_if_closed(struct pipe *pipe)
{
    if (!pipe->has_reader && !pipe->has_writer) {
        pipe->charge.give_back(pipe->charge.charged, pages_of(pipe->size));
        kfree(pipe->ring);
        kmem_free(pipe);
    }
}

static void close_reader(struct file *file)
{
    struct pipe *pipe = LIST_ENTRY(file, struct pipe, reader);

    pipe->has_reader = false;
    wake(&pipe->writers);
    end_if_closed(pipe);
}

static void close_writer(struct file *file)
{
    struct pipe *pipe = LIST_ENTRY(file, struct pipe, writer);

    pipe->has_writer = false;
    wake(&pipe->readers);
    end_if_closed(pipe);
}

static const struct file_operations reader_operations = {
    .is_atomic = true,
    .read = read_pipe,
    .stat = stat_pipe,
    .close = close_reader,
};

static const struct file_operations writer_operations = {
    .is_atomic = true,
    .write = write_pipe,
    .stat = stat_pipe,
    .close = close_writer,
};

int pipe_create(const struct pipe_charge *charge, struct file **reader, struct file **writer)
{
    struct pipe *pipe;

    if (!charge->take(charge->charged, pages_of(PIPE_BYTES))) {
        return -ENOMEM;
    }
    pipe = kmem_zalloc(sizeof(*pipe));
    if (!pipe) {
        goto give_back;
    }
    pipe->ring = kmalloc(PIPE_BYTES);
    if (!pipe->ring) {
        goto free_pipe;
    }
    file_initialise(&pipe->reader, &reader_operations, FILE_READ);
    file_initialise(&pipe->writer, &writer_operations, FILE_WRITE);
    wait_queue_initialise(&pipe->readers);
    wait_queue_initialise(&pipe->writers);
    pipe->has_reader = pipe->has_writer = true;
    pipe->size = PIPE_BYTES;
    pipe->charge = *charge;
    *reader = &pipe->reader;
    *writer = &pipe->writer;
    return OK;

free_pipe:
    kmem_free(pipe);
give_back:
    charge->give_back(charge->charged, pages_of(PIPE_BYTES));
    return -ENOMEM;
}
