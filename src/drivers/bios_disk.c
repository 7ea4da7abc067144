/*
 * drivers/bios_disk.c - see bios_disk.h.
 *
 * Each read or write is a visit to real mode (arch/x86/bios.h). The BIOS can reach memory below
 * 1 MiB only, so data goes through a buffer there, as much at a time as the buffer holds.
 *
 * Size before speed.
 */
#include "drivers/bios_disk.h"

#include <stddef.h>

#include "arch/timer.h"
#include "arch/x86/bios.h"
#include "arch/x86/cpu.h"
#include "config.h"
#include "debug/printk.h"
#include "layout.h"
#include "base/align.h"
#include "lib/string.h"
#include "memory/memory.h"
#include "memory/memory_map.h"
#include "base/status.h"

#define INT_DISK         0x13
#define FUNCTION_RESET   0x0000 /* AX, or AH << 8 */
#define FUNCTION_CHECK   0x4100
#define FUNCTION_READ    0x4200
#define FUNCTION_WRITE   0x4300 /* AL = 0: the BIOS does not verify it */
#define FUNCTION_GET     0x4800
#define CHECK_MAGIC      0x55AA /* BX in; swapped when the functions are there */
#define CHECK_ANSWER     0xAA55
#define CHECK_HAS_PACKET 0x0001 /* CX bit 0: functions 42h, 43h and 48h */

#define ERROR_PROTECTED 0x03 /* AH: the disk is write-protected */

#define TRIES 3

/* A read or write that fails after so long has not been answered by the drive. */
#define SILENCE_TICKS (2 * TIMER_HZ)

/* Where the kernel sees the BIOS's tables, physically: not in page 0. */
#define LOW_MEMORY_START PAGE_SIZE_BYTES
#define LOW_MEMORY_END   KERNEL_PHYSICAL

/* The input of functions 42h and 43h, and the result of function 48h. */
struct address_packet {
    uint8_t bytes; /* of this packet */
    uint8_t zero;
    uint16_t count;
    uint16_t offset, segment; /* of the buffer */
    uint64_t lba;
};

struct drive_parameters {
    uint16_t bytes; /* in: room; out: how many are filled in, 26 or 30 */
    uint16_t flags;
    uint32_t cylinders, heads, sectors_per_track;
    uint64_t sectors;
    uint16_t sector_bytes;
    uint16_t ata_offset,
        ata_segment; /* where struct ata_parameters is; NO_POINTER in both: nowhere */
} __attribute__((packed));
#define PARAMETERS_BYTES_MIN 26 /* up to sector_bytes */
#define NO_POINTER           0xFFFF

/* How the BIOS reaches an ATA drive (the specification's device parameter table extension). */
struct ata_parameters {
    uint16_t base, control; /* ports */
    uint8_t head;           /* bit 4: the slave */
    uint8_t others[10];
    uint8_t checksum; /* makes the sum of all 16 bytes 0 */
};
#define HEAD_SLAVE 0x10

_Static_assert(sizeof(struct address_packet) == 16 && sizeof(struct drive_parameters) == 30 &&
                   sizeof(struct ata_parameters) == 16,
               "as the specification has them");

static struct {
    struct block_device device;
    uint8_t drive;
    uint32_t buffer; /* below 1 MiB */
    uint32_t buffer_sectors;
    bool is_failing; /* all tries of the last transfer have failed */
    bool is_gone;    /* it answers nothing: no request reaches the BIOS any more */
} disk;

/* DS:SI is BIOS_BUFFER_ADDRESS. False when the BIOS reports an error. */
static bool call(uint32_t function, struct bios_registers *registers)
{
    registers->eax = function;
    registers->edx = disk.drive;
    registers->esi = BIOS_BUFFER_ADDRESS;
    bios_call(INT_DISK, registers);
    return !(registers->eflags & EFLAGS_CF);
}

/* Reads count sectors into the buffer, or writes them from there, where they are put first. */
static int transfer_once(uint32_t function, uint32_t lba, uint32_t count, const uint8_t *from)
{
    struct bios_registers registers = {0};

    if (from) {
        memcpy(page_memory(disk.buffer), from, count * SECTOR_BYTES);
    }
    *(struct address_packet *)page_memory(BIOS_BUFFER_ADDRESS) = (struct address_packet){
        .bytes = sizeof(struct address_packet),
        .count = (uint16_t)count,
        .offset = (uint16_t)(disk.buffer & 0xF),
        .segment = (uint16_t)(disk.buffer >> 4),
        .lba = lba,
    };
    if (call(function, &registers)) {
        return OK;
    }
    return (registers.eax >> 8 & 0xFF) == ERROR_PROTECTED ? -ERDONLY : -EIO;
}

/* The same. *is_silent: the drive let the BIOS wait in vain. */
static int try_once(uint32_t function, uint32_t lba, uint32_t count, const uint8_t *from,
                    bool *is_silent)
{
    uint32_t start = timer_get_ticks();
    int status = transfer_once(function, lba, count, from);

    *is_silent = status == -EIO && timer_get_ticks() - start >= SILENCE_TICKS;
    return status;
}

/* It let the BIOS wait for this sector. Does it answer when another one is wanted? */
static bool still_answers(uint32_t lba)
{
    bool is_silent;

    (void)try_once(FUNCTION_READ, lba == 0 ? 1 : 0, 1, NULL, &is_silent);
    return !is_silent;
}

static void note_gone(void)
{
    disk.is_gone = true;
    printk_sentence(0, "The disk that Drupe was started from does not answer any more: it may have"
                       " been pulled out. It is not used again before the next start.");
}

/*
 * Where all tries have failed, the next transfers are tried once, until one succeeds.
 *
 * A stick that was pulled out takes the BIOS seconds for each try, in which nothing else runs. So
 * two tries in vain, of different sectors, are enough: then it is gone. It stays so, as another
 * stick in its place would be written to as if it were this one.
 */
static int transfer(uint32_t function, uint32_t lba, uint32_t count, const uint8_t *from)
{
    int most = disk.is_failing ? 1 : TRIES;
    int status = -EIO;

    for (int tries = 0; status == -EIO && tries < most && !disk.is_gone; tries++) {
        bool is_silent;

        if (tries > 0) {
            struct bios_registers registers = {0};

            call(FUNCTION_RESET, &registers);
        }
        status = try_once(function, lba, count, from, &is_silent);
        if (is_silent) {
            most = MIN(most, 2);
            if (!still_answers(lba)) {
                note_gone();
            }
        }
    }
    disk.is_failing = status == -EIO;
    return status;
}

static int bios_disk_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    uint8_t *to = buffer;

    (void)device;
    while (count > 0) {
        uint32_t sectors = MIN(count, disk.buffer_sectors);

        if (transfer(FUNCTION_READ, lba, sectors, NULL) < 0) {
            return -EIO;
        }
        memcpy(to, page_memory(disk.buffer), sectors * SECTOR_BYTES);
        to += sectors * SECTOR_BYTES;
        lba += sectors;
        count -= sectors;
    }
    return OK;
}

static int bios_disk_write(struct block_device *device, uint32_t lba, uint32_t count,
                           const void *buffer)
{
    const uint8_t *from = buffer;
    int status = OK;

    while (status == OK && count > 0) {
        uint32_t sectors = MIN(count, disk.buffer_sectors);

        status = transfer(FUNCTION_WRITE, lba, sectors, from);
        from += sectors * SECTOR_BYTES;
        lba += sectors;
        count -= sectors;
    }
    if (status == -ERDONLY) {
        device->is_read_only = true;
    }
    return status;
}

/* There is no function that flushes (bios_disk.h). */
static const struct block_operations operations = {.read = bios_disk_read,
                                                   .write = bios_disk_write};

/* A large buffer if the firmware leaves that memory to us, else what is behind the packet. */
static void choose_buffer(void)
{
    disk.buffer = BIOS_DISK_BUFFER_ADDRESS;
    disk.buffer_sectors = BIOS_DISK_BUFFER_BYTES / SECTOR_BYTES;
    if (!memory_map_is_usable(memory_get_map(), BIOS_DISK_BUFFER_ADDRESS,
                              BIOS_DISK_BUFFER_ADDRESS + BIOS_DISK_BUFFER_BYTES)) {
        disk.buffer = BIOS_BUFFER_ADDRESS + SECTOR_BYTES;
        disk.buffer_sectors = BIOS_BUFFER_BYTES / SECTOR_BYTES - 1;
    }
}

/* Function 48h, with room for that many bytes. */
static bool get_parameters(struct drive_parameters *parameters, uint16_t room)
{
    struct bios_registers registers = {0};

    *parameters = (struct drive_parameters){.bytes = room};
    return call(FUNCTION_GET, &registers);
}

/* Not known, if that is a wrong pointer or has the wrong sum. */
struct bios_disk_place bios_disk_place(void)
{
    struct drive_parameters *parameters = page_memory(BIOS_BUFFER_ADDRESS);
    struct ata_parameters ata;
    uint8_t sum = 0;
    bool is_told = get_parameters(parameters, sizeof(*parameters));
    uint32_t address = ((uint32_t)parameters->ata_segment << 4) + parameters->ata_offset;

    if (!is_told || parameters->bytes < sizeof(*parameters) ||
        (parameters->ata_segment == NO_POINTER && parameters->ata_offset == NO_POINTER) ||
        !range_is_inside(address, sizeof(ata), LOW_MEMORY_START, LOW_MEMORY_END)) {
        return (struct bios_disk_place){.is_known = false};
    }
    memcpy(&ata, page_memory(address), sizeof(ata));
    for (size_t i = 0; i < sizeof(ata); i++) {
        sum = (uint8_t)(sum + ((const uint8_t *)&ata)[i]);
    }
    return (struct bios_disk_place){
        .is_known = sum == 0,
        .ata_base = ata.base,
        .is_slave = ata.head & HEAD_SLAVE,
    };
}

struct block_device *bios_disk_open(uint8_t drive)
{
    struct bios_registers registers = {.ebx = CHECK_MAGIC};
    struct drive_parameters *parameters = page_memory(BIOS_BUFFER_ADDRESS);

    disk.drive = drive;
    disk.is_failing = disk.is_gone = false;
    choose_buffer();
    if (!call(FUNCTION_CHECK, &registers) || (registers.ebx & 0xFFFF) != CHECK_ANSWER ||
        !(registers.ecx & CHECK_HAS_PACKET)) {
        return NULL;
    }
    if (!get_parameters(parameters, PARAMETERS_BYTES_MIN) ||
        parameters->sector_bytes != SECTOR_BYTES) {
        return NULL;
    }
    disk.device = (struct block_device){
        .name = "BIOS disk",
        .mode = "INT 13h",
        .sector_count = (uint32_t)MIN(parameters->sectors, UINT32_MAX),
        .sector_bytes = SECTOR_BYTES,
        .operations = &operations,
    };
    return &disk.device;
}
