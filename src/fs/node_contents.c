/*
 * fs/node_contents.c - see node_contents.h.
 *
 * A file becomes longer in this order: its last page, if the old end is in the middle of it, is in
 * memory, with zeros behind the end; the file system makes room; the node has the new size; that
 * page and the new ones are dirty. So what lies on the disk behind the old end is never shown, and
 * it is overwritten before the size on the disk says that it is the file's. It becomes shorter in
 * the other order: the size, then the pages.
 */
#include "fs/node_contents.h"

#include "base/align.h"
#include "base/compiler.h"
#include "base/status.h"
#include "debug/panic.h"
#include "drivers/rtc.h"
#include "lib/string.h"
#include "memory/page.h"
#include "memory/paging/paging.h"

/* What is copied between two pauses. */
#define PIECE_PAGES 16

static const uint8_t zeros[512];

static uint32_t pages_of(uint64_t size)
{
    return (uint32_t)(size / PAGE_SIZE_BYTES + (size % PAGE_SIZE_BYTES != 0));
}

/* More pages than that no page object has. */
#define SIZE_MAX_BYTES ((uint64_t)PAGE_INDEX_MAX * PAGE_SIZE_BYTES)

static void begin_change(struct node *node)
{
    while (node->is_being_changed) {
        task_wait(&node->volume->lock_queue);
    }
    node->is_being_changed = true;
}

static void end_change(struct node *node)
{
    node->is_being_changed = false;
    if (!list_is_empty(&node->volume->lock_queue.tasks)) {
        task_wake_all(&node->volume->lock_queue);
    }
}

/* ---------------------------------------------------------------- reading */

static int put_zeros(struct io_buffer to, size_t length)
{
    int status = OK;

    for (size_t done = 0, some; status == OK && done < length; done += some) {
        some = MIN(length - done, sizeof(zeros));
        status = io_buffer_put(io_buffer_add(to, done), zeros, some);
    }
    return status;
}

/* Bytes of one page. */
static int read_page(struct node *node, uint32_t index, size_t offset, struct io_buffer to,
                     size_t length)
{
    void *frame;

    if (!node->operations->fill && !page_object_find(&node->contents, index)) {
        return put_zeros(to, length); /* a hole of a file in memory: no page for it */
    }
    int status = page_object_get(&node->contents, index, &frame);

    if (status == OK) {
        status = io_buffer_put(to, (const uint8_t *)frame + offset, length);
        (void)page_release(frame);
    }
    return status;
}

/* The usual case: bytes of one page that is in memory, to memory that is there. */
static inline bool read_at_once(struct node *node, uint32_t index, size_t offset,
                                struct io_buffer to, size_t length)
{
    const uint8_t *frame = page_object_get_at_once(&node->contents, index);

    return frame && io_buffer_put_at_once(to, frame + offset, length);
}

/* Any number of bytes, which were the node's. Apart, so that the usual case saves few registers. */
static NOINLINE int read_pages(struct node *node, uint32_t index, size_t offset,
                               struct io_buffer to, size_t length)
{
    size_t left = length;

    page_object_expect(&node->contents, index,
                       (uint32_t)((offset + length + PAGE_SIZE_BYTES - 1) / PAGE_SIZE_BYTES));
    for (;;) {
        size_t some = MIN(left, PAGE_SIZE_BYTES - offset);

        if (!read_at_once(node, index, offset, to, some)) {
            int status = read_page(node, index, offset, to, some);

            if (status == -EBOUNDS) { /* somebody has made it shorter */
                break;
            }
            if (status < 0) {
                return status;
            }
        }
        left -= some;
        if (left == 0) {
            break;
        }
        to = io_buffer_add(to, some);
        offset = 0;
        if (++index % PIECE_PAGES == 0 && !task_pause()) {
            return -EINTERRUPTED;
        }
    }
    return (int)(length - left);
}

int node_read(struct node *node, uint64_t position, struct io_buffer to, size_t length)
{
    if (node->kind == NODE_DIRECTORY) {
        return -EISDIR;
    }
    if (length == 0 || position >= node->size) {
        return 0;
    }
    length = (size_t)MIN((uint64_t)length, node->size - position);

    uint32_t index = (uint32_t)(position / PAGE_SIZE_BYTES);
    size_t offset = (size_t)(position % PAGE_SIZE_BYTES);

    if (offset + length <= PAGE_SIZE_BYTES && read_at_once(node, index, offset, to, length)) {
        return (int)length;
    }
    return read_pages(node, index, offset, to, length);
}

/* ---------------------------------------------------------------- size */

void node_note_change(struct node *node)
{
    node->times.modified = rtc_now();
    node->is_changed = true;
}

/* Tells the file system, and then all: with the volume locked. */
static int set_size(struct node *node, uint64_t size)
{
    int status = node->operations->resize(node, size);

    if (status == OK) {
        node->size = size;
        node_note_change(node);
    }
    return status;
}

/* Bytes of a page from offset on are no longer the file's. */
static void clear_rest(void *frame, size_t offset)
{
    memset((uint8_t *)frame + offset, 0, PAGE_SIZE_BYTES - offset);
}

static int shrink(struct node *node, uint64_t size)
{
    size_t rest = (size_t)(size % PAGE_SIZE_BYTES);
    void *last = NULL;

    if (rest && page_object_get(&node->contents, pages_of(size) - 1, &last) < 0) {
        last = NULL; /* it is not in memory: whoever has it read gets zeros behind the end */
    }
    volume_lock(node->volume);

    int status = set_size(node, size);

    volume_unlock(node->volume);
    if (status == OK) {
        page_object_resize(&node->contents, pages_of(size));
        if (last) {
            clear_rest(last, rest);
        }
    }
    if (last) {
        (void)page_release(last);
    }
    return status;
}

/* A file that could not become longer has its size again. The file system may lack memory or its
 * disk for that, when some of the new pages are there already: then write_attributes() tells it. */
static void shrink_back(struct node *node, uint64_t size)
{
    if (shrink(node, size) < 0) {
        node->size = size;
        node_note_change(node);
        page_object_resize(&node->contents, pages_of(size));
    }
}

/* Pages [first, end) become zero and dirty, where the volume has nothing for them. */
static int make_zeros(struct node *node, uint32_t first, uint32_t end)
{
    int status = OK;

    for (uint32_t index = first; status == OK && index < end; index++) {
        status = page_object_make_zero(&node->contents, index);
        if (status == OK && (index - first) % PIECE_PAGES == PIECE_PAGES - 1 && !task_pause()) {
            status = -EINTERRUPTED;
        }
    }
    return status;
}

/* Makes it longer; pages from zero_end on are the caller's to make dirty. */
static int grow(struct node *node, uint64_t size, uint64_t zero_end)
{
    uint64_t before = node->size;
    bool notices = page_object_notices_writes(&node->contents);
    size_t rest = (size_t)(before % PAGE_SIZE_BYTES);
    void *last = NULL;
    int status = OK;

    if (rest && (notices || page_object_find(&node->contents, pages_of(before) - 1))) {
        status = page_object_make_room(&node->contents);
        if (status == OK) {
            status = page_object_get(&node->contents, pages_of(before) - 1, &last);
        }
    }
    if (status == OK) {
        volume_lock(node->volume);
        status = set_size(node, size);
        if (status == OK) {
            page_object_resize(&node->contents, pages_of(size));
        }
        volume_unlock(node->volume);
    }
    if (last) {
        if (status == OK) {
            clear_rest(last, rest); /* who maps it may have written there */
            page_object_mark_dirty(&node->contents, pages_of(before) - 1, last);
        }
        (void)page_release(last);
    }
    if (status == OK && notices) {
        status = make_zeros(node, pages_of(before), (uint32_t)(zero_end / PAGE_SIZE_BYTES));
        if (status < 0) {
            shrink_back(node, before);
        }
    }
    return status;
}

/* Can the volume keep what is changed of the file? */
static int check_volume(const struct node *node)
{
    return node->volume->is_read_only || !node->operations->resize ? -ERDONLY : OK;
}

int node_begin_writing(struct node *node)
{
    int status = node->kind == NODE_DIRECTORY ? -EISDIR
                 : node->kind == NODE_DEVICE  ? OK
                 : node->is_read_only         ? -ERDONLY
                 : node->runners > 0          ? -ERUNNING
                                              : check_volume(node);

    if (status == OK) {
        node->writers++;
    }
    return status;
}

void node_add_writer(struct node *node)
{
    KASSERT(node->writers > 0);
    node->writers++;
}

void node_end_writing(struct node *node)
{
    KASSERT(node->writers > 0);
    node->writers--;
}

int node_begin_running(struct node *node)
{
    if (node->writers > 0) {
        return -EWRITTEN;
    }
    node->runners++;
    return OK;
}

void node_end_running(struct node *node)
{
    KASSERT(node->runners > 0);
    node->runners--;
}

/* Whether the file itself may be written was asked when it was opened. */
static int check_size(const struct node *node, uint64_t size)
{
    int status = node->kind == NODE_DEVICE ? OK : check_volume(node);

    return status < 0 ? status : size > SIZE_MAX_BYTES ? -EFILESIZE : OK;
}

int node_resize(struct node *node, uint64_t size)
{
    int status = check_size(node, size);

    if (status < 0) {
        return status;
    }
    begin_change(node);
    if (size < node->size) {
        status = shrink(node, size);
    } else if (size > node->size) {
        status = grow(node, size, ALIGN_UP(size, (uint64_t)PAGE_SIZE_BYTES));
    }
    end_change(node);
    return status;
}

/* ---------------------------------------------------------------- writing */

static int write_page(struct node *node, uint32_t index, size_t offset, struct io_buffer from,
                      size_t length)
{
    void *frame;
    int status = page_object_make_room(&node->contents);

    if (status == OK) {
        status = page_object_get(&node->contents, index, &frame);
    }
    if (status == OK) {
        status = io_buffer_take((uint8_t *)frame + offset, from, length);
        /* What was copied before an error is to be seen by all, too. */
        page_object_mark_dirty(&node->contents, index, frame);
        (void)page_release(frame);
    }
    return status;
}

/* The file is long enough already. Returns in *done how many bytes were written. */
static int write_pages(struct node *node, uint64_t position, struct io_buffer from, size_t length,
                       size_t *done)
{
    int status = OK;

    for (uint32_t pages = 1; status == OK && *done < length; pages++) {
        size_t offset = (size_t)(position % PAGE_SIZE_BYTES);
        size_t some = MIN(length - *done, PAGE_SIZE_BYTES - offset);

        status = write_page(node, (uint32_t)(position / PAGE_SIZE_BYTES), offset,
                            io_buffer_add(from, *done), some);
        if (status == OK) {
            *done += some;
            position += some;
        }
        if (status == OK && pages % PIECE_PAGES == 0 && *done < length && !task_pause()) {
            status = -EINTERRUPTED;
        }
    }
    return status;
}

static int write_alone(struct node *node, uint64_t *position, struct io_buffer from, size_t length)
{
    uint64_t before = node->size;
    uint64_t start = *position == NODE_END ? before : *position;
    size_t done = 0;
    int status = start > SIZE_MAX_BYTES || length > SIZE_MAX_BYTES - start ? -EFILESIZE : OK;

    if (status == OK && start + length > before) {
        status = grow(node, start + length, MAX(start, before));
    }
    if (status < 0) {
        return status;
    }
    status = write_pages(node, start, from, length, &done);
    if (status < 0 && start + length > before) {
        shrink_back(node, done > 0 ? MAX(before, start + done) : before);
    }
    if (status < 0 && done == 0) {
        return status;
    }
    node_note_change(node);
    *position = start + done;
    return (int)done;
}

int node_write(struct node *node, uint64_t *position, struct io_buffer from, size_t length)
{
    int status = check_size(node, 0);

    if (status < 0 || length == 0) {
        return status;
    }
    begin_change(node);
    status = write_alone(node, position, from, length);
    end_change(node);
    return status;
}

/* ---------------------------------------------------------------- to the disk */

uint32_t node_errors_told(const struct node *node)
{
    return node->write_errors - (node->write_errors > 0 && !node->is_error_told);
}

int node_take_error(struct node *node, uint32_t *told)
{
    uint32_t known = told ? *told : node_errors_told(node);

    if (known == node->write_errors) {
        return OK;
    }
    if (told) {
        *told = node->write_errors;
    }
    node->is_error_told = true;
    return node->write_status;
}

int node_sync(struct node *node)
{
    struct volume *volume = node->volume;
    int status = node_write_back(node);
    int now = OK;

    if (volume->operations->sync) {
        volume_lock(volume);
        now = volume->operations->sync(volume);
        volume_unlock(volume);
    }
    node_note_error(node, now);
    return status < 0 ? status : now;
}

int node_set_times(struct node *node, const struct node_times *times)
{
    int status = check_volume(node);

    if (status == OK) {
        node->times = *times;
        node->is_changed = true;
    }
    return status;
}

int node_set_read_only(struct node *node, bool is_read_only)
{
    int status = check_volume(node);

    if (status == OK && (node->kind == NODE_FILE || !is_read_only)) {
        node->is_read_only = is_read_only;
        node->is_changed = true;
    }
    return status;
}
