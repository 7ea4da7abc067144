/*
 * vanish.c - calls whose buffers lie in a mapping of a file that another process makes shorter
 * and longer all the time: what a call reads or fills is gone in the middle of it. An error then,
 * of the buffer, and nothing worse. On the disk and in memory.
 * Verdict: status 0
 */
#include <stdio.h>

#include "attack.h"

#define PAGES  64 /* a call copies that many in several pieces */
#define BYTES  ((size_t)PAGES * PAGE_BYTES)
#define ROUNDS 600

static unsigned state = 1;

static unsigned random_below(unsigned limit)
{
    state = state * 1103515245 + 12345;
    return (state >> 16) % limit;
}

/* Does not end by itself. */
static void change_size(int file)
{
    for (;;) {
        uint64_t size = random_below(3) == 0 ? BYTES : random_below((unsigned)BYTES);

        if (syscall_resize_file(file, &size) < 0 ||
            (random_below(16) == 0 && syscall_sync_file(file) < 0)) {
            syscall_exit_status(STATUS_SUCCEEDED);
        }
        process_yield();
    }
}

struct scene {
    uintptr_t memory;          /* the mapping */
    int file, other, readable; /* the file, one beside it, and one that is read */
    int ends[2];
};

static intptr_t call(const struct scene *scene)
{
    uintptr_t place = scene->memory + random_below((unsigned)BYTES);
    size_t left = scene->memory + BYTES - place;
    struct file_transfer transfer = {
        .position = random_below(2 * BYTES), .buffer = place, .length = left};
    int ends[2] = {scene->ends[0], scene->ends[1]};

    switch (random_below(13)) {
    case 0: return syscall_read_at(scene->readable, &transfer);
    case 1: return syscall_write_at(scene->other, &transfer);
    case 2: return syscall_read_at(scene->other, &transfer);
    case 3: return syscall_read_at(scene->file, &transfer);
    case 4: return syscall_write_at(scene->file, &transfer);
    case 5: return syscall_write_file(ends[1], (const void *)place, left);
    case 6: return syscall_read((unsigned)ends[0], (void *)place, left);
    case 7: return syscall_list_directory(scene->readable + 1, (void *)place, left);
    case 8: return syscall_stat_file(scene->file, NULL, (struct file_details *)place);
    case 9: return syscall_get_folder((char *)place, left);
    case 10: return syscall_open_file((const char *)place, OPEN_READ);
    case 11: return syscall_descriptor_path(scene->readable + 1, (char *)place, left);
    default: return syscall_process_list((struct process_info *)place, 8);
    }
}

static int attack(const char *name, const char *other)
{
    uint32_t flags = FILE_NO_WAIT;
    struct scene scene = {
        .file = (int)syscall_open_file(name, OPEN_READ | OPEN_WRITE | OPEN_CREATE),
        .other = (int)syscall_open_file(other, OPEN_READ | OPEN_WRITE | OPEN_CREATE),
    };
    struct memory_mapping mapping = {
        .length = BYTES,
        .rights = MAPPING_READ | MAPPING_WRITE,
        .flags = MAPPING_SHARED,
        .descriptor = scene.file,
    };
    int succeeded = 0;

    scene.readable = (int)syscall_open_file("0:/init.elf", OPEN_READ);
    syscall_open_file("0:/", OPEN_READ | OPEN_DIRECTORY); /* the number behind it */
    scene.memory = (uintptr_t)syscall_map(&mapping);
    if (syscall_is_error((intptr_t)scene.memory) || syscall_pipe(scene.ends) < 0) {
        return STATUS_SUCCEEDED;
    }
    syscall_control(scene.ends[0], CONTROL_SET_FLAGS, &flags);
    syscall_control(scene.ends[1], CONTROL_SET_FLAGS, &flags);

    int child = (int)syscall_fork();

    if (child == 0) {
        state = 99;
        change_size(scene.file);
    }
    for (int round = 0; round < ROUNDS; round++) {
        intptr_t result = call(&scene);

        succeeded += result >= 0;
        if (result == -EIO || result == -ECORRUPT || result == -EBOUNDS) {
            printf("%s: %ld\n", name, (long)result);
            return STATUS_SUCCEEDED;
        }
        process_yield();
    }
    process_kill(child);
    status_of(child);
    for (int number = FILE_DESCRIPTOR_FIRST; number < FILE_DESCRIPTORS; number++) {
        file_close(number);
    }
    /* Some must have found their buffer, and some not. */
    if (succeeded < ROUNDS / 10 || succeeded > ROUNDS - ROUNDS / 10) {
        printf("%s: %d of %d calls\n", name, succeeded, ROUNDS);
        return STATUS_SUCCEEDED;
    }
    return syscall_unmap(scene.memory, BYTES) < 0 || syscall_remove(name, REMOVE_FILE) < 0 ||
           syscall_remove(other, REMOVE_FILE) < 0 || syscall_sync_file(-1) < 0;
}

int main(void)
{
    return attack("0:/vanish", "0:/other") || attack("/tmp/vanish", "/tmp/other") ? STATUS_SUCCEEDED
                                                                                  : 0;
}
