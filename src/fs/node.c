/*
 * fs/node.c - the node cache: which nodes are in memory, and names that were looked up.
 *
 * Nodes are found by volume and number in one table, names by folder and text in another. A node
 * that nobody uses waits on the list of idle ones; when these are too many, the one that waits
 * longest goes. A name goes with its node, with its folder, or when it was not asked for the
 * longest time. A name that nobody has is kept as well: node is NULL, and it is true as long as
 * nothing was created in the folder, whose version it has.
 *
 * Invariants: a node in the table is not removed; an idle node has no reference; a name is on the
 * lists of its folder and, if it is somebody's, of its node; folders that have a child in memory
 * that is a folder are held by it.
 */
#include "fs/node.h"

#include "base/align.h"
#include "base/status.h"
#include "debug/panic.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"

/* One for so many pages of the machine, but not fewer, nor more, than that. */
#define PAGES_AN_IDLE_NODE 32
#define IDLE_NODES_MIN     64
#define IDLE_NODES_MAX     4096
#define PAGES_A_NAME       16
#define NAMES_MIN          128
#define NAMES_MAX          8192

/* Idle nodes that are looked at for one that can go, when there are too many. */
#define IDLE_LOOKS_MAX 16

/* Idle nodes that are looked at between two pauses, and as many of them an eviction takes. */
#define LOOKS_AT_ONCE     1024
#define LOOKS_AN_EVICTION 32

/* A name, or that nobody has it. */
struct name {
    struct name *next_in_bucket;
    struct list_node link;      /* on the list of all, the one not used the longest time first */
    struct list_node of_node;   /* on node->names */
    struct list_node in_folder; /* on directory->children */
    struct node *directory;
    struct node *node;
    uint32_t version; /* of a name that nobody has: the folder's */
    uint32_t hash;
    uint16_t length;
    char text[];
};

static struct {
    struct node **nodes; /* a table of chains, by number */
    struct name **names; /* and one by text */
    size_t node_buckets, name_buckets;
    size_t idle_max, names_max;
    struct list_node idle; /* the one that waits longest first */
    struct list_node used; /* names */
    bool is_trimming;
    struct node_cache_stats stats;
} cache;

void node_cache_initialise(void)
{
    size_t pages = pmm_get_total_pages();

    cache.idle_max =
        MIN(MAX(pages / PAGES_AN_IDLE_NODE, (size_t)IDLE_NODES_MIN), (size_t)IDLE_NODES_MAX);
    cache.names_max = MIN(MAX(pages / PAGES_A_NAME, (size_t)NAMES_MIN), (size_t)NAMES_MAX);
    cache.node_buckets = IDLE_NODES_MIN;
    cache.name_buckets = NAMES_MIN;
    while (cache.node_buckets < cache.idle_max) {
        cache.node_buckets *= 2;
    }
    while (cache.name_buckets < cache.names_max) {
        cache.name_buckets *= 2;
    }
    cache.nodes = kzalloc(cache.node_buckets * sizeof(struct node *));
    cache.names = kzalloc(cache.name_buckets * sizeof(struct name *));
    KASSERT(cache.nodes && cache.names);
    list_initialise(&cache.idle);
    list_initialise(&cache.used);
}

void node_cache_get_stats(struct node_cache_stats *stats)
{
    *stats = cache.stats;
}

void node_count_kept(int change)
{
    cache.stats.kept += (size_t)change;
}

/* ---------------------------------------------------------------- the table of nodes */

static struct node **bucket_of(const struct volume *volume, uint64_t number)
{
    uintptr_t key = (uintptr_t)volume / KMEM_ALIGNMENT * 31 + (uintptr_t)(number ^ number >> 32);

    return &cache.nodes[key & (cache.node_buckets - 1)];
}

static void put_into_table(struct node *node)
{
    struct node **bucket = bucket_of(node->volume, node->number);

    node->next_in_bucket = *bucket;
    *bucket = node;
    node->is_in_table = true;
}

static void take_out_of_table(struct node *node)
{
    if (!node->is_in_table) {
        return;
    }
    struct node **link = bucket_of(node->volume, node->number);

    while (*link != node) {
        link = &(*link)->next_in_bucket;
    }
    *link = node->next_in_bucket;
    node->is_in_table = false;
}

struct node *node_peek(const struct volume *volume, uint64_t number)
{
    for (struct node *node = *bucket_of(volume, number); node; node = node->next_in_bucket) {
        if (node->volume == volume && node->number == number) {
            return node;
        }
    }
    return NULL;
}

struct node *node_find(struct volume *volume, uint64_t number)
{
    struct node *node = node_peek(volume, number);

    return node ? node_hold(node) : NULL;
}

void node_renumber(struct node *node, uint64_t number)
{
    bool was_in_table = node->is_in_table;

    take_out_of_table(node);
    node->number = number;
    if (was_in_table) {
        put_into_table(node);
    }
}

/* ---------------------------------------------------------------- names */

static uint32_t hash_of(const struct node *directory, const char *name, size_t length)
{
    uint32_t hash = (uint32_t)((uintptr_t)directory / KMEM_ALIGNMENT);

    for (size_t i = 0; i < length; i++) {
        hash = hash * 31 + (uint8_t)name[i];
    }
    return hash;
}

static struct name **name_bucket(uint32_t hash)
{
    return &cache.names[hash & (cache.name_buckets - 1)];
}

static void forget_name(struct name *name)
{
    struct name **link = name_bucket(name->hash);

    while (*link != name) {
        link = &(*link)->next_in_bucket;
    }
    *link = name->next_in_bucket;
    list_remove(&name->link);
    list_remove(&name->of_node);
    list_remove(&name->in_folder);
    cache.stats.names--;
    kmem_free(name);
}

/* NULL: not known. */
static struct name *find_name(const struct node *directory, const char *text, size_t length,
                              uint32_t hash)
{
    for (struct name *name = *name_bucket(hash); name; name = name->next_in_bucket) {
        if (name->hash == hash && name->directory == directory && name->length == length &&
            memcmp(name->text, text, length) == 0) {
            return name;
        }
    }
    return NULL;
}

int node_find_name(struct node *directory, const char *text, size_t length, struct node **node)
{
    struct name *name = find_name(directory, text, length, hash_of(directory, text, length));

    if (!name) {
        cache.stats.name_misses++;
        return -ENOENT;
    }
    if (!name->node && name->version != directory->nobody_version) {
        forget_name(name);
        cache.stats.name_misses++;
        return -ENOENT;
    }
    cache.stats.name_hits++;
    list_remove(&name->link);
    list_append(&cache.used, &name->link);
    *node = name->node ? node_hold(name->node) : NULL;
    return name->node != NULL;
}

void node_keep_name(struct node *directory, const char *text, size_t length, struct node *node)
{
    uint32_t hash = hash_of(directory, text, length);
    struct name *name = find_name(directory, text, length, hash);

    if (name) {
        forget_name(name);
    }
    if (cache.stats.names >= cache.names_max) {
        forget_name(LIST_ENTRY(cache.used.next, struct name, link));
    }
    name = kmem_alloc(sizeof(*name) + length);
    if (!name) {
        return;
    }
    *name = (struct name){
        .next_in_bucket = *name_bucket(hash),
        .directory = directory,
        .node = node,
        .version = directory->nobody_version,
        .hash = hash,
        .length = (uint16_t)length,
    };
    memcpy(name->text, text, length);
    *name_bucket(hash) = name;
    list_append(&cache.used, &name->link);
    list_append(&directory->children, &name->in_folder);
    list_initialise(&name->of_node);
    if (node) {
        list_append(&node->names, &name->of_node);
    }
    cache.stats.names++;
}

void node_forget_names(struct node *node)
{
    while (!list_is_empty(&node->names)) {
        forget_name(LIST_ENTRY(node->names.next, struct name, of_node));
    }
}

void node_forget_nobody(struct node *directory)
{
    directory->nobody_version++;
}

/* ---------------------------------------------------------------- volumes */

void volume_initialise(struct volume *volume, const struct volume_operations *operations)
{
    *volume = (struct volume){.operations = operations, .type = "", .source = ""};
    list_initialise(&volume->nodes);
    list_initialise(&volume->unfinished);
    wait_queue_initialise(&volume->lock_queue);
}

void volume_lock(struct volume *volume)
{
    while (volume->is_locked) {
        task_wait(&volume->lock_queue);
    }
    volume->is_locked = true;
}

/* ---------------------------------------------------------------- the end of a node */

/* Nobody uses the node; its volume is locked, or it is not removed. */
static void end(struct node *node)
{
    struct node *parent = node->parent;

    take_out_of_table(node);
    node_forget_names(node);
    while (!list_is_empty(&node->children)) {
        forget_name(LIST_ENTRY(node->children.next, struct name, in_folder));
    }
    list_remove(&node->link);
    list_remove(&node->idle);
    page_object_end(&node->contents);
    cache.stats.nodes--;
    node->operations->forget(node);
    if (parent) {
        node_release(parent);
    }
}

void volume_unlock(struct volume *volume)
{
    struct list_node *link;

    KASSERT(volume->is_locked);
    while ((link = list_take_first(&volume->unfinished)) != NULL) {
        end(LIST_ENTRY(link, struct node, idle));
    }
    volume->is_locked = false;
    if (!list_is_empty(&volume->lock_queue.tasks)) {
        task_wake_all(&volume->lock_queue);
    }
}

/* Is anything of it to be written? */
static bool is_to_be_written(const struct node *node)
{
    return (node->is_changed && !node->is_removed) || node->contents.dirty > 0 ||
           node->contents.writing > 0;
}

/* An idle node ends: one of which nothing is to be written. Its pages go with it. */
static void evict(struct node *node)
{
    KASSERT(node->contents.references == 0 && !is_to_be_written(node));
    cache.stats.idle--;
    list_remove(&node->idle);
    end(node);
}

/* One idle node that has waited long goes; if there is something to be written of the first, that
 * is done. */
static void evict_one(void)
{
    unsigned looks = 0;

    LIST_FOR_EACH(link, &cache.idle) {
        struct node *node = LIST_ENTRY(link, struct node, idle);

        if (!is_to_be_written(node)) {
            evict(node);
            return;
        }
        if (++looks == IDLE_LOOKS_MAX) {
            break;
        }
    }
    struct node *first = LIST_ENTRY(cache.idle.next, struct node, idle);

    if (!first->volume->is_locked) {
        (void)node_hold(first);
        (void)node_write_back(first);
        node_release(first);
    }
}

/* Nobody refers to the node any more. */
static void unused(struct page_object *contents)
{
    struct node *node = node_of(contents);

    if (node->is_removed) {
        page_object_abandon(contents);
        list_append(&node->volume->unfinished, &node->idle);
        if (!node->volume->is_locked) {
            volume_lock(node->volume);
            volume_unlock(node->volume);
        }
        return;
    }
    list_append(&cache.idle, &node->idle);
    cache.stats.idle++;
    if (cache.stats.idle > cache.idle_max && !cache.is_trimming) {
        cache.is_trimming = true;
        evict_one();
        cache.is_trimming = false;
    }
}

/* Somebody refers to it again: a task, or the page cache, which writes its pages. */
static void used_again(struct page_object *contents)
{
    struct node *node = node_of(contents);

    KASSERT(!node->is_removed); /* page_object_abandon() */
    list_remove(&node->idle);
    cache.stats.idle--;
}

struct node *node_hold(struct node *node)
{
    (void)page_object_hold(&node->contents);
    return node;
}

void node_release(struct node *node)
{
    page_object_release(&node->contents);
}

void node_mark_removed(struct node *node)
{
    node_forget_names(node);
    take_out_of_table(node);
    node->is_removed = true;
    node->is_changed = false;
}

size_t node_cache_shrink(const struct volume *volume)
{
    size_t count = 0, looks = 0;
    struct list_node *next;

    while (!volume && !list_is_empty(&cache.used)) {
        forget_name(LIST_ENTRY(cache.used.next, struct name, link));
        if (++looks % LOOKS_AT_ONCE == 0) {
            (void)task_pause();
        }
    }
    for (struct list_node *link = cache.idle.next; link != &cache.idle; link = next) {
        struct node *node = LIST_ENTRY(link, struct node, idle);

        next = link->next;
        looks++;
        if ((!volume || node->volume == volume) && !is_to_be_written(node)) {
            evict(node);
            count++;
            looks += LOOKS_AN_EVICTION;
            if (looks >= LOOKS_AT_ONCE) {
                looks = 0;
                (void)task_pause();
            }
            next = cache.idle.next; /* its folder may be idle now, and others may have run */
        }
    }
    return count;
}

/* ---------------------------------------------------------------- contents */

static int fill(struct page_object *contents, uint32_t index, void *const frames[], size_t count)
{
    struct node *node = node_of(contents);

    volume_lock(node->volume);

    int status = node->operations->fill(node, index, frames, count);

    volume_unlock(node->volume);
    return status;
}

void node_note_error(struct node *node, int status)
{
    if (status < 0 && status != -ENOMEM && status != -EINTERRUPTED) {
        node->write_status = status;
        node->write_errors++;
        node->is_error_told = false;
    }
}

static int write_back(struct page_object *contents, uint32_t index, void *const frames[],
                      size_t count)
{
    struct node *node = node_of(contents);

    volume_lock(node->volume);

    int status = node->operations->write_back(node, index, frames, count);

    volume_unlock(node->volume);
    node_note_error(node, status);
    return status;
}

static int charge(struct page_object *contents)
{
    struct node *node = node_of(contents);

    return node->operations->charge(node);
}

static void give_back(struct page_object *contents, size_t pages)
{
    struct node *node = node_of(contents);

    node->operations->give_back(node, pages);
}

static const struct page_object_operations read_contents = {
    .fill = fill,
    .unused = unused,
    .used_again = used_again,
};

static const struct page_object_operations written_contents = {
    .fill = fill,
    .write_back = write_back,
    .unused = unused,
    .used_again = used_again,
};

static const struct page_object_operations memory_contents = {
    .charge = charge,
    .give_back = give_back,
    .unused = unused,
    .used_again = used_again,
};

void node_enter(struct node *node, const struct node_operations *operations, struct volume *volume,
                uint64_t number, unsigned kind, uint64_t size)
{
    *node = (struct node){
        .operations = operations,
        .volume = volume,
        .number = number,
        .size = size,
        .kind = (uint8_t)kind,
    };
    page_object_initialise(&node->contents,
                           !operations->fill        ? &memory_contents
                           : operations->write_back ? &written_contents
                                                    : &read_contents,
                           (uint32_t)(size / PAGE_SIZE_BYTES + (size % PAGE_SIZE_BYTES != 0)));
    list_append(&volume->nodes, &node->link);
    list_initialise(&node->idle);
    list_initialise(&node->names);
    list_initialise(&node->children);
    put_into_table(node);
    cache.stats.nodes++;
}

int node_write_back(struct node *node)
{
    int status = page_object_write_back(&node->contents);

    if (status == -ENOMEM || status == -EINTERRUPTED) {
        return status;
    }
    volume_lock(node->volume);
    if (node->is_changed && !node->is_removed) {
        node->is_changed = false;

        int now =
            node->operations->write_attributes ? node->operations->write_attributes(node) : OK;

        node->is_changed = node->is_changed || now == -ENOMEM || now == -EINTERRUPTED;
        node_note_error(node, now);
        status = status < 0 ? status : now;
    }
    volume_unlock(node->volume);
    return status;
}
