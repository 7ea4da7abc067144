/*
 * fat_image.h - builds a FAT16 volume in memory, and a block device that reads it.
 *
 *   FAT_IMAGE_FIRST_LBA    boot record; 3 reserved sectors in all
 *   fat_lba                2 FATs, as long as needed
 *   root_lba               root directory
 *   data_lba               clusters
 *
 * Only what is written takes memory, so large volumes cost nothing.
 */
#ifndef FAT_IMAGE_H
#define FAT_IMAGE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "device/block.h"
#include "base/status.h"

#define FAT_IMAGE_FIRST_LBA    0
#define FAT_IMAGE_RESERVED     3
#define FAT_IMAGE_ROOT_ENTRIES 64

/* Offsets in the boot record (Microsoft's FAT specification, section 3.1). */
#define BPB_BYTES_PER_SECTOR    11
#define BPB_SECTORS_PER_CLUSTER 13
#define BPB_RESERVED            14
#define BPB_FATS                16
#define BPB_ROOT_ENTRIES        17
#define BPB_TOTAL_16            19
#define BPB_MEDIA               21
#define BPB_FAT_SECTORS         22
#define BPB_TOTAL_32            32

#include "fs/fat/format.h"

#define FAT16_END 0xFFFF

struct fat_image {
    uint8_t *bytes;
    uint32_t mapped_sectors; /* sectors beyond read as zeros */
    uint32_t cluster_sectors, cluster_count;
    uint32_t fat_lba, fat_sectors, root_lba, data_lba;
    uint32_t next_root_entry;
    struct block_device device;
    unsigned reads;   /* calls of the device's read */
    unsigned sectors; /* sectors that they read */
    unsigned fail_at; /* the read that fails, counted from 1; 0: none */
    bool fails_on;    /* and all that follow it */
    /* What failed last, 0 sectors after a read that did not: a part of that, asked for next, fails
     * as well, as on a disk with a bad sector. The whole is a new try. */
    uint32_t failed_lba, failed_sectors;
};

static inline void fat_put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static inline void fat_put32(uint8_t *to, uint32_t value)
{
    fat_put16(to, value);
    fat_put16(to + 2, value >> 16);
}

/* Behaves as block.h promises, and asks what block.h asks. */
static int fat_image_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    struct fat_image *image = device->driver_data;
    uint8_t *to = buffer;

    assert(count > 0 && lba < device->sector_count && count <= device->sector_count - lba);
    assert((uintptr_t)buffer % 2 == 0);
    image->reads++;
    image->sectors += count;
    bool is_part = count < image->failed_sectors && lba >= image->failed_lba &&
                   lba + count <= image->failed_lba + image->failed_sectors;
    if (image->fail_at && (image->reads == image->fail_at || is_part ||
                           (image->fails_on && image->reads > image->fail_at))) {
        image->failed_lba = lba;
        image->failed_sectors = count;
        memset(buffer, 0xDB, SECTOR_BYTES); /* part of it, and wrong */
        return -EIO;
    }
    image->failed_sectors = 0;
    for (uint32_t i = 0; i < count; i++, to += SECTOR_BYTES) {
        if (lba + i < image->mapped_sectors) {
            memcpy(to, image->bytes + (size_t)(lba + i) * SECTOR_BYTES, SECTOR_BYTES);
        } else {
            memset(to, 0, SECTOR_BYTES);
        }
    }
    return OK;
}

static const struct block_operations fat_image_operations = {.read = fat_image_read};

static inline uint8_t *fat_image_sector(struct fat_image *image, uint32_t lba)
{
    assert(lba < image->mapped_sectors);
    return image->bytes + (size_t)lba * SECTOR_BYTES;
}

static inline uint8_t *fat_image_bpb(struct fat_image *image)
{
    return fat_image_sector(image, FAT_IMAGE_FIRST_LBA);
}

static inline void fat_image_set(struct fat_image *image, uint32_t cluster, uint32_t value)
{
    for (unsigned fat = 0; fat < 2; fat++) {
        fat_put16(fat_image_sector(image, image->fat_lba + fat * image->fat_sectors) + cluster * 2,
                  value);
    }
}

static inline uint8_t *fat_image_cluster(struct fat_image *image, uint32_t cluster)
{
    assert(cluster >= 2 && cluster < image->cluster_count + 2);
    return fat_image_sector(image, image->data_lba + (cluster - 2) * image->cluster_sectors);
}

/* An empty volume of cluster_count clusters that ends where the device does. */
static inline void fat_image_create(struct fat_image *image, uint32_t cluster_sectors,
                                    uint32_t cluster_count)
{
    uint32_t fat_sectors = ((cluster_count + 2) * 2 + SECTOR_BYTES - 1) / SECTOR_BYTES;
    uint32_t total = FAT_IMAGE_RESERVED + 2 * fat_sectors + FAT_IMAGE_ROOT_ENTRIES / 16 +
                     cluster_count * cluster_sectors;

    *image = (struct fat_image){
        .mapped_sectors = FAT_IMAGE_FIRST_LBA + total,
        .cluster_sectors = cluster_sectors,
        .cluster_count = cluster_count,
        .fat_lba = FAT_IMAGE_FIRST_LBA + FAT_IMAGE_RESERVED,
        .fat_sectors = fat_sectors,
    };
    image->root_lba = image->fat_lba + 2 * fat_sectors;
    image->data_lba = image->root_lba + FAT_IMAGE_ROOT_ENTRIES / 16;
    image->bytes = mmap(NULL, (size_t)image->mapped_sectors * SECTOR_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert(image->bytes != MAP_FAILED);
    image->device = (struct block_device){
        .name = "image",
        .sector_count = image->mapped_sectors,
        .driver_data = image,
        .sector_bytes = SECTOR_BYTES,
        .operations = &fat_image_operations,
    };

    uint8_t *bpb = fat_image_bpb(image);
    memcpy(bpb,
           "\xEB\x3C\x90"
           "DRUPE1.0",
           11);
    fat_put16(bpb + BPB_BYTES_PER_SECTOR, SECTOR_BYTES);
    bpb[BPB_SECTORS_PER_CLUSTER] = (uint8_t)cluster_sectors;
    fat_put16(bpb + BPB_RESERVED, FAT_IMAGE_RESERVED);
    bpb[BPB_FATS] = 2;
    fat_put16(bpb + BPB_ROOT_ENTRIES, FAT_IMAGE_ROOT_ENTRIES);
    if (total < 0x10000) {
        fat_put16(bpb + BPB_TOTAL_16, total);
    } else {
        fat_put32(bpb + BPB_TOTAL_32, total);
    }
    bpb[BPB_MEDIA] = 0xF8;
    fat_put16(bpb + BPB_FAT_SECTORS, fat_sectors);
    fat_put16(bpb + 24, 63);
    fat_put16(bpb + 26, 16);
    fat_put32(bpb + 28, FAT_IMAGE_FIRST_LBA);
    bpb[510] = 0x55;
    bpb[511] = 0xAA;
    fat_image_set(image, 0, 0xFFF8);
    fat_image_set(image, 1, 0xFFFF);
}

static inline void fat_image_destroy(struct fat_image *image)
{
    munmap(image->bytes, (size_t)image->mapped_sectors * SECTOR_BYTES);
    image->bytes = NULL;
}

/* Links the clusters, in that order, into a chain. */
static inline void fat_image_chain(struct fat_image *image, const uint32_t *clusters,
                                   uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        fat_image_set(image, clusters[i], i + 1 < count ? clusters[i + 1] : FAT16_END);
    }
}

/* Writes one entry: name as on the disk, 11 characters. Returns it. */
static inline uint8_t *fat_put_entry(uint8_t *entry, const char *name, uint8_t attributes,
                                     uint32_t cluster, uint32_t size)
{
    memset(entry, 0, 32);
    memcpy(entry, name, 11);
    entry[11] = attributes;
    fat_put16(entry + 26, cluster);
    fat_put32(entry + 28, size);
    return entry;
}

/* The next free entry of the root directory. */
static inline uint8_t *fat_image_root_entry(struct fat_image *image, const char *name,
                                            uint8_t attributes, uint32_t cluster, uint32_t size)
{
    assert(image->next_root_entry < FAT_IMAGE_ROOT_ENTRIES);
    return fat_put_entry(fat_image_sector(image, image->root_lba) + image->next_root_entry++ * 32,
                         name, attributes, cluster, size);
}

/* What a file made by fat_image_fill() has at position. */
static inline uint8_t fat_content(unsigned seed, uint32_t position)
{
    uint32_t mixed = (position + 1) * 2654435761u + seed * 40503u;
    return (uint8_t)(mixed >> 24 ^ mixed >> 9);
}

/* Fills the clusters with a file's content; what lies behind its size is 0xEE. */
static inline void fat_image_fill(struct fat_image *image, const uint32_t *clusters, uint32_t count,
                                  uint32_t size, unsigned seed)
{
    uint32_t cluster_bytes = image->cluster_sectors * SECTOR_BYTES;

    for (uint32_t i = 0; i < count; i++) {
        uint8_t *to = fat_image_cluster(image, clusters[i]);
        for (uint32_t b = 0; b < cluster_bytes; b++) {
            uint32_t position = i * cluster_bytes + b;
            to[b] = position < size ? fat_content(seed, position) : 0xEE;
        }
    }
}

/* A file in the root directory that lies on the clusters. */
static inline void fat_image_file(struct fat_image *image, const char *name,
                                  const uint32_t *clusters, uint32_t count, uint32_t size,
                                  unsigned seed)
{
    fat_image_chain(image, clusters, count);
    fat_image_fill(image, clusters, count, size, seed);
    fat_image_root_entry(image, name, FAT_ARCHIVE, count ? clusters[0] : 0, size);
}

#endif
