/*
 * tests/newlib/users.c - what the SDK has of POSIX for systems with users, rights and links, of
 * which Drupe has one, one and none; paths from an open folder; the times of files; randomness.
 *
 * Files: data.txt is the ten digits and a line break.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utime.h>

#include "check.h"

static mode_t mode_of(const char *path)
{
    struct stat out;

    return stat(path, &out) == 0 ? out.st_mode : 0;
}

static void test_rights(void)
{
    int file = open("/tmp/rights", O_RDWR | O_CREAT, 0666), pipes[2];

    CHECK(file >= 0 && mode_of("/tmp/rights") & S_IWUSR);
    CHECK(chmod("/tmp/rights", 0444) == 0 && !(mode_of("/tmp/rights") & S_IWUSR));
    CHECK_ERROR(open("/tmp/rights", O_RDWR), -1, EROFS);
    CHECK_ERROR(access("/tmp/rights", W_OK), -1, EROFS);
    CHECK(access("/tmp/rights", R_OK) == 0 && write(file, "abc", 3) == 3);
    CHECK(fchmod(file, 0644) == 0 && mode_of("/tmp/rights") & S_IWUSR);
    CHECK(fchmodat(AT_FDCWD, "/tmp/rights", 0400, 0) == 0);
    CHECK_ERROR(unlink("/tmp/rights"), -1, EROFS);
    CHECK(chmod("/tmp/rights", 0200) == 0);
    CHECK_ERROR(chmod("/tmp/nobody", 0644), -1, ENOENT);
    CHECK_ERROR(fchmod(17, 0644), -1, EBADF);
    CHECK(pipe(pipes) == 0);
    CHECK_ERROR(fchmod(pipes[0], 0644), -1, EINVAL);
    CHECK(close(pipes[0]) == 0 && close(pipes[1]) == 0);
    CHECK(close(file) == 0 && unlink("/tmp/rights") == 0);
}

static void test_owners(void)
{
    CHECK(chown("data.txt", 0, 0) == 0 && lchown("data.txt", (uid_t)-1, (gid_t)-1) == 0);
    CHECK_ERROR(chown("data.txt", 1, 0), -1, EPERM);
    CHECK_ERROR(chown("data.txt", 0, 1), -1, EPERM);
    CHECK_ERROR(chown("nobody", 0, 0), -1, ENOENT);
    CHECK(fchown(0, 0, 0) == 0);
    CHECK_ERROR(fchown(17, 0, 0), -1, EBADF);
    CHECK(fchownat(AT_FDCWD, "data.txt", 0, 0, 0) == 0);
}

static void test_users(void)
{
    struct passwd room, *found;
    struct group group_room, *group;
    char text[32];

    CHECK(getuid() == 0 && setuid(0) == 0 && seteuid(0) == 0 && setreuid((uid_t)-1, 0) == 0);
    CHECK_ERROR(setuid(1), -1, EPERM);
    CHECK_ERROR(setregid(0, 1), -1, EPERM);
    CHECK(getgroups(0, NULL) == 0);
    CHECK_ERROR(getgroups(-1, NULL), -1, EINVAL);
    found = getpwuid(0);
    CHECK(found && strcmp(found->pw_name, "root") == 0 && strcmp(found->pw_dir, "/") == 0);
    CHECK(getpwnam("root") == found && !getpwnam("nobody") && !getpwuid(1));
    CHECK(getpwnam_r("root", &room, text, sizeof(text), &found) == 0 && found == &room);
    CHECK(getpwuid_r(1, &room, text, sizeof(text), &found) == 0 && !found);
    setpwent();
    CHECK(getpwent() && !getpwent());
    setpwent();
    CHECK(getpwent());
    endpwent();
    group = getgrgid(0);
    CHECK(group && strcmp(group->gr_mem[0], "root") == 0 && !group->gr_mem[1]);
    CHECK(getgrnam("root") == group && !getgrnam("nobody"));
    CHECK(getgrnam_r("root", &group_room, text, sizeof(text), &group) == 0 && group == &group_room);
    setgrent();
    CHECK(getgrent() && !getgrent());
    endgrent();
    CHECK(strcmp(getlogin(), "root") == 0);
}

static void test_links(void)
{
    char text[8];

    CHECK_ERROR(link("data.txt", "other"), -1, ENOSYS);
    CHECK_ERROR(symlink("data.txt", "/tmp/other"), -1, EPERM);
    CHECK_ERROR(symlink("data.txt", "data.txt"), -1, EEXIST);
    CHECK_ERROR(readlink("data.txt", text, sizeof(text)), -1, EINVAL);
    CHECK_ERROR(readlink("nobody", text, sizeof(text)), -1, ENOENT);
}

static void test_folders(void)
{
    char path[100], back[4] = "";
    struct stat out;
    int folder, file;

    CHECK(mkdir("/tmp/at", 0777) == 0);
    folder = open("/tmp/at", O_RDONLY | O_DIRECTORY);
    file = openat(folder, "one", O_RDWR | O_CREAT, 0666);
    CHECK(file >= 0 && write(file, "abc", 3) == 3 && close(file) == 0);
    CHECK(fstatat(folder, "one", &out, 0) == 0 && out.st_size == 3);
    CHECK(fstatat(folder, "", &out, AT_EMPTY_PATH) == 0 && S_ISDIR(out.st_mode));
    CHECK_ERROR(fstatat(folder, "", &out, 0), -1, ENOENT);
    CHECK(faccessat(folder, "one", R_OK, 0) == 0);
    CHECK(mkdirat(folder, "inner", 0777) == 0);
    CHECK(renameat(folder, "one", folder, "inner/two") == 0);
    CHECK_ERROR(openat(folder, "one", O_RDONLY), -1, ENOENT);
    file = openat(folder, "inner/two", O_RDONLY);
    CHECK(read(file, back, 3) == 3 && strcmp(back, "abc") == 0 && close(file) == 0);
    /* The folder is found under its new name. */
    CHECK(rename("/tmp/at", "/tmp/moved") == 0);
    CHECK(fchdir(folder) == 0 && strcmp(getcwd(path, sizeof(path)), "/tmp/moved") == 0);
    CHECK(openat(folder, "/data.txt", O_RDONLY) >= 0);
    CHECK_ERROR(unlinkat(folder, "inner", AT_REMOVEDIR), -1, ENOTEMPTY);
    CHECK(unlinkat(folder, "inner/two", 0) == 0);
    CHECK(unlinkat(folder, "inner", AT_REMOVEDIR) == 0);
    CHECK_ERROR(readlinkat(folder, "inner", path, sizeof(path)), -1, ENOENT);
    CHECK_ERROR(symlinkat("x", folder, "y"), -1, EPERM);
    CHECK(chdir("/") == 0 && rmdir("/tmp/moved") == 0);
    CHECK_ERROR(openat(folder, "one", O_RDONLY), -1, ENOENT);
    CHECK(close(folder) == 0);
    CHECK_ERROR(openat(folder, "one", O_RDONLY), -1, EBADF);
    file = open("data.txt", O_RDONLY);
    CHECK_ERROR(openat(file, "one", O_RDONLY), -1, ENOTDIR);
    CHECK_ERROR(fchdir(file), -1, ENOTDIR);
    CHECK(close(file) == 0);
}

static void test_times(void)
{
    struct timespec times[2] = {{1000000000, 0}, {1100000000, 0}};
    struct timeval old[2] = {{1200000000, 0}, {1300000000, 0}};
    struct utimbuf both = {.actime = 1400000000, .modtime = 1500000000};
    struct stat out;
    int file = open("/tmp/times", O_RDWR | O_CREAT, 0666);

    CHECK(futimens(file, times) == 0 && fstat(file, &out) == 0);
    CHECK(out.st_atime == 1000000000 && out.st_mtime == 1100000000);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec++;
    CHECK(utimensat(AT_FDCWD, "/tmp/times", times, 0) == 0 && fstat(file, &out) == 0);
    CHECK(out.st_atime == 1000000000 && out.st_mtime == 1100000001);
    times[1].tv_nsec = UTIME_NOW;
    CHECK(futimens(file, times) == 0 && fstat(file, &out) == 0 && out.st_mtime > 1500000000);
    CHECK(out.st_atime == 1000000000);
    times[1].tv_nsec = 1000000000;
    CHECK_ERROR(futimens(file, times), -1, EINVAL);
    CHECK(futimes(file, old) == 0 && fstat(file, &out) == 0 && out.st_mtime == 1300000000);
    CHECK(utime("/tmp/times", &both) == 0 && stat("/tmp/times", &out) == 0);
    CHECK(out.st_atime == 1400000000 && out.st_mtime == 1500000000);
    CHECK(utimes("/tmp/times", NULL) == 0 && stat("/tmp/times", &out) == 0);
    CHECK(out.st_mtime > 1500000000);
    CHECK_ERROR(futimens(17, NULL), -1, EBADF);
    CHECK_ERROR(utime("/tmp/nobody", NULL), -1, ENOENT);
    CHECK(close(file) == 0 && unlink("/tmp/times") == 0);
}

static void test_machine(void)
{
    struct utsname name;
    char text[16];

    CHECK(uname(&name) == 0 && strcmp(name.sysname, "Drupe") == 0);
    CHECK(strcmp(name.machine, sizeof(void *) == 8 ? "x86_64" : "i686") == 0);
    CHECK(gethostname(text, sizeof(text)) == 0 && strcmp(text, name.nodename) == 0);
    CHECK_ERROR(gethostname(text, 2), -1, ENAMETOOLONG);
}

static void test_randomness(void)
{
    static unsigned char bytes[1000], zeros[1000];
    unsigned counts[3] = {0};

    CHECK(getentropy(bytes, 256) == 0 && memcmp(bytes, zeros, 256) != 0);
    CHECK_ERROR(getentropy(bytes, 257), -1, EIO);
    arc4random_buf(bytes, sizeof(bytes));
    CHECK(memcmp(bytes + 900, zeros, 100) != 0);
    for (int i = 0; i < 300; i++) {
        counts[arc4random_uniform(3)]++;
    }
    CHECK(counts[0] > 30 && counts[1] > 30 && counts[2] > 30);
    CHECK(arc4random_uniform(1) == 0 && arc4random_uniform(0) == 0);
    CHECK(arc4random() != arc4random() || arc4random() != arc4random());
}

static void run(const char *name, void (*test)(void))
{
    run_test("users", name, test);
}

int main(void)
{
    run("rights", test_rights);
    run("owners", test_owners);
    run("users", test_users);
    run("links", test_links);
    run("paths from a folder", test_folders);
    run("times", test_times);
    run("the machine", test_machine);
    run("randomness", test_randomness);
    return all_failures != 0;
}
