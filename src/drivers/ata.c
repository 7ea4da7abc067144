/*
 * drivers/ata.c - polled ATA: IDENTIFY DEVICE, READ SECTORS, READ MULTIPLE.
 *
 * A command: select the drive, wait until it is not busy, write count and LBA, write the command;
 * then, for each block of sectors, wait for DRQ and read the data port. READ MULTIPLE makes a block
 * as large as the drive allows, which saves most of the waiting. Interrupts stay off (nIEN).
 */
#include "drivers/ata.h"

#include <stdbool.h>

#include "arch/x86/io.h"
#include "debug/panic.h"
#include "lib/align.h"
#include "status.h"

/* Register offsets from the channel's base port. */
#define ATA_DATA    0
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
#define STATUS_NO_DRIVE 0xFF /* a bus that nobody drives */

#define CONTROL_NIEN 0x02
#define CONTROL_SRST 0x04

#define DEVICE_LBA   0xE0 /* bits 7 and 5 are set on old drives; bit 6: LBA */
#define DEVICE_SLAVE 0x10

#define COMMAND_READ_SECTORS      0x20
#define COMMAND_READ_SECTORS_EXT  0x24
#define COMMAND_READ_MULTIPLE     0xC4
#define COMMAND_READ_MULTIPLE_EXT 0x29
#define COMMAND_SET_MULTIPLE      0xC6
#define COMMAND_IDENTIFY          0xEC

/* IDENTIFY DEVICE, in words (ATA/ATAPI-6, section 8.15). */
#define IDENTIFY_WORDS          256
#define IDENTIFY_MULTIPLE       47 /* bits 7-0: most sectors for READ MULTIPLE */
#define IDENTIFY_CAPABILITIES   49 /* bit 9: LBA */
#define IDENTIFY_LBA28_SECTORS  60 /* and 61 */
#define IDENTIFY_COMMAND_SET    83 /* bit 10: 48-bit addresses */
#define IDENTIFY_LBA48_SECTORS  100

#define ATA_CHANNELS       2
#define ATA_DRIVES         4
#define ATA_TRIES          3
#define ATA_MULTIPLE       16
#define ATA_SECTORS_MAX    256         /* a command */
#define ATA_POLLS_PER_WAIT 10000000u   /* at least a microsecond each on a real bus: 10 s */
#define LBA28_END          0x10000000u

struct ata_drive {
    struct block_device device;
    uint16_t base;
    uint16_t control;
    uint8_t select;
    bool has_lba48;
    uint32_t multiple; /* sectors in a block; 1: READ SECTORS */
};

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

/* Waits until the drive is not busy and returns its status, or -EIO. */
static int wait_ready(const struct ata_drive *drive)
{
    settle(drive);
    for (uint32_t polls = 0; polls < ATA_POLLS_PER_WAIT; polls++) {
        uint8_t status = inb(drive->base + ATA_STATUS);

        if (status == STATUS_NO_DRIVE) {
            return -EIO;
        }
        if (!(status & STATUS_BSY)) {
            return status & (STATUS_ERR | STATUS_DF) ? -EIO : status;
        }
    }
    return -EIO;
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
    settle(drive);
    for (uint32_t polls = 0; polls < ATA_POLLS_PER_WAIT; polls++) {
        uint8_t status = inb(drive->base + ATA_STATUS);

        if (status == STATUS_NO_DRIVE) {
            return -EIO;
        }
        if (!(status & STATUS_BSY)) {
            return OK;
        }
    }
    return -EIO;
}

static void write_address(const struct ata_drive *drive, uint32_t lba, uint32_t count)
{
    outb(drive->base + ATA_COUNT, (uint8_t)count);
    outb(drive->base + ATA_LBA_0, (uint8_t)lba);
    outb(drive->base + ATA_LBA_8, (uint8_t)(lba >> 8));
    outb(drive->base + ATA_LBA_16, (uint8_t)(lba >> 16));
}

/* One command for at most ATA_SECTORS_MAX sectors. */
static int read_once(const struct ata_drive *drive, uint32_t lba, uint32_t count, uint8_t *buffer)
{
    bool is_long = lba + count > LBA28_END || lba + count < lba;
    bool is_multiple = drive->multiple > 1;
    int status;

    if (is_long && !drive->has_lba48) {
        return -EIO;
    }
    status = select_drive(drive, is_long ? 0 : (uint8_t)(lba >> 24));
    if (status < 0) {
        return status;
    }
    if (is_long) {
        write_address(drive, lba >> 24, count >> 8); /* the high halves go first */
    }
    write_address(drive, lba, count);
    outb(drive->base + ATA_COMMAND,
         is_multiple ? (is_long ? COMMAND_READ_MULTIPLE_EXT : COMMAND_READ_MULTIPLE)
                     : (is_long ? COMMAND_READ_SECTORS_EXT : COMMAND_READ_SECTORS));
    while (count > 0) {
        uint32_t sectors = MIN(count, drive->multiple);

        status = wait_data(drive);
        if (status < 0) {
            return status;
        }
        insl(drive->base + ATA_DATA, buffer, sectors * SECTOR_BYTES / 4);
        buffer += sectors * SECTOR_BYTES;
        count -= sectors;
    }
    return OK;
}

/* Both drives of the channel begin anew. */
static void reset_channel(const struct ata_drive *drive)
{
    outb(drive->control, CONTROL_NIEN | CONTROL_SRST);
    for (int i = 0; i < 10; i++) {
        io_delay(); /* 5 microseconds at least */
    }
    outb(drive->control, CONTROL_NIEN);
    for (int i = 0; i < 2000; i++) {
        io_delay(); /* 2 milliseconds */
    }
}

/* READ MULTIPLE needs to be told its block size, again after each reset. */
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

static int ata_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    struct ata_drive *drive = device->driver_data;
    uint8_t *to = buffer;

    while (count > 0) {
        uint32_t sectors = MIN(count, ATA_SECTORS_MAX);
        int status = -EIO;

        for (int tries = 0; tries < ATA_TRIES; tries++) {
            status = read_once(drive, lba, sectors, to);
            if (status == OK) {
                break;
            }
            uint32_t multiple = drive->multiple;
            reset_channel(drive);
            set_multiple(drive, multiple);
        }
        if (status < 0) {
            return status;
        }
        lba += sectors;
        count -= sectors;
        to += sectors * SECTOR_BYTES;
    }
    return OK;
}

/* Fills in what IDENTIFY tells. False when there is no disk, or none that Drupe can use. */
static bool identify(struct ata_drive *drive)
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
    if (!(words[IDENTIFY_CAPABILITIES] & 1u << 9)) {
        return false;
    }
    drive->has_lba48 = words[IDENTIFY_COMMAND_SET] & 1u << 10;
    drive->device.sector_count =
        words[IDENTIFY_LBA28_SECTORS] | (uint32_t)words[IDENTIFY_LBA28_SECTORS + 1] << 16;
    if (drive->has_lba48) {
        bool is_huge = words[IDENTIFY_LBA48_SECTORS + 2] || words[IDENTIFY_LBA48_SECTORS + 3];

        drive->device.sector_count =
            is_huge ? UINT32_MAX
                    : words[IDENTIFY_LBA48_SECTORS] |
                          (uint32_t)words[IDENTIFY_LBA48_SECTORS + 1] << 16;
    }
    set_multiple(drive, MIN(words[IDENTIFY_MULTIPLE] & 0xFFu, ATA_MULTIPLE));
    return drive->device.sector_count > 0;
}

size_t ata_initialise(void)
{
    ata.count = 0;
    for (size_t place = 0; place < ATA_DRIVES; place++) {
        struct ata_drive *drive = &ata.drives[ata.count];

        *drive = (struct ata_drive){
            .device = {.name = names[place], .driver_data = drive, .read = ata_read},
            .base = channels[place / 2].base,
            .control = channels[place / 2].control,
            .select = (uint8_t)(DEVICE_LBA | (place % 2 ? DEVICE_SLAVE : 0)),
        };
        if (identify(drive)) {
            ata.count++;
        }
    }
    return ata.count;
}

struct block_device *ata_device(size_t i)
{
    KASSERT(i < ata.count);
    return &ata.drives[i].device;
}
