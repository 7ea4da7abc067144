/*
 * tests/kernel/test_ata.c - the disk that this kernel was read from, against the kernel in memory.
 */
#include "ktest.h"

#include "drivers/ata.h"
#include "layout.h"
#include "base/align.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"

#define KERNEL_LBA   1
#define BUFFER_BYTES 0x60000
#define FILLING      0xA5

/* kernel.ld.in */
extern const uint8_t kernel_rodata_end[];

static bool is_filling(const uint8_t *from, const uint8_t *to)
{
    while (from < to && *from == FILLING) {
        from++;
    }
    return from >= to;
}

KTEST(ata_reads_to_any_even_address)
{
    static const uint32_t starts[] = {0, 2, 510, 4094, 0xFE00, 0xFFFE};
    uint32_t same =
        (uint32_t)((uintptr_t)kernel_rodata_end - KERNEL_ADDRESS); /* as it is on the disk */
    uint32_t counts[] = {1, 7, 8, 127, 128, 129, 256, 257};
    bool is_right = ata_initialise() > 0;

    KEXPECT(is_right);
    KEXPECT(same > 0x10000);
    uint8_t *memory = kmalloc(BUFFER_BYTES);
    KEXPECT(memory);
    uint8_t *first = memory + (-(uintptr_t)memory & 0xFFFF);
    for (size_t i = 0; is_right && i < ARRAY_SIZE(starts); i++) {
        for (size_t j = 0; is_right && j < ARRAY_SIZE(counts); j++) {
            uint8_t *buffer = first + starts[i];
            uint32_t bytes = counts[j] * SECTOR_BYTES;

            memset(memory, FILLING, BUFFER_BYTES);
            is_right = block_read(ata_device(0), KERNEL_LBA, counts[j], buffer) == 0 &&
                       memcmp(buffer, (const void *)KERNEL_ADDRESS, MIN(bytes, same)) == 0 &&
                       is_filling(memory, buffer) &&
                       is_filling(buffer + bytes, memory + BUFFER_BYTES);
        }
    }
    kfree(memory);
    KEXPECT(is_right);
}

KTEST(ata_uses_dma)
{
    KEXPECT(ata_initialise() > 0);
    /* QEMU's PC has a bus master, a PC without PCI has not. */
    KEXPECT(strcmp(ata_device(0)->mode, "DMA") == 0);
}
