/*
 * tests/kernel/ktest.c - runs the tests of the test kernel (see ktest.h).
 */
#include "ktest.h"

#include "abi/boot_info.h"
#include "arch/machine.h"
#include "debug/printk.h"
#include "drivers/ata.h"
#include "device/block_cache.h"
#include "fs/file_object.h"
#include "fs/node_contents.h"
#include "fs/page_object.h"
#include "fs/vfs.h"
#include "device/partition.h"
#include "kernel/kernel.h"
#include "layout.h"
#include "lib/format.h"
#include "lib/string.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "stack_depth.h"

#define TEST_NAME_BYTES 64

#define LISTED_BYTES  4096
#define PATH_BYTES    (3 + NAME_BYTES_MAX)
#define FOLDERS_TRIED 100000 /* entries that are listed: more is no end */

/* kernel.ld.in */
extern const struct ktest kernel_tests_start[], kernel_tests_end[];

static struct {
    const char *name;
    bool has_failed;
    uint32_t passed, failed;
} ktests;

void ktest_fail(const char *file, int line, const char *condition)
{
    printk("%s ... FAIL: %s:%d: %s\n", ktests.name, file, line, condition);
    ktests.has_failed = true;
}

bool ktest_mount(void)
{
    const struct boot_info *info = page_memory(BOOT_INFO_ADDRESS);
    struct partition partition;
    size_t count = ata_initialise();

    for (size_t i = 0; i < count; i++) {
        if (partition_find(ata_device(i), info->disk_signature, &partition) == OK) {
            return fs_mount(ata_device(i), partition.first_lba) == OK;
        }
    }
    return false;
}

void ktest_forget_caches(void)
{
    (void)vfs_sync(); /* what is to be written stays until it is */
    page_cache_forget();
    (void)node_cache_shrink(NULL);
    block_cache_shrink(SIZE_MAX);
    kmem_reap();
}

/* Puts the first entry of a folder from *cursor on into path, which begins with the drive if the
 * folder is its root: another drive may begin at that name. 1; 0: there is none. */
static int next_entry(struct node *folder, uint64_t *cursor, char path[PATH_BYTES])
{
    char drive[] = {(char)('0' + folder->volume->drive), ':', '\0'};
    struct node_listing listing = {.size = LISTED_BYTES, .left = 1};

    listing.bytes = kmem_alloc(LISTED_BYTES + NODE_LISTING_SLACK);
    if (!listing.bytes) {
        return -ENOMEM;
    }
    int status = node_list(folder, cursor, &listing);

    if (status >= 0 && listing.used > 0) {
        const struct directory_record *record = (const void *)listing.bytes;

        (void)format_to_buffer(path, PATH_BYTES, "%s/%s",
                               folder == folder->volume->root ? drive : ".", record->name);
        status = 1;
    }
    kmem_free(listing.bytes);
    return status;
}

/* Is that path, as next_entry() makes it, a program's in the root of the disk? */
static bool is_program(const char *path)
{
    size_t length = strlen(path);

    return path[0] == '0' + VFS_DRIVE_START && length > 4 && strcmp(path + length - 4, ".elf") == 0;
}

/* What a program has marked as read-only is so no longer. */
static int unmark(struct node *folder, const char *path)
{
    struct node *node;
    int status = vfs_open(folder, path, 0, &node);

    if (status == OK) {
        status = node_set_read_only(node, false);
        node_release(node);
    }
    return status;
}

/* Removes all that a folder has, but for programs that are marked as read-only. 0 or an error. */
static int empty(struct node *folder)
{
    static uint32_t entries;
    char path[PATH_BYTES];
    uint64_t cursor = 0;
    int status;

    while ((status = next_entry(folder, &cursor, path)) == 1) {
        struct node *child;

        if (++entries % FOLDERS_TRIED == 0) {
            return -ELIMIT;
        }
        status = vfs_remove(folder, path);
        if (status == -ERDONLY && !is_program(path) && unmark(folder, path) == OK) {
            status = vfs_remove(folder, path);
        }
        if (status == -EISDIR && (status = vfs_open(folder, path, VFS_DIRECTORY, &child)) == OK) {
            status = empty(child);
            node_release(child);
            status = status < 0 ? status : vfs_remove_directory(folder, path);
        }
        if (status < 0 && status != -ERDONLY) {
            printk("%s: %d\n", path, status);
            return status;
        }
    }
    return status;
}

int ktest_empty_drive(unsigned drive)
{
    return empty(vfs_volume(drive)->root);
}

int ktest_protect_files(void)
{
    struct node *root = vfs_volume(VFS_DRIVE_START)->root, *node;
    char path[PATH_BYTES];
    uint64_t cursor = 0;
    int count = 0, status;

    while ((status = next_entry(root, &cursor, path)) == 1) {
        status = vfs_open(root, path, 0, &node);
        if (status < 0) {
            return status;
        }
        node->is_read_only = node->is_changed = true;
        node_release(node);
        count++;
    }
    return status < 0 ? status : count;
}

/* What the node cache keeps of drives that are mounted all the time. */
static void forget_names(void)
{
    (void)node_cache_shrink(NULL);
    kmem_reap();
}

static void run(const struct ktest *test)
{
    const struct paging_4gb_chunk *chunk;
    const char *reason = "";
    vaddr_t address;
    size_t free_pages = (forget_names(), pmm_get_free_pages());

    ktests.name = test->name;
    ktests.has_failed = false;
    test->run();
    forget_names();
    if (!ktests.has_failed && pmm_get_free_pages() != free_pages) {
        printk("%s ... FAIL: %u pages were free before, %u after\n", test->name,
               (uint32_t)free_pages, (uint32_t)pmm_get_free_pages());
        ktests.has_failed = true;
    }
    if (!ktests.has_failed && heap_check_reason(kheap_get(), &reason) < 0) {
        printk("%s ... FAIL: heap_check: %s\n", test->name, reason);
        ktests.has_failed = true;
    }
    if (!ktests.has_failed && paging_find_writable_and_executable(&chunk, &address)) {
        printk("%s ... FAIL: code can be written at %p\n", test->name, (void *)address);
        ktests.has_failed = true;
    }
    if (ktests.has_failed) {
        (void)fs_unmount(); /* the next ones mount it for themselves */
        ktests.failed++;
    } else {
        printk("%s ... ok\n", test->name);
        ktests.passed++;
    }
}

/* Did every kernel stack keep what is to stay unused, in all that was run? */
static void check_stacks(void)
{
    size_t tasks = stack_depth_of_tasks(), boot = stack_depth_of_boot();

    printk("info: kernel stacks: %u bytes of %u at most, %u of the boot stack\n", (uint32_t)tasks,
           KERNEL_STACK_BYTES, (uint32_t)boot);
    if (tasks > KERNEL_STACK_BYTES - STACK_UNUSED_BYTES ||
        boot > KERNEL_STACK_BYTES - STACK_UNUSED_BYTES) {
        printk("kernel stacks ... FAIL: less than %u bytes stay unused\n", STACK_UNUSED_BYTES);
        ktests.failed++;
    }
}

void kernel_tests_run(void)
{
    char only[TEST_NAME_BYTES];
    bool is_chosen = fw_cfg_read_string("opt/drupe/test", only, sizeof(only));

    stack_depth_start();
    for (const struct ktest *test = kernel_tests_start; test < kernel_tests_end; test++) {
        if (is_chosen ? strcmp(test->name, only) == 0 : !test->only_by_name) {
            run(test);
        }
    }
    check_stacks();
    printk("kernel tests: %u passed, %u failed\n", ktests.passed, ktests.failed);
    machine_exit(ktests.failed == 0 && ktests.passed > 0 ? MACHINE_EXIT_SUCCESS
                                                         : MACHINE_EXIT_FAILURE);
}
