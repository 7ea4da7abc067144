/*
 * tests/kernel/test_failing.c - for every n, the n-th allocation fails, or the n-th read of the
 * disk: an error or a clean death, nothing is lost, and the next try succeeds. From the mount of
 * the boot disk on; before that, a failure is a machine that cannot boot.
 *
 * Each round starts cold, without a disk cache, so that it needs all that the first one does.
 */
#include "abi/boot_info.h"
#include "debug/printk.h"
#include "drivers/ata.h"
#include "failing.h"
#include "fs/file_object.h"
#include "device/partition.h"
#include "ktest.h"
#include "layout.h"
#include "base/align.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "memory/vmalloc.h"
#include "base/status.h"
#include "process/process.h"
#include "task/task.h"

#include "../programs/started/written_file.h"

#define ROUNDS_MAX 1000
#define SIGBUS     10 /* POSIX's, as the C library has it */

static const struct kind {
    const char *name;
    void (*start)(uint32_t n);
    int status; /* of what cannot do without */
} allocation = {"allocations", failing_start, -ENOMEM},
  refusal = {"refusals for now", failing_start_for_now, -ENOMEM},
  disk_read = {"single disk reads", failing_start_read, -EIO}, /* the cache mostly gets over one */
    disk_reads = {"disk reads and all after them", failing_start_reads_from, -EIO},
  disk_write = {"single disk writes", failing_start_write, -EIO},
  disk_writes = {"disk writes and all after them", failing_start_writes_from, -EIO},
  disk_removal = {"disk writes, at which the disk was taken away,", failing_start_removal, -EIO};

/* What is tried: 0, or an error of which nothing is left. failing_start() has been called when n >
 * 0, and what comes after failing_stop() must be able to succeed. */
typedef int (*attempt_t)(const void *what, const struct kind *kind, uint32_t n, bool *has_failed);

/* Tries for every n, and each time once more without a failure. Returns how many tries gave the
 * kind's error; -1 when something was wrong, which it has printed. */
static int try_every(attempt_t attempt, const void *what, const struct kind *kind)
{
    bool has_failed = true, unused;
    int errors = 0;

    ktest_forget_caches();
    size_t pages = pmm_get_free_pages();
    size_t objects = kmem_live_objects();

    for (uint32_t n = 1; has_failed; n++) {
        int status = attempt(what, kind, n, &has_failed);
        errors += status == kind->status;
        if (status != OK && (status != kind->status || !has_failed)) {
            printk("%s: number %u failed: %d\n", kind->name, n, status);
            return -1;
        }
        status = attempt(what, kind, 0, &unused);
        if (status != OK || n == ROUNDS_MAX) {
            printk("%s: after number %u failed, the next try gives %d\n", kind->name, n, status);
            return -1;
        }
        ktest_forget_caches();
        if (pmm_get_free_pages() != pages || kmem_live_objects() != objects) {
            printk("%s: number %u failed: %u pages lost, %u objects\n", kind->name, n,
                   (uint32_t)(pages - pmm_get_free_pages()),
                   (uint32_t)(kmem_live_objects() - objects));
            return -1;
        }
    }
    return errors;
}

static void start(const struct kind *kind, uint32_t n)
{
    if (n > 0) {
        ktest_forget_caches();
        kind->start(n);
    }
}

/* ---------------------------------------------------------------- loading */

/* argv[0] for a program. */
static struct arguments *make_arguments(void)
{
    struct arguments *arguments = arguments_new();
    size_t size;

    if (arguments) {
        string_copy(arguments_next(arguments, &size), "name", sizeof("name"));
        arguments_add(arguments, strlen("name"));
    }
    return arguments;
}

static int load_once(const void *path, const struct kind *kind, uint32_t n, bool *has_failed)
{
    struct process *process = NULL;

    start(kind, n);
    struct arguments *arguments = make_arguments();
    int status = arguments ? process_load(path, arguments, &process) : -ENOMEM;
    *has_failed = failing_stop();
    arguments_free(arguments);
    if (status == OK) {
        process_destroy(process);
    }
    return status;
}

/* Every program in the root directory. At least that many tries of each must have failed. */
static void load_each(const struct kind *kind, int errors_min)
{
    struct directory_entry entry;
    struct file *root;
    int programs = 0;
    int errors = errors_min;

    KEXPECT(ktest_mount());
    KEXPECT(file_open("0:/", &root) == OK);
    while (errors >= errors_min && file_read_directory(root, &entry) == 1) {
        char path[3 + FILE_NAME_BYTES] = "0:/";

        if (entry.stat.is_directory) {
            continue;
        }
        string_copy(path + 3, entry.name, sizeof(entry.name));
        errors = try_every(load_once, path, kind);
        programs++;
    }
    file_close(root);
    KEXPECT(fs_unmount() == OK);
    KEXPECT(errors >= errors_min);
    KEXPECT(programs >= 4);
}

KTEST(failing_every_allocation_of_loading_each_program)
{
    load_each(&allocation, 14); /* a file's contents are part of its node: no object of their own */
}

KTEST(failing_every_disk_read_of_loading_each_program)
{
    load_each(&disk_read, 0);
    load_each(&disk_reads, 2); /* the folder and the file: the volume keeps a block of its table */
}

/* ---------------------------------------------------------------- booting */

/* What the kernel does from its first read of a disk to its first program. */
static int boot_once(const void *init, const struct kind *kind, uint32_t n, bool *has_failed)
{
    const struct boot_info *info = page_memory(BOOT_INFO_ADDRESS);
    struct partition partition;

    start(kind, n);
    int status = partition_find(ata_device(0), info->disk_signature, &partition);
    if (status == OK) {
        status = fs_mount(ata_device(0), partition.first_lba);
    }
    if (status == OK) {
        status = load_once(init, kind, 0, has_failed);
        fs_unmount();
    }
    *has_failed = failing_stop() || *has_failed;
    return status;
}

static void boot(const struct kind *kind, int errors_min)
{
    KEXPECT(ata_initialise() > 0);
    int errors = try_every(boot_once, "0:/init.elf", kind);
    printk("info: %d %s of mounting and loading init failed in turn\n", errors, kind->name);
    KEXPECT(errors >= errors_min);
}

KTEST(failing_every_allocation_of_booting)
{
    boot(&allocation, 15);
}

KTEST(failing_every_disk_read_of_booting)
{
    boot(&disk_read, 1); /* and no more: what was only read ahead may fail */
    boot(&disk_reads, 4);
}

/* ---------------------------------------------------------------- the byte heap */

/* Starting it, growing it by less than a step, and by more. */
static int vmalloc_once(const void *what, const struct kind *kind, uint32_t n, bool *has_failed)
{
    static const size_t sizes[] = {100, 0x100000, 0x40000, 0};
    void *pieces[ARRAY_SIZE(sizes)] = {0};
    int status = OK;

    (void)what;
    start(kind, n);
    for (size_t i = 0; sizes[i] > 0; i++) {
        pieces[i] = vmalloc(sizes[i]);
        status = pieces[i] ? status : -ENOMEM;
    }
    *has_failed = failing_stop();
    for (size_t i = 0; sizes[i] > 0; i++) {
        vfree(pieces[i]);
    }
    vmalloc_trim();
    return status;
}

KTEST(failing_every_allocation_of_the_byte_heap)
{
    int errors = try_every(vmalloc_once, NULL, &allocation);

    printk("info: %d allocations of the byte heap failed in turn\n", errors);
    KEXPECT(errors >= 40);
}

/* ---------------------------------------------------------------- running */

/* The programs of tests/programs/started report by their status how their calls went. */
static int run_once(const void *path, const struct kind *kind, uint32_t n, bool *has_failed)
{
    struct process *process = NULL;
    int status = process_load(path, NULL, &process);

    if (status < 0) {
        return status;
    }
    process_start(process, 0);
    start(kind, n);
    task_run_all();
    *has_failed = failing_stop();
    bool has_ended = process->task.state == TASK_ENDED;
    int exit_status = process->exit_status;

    /* What a touch of its file's pages was to read cannot be read. */
    if (kind->status == -EIO && process->exit_signal == SIGBUS) {
        exit_status = 1;
    }
    process_destroy(process);
    return !has_ended || exit_status > 1 ? -EUNIMP : exit_status == 1 ? kind->status : OK;
}

static void run_by(attempt_t attempt, const char *path, const struct kind *kind, int errors_min)
{
    KEXPECT(ktest_mount());
    int errors = try_every(attempt, path, kind);
    KEXPECT(fs_unmount() == OK);
    printk("info: %d %s of %s failed in turn\n", errors, kind->name, path);
    KEXPECT(errors >= errors_min);
}

static void run(const char *path, const struct kind *kind, int errors_min)
{
    run_by(run_once, path, kind, errors_min);
}

/* spawn, commands 6 and 7, malloc */
KTEST(failing_every_allocation_of_starting_programs)
{
    run("0:/spawner.elf", &allocation, 40);
}

KTEST(failing_every_disk_read_of_starting_programs)
{
    run("0:/spawner.elf", &disk_read, 0);
    run("0:/spawner.elf", &disk_reads, 4);
}

/* fork, execute, map */
KTEST(failing_every_allocation_of_forking)
{
    run("0:/forker.elf", &allocation, 20);
}

KTEST(failing_every_disk_read_of_forking)
{
    run("0:/forker.elf", &disk_read, 0);
    run("0:/forker.elf", &disk_reads, 2);
}

/* What is refused only until a pause has been made, no program sees. */
KTEST(failing_for_now_is_seen_by_nobody)
{
    static const char *const paths[] = {"0:/spawner.elf", "0:/forker.elf", "0:/reader.elf"};

    KEXPECT(ktest_mount());
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        KEXPECT(try_every(run_once, paths[i], &refusal) == 0);
    }
    KEXPECT(fs_unmount() == OK);
}

/* open, read, stat, read_directory */
KTEST(failing_every_allocation_of_reading_files)
{
    run("0:/reader.elf", &allocation, 10);
}

KTEST(failing_every_disk_read_of_reading_files)
{
    run("0:/reader.elf", &disk_read, 0);
    run("0:/reader.elf", &disk_reads, 4);
}

/* ---------------------------------------------------------------- writing */

/* Is what writer.elf has written on the disk? */
static bool is_written(void)
{
    static uint8_t bytes[WRITTEN_BYTES + 1];
    struct file *file;

    ktest_forget_caches();
    if (file_open("0:/w/file", &file) < 0) {
        return false;
    }
    bool is_right = file_read(file, bytes, sizeof(bytes)) == WRITTEN_BYTES;

    file_close(file);
    for (uint32_t i = 0; is_right && i < WRITTEN_BYTES; i++) {
        is_right = bytes[i] == written_byte(i);
    }
    return is_right;
}

/* A program that was told of no error has its file; and where all writes fail from one on, it was
 * told. */
static int write_once(const void *path, const struct kind *kind, uint32_t n, bool *has_failed)
{
    int status = run_once(path, kind, n, has_failed);

    if (status == OK && n > 0 && *has_failed && kind != &disk_write) {
        printk("%s: number %u: nobody was told\n", kind->name, n);
        return -EUNIMP;
    }
    if (status == OK && !is_written()) {
        printk("%s: number %u: the file is not what was written\n", kind->name, n);
        return -EUNIMP;
    }
    return status;
}

/* open, write, resize, rename, make, remove, sync, close */
KTEST(failing_every_disk_write_of_writing_files)
{
    run_by(write_once, "0:/writer.elf", &disk_write, 10);
    run_by(write_once, "0:/writer.elf", &disk_writes, 10);
    run_by(write_once, "0:/writer.elf", &disk_removal, 10);
}

KTEST(failing_every_allocation_of_writing_files)
{
    run("0:/writer.elf", &allocation, 10);
}
