/*
 * writer.c - makes, writes, renames, cuts and removes files, syncs them, and takes whatever it
 * gets; as spawner.c. tests/kernel/test_failing.c lets the disk fail meanwhile.
 *
 * Status: 0 when every call gave what it asked for: then "w/file" has the contents that
 * written_file.h describes, on the disk. 1 when one gave -EIO or -ENOMEM; what comes after that may
 * be anything. 2 when the first error was another.
 */
#include <drupe.h>
#include <string.h>

#include "written_file.h"

static int status;

static intptr_t judge(intptr_t result)
{
    if (result < 0 && status == 0) {
        status = result == -EIO || result == -ENOMEM ? 1 : 2;
    }
    return result;
}

static void write_new(void)
{
    static uint8_t bytes[WRITTEN_BYTES + 1000];
    int file = (int)judge(syscall_open_file("w/new", OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE));

    for (uint32_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = written_byte(i);
    }
    memset(bytes + CHANGED_START, 0, CHANGED_BYTES);
    judge(syscall_write_file(file, bytes, sizeof(bytes)));
    judge(syscall_sync_file(file));
    judge(file_close(file));
    judge(syscall_rename("w/new", "w/file"));
}

static void change(void)
{
    uint8_t bytes[CHANGED_BYTES];
    const struct file_transfer changed = {
        .position = CHANGED_START, .buffer = (uintptr_t)bytes, .length = sizeof(bytes)};
    const uint64_t size = WRITTEN_BYTES;
    int file = (int)judge(syscall_open_file("w/file", OPEN_READ | OPEN_WRITE));

    for (uint32_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = written_byte(CHANGED_START + i);
    }
    judge(syscall_write_at(file, &changed));
    judge(syscall_resize_file(file, &size));
    judge(syscall_sync_file(file));
    judge(file_close(file));
}

/* Its contents are nobody's when they would be written; its name, and what is freed, are. */
static void append_and_remove(void)
{
    int file = (int)judge(syscall_open_file("w/log", OPEN_WRITE | OPEN_APPEND | OPEN_CREATE));

    judge(syscall_write_file(file, "line\n", 5));
    judge(syscall_sync_file(-1));
    judge(syscall_write_file(file, "line\n", 5));
    judge(syscall_remove("w/log", REMOVE_FILE));
    judge(file_close(file));
}

int main(void)
{
    intptr_t made = syscall_make_directory("w");

    judge(made == -EEXISTS ? 0 : made);
    write_new();
    change();
    append_and_remove();
    judge(syscall_sync_file(-1));
    return status;
}
