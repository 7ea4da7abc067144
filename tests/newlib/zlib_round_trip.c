/*
 * tests/newlib/zlib_round_trip.c - zlib's minigzip, as a function, on files below /tmp: what goes
 * through it twice is what it was. (Its own test is a pipe, which Drupe has not.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

int minigzip_main(int argc, char **argv);

#define SIZE 300000

static unsigned char data[SIZE], copy[SIZE + 1];

/* Text-like at first, then random: both kinds of deflate's blocks. */
static void fill(void)
{
    unsigned state = 1;

    for (int i = 0; i < SIZE; i++) {
        state = state * 1103515245 + 12345;
        data[i] = i < SIZE / 2 ? "drupe "[(state >> 16) % 6] : (unsigned char)(state >> 20);
    }
}

static long size_of(const char *path)
{
    struct stat stat_of;

    return stat(path, &stat_of) == 0 ? stat_of.st_size : -1;
}

static int fail(const char *why)
{
    printf("round trip ... FAIL: %s\n", why);
    return 1;
}

int main(void)
{
    char *pack[] = {"minigzip", "-9", "/tmp/data", NULL};
    char *unpack[] = {"minigzip", "-d", "/tmp/data.gz", NULL};

    fill();
    FILE *file = fopen("/tmp/data", "wb");
    if (!file || fwrite(data, 1, SIZE, file) != SIZE || fclose(file)) {
        return fail("cannot write");
    }
    if (minigzip_main(3, pack)) {
        return fail("minigzip -9");
    }
    long packed = size_of("/tmp/data.gz");
    if (size_of("/tmp/data") != -1 || packed <= SIZE / 2 || packed >= SIZE * 9 / 10) {
        return fail("not packed as it should be");
    }
    if (minigzip_main(3, unpack)) {
        return fail("minigzip -d");
    }
    file = fopen("/tmp/data", "rb");
    if (!file || fread(copy, 1, SIZE + 1, file) != SIZE || memcmp(data, copy, SIZE) != 0) {
        return fail("not what it was");
    }
    fclose(file);
    printf("%d bytes, crc %08lx\nround trip ... ok\n", SIZE, crc32(0, copy, SIZE));
    return 0;
}
