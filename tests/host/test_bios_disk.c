/*
 * test_bios_disk.c - reading and writing through a made-up BIOS.
 * Sources: src/device/block.c src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "layout.h"

/* The memory below 1 MiB that the driver and the BIOS share. It lies 1 GiB higher here: a 32-bit
 * process cannot have the true addresses. */
#define SHIFT         0x40000000
#define packet_memory ((uint8_t *)page_memory(BIOS_BUFFER_ADDRESS))
#define large_memory  ((uint8_t *)page_memory(BIOS_DISK_BUFFER_ADDRESS))

#undef BIOS_BUFFER_ADDRESS
#undef BIOS_DISK_BUFFER_ADDRESS
#define BIOS_BUFFER_ADDRESS      (SHIFT + 0x4000)
#define BIOS_DISK_BUFFER_ADDRESS (SHIFT + 0x80000)

#include "drivers/bios_disk.c"

#define DRIVE         0x81
#define SECTORS       1000
#define LARGE_SECTORS (BIOS_DISK_BUFFER_BYTES / SECTOR_BYTES)
#define SMALL_SECTORS (BIOS_BUFFER_BYTES / SECTOR_BYTES - 1)

static struct {
    bool is_silent;          /* no function 41h */
    uint16_t answer, bitmap; /* of function 41h */
    bool fails_to_tell;
    uint64_t sectors;
    uint16_t sector_bytes;
    const struct ata_parameters *ata; /* below 1 MiB, or NULL: the BIOS has no such table */
    uint16_t filled_in;               /* bytes of the answer, if not those that were asked for */
    bool is_large_memory_usable;
    unsigned failures; /* how many reads and writes from now on fail */
    uint8_t error;     /* AH of one that fails */
    uint32_t patience; /* ticks that pass until one fails */
    uint32_t ticks;
    unsigned sentences;
    unsigned reads, writes, resets;
    uint32_t most; /* sectors in one read */
} bios;

uint32_t timer_get_ticks(void)
{
    return bios.ticks;
}

void printk_sentence(unsigned column, const char *format, ...)
{
    assert_int_equal(column, 0);
    assert_non_null(format);
    bios.sentences++;
}

const struct memory_map *memory_get_map(void)
{
    return NULL;
}

bool memory_map_is_usable(const struct memory_map *map, uint64_t start, uint64_t end)
{
    assert_null(map);
    assert_int_equal(start, BIOS_DISK_BUFFER_ADDRESS);
    assert_int_equal(end, BIOS_DISK_BUFFER_ADDRESS + BIOS_DISK_BUFFER_BYTES);
    return bios.is_large_memory_usable;
}

static uint32_t written[SECTORS][SECTOR_BYTES / 4]; /* what was, else zeros */

/* What every dword of a sector on the disk holds. */
static uint32_t content(uint64_t lba)
{
    return 0xD15C0000u + (uint32_t)lba;
}

static void *map_at(paddr_t physical, size_t bytes)
{
    void *at = mmap(page_memory(physical), bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    assert_ptr_equal(at, page_memory(physical));
    return at;
}

static bool transfer_sectors(bool is_write)
{
    struct address_packet packet;
    uint32_t *memory = page_memory(disk.buffer & ~0xFu);

    memcpy(&packet, packet_memory, sizeof(packet));
    assert_int_equal(packet.bytes, 16);
    assert_int_equal(packet.zero, 0);
    assert_true(packet.count > 0 && packet.lba + packet.count <= bios.sectors);
    assert_int_equal(packet.segment, (uint16_t)(page_physical(memory) >> 4));
    assert_int_equal(packet.offset, disk.buffer & 0xF);
    bios.reads += !is_write;
    bios.writes += is_write;
    bios.most = packet.count > bios.most ? packet.count : bios.most;
    if (bios.failures > 0) {
        bios.failures--;
        bios.ticks += bios.patience;
        return false;
    }
    if (is_write) {
        memcpy(written[packet.lba], memory, packet.count * SECTOR_BYTES);
        return true;
    }
    for (unsigned i = 0; i < packet.count * SECTOR_BYTES / 4u; i++) {
        memory[i] = content(packet.lba + i / (SECTOR_BYTES / 4));
    }
    return true;
}

static bool tell_parameters(void)
{
    struct drive_parameters parameters;

    memcpy(&parameters, packet_memory, sizeof(parameters));
    assert_true(parameters.bytes == 26 || parameters.bytes == 30);
    parameters.sectors = bios.sectors;
    parameters.sector_bytes = bios.sector_bytes;
    if (parameters.bytes == 30) {
        uint32_t address = (uint32_t)page_physical(bios.ata);

        parameters.ata_segment = bios.ata ? (uint16_t)(address >> 4) : 0xFFFF;
        parameters.ata_offset = bios.ata ? (uint16_t)(address & 0xF) : 0xFFFF;
        parameters.bytes = bios.filled_in ? bios.filled_in : 30;
    }
    memcpy(packet_memory, &parameters, sizeof(parameters));
    return !bios.fails_to_tell;
}

void bios_call(uint8_t vector, struct bios_registers *registers)
{
    bool is_ok = true;

    assert_int_equal(vector, 0x13);
    assert_int_equal(registers->edx, DRIVE);
    assert_int_equal(registers->esi, BIOS_BUFFER_ADDRESS);
    switch (registers->eax) {
    case 0x0000: bios.resets++; break;
    case 0x4100:
        assert_int_equal(registers->ebx, 0x55AA);
        registers->ebx = bios.answer;
        registers->ecx = bios.bitmap;
        is_ok = !bios.is_silent;
        break;
    case 0x4200: is_ok = transfer_sectors(false); break;
    case 0x4300: is_ok = transfer_sectors(true); break;
    case 0x4800: is_ok = tell_parameters(); break;
    default: fail_msg("function %x", registers->eax);
    }
    registers->eax = is_ok ? 0 : (uint32_t)bios.error << 8;
    registers->eflags = is_ok ? 0x202 : 0x203;
}

static int reset(void **state)
{
    (void)state;
    memset(&bios, 0, sizeof(bios));
    bios.answer = 0xAA55;
    bios.bitmap = 0x0007;
    bios.sectors = SECTORS;
    bios.error = 0x04; /* sector not found */
    memset(written, 0, sizeof(written));
    bios.sector_bytes = SECTOR_BYTES;
    bios.is_large_memory_usable = true;
    return 0;
}

/* Reads count sectors into the middle of a buffer: are they right, and only they? */
static int read_and_compare(uint32_t lba, uint32_t count)
{
    static uint32_t buffer[(SECTORS + 2) * SECTOR_BYTES / 4];
    const uint32_t guard = 0x0BADF00D;
    size_t dwords = SECTOR_BYTES / 4;

    for (size_t i = 0; i < (count + 2) * dwords; i++) {
        buffer[i] = guard;
    }
    int status = disk.device.operations->read(&disk.device, lba, count, buffer + dwords);
    for (size_t i = 0; status == OK && i < (count + 2) * dwords; i++) {
        size_t sector = i / dwords;
        assert_int_equal(buffer[i],
                         sector == 0 || sector == count + 1 ? guard : content(lba + sector - 1));
    }
    return status;
}

static void test_a_drive_with_packets(void **state)
{
    (void)state;
    struct block_device *device = bios_disk_open(DRIVE);

    assert_non_null(device);
    assert_string_equal(device->name, "BIOS disk");
    assert_int_equal(device->sector_count, SECTORS);
    assert_int_equal(read_and_compare(0, 1), OK);
    assert_int_equal(read_and_compare(SECTORS - 1, 1), OK);
    assert_int_equal(bios.resets, 0);
}

static void test_drives_that_cannot_be_used(void **state)
{
    bios.is_silent = true;
    assert_null(bios_disk_open(DRIVE));
    reset(state);
    bios.answer = 0x55AA; /* a BIOS that does not know the function leaves it as it was */
    assert_null(bios_disk_open(DRIVE));
    reset(state);
    bios.bitmap = 0x0006;
    assert_null(bios_disk_open(DRIVE));
    reset(state);
    bios.fails_to_tell = true;
    assert_null(bios_disk_open(DRIVE));
    reset(state);
    bios.sector_bytes = 4096;
    assert_null(bios_disk_open(DRIVE));
}

static void test_largest_drives(void **state)
{
    (void)state;
    bios.sectors = UINT32_MAX;
    assert_int_equal(bios_disk_open(DRIVE)->sector_count, UINT32_MAX);
    bios.sectors = (uint64_t)UINT32_MAX + 1;
    assert_int_equal(bios_disk_open(DRIVE)->sector_count, UINT32_MAX);
}

static void test_long_reads_go_piece_by_piece(void **state)
{
    (void)state;
    assert_non_null(bios_disk_open(DRIVE));
    const uint32_t counts[] = {0, 1, LARGE_SECTORS - 1, LARGE_SECTORS, LARGE_SECTORS + 1, SECTORS};
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        bios.reads = 0;
        assert_int_equal(read_and_compare(SECTORS - counts[i], counts[i]), OK);
        assert_int_equal(bios.reads, (counts[i] + LARGE_SECTORS - 1) / LARGE_SECTORS);
    }
    assert_int_equal(bios.most, LARGE_SECTORS);
}

static void test_firmware_that_keeps_the_large_buffer(void **state)
{
    (void)state;
    bios.is_large_memory_usable = false;
    memset(large_memory, 0x5A, BIOS_DISK_BUFFER_BYTES);
    assert_non_null(bios_disk_open(DRIVE));
    assert_int_equal(read_and_compare(3, 3 * SMALL_SECTORS + 1), OK);
    assert_int_equal(bios.reads, 4);
    assert_int_equal(bios.most, SMALL_SECTORS);
    for (size_t i = 0; i < BIOS_DISK_BUFFER_BYTES; i++) {
        assert_int_equal(large_memory[i], 0x5A);
    }
}

static void test_errors_are_tried_again_after_a_reset(void **state)
{
    (void)state;
    assert_non_null(bios_disk_open(DRIVE));
    for (unsigned failures = 0; failures <= 4; failures++) {
        bios.failures = failures;
        bios.reads = bios.resets = 0;
        assert_int_equal(read_and_compare(7, 2), failures < 3 ? OK : -EIO);
        assert_int_equal(bios.reads, failures < 3 ? failures + 1 : 3);
        assert_int_equal(bios.resets, failures < 3 ? failures : 2);
        bios.failures = 0;
        assert_int_equal(read_and_compare(7, 2), OK);
    }
}

static void test_a_disk_that_fails_is_tried_once(void **state)
{
    (void)state;
    assert_non_null(bios_disk_open(DRIVE));
    bios.failures = 5;
    assert_int_equal(read_and_compare(7, 2), -EIO);
    bios.reads = bios.resets = 0;
    assert_int_equal(read_and_compare(7, 2), -EIO);
    assert_int_equal(read_and_compare(7, 2), -EIO);
    assert_int_equal(bios.reads, 2);
    assert_int_equal(bios.resets, 0);
    assert_int_equal(read_and_compare(7, 2), OK);
    bios.failures = 2;
    assert_int_equal(read_and_compare(7, 2), OK); /* it works again */
}

/* Writes count sectors from lba on: those, and no others, are on the disk. */
static int write_and_compare(uint32_t lba, uint32_t count)
{
    static uint32_t buffer[SECTORS * SECTOR_BYTES / 4];
    size_t dwords = SECTOR_BYTES / 4;

    memset(written, 0, sizeof(written));
    for (size_t i = 0; i < count * dwords; i++) {
        buffer[i] = content(lba) + (uint32_t)i + 1;
    }
    int status = block_write(&disk.device, lba, count, buffer);
    for (size_t i = 0; status == OK && i < SECTORS * dwords; i++) {
        size_t sector = i / dwords;
        bool is_wanted = sector >= lba && sector < lba + count;
        assert_int_equal(written[sector][i % dwords],
                         is_wanted ? content(lba) + i - lba * dwords + 1 : 0);
    }
    return status;
}

/* A stick that was pulled out: two waits of the BIOS, and then none. */
static void test_a_disk_that_does_not_answer_is_gone(void **state)
{
    (void)state;
    for (int writes = 0; writes < 2; writes++) {
        for (uint32_t lba = 0; lba < 8; lba += 7) {
            reset(state);
            bios.ticks = UINT32_MAX - 100; /* they wrap */
            assert_non_null(bios_disk_open(DRIVE));
            bios.patience = 5 * TIMER_HZ;
            bios.failures = UINT_MAX;
            uint8_t bytes[2 * SECTOR_BYTES] = {0};
            int status = writes ? block_write(&disk.device, lba, 2, bytes)
                                : block_read(&disk.device, lba, 2, bytes);

            assert_int_equal(status, -EIO);
            assert_int_equal(bios.reads + bios.writes, 2);
            assert_int_equal(bios.sentences, 1);
            bios.failures = 0; /* another stick in its place is not that one */
            assert_int_equal(block_write(&disk.device, lba, 2, bytes), -EIO);
            assert_int_equal(block_read(&disk.device, lba, 2, bytes), -EIO);
            assert_int_equal(bios.reads + bios.writes, 2);
            assert_int_equal(bios.sentences, 1);
        }
    }
}

/* One that answers for other sectors has a bad one, or was asleep. */
static void test_a_slow_disk_is_not_gone(void **state)
{
    (void)state;
    assert_non_null(bios_disk_open(DRIVE));
    bios.patience = 5 * TIMER_HZ;
    bios.failures = 1;
    assert_int_equal(read_and_compare(7, 2), OK);
    assert_int_equal(bios.reads, 3);
    bios.failures = 1;
    assert_int_equal(write_and_compare(7, 2), OK);
    assert_int_equal(bios.writes, 2);
    bios.patience = TIMER_HZ;
    bios.failures = 10;
    assert_int_equal(read_and_compare(7, 2), -EIO);
    bios.failures = 0;
    assert_int_equal(read_and_compare(7, 2), OK);
    assert_int_equal(bios.sentences, 0);
}

static void test_each_piece_has_its_own_tries(void **state)
{
    (void)state;
    assert_non_null(bios_disk_open(DRIVE));
    bios.failures = 2;
    assert_int_equal(read_and_compare(0, LARGE_SECTORS), OK);
    bios.failures = 2;
    assert_int_equal(read_and_compare(0, 2 * LARGE_SECTORS), OK);
    bios.failures = 3;
    assert_int_equal(read_and_compare(0, 2 * LARGE_SECTORS), -EIO);
}

static void test_writes(void **state)
{
    (void)state;
    const uint32_t counts[] = {0, 1, LARGE_SECTORS, LARGE_SECTORS + 1, SECTORS};

    for (int i = 0; i < 2; i++) {
        bios.is_large_memory_usable = i == 0;
        assert_non_null(bios_disk_open(DRIVE));
        for (size_t j = 0; j < sizeof(counts) / sizeof(*counts); j++) {
            bios.writes = 0;
            assert_int_equal(write_and_compare(SECTORS - counts[j], counts[j]), OK);
            assert_int_equal(bios.writes,
                             (counts[j] + disk.buffer_sectors - 1) / disk.buffer_sectors);
        }
    }
    assert_int_equal(write_and_compare(SECTORS - 1, 2), -EBOUNDS);
    assert_int_equal(block_flush(&disk.device), OK);
}

static void test_errors_of_writing(void **state)
{
    (void)state;
    assert_non_null(bios_disk_open(DRIVE));
    for (unsigned failures = 0; failures <= 4; failures++) {
        bios.failures = failures;
        bios.writes = bios.resets = 0;
        assert_int_equal(write_and_compare(7, 2), failures < 3 ? OK : -EIO);
        assert_int_equal(bios.writes, failures < 3 ? failures + 1 : 3);
        assert_int_equal(bios.resets, failures < 3 ? failures : 2);
        bios.failures = 0;
        assert_int_equal(write_and_compare(7, 2), OK);
    }
    bios.failures = 3;
    bios.writes = 0;
    assert_int_equal(write_and_compare(0, 2 * LARGE_SECTORS), -EIO);
    assert_int_equal(bios.writes, 3); /* the second piece is not tried */
    bios.failures = 0;
    assert_false(disk.device.is_read_only);
    bios.failures = 1;
    bios.error = 0x03;
    bios.writes = 0;
    assert_int_equal(write_and_compare(7, 2), -ERDONLY);
    assert_int_equal(bios.writes, 1);
    assert_true(disk.device.is_read_only);
    assert_int_equal(write_and_compare(7, 2), -ERDONLY);
    assert_int_equal(bios.writes, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

/* The table that says where the disk is: believed only with the right sum, where the kernel sees
 * it. */
static void test_place(void **state)
{
    (void)state;
    /* As a BIOS has it, below 1 MiB. */
    struct ata_parameters *ata = map_at(0x90000, 4096);

    *ata = (struct ata_parameters){.base = 0x170, .control = 0x376, .head = 0xF0};
    ata->checksum = (uint8_t)(0u - (0x70 + 0x01 + 0x76 + 0x03 + 0xF0));
    assert_non_null(bios_disk_open(DRIVE));
    assert_false(bios_disk_place().is_known); /* no pointer */
    bios.ata = ata;
    struct bios_disk_place place = bios_disk_place();
    assert_true(place.is_known && place.is_slave);
    assert_int_equal(place.ata_base, 0x170);
    ata->head = 0xE0;
    assert_false(bios_disk_place().is_known); /* the sum is wrong */
    ata->checksum += 0x10;
    assert_true(bios_disk_place().is_known && !bios_disk_place().is_slave);
    bios.filled_in = 26; /* a BIOS that does not know of the table */
    assert_false(bios_disk_place().is_known);
    bios.filled_in = 0;
    bios.fails_to_tell = true;
    assert_false(bios_disk_place().is_known);
    bios.fails_to_tell = false;
    bios.ata = page_memory(0x10); /* the kernel does not see page 0 */
    assert_false(bios_disk_place().is_known);
    munmap(ata, 4096);
}

static int map_memory(void **state)
{
    (void)state;
    map_at(BIOS_BUFFER_ADDRESS, BIOS_BUFFER_BYTES);
    map_at(BIOS_DISK_BUFFER_ADDRESS, BIOS_DISK_BUFFER_BYTES);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_drive_with_packets),
        TEST(test_drives_that_cannot_be_used),
        TEST(test_largest_drives),
        TEST(test_long_reads_go_piece_by_piece),
        TEST(test_firmware_that_keeps_the_large_buffer),
        TEST(test_errors_are_tried_again_after_a_reset),
        TEST(test_writes),
        TEST(test_errors_of_writing),
        TEST(test_place),
        TEST(test_a_disk_that_fails_is_tried_once),
        TEST(test_a_disk_that_does_not_answer_is_gone),
        TEST(test_a_slow_disk_is_not_gone),
        TEST(test_each_piece_has_its_own_tries),
    };
    return cmocka_run_group_tests(tests, map_memory, NULL);
}
