/*
 * fs/vfs.c - see vfs.h: drives, the way from a path to a node, and what changes names.
 */
#include "fs/vfs.h"

#include "base/align.h"
#include "base/status.h"
#include "config.h"
#include "debug/panic.h"
#include "drivers/rtc.h"
#include "fs/node_contents.h"
#include "lib/string.h"
#include "lib/utf8.h"
#include "memory/heap/kmem_cache.h"

/* Of a folder, that are looked through at once for a name. */
#define LISTED_BYTES 1024

static struct volume *drives[VFS_DRIVES];

/* Where the drives begin that paths reach below the root of drive 0, too. */
static const struct {
    const char *name; /* of PLACE_LENGTH bytes */
    unsigned drive;
} places[] = {{"tmp", VFS_DRIVE_MEMORY}, {"dev", VFS_DRIVE_DEVICES}};
#define PLACE_LENGTH 3

/* ---------------------------------------------------------------- drives */

struct volume *vfs_volume(unsigned drive)
{
    return drive < VFS_DRIVES ? drives[drive] : NULL;
}

struct volume *vfs_hold_volume(unsigned drive)
{
    struct volume *volume = vfs_volume(drive);

    if (volume) {
        volume->users++;
    }
    return volume;
}

void vfs_release_volume(struct volume *volume)
{
    KASSERT(volume->users > 0);
    volume->users--;
}

int vfs_mount(unsigned drive, const struct file_system *file_system, struct block_device *device,
              uint64_t first_sector, unsigned flags)
{
    struct volume *volume;

    KASSERT(drive < VFS_DRIVES);
    if (drives[drive]) {
        return -EISTKN;
    }
    int status = file_system->mount(device, first_sector, flags, &volume);

    if (status == OK) {
        volume->drive = drive;
        drives[drive] = volume;
    }
    return status;
}

/* The first of two results that is an error. */
static int first_error(int first, int second)
{
    return first < 0 ? first : second;
}

/* The next of the volume's nodes behind `link` of which something is to be written; NULL: none.
 * What has no name is not: it may be about to end. At most *left of them are looked at, which are
 * taken from it. */
static struct node *next_changed(const struct volume *volume, const struct list_node *link,
                                 size_t *left)
{
    for (link = link->next; link != &volume->nodes && *left > 0; link = link->next) {
        struct node *node = LIST_ENTRY(link, struct node, link);

        --*left;
        if (!node->is_removed && (node->is_changed || node->contents.dirty > 0)) {
            return node;
        }
    }
    return NULL;
}

bool vfs_is_changed(const struct volume *volume)
{
    size_t all = SIZE_MAX;

    return volume->operations->sync &&
           (next_changed(volume, &volume->nodes, &all) || volume->operations->is_changed(volume));
}

/* Writes the nodes that are in memory now. Each has one turn, and those that come meanwhile none,
 * as new ones are the last of the list: so it ends, however busy others are. */
static int write_back_nodes(struct volume *volume)
{
    struct node_cache_stats stats;
    struct list_node *link = &volume->nodes;
    struct node *node, *before = NULL;
    int status = OK, now = OK;

    node_cache_get_stats(&stats);
    while (now != -ENOMEM && now != -EINTERRUPTED &&
           (node = next_changed(volume, link, &stats.nodes)) != NULL) {
        (void)node_hold(node); /* so its place in the list stays */
        if (before) {
            node_release(before);
        }
        now = node_write_back(node);
        status = first_error(status, now);
        before = node;
        link = &node->link;
        (void)task_pause();
    }
    if (before) {
        node_release(before);
    }
    return status;
}

int vfs_sync_volume(struct volume *volume)
{
    if (!volume->operations->sync) {
        return OK;
    }
    int status = write_back_nodes(volume);

    volume_lock(volume);

    int now = volume->operations->sync(volume);

    volume_unlock(volume);
    return first_error(status, now);
}

int vfs_sync(void)
{
    int status = OK;

    for (unsigned drive = 0; drive < VFS_DRIVES; drive++) {
        struct volume *volume = vfs_hold_volume(drive);

        if (volume) {
            status = first_error(status, vfs_sync_volume(volume));
            vfs_release_volume(volume);
        }
    }
    return status;
}

/* Does anybody but the volume itself use it, or a node of it? */
static bool is_in_use(const struct volume *volume)
{
    const struct list_node *only = volume->nodes.next;

    return volume->users > 0 || volume->is_locked || only != &volume->root->link ||
           only->next != &volume->nodes || volume->root->contents.references > 1;
}

bool vfs_claim(struct volume *volume)
{
    bool is_free = !volume->is_claimed;

    volume->is_claimed = true;
    return is_free;
}

void vfs_give_up_claim(struct volume *volume)
{
    volume->is_claimed = false;
    task_wake_all(&volume->lock_queue);
}

int vfs_unmount(unsigned drive)
{
    struct volume *volume;

    while ((volume = vfs_volume(drive)) != NULL && !vfs_claim(volume)) {
        task_wait(&volume->lock_queue);
    }
    if (!volume) {
        return -ENOENT;
    }
    int status = vfs_sync_volume(volume);

    (void)node_cache_shrink(volume);
    if (is_in_use(volume)) {
        vfs_give_up_claim(volume);
        return -EINUSE;
    }
    drives[drive] = NULL;
    volume->root->is_changed = false;
    node_release(volume->root);
    (void)node_cache_shrink(volume);
    volume->operations->end(volume);
    return status;
}

int vfs_end(void)
{
    int status = OK;

    for (unsigned drive = 0; drive < VFS_DRIVES; drive++) {
        if (drives[drive] && drives[drive]->operations->sync) {
            status = first_error(status, vfs_unmount(drive));
        }
    }
    return status;
}

/* ---------------------------------------------------------------- from one folder to the next */

static bool is_dot(const char *name, size_t length)
{
    return length == 1 && name[0] == '.';
}

static bool is_dot_dot(const char *name, size_t length)
{
    return length == 2 && name[0] == '.' && name[1] == '.';
}

static bool is_dots(const char *name, size_t length)
{
    return is_dot(name, length) || is_dot_dot(name, length);
}

/* The name is that node's, or nobody's (NULL). */
static void keep(struct node *directory, const char *name, size_t length, struct node *node)
{
    if (node && node->kind == NODE_DIRECTORY && !node->parent) {
        node->parent = node_hold(directory);
    }
    node_keep_name(directory, name, length, node);
}

/* With the directory's volume locked: the node of that name, held; -ENOENT. */
static int look_up(struct node *directory, const char *name, size_t length, struct node **node)
{
    int known = directory->is_removed ? 0 : node_find_name(directory, name, length, node);

    if (known >= 0) {
        return known ? OK : -ENOENT;
    }
    int status = directory->operations->look_up(directory, name, length, node);

    if (status == -ENOMEM && node_cache_shrink(NULL) > 0) {
        status = directory->operations->look_up(directory, name, length, node);
    }
    if (status == OK || status == -ENOENT) {
        keep(directory, name, length, status == OK ? *node : NULL);
    }
    return status;
}

/* The root of a drive, held. */
static int root_of(unsigned drive, struct node **node)
{
    const struct volume *volume = vfs_volume(drive);

    if (!volume) {
        return -ENOENT;
    }
    *node = node_hold(volume->root);
    return OK;
}

static int go_up(struct node *directory, struct node **node)
{
    if (directory->parent) {
        *node = node_hold(directory->parent);
        return OK;
    }
    return directory == directory->volume->root ? root_of(VFS_DRIVE_START, node) : -ENOENT;
}

/* Which drive begins at that name below the root of drive 0; VFS_DRIVES: none. */
static unsigned drive_at(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (length == PLACE_LENGTH && memcmp(name, places[i].name, PLACE_LENGTH) == 0) {
            return places[i].drive;
        }
    }
    return VFS_DRIVES;
}

/* Does another drive begin at that name in the directory? */
static bool is_place(const struct node *directory, const char *name, size_t length)
{
    const struct volume *start = drives[VFS_DRIVE_START];

    return start && directory == start->root && vfs_volume(drive_at(name, length)) != NULL;
}

/* From the root of drive 0, `name` may be where another drive begins. */
static int place_of(const struct node *directory, const char *name, size_t length,
                    struct node **node)
{
    return is_place(directory, name, length) ? root_of(drive_at(name, length), node) : -ENOENT;
}

/* One name further. */
static int step(struct node *directory, const char *name, size_t length, bool may_be_place,
                struct node **node)
{
    if (directory->kind != NODE_DIRECTORY) {
        return -ENOTDIR;
    }
    if (is_dot(name, length)) {
        *node = node_hold(directory);
        return OK;
    }
    if (is_dot_dot(name, length)) {
        return go_up(directory, node);
    }
    if (may_be_place && place_of(directory, name, length, node) == OK) {
        return OK;
    }
    int known = directory->is_removed ? 0 : node_find_name(directory, name, length, node);

    if (known >= 0) {
        return known ? OK : -ENOENT;
    }
    volume_lock(directory->volume);

    int status = look_up(directory, name, length, node);

    volume_unlock(directory->volume);
    return status;
}

/* ---------------------------------------------------------------- paths */

/* How far a path was followed. */
struct walk {
    struct node *node; /* held */
    const char *rest;
    const char *limit; /* here a path is too long */
    bool is_at_drive;  /* the path has named the drive, and nothing else yet */
};

/* Where a path begins. */
static int begin(struct node *folder, const char *path, struct walk *walk)
{
    unsigned drive = VFS_DRIVE_START;

    if (path[0] == '\0') {
        return -EBADPATH;
    }
    *walk = (struct walk){.rest = path, .limit = path + PATH_BYTES_MAX};
    if (char_is_digit(path[0]) && path[1] == ':') {
        if (path[2] != '/' && path[2] != '\0') {
            return -EBADPATH;
        }
        drive = (unsigned)(path[0] - '0');
        walk->rest += 2;
        walk->is_at_drive = true;
    } else if (path[0] != '/' && folder) {
        walk->node = node_hold(folder);
        return OK;
    }
    return root_of(drive, &walk->node);
}

/* The same limits on all drives: so what one has can be copied to another. */
static bool is_too_long(const char *name, size_t length)
{
    size_t units = 0;

    for (size_t i = 0; length > NAME_UNITS_MAX && length < NAME_BYTES_MAX && i < length; i++) {
        units += utf8_units((uint8_t)name[i]);
    }
    return length >= NAME_BYTES_MAX || units > NAME_UNITS_MAX;
}

/* Takes the next name off the rest: its length, 0 when there is none, -EBADPATH. */
static int next_name(struct walk *walk, const char **name)
{
    const char *rest = walk->rest;

    while (*rest == '/') {
        rest++;
    }
    *name = rest;
    while (*rest != '\0' && *rest != '/') {
        rest++;
    }
    walk->rest = rest;
    return rest < walk->limit && !is_too_long(*name, (size_t)(rest - *name)) ? (int)(rest - *name)
                                                                             : -EBADPATH;
}

/* Is nothing behind but slashes? */
static bool is_last(const struct walk *walk)
{
    const char *rest = walk->rest;

    while (*rest == '/') {
        rest++;
    }
    return *rest == '\0';
}

/* Follows the path as long as there is another name behind. 0: walk->node is the folder, held, and
 * *name and *length what is left, 0 for none. */
static int follow(struct walk *walk, const char **name, size_t *length)
{
    for (;;) {
        struct node *node;
        int taken = next_name(walk, name);

        *length = taken > 0 ? (size_t)taken : 0;
        if (taken <= 0 || is_last(walk)) {
            return taken < 0 ? taken : OK;
        }
        int status = step(walk->node, *name, *length, !walk->is_at_drive, &node);

        if (status < 0) {
            return status;
        }
        node_release(walk->node);
        walk->node = node;
        walk->is_at_drive = false;
    }
}

/* The folder that the path's last name is in, or is to be in: held, in walk->node. -EINUSE for a
 * path whose last name cannot be changed: it is none, or where a drive begins. */
static int find_folder(struct node *folder, const char *path, struct walk *walk, const char **name,
                       size_t *length)
{
    int status = begin(folder, path, walk);

    if (status < 0) {
        return status;
    }
    status = follow(walk, name, length);
    if (status == OK && walk->node->kind != NODE_DIRECTORY) {
        status = -ENOTDIR;
    }
    if (status == OK && (*length == 0 || is_dots(*name, *length) ||
                         (!walk->is_at_drive && is_place(walk->node, *name, *length)))) {
        status = -EINUSE;
    }
    if (status < 0) {
        node_release(walk->node);
    }
    return status;
}

/* Does the path say that it is a folder's? */
static bool ends_with_slash(const struct walk *walk)
{
    return walk->rest[0] == '/';
}

/* ---------------------------------------------------------------- opening */

/* With the volume locked: makes the file or folder. -EEXISTS: it is there already, and *node is
 * that. Either is held. */
static int create(struct node *directory, const char *name, size_t length, unsigned kind,
                  struct node **node)
{
    const struct node_operations *operations = directory->operations;

    if (directory->is_removed) {
        return -ENOENT;
    }
    int known = node_find_name(directory, name, length, node);

    if (known == 1) {
        return -EEXISTS;
    }
    if (directory->volume->is_read_only || !operations->create) {
        int status = look_up(directory, name, length, node);

        return status == OK ? -EEXISTS : status == -ENOENT ? -ERDONLY : status;
    }
    int status = operations->create(directory, name, length, kind, rtc_now(), node);

    if (status == -ENOMEM && node_cache_shrink(NULL) > 0) {
        status = operations->create(directory, name, length, kind, rtc_now(), node);
    }
    if (status == OK || status == -EEXISTS) {
        keep(directory, name, length, *node);
    }
    if (status == OK) {
        node_forget_nobody(directory);
    }
    return status;
}

/* The node that the path's last name is, which is made if that is asked for. */
static int open_last(const struct walk *walk, const char *name, size_t length, unsigned flags,
                     struct node **node)
{
    if (!(flags & VFS_CREATE) || length == 0 || is_dots(name, length) ||
        walk->node->kind != NODE_DIRECTORY) {
        int status = OK;

        if (length == 0) {
            *node = node_hold(walk->node);
        } else {
            status = step(walk->node, name, length, !walk->is_at_drive, node);
        }
        if (status == OK && flags & VFS_EXCLUSIVE) {
            node_release(*node);
            status = -EEXISTS;
        }
        return status;
    }
    if (!walk->is_at_drive && is_place(walk->node, name, length)) {
        return flags & VFS_EXCLUSIVE ? -EEXISTS : place_of(walk->node, name, length, node);
    }
    volume_lock(walk->node->volume);

    int status = ends_with_slash(walk) ? look_up(walk->node, name, length, node)
                                       : create(walk->node, name, length, NODE_FILE, node);

    volume_unlock(walk->node->volume);
    if (ends_with_slash(walk)) {
        status = status == OK ? -EEXISTS : status == -ENOENT ? -EISDIR : status;
    }
    if (status == -EEXISTS && flags & VFS_EXCLUSIVE) {
        node_release(*node);
        return -EEXISTS;
    }
    return status == -EEXISTS ? OK : status;
}

/* May it be opened so? Then it is. */
static int check(struct node *node, bool is_folder, unsigned flags)
{
    int status = (is_folder || flags & VFS_DIRECTORY) && node->kind != NODE_DIRECTORY ? -ENOTDIR
                 : flags & VFS_WRITE ? node_begin_writing(node)
                                     : OK;

    if (status == OK && flags & VFS_TRUNCATE && node->kind == NODE_FILE && node->size > 0) {
        status = node_resize(node, 0);
        if (status < 0 && flags & VFS_WRITE) {
            node_end_writing(node);
        }
    }
    return status;
}

int vfs_open(struct node *folder, const char *path, unsigned flags, struct node **node)
{
    struct walk walk;
    const char *name;
    size_t length;
    int status = begin(folder, path, &walk);

    if (status < 0) {
        return status;
    }
    status = follow(&walk, &name, &length);
    if (status == OK) {
        status = open_last(&walk, name, length, flags, node);
    }
    node_release(walk.node);
    if (status < 0) {
        return status;
    }
    status = check(*node, ends_with_slash(&walk), flags);
    if (status < 0) {
        node_release(*node);
    }
    return status;
}

int vfs_make_directory(struct node *folder, const char *path)
{
    struct walk walk;
    const char *name;
    size_t length;
    struct node *node;
    int status = find_folder(folder, path, &walk, &name, &length);

    if (status < 0) {
        return status == -EINUSE ? -EEXISTS : status;
    }
    volume_lock(walk.node->volume);
    status = create(walk.node, name, length, NODE_DIRECTORY, &node);
    volume_unlock(walk.node->volume);
    if (status == OK || status == -EEXISTS) {
        node_release(node);
    }
    node_release(walk.node);
    return status;
}

/* ---------------------------------------------------------------- names that go and change */

/* May the name of that node be taken from it? */
static int check_removal(const struct node *node, bool is_directory)
{
    bool is_one = node->kind == NODE_DIRECTORY;

    return is_one && !is_directory      ? -EISDIR
           : !is_one && is_directory    ? -ENOTDIR
           : node == node->volume->root ? -EINUSE
           : node->is_read_only         ? -ERDONLY
                                        : OK;
}

/* With the volume locked. */
static int remove_locked(struct node *directory, const char *name, size_t length, bool is_directory)
{
    struct node *node;
    int status = look_up(directory, name, length, &node);

    if (status < 0) {
        return status;
    }
    status = check_removal(node, is_directory);
    if (status == OK && (directory->volume->is_read_only || !directory->operations->remove)) {
        status = -ERDONLY;
    }
    if (status == OK) {
        status = directory->operations->remove(directory, name, length, node);
    }
    if (status == OK) {
        node_mark_removed(node);
    }
    node_release(node);
    return status;
}

static int remove_path(struct node *folder, const char *path, bool is_directory)
{
    struct walk walk;
    const char *name;
    size_t length;
    int status = find_folder(folder, path, &walk, &name, &length);

    if (status < 0) {
        return status;
    }
    if (ends_with_slash(&walk) && !is_directory) {
        status = -EISDIR;
    } else {
        volume_lock(walk.node->volume);
        status = remove_locked(walk.node, name, length, is_directory);
        volume_unlock(walk.node->volume);
    }
    node_release(walk.node);
    return status;
}

int vfs_remove(struct node *folder, const char *path)
{
    return remove_path(folder, path, false);
}

int vfs_remove_directory(struct node *folder, const char *path)
{
    return remove_path(folder, path, true);
}

/* One side of a renaming. */
struct side {
    struct walk walk;
    const char *name;
    size_t length;
};

/* Folders, or entries of one, that are looked at between two pauses. */
#define LOOKS_AT_ONCE 64

/* Is `directory`, which is held, the node, or does it lie in it? With the volume locked: so no
 * folder moves meanwhile. */
static bool is_below(const struct node *directory, const struct node *node)
{
    for (unsigned looks = 1; directory && directory != node; looks++) {
        directory = directory->parent;
        if (looks % LOOKS_AT_ONCE == 0) {
            (void)task_pause();
        }
    }
    return directory != NULL;
}

/* May node, from the old side, take the new side's name from `replaced` (NULL: nobody)? */
static int check_renaming(const struct side *old, const struct side *new, const struct node *node,
                          const struct node *replaced)
{
    bool is_directory = node->kind == NODE_DIRECTORY;
    int status = check_removal(node, is_directory);

    if (status < 0) {
        return status;
    }
    if (!is_directory && (ends_with_slash(&old->walk) || ends_with_slash(&new->walk))) {
        return -ENOTDIR;
    }
    if (new->walk.node->is_removed) {
        return -ENOENT;
    }
    if (is_directory && is_below(new->walk.node, node)) {
        return -EINVARG;
    }
    return replaced && replaced != node ? check_removal(replaced, is_directory) : OK;
}

/* A folder lies in another one from now on. */
static void set_parent(struct node *node, struct node *parent)
{
    struct node *before = node->parent;

    if (before && before != parent) {
        node->parent = node_hold(parent);
        node_release(before);
    }
}

/* With the volume locked; replaced may be NULL. */
static int rename_node(const struct side *old, const struct side *new, struct node *node,
                       struct node *replaced)
{
    struct node *from = old->walk.node, *to = new->walk.node;
    bool is_same = replaced == node && from == to &&
                   old->length == new->length &&memcmp(old->name, new->name, old->length) == 0;
    int status = check_renaming(old, new, node, replaced);

    if (status < 0 || is_same) {
        return status;
    }
    if (from->volume->is_read_only || !from->operations->rename) {
        return -ERDONLY;
    }
    status = from->operations->rename(from, old->name, old->length, node, to, new->name,
                                      new->length, replaced);
    if (status == OK) {
        node_forget_names(node);
        if (replaced && replaced != node) {
            node_mark_removed(replaced);
        }
        node_forget_nobody(to);
        set_parent(node, to);
    }
    return status;
}

static int rename_locked(const struct side *old, const struct side *new)
{
    struct node *node, *replaced = NULL;
    int status = look_up(old->walk.node, old->name, old->length, &node);

    if (status < 0) {
        return status;
    }
    status = look_up(new->walk.node, new->name, new->length, &replaced);
    if (status == OK || status == -ENOENT) {
        replaced = status == OK ? replaced : NULL;
        status = rename_node(old, new, node, replaced);
        if (replaced) {
            node_release(replaced);
        }
    }
    node_release(node);
    return status;
}

/* A file is about to take the place of another one: what was written to it gets to the disk before,
 * so that after a power cut its name has the old contents or the new ones, never none. With the
 * volume locked, which it gives up in between. */
static int write_back_before(const struct side *old, const struct side *new)
{
    struct node *node, *replaced;
    int status = look_up(old->walk.node, old->name, old->length, &node);

    if (status < 0) {
        return status;
    }
    if (node->kind == NODE_FILE && node->contents.dirty > 0 &&
        look_up(new->walk.node, new->name, new->length, &replaced) == OK) {
        volume_unlock(node->volume);
        node_release(replaced);
        status = node_write_back(node);
        volume_lock(node->volume);
    }
    node_release(node);
    return status;
}

int vfs_rename(struct node *folder, const char *old_path, const char *new_path)
{
    struct side old, new;
    int status = find_folder(folder, old_path, &old.walk, &old.name, &old.length);

    if (status < 0) {
        return status;
    }
    status = find_folder(folder, new_path, &new.walk, &new.name, &new.length);
    if (status == OK) {
        struct volume *volume = old.walk.node->volume;

        if (new.walk.node->volume != volume) {
            status = -EOTHERDRIVE;
        } else {
            volume_lock(volume);
            status = write_back_before(&old, &new);
            if (status == OK) {
                status = rename_locked(&old, &new);
            }
            volume_unlock(volume);
        }
        node_release(new.walk.node);
    }
    node_release(old.walk.node);
    return status;
}

/* ---------------------------------------------------------------- from a node to its path */

int node_list(struct node *directory, uint64_t *cursor, struct node_listing *listing)
{
    if (directory->kind != NODE_DIRECTORY) {
        return -ENOTDIR;
    }
    volume_lock(directory->volume);

    int status =
        directory->is_removed ? 0 : directory->operations->list(directory, cursor, listing);

    volume_unlock(directory->volume);
    return status;
}

/* Puts text before *start, which stays behind path. */
static int put_before(const char *path, char **start, const char *text)
{
    size_t length = strlen(text);

    if ((size_t)(*start - path) < length) {
        return -EBADPATH;
    }
    *start -= length;
    memcpy(*start, text, length);
    return OK;
}

/* The record of a node in what was listed; NULL: it is not there. */
static const struct directory_record *find_record(const struct node_listing *listing,
                                                  uint64_t number)
{
    const struct directory_record *record;

    for (size_t at = 0; at < listing->used; at += record->bytes) {
        record = (const struct directory_record *)(const void *)(listing->bytes + at);
        if (record->number == number) {
            return record;
        }
    }
    return NULL;
}

/* Puts "/" and the name of a folder, which lies in `parent`, before *start. */
static int put_name(struct node *parent, const struct node *directory, const char *path,
                    char **start)
{
    struct node_listing listing = {.size = LISTED_BYTES};
    const struct directory_record *record = NULL;
    uint64_t cursor = 0;
    int status = 1;

    if (directory->is_removed) {
        return -ENOENT;
    }
    listing.bytes = kmem_alloc(LISTED_BYTES + NODE_LISTING_SLACK);
    if (!listing.bytes) {
        return -ENOMEM;
    }
    while (status == 1 && !record) {
        listing.used = 0;
        listing.left = UINT32_MAX;
        status = task_pause() ? node_list(parent, &cursor, &listing) : -EINTERRUPTED;
        record = status >= 0 ? find_record(&listing, directory->number) : NULL;
    }
    if (record) {
        status = put_before(path, start, record->name);
        status = status < 0 ? status : put_before(path, start, "/");
    } else if (status == 0) {
        status = -ENOENT;
    }
    kmem_free(listing.bytes);
    return status;
}

/* The name below the root of drive 0 where that drive begins; NULL: none. */
static const char *place_name(unsigned drive)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].drive == drive) {
            return places[i].name;
        }
    }
    return NULL;
}

/* Would the path, which begins with '/', lead to another drive than 0? */
static bool leads_to_place(const char *path)
{
    size_t length = 0;

    while (path[1 + length] != '\0' && path[1 + length] != '/') {
        length++;
    }
    return drive_at(path + 1, length) < VFS_DRIVES;
}

/* Puts what paths on a drive begin with before *start: nothing for drive 0, but where a place has
 * the same name. */
static int put_drive(unsigned drive, const char *path, char **start)
{
    const char *place = place_name(drive);
    char number[] = {(char)('0' + drive), ':', '\0'};

    if (place) {
        int status = put_before(path, start, place);

        return status < 0 ? status : put_before(path, start, "/");
    }
    return drive == VFS_DRIVE_START && !leads_to_place(*start) ? OK
                                                               : put_before(path, start, number);
}

int vfs_path_of(struct node *folder, char *path, size_t size)
{
    char *start = path + size;
    struct node *node = folder ? node_hold(folder) : NULL;
    int status = size > 0 ? OK : -EBADPATH;

    if (status == OK) {
        *--start = '\0';
    }
    while (status == OK && node && node->parent) {
        struct node *parent = node_hold(node->parent);

        status = put_name(parent, node, path, &start);
        node_release(node);
        node = parent;
    }
    unsigned drive = node ? node->volume->drive : VFS_DRIVE_START;

    /* A root that has no name of its own is "/" or "2:/". */
    if (status == OK && *start == '\0' && !place_name(drive)) {
        status = put_before(path, &start, "/");
    }
    if (status == OK) {
        status = put_drive(drive, path, &start);
    }
    if (node) {
        node_release(node);
    }
    if (status == OK) {
        memmove(path, start, (size_t)(path + size - start));
    }
    return status;
}
