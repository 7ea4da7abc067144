/*
 * names.c - names of 255 letters and of 256, of one byte and of three each; paths of 1,023 bytes
 * and of 1,024, bytes that are no UTF-8 and characters that no name has, names of devices; folders
 * below themselves, also by ".." and over other names; the roots of drives; everything that has no
 * name any more. On the disk and in memory.
 * Verdict: status 0
 */
#include <stdio.h>

#include "expect.h"

#define PATH_BYTES 1024

/* "DRIVE" + a name of that many times `letter`. */
static char *long_path(const char *drive, size_t count, const char *letter)
{
    static char path[PATH_BYTES + 64];
    size_t at = strlen(drive);

    memcpy(path, drive, at);
    for (; count > 0; count--) {
        for (const char *c = letter; *c; c++) {
            path[at++] = *c;
        }
    }
    path[at] = '\0';
    return path;
}

static intptr_t create(const char *path)
{
    intptr_t file = syscall_open_file(path, OPEN_WRITE | OPEN_CREATE);

    if (file >= 0) {
        file_close((int)file);
    }
    return file < 0 ? file : 0;
}

static void lengths(const char *drive)
{
    static const char *const letters[] = {"n", "\xE6\xBC\xA2", "\xC3\xBC"};

    for (size_t i = 0; i < COUNT_OF(letters); i++) {
        expect("255 letters", create(long_path(drive, NAME_UNITS_MAX, letters[i])), 0);
        expect("255 go", syscall_remove(long_path(drive, NAME_UNITS_MAX, letters[i]), 0), 0);
        expect("256", create(long_path(drive, NAME_UNITS_MAX + 1, letters[i])), -EBADPATH);
        expect("a folder", syscall_make_directory(long_path(drive, NAME_UNITS_MAX + 1, letters[i])),
               -EBADPATH);
    }
    /* Each of these takes two units. */
    expect("127 of four bytes", create(long_path(drive, 127, "\xF0\x9F\x98\x80")), 0);
    expect("127 go", syscall_remove(long_path(drive, 127, "\xF0\x9F\x98\x80"), 0), 0);
    expect("128 of four bytes", create(long_path(drive, 128, "\xF0\x9F\x98\x80")), -EBADPATH);
    expect("a path that is just not too long",
           syscall_open_file(long_path(drive, PATH_BYTES - 1 - strlen(drive), "/"), OPEN_WRITE),
           -EISDIR);
    expect("a path that is too long",
           syscall_open_file(long_path(drive, PATH_BYTES - strlen(drive), "/"), OPEN_WRITE),
           -EBADPATH);
}

/* Whatever is accepted is listed as it was written, and can be removed. */
static void bytes(const char *drive)
{
    static const char *const wild[] = {
        "\xFF",
        "\x80",
        "\xC3",
        "\xC0\xAF",
        "\xE0\x80\xAF",
        "\xED\xA0\x80",
        "\xF4\x90\x80\x80",
        "\xF0\x9F\x98\x80",
        "\xEF\xBF\xBF",
        "a\xC3(",
        "\x01",
        "\x1B[2J",
        "\x7F",
        " ",
        ".. ",
        "...",
        "a:b",
        "*?\"<>|",
        "con",
        "LPT1.c",
        "a\\b",
        "\342\200\256txt.exe",
    };

    for (size_t i = 0; i < COUNT_OF(wild); i++) {
        static char path[64], other[64];

        snprintf(path, sizeof(path), "%s%s", drive, wild[i]);
        snprintf(other, sizeof(other), "%sgood", drive);
        intptr_t result = create(path);

        if (result == 0) {
            expect(path, syscall_remove(path, REMOVE_FILE), 0);
        } else if (result != -EBADPATH && result != -EDEVICENAME) {
            expect(path, result, -EBADPATH);
        }
        expect("good", create(other), 0);
        expect("a rename as a creation", syscall_rename(other, path), result);
        expect("it goes", syscall_remove(result == 0 ? path : other, REMOVE_FILE), 0);
    }
}

static void folders(const char *drive)
{
    static const char *const inside[] = {"f/g/x", "f/x", "f/../f/g/x", "f/g/../x", "./f/g/./x"};

    expect("the drive", syscall_change_folder(drive), 0);
    expect("f", syscall_make_directory("f"), 0);
    expect("g", syscall_make_directory("f/g"), 0);
    for (size_t i = 0; i < COUNT_OF(inside); i++) {
        expect(inside[i], syscall_rename("f", inside[i]), -EINVARG);
    }
    expect("over its child", syscall_rename("f", "f/g"), -EINVARG);
    expect("over its folder", syscall_rename("f/g", "f"), -ENOTEMPTY);
    expect("to itself", syscall_rename("f", "f"), 0);
    expect("to itself", syscall_rename("f", "./f/"), 0);
    expect("one in use", syscall_change_folder("f/g"), 0);
    expect("its folder is moved", syscall_rename("../../f", "../../h"), 0);
    expect("it is removed", syscall_remove("../g", REMOVE_DIRECTORY), 0);
    expect("nothing is made in it", syscall_make_directory("x"), -ENOENT);
    expect("nor put there", syscall_rename("../../h", "x"), -ENOENT);
    expect("nor opened", create("x"), -ENOENT);
    expect("it has no path", syscall_get_folder(long_path("", 0, ""), 100), -ENOENT);
    expect("its folder goes", syscall_remove("../../h", REMOVE_DIRECTORY), 0);
    expect("back", syscall_change_folder(drive), 0);
    for (const char *const *root = (const char *const[]){"/", "/tmp", "/dev", ".", "..", NULL};
         *root; root++) {
        intptr_t result = syscall_remove(*root, REMOVE_DIRECTORY);

        expect("a root", syscall_is_error(result), 1);
        expect("a root", syscall_is_error(syscall_rename(*root, "x")), 1);
        expect("a root", syscall_is_error(syscall_rename("0:/init.elf", *root)), 1);
    }
    expect("home", syscall_change_folder("0:/"), 0);
}

/* Where other drives begin, drive 0 gets no name by which a file could be hidden; what it has of
 * such a name has a path of its own. */
static void places(void)
{
    static const char *const roots[] = {"/tmp", "/dev", "/tmp/", "//tmp", "/./dev", "tmp", "dev"};
    char folder[16];

    expect("a file", create("0:/hidden"), 0);
    for (size_t i = 0; i < COUNT_OF(roots); i++) {
        expect("made", syscall_make_directory(roots[i]), -EEXISTS);
        expect("removed", syscall_remove(roots[i], REMOVE_DIRECTORY), -EINUSE);
        expect("moved", syscall_rename(roots[i], "0:/other"), -EINUSE);
        expect("covered", syscall_rename("0:/hidden", roots[i]), -EINUSE);
    }
    expect("it has its name", syscall_remove("0:/hidden", REMOVE_FILE), 0);
    expect("one of drive 0", syscall_make_directory("0:/tmp"), 0);
    expect("with a file", create("0:/tmp/file"), 0);
    expect("which is elsewhere", syscall_open_file("/tmp/file", OPEN_READ), -ENOENT);
    expect("in it", syscall_change_folder("0:/tmp"), 0);
    expect("its path", syscall_get_folder(folder, sizeof(folder)), 0);
    expect("leads to it", strcmp(folder, "0:/tmp"), 0);
    expect("back", syscall_change_folder("0:/"), 0);
    expect("the file goes", syscall_remove("0:/tmp/file", REMOVE_FILE), 0);
    expect("it goes", syscall_remove("0:/tmp", REMOVE_DIRECTORY), 0);
}

int main(void)
{
    static const char *const drives[] = {"0:/", "/tmp/"};

    for (size_t i = 0; i < COUNT_OF(drives); i++) {
        lengths(drives[i]);
        bytes(drives[i]);
        folders(drives[i]);
    }
    places();
    expect("sync", syscall_sync_file(-1), 0);
    return expected_status();
}
