/*
 * tests/newlib/maps.c - <sys/mman.h> as POSIX has it: what a program gets, and errno.
 *
 * Files: data.txt is the ten digits and a line break.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096

#define CHECK_NO_MAP(error, ...) CHECK_ERROR(mmap(__VA_ARGS__), MAP_FAILED, error)

static char *map_memory(size_t pages, int flags)
{
    char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

    CHECK(memory != MAP_FAILED && (uintptr_t)memory % PAGE == 0);
    return memory;
}

static void test_memory(void)
{
    char *own = map_memory(100, MAP_PRIVATE), *shared = map_memory(1, MAP_SHARED);
    int status = 0;

    CHECK(own[0] == 0 && own[100 * PAGE - 1] == 0);
    own[50 * PAGE] = 1;
    pid_t child = fork();
    if (child == 0) {
        own[50 * PAGE] = shared[7] = 9;
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(own[50 * PAGE] == 1 && shared[7] == 9);
    CHECK(munmap(own + 10 * PAGE, 80 * PAGE) == 0);
    CHECK(munmap(own + 10 * PAGE, 80 * PAGE) == 0); /* nothing there: no error */
    own[0] = own[99 * PAGE] = 1;
    CHECK(mmap(own + 20 * PAGE, 100, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
          own + 20 * PAGE);
    CHECK(own[20 * PAGE] == 0);
    CHECK(munmap(own, 100 * PAGE) == 0 && munmap(shared, 1) == 0);
}

static void test_files(void)
{
    int file = open("data.txt", O_RDONLY), folder = open("/", O_RDONLY);
    int scratch = open("/tmp/x", O_RDWR | O_CREAT, 0600);
    char *memory = mmap(NULL, 11, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);

    CHECK(memory != MAP_FAILED && memcmp(memory, "0123456789\n", 12) == 0);
    memory[0] = 'x';
    char *other = mmap(NULL, 11, PROT_READ, MAP_SHARED, file, 0);
    CHECK(other != MAP_FAILED && memcmp(other, "0123456789\n", 12) == 0);
    CHECK_NO_MAP(EACCES, NULL, 11, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK_ERROR(mprotect(other, 11, PROT_READ | PROT_WRITE), -1, EACCES);
    CHECK_NO_MAP(ENODEV, NULL, 11, PROT_READ, MAP_PRIVATE, folder, 0);
    int blind = open("/tmp/x", O_WRONLY);
    CHECK_NO_MAP(EACCES, NULL, 11, PROT_READ, MAP_SHARED, blind, 0);
    CHECK(close(blind) == 0);
    CHECK(ftruncate(scratch, PAGE) == 0);
    char *common = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, scratch, 0);
    char byte = 0;
    CHECK(common != MAP_FAILED && common[9] == 0);
    common[9] = 'w';
    CHECK(pread(scratch, &byte, 1, 9) == 1 && byte == 'w');
    CHECK(pwrite(scratch, "v", 1, 9) == 1 && common[9] == 'v');
    CHECK(msync(common, PAGE, MS_SYNC) == 0 && munmap(common, PAGE) == 0);
    CHECK_NO_MAP(ENODEV, NULL, 11, PROT_READ, MAP_PRIVATE, 0, 0);
    CHECK_NO_MAP(EBADF, NULL, 11, PROT_READ, MAP_PRIVATE, -1, 0);
    CHECK_NO_MAP(EBADF, NULL, 11, PROT_READ, MAP_PRIVATE, 15, 0);
    CHECK_NO_MAP(EINVAL, NULL, 11, PROT_READ, MAP_PRIVATE, file, 1);
    CHECK_NO_MAP(EINVAL, NULL, 11, PROT_READ, MAP_PRIVATE, file, -PAGE);
    CHECK(close(file) == 0 && close(folder) == 0 && close(scratch) == 0);
    CHECK(unlink("/tmp/x") == 0);
    CHECK(memcmp(other, "0123456789\n", 12) == 0);
    CHECK(msync(other, 11, MS_SYNC) == 0 && munmap(other, 11) == 0 && munmap(memory, 11) == 0);
}

static void test_errors(void)
{
    char *memory = map_memory(3, MAP_PRIVATE);
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

    CHECK_NO_MAP(EINVAL, NULL, 0, PROT_READ, anonymous, -1, 0);
    CHECK_NO_MAP(EINVAL, NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0);
    CHECK_NO_MAP(EINVAL, NULL, PAGE, PROT_READ, MAP_SHARED | anonymous, -1, 0);
    CHECK_NO_MAP(EINVAL, NULL, PAGE, 8, anonymous, -1, 0);
    CHECK_NO_MAP(ENOTSUP, NULL, PAGE, PROT_WRITE | PROT_EXEC, anonymous, -1, 0);
    CHECK_NO_MAP(EINVAL, memory + 1, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0);
    CHECK_NO_MAP(EINVAL, NULL, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0);
    CHECK_NO_MAP(EINVAL, &failures, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0);
    CHECK_NO_MAP(ENOMEM, NULL, 0x3F000000, PROT_READ | PROT_WRITE, anonymous, -1, 0);
    CHECK_ERROR(munmap(memory + 1, PAGE), -1, EINVAL);
    CHECK_ERROR(munmap(memory, 0), -1, EINVAL);
    CHECK_ERROR(mprotect(memory + 1, PAGE, PROT_READ), -1, EINVAL);
    CHECK_ERROR(mprotect(memory, PAGE, PROT_WRITE | PROT_EXEC), -1, ENOTSUP);
    CHECK(mprotect(memory, 0, PROT_READ) == 0);
    CHECK(munmap(memory + PAGE, PAGE) == 0);
    CHECK_ERROR(mprotect(memory, 3 * PAGE, PROT_READ), -1, ENOMEM);
    CHECK_ERROR(msync(memory, 3 * PAGE, MS_SYNC), -1, ENOMEM);
    CHECK_ERROR(msync(memory + 1, PAGE, MS_SYNC), -1, EINVAL);
    CHECK_ERROR(msync(memory, PAGE, MS_SYNC | MS_ASYNC), -1, EINVAL);
    CHECK_ERROR(msync(memory, PAGE, 0), -1, EINVAL);
    CHECK(msync(memory, PAGE, MS_ASYNC | MS_INVALIDATE) == 0);
    CHECK(posix_madvise(memory, PAGE, POSIX_MADV_SEQUENTIAL) == 0);
    CHECK(posix_madvise(memory, 3 * PAGE, POSIX_MADV_DONTNEED) == ENOMEM);
    CHECK(posix_madvise(memory, PAGE, 77) == EINVAL);
    CHECK(munmap(memory, 3 * PAGE) == 0);
    CHECK(sysconf(_SC_MAPPED_FILES) > 0 && sysconf(_SC_MEMORY_PROTECTION) > 0);
}

/* Rights: a child that goes against them ends by SIGSEGV. */
static void test_rights(void)
{
    char *memory = map_memory(2, MAP_PRIVATE);
    int status = 0;

    memory[0] = 3;
    for (int rights = PROT_NONE; rights <= PROT_READ; rights++) {
        CHECK(mprotect(memory, PAGE, rights) == 0);
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            *(volatile char *)memory = 4;
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == 11);
    }
    CHECK(memory[0] == 3 && memory[PAGE] == 0);

    /* Code that was written is run once it cannot be written to any more. */
    memory[PAGE] = (char)0xC3; /* ret */
    CHECK(mprotect(memory + PAGE, PAGE, PROT_READ | PROT_EXEC) == 0);
    ((void (*)(void))(uintptr_t)(memory + PAGE))();
    CHECK(munmap(memory, 2 * PAGE) == 0);
}

static void run(const char *name, void (*test)(void))
{
    run_test("maps", name, test);
}

int main(void)
{
    run("memory", test_memory);
    run("files", test_files);
    run("errors", test_errors);
    run("rights", test_rights);
    return all_failures != 0;
}
