/*
 * tests/newlib/large.c - files from 2 GiB on, up to the largest that FAT can have, as a 32-bit
 * program sees them, too.
 *
 * 2:/largest has 4 GiB - 2 bytes: zeros, and "end" as its last ones. Free clusters of drive 2 are
 * full of 0xEE.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PATH    "2:/largest"
#define LARGEST (((off_t)4 << 30) - 1)
#define HALF    ((off_t)3 << 30)

#define GROWN    "2:/grown"
#define GROWN_TO ((off_t)20 << 20)
#define BEFORE   5000 /* bytes that it has then */

static off_t size_of(const char *path)
{
    struct stat out;

    return stat(path, &out) == 0 ? out.st_size : -1;
}

static void test_types(void)
{
    fpos_t place;

    CHECK(sizeof(off_t) == 8 && sizeof(place) == 8 && sizeof(ino_t) == 8);
}

/* The last byte that a file can have, and none behind it. */
static void test_largest(void)
{
    char text[8] = "";
    int file = open(PATH, O_RDWR);

    CHECK(file >= 0 && size_of(PATH) == LARGEST - 1);
    CHECK(pread(file, text, 8, LARGEST - 4) == 3 && strcmp(text, "end") == 0);
    CHECK(lseek(file, 0, SEEK_END) == LARGEST - 1 && write(file, "!", 1) == 1);
    CHECK(lseek(file, 0, SEEK_CUR) == LARGEST && size_of(PATH) == LARGEST);
    CHECK_ERROR(write(file, "x", 1), -1, EFBIG);
    CHECK_ERROR(pwrite(file, "xy", 2, LARGEST - 1), -1, EFBIG);
    CHECK_ERROR(pwrite(file, "x", 1, LARGEST + 1000), -1, EFBIG);
    CHECK_ERROR(ftruncate(file, LARGEST + 1), -1, EFBIG);
    CHECK(fsync(file) == 0 && size_of(PATH) == LARGEST);
    CHECK(pread(file, text, 8, LARGEST - 4) == 4 && strcmp(text, "end!") == 0);
    CHECK(pread(file, text, 8, 0) == 8 && memcmp(text, "\0\0\0\0\0\0\0\0", 8) == 0);
    CHECK(pread(file, text, 1, LARGEST) == 0);
    CHECK(lseek(file, -LARGEST, SEEK_END) == 0 && close(file) == 0);
}

static void test_streams(void)
{
    fpos_t place;
    FILE *stream = fopen(PATH, "r+");

    CHECK(stream && fseeko(stream, -4, SEEK_END) == 0 && ftello(stream) == LARGEST - 4);
    CHECK(fgetc(stream) == 'e' && fgetpos(stream, &place) == 0);
    if (sizeof(long) < sizeof(off_t)) {
        CHECK_ERROR(ftell(stream), -1, EOVERFLOW);
    } else {
        CHECK(ftell(stream) == (long)(LARGEST - 3));
    }
    rewind(stream);
    CHECK(fgetc(stream) == 0 && ftell(stream) == 1 && fsetpos(stream, &place) == 0);
    CHECK(fgetc(stream) == 'n' && fseeko(stream, HALF, SEEK_SET) == 0);
    CHECK(fputs("half", stream) >= 0 && fflush(stream) == 0 && ftello(stream) == HALF + 4);
    CHECK(fseeko(stream, -4, SEEK_CUR) == 0 && fgetc(stream) == 'h' && fclose(stream) == 0);
}

static void test_shorter(void)
{
    char text[8] = "";
    int file = open(PATH, O_RDWR);

    CHECK(ftruncate(file, HALF + 2) == 0 && size_of(PATH) == HALF + 2);
    CHECK(pread(file, text, 8, HALF) == 2 && strcmp(text, "ha") == 0);
    CHECK(truncate(PATH, ((off_t)2 << 30) + 1) == 0 && size_of(PATH) == ((off_t)2 << 30) + 1);
    CHECK(truncate(PATH, 10) == 0 && size_of(PATH) == 10 && close(file) == 0);
}

/* What byte `at` of the grown file is to be. */
static char grown_byte(off_t at)
{
    return at < BEFORE ? 'b' : at < 2 * GROWN_TO ? 0 : "end"[at - 2 * GROWN_TO];
}

/* What is gained is zero, whatever the disk had there. */
static void test_longer(void)
{
    static char bytes[65536];
    int file = open(GROWN, O_RDWR | O_CREAT, 0600);
    off_t at = 0;
    ssize_t count;

    memset(bytes, 'b', sizeof(bytes));
    CHECK(write(file, bytes, BEFORE) == BEFORE && ftruncate(file, GROWN_TO) == 0);
    CHECK(pwrite(file, "end", 3, 2 * GROWN_TO) == 3 && size_of(GROWN) == 2 * GROWN_TO + 3);
    CHECK(lseek(file, 0, SEEK_SET) == 0);
    for (; (count = read(file, bytes, sizeof(bytes))) > 0; at += count) {
        for (ssize_t i = 0; i < count && failures == 0; i++) {
            CHECK(bytes[i] == grown_byte(at + i));
        }
    }
    CHECK(at == 2 * GROWN_TO + 3 && close(file) == 0 && unlink(GROWN) == 0);
}

/* Who makes a file longer by gigabytes can be seen at work, and ended; then it is what it was. */
static void test_killed(void)
{
    off_t largest = 0;
    int status = 0, other;
    int file = open(GROWN, O_RDWR | O_CREAT, 0600);
    pid_t child = fork();

    if (child == 0) {
        _exit(ftruncate(file, HALF) == 0 ? 1 : 2);
    }
    while (largest < 3 << 20 && waitpid(child, &status, WNOHANG) == 0) {
        largest = size_of(GROWN);
    }
    CHECK(largest >= 3 << 20 && largest < HALF);

    /* Another one that waits for its turn can be ended, too. */
    other = fork();
    if (other == 0) {
        _exit(pwrite(file, "x", 1, 0) == 1 ? 1 : 2);
    }
    CHECK(kill(other, SIGKILL) == 0 && waitpid(other, &status, 0) == other);
    CHECK(WIFSIGNALED(status));
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && size_of(GROWN) == 0);
    CHECK(pwrite(file, "new", 3, 0) == 3 && size_of(GROWN) == 3 && close(file) == 0);
}

int main(void)
{
    run_test("large", "types", test_types);
    run_test("large", "the largest file", test_largest);
    run_test("large", "streams", test_streams);
    run_test("large", "it becomes shorter", test_shorter);
    run_test("large", "zeros", test_longer);
    run_test("large", "who makes a file longer is ended", test_killed);
    sync();
    return all_failures != 0;
}
