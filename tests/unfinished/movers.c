/*
 * movers.c - several move files and folders into each other's folders, remove and make them, list
 * them, and ask for their own place meanwhile; one syncs all the time. In the end all of it can be
 * removed. On the disk and in memory.
 * Verdict: status 0
 */
#include <stdio.h>

#include "attack.h"

#define MOVERS 4
#define ROUNDS 300

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

/* What is wrong is found by the kernel's own checks, and by the end. */
static int move(unsigned state)
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
            if (syscall_change_folder(place) == 0) {
                result = syscall_get_folder((char *)buffer, sizeof(buffer));
                syscall_change_folder("..");
                syscall_change_folder("..");
                while (syscall_change_folder("..") == 0 &&
                       syscall_get_folder((char *)buffer, sizeof(buffer)) == 0 &&
                       strcmp((char *)buffer, "/") != 0) {
                }
                return MOVERS; /* it goes on from its place */
            }
        }
        if (result == -ECORRUPT || result == -EIO) {
            return STATUS_SUCCEEDED;
        }
    }
    return 0;
}

static int mover(const char *drive, unsigned state)
{
    for (int turn = 0; turn < 10; turn++, state += 77) {
        if (syscall_change_folder(drive) < 0) {
            return STATUS_SUCCEEDED;
        }
        int result = move(state);

        if (result == STATUS_SUCCEEDED) {
            return result;
        }
        if (state % 3 == 0 && syscall_sync_file(-1) < 0) {
            return STATUS_SUCCEEDED;
        }
    }
    return 0;
}

static int attack(const char *drive)
{
    int result = 0, status;

    for (unsigned i = 0; i < MOVERS; i++) {
        intptr_t pid = syscall_fork();

        if (pid == 0) {
            syscall_exit_status(mover(drive, i));
        }
        result |= pid < 0;
    }
    for (unsigned i = 0; i < MOVERS; i++) {
        result |= process_wait(WAIT_ANY, &status) < 0 || status != 0;
    }
    result |= syscall_change_folder(drive) < 0;
    for (int round = 0; round < 3; round++) {
        for (size_t i = COUNT_OF(places); i-- > 0;) {
            syscall_remove(places[i], REMOVE_FILE);
            syscall_remove(places[i], REMOVE_DIRECTORY);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        struct file_details details;

        result |= syscall_stat_file(0, places[i], &details) != -ENOENT;
    }
    return result | (syscall_change_folder("0:/") < 0) | (syscall_sync_file(-1) < 0);
}

int main(void)
{
    return attack("0:/") || attack("/tmp") ? STATUS_SUCCEEDED : 0;
}
