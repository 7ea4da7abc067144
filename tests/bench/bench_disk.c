/*
 * tests/bench/bench_disk.c - how fast the disk is read: this half does what needs the ports, one
 * sector a command by READ SECTORS and insw, as the reference, and whole 64 KiB through the
 * driver. Then programs/disk.c reads a file, gets these figures as arguments, and prints the rows.
 *
 * Not under -icount: the disk has a time of its own. All figures are of the time-stamp counter.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/io.h"
#include "bench.h"
#include "arch/machine.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "drivers/ata.h"
#include "fs/file_object.h"
#include "layout.h"
#include "lib/format.h"
#include "memory/heap/kheap.h"
#include "base/status.h"
#include "process/process.h"

#define PROGRAM_PATH "0:/disk.elf"
#define ROUNDS       4
#define ROUND_BYTES  (4u << 20)
#define PIECE_BYTES  65536u

/* The primary master's ports (src/drivers/ata.c). */
#define PORT_DATA    0x1F0
#define PORT_COUNT   0x1F2
#define PORT_LBA_0   0x1F3
#define PORT_DEVICE  0x1F6
#define PORT_COMMAND 0x1F7
#define STATUS_DRQ   0x08
#define STATUS_BSY   0x80
#define READ_SECTORS 0x20
#define POLLS_MAX    100000000u

static void read_sector(uint32_t lba, void *buffer)
{
    uint32_t polls = 0;

    outb(PORT_DEVICE, (uint8_t)(0xE0 | lba >> 24));
    outb(PORT_COUNT, 1);
    for (int byte = 0; byte < 3; byte++) {
        outb((uint16_t)(PORT_LBA_0 + byte), (uint8_t)(lba >> 8 * byte));
    }
    outb(PORT_COMMAND, READ_SECTORS);
    while ((inb(PORT_COMMAND) & (STATUS_DRQ | STATUS_BSY)) != STATUS_DRQ) {
        KASSERT(++polls < POLLS_MAX);
    }
    insw(PORT_DATA, buffer, SECTOR_BYTES / 2);
}

static void read_piece_by_sectors(uint32_t lba, void *buffer)
{
    for (uint32_t done = 0; done < PIECE_BYTES; done += SECTOR_BYTES) {
        read_sector(lba + done / SECTOR_BYTES, (uint8_t *)buffer + done);
    }
}

static void read_piece_by_driver(uint32_t lba, void *buffer)
{
    KASSERT(block_read(ata_device(0), lba, PIECE_BYTES / SECTOR_BYTES, buffer) == OK);
}

/* Cycles (in thousands) for ROUND_BYTES, of the fastest round. */
static uint32_t cost_of(void (*read_piece)(uint32_t lba, void *buffer))
{
    uint32_t lba = PARTITION_LBA, least = UINT32_MAX;
    uint8_t *buffer = kmalloc(PIECE_BYTES);

    KASSERT(buffer);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = cpu_read_cycles();

        for (uint32_t done = 0; done < ROUND_BYTES; done += PIECE_BYTES) {
            read_piece(lba, buffer);
            lba += PIECE_BYTES / SECTOR_BYTES;
        }
        uint32_t cost = (uint32_t)((cpu_read_cycles() - start) >> 10);
        least = cost < least ? cost : least;
    }
    kfree(buffer);
    return least;
}

static void add_argument(struct arguments *arguments, const char *format, uint32_t value)
{
    size_t size;
    char *to = arguments_next(arguments, &size);

    arguments_add(arguments, format_to_buffer(to, size, format, value));
}

static void exited(int status, bool restarts)
{
    (void)restarts;
    machine_exit(status == 0 ? MACHINE_EXIT_SUCCESS : MACHINE_EXIT_FAILURE);
}

void bench_disk(void)
{
    struct process *program;
    struct file *file;

    bench_mount();
    if (file_open(PROGRAM_PATH, &file) < 0) {
        KASSERT(fs_unmount() == OK);
        return;
    }
    file_close(file);
    struct arguments *arguments = arguments_new();
    KASSERT(arguments);
    add_argument(arguments, "disk.elf", 0);
    add_argument(arguments, "%u", cost_of(read_piece_by_sectors));
    add_argument(arguments, "%u", cost_of(read_piece_by_driver));
    add_argument(arguments, ata_device(0)->mode, 0);
    KASSERT(process_load(PROGRAM_PATH, arguments, &program) == OK);
    arguments_free(arguments);
    process_set_init_exit_handler(exited);
    process_start(program, 0);
    task_run();
}
