/*
 * tests/kernel/test_ata.c - the disk that this kernel was read from.
 */
#include "ktest.h"
#include "sections.h"

#include "abi/kernel_header.h"
#include "drivers/ata.h"
#include "layout.h"
#include "base/align.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"

#define KERNEL_LBA   1
#define BUFFER_BYTES 0x60000
#define FILLING      0xA5

/* The kernel's header: it stands in memory as on the disk. */
static const struct kernel_header *const header = (const struct kernel_header *)KERNEL_ADDRESS;

static bool is_filling(const uint8_t *from, const uint8_t *to)
{
    while (from < to && *from == FILLING) {
        from++;
    }
    return from >= to;
}

/* The image of this kernel, read sector by sector, if the sums in its header are those of these
 * bytes; else NULL. The caller frees it with kfree(). */
static uint8_t *read_image(void)
{
    uint8_t *image = kmalloc(header->image_bytes);
    struct kernel_header *its_header = (struct kernel_header *)image;

    if (!image) {
        return NULL;
    }
    for (uint32_t offset = 0; offset < header->image_bytes; offset += SECTOR_BYTES) {
        if (block_read(ata_device(0), KERNEL_LBA + offset / SECTOR_BYTES, 1, image + offset) != 0) {
            kfree(image);
            return NULL;
        }
    }
    its_header->checksum_a = 0;
    its_header->checksum_b = 0;
    struct sections_sums sums = sections_sum(image, image + header->image_bytes);
    if (sums.a != header->checksum_a || sums.b != header->checksum_b) {
        kfree(image);
        return NULL;
    }
    *its_header = *header;
    return image;
}

KTEST(ata_reads_to_any_even_address)
{
    static const uint32_t starts[] = {0, 2, 510, 4094, 0xFE00, 0xFFFE};
    uint32_t counts[] = {1, 7, 8, 127, 128, 129, 256, 257};
    bool is_right = ata_initialise() > 0;

    KEXPECT(is_right);
    KEXPECT(header->image_bytes > 0x10000);
    uint8_t *image = read_image();
    KEXPECT(image);
    uint8_t *memory = kmalloc(BUFFER_BYTES);
    if (!memory) {
        kfree(image);
    }
    KEXPECT(memory);
    uint8_t *first = memory + (-(uintptr_t)memory & 0xFFFF);
    for (size_t i = 0; is_right && i < ARRAY_SIZE(starts); i++) {
        for (size_t j = 0; is_right && j < ARRAY_SIZE(counts); j++) {
            uint8_t *buffer = first + starts[i];
            uint32_t bytes = counts[j] * SECTOR_BYTES;

            memset(memory, FILLING, BUFFER_BYTES);
            is_right = block_read(ata_device(0), KERNEL_LBA, counts[j], buffer) == 0 &&
                       memcmp(buffer, image, MIN(bytes, header->image_bytes)) == 0 &&
                       is_filling(memory, buffer) &&
                       is_filling(buffer + bytes, memory + BUFFER_BYTES);
        }
    }
    kfree(memory);
    kfree(image);
    KEXPECT(is_right);
}

KTEST(ata_uses_dma)
{
    KEXPECT(ata_initialise() > 0);
    /* QEMU's PC has a bus master, a PC without PCI has not. */
    KEXPECT(strcmp(ata_device(0)->mode, "DMA") == 0);
}
