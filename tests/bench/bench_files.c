/*
 * tests/bench/bench_files.c - files and programs from a warm disk cache: what is left when the disk
 * has nothing to do. The disk is the bench kernel's own, with the program small.elf on it.
 */
#include "abi/boot_info.h"
#include "bench.h"
#include "debug/panic.h"
#include "drivers/ata.h"
#include "fs/file_object.h"
#include "device/partition.h"
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
    process_destroy(load(NULL));
    bench_row("process_load of 24 KB", bench_cost_once(load, NULL, &process), 0, 40000);
    process_destroy(process);
    KASSERT(fs_unmount() == OK);
    kmem_reap();
}
