/*
 * drivers/bios_disk.c - see bios_disk.h.
 *
 * Each read is a visit to real mode (arch/x86/bios.h). The BIOS can reach memory below 1 MiB only, so
 * data comes through a buffer there, as much at a time as the buffer holds.
 */
#include "drivers/bios_disk.h"

#include <stddef.h>

#include "arch/x86/bios.h"
#include "arch/x86/cpu.h"
#include "layout.h"
#include "lib/align.h"
#include "lib/string.h"
#include "memory/memory.h"
#include "memory/memory_map.h"
#include "status.h"

#define INT_DISK         0x13
#define FUNCTION_RESET   0x0000 /* AX, or AH << 8 */
#define FUNCTION_CHECK   0x4100
#define FUNCTION_READ    0x4200
#define FUNCTION_GET     0x4800
#define CHECK_MAGIC      0x55AA /* BX in; swapped when the functions are there */
#define CHECK_ANSWER     0xAA55
#define CHECK_HAS_PACKET 0x0001 /* CX bit 0: functions 42h and 48h */

#define TRIES 3

/* What function 42h is told, and function 48h tells. */
struct address_packet {
    uint8_t bytes; /* of this packet */
    uint8_t zero;
    uint16_t count;
    uint16_t offset, segment; /* of the buffer */
    uint64_t lba;
};

struct drive_parameters {
    uint16_t bytes; /* in: room; at least 26 */
    uint16_t flags;
    uint32_t cylinders, heads, sectors_per_track;
    uint64_t sectors;
    uint16_t sector_bytes;
} __attribute__((packed));

_Static_assert(sizeof(struct address_packet) == 16 && sizeof(struct drive_parameters) == 26,
               "as the specification has them");

static struct {
    struct block_device device;
    uint8_t drive;
    uint32_t buffer; /* below 1 MiB */
    uint32_t buffer_sectors;
} disk;

/* DS:SI is BIOS_BUFFER_ADDRESS. False when the BIOS tells of an error. */
static bool call(uint32_t function, struct bios_registers *registers)
{
    registers->eax = function;
    registers->edx = disk.drive;
    registers->esi = BIOS_BUFFER_ADDRESS;
    bios_call(INT_DISK, registers);
    return !(registers->eflags & EFLAGS_CF);
}

static bool read_once(uint32_t lba, uint32_t count)
{
    struct bios_registers registers = {0};

    *(struct address_packet *)BIOS_BUFFER_ADDRESS = (struct address_packet){
        .bytes = sizeof(struct address_packet),
        .count = (uint16_t)count,
        .offset = (uint16_t)(disk.buffer & 0xF),
        .segment = (uint16_t)(disk.buffer >> 4),
        .lba = lba,
    };
    return call(FUNCTION_READ, &registers);
}

static int bios_disk_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    uint8_t *to = buffer;

    (void)device;
    while (count > 0) {
        uint32_t sectors = MIN(count, disk.buffer_sectors);
        int tries = TRIES;

        while (!read_once(lba, sectors)) {
            struct bios_registers registers = {0};

            if (--tries == 0) {
                return -EIO;
            }
            call(FUNCTION_RESET, &registers);
        }
        memcpy(to, (const void *)disk.buffer, sectors * SECTOR_BYTES);
        to += sectors * SECTOR_BYTES;
        lba += sectors;
        count -= sectors;
    }
    return OK;
}

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

struct block_device *bios_disk_open(uint8_t drive)
{
    struct bios_registers registers = {.ebx = CHECK_MAGIC};
    struct drive_parameters *parameters = (struct drive_parameters *)BIOS_BUFFER_ADDRESS;

    disk.drive = drive;
    choose_buffer();
    if (!call(FUNCTION_CHECK, &registers) || (registers.ebx & 0xFFFF) != CHECK_ANSWER ||
        !(registers.ecx & CHECK_HAS_PACKET)) {
        return NULL;
    }
    *parameters = (struct drive_parameters){.bytes = sizeof(*parameters)};
    registers = (struct bios_registers){0};
    if (!call(FUNCTION_GET, &registers) || parameters->sector_bytes != SECTOR_BYTES) {
        return NULL;
    }
    disk.device = (struct block_device){
        .name = "BIOS disk",
        .mode = "INT 13h",
        .sector_count = (uint32_t)MIN(parameters->sectors, UINT32_MAX),
        .read = bios_disk_read,
    };
    return &disk.device;
}
