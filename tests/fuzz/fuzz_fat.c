/*
 * fuzz_fat.c - a good volume, damaged in any number of places, is mounted, read and written, while
 * reads, writes and allocations may fail. Errors are fine; what has been written can be read again
 * until the volume is unmounted, nothing outside the volume is touched, and no memory is lost.
 * Sources: src/fs/fat/volume.c src/fs/fat/changes.c src/fs/fat/chain.c src/fs/fat/commit.c
 * Sources: src/fs/fat/steps.c src/fs/fat/log.c src/fs/fat/names.c src/fs/fat/time.c
 * Sources: src/fs/fat/directory.c
 * Sources: src/fs/fat/contents.c src/fs/fat/tree.c src/fs/fat/check.c src/fs/fat/mount.c
 * Sources: src/device/block_cache.c src/device/block.c src/lib/string.c src/lib/tree.c
 * Sources: tests/host/stub_tasks.c tests/host/stub_kmem_malloc.c
 *
 *   byte 0     which of three volumes; byte 1: the read, byte 2: the write, byte 3: the allocation
 *   that
 *              fails (0: none, also above 127)
 *   byte 4     how many patches: region, offset (2 bytes), value (2 bytes) each
 *   then       operations: which, name, number (2 bytes)
 */
#include "fuzz.h"

#include "../host/fat_image.h"
#include "../host/stub_kmem_malloc.h"

#include "device/block_cache.h"
#include "fs/fat/changes.h"
#include "fs/fat/commit.h"
#include "fs/fat/log.h"
#include "fs/fat/mount.h"
#include "fs/fat/tree.h"

#define SECTORS        9000
#define OPERATIONS_MAX 40
#define LISTED_MAX     300
#define NOW            1700000000

static uint8_t *disk, *pristine[3];
static unsigned reads, writes, fail_read_at, fail_write_at;

static int read_disk(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    FUZZ_CHECK(count > 0 && lba < device->sector_count && count <= device->sector_count - lba);
    if (++reads == fail_read_at) {
        return -EIO;
    }
    memcpy(buffer, disk + (size_t)lba * SECTOR_BYTES, (size_t)count * SECTOR_BYTES);
    return OK;
}

static int write_disk(struct block_device *device, uint32_t lba, uint32_t count, const void *buffer)
{
    FUZZ_CHECK(count > 0 && lba < device->sector_count && count <= device->sector_count - lba);
    if (++writes == fail_write_at) {
        return -EIO;
    }
    memcpy(disk + (size_t)lba * SECTOR_BYTES, buffer, (size_t)count * SECTOR_BYTES);
    return OK;
}

static const struct block_operations disk_operations = {.read = read_disk, .write = write_disk};

static struct block_device device = {
    .name = "fuzz",
    .sector_count = SECTORS,
    .sector_bytes = SECTOR_BYTES,
    .operations = &disk_operations,
};

/* ---------------------------------------------------------------- the volumes */

/* An empty volume of that many bits, with a log in its reserved sectors. */
static void format(unsigned bits)
{
    uint32_t reserved = 128, clusters = bits == 12 ? 2000 : 8000, root = bits == 32 ? 0 : 4;
    uint32_t fat = (clusters + 2) * bits / 8 / SECTOR_BYTES + 1,
             total = reserved + 2 * fat + root + clusters;
    struct fat_boot_record *record = (void *)disk;

    memset(disk, 0, (size_t)SECTORS * SECTOR_BYTES);
    *record = (struct fat_boot_record){.jump = {0xEB, 0x3C, 0x90},
                                       .bytes_per_sector = SECTOR_BYTES,
                                       .sectors_per_cluster = 1,
                                       .reserved_sectors = (uint16_t)reserved,
                                       .fat_count = 2,
                                       .root_entries = (uint16_t)(root * 16),
                                       .total_sectors_32 = total,
                                       .media = 0xF8};
    if (bits == 32) {
        record->large.fat_sectors = fat;
        record->large.root_cluster = 2;
        record->large.info_sector = 1;
        record->large.extended = 0x29;
        record->large.serial = 77;
        struct fat_info *info = (void *)(disk + SECTOR_BYTES);
        *info = (struct fat_info){.lead_signature = FAT_INFO_LEAD,
                                  .signature = FAT_INFO_MIDDLE,
                                  .free_clusters = FAT_INFO_UNKNOWN,
                                  .next_free = 2,
                                  .trail_signature = FAT_INFO_TRAIL};
    } else {
        record->fat_sectors_16 = (uint16_t)fat;
        record->small.extended = 0x29;
        record->small.serial = 77;
    }
    disk[510] = 0x55;
    disk[511] = 0xAA;
    for (unsigned copy = 0; copy < 2; copy++) {
        uint8_t *at = disk + (reserved + copy * fat) * SECTOR_BYTES;

        memset(at, 0xFF, bits == 12 ? 3 : bits == 16 ? 4 : 12);
        at[0] = 0xF8;
    }
    struct fat_log_header *header = (void *)(disk + FAT_LOG_SECTOR * SECTOR_BYTES);
    *header = (struct fat_log_header){.version = FAT_LOG_VERSION,
                                      .serial = 77,
                                      .first = FAT_LOG_SECTOR,
                                      .sectors = reserved - FAT_LOG_SECTOR};
    memcpy(header->magic, "DRUPELOG", 8);
    header->crc = fat_crc(0, header, offsetof(struct fat_log_header, crc));
}

static void make(struct fat_volume *volume, const struct fat_file *folder, const char *name,
                 uint8_t attributes, uint32_t size, struct fat_file *file)
{
    uint8_t data[4000];

    memset(data, name[0], sizeof(data));
    FUZZ_CHECK(fat_create(volume, folder, name, strlen(name), attributes, NOW, file) == OK);
    if (size) {
        FUZZ_CHECK(fat_file_write(volume, file, 0, data, size) == OK);
    }
}

static const char *const names[] = {"FIRST.TXT",    "a long name, of two slots",
                                    "folder",       "scattered",
                                    "Folder/inner", "empty",
                                    "New one",      "x.y"};

static void make_volumes(void)
{
    static const unsigned bits[] = {12, 16, 32};

    disk = malloc((size_t)SECTORS * SECTOR_BYTES);
    for (unsigned i = 0; i < 3; i++) {
        struct fat_volume *volume;
        struct fat_file root, folder, file, other;

        format(bits[i]);
        FUZZ_CHECK(fat_mount(&device, false, &volume) == OK);
        FUZZ_CHECK(volume->log.first != 0 && volume->bits == bits[i]);
        fat_root(volume, &root);
        make(volume, &root, names[0], FAT_ARCHIVE, 2100, &file);
        make(volume, &root, names[1], FAT_ARCHIVE, 600, &other);
        FUZZ_CHECK(fat_file_write(volume, &file, 2100, names[1], 20) == OK);
        FUZZ_CHECK(fat_file_resize(volume, &file, 4000) == OK);
        fat_forget(volume, &file);
        fat_forget(volume, &other);
        make(volume, &root, "folder", FAT_DIRECTORY, 0, &folder);
        make(volume, &folder, "inner", FAT_DIRECTORY, 0, &file);
        fat_forget(volume, &file);
        make(volume, &folder, "late.txt", FAT_ARCHIVE, 1000, &file);
        fat_forget(volume, &file);
        fat_forget(volume, &folder);
        make(volume, &root, "scattered", FAT_ARCHIVE, 3000, &file);
        fat_forget(volume, &file);
        /* The log keeps its transactions, and the volume is marked. */
        FUZZ_CHECK(fat_commit(volume) == OK);
        pristine[i] = malloc((size_t)SECTORS * SECTOR_BYTES);
        memcpy(pristine[i], disk, (size_t)SECTORS * SECTOR_BYTES);
        FUZZ_CHECK(fat_unmount(volume) == OK);
    }
}

static void patch(uint8_t region, uint16_t offset, uint16_t value)
{
    const struct fat_boot_record *record = (const void *)disk;
    uint32_t fat = record->fat_sectors_16 ? record->fat_sectors_16 : record->large.fat_sectors;
    uint32_t data = 128 + 2 * (fat % 100);
    uint32_t at;

    switch (region % 6) {
    case 0: at = offset % 90; break;
    case 1: at = 128 * SECTOR_BYTES + offset % 128; break;       /* the files' entries in the FAT */
    case 2: at = 128 * SECTOR_BYTES + offset; break;             /* anywhere in it */
    case 3: at = data * SECTOR_BYTES + offset % 1024; break;     /* the root folder */
    case 4: at = data * SECTOR_BYTES + offset % 16384; break;    /* other folders */
    default: at = FAT_LOG_SECTOR * SECTOR_BYTES + offset; break; /* the log */
    }
    disk[at] = (uint8_t)value;
    if (region & 0x80) {
        disk[at + 1] = (uint8_t)(value >> 8);
    }
}

/* ---------------------------------------------------------------- using it */

static bool is_status(int status)
{
    return status == OK || status == -EIO || status == -ENOMEM || status == -ECORRUPT ||
           status == -ENOENT || status == -EEXISTS || status == -ENOSPACE || status == -ERDONLY ||
           status == -ENOTEMPTY || status == -EBADPATH || status == -EINVARG ||
           status == -EFILESIZE || status == -EBUSY;
}

static void list(struct fat_volume *volume, const struct fat_file *file)
{
    struct fat_folder folder = {.first_cluster = file->first_cluster};
    char name[FAT_TEXT_BYTES];
    struct fat_found found;
    uint32_t index = 0;
    int status;

    for (unsigned i = 0;
         i < LISTED_MAX && (status = fat_folder_next(volume, &folder, &index, &found)); i++) {
        if (status < 0) {
            FUZZ_CHECK(is_status(status));
            return;
        }
        fat_found_name(volume, &found, name);
        FUZZ_CHECK(strnlen(name, sizeof(name)) < sizeof(name));
    }
}

/* What has been written is there. */
static void write_and_read(struct fat_volume *volume, struct fat_file *file, uint16_t number)
{
    uint8_t data[700], back[700];
    uint32_t position = number % 5000, length = number % 699 + 1;

    memset(data, number, sizeof(data));
    int status = fat_file_write(volume, file, position, data, length);
    FUZZ_CHECK(is_status(status));
    if (status == OK) {
        FUZZ_CHECK(file->size >= position + length);
        status = fat_file_read(volume, file, position, back, length);
        FUZZ_CHECK(status == -EIO || status == -ENOMEM || status == OK);
        FUZZ_CHECK(status < 0 || memcmp(data, back, length) == 0);
    }
}

static void operate(struct fat_volume *volume, uint8_t which, const char *name, uint16_t number)
{
    struct fat_file root, folder, file, other;
    const char *new_name = names[number % 8];

    fat_root(volume, &root);
    if (which % 8 == 0) {
        FUZZ_CHECK(is_status(fat_commit(volume)));
        return;
    }
    if (which % 8 == 1) {
        int status = fat_create(volume, &root, name, strlen(name),
                                number & 1 ? FAT_DIRECTORY : FAT_ARCHIVE, NOW, &file);
        FUZZ_CHECK(is_status(status));
        if (status == OK) {
            fat_forget(volume, &file);
        }
        return;
    }
    int status = fat_look_up(volume, &root, name, strlen(name), &file);
    FUZZ_CHECK(is_status(status));
    if (status < 0) {
        return;
    }
    if (file.is_folder && which % 8 < 5) {
        list(volume, &file);
        status = fat_create(volume, &file, new_name, strlen(new_name), FAT_ARCHIVE, NOW, &other);
        FUZZ_CHECK(is_status(status));
        if (status == OK) {
            write_and_read(volume, &other, number);
            fat_forget(volume, &other);
        }
    } else if (which % 8 < 5) {
        write_and_read(volume, &file, number);
    } else if (which % 8 == 5 && !file.is_folder) {
        FUZZ_CHECK(is_status(fat_file_resize(volume, &file, number % 6000)));
    } else if (which % 8 == 6) {
        FUZZ_CHECK(is_status(fat_remove(volume, &root, &file)));
    } else if (which % 8 == 7) {
        bool is_to_folder = which & 0x80 && fat_look_up(volume, &root, "folder", 6, &folder) == OK;
        const struct fat_file *to = is_to_folder && folder.is_folder ? &folder : &root;
        bool has_other = fat_look_up(volume, to, new_name, strlen(new_name), &other) == OK;
        bool is_same = has_other && other.place.sector == file.place.sector &&
                       other.place.offset == file.place.offset;

        if (!has_other || is_same || other.is_folder == file.is_folder) {
            status = fat_rename(volume, &root, &file, to, new_name, strlen(new_name),
                                is_same     ? &file
                                : has_other ? &other
                                            : NULL);
            FUZZ_CHECK(is_status(status));
        }
        if (has_other) {
            fat_forget(volume, &other);
        }
        if (is_to_folder) {
            fat_forget(volume, &folder);
        }
    }
    fat_forget(volume, &file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {.data = data, .left = size};
    struct fat_volume *volume;
    struct fat_file root;

    if (!disk) {
        make_volumes();
    }
    memcpy(disk, pristine[fuzz_byte(&input) % 3], (size_t)SECTORS * SECTOR_BYTES);
    uint8_t read = fuzz_byte(&input), write = fuzz_byte(&input), allocation = fuzz_byte(&input);
    for (uint8_t patches = fuzz_byte(&input) % 16; patches > 0; patches--) {
        uint8_t region = fuzz_byte(&input);
        uint16_t offset = fuzz_word(&input);

        patch(region, offset, fuzz_word(&input));
    }
    reads = writes = 0;
    fail_read_at = read < 128 ? read : 0;
    fail_write_at = write < 128 ? write : 0;
    stub_kmem_fail_at(allocation < 128 ? allocation : 0);
    int status = fat_mount(&device, false, &volume);
    FUZZ_CHECK(status == OK || status == -EFSNOTUS || status == -EIO || status == -ENOMEM ||
               status == -ECORRUPT || status == -ERDONLY);
    if (status == OK) {
        fat_root(volume, &root);
        list(volume, &root);
        for (unsigned i = 0; i < OPERATIONS_MAX && input.left > 0; i++) {
            uint8_t which = fuzz_byte(&input);
            const char *name = names[fuzz_byte(&input) % 8];

            operate(volume, which, name, fuzz_word(&input));
        }
        FUZZ_CHECK(is_status(fat_unmount(volume)));
    } else {
        FUZZ_CHECK(fat_refusal(&device, status) != NULL);
    }
    fail_read_at = fail_write_at = 0;
    stub_kmem_fail_at(0);
    FUZZ_CHECK(stub_kmem_live() == 0);
    return 0;
}

size_t fuzz_seed(unsigned number, uint8_t *data)
{
    size_t length = fuzz_seed_random(number, data, 5 + 8 * number);

    data[0] = (uint8_t)number;
    data[1] = number % 4 == 1 ? data[1] : 0xFF;
    data[2] = number % 4 == 2 ? data[2] : 0xFF;
    data[3] = number % 4 == 3 ? data[3] : 0xFF;
    data[4] = number % 5 ? data[4] : 0;
    return number < 40 ? length : 0;
}
