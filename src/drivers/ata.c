/*
 * drivers/ata.c - polled ATA: IDENTIFY DEVICE; READ and WRITE DMA, MULTIPLE and SECTORS; FLUSH
 * CACHE.
 *
 * A command: select the drive, wait until it is not busy, write count and LBA, write the command.
 * By programmed I/O, wait then for DRQ and read or write the data port, for each block of sectors;
 * READ and WRITE MULTIPLE make a block as large as the drive allows, which saves most of the
 * waiting. By DMA, a PCI controller (the bus master) moves the sectors between the drive and
 * memory; all there is to do is to wait for the end. Interrupts stay off (nIEN).
 *
 * A transfer that fails is tried again after a reset, in the next slower of these three ways. When
 * that helps several times in a row, the drive is used in the slower way from then on. Writing the
 * same sectors again does no harm. A drive that does not even answer after a reset is silent: until
 * its status says otherwise, requests fail at once.
 *
 * DMA is used where the BIOS has set it up, as IDENTIFY reports, and for memory below 4 GiB, which
 * is all that these controllers reach; timings are not touched.
 *
 * Size before speed.
 */
#include "drivers/ata.h"

#include <stdbool.h>

#include "arch/x86/io.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "drivers/pci.h"
#include "base/align.h"
#include "lib/format.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "task/task.h"

/* Register offsets from the channel's base port. */
#define ATA_DATA    0
#define ATA_ERROR   1 /* read: why a command failed */
#define ATA_FEATURE 1 /* written */
#define ATA_COUNT   2
#define ATA_LBA_0   3
#define ATA_LBA_8   4
#define ATA_LBA_16  5
#define ATA_DEVICE  6
#define ATA_STATUS  7
#define ATA_COMMAND 7

#define STATUS_ERR      0x01
#define STATUS_DRQ      0x08
#define STATUS_DF       0x20
#define STATUS_BSY      0x80
#define STATUS_NO_DRIVE 0xFF /* a bus without a drive */

#define ERROR_WP 0x40 /* after a write: the medium is protected */

#define CONTROL_NIEN 0x02
#define CONTROL_SRST 0x04

#define DEVICE_LBA   0xE0 /* bits 7 and 5 are set on old drives; bit 6: LBA */
#define DEVICE_SLAVE 0x10

#define COMMAND_READ_SECTORS       0x20
#define COMMAND_READ_SECTORS_EXT   0x24
#define COMMAND_READ_MULTIPLE      0xC4
#define COMMAND_READ_MULTIPLE_EXT  0x29
#define COMMAND_READ_DMA           0xC8
#define COMMAND_READ_DMA_EXT       0x25
#define COMMAND_WRITE_SECTORS      0x30
#define COMMAND_WRITE_SECTORS_EXT  0x34
#define COMMAND_WRITE_MULTIPLE     0xC5
#define COMMAND_WRITE_MULTIPLE_EXT 0x39
#define COMMAND_WRITE_DMA          0xCA
#define COMMAND_WRITE_DMA_EXT      0x35
#define COMMAND_SET_MULTIPLE       0xC6
#define COMMAND_FLUSH_CACHE        0xE7
#define COMMAND_FLUSH_CACHE_EXT    0xEA
#define COMMAND_IDENTIFY           0xEC
#define COMMAND_SET_FEATURES       0xEF

#define FEATURE_NO_WRITE_CACHE 0x82

/* IDENTIFY DEVICE, in words (ATA/ATAPI-6, section 8.15). */
#define IDENTIFY_WORDS         256
#define IDENTIFY_MULTIPLE      47 /* bits 7-0: most sectors for READ MULTIPLE */
#define IDENTIFY_CAPABILITIES  49 /* bit 9: LBA; bit 8: DMA */
#define IDENTIFY_VALID         53 /* bit 2: word 88 */
#define IDENTIFY_LBA28_SECTORS 60 /* and 61 */
#define IDENTIFY_MULTIWORD_DMA 63 /* bits 10-8: the mode that is selected, if one is */
#define IDENTIFY_FEATURES      82 /* bit 5: it has a write cache; valid when word 83 is */
#define IDENTIFY_COMMAND_SET   83 /* bit 10: 48-bit addresses; 12, 13: FLUSH CACHE, and EXT */
#define IDENTIFY_ULTRA_DMA     88 /* bits 15-8: as in word 63 */
#define IDENTIFY_LBA48_SECTORS 100
#define IDENTIFY_SECTOR_SIZE   106 /* bit 12: words 117, 118 are valid; so when bits 15-14 are 01 */
#define IDENTIFY_SECTOR_WORDS  117 /* and 118: of a logical sector */

/* The bus master's registers, from BAR 4 on: 8 bytes for the primary channel, 8 for the other. */
#define MASTER_BAR     PCI_BAR(4)
#define MASTER_COMMAND 0
#define MASTER_STATUS  2
#define MASTER_TABLE   4 /* dword: where the table of regions is */

#define MASTER_START     0x01
#define MASTER_TO_MEMORY 0x08

#define MASTER_ACTIVE 0x01
#define MASTER_ERROR  0x02 /* this, and bit 2 (an interrupt came): writing 1 clears */

/* The programming interface, bits 15-8 of PCI_CLASS. */
#define INTERFACE_MASTER          0x8000u
#define INTERFACE_NATIVE(channel) (0x100u << 2 * (channel)) /* not at the classic ports */

#define ATA_CHANNELS        2
#define ATA_DRIVES          4
#define ATA_TRIES           3
#define ATA_MULTIPLE        16
#define ATA_SECTORS_MAX     256       /* a command */
#define ATA_POLLS_PER_WAIT  10000000u /* at least a microsecond each on a real bus: 10 s */
#define ATA_POLLS_TO_FLUSH  60000000u /* that command may take longer than 30 s */
#define ATA_POLLS_TO_RETURN 100000u   /* a drive that was silent: 0.1 s */
#define ATA_FAILURES_MAX    3         /* in a row, until a way of reading is given up */
#define LBA28_END           0x10000000u

/* From the fastest to the slowest. */
enum ata_way { WAY_DMA, WAY_MULTIPLE, WAY_SECTORS };

struct ata_drive {
    struct block_device device;
    uint16_t base;
    uint16_t control;
    uint16_t master; /* base of the bus master's ports */
    uint8_t select;
    bool has_lba48;
    bool is_silent; /* it did not answer, not even after a reset */
    uint8_t way;
    uint8_t failures;  /* in a row, of that way, where a slower one went well */
    uint8_t flush;     /* the command that flushes its cache; 0: it has no cache */
    uint32_t multiple; /* sectors in a block; 1: READ and WRITE MULTIPLE are not used */
    char multiple_mode[20];
};

/* At most ATA_SECTORS_MAX sectors. */
struct ata_transfer {
    bool is_write;
    uint32_t lba, count;
    uint8_t *buffer; /* of a write: only read */
};

/* A piece of memory for the bus master: physical, and it may not cross a multiple of 64 KiB. */
struct ata_region {
    uint32_t address; /* even */
    uint32_t length;  /* bits 15-0, even, 0 for 64 KiB; bit 31: the last region */
};
#define REGION_BYTES_MAX 0x10000u
#define REGION_LAST      0x80000000u
/* A buffer that begins inside its first 64 KiB ends in one more. */
#define REGIONS_MAX (ATA_SECTORS_MAX * SECTOR_BYTES / REGION_BYTES_MAX + 1)

/* Polls between two times that interrupts are let in. */
#define POLLS_A_WAIT 64

static struct {
    struct ata_drive drives[ATA_DRIVES];
    size_t count;
} ata;

static const struct {
    uint16_t base, control;
} channels[ATA_CHANNELS] = {{0x1F0, 0x3F6}, {0x170, 0x376}};

static const char *const names[ATA_DRIVES] = {"ata0", "ata1", "ata2", "ata3"};

/* The status is true 400 ns after a command or a selection: four reads of 100 ns. */
static void settle(const struct ata_drive *drive)
{
    for (int i = 0; i < 4; i++) {
        (void)inb(drive->control);
    }
}

/* After poll number polls in vain: the clock goes on, however slow the disk is. */
static void note_wait(uint32_t polls)
{
    if (polls % POLLS_A_WAIT == POLLS_A_WAIT - 1) {
        task_let_interrupts_in();
    }
}

/* Waits for so many polls that the drive is not busy. Returns its status, even one with an error,
 * or -EIO. */
static int wait_idle_for(const struct ata_drive *drive, uint32_t polls_max)
{
    settle(drive);
    for (uint32_t polls = 0; polls < polls_max; polls++) {
        uint8_t status = inb(drive->base + ATA_STATUS);

        if (status == STATUS_NO_DRIVE) {
            return -EIO;
        }
        if (!(status & STATUS_BSY)) {
            return status;
        }
        note_wait(polls);
    }
    return -EIO;
}

static int wait_idle(const struct ata_drive *drive)
{
    return wait_idle_for(drive, ATA_POLLS_PER_WAIT);
}

/* The same, and an error is -EIO. */
static int wait_ready(const struct ata_drive *drive)
{
    int status = wait_idle(drive);

    return status >= 0 && status & (STATUS_ERR | STATUS_DF) ? -EIO : status;
}

/* The drive has data ready. */
static int wait_data(const struct ata_drive *drive)
{
    int status = wait_ready(drive);

    if (status < 0) {
        return status;
    }
    return status & STATUS_DRQ ? OK : -EIO;
}

/* Selects the drive. An error left over from an earlier command does not count. */
static int select_drive(const struct ata_drive *drive, uint8_t lba_top)
{
    outb(drive->control, CONTROL_NIEN);
    outb(drive->base + ATA_DEVICE, drive->select | lba_top);
    return wait_idle(drive) < 0 ? -EIO : OK;
}

static void write_address(const struct ata_drive *drive, uint32_t lba, uint32_t count)
{
    outb(drive->base + ATA_COUNT, (uint8_t)count);
    outb(drive->base + ATA_LBA_0, (uint8_t)lba);
    outb(drive->base + ATA_LBA_8, (uint8_t)(lba >> 8));
    outb(drive->base + ATA_LBA_16, (uint8_t)(lba >> 16));
}

/* Starts the command of that way for the transfer. */
static int start_transfer(const struct ata_drive *drive, enum ata_way way,
                          const struct ata_transfer *transfer)
{
    static const uint8_t commands[][2][2] = {
        [WAY_DMA] = {{COMMAND_READ_DMA, COMMAND_READ_DMA_EXT},
                     {COMMAND_WRITE_DMA, COMMAND_WRITE_DMA_EXT}},
        [WAY_MULTIPLE] = {{COMMAND_READ_MULTIPLE, COMMAND_READ_MULTIPLE_EXT},
                          {COMMAND_WRITE_MULTIPLE, COMMAND_WRITE_MULTIPLE_EXT}},
        [WAY_SECTORS] = {{COMMAND_READ_SECTORS, COMMAND_READ_SECTORS_EXT},
                         {COMMAND_WRITE_SECTORS, COMMAND_WRITE_SECTORS_EXT}},
    };
    uint32_t lba = transfer->lba, count = transfer->count;
    bool is_long = lba + count > LBA28_END || lba + count < lba;

    if (is_long && !drive->has_lba48) {
        return -EIO;
    }
    int status = select_drive(drive, is_long ? 0 : (uint8_t)(lba >> 24));
    if (status < 0) {
        return status;
    }
    if (is_long) {
        write_address(drive, lba >> 24, count >> 8); /* the high halves go first */
    }
    write_address(drive, lba, count);
    outb(drive->base + ATA_COMMAND, commands[way][transfer->is_write][is_long]);
    return OK;
}

static int transfer_pio(const struct ata_drive *drive, enum ata_way way,
                        const struct ata_transfer *transfer)
{
    uint32_t block = way == WAY_MULTIPLE ? drive->multiple : 1;
    uint32_t left = transfer->count;
    uint8_t *buffer = transfer->buffer;
    int status = start_transfer(drive, way, transfer);

    while (status == OK && left > 0) {
        uint32_t sectors = MIN(left, block);

        status = wait_data(drive);
        if (status == OK) {
            if (transfer->is_write) {
                outsl(drive->base + ATA_DATA, buffer, sectors * SECTOR_BYTES / 4);
            } else {
                insl(drive->base + ATA_DATA, buffer, sectors * SECTOR_BYTES / 4);
            }
            buffer += sectors * SECTOR_BYTES;
            left -= sectors;
        }
    }
    if (status == OK && transfer->is_write) { /* the drive has the last block, not yet written it */
        status = wait_ready(drive);
        status = status >= 0 && !(status & STATUS_DRQ) ? OK : -EIO;
    }
    return status;
}

/* Can the bus master read and write there? It has 32 address bits, and leaves out bit 0. Pages of
 * the byte heap and of kernel stacks do not lie side by side. */
static bool dma_reaches(const void *buffer, uint32_t length)
{
    paddr_t address = page_physical(buffer);

    return !range_is_inside((vaddr_t)buffer, length, VMALLOC_ADDRESS, KERNEL_STACKS_END) &&
           IS_ALIGNED(address, 2) && address <= UINT32_MAX - length;
}

/* Tells the bus master where length bytes go, or come from. The kernel's image, where the table is,
 * lies low. */
static void describe_buffer(const struct ata_drive *drive, const void *buffer, uint32_t length)
{
    /* volatile: the controller reads it. Aligned, so that it does not cross 64 KiB either. */
    static volatile struct ata_region regions[REGIONS_MAX] __attribute__((aligned(32)));
    volatile struct ata_region *region = regions;
    uint32_t address = (uint32_t)page_physical(buffer); /* it has so many: dma_reaches() */

    _Static_assert(sizeof(regions) <= 32, "the table's alignment");
    for (;;) {
        uint32_t bytes = MIN(length, REGION_BYTES_MAX - address % REGION_BYTES_MAX);

        region->address = address;
        region->length = bytes % REGION_BYTES_MAX;
        address += bytes;
        length -= bytes;
        if (length == 0) {
            break;
        }
        region++;
    }
    region->length |= REGION_LAST;
    outl(drive->master + MASTER_TABLE, (uint32_t)page_physical((const void *)regions));
}

/* The drive is done and the bus master has moved everything. */
static int wait_dma(struct ata_drive *drive)
{
    settle(drive);
    for (uint32_t polls = 0; polls < ATA_POLLS_PER_WAIT; polls++) {
        uint8_t master = inb(drive->master + MASTER_STATUS);
        uint8_t status = inb(drive->control);

        if (master & MASTER_ERROR || status == STATUS_NO_DRIVE ||
            (!(status & STATUS_BSY) && status & (STATUS_ERR | STATUS_DF))) {
            return -EIO;
        }
        if (!(master & MASTER_ACTIVE) && !(status & (STATUS_BSY | STATUS_DRQ))) {
            return OK;
        }
        note_wait(polls);
    }
    drive->failures = ATA_FAILURES_MAX; /* too slow to be tried more often */
    return -EIO;
}

static int transfer_dma(struct ata_drive *drive, const struct ata_transfer *transfer)
{
    uint8_t direction = transfer->is_write ? 0 : MASTER_TO_MEMORY;

    outb(drive->master + MASTER_COMMAND, direction);
    describe_buffer(drive, transfer->buffer, transfer->count * SECTOR_BYTES);
    outb(drive->master + MASTER_STATUS, inb(drive->master + MASTER_STATUS)); /* clears bits 1, 2 */
    int status = start_transfer(drive, WAY_DMA, transfer);
    if (status == OK) {
        __asm__ volatile("" : : : "memory"); /* the buffer is in memory */
        outb(drive->master + MASTER_COMMAND, direction | MASTER_START);
        status = wait_dma(drive);
        outb(drive->master + MASTER_COMMAND, direction);
    }
    __asm__ volatile("" : : : "memory"); /* the buffer has changed */
    return status;
}

/* Both drives of the channel begin anew. Is it idle afterwards? */
static bool reset_channel(const struct ata_drive *drive)
{
    outb(drive->control, CONTROL_NIEN | CONTROL_SRST);
    for (int i = 0; i < 10; i++) {
        io_delay(); /* 5 microseconds at least */
    }
    outb(drive->control, CONTROL_NIEN);
    for (int i = 0; i < 2000; i++) {
        io_delay(); /* 2 milliseconds */
    }
    /* Busy, it may miss what is written next: which of the two drives is meant. */
    return wait_idle(drive) >= 0;
}

/* READ MULTIPLE needs its block size, set again after each reset. */
static void set_multiple(struct ata_drive *drive, uint32_t multiple)
{
    drive->multiple = 1;
    if (multiple > 1 && select_drive(drive, 0) == OK) {
        outb(drive->base + ATA_COUNT, (uint8_t)multiple);
        outb(drive->base + ATA_COMMAND, COMMAND_SET_MULTIPLE);
        if (wait_ready(drive) >= 0) {
            drive->multiple = multiple;
        }
    }
}

static enum ata_way slower_way(const struct ata_drive *drive, enum ata_way way)
{
    return way == WAY_DMA && drive->multiple > 1 ? WAY_MULTIPLE : WAY_SECTORS;
}

static void choose_way(struct ata_drive *drive, enum ata_way way)
{
    drive->way = (uint8_t)way;
    drive->failures = 0;
    drive->device.mode = way == WAY_DMA        ? "DMA"
                         : way == WAY_MULTIPLE ? drive->multiple_mode
                                               : "PIO";
}

/* A reset is the whole channel's: master and slave forget their block sizes. A drive that does not
 * take its own again is read sector by sector. */
static void restore_multiple(const struct ata_drive *drive)
{
    for (size_t i = 0; i < ata.count; i++) {
        struct ata_drive *other = &ata.drives[i];

        if (other->base != drive->base || other->is_silent) {
            continue;
        }
        set_multiple(other, other->multiple);
        if (other->way == WAY_MULTIPLE && other->multiple == 1) {
            choose_way(other, WAY_SECTORS);
        }
    }
}

/* After an error: resets the channel. False: the drive does not answer any more. */
static bool begin_anew(struct ata_drive *drive)
{
    bool is_there = reset_channel(drive) && select_drive(drive, 0) == OK;

    if (!is_there && !drive->is_silent) {
        printk_sentence(0, "The disk %s does not answer any more.", drive->device.name);
    } else if (is_there && drive->is_silent) {
        printk_sentence(0, "The disk %s answers again.", drive->device.name);
    }
    drive->is_silent = !is_there;
    restore_multiple(drive);
    return is_there;
}

/* Can the drive be asked for something? One that was silent is given no time, as others wait. */
static bool answers(struct ata_drive *drive)
{
    if (!drive->is_silent) {
        return true;
    }
    uint8_t status = inb(drive->base + ATA_STATUS);

    if (status == STATUS_NO_DRIVE || status & STATUS_BSY) {
        return false;
    }
    outb(drive->base + ATA_DEVICE, drive->select);
    return wait_idle_for(drive, ATA_POLLS_TO_RETURN) >= 0 && begin_anew(drive);
}

/* Has a write failed because the medium is protected? */
static bool is_protected(const struct ata_drive *drive)
{
    uint8_t status = inb(drive->base + ATA_STATUS);

    return status != STATUS_NO_DRIVE && !(status & STATUS_BSY) && status & STATUS_ERR &&
           inb(drive->base + ATA_ERROR) & ERROR_WP;
}

/* In the drive's way or one that works. */
static int transfer_surely(struct ata_drive *drive, const struct ata_transfer *transfer)
{
    enum ata_way way = drive->way;

    if (way == WAY_DMA && !dma_reaches(transfer->buffer, transfer->count * SECTOR_BYTES)) {
        way = slower_way(drive, way);
    }
    for (int tries = 0; tries < ATA_TRIES && answers(drive); tries++) {
        int status =
            way == WAY_DMA ? transfer_dma(drive, transfer) : transfer_pio(drive, way, transfer);

        if (status == OK) {
            if (tries == 0) {
                drive->failures = 0;
            } else if (++drive->failures >= ATA_FAILURES_MAX) {
                choose_way(drive, slower_way(drive, drive->way));
            }
            return OK;
        }
        if (transfer->is_write && is_protected(drive)) {
            drive->device.is_read_only = true;
            return -ERDONLY;
        }
        (void)begin_anew(drive);
        way = slower_way(drive, way);
    }
    return -EIO;
}

static int transfer_all(struct block_device *device, struct ata_transfer transfer, uint32_t count)
{
    int status = OK;

    while (status == OK && count > 0) {
        transfer.count = MIN(count, ATA_SECTORS_MAX);
        status = transfer_surely(device->driver_data, &transfer);
        transfer.lba += transfer.count;
        transfer.buffer += transfer.count * SECTOR_BYTES;
        count -= transfer.count;
    }
    return status;
}

static int ata_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    return transfer_all(device, (struct ata_transfer){.lba = lba, .buffer = buffer}, count);
}

static int ata_write(struct block_device *device, uint32_t lba, uint32_t count, const void *buffer)
{
    struct ata_transfer transfer = {
        .is_write = true, .lba = lba, .buffer = (uint8_t *)(uintptr_t)buffer};

    return transfer_all(device, transfer, count);
}

/*
 * Where the drive cannot write a sector from its cache, it drops that one and ends the command with
 * an error; the next FLUSH CACHE goes on behind it (ATA/ATAPI-6, FLUSH CACHE).
 */
static int ata_flush(struct block_device *device)
{
    struct ata_drive *drive = device->driver_data;
    int result = OK;

    if (!answers(drive)) {
        return -EIO;
    }
    for (int tries = 0; drive->flush && tries < ATA_TRIES; tries++) {
        int status = select_drive(drive, 0);

        if (status == OK) {
            outb(drive->base + ATA_COMMAND, drive->flush);
            status = wait_idle_for(drive, ATA_POLLS_TO_FLUSH);
        }
        if (status < 0) { /* it does not answer */
            (void)begin_anew(drive);
            return -EIO;
        }
        if (!(status & (STATUS_ERR | STATUS_DF))) {
            return result;
        }
        result = -EIO;
    }
    return result;
}

static const struct block_operations operations = {
    .read = ata_read,
    .write = ata_write,
    .flush = ata_flush,
};

/* Does the drive use DMA, and which mode? One must have been selected, by the drive or the BIOS. */
static bool has_dma(const uint16_t words[IDENTIFY_WORDS])
{
    return words[IDENTIFY_CAPABILITIES] & 1u << 8 &&
           (words[IDENTIFY_MULTIWORD_DMA] & 0x0700 ||
            (words[IDENTIFY_VALID] & 1u << 2 && words[IDENTIFY_ULTRA_DMA] & 0xFF00));
}

/* A drive that has a write cache, and no command to flush it, is told not to use it. */
static void choose_flush(struct ata_drive *drive, const uint16_t words[IDENTIFY_WORDS])
{
    bool is_valid = (words[IDENTIFY_COMMAND_SET] & 0xC000) == 0x4000;

    if (is_valid && words[IDENTIFY_COMMAND_SET] & 1u << 13 && drive->has_lba48) {
        drive->flush = COMMAND_FLUSH_CACHE_EXT;
    } else if (is_valid && words[IDENTIFY_COMMAND_SET] & 1u << 12) {
        drive->flush = COMMAND_FLUSH_CACHE;
    } else if (is_valid && words[IDENTIFY_FEATURES] & 1u << 5 && select_drive(drive, 0) == OK) {
        outb(drive->base + ATA_FEATURE, FEATURE_NO_WRITE_CACHE);
        outb(drive->base + ATA_COMMAND, COMMAND_SET_FEATURES);
        (void)wait_ready(drive);
    }
}

/* Does the drive have sectors of SECTOR_BYTES? Old drives do not report it, and have them. */
static bool has_usual_sectors(const uint16_t words[IDENTIFY_WORDS])
{
    return (words[IDENTIFY_SECTOR_SIZE] & 0xD000) != 0x5000 ||
           (words[IDENTIFY_SECTOR_WORDS] == SECTOR_BYTES / 2 &&
            words[IDENTIFY_SECTOR_WORDS + 1] == 0);
}

/* The ports of the bus master for the channel at its classic ports; 0 when there is none. */
static uint16_t find_master(unsigned channel)
{
    for (uint32_t function = 0; pci_find(PCI_CLASS_IDE, &function); function++) {
        uint32_t class = pci_read(function, PCI_CLASS);
        uint32_t command = pci_read(function, PCI_COMMAND) & 0xFFFF;
        uint32_t bar = pci_read(function, MASTER_BAR);

        if (class & INTERFACE_MASTER && !(class & INTERFACE_NATIVE(channel)) &&
            command & PCI_COMMAND_IO && bar & PCI_BAR_IO && bar & 0xFFF0) {
            pci_write(function, PCI_COMMAND, command | PCI_COMMAND_MASTER);
            return (uint16_t)((bar & 0xFFF0) + 8 * channel);
        }
    }
    return 0;
}

/* Fills in what IDENTIFY reports. False when there is no disk, or none that Drupe can use. */
static bool identify(struct ata_drive *drive, unsigned channel)
{
    uint16_t words[IDENTIFY_WORDS];

    if (inb(drive->base + ATA_STATUS) == STATUS_NO_DRIVE || select_drive(drive, 0) < 0) {
        return false;
    }
    write_address(drive, 0, 0);
    outb(drive->base + ATA_COMMAND, COMMAND_IDENTIFY);
    settle(drive);
    if (inb(drive->base + ATA_STATUS) == 0) {
        return false; /* no such drive on this channel */
    }
    /* A packet device (CD-ROM) answers with an error. */
    if (wait_data(drive) < 0) {
        return false;
    }
    insw(drive->base + ATA_DATA, words, IDENTIFY_WORDS);
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): insw() has filled it */
    if (!(words[IDENTIFY_CAPABILITIES] & 1u << 9) || !has_usual_sectors(words)) {
        return false;
    }
    drive->has_lba48 = (words[IDENTIFY_COMMAND_SET] & 0xC400) == 0x4400;
    drive->device.sector_count =
        words[IDENTIFY_LBA28_SECTORS] | (uint32_t)words[IDENTIFY_LBA28_SECTORS + 1] << 16;
    if (drive->has_lba48) {
        bool is_huge = words[IDENTIFY_LBA48_SECTORS + 2] || words[IDENTIFY_LBA48_SECTORS + 3];

        drive->device.sector_count =
            is_huge
                ? UINT32_MAX
                : words[IDENTIFY_LBA48_SECTORS] | (uint32_t)words[IDENTIFY_LBA48_SECTORS + 1] << 16;
    }
    choose_flush(drive, words);
    set_multiple(drive, MIN(words[IDENTIFY_MULTIPLE] & 0xFFu, (unsigned)ATA_MULTIPLE));
    format_to_buffer(drive->multiple_mode, sizeof(drive->multiple_mode), "PIO, %u sectors",
                     drive->multiple);
    drive->master = has_dma(words) ? find_master(channel) : 0;
    choose_way(drive, drive->master ? WAY_DMA : slower_way(drive, WAY_DMA));
    return drive->device.sector_count > 0;
}

size_t ata_initialise(void)
{
    ata.count = 0;
    for (size_t place = 0; place < ATA_DRIVES; place++) {
        struct ata_drive *drive = &ata.drives[ata.count];

        *drive = (struct ata_drive){
            .device = {.name = names[place],
                       .sector_bytes = SECTOR_BYTES,
                       .operations = &operations,
                       .driver_data = drive},
            .base = channels[place / 2].base,
            .control = channels[place / 2].control,
            .select = (uint8_t)(DEVICE_LBA | (place % 2 ? DEVICE_SLAVE : 0)),
        };
        if (identify(drive, place / 2)) {
            ata.count++;
        }
    }
    return ata.count;
}

size_t ata_count(void)
{
    return ata.count;
}

struct block_device *ata_device(size_t i)
{
    KASSERT(i < ata.count);
    return &ata.drives[i].device;
}

struct block_device *ata_find(uint16_t base, bool is_slave)
{
    for (size_t i = 0; i < ata.count; i++) {
        const struct ata_drive *drive = &ata.drives[i];

        if (drive->base == base && ((drive->select & DEVICE_SLAVE) != 0) == is_slave) {
            return &ata.drives[i].device;
        }
    }
    return NULL;
}
