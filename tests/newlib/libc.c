/*
 * tests/newlib/libc.c - the system layer under newlib, from a C programmer's side.
 *
 * Files: data.txt is the ten digits and a line break, dir/in.txt exists.
 */
#include <drupe.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

static bool was_constructed;

/* The call fails with that errno. */
#define CHECK_FAILS(call, error)       \
    do {                               \
        errno = 0;                     \
        CHECK((intptr_t)(call) == -1); \
        CHECK(errno == (error));       \
    } while (0)

__attribute__((constructor)) static void construct(void)
{
    was_constructed = true;
}

static int arguments_count;
static char **arguments;

static void test_arguments(void)
{
    CHECK(was_constructed);
    CHECK(arguments_count == 4);
    CHECK(strstr(arguments[0], "libc.elf"));
    CHECK(strcmp(arguments[1], "two words") == 0);
    CHECK(strcmp(arguments[2], "") == 0);
    CHECK(strcmp(arguments[3], "-x") == 0);
    CHECK(arguments[4] == NULL);
    CHECK(environ && environ[0] == NULL);
    CHECK(getenv("PATH") == NULL);
    CHECK(setenv("NAME", "value", 1) == 0 && strcmp(getenv("NAME"), "value") == 0);
}

/* ---------------------------------------------------------------- memory */

static unsigned own_pages(void)
{
    struct memory_figures figures;

    system_call(SYSCALL_MEMORY_FIGURES, (uintptr_t)&figures, sizeof(figures), 0);
    return figures.own_pages;
}

static void test_sbrk(void)
{
    char *start = sbrk(0);

    CHECK(sbrk(100) == start);
    CHECK(sbrk(0) == start + 100);
    memset(start, 0xAA, 100);
    CHECK(sbrk(10000) == start + 100);
    for (int i = 0; i < 10000; i++) {
        CHECK(start[100 + i] == 0);
    }
    memset(start, 0xAA, 10100);
    CHECK(sbrk(-10050) == start + 10100);
    CHECK(start[49] == (char)0xAA);
    CHECK(sbrk(10050) == start + 50);
    for (int i = 50; i < 10100; i++) { /* zeros again, in the page that stayed as well */
        CHECK(start[i] == 0);
    }
    CHECK_FAILS(sbrk(0x7FFFFFFF), ENOMEM);
    CHECK_FAILS(sbrk(-0x7FFFFFFF), EINVAL);
    CHECK(sbrk(-10100) == start + 10100);
    CHECK(sbrk(0) == start);

    /* What lies below the heap's own start (docs/memory-map.md) is not the heap's to clear. */
    int heap_bytes = (int)((uintptr_t)start - 0xB0000000u);

    CHECK(heap_bytes >= 0);
    CHECK_FAILS(sbrk(-heap_bytes - 1), EINVAL);
    CHECK_FAILS(sbrk(-heap_bytes - 4095), EINVAL);
    CHECK_FAILS(sbrk(-heap_bytes - 4096), EINVAL);
    CHECK_FAILS(sbrk(INT32_MIN), EINVAL);
    CHECK(sbrk(0) == start);
}

static void test_malloc_gives_back(void)
{
    enum { COUNT = 200, SIZE = 30000 };
    static char *blocks[COUNT];
    unsigned before = own_pages();

    for (int i = 0; i < COUNT; i++) {
        blocks[i] = malloc(SIZE);
        CHECK(blocks[i] && (uintptr_t)blocks[i] % 8 == 0);
        memset(blocks[i], i, SIZE);
    }
    CHECK(own_pages() - before >= COUNT * SIZE / 4096);
    for (int i = 0; i < COUNT; i++) {
        CHECK(blocks[i][0] == (char)i && blocks[i][SIZE - 1] == (char)i);
        free(blocks[i]);
    }
    CHECK((int)(own_pages() - before) < 64); /* newlib keeps 128 KiB at most */
}

static void test_malloc_at_random(void)
{
    enum { SLOTS = 500 };
    static struct {
        unsigned char *memory;
        unsigned size;
    } slots[SLOTS];
    unsigned state = 7;

    for (int step = 0; step < 20000; step++) {
        state = state * 1664525 + 1013904223;
        unsigned slot = (state >> 8) % SLOTS;
        unsigned size = 1u << ((state >> 20) % 13);
        unsigned char *memory = slots[slot].memory;

        if (memory && (memory[0] != (unsigned char)slot ||
                       memory[slots[slot].size - 1] != (unsigned char)slot)) {
            CHECK(!"damage");
            return;
        }
        if (state >> 31) {
            free(memory);
            memory = state >> 30 & 1 ? calloc(1, size) : malloc(size);
            if (memory && (state >> 30 & 1)) {
                for (unsigned i = 0; i < size; i++) {
                    CHECK(memory[i] == 0);
                }
            }
        } else {
            memory = realloc(memory, size);
        }
        CHECK(memory);
        memory[0] = memory[size - 1] = (unsigned char)slot;
        slots[slot].memory = memory;
        slots[slot].size = size;
    }
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        free(slots[slot].memory);
        slots[slot].memory = NULL;
    }
}

static void test_out_of_memory(void)
{
    unsigned before = own_pages();
    void **newest = NULL;
    unsigned count = 0;
    /* volatile: a compiler sees through numbers, and leaves out an allocation that nobody uses. */
    volatile size_t huge = 0x7FFFFFFF;
    void *volatile given;

    errno = 0;
    given = malloc(huge);
    CHECK(given == NULL && errno == ENOMEM);
    huge = SIZE_MAX;
    given = malloc(huge);
    CHECK(given == NULL);
    huge = 0x10001;
    given = calloc(0x10000, huge);
    CHECK(given == NULL);
    for (void **block; (block = malloc(1 << 20)); newest = block) {
        *block = newest;
        count++;
    }
    CHECK(count > 50 && errno == ENOMEM);
    while (newest) {
        void **next = *newest;

        free(newest);
        newest = next;
    }
    CHECK((int)(own_pages() - before) < 64);
    void *again = malloc(1 << 20);
    CHECK(again);
    free(again);
}

/* ---------------------------------------------------------------- files */

static void test_files(void)
{
    char text[32];
    struct stat out;
    int file = open("data.txt", O_RDONLY);

    CHECK(file >= 3);
    CHECK(read(file, text, 4) == 4 && memcmp(text, "0123", 4) == 0);
    CHECK(lseek(file, 2, SEEK_CUR) == 6 && read(file, text, sizeof(text)) == 5);
    CHECK(memcmp(text, "6789\n", 5) == 0 && read(file, text, sizeof(text)) == 0);
    CHECK(lseek(file, -3, SEEK_END) == 8 && lseek(file, 0, SEEK_SET) == 0);
    CHECK_FAILS(lseek(file, -1, SEEK_SET), EINVAL);
    CHECK_FAILS(lseek(file, 0, 77), EINVAL);
    CHECK(fstat(file, &out) == 0 && S_ISREG(out.st_mode) && out.st_size == 11);
    CHECK_FAILS(write(file, text, 1), EBADF);
    CHECK_FAILS(read(file, (void *)0x1000, 1), EINVAL);
    CHECK(close(file) == 0);
    CHECK_FAILS(close(file), EBADF);
    CHECK_FAILS(read(file, text, 1), EBADF);
    CHECK_FAILS(lseek(file, 0, SEEK_SET), EBADF);
    CHECK_FAILS(fstat(file, &out), EBADF);
    CHECK_FAILS(read(-1, text, 1), EBADF);
    CHECK_FAILS(close(1000), EBADF);
    CHECK_FAILS(lseek(0, 0, SEEK_SET), ESPIPE);
}

static void test_paths(void)
{
    static const char *const paths[] = {"data.txt",   "0:/data.txt", "/data.txt",
                                        "./data.txt", "DATA.TXT",    "dir/in.txt"};
    struct stat out;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int file = open(paths[i], O_RDONLY);

        CHECK(file >= 3 && close(file) == 0);
        CHECK(stat(paths[i], &out) == 0 && S_ISREG(out.st_mode));
    }
    CHECK(stat("dir", &out) == 0 && S_ISDIR(out.st_mode));
    CHECK(stat("/", &out) == 0 && S_ISDIR(out.st_mode));
    int folder = open("dir", O_RDONLY);
    CHECK_FAILS(read(folder, &out, 1), EISDIR);
    close(folder);
    CHECK_FAILS(open("nothing", O_RDONLY), ENOENT);
    CHECK_FAILS(open("a name that is none.text", O_RDONLY), ENOENT);
    CHECK_FAILS(open("data.txt/x", O_RDONLY), ENOTDIR);
    CHECK_FAILS(stat("nothing", &out), ENOENT);
    CHECK(access("data.txt", R_OK) == 0);
    CHECK_FAILS(access("/dev", W_OK), EROFS);
    CHECK_FAILS(open("/dev/new", O_WRONLY | O_CREAT | O_TRUNC, 0666), EROFS);
    CHECK(fopen("/dev/new", "w") == NULL && errno == EROFS);
    CHECK_FAILS(unlink("/dev/console"), EROFS);
    CHECK_FAILS(access("nothing", F_OK), ENOENT);

    int files[100], count = 0;
    while (count < 100 && (files[count] = open("data.txt", O_RDONLY)) >= 0) {
        count++;
    }
    CHECK(count == FILE_DESCRIPTORS_MAX && errno == EMFILE);
    while (count-- > 0) {
        CHECK(close(files[count]) == 0);
    }
}

static void test_what_is_missing(void)
{
    char name[] = "data.txt";

    CHECK_FAILS(unlink("nothing"), ENOENT);
    CHECK_FAILS(link(name, "new.txt"), ENOSYS);
    CHECK_FAILS(kill(1, SIGHUP), ENOSYS);
    CHECK_FAILS(kill(1, SIGKILL), ESRCH);
    CHECK_FAILS(wait(NULL), ECHILD);
}

static void test_streams(void)
{
    char text[32];
    FILE *file = fopen("data.txt", "r");

    CHECK(file);
    CHECK(fgetc(file) == '0' && ungetc('x', file) == 'x' && fgetc(file) == 'x');
    CHECK(ftell(file) == 1);
    CHECK(fseek(file, -4, SEEK_END) == 0 && fgets(text, sizeof(text), file));
    CHECK(strcmp(text, "789\n") == 0);
    CHECK(fgetc(file) == EOF && feof(file) && !ferror(file));
    rewind(file);
    int number = 0;
    CHECK(fscanf(file, "%4d", &number) == 1 && number == 123);
    CHECK(fclose(file) == 0);
    CHECK(fopen("nothing", "r") == NULL && errno == ENOENT);
}

static void test_scratch_files(void)
{
    char text[64] = "";
    struct stat out;

    for (int size = 1; size < 100000; size = size * 3 + 1) {
        FILE *file = tmpfile();

        CHECK(file);
        for (int i = 0; i < size; i++) {
            fputc(i % 251, file);
        }
        rewind(file);
        for (int i = 0; i < size; i++) {
            if (fgetc(file) != i % 251) {
                CHECK(!"what was written");
                break;
            }
        }
        CHECK(fgetc(file) == EOF);
        fclose(file);
    }

    FILE *file = fopen("/tmp/file", "w+");
    CHECK(file && fprintf(file, "one %d\n", 1) == 6 && fclose(file) == 0);
    file = fopen("/tmp/file", "a");
    CHECK(file && fputs("two\n", file) >= 0 && fclose(file) == 0);
    file = fopen("/tmp/file", "r+");
    CHECK(file && fseek(file, 4, SEEK_SET) == 0 && fputc('9', file) == '9');
    rewind(file);
    CHECK(fread(text, 1, sizeof(text), file) == 10 && strcmp(text, "one 9\ntwo\n") == 0);
    CHECK(unlink("/tmp/file") == 0);
    CHECK_FAILS(unlink("/tmp/file"), ENOENT);
    CHECK_FAILS(stat("/tmp/file", &out), ENOENT);
    rewind(file);
    CHECK(fgetc(file) == 'o' && fclose(file) == 0); /* it lived on */
    CHECK_FAILS(open("/tmp/file", O_RDONLY), ENOENT);

    int both = open("/tmp/gap", O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK_FAILS(open("/tmp/gap", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK(lseek(both, 5, SEEK_SET) == 5 && write(both, "", 0) == 0);
    CHECK(stat("/tmp/gap", &out) == 0 && out.st_size == 0 && S_ISREG(out.st_mode));
    CHECK(write(both, "x", 1) == 1 && fstat(both, &out) == 0 && out.st_size == 6);
    memset(text, 1, sizeof(text));
    CHECK(lseek(both, -6, SEEK_END) == 0 && read(both, text, 64) == 6);
    CHECK(memcmp(text, "\0\0\0\0\0x", 6) == 0);
    CHECK_FAILS(lseek(both, -1, SEEK_SET), EINVAL);
    int reader = open("/tmp/gap", O_RDONLY), writer = open("/tmp/gap", O_WRONLY | O_TRUNC);
    CHECK_FAILS(write(reader, "x", 1), EBADF);
    CHECK_FAILS(read(writer, text, 1), EBADF);
    CHECK(read(reader, text, 1) == 0); /* emptied */
    CHECK(close(reader) == 0 && close(writer) == 0 && close(both) == 0);
    CHECK_FAILS(close(both), EBADF);

    int files[100], count = 0;
    while (count < 100 && (files[count] = open("/tmp/gap", O_RDONLY)) >= 0) {
        count++;
    }
    CHECK(count >= 8 && count < 100 && errno == EMFILE);
    while (count-- > 0) {
        close(files[count]);
    }
    CHECK(unlink("/tmp/gap") == 0);
    CHECK(isatty(both) == 0 && errno == EBADF);
}

static void test_console(void)
{
    struct stat out;
    int file = open("data.txt", O_RDONLY);

    CHECK(isatty(0) == 1 && isatty(1) == 1 && isatty(2) == 1);
    errno = 0;
    CHECK(isatty(file) == 0 && errno == ENOTTY);
    CHECK(isatty(99) == 0 && errno == EBADF);
    close(file);
    CHECK(fstat(1, &out) == 0 && S_ISCHR(out.st_mode));
    CHECK_FAILS(write(1, (void *)0x1000, 1), EINVAL);
    CHECK(write(1, "", 0) == 0);
    CHECK(read(0, &out, 0) == 0);
    fputs("second\n", stderr); /* at once */
    printf("buffered ");       /* until the line's end */
    fputs("first, ", stderr);
    printf("line\n");
}

/* ---------------------------------------------------------------- the rest */

static volatile sig_atomic_t last_signal;

static void on_signal(int number)
{
    last_signal = number;
}

static void test_processes(void)
{
    CHECK(getpid() > 1);
    CHECK(kill(getpid(), 0) == 0);
    CHECK(signal(SIGUSR1, on_signal) == SIG_DFL);
    CHECK(raise(SIGUSR1) == 0 && last_signal == SIGUSR1);
    last_signal = 0;
    signal(SIGUSR1, on_signal);
    CHECK(kill(getpid(), SIGUSR1) == 0 && last_signal == SIGUSR1);
    CHECK_FAILS(kill(getpid(), -1), EINVAL);
    CHECK(system("ls") != 0);
}

static void test_time(void)
{
    struct timeval before, after;
    struct tms spent;

    CHECK(gettimeofday(&before, NULL) == 0);
    CHECK(usleep(30000) == 0);
    CHECK(gettimeofday(&after, NULL) == 0);
    long passed = (after.tv_sec - before.tv_sec) * 1000000 + after.tv_usec - before.tv_usec;
    CHECK(passed >= 30000 && before.tv_usec < 1000000);
    CHECK(time(NULL) >= before.tv_sec);
    CHECK(times(&spent) != (clock_t)-1);
    clock_t start = clock();
    while (clock() - start < 3 * CLOCKS_PER_SEC / 100) { /* it goes on */
    }
    CHECK(times(&spent) != (clock_t)-1 && spent.tms_utime >= start);
    time_t day = 86400 * 365;
    CHECK(gmtime(&day)->tm_year == 71);
}

static void test_errors_have_names(void)
{
    static const int errors[] = {0,      EIO,    EINVAL, ENOMEM,  ENOENT, ENODEV,
                                 EROFS,  ENOSYS, EEXIST, ENOEXEC, ENOENT, ENOTDIR,
                                 EISDIR, EIO,    EINVAL, ECHILD,  EMFILE, EINTR};

    for (int i = 1; i < (int)(sizeof(errors) / sizeof(errors[0])); i++) {
        CHECK(system_call_errno(-i) == errors[i]);
    }
    CHECK(system_call_errno(-100) == EIO);
    CHECK(system_call_errno(INT32_MIN) == EIO);
    CHECK(strcmp(strerror(ENOENT), "No such file or directory") == 0);
}

static jmp_buf jump;

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void test_pieces(void)
{
    int numbers[100];
    volatile int jumps = 0;

    for (int i = 0; i < 100; i++) {
        numbers[i] = i * 37 % 100;
    }
    qsort(numbers, 100, sizeof(numbers[0]), compare);
    for (int i = 0; i < 100; i++) {
        CHECK(numbers[i] == i);
    }
    if (setjmp(jump) < 3) {
        longjmp(jump, ++jumps);
    }
    CHECK(jumps == 3);
    CHECK(strcmp(setlocale(LC_ALL, NULL), "C") == 0);
    CHECK((uintptr_t)__builtin_frame_address(0) > 0x1000000 - 256 * 1024); /* the image's stack */
}

static void run(const char *name, void (*test)(void))
{
    run_test("libc", name, test);
}

int main(int argc, char **argv)
{
    arguments_count = argc;
    arguments = argv;
    run("arguments, environment, constructors", test_arguments);
    run("sbrk", test_sbrk);
    run("malloc gives back", test_malloc_gives_back);
    run("malloc at random", test_malloc_at_random);
    run("out of memory", test_out_of_memory);
    run("files", test_files);
    run("paths", test_paths);
    run("what is missing is ENOSYS", test_what_is_missing);
    run("streams", test_streams);
    run("scratch files", test_scratch_files);
    run("the console", test_console);
    run("processes and signals", test_processes);
    run("time", test_time);
    run("the kernel's errors in errno", test_errors_have_names);
    run("setjmp, qsort, stack", test_pieces);
    return all_failures != 0;
}
