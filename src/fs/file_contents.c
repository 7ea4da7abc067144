/*
 * fs/file_contents.c - see file_contents.h. A file is known by its first cluster and its size: on a
 * sound volume no two have the same.
 *
 * Size before speed.
 */
#include "fs/file_contents.h"

#include "base/align.h"
#include "base/status.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/page.h"

struct file_contents {
    struct page_object object;
    struct list_node link; /* on the list of all */
    struct fat16_volume *volume;
    struct fat16_node node; /* with the place that was read last */
};

static struct list_node all = {&all, &all};

static struct file_contents *contents_of(struct page_object *object)
{
    return LIST_ENTRY(object, struct file_contents, object);
}

/* ---------------------------------------------------------------- filling pages */

/* length bytes from page index on; what the file has not is zero. Others may read the same file
 * meanwhile: so the chain is followed in a copy of the node. */
static int read_at(struct file_contents *contents, uint32_t index, uint8_t *buffer, size_t length)
{
    struct fat16_node node = contents->node;
    uint32_t position = index * PAGE_SIZE_BYTES;
    uint32_t bytes = MIN(node.size - position, (uint32_t)length);
    int status = fat16_read(contents->volume, &node, position, buffer, bytes);

    memset(buffer + bytes, 0, length - bytes);
    contents->node = node;
    return status;
}

static int fill_one(struct file_contents *contents, uint32_t index, uint8_t *frame)
{
    return read_at(contents, index, frame, PAGE_SIZE_BYTES);
}

/* Several pages at once come in one long read, if there is memory for it: not a frame at a time. */
static int fill_many(struct file_contents *contents, uint32_t index, void *const frames[],
                     size_t count, uint8_t *buffer)
{
    int status = read_at(contents, index, buffer, count * PAGE_SIZE_BYTES);

    for (size_t i = 0; status == OK && i < count; i++) {
        memcpy(frames[i], buffer + i * PAGE_SIZE_BYTES, PAGE_SIZE_BYTES);
    }
    return status;
}

static int fill(struct page_object *object, uint32_t index, void *const frames[], size_t count)
{
    struct file_contents *contents = contents_of(object);
    uint8_t *buffer = count > 1 ? kmalloc(count * PAGE_SIZE_BYTES) : NULL;
    int status = OK;

    if (buffer) {
        status = fill_many(contents, index, frames, count, buffer);
        kfree(buffer);
        return status;
    }
    for (size_t i = 0; status == OK && i < count; i++) {
        status = fill_one(contents, index + (uint32_t)i, frames[i]);
    }
    return status;
}

static void end(struct page_object *object)
{
    struct file_contents *contents = contents_of(object);

    list_remove(&contents->link);
    kmem_free(contents);
}

static const struct page_object_operations operations = {.fill = fill, .end = end};

/* ---------------------------------------------------------------- objects */

struct page_object *file_contents_get(struct fat16_volume *volume, const struct fat16_node *node)
{
    LIST_FOR_EACH(link, &all) {
        struct file_contents *contents = LIST_ENTRY(link, struct file_contents, link);

        if (contents->volume == volume && contents->node.first_cluster == node->first_cluster &&
            contents->node.size == node->size) {
            return page_object_hold(&contents->object);
        }
    }
    struct file_contents *contents = kmem_alloc(sizeof(*contents));

    if (!contents) {
        return NULL;
    }
    page_object_initialise(&contents->object, &operations,
                           (node->size + PAGE_SIZE_BYTES - 1) / PAGE_SIZE_BYTES);
    contents->volume = volume;
    contents->node = *node;
    list_append(&all, &contents->link);
    return &contents->object;
}

bool file_contents_forget(void)
{
    page_cache_forget();
    return list_is_empty(&all);
}

int file_contents_read(struct page_object *contents, uint32_t position, struct io_buffer to,
                       uint32_t length)
{
    int status = OK;

    page_object_expect(contents, position / PAGE_SIZE_BYTES,
                       (position % PAGE_SIZE_BYTES + length + PAGE_SIZE_BYTES - 1) /
                           PAGE_SIZE_BYTES);
    while (status == OK && length > 0) {
        uint32_t offset = position % PAGE_SIZE_BYTES;
        uint32_t bytes = MIN(length, PAGE_SIZE_BYTES - offset);
        void *frame;

        status = page_object_get(contents, position / PAGE_SIZE_BYTES, &frame);
        if (status == OK) {
            status = io_buffer_put(to, (uint8_t *)frame + offset, bytes);
            (void)page_release(frame);
            to = io_buffer_add(to, bytes);
            position += bytes;
            length -= bytes;
        }
    }
    return status;
}
