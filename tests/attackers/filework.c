/*
 * filework.c - all that files can be asked for which takes long: paths with a hundred folders in
 * them, deep folders, many names, on the disk and in memory; large files that are written, made
 * shorter, synced and removed. Without end.
 * Verdict: status 137
 */
#include "attack.h"

#define NAMES       400
#define DEPTH       60
#define LARGE_BYTES 0x180000

static uint8_t bytes[65536];

/* "base", then "a/../" as often as a path can have it. */
static const char *winding(const char *base)
{
    static char path[1024];
    size_t length = string_copy(path, base, sizeof(path));

    while (length + 6 < sizeof(path)) {
        memcpy(path + length, "a/../", 5);
        length += 5;
    }
    path[length] = '\0';
    return path;
}

static char *name_of(unsigned number)
{
    static char name[] = "a name of some length 000";

    for (size_t at = sizeof(name) - 2; at > sizeof(name) - 5; at--, number /= 10) {
        name[at] = (char)('0' + number % 10);
    }
    return name;
}

static void paths(void)
{
    struct file_details details;
    char folder[64];

    syscall_make_directory("a");
    for (int i = 0; i < 50; i++) {
        syscall_stat_file(0, winding(""), &details);
        syscall_stat_file(0, winding("/././././"), &details);
        syscall_rename(winding("a/"), winding("b/"));
    }
    for (int depth = 0; depth < DEPTH; depth++) {
        syscall_make_directory("deep");
        syscall_change_folder("deep");
    }
    syscall_get_folder(folder, sizeof(folder));
    for (int depth = 0; depth < DEPTH; depth++) {
        syscall_change_folder("..");
        syscall_remove("deep", REMOVE_DIRECTORY);
    }
}

static void names(void)
{
    for (unsigned i = 0; i < NAMES; i++) {
        file_close((int)syscall_open_file(name_of(i), OPEN_WRITE | OPEN_CREATE));
    }
    int file = (int)syscall_open_file(".", OPEN_READ | OPEN_DIRECTORY);

    while (syscall_list_directory(file, bytes, sizeof(bytes)) > 0) {
    }
    file_close(file);
    for (unsigned i = 0; i < NAMES; i++) {
        syscall_remove(name_of(i), REMOVE_FILE);
    }
}

static void contents(void)
{
    int file = (int)syscall_open_file("large", OPEN_READ | OPEN_WRITE | OPEN_CREATE);
    uint64_t sizes[] = {LARGE_BYTES, 100, LARGE_BYTES, 0};

    for (size_t written = 0; written < LARGE_BYTES; written += sizeof(bytes)) {
        syscall_write_file(file, bytes, sizeof(bytes));
    }
    syscall_sync_file(file);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        syscall_resize_file(file, &sizes[i]);
        syscall_sync_file(-1);
    }
    syscall_resize_file(file, &sizes[0]);
    syscall_remove("large", REMOVE_FILE);
    file_close(file);
}

int main(int argc, char **argv)
{
    static char folder[] = "0:/work";

    (void)argv;
    /* With a word: in memory, too, where it leaves what it has when it is killed. */
    if (argc > 1 && syscall_fork() == 0) {
        folder[0] = '1';
    }
    syscall_make_directory(folder);
    syscall_change_folder(folder);
    for (;;) {
        paths();
        names();
        if (folder[0] == '0') {
            contents();
        }
    }
}
