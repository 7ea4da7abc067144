/*
 * fs/node.h - files and folders of volumes. A node is one for all who have it open: its size, its
 * times and what is not written yet exist once.
 *
 *                 vfs.h       paths, drives, the rules of names that all file systems share
 *   node.h        node_cache: which nodes are in memory; names that were looked up lately
 *   page_object.h             the bytes of files: read, written and mapped in the same frames
 *   fat/, ram/, ...           a file system: struct file_system, struct node_operations
 *
 * A file system has a struct of its own for each node, which begins with the struct node:
 *
 *   in use    somebody refers to it: an open file, a mapping, a folder whose child is in memory
 *   idle      nobody does. It stays, with its pages, until there are too many or memory is short
 *   gone      operations->forget() has freed it; the next who asks for the name has it made again
 *
 * The references of a node are those of its page object: node_hold() and node_release(), or
 * page_object_hold() and page_object_release() of &node->contents, are the same.
 *
 * What a file gains by resize() is zero in memory, and is written before write_attributes() tells
 * the new size: so a file system has nothing to fill with zeros. Very many zeros are not made in
 * memory: lengthen() writes them to the disk.
 *
 * Locks. Each volume has one, that a task may wait for (volume_lock()). vfs.c and the node cache
 * take it around every operation of a file system: so operations of one volume do not overlap, may
 * wait for the disk in the middle, and never touch the memory of programs (that could need a page
 * of the same volume). Only what is marked so below is called without the lock.
 *
 * No interrupt handler may call anything here.
 */
#ifndef FS_NODE_H
#define FS_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/volume.h"
#include "base/align.h"
#include "base/list.h"
#include "fs/page_object.h"
#include "lib/string.h"
#include "task/task.h"

enum node_kind {
    NODE_FILE = 1,
    NODE_DIRECTORY,
    NODE_DEVICE, /* no contents of its own: fs/device_fs.h */
};

struct node;
struct volume;

/* Seconds since 1970-01-01 (drivers/rtc.h); 0: unknown. */
struct node_times {
    int64_t modified, accessed, created;
};

/*
 * Where a folder's entries are listed: records of abi/volume.h, one behind the other, in memory of
 * `size` bytes with NODE_LISTING_SLACK more behind them. So each record is made where it stays:
 * node_listing_next() is where, and node_listing_add() counts it, if it is within the size.
 */
struct node_listing {
    uint8_t *bytes; /* aligned for 64-bit numbers */
    size_t size, used;
    uint32_t left;          /* so many entries more, at most */
    bool wants_short_names; /* as READ_DIRECTORY gives them, where an entry has one */
};
#define NODE_LISTING_SLACK (DIRECTORY_RECORD_BYTES_MAX + sizeof(uint64_t))

static inline struct directory_record *node_listing_next(const struct node_listing *listing)
{
    return (struct directory_record *)(void *)(listing->bytes + listing->used);
}

/* And where its name is to be: up to NAME_BYTES_MAX. */
static inline char *node_listing_name(const struct node_listing *listing)
{
    return (char *)listing->bytes + listing->used + DIRECTORY_RECORD_NAME;
}

/* The record there is complete but for `bytes`, and the length of its name is this one; its end is
 * filled with zeros. False: it does not fit. */
static inline bool node_listing_add(struct node_listing *listing, size_t name_length)
{
    struct directory_record *record = node_listing_next(listing);
    size_t bytes = ALIGN_UP(DIRECTORY_RECORD_NAME + name_length + 1, sizeof(uint64_t));

    if (bytes > listing->size - listing->used) {
        return false;
    }
    memset(node_listing_name(listing) + name_length, 0, sizeof(uint64_t));
    record->bytes = (uint16_t)bytes;
    listing->used += bytes;
    listing->left--;
    return true;
}

/*
 * Names have 1 to NAME_BYTES_MAX - 1 bytes, no NUL and no '/', and are neither "." nor "..": the
 * callers see to that. `length` counts the bytes, and name[length] need not be NUL. What else a
 * name may be is the file system's business: -EBADPATH. Directories and nodes are held by the
 * caller while an operation runs. 0, or an error that has changed nothing: -EIO, -ECORRUPT,
 * -ENOMEM, -EINTERRUPTED. All but forget() may wait.
 */
struct node_operations {
    /* The node of that name, held for the caller: from node_find(), or made and entered by
     * node_enter(). -ENOENT. Spellings of one name (capitals, a short alias) give the same node. */
    int (*look_up)(struct node *directory, const char *name, size_t length, struct node **node);

    /* Adds entries from *cursor on (0: the first) that are files or folders, until the listing has
     * no room or has enough; *cursor is behind the last of them. 1: there may be more; 0: that was
     * the end. "." and ".." are left out. A cursor stays good when others are created and removed:
     * entries that were there all the time come once. */
    int (*list)(struct node *directory, uint64_t *cursor, struct node_listing *listing);

    /* NULL in a file system that is never written, here and below, where nothing else is said. */

    /* Makes a file or a folder, empty, with node->times as `now`, and enters it: *node is held for
     * the caller. -EEXISTS: somebody has the name; then *node is that, likewise as look_up() gives
     * it. So who wants a file that may be there looks for its name once. -EBADPATH, -EDEVICENAME,
     * -ENODEVICE, -ENOSPACE. */
    int (*create)(struct node *directory, const char *name, size_t length, unsigned kind,
                  int64_t now, struct node **node);

    /* Takes the name of node, which it is, out of the directory. What belongs to the node stays
     * until forget(). A folder: -ENOTEMPTY. */
    int (*remove)(struct node *directory, const char *name, size_t length, struct node *node);

    /* Gives node, named `name` in directory, the place `new_name` in new_directory. `replaced`: the
     * node that has that name now, of the same kind, an empty one if it is a folder (-ENOTEMPTY
     * otherwise), which loses it as by remove(); NULL: nobody has it. It may be node itself, under
     * another spelling. Never below itself: the caller has seen to that. */
    int (*rename)(struct node *directory, const char *name, size_t length, struct node *node,
                  struct node *new_directory, const char *new_name, size_t new_length,
                  struct node *replaced);

    /* Reads `count` pages of a file from page `index` on, into `frames`; what lies behind its size
     * is zero. NULL: pages begin with zeros and stay in memory. */
    int (*fill)(struct node *node, uint32_t index, void *const frames[], size_t count);

    /* Writes them, as far as the file's size reaches. Room is there: resize() has made it. NULL: a
     * volume that is never written, or whose pages stay in memory. */
    int (*write_back)(struct node *node, uint32_t index, void *const frames[], size_t count);

    /* A file gets that size, which is not its size now: larger, with zeros between, or smaller.
     * Makes room, or gives it back, in memory or on the disk; node->size is the caller's to set
     * afterwards. -ENOSPACE; -EFILESIZE. */
    int (*resize)(struct node *node, uint64_t size);

    /* A file whose size on the volume is node->size gets that size, which is larger: what it gains
     * is zero on the disk, and its size there is the new one. The caller sets node->size
     * afterwards. Room was made by resize(). After an error it may have got a part of it. NULL:
     * zeros are made in memory, however many. */
    int (*lengthen)(struct node *node, uint64_t size);

    /* For a file whose pages stay in memory (neither fill nor write_back): may it have one more? 0
     * or an error; and so many have gone. Called without the lock; does not wait. NULL
     * elsewhere. */
    int (*charge)(struct node *node);
    void (*give_back)(struct node *node, size_t pages);

    /* Puts node->size, node->times and node->is_read_only where the volume keeps them: into its
     * cached blocks, not necessarily on the disk (volume_operations.sync() does that). NULL:
     * nothing to be done. */
    int (*write_attributes)(struct node *node);

    /* The node is in use no longer, has no pages, and nobody will find it any more: frees what
     * belongs to it, and itself. If node->is_removed, its room on the volume, too: then it may
     * wait, and what it cannot write is lost room. Never NULL. */
    void (*forget)(struct node *node);
};

struct node {
    struct page_object contents; /* first: see above. Its length follows from size */
    const struct node_operations *operations;
    struct volume *volume;
    uint64_t number; /* one of its own among the volume's nodes, as long as it is in memory */
    uint64_t size;   /* bytes; of a directory: 0 */
    struct node_times times;
    struct node *parent; /* of a directory but the root: the one that it lies in, held; else NULL */
    uint8_t kind;
    bool is_read_only; /* the attribute: contents and name may not be changed */
    bool is_removed;   /* it has no name any more */
    bool is_changed;   /* write_attributes() is to be called */
    uint32_t
        writers; /* who can change the contents; and who runs them as a program: if there are */
    uint32_t runners;      /* any of one, there are none of the other (fs/node_contents.h) */
    int write_status;      /* the latest error of writing back; 0: there was none */
    uint32_t write_errors; /* how many there were */
    bool is_error_told;    /* somebody was told of the latest one */
    /* The node cache's own: */
    struct list_node link;  /* on the volume's list of nodes */
    struct list_node idle;  /* on the list of idle ones, while it is one; or of unfinished ones */
    struct list_node names; /* cached names of it */
    struct list_node children;   /* cached names in it */
    struct node *next_in_bucket; /* of the table by number */
    uint32_t nobody_version;     /* cached names of nobody in it are true if they have this */
    bool is_in_table;
    bool is_being_changed; /* somebody writes to it or sets its size: node_contents.h */
};

/* ---------------------------------------------------------------- volumes */

struct volume_figures {
    uint64_t bytes, free_bytes;
    uint32_t cluster_bytes; /* the piece that room is given in */
};

/* Called with the lock held. May wait. */
struct volume_operations {
    /* All that the file system has changed gets to the disk, and the disk's own cache is written.
     * NULL: nothing is ever to be written. */
    int (*sync)(struct volume *volume);

    /* Has the file system changed anything that sync() would write? Called without the lock; does
     * not wait. NULL if sync is. */
    bool (*is_changed)(const struct volume *volume);

    void (*figures)(struct volume *volume, struct volume_figures *figures);

    /* No node of it is in memory any more, all is synced as far as it could be: frees it. */
    void (*end)(struct volume *volume);
};

struct volume {
    const struct volume_operations *operations;
    const char *type; /* for `mount`: "FAT16" */
    const char
        *source; /* and where it lies: "ata0p1"; "" for memory. Lives as long as the volume */
    const char *remark; /* a sentence without its end about it, as why it is not writable; NULL */
    struct node *root;  /* held by the volume: set by the file system's mount() */
    bool is_read_only;
    /* The node cache's own: */
    struct list_node nodes;
    struct wait_queue lock_queue;
    struct list_node unfinished; /* removed nodes that are to be forgotten when the lock is free */
    bool is_locked;
    unsigned drive;
    bool is_claimed; /* vfs_claim() */
    uint32_t users;  /* vfs_hold_volume() */
    struct {         /* fs/write_behind.h's own */
        bool is_waiting, has_failed;
        uint32_t since;   /* ticks: it is waiting */
        uint32_t seconds; /* after a failure: to wait; 0 in the beginning */
    } behind;
};

/* Sets up what the node cache keeps in a new volume, all else zero. For file systems' mount(). */
void volume_initialise(struct volume *volume, const struct volume_operations *operations);

/* Waits for the volume and takes it; and gives it back. Not recursive. */
void volume_lock(struct volume *volume);
void volume_unlock(struct volume *volume);

/* ---------------------------------------------------------------- for file systems */

/* The volume's node of that number, if it is in memory, held for the caller; else NULL. */
struct node *node_find(struct volume *volume, uint64_t number);

/* The same, not held: it is there until the caller waits, or releases a node. */
struct node *node_peek(const struct volume *volume, uint64_t number);

/*
 * Enters a node that the file system has made, of which it has filled in nothing yet: the node has
 * one reference, the caller's, and the kind, number and size given here. Other members are zero;
 * the file system may set them then. Cannot fail.
 */
void node_enter(struct node *node, const struct node_operations *operations, struct volume *volume,
                uint64_t number, unsigned kind, uint64_t size);

/* The node has another number from now on: it has moved on the volume. */
void node_renumber(struct node *node, uint64_t number);

/* A file system keeps so many objects more (fewer, if negative) with its nodes, which it could make
 * again: they count as kept for later, as names do. */
void node_count_kept(int change);

/* ---------------------------------------------------------------- for all */

struct node *node_hold(struct node *node);
void node_release(struct node *node);

/* The node whose contents that object is: page_object_is_file(). */
static inline struct node *node_of(struct page_object *contents)
{
    return LIST_ENTRY(contents, struct node, contents);
}

/* Is the name `text` in `directory` known? 1 and *node, held; 0: it is known that nobody has it;
 * -ENOENT: nothing is known. Never waits. */
int node_find_name(struct node *directory, const char *text, size_t length, struct node **node);

/* Keeps what look_up() or create() has found: node, or NULL for nobody. It may be forgotten at any
 * time. */
void node_keep_name(struct node *directory, const char *text, size_t length, struct node *node);

/* Names of node are no longer what they were. */
void node_forget_names(struct node *node);

/* A name in directory is somebody's from now on. */
void node_forget_nobody(struct node *directory);

/* The node has lost its name: nobody finds it any more; it ends when it is in use no longer. */
void node_mark_removed(struct node *node);

/* ---------------------------------------------------------------- the cache */

/* Sets it up. Once; after the page cache. */
void node_cache_initialise(void);

/* Idle nodes of that volume go (NULL: of all, and names that were looked up), as far as nothing of
 * them is to be written. Returns how many nodes went. For tests, and for who lacks memory. */
size_t node_cache_shrink(const struct volume *volume);

/* Writes what is to be written of a node: contents, then attributes, into the volume's cached
 * blocks. 0 or the first error, which is noted, too. The caller holds the node. May wait. */
int node_write_back(struct node *node);

/* What was written to the node is lost: noted for those who wrote it (node_take_error()). Nothing
 * for OK, -ENOMEM and -EINTERRUPTED, after which it is tried again. */
void node_note_error(struct node *node, int status);

struct node_cache_stats {
    size_t nodes; /* in memory */
    size_t idle;  /* of these */
    size_t names;
    size_t kept; /* node_count_kept() */
    uint64_t name_hits, name_misses;
};
void node_cache_get_stats(struct node_cache_stats *stats);

#endif
