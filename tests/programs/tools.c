/*
 * tools.c - the programs that work on files, on drive 1: each is started with its output in a file,
 * which must then be what it should. Run alone, as init.
 *
 * Expect: status 0
 * Says: tools: all is well
 * Files: LICENSE bin/programs/cp.elf bin/programs/mv.elf bin/programs/rm.elf bin/programs/mkdir.elf
 * Files: bin/programs/rmdir.elf bin/programs/touch.elf bin/programs/df.elf bin/programs/sync.elf
 * Files: bin/programs/mount.elf bin/programs/pwd.elf bin/programs/wc.elf bin/programs/head.elf
 * Files: bin/programs/tail.elf bin/programs/grep.elf bin/programs/sort.elf bin/programs/uniq.elf
 * Files: bin/programs/tee.elf bin/programs/hexdump.elf bin/programs/find.elf
 */
#include <drupe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#include "check.h"

#define OUT "/tmp/out"

static char text[8192];

static void put(const char *path, const char *contents)
{
    intptr_t file = syscall_open_file(path, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE);

    CHECK(file > 0);
    CHECK(syscall_write_file((int)file, contents, strlen(contents)) == (intptr_t)strlen(contents));
    CHECK(syscall_close((int)file) == 0);
}

static const char *contents(const char *path)
{
    intptr_t file = syscall_open(path);
    intptr_t length = file < 0 ? file : syscall_read((int)file, text, sizeof(text) - 1);

    if (file >= 0) {
        syscall_close((int)file);
    }
    text[length < 0 ? 0 : length] = '\0';
    return length < 0 ? "(none)" : text;
}

/* Descriptor `number` is that file for a moment; a copy of what it was comes back. */
static int redirect(int number, const char *path, uint32_t flags)
{
    int saved = (int)syscall_duplicate(number, 0, FILE_LOWEST);
    int file = (int)syscall_open_file(path, flags);

    CHECK(saved > 0 && file > 0);
    CHECK(syscall_duplicate(file, (uint32_t)number, 0) == number);
    CHECK(syscall_close(file) == 0);
    return saved;
}

static void restore(int number, int saved)
{
    CHECK(syscall_duplicate(saved, (uint32_t)number, 0) == number);
    CHECK(syscall_close(saved) == 0);
}

/* Runs the line; its output and its errors are in OUT, its input is /tmp/in. The status. */
static int run(const char *line)
{
    struct command_argument *list;
    int status = -1;
    int in = redirect(0, "/tmp/in", OPEN_READ | OPEN_WRITE | OPEN_CREATE);
    int out = redirect(1, OUT, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE);
    int errors = redirect(2, OUT, OPEN_WRITE | OPEN_APPEND);

    CHECK(command_split(line, &list) > 0);
    int pid = process_spawn(list, 0);

    command_free(list);
    if (pid > 0) {
        process_wait(pid, &status);
    }
    restore(0, in);
    restore(1, out);
    restore(2, errors);
    return pid < 0 ? pid : status;
}

#define CHECK_RUN(line, expected_status, expected_text)                                          \
    do {                                                                                         \
        int got = run(line);                                                                     \
        const char *shown = contents(OUT);                                                       \
                                                                                                 \
        if (got != (expected_status) || strcmp(shown, expected_text) != 0) {                     \
            printf("line %d: '%s' ended with %d and showed '%s'\n", __LINE__, line, got, shown); \
            check_failures++;                                                                    \
        }                                                                                        \
    } while (0)

static bool is_there(const char *path)
{
    struct file_details details;

    return syscall_stat_file(-1, path, &details) == 0;
}

/* A folder goes to the disk and comes back, with its times, as FAT keeps them. */
static void check_another_drive(void)
{
    struct file_details before, after;

    CHECK(syscall_stat_file(-1, "/tmp/k/copy", &before) == 0);
    CHECK_RUN("mv.elf /tmp/k /moved", 0, "");
    CHECK(!is_there("/tmp/k") && strcmp(contents("/moved/copy"), "hello\n") == 0);
    CHECK_RUN("mv.elf /moved/copy /tmp", 0, "");
    CHECK(syscall_stat_file(-1, "/tmp/copy", &after) == 0);
    CHECK(before.modified - after.modified >= 0 && before.modified - after.modified < 2000);
    CHECK_RUN("mv.elf /tmp/copy /moved", 0, "");
    CHECK_RUN("mv.elf /moved /tmp/k", 0, "");
    CHECK(!is_there("/moved") && is_there("/tmp/k/e/f"));
}

/* What cannot be is refused with the reason, and all stays as it was. */
static void check_refusals(void)
{
    CHECK_RUN("mv.elf /tmp/k /license", 1,
              "cp: '/license' cannot be made: that name is taken already.\n");
    CHECK(is_there("/tmp/k/copy"));
    CHECK_RUN("mv.elf /tmp/k /tmp/k/e", 1, "mv: '/tmp/k' cannot be moved into itself.\n");
    CHECK_RUN("mv.elf /tmp/k /tmp/k/e/new", 1, "mv: '/tmp/k' cannot be moved into itself.\n");
    CHECK_RUN("mv.elf /tmp/k /tmp/k", 1, "mv: '/tmp/k' cannot be moved into itself.\n");
    CHECK(is_there("/tmp/k/e/f"));
    CHECK_RUN("cp.elf /license /aux.txt", 1,
              "cp: '/aux.txt' cannot be written: Windows calls a device so, and could not open it "
              "(as con, nul, com1).\n");
    CHECK_RUN("mkdir.elf /Lpt1", 1,
              "mkdir: '/Lpt1' cannot be made: Windows calls a device so, and could not open it "
              "(as con, nul, com1).\n");
    CHECK_RUN("mv.elf /license /NUL", 1,
              "mv: '/license' cannot be moved: Windows calls a device so, and could not open it "
              "(as con, nul, com1).\n");
    CHECK(is_there("/license") && !is_there("/aux.txt") && !is_there("/lpt1"));
    CHECK_RUN("touch.elf /tmp/nul", 0, "");
    CHECK_RUN("rm.elf /tmp/nul", 0, "");
}

/* How often the root of drive 0 has an entry that is written exactly so. */
static int listed(const char *name)
{
    int count = 0;
    struct tool_folder folder;
    const struct directory_record *record;

    (void)tool_folder_begin(&folder, "/");
    while ((record = tool_folder_next(&folder)) != NULL) {
        count += strcmp(record->name, name) == 0;
    }
    tool_folder_end(&folder);
    CHECK(folder.status == 0);
    return count;
}

/* Where case makes no difference, a name can be given another one. */
static void check_spelling(void)
{
    put("/notes.txt", "notes");
    CHECK_RUN("mv.elf /notes.txt /Notes.Txt", 0, "");
    CHECK(listed("Notes.Txt") == 1 && listed("notes.txt") == 0);
    CHECK(strcmp(contents("/NOTES.TXT"), "notes") == 0);
    CHECK_RUN("mkdir.elf /folder /folder/in", 0, "");
    CHECK_RUN("mv.elf /folder /Folder", 0, "");
    CHECK(listed("Folder") == 1 && listed("folder") == 0 && is_there("/FOLDER/in"));
    CHECK_RUN("mv.elf /Folder /fOLDER/", 0, "");
    CHECK(listed("fOLDER") == 1 && listed("Folder") == 0 && is_there("/Folder/in"));
    CHECK_RUN("mv.elf /notes.txt /FOLDER", 0, "");
    CHECK_RUN("mv.elf /folder /FOLDER /folder", 1,
              "mv: '/folder' cannot be moved into itself.\n"
              "mv: '/FOLDER' cannot be moved into itself.\n");
    CHECK_RUN("rm.elf -r /folder", 0, "");
}

/* 255 characters of three bytes each: files and folders with the longest names. */
static void check_longest_names(void)
{
    static const char *const folders[] = {"/", "/tmp/"};

    for (size_t n = 0; n < sizeof(folders) / sizeof(folders[0]); n++) {
        static char name[NAME_BYTES_MAX + 3], path[1024], line[2100], wanted[2100];

        name[0] = '\0';
        for (int i = 0; i < NAME_UNITS_MAX; i++) {
            strcat(name, i % 2 ? "\xE5\xAD\x97" : "\xE6\xBC\xA2");
        }
        snprintf(path, sizeof(path), "%s%s", folders[n], name);
        put(path, "long");
        CHECK(strcmp(contents(path), "long") == 0);
        snprintf(line, sizeof(line), "find.elf %s -name %s*", folders[n], "\xE6\xBC\xA2");
        snprintf(wanted, sizeof(wanted), "%s%s\n", folders[n], name);
        CHECK_RUN(line, 0, wanted);
        snprintf(line, sizeof(line), "%sx", path);
        CHECK(syscall_open_file(line, OPEN_WRITE | OPEN_CREATE) == -EBADPATH);
        CHECK(syscall_remove(path, REMOVE_FILE) == 0);
        CHECK(syscall_make_directory(path) == 0 && syscall_change_folder(path) == 0);
        CHECK(syscall_get_folder(line, sizeof(line)) == 0 && strcmp(line, path) == 0);
        put("file", "in it");
        CHECK(syscall_change_folder("/") == 0);
        CHECK(syscall_rename(path, "short") == (n == 0 ? 0 : -EOTHERDRIVE));
        CHECK(syscall_rename("short", path) == (n == 0 ? 0 : -EOTHERDRIVE));
        snprintf(line, sizeof(line), "rm.elf -r %sparent", folders[n]);
        snprintf(wanted, sizeof(wanted), "%sparent", folders[n]);
        CHECK(syscall_make_directory(wanted) == 0);
        strcat(strcat(wanted, "/"), name);
        CHECK(syscall_rename(path, wanted) == 0 && is_there(wanted));
        CHECK_RUN(line, 0, "");
        CHECK(!is_there(wanted));
    }
}

static void check_names(void)
{
    CHECK_RUN("mkdir.elf /tmp/d", 0, "");
    CHECK_RUN("mkdir.elf /tmp/d", 1,
              "mkdir: '/tmp/d' cannot be made: that name is taken already.\n");
    CHECK_RUN("mkdir.elf -p /tmp/d/e/f/g", 0, "");
    CHECK_RUN("rmdir.elf /tmp/d/e", 1,
              "rmdir: '/tmp/d/e' cannot be removed: the folder is not empty.\n");
    CHECK_RUN("rmdir.elf /tmp/d/e/f/g", 0, "");
    CHECK_RUN("touch.elf /tmp/d/new", 0, "");
    CHECK(is_there("/tmp/d/new"));
    CHECK_RUN("touch.elf /tmp/d/new /dev/nobody", 1,
              "touch: '/dev/nobody' cannot be touched: there is no such device.\n");
    put("/tmp/d/new", "hello\n");
    CHECK_RUN("cp.elf /tmp/d/new /tmp/d/copy", 0, "");
    CHECK(strcmp(contents("/tmp/d/copy"), "hello\n") == 0);
    CHECK_RUN("cp.elf /tmp/d/new /tmp/d/new", 1, "cp: '/tmp/d/new' cannot be copied to itself.\n");
    CHECK(strcmp(contents("/tmp/d/new"), "hello\n") == 0);
    CHECK_RUN("cp.elf /tmp/d /tmp/k", 1,
              "cp: '/tmp/d' cannot be copied without -r: it is a folder.\n");
    CHECK_RUN("cp.elf -r /tmp/d /tmp/k", 0, "");
    CHECK(strcmp(contents("/tmp/k/copy"), "hello\n") == 0 && is_there("/tmp/k/e/f"));
    CHECK_RUN("cp.elf /license /tmp/d/new /tmp/k/e", 0, "");
    CHECK(is_there("/tmp/k/e/license") && is_there("/tmp/k/e/new"));
    CHECK_RUN("cp.elf -r /tmp/k /tmp/k/again", 1,
              "cp: '/tmp/k/again' cannot be copied into itself.\n");
    CHECK_RUN("rm.elf -r /tmp/k/again", 0, "");
    check_another_drive();
    check_refusals();
    CHECK_RUN("find.elf /tmp/k -type d", 0, "/tmp/k\n/tmp/k/e\n/tmp/k/e/f\n");
    CHECK_RUN("find.elf /tmp/k -name *e?", 0, "/tmp/k/e/new\n/tmp/k/new\n");
    CHECK_RUN("mv.elf /tmp/k/e /tmp/k/moved", 0, "");
    CHECK(is_there("/tmp/k/moved/new") && !is_there("/tmp/k/e"));
    CHECK_RUN("mv.elf /tmp/k/new /tmp/k/copy /tmp/k/moved", 0, "");
    CHECK(is_there("/tmp/k/moved/copy") && !is_there("/tmp/k/copy"));
    CHECK_RUN("rm.elf /tmp/k", 1, "rm: '/tmp/k' cannot be removed: it is a folder.\n");
    CHECK_RUN("rm.elf -r /tmp/k", 0, "");
    CHECK(!is_there("/tmp/k"));
    CHECK_RUN("rm.elf /tmp/k", 1, "rm: '/tmp/k' cannot be removed: no such file or folder.\n");
    CHECK_RUN("rm.elf -f /tmp/k", 0, "");
    CHECK_RUN("rm.elf -x", 2,
              "Usage: rm [-r] [-f] NAME ...\nRemoves files. -r: folders, too, with "
              "all that is in them. -f: it is fine if\nthey are not there.\n");
}

static void check_drives(void)
{
    CHECK_RUN("pwd.elf", 0, "/\n");
    CHECK(syscall_change_folder("/tmp/d") == 0);
    CHECK_RUN("/pwd.elf", 0, "/tmp/d\n");
    CHECK(syscall_change_folder("/") == 0);
    CHECK_RUN("sync.elf", 0, "");
    CHECK(run("mount.elf") == 0 && strstr(contents(OUT), "/tmp has RAM in memory") &&
          strstr(text, "/dev has devices in memory, to be read and written."));
    CHECK(run("df.elf") == 0 && strstr(contents(OUT), "/tmp"));
}

static void check_texts(void)
{
    put("/tmp/t", "pear 3\napple 20\n\nfig 100\napple 20");
    put("/tmp/in", "one\ntwo\n");
    CHECK_RUN("wc.elf /tmp/t", 0, "      4       8      33 /tmp/t\n");
    CHECK_RUN("wc.elf", 0, "      2       2       8\n");
    CHECK_RUN("head.elf -n 2 /tmp/t", 0, "pear 3\napple 20\n");
    CHECK_RUN("head.elf -n 0 /tmp/t", 0, "");
    CHECK_RUN("tail.elf -n 2 /tmp/t", 0, "fig 100\napple 20");
    CHECK_RUN("tail.elf -n 100 -", 0, "one\ntwo\n");
    CHECK_RUN("grep.elf -n APPLE /tmp/t", 1, "");
    CHECK_RUN("grep.elf -n -i APPLE /tmp/t", 0, "2:apple 20\n5:apple 20\n");
    CHECK_RUN("grep.elf -cv apple /tmp/t /tmp/in", 0, "/tmp/t:3\n/tmp/in:2\n");
    CHECK_RUN("grep.elf x /tmp/none", 2,
              "grep: '/tmp/none' cannot be read: no such file or folder.\n");
    CHECK_RUN("sort.elf /tmp/t", 0, "\napple 20\napple 20\nfig 100\npear 3\n");
    CHECK_RUN("sort.elf -r -u /tmp/t", 0, "pear 3\nfig 100\napple 20\n\n");
    put("/tmp/n", "10\n9\n-1\n100\n");
    CHECK_RUN("sort.elf -n /tmp/n", 0, "-1\n9\n10\n100\n");
    put("/tmp/n", "a\na\nb\na\n");
    CHECK_RUN("uniq.elf /tmp/n", 0, "a\nb\na\n");
    CHECK_RUN("uniq.elf -c /tmp/n", 0, "      2 a\n      1 b\n      1 a\n");
    CHECK_RUN("tee.elf /tmp/tee", 0, "one\ntwo\n");
    CHECK_RUN("tee.elf -a /tmp/tee", 0, "one\ntwo\n");
    CHECK(strcmp(contents("/tmp/tee"), "one\ntwo\none\ntwo\n") == 0);
    put("/tmp/n", "0123456789abcdefgh\n");
    CHECK_RUN("hexdump.elf /tmp/n", 0,
              "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef\n"
              "00000010  67 68 0a                                          gh.\n");
    CHECK_RUN("hexdump.elf /tmp", 1, "hexdump: '/tmp' cannot be read: it is a folder.\n");
}

int main(void)
{
    check_names();
    check_spelling();
    check_longest_names();
    check_drives();
    check_texts();
    if (check_status() == 0) {
        printf("tools: all is well\n");
    }
    return check_status();
}
