/*
 * tests/newlib/posix.c - what the SDK has of POSIX beyond C: folders, paths, patterns, time,
 * limits, other programs, and headers that newlib alone does not make work.
 *
 * Files: data.txt is the ten digits and a line break, dir/in.txt exists; ends.elf is
 * tests/newlib/ends.c. `posix.elf arguments a "b c"` checks that it was started so.
 */
#define _GNU_SOURCE /* pipe2, dup3 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <regex.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static void test_folders(void)
{
    DIR *root = opendir("/");
    struct dirent *entry, copy, *result;
    int count = 0, folders = 0, wanted = 0;
    long places[100] = {0};
    struct stat out;

    CHECK(root);
    while ((entry = readdir(root)) && count < 99) {
        places[count++] = telldir(root);
        CHECK(entry->d_type == DT_REG || entry->d_type == DT_DIR);
        CHECK(stat(entry->d_name, &out) == 0 && S_ISDIR(out.st_mode) == (entry->d_type == DT_DIR));
        folders += entry->d_type == DT_DIR;
        wanted += strcmp(entry->d_name, "data.txt") == 0 || strcmp(entry->d_name, "dir") == 0;
    }
    CHECK(count >= 4 && folders == 1 && wanted == 2);
    rewinddir(root);
    CHECK(telldir(root) == 0);
    for (int i = 0; i < count; i++) {
        CHECK(readdir_r(root, &copy, &result) == 0 && result == &copy);
        CHECK(telldir(root) == places[i]);
    }
    CHECK(readdir_r(root, &copy, &result) == 0 && !result);
    CHECK_ERROR(readdir(root), NULL, 0);
    seekdir(root, places[0]);
    CHECK(telldir(root) == places[0] && readdir(root) && telldir(root) == places[1]);
    CHECK(fstat(dirfd(root), &out) == 0 && S_ISDIR(out.st_mode));
    CHECK(closedir(root) == 0);

    CHECK_ERROR(opendir("nothing"), NULL, ENOENT);
    CHECK_ERROR(opendir("data.txt"), NULL, ENOTDIR);
    CHECK_ERROR(fdopendir(12), NULL, EBADF);
    for (int i = 0; i < 100; i++) { /* and closes what it has opened */
        CHECK_ERROR(opendir("data.txt"), NULL, ENOTDIR);
        CHECK(closedir(opendir("dir")) == 0);
    }

    struct dirent **list;
    int found = scandir("/", &list, NULL, alphasort);
    CHECK(found == count);
    for (int i = 0; i < found; i++) {
        CHECK(i == 0 || strcmp(list[i - 1]->d_name, list[i]->d_name) < 0);
        free(list[i]);
    }
    free(list);
}

static void test_paths(void)
{
    char found[PATH_MAX], path[100];
    struct stat out;

    CHECK(realpath("dir/in.txt", found) == found && strcmp(found, "/dir/in.txt") == 0);
    CHECK(realpath("/DIR//./In.txt", found) && strcmp(found, "/DIR/In.txt") == 0);
    CHECK(realpath("0:/dir/../dir/../data.txt", found) && strcmp(found, "/data.txt") == 0);
    CHECK(realpath("/..", found) && strcmp(found, "/") == 0);
    CHECK(realpath("dir/", found) && strcmp(found, "/dir") == 0);
    CHECK_ERROR(realpath("", found), NULL, ENOENT);
    CHECK_ERROR(realpath("nothing", found), NULL, ENOENT);
    CHECK_ERROR(realpath("nothing/..", found), NULL, ENOENT);
    CHECK_ERROR(realpath("data.txt/..", found), NULL, ENOTDIR);
    CHECK_ERROR(realpath("data.txt/", found), NULL, ENOTDIR);
    char *allocated = realpath("data.txt", NULL);
    CHECK(allocated && strcmp(allocated, "/data.txt") == 0);
    free(allocated);

    CHECK(strcmp(basename(strcpy(path, "0:/dir/in.txt")), "in.txt") == 0);
    CHECK(strcmp(dirname(strcpy(path, "/dir/in.txt")), "/dir") == 0);
    CHECK(lstat("data.txt", &out) == 0 && out.st_size == 11);
}

static void test_patterns(void)
{
    regex_t expression;
    regmatch_t match[3];
    char text[40];
    glob_t paths;

    CHECK(fnmatch("*.t?t", "data.txt", 0) == 0);
    CHECK(fnmatch("[a-c]*", "data.txt", 0) == FNM_NOMATCH);
    CHECK(fnmatch("*", "a/b", FNM_PATHNAME) == FNM_NOMATCH);

    CHECK(regcomp(&expression, "([a-z]+)=([0-9]{2,3})", REG_EXTENDED) == 0);
    CHECK(regexec(&expression, "x; size=128;", 3, match, 0) == 0);
    CHECK(match[0].rm_so == 3 && match[0].rm_eo == 11 && match[1].rm_eo == 7 &&
          match[2].rm_so == 8);
    CHECK(regexec(&expression, "size=1", 3, match, 0) == REG_NOMATCH);
    regfree(&expression);
    int error = regcomp(&expression, "(a", REG_EXTENDED);
    CHECK(error == REG_EPAREN && regerror(error, &expression, text, sizeof(text)) > 5);

    CHECK(glob("d*", 0, NULL, &paths) == 0 && paths.gl_pathc == 2);
    CHECK(strcmp(paths.gl_pathv[0], "data.txt") == 0 && strcmp(paths.gl_pathv[1], "dir") == 0);
    globfree(&paths);
    CHECK(glob("dir/*.{txt,no}", GLOB_BRACE, NULL, &paths) == 0 && paths.gl_pathc == 1 &&
          strcmp(paths.gl_pathv[0], "dir/in.txt") == 0);
    globfree(&paths);
}

static void test_lines(void)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen("/tmp/lines", "w+");

    CHECK(file && fputs("short\n", file) >= 0);
    for (int i = 0; i < 5000; i++) {
        fputc('x', file);
    }
    fputs("\nno end", file);
    rewind(file);
    CHECK(getline(&line, &size, file) == 6 && strcmp(line, "short\n") == 0);
    CHECK(getline(&line, &size, file) == 5001 && size > 5001);
    CHECK(getdelim(&line, &size, ' ', file) == 3 && strcmp(line, "no ") == 0);
    CHECK(getline(&line, &size, file) == 3);
    CHECK(getline(&line, &size, file) == -1 && feof(file));
    flockfile(file);
    CHECK(ftrylockfile(file) == 0);
    funlockfile(file);
    fclose(file);
    free(line);
}

static void test_descriptors(void)
{
    char text[4] = "";
    int file = open("data.txt", O_RDONLY), scratch = creat("/tmp/made", 0666);

    CHECK(pread(file, text, 3, 4) == 3 && strcmp(text, "456") == 0);
    CHECK(read(file, text, 1) == 1 && text[0] == '0');
    CHECK(pwrite(scratch, "abc", 3, 2) == 3 && lseek(scratch, 0, SEEK_CUR) == 0);
    CHECK(lseek(scratch, 0, SEEK_END) == 5);
    CHECK(fsync(file) == 0 && fdatasync(scratch) == 0);
    sync();
    CHECK_ERROR(fsync(1), -1, EINVAL);
    CHECK(fcntl(file, F_GETFL) == O_RDONLY && fcntl(scratch, F_GETFL) == O_WRONLY);
    CHECK(fcntl(1, F_GETFL) == O_RDWR);
    CHECK(fcntl(file, F_GETFD) == 0 && fcntl(file, F_SETFD, FD_CLOEXEC) == 0);
    CHECK(fcntl(file, F_GETFD) == FD_CLOEXEC && fcntl(file, F_SETFD, 0) == 0);
    CHECK(fcntl(file, F_GETFD) == 0);
    CHECK_ERROR(fcntl(file, 999, 0), -1, EINVAL);
    CHECK_ERROR(fcntl(file, F_DUPFD, -1), -1, EINVAL);
    CHECK_ERROR(fcntl(file, F_DUPFD, 1000), -1, EINVAL);
    CHECK(close(file) == 0 && close(scratch) == 0 && unlink("/tmp/made") == 0);
    CHECK_ERROR(fsync(file), -1, EBADF);
    CHECK_ERROR(fcntl(file, F_GETFL), -1, EBADF);
}

static void test_names(void)
{
    char text[300], where[PATH_MAX];
    struct stat out;
    struct dirent *entry;
    int count = 0, file;

    CHECK(mkdir("/tmp/n", 0777) == 0);
    CHECK_ERROR(mkdir("/tmp/n", 0777), -1, EEXIST);
    CHECK(chdir("/tmp/n") == 0 && getcwd(where, sizeof(where)) && strcmp(where, "/tmp/n") == 0);
    CHECK_ERROR(getcwd(where, 3), NULL, ERANGE);
    file = open("one", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    CHECK(file >= 0 && fcntl(file, F_GETFD) == FD_CLOEXEC);
    CHECK(fcntl(file, F_GETFL) == (O_RDWR | O_APPEND));
    CHECK(write(file, "abc", 3) == 3 && lseek(file, 0, SEEK_SET) == 0 && write(file, "d", 1) == 1);
    CHECK(fstat(file, &out) == 0 && out.st_size == 4 && out.st_nlink == 1 && out.st_mtime > 0);
    CHECK(ftruncate(file, 2) == 0 && fstat(file, &out) == 0 && out.st_size == 2);
    CHECK(truncate("one", 7) == 0 && stat("/tmp/n/one", &out) == 0 && out.st_size == 7);
    CHECK(rename("one", "a long name, with blanks") == 0);
    CHECK_ERROR(stat("one", &out), -1, ENOENT);
    CHECK(fsync(file) == 0 && close(file) == 0);
    memset(text, 'x', 299);
    text[299] = 0;
    CHECK_ERROR(open(text, O_RDONLY | O_CREAT, 0666), -1, ENAMETOOLONG);
    text[255] = 0;
    CHECK((file = open(text, O_RDONLY | O_CREAT, 0666)) >= 0 && close(file) == 0);
    CHECK(unlink(text) == 0);
    CHECK(mkdir("folder", 0777) == 0);
    DIR *directory = opendir(".");
    CHECK(directory != NULL);
    while ((entry = readdir(directory)) != NULL) {
        count += strcmp(entry->d_name, "folder") == 0 && entry->d_type == DT_DIR;
        count += strcmp(entry->d_name, "a long name, with blanks") == 0 && entry->d_type == DT_REG;
    }
    CHECK(count == 2);
    CHECK(unlink("a long name, with blanks") == 0);
    rewinddir(directory);
    CHECK(readdir(directory) != NULL && readdir(directory) == NULL && closedir(directory) == 0);
    CHECK_ERROR(unlink("folder"), -1, EISDIR);
    CHECK_ERROR(rmdir("/tmp/n"), -1, ENOTEMPTY);
    CHECK(remove("folder") == 0 && chdir("/") == 0 && rmdir("/tmp/n") == 0);
    CHECK_ERROR(rename("data.txt", "/tmp/data.txt"), -1, EXDEV);
    file = open("/tmp/times", O_RDWR | O_CREAT, 0666);
    CHECK(utimes("/tmp/times", (struct timeval[]){{1000000000, 0}, {1100000000, 0}}) == 0);
    CHECK(fstat(file, &out) == 0 && out.st_mtime == 1100000000 && out.st_atime == 1000000000);
    CHECK(close(file) == 0 && unlink("/tmp/times") == 0);
}

/* What no file can be called, and what is no path at all: on a disk, and in memory. */
static void test_bad_names(void)
{
    static const char *const devices[] = {"/con", "/Nul.txt", "/com1", "/lpt9.a.b", "/aux .c"};
    static char long_path[PATH_MAX + 2], where[PATH_MAX];
    static const char *const drives[] = {"/", "/tmp/"};
    struct stat out;

    for (int i = 0; i < 2; i++) {
        char name[600], *end = stpcpy(name, drives[i]);

        CHECK(chdir(drives[i]) == 0);
        CHECK_ERROR(open("", O_RDWR | O_CREAT, 0600), -1, ENOENT);
        CHECK_ERROR(mkdir("", 0700), -1, ENOENT);
        CHECK_ERROR(stat("", &out), -1, ENOENT);
        CHECK_ERROR(rename("data.txt", ""), -1, ENOENT);
        CHECK_ERROR(rename("", "x"), -1, ENOENT);
        memset(end, 'n', 256);
        end[256] = '\0';
        CHECK_ERROR(open(name, O_RDWR | O_CREAT, 0600), -1, ENAMETOOLONG);
        CHECK_ERROR(open(name, O_RDONLY), -1, ENAMETOOLONG);
        CHECK_ERROR(mkdir(name, 0700), -1, ENAMETOOLONG);
        CHECK_ERROR(open("a\nb", O_RDWR | O_CREAT, 0600), -1, EINVAL);
        CHECK_ERROR(mkdir("a\x7F", 0700), -1, EINVAL);
        CHECK_ERROR(open("a\nb", O_RDONLY), -1, ENOENT);
    }
    CHECK(chdir("/") == 0);
    CHECK_ERROR(open("a*b", O_RDWR | O_CREAT, 0600), -1, EINVAL);
    CHECK_ERROR(mkdir("a?", 0700), -1, EINVAL);
    CHECK_ERROR(rename("data.txt", "a:b"), -1, EINVAL);
    CHECK_ERROR(rename("a:b", "x"), -1, ENOENT);
    CHECK_ERROR(stat("a*b", &out), -1, ENOENT);
    memset(long_path, '/', PATH_MAX);
    CHECK_ERROR(stat(long_path, &out), -1, ENAMETOOLONG);
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        CHECK_ERROR(open(devices[i], O_RDWR | O_CREAT, 0600), -1, EINVAL);
        CHECK_ERROR(mkdir(devices[i], 0700), -1, EINVAL);
        CHECK_ERROR(rename("data.txt", devices[i]), -1, EINVAL);
        CHECK_ERROR(open(devices[i], O_RDONLY), -1, ENOENT);
    }
    CHECK_ERROR(open("/dev/nobody", O_RDWR | O_CREAT, 0600), -1, EROFS);
    CHECK(access("/dev/null", W_OK) == 0);

    /* Deeper than any path reaches. */
    CHECK(mkdir("/tmp/deep", 0700) == 0 && chdir("/tmp/deep") == 0);
    memset(long_path, 'd', 250);
    long_path[250] = '\0';
    for (int i = 0; i < 5; i++) {
        CHECK(mkdir(long_path, 0700) == 0 && chdir(long_path) == 0);
    }
    CHECK_ERROR(getcwd(where, 100), NULL, ERANGE);
    CHECK_ERROR(getcwd(where, sizeof(where)), NULL, ERANGE);
    CHECK_ERROR(getcwd(NULL, 0), NULL, ENAMETOOLONG);
    for (int i = 0; i < 5; i++) {
        CHECK(chdir("..") == 0 && rmdir(long_path) == 0);
    }
    CHECK(chdir("/") == 0 && rmdir("/tmp/deep") == 0);
}

/* 255 characters of three bytes: the longest name that a disk can have. */
static void test_longest_name(void)
{
    static const char *const drives[] = {"/", "/tmp"};
    char name[NAME_MAX + 1] = "";
    struct dirent *entry;

    for (int i = 0; i < 255; i++) {
        strcat(name, "\xE6\xBC\xA2");
    }
    for (int i = 0; i < 2; i++) {
        int count = 0, file;

        CHECK(chdir(drives[i]) == 0);
        file = open(name, O_RDWR | O_CREAT, 0600);
        CHECK(file >= 0 && close(file) == 0);
        DIR *folder = opendir(".");
        while ((entry = readdir(folder)) != NULL) {
            count += strcmp(entry->d_name, name) == 0;
        }
        CHECK(count == 1 && closedir(folder) == 0 && unlink(name) == 0);
    }
    CHECK(chdir("/") == 0);
}

/* Reads all that comes into text, of size bytes with its NUL. */
static size_t read_all(int descriptor, char *text, size_t size)
{
    size_t done = 0;
    ssize_t count;

    while ((count = read(descriptor, text + done, size - 1 - done)) > 0) {
        done += (size_t)count;
    }
    text[done] = '\0';
    CHECK(count == 0);
    return done;
}

static void test_copies(void)
{
    int file = open("data.txt", O_RDONLY), copy = dup(file), far = fcntl(file, F_DUPFD, 20);
    char text[8] = "";

    CHECK(file >= 3 && copy > file && far == 20);
    CHECK(read(file, text, 3) == 3 && lseek(copy, 0, SEEK_CUR) == 3);
    CHECK(lseek(far, 5, SEEK_SET) == 5 && read(copy, text, 1) == 1 && text[0] == '5');
    CHECK(dup2(file, 21) == 21 && dup2(file, file) == file && dup2(21, 20) == 20);
    CHECK(fcntl(far, F_DUPFD_CLOEXEC, 0) == copy + 1);
    CHECK(fcntl(copy + 1, F_GETFD) == FD_CLOEXEC && close(copy + 1) == 0);
    CHECK(dup3(far, 22, O_CLOEXEC) == 22 && fcntl(22, F_GETFD) == FD_CLOEXEC && close(22) == 0);
    CHECK_ERROR(dup3(far, far, 0), -1, EINVAL);
    CHECK_ERROR(dup2(99, 5), -1, EBADF);
    CHECK_ERROR(dup2(99, 99), -1, EBADF);
    CHECK_ERROR(dup2(file, 1000), -1, EBADF);
    CHECK_ERROR(dup2(file, -1), -1, EBADF);
    CHECK(close(21) == 0 && close(far) == 0 && close(file) == 0 && close(copy) == 0);
    CHECK_ERROR(dup(copy), -1, EBADF);
    CHECK_ERROR(write(99, text, 1), -1, EBADF);
    /* Output somewhere else, for a while. */
    int ends[2], old = dup(STDOUT_FILENO);
    CHECK(pipe(ends) == 0 && dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO && close(ends[1]) == 0);
    printf("%s\n", "elsewhere");
    fflush(stdout);
    CHECK(dup2(old, STDOUT_FILENO) == STDOUT_FILENO && close(old) == 0);
    char line[32];
    CHECK(read_all(ends[0], line, sizeof(line)) == 10 && strcmp(line, "elsewhere\n") == 0);
    CHECK(close(ends[0]) == 0);
}

static volatile sig_atomic_t broken_pipes;

static void on_broken_pipe(int signal_number)
{
    broken_pipes += signal_number == SIGPIPE;
}

static void test_pipes(void)
{
    struct stat known;
    int ends[2], status;
    char text[64] = "";

    CHECK(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
    CHECK(fstat(ends[0], &known) == 0 && S_ISFIFO(known.st_mode) && isatty(ends[0]) == 0);
    CHECK(fcntl(ends[0], F_GETFL) == (O_RDONLY | O_NONBLOCK));
    CHECK(fcntl(ends[1], F_GETFL) == (O_WRONLY | O_NONBLOCK));
    CHECK(fcntl(ends[1], F_GETFD) == FD_CLOEXEC);
    CHECK_ERROR(read(ends[0], text, 1), -1, EAGAIN);
    CHECK_ERROR(lseek(ends[0], 0, SEEK_SET), -1, ESPIPE);
    CHECK_ERROR(write(ends[0], text, 1), -1, EBADF);
    CHECK_ERROR(read(ends[1], text, 1), -1, EBADF);
    CHECK(fcntl(ends[0], F_SETFL, 0) == 0 && fcntl(ends[0], F_GETFL) == O_RDONLY);
    CHECK(write(ends[1], "abc", 3) == 3 && read(ends[0], text, 60) == 3);
    /* Nobody reads: the signal that is ignored, that is handled, that ends the program. */
    CHECK(close(ends[0]) == 0);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERROR(write(ends[1], text, 1), -1, EPIPE);
    signal(SIGPIPE, on_broken_pipe);
    CHECK_ERROR(write(ends[1], text, 1), -1, EPIPE);
    CHECK(broken_pipes == 1);
    signal(SIGPIPE, SIG_DFL);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        _exit(write(ends[1], text, 1) < 0 ? 1 : 0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
          WTERMSIG(status) == SIGPIPE);
    CHECK(close(ends[1]) == 0);
    /* A child's streams. */
    CHECK(pipe(ends) == 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        printf("child %d", 7);
        exit(0);
    }
    CHECK(close(ends[1]) == 0);
    FILE *stream = fdopen(ends[0], "r");
    CHECK(stream && fgets(text, sizeof(text), stream) && strcmp(text, "child 7") == 0);
    CHECK(fclose(stream) == 0 && waitpid(child, &status, 0) == child && status == 0);
}

static long milliseconds(const struct timespec *time)
{
    return (long)time->tv_sec * 1000 + time->tv_nsec / 1000000;
}

static void test_time(void)
{
    enum { A_DAY_OF_2026 = 1767225600 }; /* the emulator's clock is the host's */
    struct timespec before, after, left = {7, 7};
    struct stat made;
    struct rusage usage;
    struct tms used;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
    CHECK(nanosleep(&(struct timespec){0, 30000001}, &left) == 0);
    CHECK(left.tv_sec == 0 && left.tv_nsec == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
    CHECK(milliseconds(&after) - milliseconds(&before) >= 30);
    CHECK(clock_gettime(CLOCK_REALTIME, &before) == 0 && before.tv_sec >= A_DAY_OF_2026);
    CHECK(usleep(30000) == 0 && clock_gettime(CLOCK_REALTIME, &after) == 0);
    CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 30);
    CHECK(time(NULL) >= after.tv_sec);
    /* Files get the same time. */
    time_t now = time(NULL);
    CHECK(close(creat("/tmp/new", 0666)) == 0 && stat("/tmp/new", &made) == 0);
    CHECK(made.st_mtime >= now && unlink("/tmp/new") == 0);
    CHECK(clock_gettime(CLOCK_REALTIME, &after) == 0);
    after.tv_sec += 1;
    CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &after, NULL) == 0);
    CHECK(time(NULL) >= after.tv_sec);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
    after.tv_sec += 1;
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &after, NULL) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
    CHECK(milliseconds(&before) >= milliseconds(&after));
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &after, NULL) == 0); /* it is past */
    CHECK_ERROR(nanosleep(&(struct timespec){0, 1000000000}, NULL), -1, EINVAL);
    CHECK_ERROR(nanosleep(&(struct timespec){-1, 0}, NULL), -1, EINVAL);
    CHECK_ERROR(clock_gettime(99, &after), -1, EINVAL);
    CHECK(clock_getres(CLOCK_MONOTONIC, &after) == 0 && after.tv_nsec == 10000000);

    while (times(&used) != (clock_t)-1 && used.tms_utime < 50) {
    }
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after) == 0 && milliseconds(&after) >= 50);
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0 &&
          usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 >= 50);
    CHECK(getrusage(RUSAGE_CHILDREN, &usage) == 0 && usage.ru_utime.tv_sec == 0);
    CHECK_ERROR(getrusage(5, &usage), -1, EINVAL);
}

static void test_limits(void)
{
    void *memory = NULL;

    CHECK(sysconf(_SC_PAGESIZE) == 4096 && getpagesize() == 4096);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) == 1);
    CHECK(sysconf(_SC_PHYS_PAGES) > sysconf(_SC_AVPHYS_PAGES) && sysconf(_SC_AVPHYS_PAGES) > 1000);
    CHECK(sysconf(_SC_OPEN_MAX) == 32 && sysconf(_SC_CLK_TCK) == CLOCKS_PER_SEC);
    CHECK_ERROR(sysconf(_SC_CHILD_MAX), -1, 0);
    CHECK_ERROR(sysconf(10000), -1, EINVAL);
    CHECK(pathconf("/", _PC_NAME_MAX) == NAME_MAX && NAME_MAX == 765 &&
          fpathconf(0, _PC_PATH_MAX) == 1024);
    CHECK_ERROR(pathconf("nothing", _PC_NAME_MAX), -1, ENOENT);
    CHECK(getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0);
    CHECK(umask(027) == 022 && umask(0) == 027);
    CHECK(posix_memalign(&memory, 4096, 100) == 0 && (uintptr_t)memory % 4096 == 0);
    free(memory);
    CHECK(posix_memalign(&memory, 3, 100) == EINVAL);
    CHECK((memory = aligned_alloc(256, 512)) && (uintptr_t)memory % 256 == 0);
    free(memory);
}

static void test_programs(void)
{
    char *const arguments[] = {"any name", "arguments", "a", "b c", NULL};
    pid_t child = 0;
    int status = 0;

    CHECK(getppid() > 0 && getppid() != getpid());
    CHECK(system(NULL) == 1);
    CHECK(system("posix arguments a \"b c\"") == 0);
    CHECK(WEXITSTATUS(system("ends.elf _exit")) == 9);
    CHECK(WEXITSTATUS(system("nothing")) == 127 && WEXITSTATUS(system("data.txt")) == 127);
    CHECK(WEXITSTATUS(system("echo a | ends.elf _exit")) == 9);
    CHECK(WEXITSTATUS(system("ends.elf \"_exit 2> /dev/null")) == 2);
    CHECK(system("  ") == 0);
    CHECK(rename("shell.elf", "none.elf") == 0 && system(NULL) == 0);
    CHECK(WEXITSTATUS(system("posix")) == 127);
    CHECK_ERROR(popen("posix", "r"), NULL, ENOENT);
    CHECK(rename("none.elf", "shell.elf") == 0);
    CHECK(posix_spawn(&child, "/posix.elf", NULL, NULL, arguments, NULL) == 0 && child > 0);
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 0);
    CHECK(posix_spawnp(&child, "nothing", NULL, NULL, arguments, NULL) == ENOENT);
    CHECK(posix_spawn(&child, "data.txt", NULL, NULL, arguments, NULL) == ENOEXEC);
    CHECK_ERROR(wait(NULL), -1, ECHILD);
}

/* How many descriptors are free. */
static int count_free(void)
{
    int count = 0;

    for (int i = 0; i < 32; i++) {
        count += fcntl(i, F_GETFD) < 0;
    }
    return count;
}

static void test_file_actions(void)
{
    char *const arguments[] = {"shell", "-c", "cat; cat nobody; echo ends", NULL};
    posix_spawn_file_actions_t actions;
    int before = count_free(), status = 0, in = open("data.txt", O_RDONLY | O_CLOEXEC), out;
    char text[128];
    pid_t child;

    CHECK(posix_spawn_file_actions_init(&actions) == 0);
    CHECK(posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO) == 0);
    CHECK(posix_spawn_file_actions_addclose(&actions, in) == 0);
    CHECK(posix_spawn_file_actions_addclose(&actions, in) == 0); /* again: it is free */
    CHECK(posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/tmp/out",
                                           O_WRONLY | O_CREAT | O_TRUNC, 0666) == 0);
    CHECK(posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO) == 0);
    CHECK(posix_spawn_file_actions_adddup2(&actions, -1, 1) == EBADF);
    CHECK(posix_spawn_file_actions_addclose(&actions, 10000) == EBADF);
    CHECK(posix_spawn(&child, "/shell.elf", &actions, NULL, arguments, environ) == 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(fcntl(in, F_GETFD) == FD_CLOEXEC && close(in) == 0); /* all is as it was */
    CHECK(isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) && count_free() == before);
    out = open("/tmp/out", O_RDONLY);
    CHECK(read_all(out, text, sizeof(text)) > 20);
    CHECK(strcmp(text, "0123456789\ncat: 'nobody' cannot be shown: no such file or folder.\n"
                       "ends\n") == 0);
    CHECK(close(out) == 0 && unlink("/tmp/out") == 0);

    /* An action that fails: no child, and all is as it was. */
    CHECK(posix_spawn_file_actions_addopen(&actions, 5, "/nowhere/x", O_RDONLY, 0) == 0);
    CHECK(posix_spawn(&child, "/shell.elf", &actions, NULL, arguments, environ) == EBADF);
    CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
    CHECK(posix_spawn_file_actions_init(&actions) == 0);
    CHECK(posix_spawn_file_actions_addopen(&actions, 5, "/nowhere/x", O_RDONLY, 0) == 0);
    CHECK(posix_spawn(&child, "/shell.elf", &actions, NULL, arguments, environ) == ENOENT);
    CHECK(posix_spawn_file_actions_destroy(&actions) == 0 && count_free() == before);
    CHECK_ERROR(wait(NULL), -1, ECHILD);
}

static void test_popen(void)
{
    int before = count_free(), lines = 0;
    char text[256];
    FILE *stream = popen("cat data.txt | cat; ends.elf _exit", "r"), *other;

    CHECK(stream && fgets(text, sizeof(text), stream) && strcmp(text, "0123456789\n") == 0);
    CHECK(!fgets(text, sizeof(text), stream) && feof(stream));
    CHECK(WEXITSTATUS(pclose(stream)) == 9);
    /* More than a pipe holds, both ways. */
    stream = popen("cat > /tmp/lines", "w");
    for (int i = 0; i < 5000; i++) {
        CHECK(fprintf(stream, "line %d\n", i) > 0);
    }
    CHECK(pclose(stream) == 0);
    stream = popen("cat /tmp/lines", "r");
    while (fgets(text, sizeof(text), stream)) {
        lines += atoi(text + 5) == lines;
    }
    CHECK(lines == 5000 && pclose(stream) == 0);
    /* A reader that stops, and writers that end in their own order. */
    stream = popen("cat /tmp/lines", "r");
    CHECK(fgets(text, sizeof(text), stream));
    CHECK(WEXITSTATUS(pclose(stream)) == 128 + SIGPIPE);
    stream = popen("cat > /dev/null", "w");
    other = popen("cat > /dev/null", "w");
    CHECK(stream && other && pclose(stream) == 0 && pclose(other) == 0);
    CHECK(WEXITSTATUS(pclose(popen("nothing > /dev/null", "r"))) == 127);
    CHECK_ERROR(popen("cat", "x"), NULL, EINVAL);
    CHECK_ERROR(pclose(stdin), -1, EINVAL);
    CHECK(unlink("/tmp/lines") == 0 && count_free() == before);
    CHECK_ERROR(wait(NULL), -1, ECHILD);
}

static void test_files(void)
{
    char text[32] = "";
    struct stat out;
    int file = open("new file.text", O_RDWR | O_CREAT | O_EXCL, 0666);

    CHECK(file >= 0 && write(file, "0123456789", 10) == 10);
    CHECK_ERROR(open("new file.text", O_WRONLY | O_CREAT | O_EXCL, 0666), -1, EEXIST);
    CHECK(ftruncate(file, 4) == 0 && fstat(file, &out) == 0 && out.st_size == 4);
    CHECK(ftruncate(file, 8) == 0 && pread(file, text, 20, 2) == 6);
    CHECK(memcmp(text, "23\0\0\0\0", 6) == 0 && pwrite(file, "x", 1, 20) == 1);
    CHECK(lseek(file, 0, SEEK_END) == 21 && lseek(file, 0, SEEK_CUR) == 21);
    CHECK(fsync(file) == 0 && fdatasync(file) == 0);
    CHECK(truncate("new file.text", 3) == 0 && stat("new file.text", &out) == 0);
    CHECK(out.st_size == 3 && truncate("new file.text", 0) == 0);
    CHECK_ERROR(ftruncate(file, -1), -1, EINVAL);
    CHECK_ERROR(truncate("nothing", 0), -1, ENOENT);
    CHECK_ERROR(fsync(99), -1, EBADF);
    int added = open("new file.text", O_WRONLY | O_APPEND);
    CHECK(lseek(file, 0, SEEK_SET) == 0 && write(file, "ab", 2) == 2);
    CHECK(write(added, "cd", 2) == 2);
    CHECK(fcntl(added, F_GETFL) == (O_WRONLY | O_APPEND) && close(added) == 0);
    CHECK(rename("new file.text", "dir/Other Name") == 0 && access("new file.text", F_OK) < 0);
    CHECK(pread(file, text, 20, 0) == 4 && memcmp(text, "abcd", 4) == 0);
    CHECK(close(file) == 0 && unlink("dir/Other Name") == 0);
    /* Removed while it is open. */
    file = open("gone", O_RDWR | O_CREAT, 0666);
    CHECK(write(file, "still", 5) == 5 && unlink("gone") == 0 && access("gone", F_OK) < 0);
    CHECK(pread(file, text, 20, 0) == 5 && memcmp(text, "still", 5) == 0 && close(file) == 0);
    /* The C library's own way, with a name over another. */
    FILE *stream = fopen("a.new", "w");
    CHECK(stream && fputs("new", stream) >= 0 && fflush(stream) == 0);
    CHECK(fsync(fileno(stream)) == 0 && fclose(stream) == 0);
    stream = fopen("a", "w+");
    CHECK(stream && fputs("old", stream) >= 0 && fclose(stream) == 0);
    CHECK(rename("a.new", "a") == 0 && (stream = fopen("a", "r")) && fgets(text, 20, stream));
    CHECK(strcmp(text, "new") == 0 && fclose(stream) == 0 && remove("a") == 0);
}

static void test_atomics(void)
{
    static atomic_int counter;
    static _Atomic long long large = 1LL << 40;
    static atomic_flag flag = ATOMIC_FLAG_INIT;
    int expected = 5;

    CHECK(atomic_fetch_add(&counter, 5) == 0 && atomic_load(&counter) == 5);
    CHECK(atomic_compare_exchange_strong(&counter, &expected, 6));
    CHECK(!atomic_compare_exchange_strong(&counter, &expected, 7) && expected == 6);
    CHECK(atomic_fetch_sub(&large, 1) == 1LL << 40 && large == (1LL << 40) - 1);
    CHECK(!atomic_flag_test_and_set(&flag) && atomic_flag_test_and_set(&flag));
    atomic_thread_fence(memory_order_seq_cst);
}

static void run(const char *name, void (*test)(void))
{
    run_test("posix", name, test);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return !(argc == 4 && strcmp(argv[1], "arguments") == 0 && strcmp(argv[2], "a") == 0 &&
                 strcmp(argv[3], "b c") == 0);
    }
    run("folders", test_folders);
    run("paths", test_paths);
    run("patterns", test_patterns);
    run("lines", test_lines);
    run("descriptors", test_descriptors);
    run("names, and the working folder", test_names);
    run("bad names", test_bad_names);
    run("the longest name", test_longest_name);
    run("copies of descriptors", test_copies);
    run("pipes", test_pipes);
    run("time", test_time);
    run("limits", test_limits);
    run("other programs", test_programs);
    run("file actions", test_file_actions);
    run("popen", test_popen);
    run("files that are written", test_files);
    run("atomics", test_atomics);
    return all_failures != 0;
}
