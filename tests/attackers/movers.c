/*
 * movers.c - several move files and folders into each other's folders, remove and make them, list
 * them, and ask for their own place meanwhile; they sync now and then. In the end all of it can be
 * removed. On the disk and in memory.
 * Verdict: status 0
 */
#include <stdio.h>

#include "attack.h"

#define MOVERS 4
#define ROUNDS 1000

static const char *const places[] = {"a",   "b",     "a/x",   "b/x",   "a/y",
                                     "b/y", "a/x/z", "b/x/z", "a/y/z", "b/y/z"};

static unsigned next_random(unsigned *state)
{
    *state = *state * 1103515245 + 12345;
    return *state >> 16;
}

static const char *any(unsigned *state)
{
    return places[next_random(state) % COUNT_OF(places)];
}

/* Goes to that place, asks for its path, and goes up from there, wherever it is by now. */
static intptr_t wander(const char *place, char *path, size_t size)
{
    intptr_t result = syscall_change_folder(place);

    while (result == 0 && strcmp(path, "/") != 0) {
        result = syscall_get_folder(path, size);
        result = result < 0 ? result : syscall_change_folder("..");
    }
    return result;
}

/* What is wrong is found by the kernel's own checks, and by the end. */
static int move(const char *drive, unsigned state)
{
    static uint8_t buffer[1024];

    for (int round = 0; round < ROUNDS; round++) {
        const char *place = any(&state);
        intptr_t result = 0;

        switch (next_random(&state) % 8) {
        case 0:
        case 1:
        case 2: result = syscall_rename(place, any(&state)); break;
        case 3: result = syscall_make_directory(place); break;
        case 4:
            result = syscall_open_file(place, OPEN_READ | OPEN_WRITE | OPEN_CREATE);
            if (result >= 0) {
                syscall_write_file((int)result, buffer, next_random(&state) % sizeof(buffer));
                file_close((int)result);
            }
            break;
        case 5: result = syscall_remove(place, next_random(&state) % 2); break;
        case 6:
            result = syscall_open_file(place, OPEN_READ | OPEN_DIRECTORY);
            if (result >= 0) {
                syscall_list_directory((int)result, buffer, sizeof(buffer));
                file_close((int)result);
            }
            break;
        default:
            buffer[0] = '\0';
            result = wander(place, (char *)buffer, sizeof(buffer));
            if (syscall_change_folder(drive) < 0) {
                return STATUS_SUCCEEDED;
            }
        }
        if (result == -ECORRUPT || result == -EIO) {
            printf("in %s: %ld\n", place, (long)result);
            return STATUS_SUCCEEDED;
        }
        if (round % 64 == 63 && syscall_sync_file(-1) < 0) {
            return STATUS_SUCCEEDED;
        }
    }
    return 0;
}

/* Folders moved into folders lie deeper than any of the places. 0, or what could not be removed. */
static int empty_folder(void)
{
    static uint64_t buffer[512 / sizeof(uint64_t)];
    intptr_t result, used;

    for (;;) {
        intptr_t file = syscall_open_file(".", OPEN_READ | OPEN_DIRECTORY);
        const struct directory_record *record = (const struct directory_record *)buffer;

        used = file < 0 ? file : syscall_list_directory((int)file, buffer, sizeof(buffer));
        file_close((int)file);
        if (used <= 0) {
            return (int)used;
        }
        static char name[256];

        string_copy(name, record->name, sizeof(name));
        result = syscall_remove(name, REMOVE_FILE);
        if (result == -EISDIR) {
            result = syscall_remove(name, REMOVE_DIRECTORY);
        }
        if (result == -ENOTEMPTY) {
            result = syscall_change_folder(name) < 0 ? -EIO : empty_folder();
            result = result < 0 || syscall_change_folder("..") < 0 ? -EIO : 0;
        }
        if (result < 0) {
            printf("%s: %ld\n", name, (long)result);
            return (int)result;
        }
    }
}

/* In a folder of its own on that drive. */
static int attack(const char *drive)
{
    int result = 0, status;

    result |= syscall_make_directory(drive) < 0;
    for (unsigned i = 0; i < MOVERS; i++) {
        intptr_t pid = syscall_fork();

        if (pid == 0) {
            syscall_exit_status(syscall_change_folder(drive) < 0 || move(drive, i));
        }
        result |= pid < 0;
    }
    for (unsigned i = 0; i < MOVERS; i++) {
        result |= process_wait(WAIT_ANY, &status) < 0 || status != 0;
    }
    result |= syscall_change_folder(drive) < 0 || empty_folder() < 0;
    result |= syscall_change_folder("0:/") < 0 || syscall_remove(drive, REMOVE_DIRECTORY) < 0;
    if (result) {
        printf("movers in %s\n", drive);
    }
    return result | (syscall_sync_file(-1) < 0);
}

int main(void)
{
    return attack("0:/moved") || attack("/tmp/moved") ? STATUS_SUCCEEDED : 0;
}
