/*
 * tests/bench/bench_files.c - files and programs from a warm disk cache: what is left when the disk
 * has nothing to do. The disk is the bench kernel's own, with the program small.elf on it.
 */
#include "abi/boot_info.h"
#include "bench.h"
#include "debug/panic.h"
#include "device/block_cache.h"
#include "device/partition.h"
#include "drivers/ata.h"
#include "fs/fat/chain.h"
#include "fs/fat/changes.h"
#include "fs/file_object.h"
#include "layout.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "base/status.h"
#include "process/process.h"

#define PROGRAM_PATH "0:/small.elf" /* 24 KB */
#define READ_BYTES   16384

void bench_mount(void)
{
    const struct boot_info *info = page_memory(BOOT_INFO_ADDRESS);
    size_t count = ata_initialise();

    for (size_t i = 0; i < count; i++) {
        struct partition partition;

        if (partition_find(ata_device(i), info->disk_signature, &partition) == OK) {
            KASSERT(fs_mount(ata_device(i), partition.first_lba) == OK);
            return;
        }
    }
    panic("the bench's disk is not there");
}

static void open_and_close(void *context)
{
    struct file *file;

    (void)context;
    KASSERT(file_open(PROGRAM_PATH, &file) == OK);
    file_close(file);
}

struct reading {
    struct file *file;
    uint32_t bytes;
    void *buffer;
};

static void read_again(void *context)
{
    struct reading *reading = context;

    KASSERT(file_seek(reading->file, 0) == OK);
    KASSERT(file_read(reading->file, reading->buffer, reading->bytes) == (int)reading->bytes);
}

static void *load(void *argument)
{
    struct process *process;

    (void)argument;
    KASSERT(process_load(PROGRAM_PATH, NULL, &process) == OK);
    return process;
}

/* ---------------------------------------------------------------- the chain of a large file */

#define CHAIN_CLUSTERS 30720u /* of 1 KiB: 30 MiB */

/* A FAT in which each cluster's entry says "the next one", to the last: as long as its sectors. */
static int read_straight_fat(struct block_device *device, uint32_t lba, uint32_t count,
                             void *buffer)
{
    uint32_t entry_bytes = *(const uint32_t *)device->driver_data;
    uint32_t entries = count * SECTOR_BYTES / entry_bytes;
    uint32_t first = lba * SECTOR_BYTES / entry_bytes;

    for (uint32_t i = 0; i < entries; i++) {
        uint32_t value =
            first + i - FAT_CLUSTER_FIRST < CHAIN_CLUSTERS - 1 ? first + i + 1 : FAT_END;

        if (entry_bytes == 2) {
            ((uint16_t *)buffer)[i] = (uint16_t)value;
        } else {
            ((uint32_t *)buffer)[i] = value;
        }
    }
    return OK;
}

static void follow_chain(void *context)
{
    struct fat_volume *volume = context;
    uint32_t count, next;

    KASSERT(fat_chain_run(volume, FAT_CLUSTER_FIRST, UINT32_MAX, &count, &next) == OK);
    KASSERT(count == CHAIN_CLUSTERS && next == FAT_END);
}

/* All of the FAT is in the block cache: the first read of a file costs that, and the disk. */
static uint32_t cost_of_chain(uint32_t entry_bytes)
{
    static const struct block_operations operations = {.read = read_straight_fat};
    struct block_device device = {
        .name = "fat",
        .sector_count = (CHAIN_CLUSTERS + FAT_CLUSTER_FIRST) * entry_bytes / SECTOR_BYTES + 1,
        .sector_bytes = SECTOR_BYTES,
        .operations = &operations,
        .driver_data = &entry_bytes,
    };
    struct fat_volume volume = {
        .device = &device,
        .bits = 8 * entry_bytes,
        .sector_bytes = SECTOR_BYTES,
        .clusters = CHAIN_CLUSTERS,
    };

    follow_chain(&volume);
    uint32_t cost = bench_cost(follow_chain, &volume, 10);

    fat_changes_forget(&volume);
    block_cache_forget(&device);
    return cost;
}

void bench_files(void)
{
    struct reading reading = {.bytes = 4, .buffer = kmalloc(READ_BYTES)};
    void *process;

    bench_mount();
    bench_title("files, the disk cache warm (instructions)");
    bench_row("file_open + file_close, 24 KB, in the root", bench_cost(open_and_close, 0, 100), 0,
              0);
    KASSERT(file_open(PROGRAM_PATH, &reading.file) == OK);
    bench_row("file_seek + file_read of 4 bytes", bench_cost(read_again, &reading, 100), 0, 0);
    reading.bytes = READ_BYTES;
    /* The copy alone takes 4,096. */
    bench_row("file_seek + file_read of 16 KiB", bench_cost(read_again, &reading, 100), 0, 8000);
    file_close(reading.file);
    kfree(reading.buffer);
    bench_row("a chain of 30,720 clusters followed, FAT16", cost_of_chain(2), 0, 60000);
    bench_row("a chain of 30,720 clusters followed, FAT32", cost_of_chain(4), 0, 0);
    process_destroy(load(NULL));
    bench_row("process_load of 24 KB", bench_cost_once(load, NULL, &process), 0, 40000);
    process_destroy(process);
    KASSERT(fs_unmount() == OK);
    kmem_reap();
}
