/*
 * test_ata.c - disks on the ATA channels, over a model of one drive (primary slave), a PCI bus and
 * an IDE controller with a bus master: regions of any buffer, every way of reading and writing, the
 * way down from one to the next, and the drive's cache.
 * Sources: src/device/block.c src/lib/format.c src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "fake_ports.h"

#include "drivers/ata.c"
#include "drivers/pci.c"

void task_let_interrupts_in(void)
{
}

#define BASE       0x1F0
#define CONTROL    0x3F6
#define MASTER     0xC040
#define CONTROLLER 0x0A09u /* bus 10, device 1, function 1 */
#define SECTORS    0x20000000u

#define COMMANDS_MAX 64
#define WRITTEN_MAX  1000

#define MASTER_INTERRUPT 0x04

enum fault { FAULT_NONE, FAULT_DRIVE, FAULT_MASTER, FAULT_HANG };

/* ---- the machine, as a model */

static struct {
    bool has_pci;
    bool is_packet; /* IDENTIFY ends with an error, as a CD-ROM's */
    uint8_t stuck;  /* not 0: the status from now on, for every command */
    unsigned polls; /* reads of the status */
    unsigned sentences;
    uint32_t class, command, bar, header;
    uint32_t pci_address;

    uint16_t identify[256];
    uint8_t device, control;
    uint8_t count[2], lba[3][2]; /* what was written last, and before that */
    uint8_t status;
    bool is_master;       /* the drive is that, not the slave */
    bool is_pair;         /* there is a drive at the other place, too */
    unsigned busy;        /* how many reads of the status show a drive that begins anew */
    unsigned busy_long;   /* after each reset */
    unsigned multiple[2]; /* the master's block size, and the slave's */
    bool refuses_multiple;

    /* The command that runs. */
    uint32_t at, left, block, ready; /* sectors: next, not yet ready, in a block, ready */
    unsigned taken;                  /* bytes of the ready ones */
    bool is_dma, is_write;

    /* Sectors that were written; how many are in the drive's cache only. */
    struct {
        uint32_t lba;
        uint8_t bytes[SECTOR_BYTES];
    } written[WRITTEN_MAX];
    unsigned written_count, cached;
    unsigned late_faults;  /* writes that fail after their last block */
    unsigned flush_faults; /* flushes that end with an error */
    bool is_protected;
    uint8_t error, feature;

    uint8_t master_command, master_status;
    uint32_t table;

    /* How many of the next commands of a kind go wrong. */
    enum fault fault;
    unsigned dma_faults, multiple_faults, sector_faults;

    uint8_t commands[COMMANDS_MAX];
    unsigned command_count, resets;
    unsigned regions; /* of the last transfer */
} machine;

/* Each sector of the disk has its number in every dword. */
static uint32_t content(uint32_t lba, unsigned byte)
{
    return lba * 2654435769u + byte / 4;
}

/* The sector's place among those that were written, or NULL. */
static uint8_t *find_written(uint32_t lba)
{
    for (unsigned i = machine.written_count; i > 0; i--) { /* mostly the latest */
        if (machine.written[i - 1].lba == lba) {
            return machine.written[i - 1].bytes;
        }
    }
    return NULL;
}

static void store(uint32_t lba, unsigned byte, uint32_t value)
{
    uint8_t *bytes = find_written(lba);

    if (!bytes) {
        assert_in_range(machine.written_count, 0, WRITTEN_MAX - 1);
        machine.written[machine.written_count].lba = lba;
        bytes = machine.written[machine.written_count++].bytes;
    }
    bytes[byte] = (uint8_t)value;
    machine.cached = 1;
}

static unsigned selected(void)
{
    return machine.device & DEVICE_SLAVE ? 1 : 0;
}

static bool is_present(void)
{
    return machine.is_pair || !(machine.device & DEVICE_SLAVE) == machine.is_master;
}

/* While it is busy, the effect of a write to a register is undefined (ATA/ATAPI-6, Device
 * register). */
static void check_not_busy(void)
{
    assert_false(is_present() && machine.busy);
}

static void next_block(void)
{
    machine.ready = machine.left < machine.block ? machine.left : machine.block;
    machine.left -= machine.ready;
    machine.taken = 0;
    machine.status = machine.ready ? 0x58 : 0x50;
    if (!machine.ready && machine.is_write && machine.late_faults) {
        machine.late_faults--;
        machine.status = 0x51;
    }
}

static void end_badly(void)
{
    machine.left = machine.ready = 0;
    machine.is_dma = false;
    machine.status = 0x51;
}

static void start(uint8_t command)
{
    bool is_long = command == 0x25 || command == 0x29 || command == 0x24 || command == 0x35 ||
                   command == 0x39 || command == 0x34;
    unsigned *faults = NULL;

    assert_in_range(machine.command_count, 0, COMMANDS_MAX - 1);
    machine.commands[machine.command_count++] = command;
    machine.at =
        machine.lba[0][0] | (uint32_t)machine.lba[1][0] << 8 | (uint32_t)machine.lba[2][0] << 16;
    machine.left = machine.count[0] ? machine.count[0] : 256;
    if (is_long) {
        machine.at |= (uint32_t)machine.lba[0][1] << 24;
        machine.left = machine.count[1] << 8 | machine.count[0];
    } else {
        machine.at |= (uint32_t)(machine.device & 15) << 24;
    }
    machine.block = 1;
    machine.is_dma = false;
    machine.error = 0;
    machine.is_write = command == 0xCA || command == 0x35 || command == 0xC5 || command == 0x39 ||
                       command == 0x30 || command == 0x34;
    switch (command) {
    case 0xEC:
        if (machine.is_packet) {
            end_badly();
            return;
        }
        machine.left = 1;
        next_block();
        return;
    case 0xC6:
        machine.left = 0;
        machine.multiple[selected()] = machine.refuses_multiple ? 0 : machine.count[0];
        machine.status = machine.refuses_multiple ? 0x51 : 0x50;
        return;
    case 0xE7:
    case 0xEA:
        machine.left = 0;
        machine.status = machine.flush_faults ? 0x51 : 0x50;
        machine.flush_faults -= machine.flush_faults > 0;
        machine.cached = machine.status == 0x51;
        return;
    case 0xEF:
        assert_int_equal(machine.feature, 0x82);
        machine.left = 0;
        machine.status = 0x50;
        return;
    case 0xCA:
    case 0x35:
    case 0xC8:
    case 0x25:
        machine.is_dma = true;
        machine.status = 0xD0;
        faults = &machine.dma_faults;
        break;
    case 0xC5:
    case 0x39:
    case 0xC4:
    case 0x29:
        machine.block = machine.multiple[selected()];
        faults = &machine.multiple_faults;
        break;
    case 0x30:
    case 0x34:
    case 0x20:
    case 0x24: faults = &machine.sector_faults; break;
    default: fail_msg("command %02x", command);
    }
    assert_in_range(machine.at + machine.left, machine.at + 1, SECTORS);
    if (machine.is_write && machine.is_protected) {
        end_badly();
        machine.error = ERROR_WP;
        return;
    }
    if (!machine.is_dma) {
        assert_true(machine.block > 0);
        if (*faults) {
            --*faults;
            end_badly();
        } else {
            next_block();
        }
    }
}

/* The bus master moves it all at once, by the rules of its table. */
static void transfer(void)
{
    const struct ata_region *region = (const struct ata_region *)(uintptr_t)machine.table;
    uint32_t bytes = machine.left * SECTOR_BYTES;

    assert_int_equal(machine.table % 4, 0);
    assert_true(machine.command & PCI_COMMAND_MASTER);
    if (machine.status == 0x51) {
        machine.master_status |= MASTER_ACTIVE;
        return; /* the drive has refused, and asks for nothing */
    }
    assert_true(machine.is_dma);
    assert_int_equal(!machine.is_write, (machine.master_command & MASTER_TO_MEMORY) != 0);
    assert_false(machine.master_status & (MASTER_ERROR | MASTER_INTERRUPT));
    if (machine.dma_faults) {
        machine.dma_faults--;
        if (machine.fault == FAULT_HANG) {
            machine.master_status |= MASTER_ACTIVE;
            return;
        }
        end_badly();
        machine.status = machine.fault == FAULT_DRIVE ? 0x51 : 0x50;
        machine.master_status |= machine.fault == FAULT_MASTER ? MASTER_ERROR : 0;
        return;
    }
    for (machine.regions = 0; bytes > 0; region++) {
        uint32_t length = region->length & 0xFFFF ? region->length & 0xFFFF : 0x10000;

        machine.regions++;
        assert_int_equal(region->address % 2, 0);
        assert_int_equal(length % 2, 0);
        assert_int_equal(region->address >> 16, (region->address + length - 1) >> 16);
        assert_int_equal(((uintptr_t)region ^ machine.table) >> 16, 0);
        assert_in_range(length, 2, bytes);
        for (uint32_t i = 0; i < length; i++, bytes--) {
            uint32_t done = machine.left * SECTOR_BYTES - bytes;
            uint8_t *byte = (uint8_t *)page_memory(region->address) + i;

            if (machine.is_write) {
                store(machine.at + done / SECTOR_BYTES, done % SECTOR_BYTES, *byte);
                continue;
            }
            uint32_t value = content(machine.at + done / SECTOR_BYTES, done % SECTOR_BYTES);

            *byte = (uint8_t)(value >> done % 4 * 8);
        }
        assert_int_equal(region->length >> 31, bytes == 0);
        assert_int_equal(region->length >> 16 & 0x7FFF, 0);
    }
    machine.left = 0;
    machine.status = 0x50;
    machine.master_status |= MASTER_INTERRUPT;
}

static uint8_t inb(uint16_t port)
{
    switch (port) {
    case BASE + ATA_STATUS:
    case CONTROL:
        machine.polls++;
        if (machine.stuck) {
            return machine.stuck;
        }
        if (is_present() && machine.busy) {
            machine.busy--;
            return STATUS_BSY;
        }
        return is_present() ? machine.status : 0;
    case BASE + ATA_ERROR: return machine.error;
    case MASTER + MASTER_STATUS: return machine.master_status;
    case 0x170 + ATA_STATUS:
    case 0x376: return 0xFF;
    default: fail_msg("inb(%x)", port); return 0;
    }
}

static void outb(uint16_t port, uint8_t value)
{
    if (port >= BASE && port <= BASE + ATA_COMMAND) {
        check_not_busy();
    }
    switch (port) {
    case BASE + ATA_FEATURE: machine.feature = value; break;
    case BASE + ATA_COUNT:
        machine.count[1] = machine.count[0];
        machine.count[0] = value;
        break;
    case BASE + ATA_LBA_0:
    case BASE + ATA_LBA_8:
    case BASE + ATA_LBA_16:
        machine.lba[port - BASE - ATA_LBA_0][1] = machine.lba[port - BASE - ATA_LBA_0][0];
        machine.lba[port - BASE - ATA_LBA_0][0] = value;
        break;
    case BASE + ATA_DEVICE: machine.device = value; break;
    case BASE + ATA_COMMAND:
        if (is_present()) {
            start(value);
        }
        break;
    case CONTROL:
        assert_true(value & CONTROL_NIEN);
        if (value & CONTROL_SRST) {
            machine.resets++;
            memset(machine.multiple, 0, sizeof(machine.multiple));
            machine.left = machine.ready = 0;
            machine.is_dma = false;
            machine.status = 0x50;
            machine.device = 0; /* as the standard says of a reset by SRST */
            machine.busy = machine.busy_long;
        }
        machine.control = value;
        break;
    case MASTER + MASTER_COMMAND:
        if (value & MASTER_START && !(machine.master_command & MASTER_START)) {
            machine.master_command = value;
            transfer();
        } else if (!(value & MASTER_START)) {
            machine.master_status &= (uint8_t)~MASTER_ACTIVE;
        }
        machine.master_command = value;
        break;
    case MASTER + MASTER_STATUS:
        machine.master_status &= (uint8_t) ~(value & (MASTER_ERROR | MASTER_INTERRUPT));
        assert_int_equal(value & 0x60, machine.master_status & 0x60); /* the BIOS's notes */
        break;
    case 0x170 + ATA_DEVICE:
    case 0x376: break;
    default: fail_msg("outb(%x)", port);
    }
}

static uint32_t *pci_register(void)
{
    static uint32_t nothing;
    uint32_t function = machine.pci_address >> 8 & 0xFFFF;
    uint32_t offset = machine.pci_address & 0xFF;
    static uint32_t host_bridge;

    assert_true(machine.pci_address >> 31);
    nothing = 0xFFFFFFFF;
    if (function == 0) {
        /* One function, which answers for all eight. */
        host_bridge = offset == PCI_CLASS ? 0x06000000 : offset == PCI_HEADER ? 0 : 0x12378086;
        return &host_bridge;
    }
    if (function == (CONTROLLER & ~7u)) {
        host_bridge = offset == PCI_CLASS    ? 0x06010000
                      : offset == PCI_HEADER ? machine.header
                                             : 0x70008086;
        return &host_bridge;
    }
    if (function != CONTROLLER) {
        return &nothing;
    }
    switch (offset) {
    case PCI_ID: nothing = 0x70108086; return &nothing;
    case PCI_CLASS: return &machine.class;
    case PCI_COMMAND: return &machine.command;
    case PCI_BAR(4): return &machine.bar;
    default: nothing = 0; return &nothing;
    }
}

static uint32_t inl(uint16_t port)
{
    if (!machine.has_pci) {
        return 0xFFFFFFFF;
    }
    return port == 0xCF8 ? machine.pci_address : *pci_register();
}

static void outl(uint16_t port, uint32_t value)
{
    if (port == MASTER + MASTER_TABLE) {
        machine.table = value;
    } else if (port == 0xCF8) {
        machine.pci_address = value;
    } else {
        assert_int_equal(port, 0xCFC);
        assert_true(machine.has_pci);
        assert_int_equal(value >> 16, 0); /* the status's bits, which writing clears */
        *pci_register() = value;
    }
}

static void insl(uint16_t port, void *buffer, size_t count)
{
    uint8_t *to = buffer;

    assert_int_equal(port, BASE + ATA_DATA);
    assert_true(machine.status & STATUS_DRQ);
    for (size_t i = 0; i < count; i++, to += 4) {
        uint32_t value =
            content(machine.at + machine.taken / SECTOR_BYTES, machine.taken % SECTOR_BYTES);

        memcpy(to, &value, 4);
        machine.taken += 4;
    }
    assert_int_equal(machine.taken, machine.ready * SECTOR_BYTES);
    machine.at += machine.ready;
    next_block();
}

static void outsl(uint16_t port, const void *buffer, size_t count)
{
    const uint8_t *from = buffer;

    assert_int_equal(port, BASE + ATA_DATA);
    assert_true(machine.status & STATUS_DRQ);
    assert_true(machine.is_write);
    for (size_t i = 0; i < 4 * count; i++, machine.taken++) {
        store(machine.at + machine.taken / SECTOR_BYTES, machine.taken % SECTOR_BYTES, from[i]);
    }
    assert_int_equal(machine.taken, machine.ready * SECTOR_BYTES);
    machine.at += machine.ready;
    next_block();
}

static void insw(uint16_t port, void *buffer, size_t count)
{
    assert_int_equal(port, BASE + ATA_DATA);
    assert_int_equal(count, 256);
    memcpy(buffer, machine.identify, sizeof(machine.identify));
    next_block();
}

void printk_sentence(unsigned column, const char *format, ...)
{
    assert_int_equal(column, 0);
    assert_non_null(format);
    machine.sentences++;
}

void panic(const char *format, ...)
{
    fail_msg("panic: %s", format);
    abort();
}

/* ---- helpers */

static uint8_t *memory; /* 512 KiB from a multiple of 64 KiB on */

#if ARCH_BITS == 64
/* Memory that the kernel would see as the physical address; its 32 bits are what the drive gets. */
static uint8_t *map_at(paddr_t physical)
{
    void *at = mmap(page_memory(physical), 0x80000, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    assert_ptr_equal(at, page_memory(physical));
    return at;
}

static uint8_t *new_memory(void)
{
    return map_at(0x20000000);
}
#else
static uint8_t *new_memory(void)
{
    return aligned_alloc(0x10000, 0x80000);
}
#endif

static int reset(void **state)
{
    (void)state;
    if (!memory) {
        memory = new_memory();
    }
    memset(&machine, 0, sizeof(machine));
    memset(&ata, 0, sizeof(ata));
    machine.has_pci = true;
    machine.class = 0x01018000;
    machine.command = 0x02800000 | PCI_COMMAND_IO;
    machine.bar = MASTER | 1;
    machine.header = 0x00800000;
    machine.status = 0x50;
    machine.master_status = 0x64; /* two drives that can do DMA, and an old interrupt */
    machine.fault = FAULT_DRIVE;
    machine.identify[47] = 0x8010;
    machine.identify[49] = 0x0300;
    machine.identify[53] = 7;
    machine.identify[60] = 0xFFFF;
    machine.identify[61] = 0x0FFF;
    machine.identify[63] = 0x0007;
    machine.identify[82] = 0x0020;
    machine.identify[83] = 0x7400;
    machine.identify[88] = 0x203F;
    machine.identify[100] = (uint16_t)SECTORS;
    machine.identify[101] = SECTORS >> 16;
    return 0;
}

static struct block_device *disk(void)
{
    assert_int_equal(ata_initialise(), 1);
    assert_string_equal(ata_device(0)->name, "ata1");
    machine.command_count = 0;
    return ata_device(0);
}

/* Reads and compares, and looks that nothing around the buffer has changed. */
static void check_read(struct block_device *device, uint32_t lba, uint32_t count, uint8_t *buffer)
{
    uint32_t bytes = count * SECTOR_BYTES;

    memset(memory, 0xA5, 0x80000);
    assert_int_equal(block_read(device, lba, count, buffer), OK);
    for (uint32_t i = 0; i < bytes; i++) {
        uint32_t value = content(lba + i / SECTOR_BYTES, i % SECTOR_BYTES);

        if (buffer[i] != (uint8_t)(value >> i % 4 * 8)) {
            fail_msg("byte %u of %u sectors at %p", i, count, (void *)buffer);
        }
    }
    for (uint8_t *byte = memory; byte < memory + 0x80000; byte++) {
        if ((byte < buffer || byte >= buffer + bytes) && *byte != 0xA5) {
            fail_msg("byte %d around %u sectors", (int)(byte - buffer), count);
        }
    }
}

/* Writes what no sector had, and looks that it is there, and nothing else. */
static void check_write(struct block_device *device, uint32_t lba, uint32_t count, uint8_t *buffer)
{
    static uint32_t round;

    round++;
    machine.written_count = 0;
    for (uint32_t i = 0; i < count * SECTOR_BYTES; i++) {
        buffer[i] = (uint8_t)((round + i) * 2654435769u >> 20);
    }
    assert_int_equal(block_write(device, lba, count, buffer), OK);
    assert_int_equal(machine.written_count, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *bytes = find_written(lba + i);

        assert_non_null(bytes);
        assert_memory_equal(bytes, buffer + i * SECTOR_BYTES, SECTOR_BYTES);
    }
    assert_true(machine.cached);
}

/* The commands since the last question, and none else. */
static void check_commands(size_t count, const uint8_t *wanted)
{
    assert_int_equal(machine.command_count, count);
    assert_memory_equal(machine.commands, wanted, count);
    machine.command_count = 0;
}
#define CHECK_COMMANDS(...) \
    check_commands(sizeof((uint8_t[]){__VA_ARGS__}), (uint8_t[]){__VA_ARGS__})

/* ---- tests */

static void test_dma_is_found_behind_other_functions(void **state)
{
    (void)state;
    struct block_device *device = disk();

    assert_string_equal(device->mode, "DMA");
    assert_int_equal(device->sector_count, SECTORS);
    /* The controller may use the bus, and got no other command. */
    assert_int_equal(machine.command, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
}

static void test_dma_is_not_used_where_it_is_not(void **state)
{
    (void)state;
    for (int i = 0; i < 11; i++) {
        reset(NULL);
        switch (i) {
        case 0: machine.has_pci = false; break;
        case 1: machine.class = 0x01010000; break;    /* no bus master */
        case 2: machine.class = 0x01018100; break;    /* the primary channel elsewhere */
        case 3: machine.class = 0x01068000; break;    /* AHCI */
        case 4: machine.command = 0; break;           /* not the one that answers */
        case 5: machine.bar = 1; break;               /* no ports */
        case 6: machine.bar = 0xFEB00000; break;      /* memory */
        case 7: machine.header = 0; break;            /* no function 1 */
        case 8: machine.identify[49] = 0x0200; break; /* the drive has none */
        case 9: machine.identify[88] = 0x003F; break; /* no mode selected */
        case 10: machine.identify[53] = 3; break;     /* nothing said */
        }
        struct block_device *device = disk();
        assert_string_equal(device->mode, "PIO, 16 sectors");
        check_read(device, 7, 1, memory);
        CHECK_COMMANDS(0xC4);
    }
}

static void test_dma_modes_that_count(void **state)
{
    (void)state;
    machine.identify[88] = 0;
    machine.identify[63] = 0x0407; /* multiword mode 2 */
    machine.class = 0x01018400;    /* the other channel is elsewhere */
    assert_string_equal(disk()->mode, "DMA");
}

static void test_pio_modes(void **state)
{
    (void)state;
    machine.has_pci = false;
    machine.identify[47] = 0x8008;
    struct block_device *device = disk();
    assert_string_equal(device->mode, "PIO, 8 sectors");
    check_read(device, 0, 19, memory + 3); /* odd, as well */
    CHECK_COMMANDS(0xC4);

    machine.refuses_multiple = true;
    device = disk();
    assert_string_equal(device->mode, "PIO");
    check_read(device, 0, 3, memory);
    CHECK_COMMANDS(0x20);
}

#if ARCH_BITS == 64
/* The bus master has 32 address bits: what lies beyond 4 GiB, or ends there, is read without it. */
static void test_no_dma_beyond_4_gib(void **state)
{
    (void)state;
    struct block_device *device = disk();
    uint8_t *low = memory;

    memory = map_at(0x100000000 - 0x40000);
    check_read(device, 7, 2, memory + 0x1000);
    CHECK_COMMANDS(0xC8);
    check_read(device, 7, 2, memory + 0x40000 - 1024 - 2);
    CHECK_COMMANDS(0xC8);
    check_read(device, 7, 2, memory + 0x40000 - 512);
    CHECK_COMMANDS(0xC4);
    check_read(device, 7, 2, memory + 0x40000);
    CHECK_COMMANDS(0xC4);
    memory = low;
    check_read(device, 7, 2, memory);
    CHECK_COMMANDS(0xC8);
    assert_string_equal(device->mode, "DMA");
}
#endif

static void test_dma_any_buffer(void **state)
{
    (void)state;
    static const uint32_t starts[] = {0,    2,      4,      6,      510,    4094,
                                      4096, 0xFDFE, 0xFE00, 0xFE02, 0xFFFC, 0xFFFE};
    static const uint32_t counts[] = {1, 2, 8, 127, 128, 129, 255, 256};
    struct block_device *device = disk();

    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(counts); j++) {
            uint32_t end = starts[i] + counts[j] * SECTOR_BYTES;

            check_read(device, 1000 + i, counts[j], memory + starts[i]);
            assert_int_equal(machine.regions, (end + 0xFFFF) / 0x10000);
            CHECK_COMMANDS(0xC8);
        }
    }
    check_read(device, 5, 1 + 256 + 256, memory + 0x1FE);
    CHECK_COMMANDS(0xC8, 0xC8, 0xC8);
    assert_int_equal(machine.resets, 0);
}

static void test_odd_buffer_is_no_dma(void **state)
{
    (void)state;
    check_read(disk(), 5, 20, memory + 1);
    CHECK_COMMANDS(0xC4);
    assert_int_equal(machine.resets, 0);
}

static void test_long_addresses(void **state)
{
    (void)state;
    struct block_device *device = disk();

    check_read(device, LBA28_END - 2, 2, memory);
    CHECK_COMMANDS(0xC8);
    check_read(device, LBA28_END - 2, 256, memory);
    CHECK_COMMANDS(0x25);
    check_read(device, SECTORS - 3, 3, memory);
    CHECK_COMMANDS(0x25);
    machine.dma_faults = 1;
    check_read(device, SECTORS - 40, 40, memory);
    CHECK_COMMANDS(0x25, 0xC6, 0x29);
    machine.dma_faults = machine.multiple_faults = 1;
    check_read(device, SECTORS - 40, 40, memory);
    CHECK_COMMANDS(0x25, 0xC6, 0x29, 0xC6, 0x24);
}

static void test_words_that_say_nothing(void **state)
{
    (void)state;
    static const uint16_t words[] = {0x0400, 0x8400, 0xFFFF}; /* bits 15 and 14 are not 01 */

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        reset(NULL);
        machine.identify[83] = words[i];
        assert_int_equal(disk()->sector_count, 0x0FFFFFFF);
    }
}

/* The reset after one drive's error takes the other's block size away, too. */
static void test_reset_rearms_both_drives(void **state)
{
    (void)state;
    machine.has_pci = false;
    machine.is_pair = true;
    assert_int_equal(ata_initialise(), 2);
    struct block_device *master = ata_device(0), *slave = ata_device(1);
    assert_string_equal(slave->mode, "PIO, 16 sectors");
    machine.command_count = 0;

    machine.multiple_faults = 1;
    check_read(master, 9, 40, memory);
    CHECK_COMMANDS(0xC4, 0xC6, 0xC6, 0x20);
    check_read(slave, 9, 40, memory);
    CHECK_COMMANDS(0xC4);
    check_read(master, 9, 40, memory);
    CHECK_COMMANDS(0xC4);
    machine.multiple_faults = 1;
    check_read(slave, 9, 40, memory);
    CHECK_COMMANDS(0xC4, 0xC6, 0xC6, 0x20);
    check_read(master, 9, 40, memory);
    CHECK_COMMANDS(0xC4);

    /* Drives that do not take it any more: both go sector by sector from then on. */
    machine.refuses_multiple = true;
    machine.multiple_faults = 1;
    check_read(master, 9, 40, memory);
    CHECK_COMMANDS(0xC4, 0xC6, 0xC6, 0x20);
    assert_string_equal(slave->mode, "PIO");
    check_read(slave, 9, 40, memory);
    check_read(master, 9, 40, memory);
    CHECK_COMMANDS(0x20, 0x20);
}

/* IDENTIFY's words 106, 117 and 118: only sectors of 512 bytes are read. */
static void test_large_sectors_are_no_disk(void **state)
{
    (void)state;
    machine.identify[106] = 0x5000;
    machine.identify[117] = 2048; /* words: 4,096 bytes */
    assert_int_equal(ata_initialise(), 0);
    machine.identify[117] = 256;
    machine.identify[118] = 1;
    assert_int_equal(ata_initialise(), 0);
    machine.identify[118] = 0;
    assert_int_equal(ata_initialise(), 1);
    machine.identify[117] = 2048;
    machine.identify[106] = 0x6003; /* physical sectors of 4,096 bytes, logical ones of 512 */
    assert_int_equal(ata_initialise(), 1);
    machine.identify[106] = 0xFFFF;
    assert_int_equal(ata_initialise(), 1);
}

static void test_reset_takes_its_time(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        reset(NULL);
        machine.is_master = i == 0;
        assert_int_equal(ata_initialise(), 1);
        machine.busy_long = 1000;
        machine.dma_faults = machine.multiple_faults = 1;
        check_read(ata_device(0), 9, 100, memory);
        assert_int_equal(machine.resets, 2);
    }
}

static void test_each_way_down(void **state)
{
    (void)state;
    static const enum fault faults[] = {FAULT_DRIVE, FAULT_MASTER};

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        reset(NULL);
        struct block_device *device = disk();

        machine.fault = faults[i];
        machine.dma_faults = 1;
        check_read(device, 9, 100, memory + 2);
        CHECK_COMMANDS(0xC8, 0xC6, 0xC4);
        assert_int_equal(machine.resets, 1);
        machine.dma_faults = machine.multiple_faults = 1;
        check_read(device, 9, 100, memory + 2);
        CHECK_COMMANDS(0xC8, 0xC6, 0xC4, 0xC6, 0x20);
        machine.dma_faults = machine.multiple_faults = machine.sector_faults = 1;
        assert_int_equal(block_read(device, 9, 100, memory), -EIO);
        CHECK_COMMANDS(0xC8, 0xC6, 0xC4, 0xC6, 0x20, 0xC6);
        /* What it could not read by any way is the disk's fault. */
        assert_string_equal(device->mode, "DMA");
        check_read(device, 9, 100, memory);
        CHECK_COMMANDS(0xC8);
    }
}

static void test_a_way_that_keeps_failing_is_given_up(void **state)
{
    (void)state;
    struct block_device *device = disk();

    for (int i = 0; i < 2 * ATA_FAILURES_MAX; i++) { /* every other time is none in a row */
        machine.dma_faults = 1;
        check_read(device, 9, 1, memory);
        check_read(device, 9, 1, memory);
    }
    assert_string_equal(device->mode, "DMA");
    machine.dma_faults = 1000;
    for (int i = 0; i < ATA_FAILURES_MAX; i++) {
        assert_string_equal(device->mode, "DMA");
        check_read(device, 9, 1, memory);
    }
    assert_string_equal(device->mode, "PIO, 16 sectors");
    machine.command_count = 0;
    machine.multiple_faults = 1000;
    for (int i = 0; i < ATA_FAILURES_MAX; i++) {
        assert_string_equal(device->mode, "PIO, 16 sectors");
        check_read(device, 9, 1, memory);
        CHECK_COMMANDS(0xC4, 0xC6, 0x20);
    }
    assert_string_equal(device->mode, "PIO");
    check_read(device, 9, 1, memory);
    CHECK_COMMANDS(0x20);
    machine.sector_faults = 1000;
    assert_int_equal(block_read(device, 9, 1, memory), -EIO);
    assert_string_equal(device->mode, "PIO");
}

static void test_dma_that_hangs_is_given_up_at_once(void **state)
{
    (void)state;
    struct block_device *device = disk();

    machine.fault = FAULT_HANG;
    machine.dma_faults = 1;
    check_read(device, 9, 30, memory);
    CHECK_COMMANDS(0xC8, 0xC6, 0xC4);
    assert_false(machine.master_command & MASTER_START);
    assert_string_equal(device->mode, "PIO, 16 sectors");
}

/* A drive that is gone, and one that is busy for ever: an error after a bounded wait, and then at
 * once; the next read works when it is back. */
static void test_a_drive_that_does_not_answer(void **state)
{
    static const uint8_t stuck[] = {STATUS_NO_DRIVE, STATUS_BSY, STATUS_BSY | 0x50};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(stuck); i++) {
        reset(NULL);
        struct block_device *device = disk();

        machine.stuck = stuck[i / 2];
        assert_int_equal(i % 2 ? block_flush(device) : block_read(device, 9, 3, memory), -EIO);
        assert_int_equal(machine.sentences, 1);
        machine.polls = 0;
        for (unsigned again = 0; again < 10; again++) {
            assert_int_equal(block_read(device, 9, 3, memory), -EIO);
            assert_int_equal(block_write(device, 9, 3, memory), -EIO);
            assert_int_equal(block_flush(device), -EIO);
        }
        assert_int_equal(machine.sentences, 1);
        assert_in_range(machine.polls, 0, 100);
        assert_int_equal(machine.command_count, 0); /* nothing was asked of it */
        machine.stuck = 0;
        machine.busy = 50; /* it is selected, and needs a while */
        check_read(device, 9, 3, memory);
        assert_int_equal(machine.sentences, 2);
    }
}

static void test_no_disk(void **state)
{
    static const uint8_t stuck[] = {STATUS_NO_DRIVE, STATUS_BSY, 0x50};

    (void)state;
    for (size_t i = 0; i < sizeof(stuck); i++) {
        reset(NULL);
        machine.stuck = stuck[i]; /* 0x50: ready, but never with data */
        assert_int_equal(ata_initialise(), 0);
    }
    reset(NULL);
    machine.is_packet = true;
    assert_int_equal(ata_initialise(), 0);
    reset(NULL);
    machine.identify[49] = 0x0100; /* DMA, but no LBA */
    assert_int_equal(ata_initialise(), 0);
    reset(NULL);
    assert_int_equal(ata_initialise(), 1); /* the same without any of that */
}

/* A disk that says it is larger than its commands can reach. */
static void test_no_long_commands(void **state)
{
    (void)state;
    machine.identify[83] = 0;
    machine.identify[60] = machine.identify[61] = 0xFFFF;
    struct block_device *device = disk();

    assert_int_equal(device->sector_count, 0xFFFFFFFF);
    check_read(device, LBA28_END - 2, 2, memory);
    machine.command_count = 0;
    assert_int_equal(block_read(device, LBA28_END - 2, 3, memory), -EIO);
    assert_int_equal(block_read(device, LBA28_END, 1, memory), -EIO);
    assert_int_equal(block_read(device, 0xFFFFFFFE, 1, memory), -EIO);
    for (unsigned i = 0; i < machine.command_count; i++) {
        assert_int_equal(machine.commands[i], 0xC6); /* how many sectors at once; no read */
    }
}

/* ---- writing */

static void test_writes_by_dma(void **state)
{
    (void)state;
    static const uint32_t starts[] = {0, 2, 510, 4094, 0xFE00, 0xFFFE};
    static const uint32_t counts[] = {1, 8, 127, 129, 256};
    struct block_device *device = disk();

    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(counts); j++) {
            check_write(device, 1000, counts[j], memory + starts[i]);
            CHECK_COMMANDS(0xCA);
        }
    }
    check_write(device, 5, 1 + 256 + 256, memory + 0x1FE);
    CHECK_COMMANDS(0xCA, 0xCA, 0xCA);
    check_write(device, LBA28_END - 2, 2, memory);
    CHECK_COMMANDS(0xCA);
    check_write(device, LBA28_END - 2, 3, memory);
    check_write(device, SECTORS - 3, 3, memory);
    CHECK_COMMANDS(0x35, 0x35);
    check_write(device, 77, 2, memory + 1); /* odd: no DMA */
    CHECK_COMMANDS(0xC5);
    assert_int_equal(block_write(device, SECTORS - 3, 4, memory), -EBOUNDS);
    assert_int_equal(machine.resets, 0);
}

static void test_writes_by_programmed_io(void **state)
{
    (void)state;
    machine.has_pci = false;
    struct block_device *device = disk();

    check_write(device, 3, 1, memory);
    check_write(device, 3, 16, memory);
    check_write(device, 3, 17, memory + 3);
    CHECK_COMMANDS(0xC5, 0xC5, 0xC5);
    check_write(device, LBA28_END, 40, memory);
    CHECK_COMMANDS(0x39);
    machine.refuses_multiple = true;
    device = disk();
    check_write(device, 3, 33, memory);
    check_write(device, LBA28_END, 4, memory);
    CHECK_COMMANDS(0x30, 0x34);
}

/* As test_each_way_down(), and errors that come only after the last block. */
static void test_each_way_down_of_writing(void **state)
{
    (void)state;
    struct block_device *device = disk();

    machine.dma_faults = machine.multiple_faults = 1;
    check_write(device, 9, 100, memory + 2);
    CHECK_COMMANDS(0xCA, 0xC6, 0xC5, 0xC6, 0x30);
    machine.dma_faults = machine.multiple_faults = machine.sector_faults = 1;
    assert_int_equal(block_write(device, 9, 100, memory), -EIO);
    CHECK_COMMANDS(0xCA, 0xC6, 0xC5, 0xC6, 0x30, 0xC6);
    machine.dma_faults = 1;
    machine.late_faults = 2;
    assert_int_equal(block_write(device, 9, 100, memory), -EIO);
    CHECK_COMMANDS(0xCA, 0xC6, 0xC5, 0xC6, 0x30, 0xC6);
    machine.dma_faults = machine.late_faults = 1;
    check_write(device, 9, 16, memory);
    CHECK_COMMANDS(0xCA, 0xC6, 0xC5, 0xC6, 0x30);
    assert_false(device->is_read_only);
    machine.fault = FAULT_HANG;
    machine.dma_faults = 1;
    check_write(device, 9, 30, memory);
    CHECK_COMMANDS(0xCA, 0xC6, 0xC5);
    assert_string_equal(device->mode, "PIO, 16 sectors");
}

static void test_a_protected_medium(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        reset(NULL);
        machine.has_pci = i == 0;
        struct block_device *device = disk();

        assert_false(device->is_read_only);
        machine.is_protected = true;
        assert_int_equal(block_write(device, 9, 1, memory), -ERDONLY);
        assert_true(device->is_read_only);
        assert_int_equal(machine.command_count, 1);
        assert_int_equal(block_write(device, 9, 1, memory), -ERDONLY);
        assert_int_equal(machine.command_count, 1);
        check_read(device, 9, 1, memory);
        assert_int_equal(machine.written_count, 0);
    }
}

static void test_flush(void **state)
{
    (void)state;
    struct block_device *device = disk();

    check_write(device, 9, 1, memory);
    machine.command_count = 0;
    assert_int_equal(block_flush(device), OK);
    CHECK_COMMANDS(0xEA);
    assert_false(machine.cached);
    /* What it cannot write is lost; the rest is flushed all the same. */
    check_write(device, 9, 1, memory);
    machine.command_count = 0;
    machine.flush_faults = 1;
    assert_int_equal(block_flush(device), -EIO);
    CHECK_COMMANDS(0xEA, 0xEA);
    assert_false(machine.cached);
    machine.flush_faults = 100;
    assert_int_equal(block_flush(device), -EIO);
    CHECK_COMMANDS(0xEA, 0xEA, 0xEA);
    machine.flush_faults = 0;
    machine.stuck = STATUS_BSY;
    assert_int_equal(block_flush(device), -EIO);
    machine.stuck = 0;
    assert_int_equal(block_flush(device), OK);

    machine.identify[83] = 0x5400; /* no FLUSH CACHE EXT */
    device = disk();
    assert_int_equal(block_flush(device), OK);
    CHECK_COMMANDS(0xE7);
    machine.identify[83] = 0x7000; /* none without long addresses */
    device = disk();
    assert_int_equal(block_flush(device), OK);
    CHECK_COMMANDS(0xE7);
}

/* A cache that cannot be flushed is not used; a drive that has none is not told so. */
static void test_no_flush(void **state)
{
    static const struct {
        uint16_t features, commands;
        bool is_told;
    } lines[] = {{0x0020, 0x4400, true},
                 {0x0000, 0x4400, false},
                 {0x0020, 0x0400, false},
                 {0xFFFF, 0xFFFF, false}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        reset(NULL);
        machine.identify[82] = lines[i].features;
        machine.identify[83] = lines[i].commands;
        assert_int_equal(ata_initialise(), 1);
        assert_int_equal(memchr(machine.commands, 0xEF, machine.command_count) != NULL,
                         lines[i].is_told);
        machine.command_count = 0;
        assert_int_equal(block_flush(ata_device(0)), OK);
        assert_int_equal(machine.command_count, 0);
    }
}

static void test_pci_find(void **state)
{
    (void)state;
    uint32_t function = 0;

    assert_true(pci_find(PCI_CLASS_IDE, &function));
    assert_int_equal(function, CONTROLLER);
    function++;
    assert_false(pci_find(PCI_CLASS_IDE, &function));
    function = 0;
    assert_false(pci_find(0x0C03, &function));
    assert_int_equal(function, 0);
    machine.has_pci = false;
    assert_false(pci_find(PCI_CLASS_IDE, &function));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_dma_is_found_behind_other_functions, reset),
        cmocka_unit_test_setup(test_dma_is_not_used_where_it_is_not, reset),
        cmocka_unit_test_setup(test_dma_modes_that_count, reset),
        cmocka_unit_test_setup(test_pio_modes, reset),
#if ARCH_BITS == 64
        cmocka_unit_test_setup(test_no_dma_beyond_4_gib, reset),
#endif
        cmocka_unit_test_setup(test_dma_any_buffer, reset),
        cmocka_unit_test_setup(test_odd_buffer_is_no_dma, reset),
        cmocka_unit_test_setup(test_long_addresses, reset),
        cmocka_unit_test_setup(test_words_that_say_nothing, reset),
        cmocka_unit_test_setup(test_reset_rearms_both_drives, reset),
        cmocka_unit_test_setup(test_large_sectors_are_no_disk, reset),
        cmocka_unit_test_setup(test_reset_takes_its_time, reset),
        cmocka_unit_test_setup(test_each_way_down, reset),
        cmocka_unit_test_setup(test_a_way_that_keeps_failing_is_given_up, reset),
        cmocka_unit_test_setup(test_dma_that_hangs_is_given_up_at_once, reset),
        cmocka_unit_test_setup(test_a_drive_that_does_not_answer, reset),
        cmocka_unit_test_setup(test_no_disk, reset),
        cmocka_unit_test_setup(test_no_long_commands, reset),
        cmocka_unit_test_setup(test_writes_by_dma, reset),
        cmocka_unit_test_setup(test_writes_by_programmed_io, reset),
        cmocka_unit_test_setup(test_each_way_down_of_writing, reset),
        cmocka_unit_test_setup(test_a_protected_medium, reset),
        cmocka_unit_test_setup(test_flush, reset),
        cmocka_unit_test_setup(test_no_flush, reset),
        cmocka_unit_test_setup(test_pci_find, reset),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

#if ARCH_BITS == 32
    free(memory);
#endif
    return failed;
}
