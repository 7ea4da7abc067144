/*
 * ls - lists folders. It shows that a folder is opened like a file, and read entry by entry.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "0:/"
#define USAGE                \
    "Usage: ls [PATH ...]\n" \
    "Names and sizes in bytes of what is in a folder (without PATH: 0:/), or of a\nfile.\n"

struct totals {
    unsigned files, folders;
    uint64_t bytes; /* two files can have more than 32 bits tell */
};

static void show(const char *name, const struct file_stat *stat, struct totals *totals)
{
    if (stat->is_directory) {
        printf("%12s %s/\n", "folder", name);
        totals->folders++;
    } else {
        printf("%12u %s\n", stat->size, name);
        totals->files++;
        totals->bytes += stat->size;
    }
}

static void show_count(uint64_t count, const char *what)
{
    printf("%llu %s%s", (unsigned long long)count, what, count == 1 ? "" : "s");
}

static int list_folder(int folder)
{
    struct directory_entry entry;
    struct totals totals = {0, 0, 0};
    int result;

    while ((result = file_read_directory(folder, &entry)) == 1) {
        show(entry.name, &entry.stat, &totals);
    }
    show_count(totals.files, "file");
    printf(", ");
    show_count(totals.folders, "folder");
    printf(", ");
    show_count(totals.bytes, "byte");
    putchar('\n');
    return result;
}

static int list(const char *path)
{
    struct file_stat stat;
    struct totals totals = {0, 0, 0};
    int file = file_open(path);
    int result = file;

    if (file >= 0) {
        result = file_descriptor_stat(file, &stat);
        if (result == OK && stat.is_directory) {
            result = list_folder(file);
        } else if (result == OK) {
            show(path, &stat, &totals);
        }
        file_close(file);
    }
    if (result < 0) {
        printf("ls: '%s' cannot be listed: %s.\n", path, error_text(result));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int status = EXIT_SUCCESS;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc < 2) {
        return list(ROOT);
    }
    for (int i = 1; i < argc; i++) {
        const char *path = strcmp(argv[i], "/") == 0 ? ROOT : argv[i];
        if (argc > 2) {
            printf("%s:\n", path);
        }
        if (list(path) != EXIT_SUCCESS) {
            status = EXIT_FAILURE;
        }
    }
    return status;
}
