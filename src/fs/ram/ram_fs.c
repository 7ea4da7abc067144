/*
 * fs/ram/ram_fs.c - see ram_fs.h.
 *
 * A folder has its entries in two trees: by name, to be found, and by a number that counts up, to
 * be listed: a cursor is the number behind the entry that came last. An entry holds its node, so
 * nodes with a name stay in memory.
 */
#include "fs/ram/ram_fs.h"

#include "base/align.h"
#include "base/status.h"
#include "drivers/rtc.h"
#include "lib/string.h"
#include "lib/tree.h"
#include "memory/heap/kmem_cache.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"

struct ram_volume {
    struct volume volume;
    uint64_t last_number; /* of nodes and of entries */
    uint64_t bytes;       /* taken */
    uint64_t bytes_max;
};

struct ram_node {
    struct node node;
    struct tree by_name; /* of a folder */
    struct tree by_number;
};

struct ram_entry {
    struct tree_node by_name;
    struct tree_node by_number;
    uint64_t number;
    struct node *node; /* held */
    uint16_t length;
    char name[];
};

static struct {
    bool (*charge)(size_t pages);
    void (*give_back)(size_t pages);
} others;

void ram_fs_set_charge(bool (*charge)(size_t pages), void (*give_back)(size_t pages))
{
    others.charge = charge;
    others.give_back = give_back;
}

static struct ram_volume *volume_of(const struct node *node)
{
    return LIST_ENTRY(node->volume, struct ram_volume, volume);
}

static struct ram_node *ram_of(struct node *node)
{
    return LIST_ENTRY(node, struct ram_node, node);
}

/* ---------------------------------------------------------------- room */

/* Bytes of the kernel's memory: of a node, and of an entry with a name of that length. */
#define ENTRY_BYTES(length) (sizeof(struct ram_node) + sizeof(struct ram_entry) + (length))

static bool take(struct ram_volume *volume, size_t bytes)
{
    if (bytes > volume->bytes_max - volume->bytes) {
        return false;
    }
    volume->bytes += bytes;
    return true;
}

static int charge(struct node *node)
{
    struct ram_volume *volume = volume_of(node);

    if (!take(volume, PAGE_SIZE_BYTES)) {
        return -ENOSPACE;
    }
    if (others.charge && !others.charge(1)) {
        volume->bytes -= PAGE_SIZE_BYTES;
        return -ENOSPACE;
    }
    return OK;
}

static void give_back(struct node *node, size_t pages)
{
    volume_of(node)->bytes -= (uint64_t)pages * PAGE_SIZE_BYTES;
    if (others.give_back) {
        others.give_back(pages);
    }
}

/* ---------------------------------------------------------------- entries */

static int compare(const char *name, size_t length, const struct ram_entry *entry)
{
    int order = memcmp(name, entry->name, MIN(length, (size_t)entry->length));

    return order != 0 ? order : (int)length - (int)entry->length;
}

/* The entry of that name; if there is none, NULL, and the place where it would be. */
static struct ram_entry *find(struct ram_node *directory, const char *name, size_t length,
                              struct tree_node **parent, unsigned *side)
{
    struct tree_node *node = directory->by_name.root;

    *parent = NULL;
    *side = 0;
    while (node) {
        struct ram_entry *entry = TREE_ENTRY(node, struct ram_entry, by_name);
        int order = compare(name, length, entry);

        if (order == 0) {
            return entry;
        }
        *parent = node;
        *side = order > 0;
        node = node->child[*side];
    }
    return NULL;
}

static struct ram_entry *find_entry(struct node *directory, const char *name, size_t length)
{
    struct tree_node *parent;
    unsigned side;

    return find(ram_of(directory), name, length, &parent, &side);
}

/* Adds an entry whose name nobody has, as the last of the folder. */
static void add(struct node *directory, struct ram_entry *entry)
{
    struct ram_node *folder = ram_of(directory);
    struct tree_node *parent;
    unsigned side;

    (void)find(folder, entry->name, entry->length, &parent, &side);
    tree_insert(&folder->by_name, parent, side, &entry->by_name);
    entry->number = ++volume_of(directory)->last_number;
    tree_insert_between(&folder->by_number, tree_last(&folder->by_number), NULL, &entry->by_number);
    directory->times.modified = rtc_now();
}

static void take_out(struct node *directory, struct ram_entry *entry)
{
    tree_remove(&ram_of(directory)->by_name, &entry->by_name);
    tree_remove(&ram_of(directory)->by_number, &entry->by_number);
    directory->times.modified = rtc_now();
}

/* The entry, which is in no folder, ends, and its hold on the node. */
static void end_entry(struct ram_volume *volume, struct ram_entry *entry)
{
    struct node *node = entry->node;

    volume->bytes -= ENTRY_BYTES(entry->length);
    kmem_free(entry);
    node_release(node);
}

static struct ram_entry *new_entry(const char *name, size_t length)
{
    struct ram_entry *entry = kmem_alloc(sizeof(*entry) + length);

    if (entry) {
        entry->length = (uint16_t)length;
        memcpy(entry->name, name, length);
    }
    return entry;
}

/* ---------------------------------------------------------------- operations */

static int look_up(struct node *directory, const char *name, size_t length, struct node **node)
{
    struct ram_entry *entry = find_entry(directory, name, length);

    if (!entry) {
        return -ENOENT;
    }
    *node = node_hold(entry->node);
    return OK;
}

/* The first entry from that number on; NULL: none. */
static const struct ram_entry *entry_from(struct node *directory, uint64_t number)
{
    struct tree_node *next = NULL;

    for (struct tree_node *at = ram_of(directory)->by_number.root; at;) {
        bool is_behind = TREE_ENTRY(at, struct ram_entry, by_number)->number >= number;

        next = is_behind ? at : next;
        at = at->child[!is_behind];
    }
    return next ? TREE_ENTRY(next, struct ram_entry, by_number) : NULL;
}

static int list(struct node *directory, uint64_t *cursor, struct node_listing *listing)
{
    const struct ram_entry *found = NULL;

    while (listing->left > 0 && (found = entry_from(directory, *cursor)) != NULL) {
        struct directory_record *record = node_listing_next(listing);

        *record = (struct directory_record){
            .number = found->node->number,
            .size = found->node->size,
            .modified = found->node->times.modified,
            .kind = found->node->kind,
            .flags = found->node->is_read_only ? FILE_IS_READ_ONLY : 0,
        };
        memcpy(node_listing_name(listing), found->name, found->length);
        if (!node_listing_add(listing, found->length)) {
            break;
        }
        *cursor = found->number + 1;
    }
    return found || listing->left == 0;
}

static bool is_allowed(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((uint8_t)name[i] < ' ' || name[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

static const struct node_operations operations;

static struct node *new_node(struct ram_volume *volume, unsigned kind, int64_t now)
{
    struct ram_node *node = kmem_alloc(sizeof(*node));

    if (!node) {
        return NULL;
    }
    node_enter(&node->node, &operations, &volume->volume, ++volume->last_number, kind, 0);
    node->node.times = (struct node_times){.modified = now, .accessed = now, .created = now};
    tree_initialise(&node->by_name, NULL);
    tree_initialise(&node->by_number, NULL);
    return &node->node;
}

static int create(struct node *directory, const char *name, size_t length, unsigned kind,
                  int64_t now, struct node **node)
{
    struct ram_volume *volume = volume_of(directory);
    struct ram_entry *entry;

    if (!is_allowed(name, length)) {
        return -EBADPATH;
    }
    entry = find_entry(directory, name, length);
    if (entry) {
        *node = node_hold(entry->node);
        return -EEXISTS;
    }
    if (!take(volume, ENTRY_BYTES(length))) {
        return -ENOSPACE;
    }
    entry = new_entry(name, length);
    *node = entry ? new_node(volume, kind, now) : NULL;
    if (!*node) {
        kmem_free(entry);
        volume->bytes -= ENTRY_BYTES(length);
        return -ENOMEM;
    }
    entry->node = node_hold(*node);
    add(directory, entry);
    return OK;
}

static bool is_empty(struct node *directory)
{
    return ram_of(directory)->by_name.root == NULL;
}

static int remove(struct node *directory, const char *name, size_t length, struct node *node)
{
    struct ram_entry *entry = find_entry(directory, name, length);

    if (node->kind == NODE_DIRECTORY && !is_empty(node)) {
        return -ENOTEMPTY;
    }
    take_out(directory, entry);
    end_entry(volume_of(directory), entry);
    return OK;
}

static int rename(struct node *directory, const char *name, size_t length, struct node *node,
                  struct node *new_directory, const char *new_name, size_t new_length,
                  struct node *replaced)
{
    struct ram_volume *volume = volume_of(directory);
    struct ram_entry *entry, *made;

    if (!is_allowed(new_name, new_length)) {
        return -EBADPATH;
    }
    if (replaced && replaced->kind == NODE_DIRECTORY && !is_empty(replaced)) {
        return -ENOTEMPTY;
    }
    if (!take(volume, ENTRY_BYTES(new_length))) {
        return -ENOSPACE;
    }
    made = new_entry(new_name, new_length);
    if (!made) {
        volume->bytes -= ENTRY_BYTES(new_length);
        return -ENOMEM;
    }
    made->node = node_hold(node);
    if (replaced) {
        entry = find_entry(new_directory, new_name, new_length);
        take_out(new_directory, entry);
        end_entry(volume, entry);
    }
    entry = find_entry(directory, name, length);
    take_out(directory, entry);
    end_entry(volume, entry);
    add(new_directory, made);
    return OK;
}

static int resize(struct node *node, uint64_t size)
{
    return size > volume_of(node)->bytes_max ? -EFILESIZE : OK;
}

static void forget(struct node *node)
{
    kmem_free(ram_of(node));
}

static const struct node_operations operations = {
    .look_up = look_up,
    .list = list,
    .create = create,
    .remove = remove,
    .rename = rename,
    .resize = resize,
    .charge = charge,
    .give_back = give_back,
    .forget = forget,
};

/* ---------------------------------------------------------------- volumes */

static void figures(struct volume *volume, struct volume_figures *figures)
{
    const struct ram_volume *ram = LIST_ENTRY(volume, struct ram_volume, volume);

    *figures = (struct volume_figures){
        .bytes = ram->bytes_max,
        .free_bytes = ram->bytes_max - ram->bytes,
        .cluster_bytes = PAGE_SIZE_BYTES,
    };
}

static void end(struct volume *volume)
{
    kmem_free(LIST_ENTRY(volume, struct ram_volume, volume));
}

static const struct volume_operations volume_operations = {.figures = figures, .end = end};

static int mount(struct block_device *device, uint64_t first_sector, unsigned flags,
                 struct volume **volume)
{
    struct ram_volume *ram = kmem_zalloc(sizeof(*ram));

    (void)device;
    (void)first_sector;
    if (!ram) {
        return -ENOMEM;
    }
    volume_initialise(&ram->volume, &volume_operations);
    ram->volume.type = "RAM";
    ram->volume.is_read_only = flags & VFS_READ_ONLY;
    ram->bytes_max = (uint64_t)pmm_get_total_pages() / RAM_FS_FRACTION * PAGE_SIZE_BYTES;
    ram->volume.root = new_node(ram, NODE_DIRECTORY, rtc_now());
    if (!ram->volume.root) {
        kmem_free(ram);
        return -ENOMEM;
    }
    *volume = &ram->volume;
    return OK;
}

const struct file_system ram_file_system = {.name = "RAM", .mount = mount};
