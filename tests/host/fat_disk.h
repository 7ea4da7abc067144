/*
 * fat_disk.h - a disk in memory, formatted by mkfs.fat, that fsck.fat can look at: for tests of
 * src/fs/fat/. Reads and writes can fail; writes and flushes can be recorded. The memory is a file
 * of this process, so nothing stays when the process ends in any way.
 */
#ifndef FAT_DISK_H
#define FAT_DISK_H

#include <assert.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.h"
#include "device/block.h"
#include "fs/fat/changes.h"
#include "fs/fat/log.h"

/* One sector that was written, or a flush (data NULL). */
struct fat_disk_event {
    uint32_t sector;
    uint8_t *data;
};

struct fat_disk {
    int file;
    char path[64];
    uint8_t *bytes; /* of the file */
    size_t size;
    struct block_device device;
    unsigned reads, writes, flushes;
    unsigned fail_read_at, fail_write_at; /* counted from 1; flushes count as writes; 0: none */
    bool fails_on;                        /* all that follow fail, too */
    bool records;
    uint32_t *touched; /* NULL: not noted. Sectors that were written, again and again */
    size_t touched_count, touched_room;
    struct fat_disk_event *events;
    size_t event_count, event_room;
};

static inline bool fat_disk_fails(const struct fat_disk *disk, unsigned now, unsigned at)
{
    return at && (now == at || (disk->fails_on && now > at));
}

static int fat_disk_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    struct fat_disk *disk = device->driver_data;

    assert(count > 0 && lba < device->sector_count && count <= device->sector_count - lba);
    assert((uintptr_t)buffer % 2 == 0);
    if (fat_disk_fails(disk, ++disk->reads, disk->fail_read_at)) {
        memset(buffer, 0xDB, device->sector_bytes);
        return -EIO;
    }
    memcpy(buffer, disk->bytes + (size_t)lba * device->sector_bytes,
           (size_t)count * device->sector_bytes);
    return OK;
}

static inline void fat_disk_record(struct fat_disk *disk, uint32_t sector, const uint8_t *data)
{
    if (!disk->records) {
        return;
    }
    if (disk->event_count == disk->event_room) {
        disk->event_room = disk->event_room ? 2 * disk->event_room : 1024;
        disk->events = realloc(disk->events, disk->event_room * sizeof(*disk->events));
    }
    struct fat_disk_event *event = &disk->events[disk->event_count++];
    *event = (struct fat_disk_event){.sector = sector};
    if (data) {
        event->data = malloc(disk->device.sector_bytes);
        memcpy(event->data, data, disk->device.sector_bytes);
    }
}

/* For those who put back what was written: touched must be there. */
static inline void fat_disk_touch(struct fat_disk *disk, uint32_t sector)
{
    if (disk->touched_count == disk->touched_room) {
        disk->touched_room *= 2;
        disk->touched = realloc(disk->touched, disk->touched_room * sizeof(*disk->touched));
    }
    disk->touched[disk->touched_count++] = sector;
}

static inline void fat_disk_note_touched(struct fat_disk *disk)
{
    disk->touched_count = 0;
    disk->touched_room = 1024;
    disk->touched = malloc(disk->touched_room * sizeof(*disk->touched));
}

static int fat_disk_write(struct block_device *device, uint32_t lba, uint32_t count,
                          const void *buffer)
{
    struct fat_disk *disk = device->driver_data;

    assert(count > 0 && lba < device->sector_count && count <= device->sector_count - lba);
    assert((uintptr_t)buffer % 2 == 0);
    if (fat_disk_fails(disk, ++disk->writes, disk->fail_write_at)) {
        return -EIO;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (disk->touched) {
            fat_disk_touch(disk, lba + i);
        }
        fat_disk_record(disk, lba + i, (const uint8_t *)buffer + (size_t)i * device->sector_bytes);
    }
    memcpy(disk->bytes + (size_t)lba * device->sector_bytes, buffer,
           (size_t)count * device->sector_bytes);
    return OK;
}

static int fat_disk_flush(struct block_device *device)
{
    struct fat_disk *disk = device->driver_data;

    disk->flushes++;
    if (fat_disk_fails(disk, ++disk->writes, disk->fail_write_at)) {
        return -EIO;
    }
    fat_disk_record(disk, 0, NULL);
    return OK;
}

static const struct block_operations fat_disk_operations = {fat_disk_read, fat_disk_write,
                                                            fat_disk_flush};

#define FAT_DISK_WORDS_MAX 4096

/* Runs a command, with words between blanks, on the disk: its status. Its output goes to
 * *output. */
static inline int fat_disk_run(const struct fat_disk *disk, const char *command,
                               char output[FAT_DISK_WORDS_MAX])
{
    char line[256], path[1024], *words[32], *rest = line;
    unsigned count = 0;
    int out = memfd_create("output", MFD_CLOEXEC), status = -1;
    posix_spawn_file_actions_t actions;
    pid_t child;

    snprintf(line, sizeof(line), "%s", command);
    while ((words[count] = strtok_r(NULL, " ", &rest)) != NULL) {
        count++;
        assert(count < 30);
    }
    words[count++] = (char *)(uintptr_t)disk->path;
    words[count] = NULL;
    snprintf(path, sizeof(path), "%s", getenv("PATH"));
    if (!strstr(path, ":/usr/sbin:/sbin")) {
        strncat(path, ":/usr/sbin:/sbin", sizeof(path) - strlen(path) - 1);
        setenv("PATH", path, 1);
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, out, 2);
    if (posix_spawnp(&child, words[0], &actions, NULL, words, environ) == 0) {
        waitpid(child, &status, 0);
    }
    posix_spawn_file_actions_destroy(&actions);
    ssize_t length = pread(out, output, FAT_DISK_WORDS_MAX - 1, 0);
    output[length > 0 ? length : 0] = '\0';
    close(out);
    return status;
}

/* A disk of that many KiB. mkfs: the options of mkfs.fat. */
static inline void fat_disk_create(struct fat_disk *disk, const char *mkfs, uint32_t kib,
                                   uint32_t sector_bytes)
{
    char command[128], output[FAT_DISK_WORDS_MAX];

    *disk = (struct fat_disk){.size = (size_t)kib * 1024};
    disk->file = memfd_create("disk", MFD_CLOEXEC);
    assert(disk->file >= 0 && ftruncate(disk->file, (off_t)disk->size) == 0);
    snprintf(disk->path, sizeof(disk->path), "/proc/%d/fd/%d", (int)getpid(), disk->file);
    snprintf(command, sizeof(command), "mkfs.fat --invariant %s", mkfs);
    if (fat_disk_run(disk, command, output) != 0) {
        fprintf(stderr, "%s (%u KiB): %s\n", command, kib, output);
        abort();
    }
    disk->bytes = mmap(NULL, disk->size, PROT_READ | PROT_WRITE, MAP_SHARED, disk->file, 0);
    assert(disk->bytes != MAP_FAILED);
    disk->device = (struct block_device){
        .name = "disk",
        .sector_bytes = sector_bytes,
        .sector_count = (uint32_t)(disk->size / sector_bytes),
        .operations = &fat_disk_operations,
        .driver_data = disk,
    };
}

static inline void fat_disk_forget_events(struct fat_disk *disk)
{
    for (size_t i = 0; i < disk->event_count; i++) {
        free(disk->events[i].data);
    }
    free(disk->events);
    disk->events = NULL;
    disk->event_count = disk->event_room = 0;
}

static inline void fat_disk_destroy(struct fat_disk *disk)
{
    fat_disk_forget_events(disk);
    free(disk->touched);
    munmap(disk->bytes, disk->size);
    close(disk->file);
}

/* Puts the log's header where mkimage does, into reserved sectors that mkfs.fat -R has left. */
static inline void fat_disk_add_log(struct fat_disk *disk)
{
    const uint8_t *record = disk->bytes;
    uint32_t reserved, serial, sector_bytes = record[11] | (uint32_t)record[12] << 8;
    bool is_large = record[22] == 0 && record[23] == 0;

    reserved = record[14] | (uint32_t)record[15] << 8;
    reserved *= sector_bytes / disk->device.sector_bytes;
    memcpy(&serial, record + (is_large ? 67 : 39), sizeof(serial));
    struct fat_log_header header = {.version = FAT_LOG_VERSION,
                                    .serial = serial,
                                    .first = FAT_LOG_SECTOR,
                                    .sectors = reserved - FAT_LOG_SECTOR};
    memcpy(header.magic, "DRUPELOG", 8);
    header.crc = fat_crc(0, &header, offsetof(struct fat_log_header, crc));
    memcpy(disk->bytes + FAT_LOG_SECTOR * disk->device.sector_bytes, &header, sizeof(header));
}

/* Does fsck.fat -n find nothing? If it does, its words go to stderr if `shows`, and to `words`
 * (NULL: nowhere). */
static inline bool fat_disk_is_sound(const struct fat_disk *disk, bool shows,
                                     char words[FAT_DISK_WORDS_MAX])
{
    char text[FAT_DISK_WORDS_MAX];
    int status = fat_disk_run(disk, "fsck.fat -n", words ? words : text);

    if (status != 0 && shows) {
        fprintf(stderr, "fsck.fat: status %d:\n%s\n", status, words ? words : text);
    }
    return status == 0;
}

#endif
