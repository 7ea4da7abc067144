/*
 * fuzz_fat16.c - a good volume, damaged in any number of places: every folder is listed and every
 * file read, through the block cache, while reads may fail. Errors are fine; what is read must be
 * what the FAT, followed by a second reader that knows nothing but the specification, leads to.
 * Sources: src/fs/file.c src/fs/file_object.c src/fs/fat16_fs.c src/fs/vfs.c src/fs/node.c
 * Sources: src/fs/node_contents.c src/fs/page_object.c tests/host/stub_clock.c
 * Sources: src/fs/fat16.c src/fs/path.c tests/host/stub_user.c
 * Sources: src/device/block.c src/device/block_cache.c src/lib/string.c src/lib/tree.c
 * Sources: tests/host/stub_frames.c tests/host/stub_tasks.c tests/host/stub_kmem_malloc.c
 *
 *   byte 0     the device's read that fails (0: none); byte 1: the allocation that does
 *   5 bytes    where to write what: region, offset (2), value (2); again and again
 */
#include "fuzz.h"

#include "../host/fat_image.h"
#include "../host/stub_kmem_malloc.h"

#include "config.h"
#include "device/block_cache.h"
#include "fs/fat16.h"
#include "fs/file_object.h"
#include "fs/page_object.h"
#include "memory/heap/kheap.h"

void *kzalloc(size_t size)
{
    return calloc(1, size); /* the page cache's table: for ever */
}

#define CLUSTERS    4100
#define FILES       6
#define DEPTH_MAX   3
#define ENTRIES_MAX 40    /* of one folder that are looked at */
#define OPENED_MAX  60    /* files and folders in all */
#define READ_MAX    20000 /* bytes of one file */
#define PATCHES_MAX 400

static struct fat_image image;
static unsigned opened;

/* What was there before a patch. */
static struct {
    uint8_t *at;
    uint8_t was[2];
} patches[PATCHES_MAX];
static unsigned patch_count;

/* ---------------------------------------------------------------- the volume */

static void make_volume(void)
{
    static const uint32_t first[] = {2, 3, 4, 5, 6};
    static const uint32_t scattered[] = {40, 20, 30, 31, 32, 10};
    static const uint32_t folder[] = {50, 52}, inner[] = {60};
    static uint32_t large[100];
    uint8_t *entry;

    fat_image_create(&image, 1, CLUSTERS);
    for (uint32_t i = 0; i < 100; i++) {
        large[i] = 100 + i;
    }
    fat_image_root_entry(&image, "DRUPE      ", FAT_LABEL, 0, 0);
    fat_image_file(&image, "FIRST   TXT", first, 5, 2100, 1);
    fat_image_file(&image, "SCATTER BIN", scattered, 6, 3072, 2);
    fat_image_file(&image, "LARGE   BIN", large, 100, 51200, 3);
    fat_image_file(&image, "EMPTY      ", NULL, 0, 0, 4);
    fat_image_chain(&image, folder, 2);
    fat_image_chain(&image, inner, 1);
    fat_image_root_entry(&image, "FOLDER     ", FAT_DIRECTORY, 50, 0);

    entry = fat_image_cluster(&image, 50);
    fat_put_entry(entry, ".          ", FAT_DIRECTORY, 50, 0);
    fat_put_entry(entry + 32, "..         ", FAT_DIRECTORY, 0, 0);
    fat_put_entry(entry + 64, "INNER      ", FAT_DIRECTORY, 60, 0);
    for (int i = 3; i < 16; i++) {
        fat_put_entry(entry + 32 * i,
                      "\xE5"
                      "ONE       ",
                      FAT_ARCHIVE, 0, 0);
    }
    fat_put_entry(fat_image_cluster(&image, 52), "LATE    TXT", FAT_READ_ONLY, 4, 1000);
    fat_put_entry(fat_image_cluster(&image, 60), "DEEP    TXT", FAT_ARCHIVE, 10, 400);
}

static void patch(uint8_t region, uint16_t offset, uint16_t value)
{
    uint8_t *at;

    switch (region % 8) {
    case 0: at = fat_image_bpb(&image) + offset % 64; break;
    case 1: /* the FAT's entries of the files' clusters */
        at = fat_image_sector(&image, image.fat_lba) + offset % 256 * 2;
        break;
    case 2:
        at = fat_image_sector(&image, image.fat_lba) + offset % (image.fat_sectors * 256) * 2;
        break;
    case 3:
    case 4: /* the first entries of the root directory */
        at = fat_image_sector(&image, image.root_lba) + offset % 320;
        break;
    case 5: at = fat_image_cluster(&image, 50) + offset % 511; break;
    case 6: at = fat_image_cluster(&image, offset & 1 ? 52 : 60) + offset / 2 % 64; break;
    default: at = fat_image_bpb(&image) + 510 - offset % 8; break;
    }
    if (patch_count < PATCHES_MAX) {
        memcpy(patches[patch_count].was, at, 2);
        patches[patch_count++].at = at;
        at[0] = (uint8_t)value;
        at[1] = region & 0x80 ? (uint8_t)(value >> 8) : at[1];
    }
}

static void undo_patches(void)
{
    while (patch_count > 0) {
        patch_count--;
        memcpy(patches[patch_count].at, patches[patch_count].was, 2);
    }
}

/* ---------------------------------------------------------------- the second reader */

static uint32_t get16(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8;
}

/* The byte of the file that begins at that cluster, or -1 when there is none. */
static int byte_at(const struct fat16_volume *volume, uint32_t cluster, uint32_t position)
{
    const uint8_t *bpb = fat_image_bpb(&image);
    uint32_t cluster_bytes = bpb[BPB_SECTORS_PER_CLUSTER] * SECTOR_BYTES;
    uint32_t fat = FAT_IMAGE_FIRST_LBA + get16(bpb + BPB_RESERVED);
    uint32_t root = fat + bpb[BPB_FATS] * get16(bpb + BPB_FAT_SECTORS);
    uint32_t data = root + (get16(bpb + BPB_ROOT_ENTRIES) * 32 + SECTOR_BYTES - 1) / SECTOR_BYTES;

    for (;; position -= cluster_bytes) {
        if (cluster < 2 || cluster - 2 >= volume->cluster_count) {
            return -1;
        }
        if (position < cluster_bytes) {
            break;
        }
        cluster = get16(image.bytes + fat * SECTOR_BYTES + cluster * 2);
    }
    uint32_t at = (data * SECTOR_BYTES) + (cluster - 2) * cluster_bytes + position;
    return at < image.mapped_sectors * SECTOR_BYTES ? image.bytes[at] : -1;
}

/* ---------------------------------------------------------------- looking around */

/* What may go wrong on a volume that was mounted. */
static bool is_error(int status)
{
    return status == -EIO || status == -ENOMEM || status == -ECORRUPT;
}

static void check_file(struct fat16_volume *volume, struct fat16_node *node)
{
    static uint8_t buffer[READ_MAX];
    static const uint32_t lengths[] = {1, 511, 512, 513, 4096, READ_MAX};
    uint32_t position = 0;

    FUZZ_CHECK(node->size == 0 || byte_at(volume, node->first_cluster, node->size - 1) >= 0);
    for (unsigned i = 0; position < node->size; i = (i + 1) % 6) {
        uint32_t length = lengths[i];
        length = length < node->size - position ? length : node->size - position;
        int status = fat16_read(volume, node, position, buffer, length);

        FUZZ_CHECK(status == OK || is_error(status));
        if (status == OK) {
            for (uint32_t b = 0; b < length; b += 61) {
                FUZZ_CHECK(buffer[b] == byte_at(volume, node->first_cluster, position + b));
            }
        }
        if (status != OK || position > READ_MAX) {
            break;
        }
        position += length;
    }
    /* Back to the middle: seeking does not only go forwards. */
    uint32_t middle = node->size / 2;
    if (node->size > 0 && middle < READ_MAX && fat16_read(volume, node, middle, buffer, 1) == OK) {
        FUZZ_CHECK(buffer[0] == byte_at(volume, node->first_cluster, middle));
    }
}

static void check_folder(struct fat16_volume *volume, struct fat16_node *folder, unsigned depth)
{
    struct fat16_node reader = *folder, listed;
    struct directory_entry entry;
    uint32_t index = 0;

    for (unsigned i = 0; i < ENTRIES_MAX; i++) {
        int status = fat16_read_directory(volume, &reader, &index, &entry, &listed);
        char path[PATH_BYTES_MAX] = "0:/";
        const char *rest;
        uint8_t name[PATH_NAME_BYTES];
        unsigned drive;
        struct fat16_node node;

        FUZZ_CHECK(status == 0 || status == 1 || is_error(status));
        if (status != 1) {
            break;
        }
        FUZZ_CHECK(strnlen(entry.name, sizeof(entry.name)) < sizeof(entry.name));
        strcat(path, entry.name);
        if (++opened > OPENED_MAX || path_open(path, &drive, &rest) != OK || !*rest) {
            continue;
        }
        FUZZ_CHECK(path_next(&rest, name) == 1);
        status = fat16_lookup(volume, folder, name, &node);
        FUZZ_CHECK(status == OK || status == -ENOENT || is_error(status));
        if (status != OK) {
            continue;
        }
        if (!node.is_directory) {
            check_file(volume, &node);
        } else if (depth < DEPTH_MAX) {
            check_folder(volume, &node, depth + 1);
        }
    }
}

/* By path, as programs do. */
static void check_paths(void)
{
    static const char *const paths[] = {"0:/",
                                        "0:/first.txt",
                                        "0:/scatter.bin",
                                        "0:/folder/late.txt",
                                        "0:/folder/inner/deep.txt",
                                        "0:/folder/inner",
                                        "0:/none"};
    uint8_t buffer[700];
    struct directory_entry entry;
    struct file_stat stat;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct file *file = NULL;

        if (file_open(paths[i], &file) != OK) {
            FUZZ_CHECK(!file);
            continue;
        }
        file_stat(file, &stat);
        FUZZ_CHECK(file_seek(file, stat.size) == (stat.is_directory ? -EISDIR : OK));
        FUZZ_CHECK(stat.is_directory || file_read(file, buffer, 1) <= 0);
        file_seek(file, 0);
        int count = file_read(file, buffer, sizeof(buffer));
        FUZZ_CHECK(count <= (int)sizeof(buffer) && (count <= 0 || (uint32_t)count <= stat.size));
        for (int j = 0; j < 5; j++) {
            FUZZ_CHECK(file_read_directory(file, &entry) <= 1);
        }
        FUZZ_CHECK(fs_unmount() == -EINUSE);
        file_close(file);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {.data = data, .left = size};
    uint8_t failing_read = fuzz_byte(&input);
    uint8_t failing_allocation = fuzz_byte(&input);
    struct fat16_volume volume;

    if (!image.bytes) {
        make_volume();
        page_cache_initialise();
        node_cache_initialise();
    }
    while (input.left > 0) {
        uint8_t region = fuzz_byte(&input);
        uint16_t offset = fuzz_word(&input);
        patch(region, offset, fuzz_word(&input));
    }
    image.reads = 0;
    image.fail_at = failing_read & 0x80 ? 0 : failing_read;
    stub_kmem_fail_at(failing_allocation & 0x80 ? 0 : failing_allocation);
    int status = fat16_mount(&image.device, FAT_IMAGE_FIRST_LBA, &volume);
    FUZZ_CHECK(status == OK || status == -EFSNOTUS || status == -EIO || status == -ENOMEM);
    if (status == OK) {
        struct fat16_node root;

        opened = 0;
        fat16_root(&root);
        check_folder(&volume, &root, 0);
        fat16_unmount(&volume);
    }
    if (fs_mount(&image.device, FAT_IMAGE_FIRST_LBA) == OK) {
        check_paths();
        FUZZ_CHECK(fs_unmount() == OK);
    }
    stub_kmem_fail_at(0);
    FUZZ_CHECK(stub_kmem_live() == 0);
    undo_patches();
    return 0;
}

size_t fuzz_seed(unsigned number, uint8_t *data)
{
    static const uint8_t patches_of_interest[][5] = {
        {0x80, 22, 0, 1, 0},       /* a FAT of one sector */
        {0x80, 13, 0, 0, 0},       /* clusters of no sectors */
        {0x81, 2, 0, 3, 0},        /* 2 -> 3 */
        {0x81, 6, 0, 2, 0},        /* a loop */
        {0x81, 50, 0, 50, 0},      /* a folder that goes round */
        {0x84, 60, 0, 0xFF, 0xFF}, /* a size */
        {0x84, 58, 0, 0xF0, 0xFF}, /* a first cluster */
    };
    size_t length = fuzz_seed_random(number, data, 2 + 5 * number);

    data[0] = number % 3 ? 0xFF : (uint8_t)number;
    data[1] = number % 3 == 1 ? (uint8_t)number : 0xFF;
    if (number < sizeof(patches_of_interest) / sizeof(patches_of_interest[0])) {
        memcpy(data + 2, patches_of_interest[number], 5);
        return 7;
    }
    return number < 24 ? length : 0;
}
