/*
 * ls - lists folders. It shows that a folder is opened like a file, and read entry by entry.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                                                                         \
    "Usage: ls [-l] [PATH ...]\n"                                                     \
    "Names and sizes in bytes of what is in a folder (without PATH: in the working\n" \
    "folder), or of a file. -l: also when each was written.\n"

#define DRIVES 11

struct totals {
    unsigned files, folders;
    uint64_t bytes;
};

static bool with_times;

/* ---------------------------------------------------------------- times */

#define DAY_MINUTES 1440

static bool is_leap_year(uint32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint32_t days_of_month(uint32_t month, uint32_t year)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month] + (month == 1 && is_leap_year(year));
}

/* Seconds since 1970-01-01 as a date; 0: unknown. */
static void show_time(int64_t seconds)
{
    uint32_t minutes = (uint32_t)(seconds >> 2) / 15; /* a quotient of 32 bits, for centuries */
    uint32_t days = minutes / DAY_MINUTES, year = 1970, month = 0;

    if (seconds <= 0) {
        printf("%16s ", "");
        return;
    }
    for (; days >= 365u + is_leap_year(year); year++) {
        days -= 365u + is_leap_year(year);
    }
    for (; days >= days_of_month(month, year); month++) {
        days -= days_of_month(month, year);
    }
    minutes %= DAY_MINUTES;
    printf("%04u-%02u-%02u %02u:%02u ", year, month + 1, days + 1, minutes / 60, minutes % 60);
}

/* ---------------------------------------------------------------- entries */

static void show(const char *name, bool is_folder, uint64_t size, int64_t modified,
                 struct totals *totals)
{
    if (is_folder) {
        printf("%12s ", "folder");
        totals->folders++;
    } else {
        printf("%12llu ", (unsigned long long)size);
        totals->files++;
        totals->bytes += size;
    }
    if (with_times) {
        show_time(modified);
    }
    printf("%s%s\n", name, is_folder ? "/" : "");
}

static void show_count(uint64_t count, const char *what)
{
    printf("%llu %s%s", (unsigned long long)count, what, count == 1 ? "" : "s");
}

/* Are they the same folder? */
static bool is_same(const char *path, const char *other)
{
    struct file_details one, two;

    return syscall_stat_file(-1, path, &one) == 0 && syscall_stat_file(-1, other, &two) == 0 &&
           one.drive == two.drive && one.number == two.number;
}

/* Drives that have a name in the root, and no entry there. */
static void show_drives(struct totals *totals)
{
    struct volume_details volume;

    for (uint32_t drive = 0; drive < DRIVES; drive++) {
        if (syscall_volumes(drive, &volume) == 0 && volume.place[0] == '/' && volume.place[1]) {
            show(volume.place + 1, true, 0, 0, totals);
        }
    }
}

static int list_folder(const char *path)
{
    struct totals totals = {0, 0, 0};
    struct tool_folder folder;

    if (tool_folder_begin(&folder, path)) {
        const struct directory_record *entry;

        while ((entry = tool_folder_next(&folder)) != NULL) {
            show(entry->name, entry->kind == FILE_IS_DIRECTORY, entry->size, entry->modified,
                 &totals);
        }
        if (is_same(path, "/")) {
            show_drives(&totals);
        }
        show_count(totals.files, "file");
        printf(", ");
        show_count(totals.folders, "folder");
        printf(", ");
        show_count(totals.bytes, "byte");
        putchar('\n');
    }
    tool_folder_end(&folder);
    return folder.status;
}

static int list(const char *path)
{
    struct file_details details;
    struct totals totals = {0, 0, 0};
    int result = (int)syscall_stat_file(-1, path, &details);

    if (result == OK && details.kind == FILE_IS_DIRECTORY) {
        result = list_folder(path);
    } else if (result == OK) {
        show(path, false, details.size, details.modified, &totals);
    }
    return result < 0 ? tool_error("ls", path, "listed", result) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int status = EXIT_SUCCESS, first = 1;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc > 1 && strcmp(argv[1], "-l") == 0) {
        with_times = true;
        first++;
    } else if (argc > 1 && argv[1][0] == '-' && argv[1][1]) {
        return tool_usage(USAGE);
    }
    if (argc == first) {
        return list(".");
    }
    for (int i = first; i < argc; i++) {
        if (argc > first + 1 && tool_is_folder(argv[i])) {
            printf("%s:\n", argv[i]);
        }
        if (list(argv[i]) != EXIT_SUCCESS) {
            status = EXIT_FAILURE;
        }
    }
    return status;
}
