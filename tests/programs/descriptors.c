/*
 * descriptors.c - descriptors 0 to 2, copies of descriptors, pipes, and what children have of them.
 * Expect: status 0
 * Says: descriptors: all checked
 * Files: LICENSE
 */
#include <drupe.h>
#include <string.h>

#include "bad_pointers.h"
#include "check.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ATOMIC 4096 /* bytes that a pipe takes at once */
#define LARGE  16384

static char buffer[3 * LARGE];
static char pattern[3 * LARGE];

static struct memory_figures figures(void)
{
    struct memory_figures now;

    CHECK(syscall_memory_figures(&now, sizeof(now)) == 0);
    return now;
}

static int flags_of(int descriptor)
{
    uint32_t flags = 0xEEEE;
    intptr_t status = syscall_control(descriptor, CONTROL_GET_FLAGS, &flags);

    return status < 0 ? (int)status : (int)flags;
}

static int set_flags(int descriptor, uint32_t flags)
{
    return (int)syscall_control(descriptor, CONTROL_SET_FLAGS, &flags);
}

static int status_of_child(int pid)
{
    int status = -1;

    CHECK(pid > 0 && process_wait(pid, &status) == pid);
    return status;
}

static void check_standard(void)
{
    uint32_t mode = 0;
    struct file_stat stat;

    for (int i = 0; i <= 2; i++) {
        CHECK(syscall_descriptor_stat(i, &stat) == 0);
        CHECK(stat.kind == FILE_KIND_DEVICE && stat.size == 0);
        CHECK(flags_of(i) == (FILE_READ | FILE_WRITE));
        CHECK(syscall_control(i, CONTROL_GET_MODE, &mode) == 0);
        CHECK(mode == (CONSOLE_LINES | CONSOLE_ECHO));
        CHECK(syscall_write_file(i, "+", 1) == 1);
        CHECK(syscall_seek(i, 0, FILE_SEEK_SET) == -ENOSEEK);
        CHECK(syscall_read(i, buffer, 0) == 0);
    }
    mode = 4;
    CHECK(syscall_control(0, CONTROL_SET_MODE, &mode) == -EINVARG);
    mode = 0;
    CHECK(syscall_control(0, CONTROL_SET_MODE, &mode) == 0);
    mode = 3;
    CHECK(syscall_control(1, CONTROL_GET_MODE, &mode) == 0 && mode == 0);
    mode = CONSOLE_LINES | CONSOLE_ECHO;
    CHECK(syscall_control(2, CONTROL_SET_MODE, &mode) == 0);
    CHECK(syscall_control(0, 999, &mode) == -EINVARG);
    for (unsigned i = 0; i < COUNT(bad_pointers); i++) {
        void *bad = (void *)at(bad_pointers[i]);

        CHECK(syscall_control(0, CONTROL_GET_MODE, bad) == -EINVARG);
        CHECK(syscall_control(0, CONTROL_SET_MODE, bad) == -EINVARG);
        CHECK(syscall_control(0, CONTROL_GET_FLAGS, bad) == -EINVARG);
        CHECK(syscall_control(0, CONTROL_SET_FLAGS, bad) == -EINVARG);
        CHECK(syscall_write_file(1, bad, 1) == -EINVARG);
        CHECK(syscall_write_file(1, bad, 0) == 0);
        CHECK(syscall_pipe(bad) == -EINVARG);
    }
    CHECK(syscall_write_file(3, "x", 1) == -EINVARG);
    CHECK(syscall_write_file(-1, "x", 1) == -EINVARG);
    CHECK(syscall_write_file(FILE_DESCRIPTORS, "x", 1) == -EINVARG);
}

static void check_duplicates(void)
{
    int file = file_open("license");

    CHECK(file == 3);
    CHECK(syscall_write_file(file, "x", 1) == -EMODE);
    CHECK(flags_of(file) == FILE_READ);
    /* One position for all. */
    CHECK(syscall_duplicate(file, 0, FILE_LOWEST) == 4);
    CHECK(syscall_duplicate(file, 10, 0) == 10);
    CHECK(syscall_duplicate(file, 10, FILE_LOWEST) == 11);
    CHECK(file_read(10, buffer, 5) == 5);
    CHECK(file_seek(file, 0, FILE_SEEK_CUR) == 5);
    CHECK(file_seek(4, 100, FILE_SEEK_SET) == 100);
    CHECK(file_seek(11, 0, FILE_SEEK_CUR) == 100);
    CHECK(file_close(file) == 0);
    CHECK(file_read(4, buffer, 1) == 1);
    CHECK(file_close(file) == -EINVARG);
    /* In place of another. */
    CHECK(syscall_duplicate(10, 11, 0) == 11);
    CHECK(syscall_duplicate(10, 10, FILE_CLOSE_ON_EXECUTE) == 10);
    CHECK(flags_of(10) == (FILE_READ | FILE_CLOSE_ON_EXECUTE));
    CHECK(flags_of(11) == FILE_READ);
    CHECK(set_flags(11, FILE_READ | FILE_CLOSE_ON_EXECUTE) == 0);
    CHECK(flags_of(11) == (FILE_READ | FILE_CLOSE_ON_EXECUTE));
    CHECK(set_flags(11, 0) == 0 && flags_of(11) == FILE_READ);
    CHECK(set_flags(11, FILE_WRITE) == -EINVARG);
    CHECK(set_flags(11, 0x80000000) == -EINVARG);
    /* Wrong ones. */
    CHECK(syscall_duplicate(3, 5, 0) == -EINVARG);
    CHECK(syscall_duplicate(-1, 5, 0) == -EINVARG);
    CHECK(syscall_duplicate(FILE_DESCRIPTORS, 5, 0) == -EINVARG);
    CHECK(syscall_duplicate(4, FILE_DESCRIPTORS, 0) == -EINVARG);
    CHECK(syscall_duplicate(4, (uint32_t)-1, 0) == -EINVARG);
    CHECK(syscall_duplicate(4, 5, 64) == -EINVARG);
    CHECK(syscall_duplicate(4, FILE_DESCRIPTORS - 1, FILE_LOWEST) == FILE_DESCRIPTORS - 1);
    CHECK(syscall_duplicate(4, FILE_DESCRIPTORS - 1, FILE_LOWEST) == -EBUSY);
    CHECK(file_close(FILE_DESCRIPTORS - 1) == 0);
    CHECK(file_close(4) == 0 && file_close(10) == 0 && file_close(11) == 0);
    /* The console's numbers are like others. */
    CHECK(syscall_duplicate(1, 5, 0) == 5);
    CHECK(file_close(1) == 0);
    CHECK(syscall_write_file(1, "x", 1) == -EINVARG);
    CHECK(print("") == 0);
    CHECK(syscall_duplicate(5, 0, FILE_LOWEST) == 1);
    CHECK(file_close(5) == 0);
}

static void check_pipe(void)
{
    int ends[2] = {-1, -1}, more[2];
    struct file_stat stat;

    CHECK(syscall_pipe(ends) == 0 && ends[0] == 3 && ends[1] == 4);
    CHECK(flags_of(3) == FILE_READ && flags_of(4) == FILE_WRITE);
    CHECK(syscall_descriptor_stat(3, &stat) == 0 && stat.kind == FILE_KIND_PIPE);
    CHECK(syscall_write_file(3, "x", 1) == -EMODE);
    CHECK(syscall_read(4, buffer, 1) == -EMODE);
    CHECK(syscall_seek(3, 0, FILE_SEEK_CUR) == -ENOSEEK);
    CHECK(syscall_read_directory(3, (void *)buffer) == -ENOTDIR);
    CHECK(syscall_control(4, CONTROL_GET_MODE, buffer) == -EINVARG);
    CHECK(syscall_write_file(4, "abcdef", 6) == 6);
    CHECK(syscall_write_file(4, "g", 0) == 0);
    CHECK(syscall_read(3, buffer, 0) == 0);
    CHECK(syscall_read(3, buffer, 4) == 4 && memcmp(buffer, "abcd", 4) == 0);
    CHECK(syscall_read(3, buffer, 100) == 2 && memcmp(buffer, "ef", 2) == 0);
    /* Without waits. */
    CHECK(set_flags(3, FILE_NO_WAIT) == 0 && set_flags(4, FILE_NO_WAIT) == 0);
    CHECK(flags_of(3) == (FILE_READ | FILE_NO_WAIT));
    CHECK(syscall_read(3, buffer, 1) == -EAGAIN);
    for (unsigned i = 0; i < COUNT(bad_pointers); i++) {
        CHECK(syscall_write_file(4, (void *)at(bad_pointers[i]), 1) == -EINVARG);
        CHECK(syscall_write_file(4, "?", 1) == 1);
        CHECK(syscall_read(3, (void *)at(bad_pointers[i]), 1) == -EINVARG);
        CHECK(syscall_read(3, buffer, 1) == 1 && buffer[0] == '?');
    }
    CHECK(syscall_read(3, buffer, 1) == -EAGAIN);
    /* Exactly full, and one too many; at each place of the ring. */
    for (int offset = 0; offset < 3; offset++) {
        CHECK(syscall_write_file(4, pattern, ATOMIC) == ATOMIC);
        CHECK(syscall_write_file(4, "x", 1) == -EAGAIN);
        CHECK(syscall_read(3, buffer, 1000) == 1000);
        CHECK(syscall_write_file(4, pattern, 1001) == -EAGAIN); /* all or nothing */
        CHECK(syscall_write_file(4, pattern, 1000) == 1000);
        CHECK(syscall_read(3, buffer + 1000, LARGE) == ATOMIC);
        CHECK(memcmp(buffer, pattern, ATOMIC) == 0);
        CHECK(memcmp(buffer + ATOMIC, pattern, 1000) == 0);
        CHECK(syscall_write_file(4, "yz", 2) == 2 && syscall_read(3, buffer, 2) == 2);
    }
    /* More than it holds: what fits. It may grow. */
    intptr_t written = syscall_write_file(4, pattern, 3 * LARGE);
    CHECK(written == LARGE);
    CHECK(syscall_read(3, buffer, 3 * LARGE) == written);
    CHECK(memcmp(buffer, pattern, (size_t)written) == 0);
    /* The end of the file comes with the last copy of the writing end. */
    CHECK(syscall_duplicate(4, 7, 0) == 7);
    CHECK(syscall_write_file(7, "!", 1) == 1);
    CHECK(file_close(4) == 0);
    CHECK(syscall_read(3, buffer, 5) == 1 && buffer[0] == '!');
    CHECK(syscall_read(3, buffer, 5) == -EAGAIN);
    CHECK(file_close(7) == 0);
    CHECK(syscall_read(3, buffer, 5) == 0 && syscall_read(3, buffer, 5) == 0);
    CHECK(file_close(3) == 0);
    /* Nobody reads. */
    CHECK(syscall_pipe(ends) == 0 && syscall_pipe(more) == 0);
    CHECK(more[0] == 5 && more[1] == 6);
    CHECK(file_close(ends[0]) == 0);
    CHECK(syscall_write_file(ends[1], "x", 1) == -EPIPE);
    CHECK(syscall_write_file(ends[1], pattern, 3 * LARGE) == -EPIPE);
    CHECK(file_close(ends[1]) == 0 && file_close(more[0]) == 0 && file_close(more[1]) == 0);
    /* No number is free for one of the ends. */
    for (int i = 3; i < FILE_DESCRIPTORS; i++) {
        CHECK(syscall_duplicate(1, (uint32_t)i, 0) == i);
    }
    CHECK(syscall_pipe(ends) == -EBUSY);
    CHECK(file_close(9) == 0);
    CHECK(syscall_pipe(ends) == -EBUSY);
    CHECK(syscall_duplicate(1, 0, FILE_LOWEST) == 9);
    for (int i = 3; i < FILE_DESCRIPTORS; i++) {
        CHECK(file_close(i) == 0);
    }
}

/* A child copies what it reads, until the end. */
static void copy_all(int from, int to)
{
    intptr_t count;

    while ((count = syscall_read(from, buffer, 1000)) > 0) {
        for (intptr_t done = 0; done < count;) {
            done += syscall_write_file(to, buffer + done, (size_t)(count - done));
        }
    }
}

static void check_two_processes(void)
{
    int there[2], back[2];

    CHECK(syscall_pipe(there) == 0 && syscall_pipe(back) == 0);
    int child = (int)syscall_fork();
    if (child == 0) {
        file_close(there[1]);
        file_close(back[0]);
        copy_all(there[0], back[1]);
        exit_status(17);
    }
    file_close(there[0]);
    file_close(back[1]);
    for (int i = 0; i < 200; i++) {
        char byte = (char)i, answer = 0;

        CHECK(syscall_write_file(there[1], &byte, 1) == 1);
        CHECK(syscall_read(back[0], &answer, 1) == 1 && answer == byte);
    }
    /* Much, by a third process, in pieces of odd lengths. */
    int writer = (int)syscall_fork();
    if (writer == 0) {
        file_close(back[0]);
        for (size_t done = 0; done < sizeof(pattern);) {
            size_t count = sizeof(pattern) - done < 6007 ? sizeof(pattern) - done : 6007;
            done += (size_t)syscall_write_file(there[1], pattern + done, count);
        }
        exit_status(18);
    }
    file_close(there[1]);
    size_t done = 0;
    intptr_t count;
    static char all[sizeof(pattern) + 1];
    while ((count = syscall_read(back[0], all + done, sizeof(all) - done)) > 0) {
        done += (size_t)count;
    }
    CHECK(count == 0 && done == sizeof(pattern) && memcmp(all, pattern, done) == 0);
    file_close(back[0]);
    CHECK(status_of_child(child) == 17 && status_of_child(writer) == 18);
}

/* What waits in a pipe ends when it is killed, and when the other end goes. */
static void check_ends_of_waits(void)
{
    int ends[2];

    for (int who = 0; who < 4; who++) {
        CHECK(syscall_pipe(ends) == 0);
        int child = (int)syscall_fork();
        if (child == 0) {
            file_close(ends[who < 2 ? 1 : 0]);
            intptr_t result = who < 2 ? syscall_read(ends[0], buffer, 1)
                                      : syscall_write_file(ends[1], pattern, sizeof(pattern));
            exit_status(result < 0 ? (int)-result : (int)result % 256 + 100);
        }
        process_sleep(20);
        if (who % 2 == 0) {
            CHECK(process_kill(child) == 0);
        }
        file_close(ends[0]);
        file_close(ends[1]);
        int status = status_of_child(child);
        CHECK(status == (who % 2 == 0 ? STATUS_KILLED : who == 1 ? 100 : LARGE % 256 + 100));
    }
}

/* Several write small pieces: each stays together. */
static void check_pieces_stay_together(void)
{
    enum { WRITERS = 4, PIECES = 40, PIECE = 512 };
    int ends[2], seen[WRITERS] = {0};
    int children[WRITERS];

    CHECK(syscall_pipe(ends) == 0);
    for (int i = 0; i < WRITERS; i++) {
        children[i] = (int)syscall_fork();
        if (children[i] == 0) {
            memset(buffer, 'a' + i, PIECE);
            for (int n = 0; n < PIECES; n++) {
                CHECK(syscall_write_file(ends[1], buffer, PIECE) == PIECE);
            }
            exit_status(check_status());
        }
    }
    file_close(ends[1]);
    for (size_t at = 0; at < (size_t)WRITERS * PIECES * PIECE;) {
        intptr_t count = syscall_read(ends[0], buffer, PIECE - at % PIECE);

        CHECK(count > 0);
        if (count <= 0) {
            break;
        }
        for (intptr_t i = 0; i < count; i++, at++) {
            static char first;

            if (at % PIECE == 0) {
                first = buffer[i];
                CHECK(first >= 'a' && first < 'a' + WRITERS);
                seen[first - 'a']++;
            }
            CHECK(buffer[i] == first);
        }
    }
    CHECK(syscall_read(ends[0], buffer, 1) == 0);
    file_close(ends[0]);
    for (int i = 0; i < WRITERS; i++) {
        CHECK(seen[i] == PIECES && status_of_child(children[i]) == 0);
    }
}

/* A program that is started has the first three of its parent's, and no others; one that takes its
 * place keeps all but those that are closed then. */
static void check_started_programs(void)
{
    static struct command_argument words[2];
    int ends[2];
    const char *expected = "echo of in.";

    CHECK(syscall_pipe(ends) == 0);
    CHECK(syscall_duplicate(0, 10, 0) == 10 && syscall_duplicate(1, 11, 0) == 11);
    CHECK(syscall_write_file(ends[1], "in.", 3) == 3);
    CHECK(syscall_duplicate(ends[0], 0, 0) == 0 && syscall_duplicate(ends[1], 1, 0) == 1);
    strcpy(words[0].argument, "init.elf");
    strcpy(words[1].argument, "child");
    words[0].next = &words[1];
    int child = process_spawn(words, 0);
    int status = status_of_child(child);
    CHECK(syscall_duplicate(10, 0, 0) == 0 && syscall_duplicate(11, 1, 0) == 1);
    CHECK(status == 21);
    CHECK(file_close(10) == 0 && file_close(11) == 0);
    CHECK(file_close(ends[1]) == 0);
    CHECK(syscall_read(ends[0], buffer, 100) == (intptr_t)strlen(expected));
    CHECK(memcmp(buffer, expected, strlen(expected)) == 0);
    CHECK(file_close(ends[0]) == 0);

    for (int posix = 0; posix < 2; posix++) {
        static char name[] = "0:/init.elf", role[] = "grandchild";
        char *const arguments[] = {name, role, NULL}, *const environment[] = {NULL};

        CHECK(syscall_pipe(ends) == 0);
        CHECK(syscall_duplicate(ends[0], 20, 0) == 20);
        CHECK(syscall_duplicate(ends[0], 21, FILE_CLOSE_ON_EXECUTE) == 21);
        if (posix) {
            child = (int)syscall_spawn_posix(name, arguments, environment);
        } else {
            child = (int)syscall_fork();
            if (child == 0) {
                syscall_execute(name, arguments, environment);
                exit_status(99);
            }
        }
        CHECK(status_of_child(child) == 22);
        CHECK(file_close(ends[0]) == 0 && file_close(ends[1]) == 0);
        CHECK(file_close(20) == 0 && file_close(21) == 0);
    }
}

static void check_devices(void)
{
    struct file_stat stat;
    int null = syscall_open_file("/dev/null", OPEN_READ | OPEN_WRITE);
    int zero = syscall_open_file("/./dev//zero", OPEN_READ | OPEN_WRITE);
    int random = syscall_open_file("dev/random", OPEN_READ | OPEN_WRITE);
    int console = syscall_open_file("/dev/console", OPEN_READ | OPEN_WRITE);

    CHECK(null == 3 && zero == 4 && random == 5 && console == 6);
    CHECK(file_open("0:/dev/zero") == -ENOENT); /* drive 0 itself has no such folder */
    int only_read = file_open("/dev/zero");
    CHECK(only_read == 7 && syscall_write_file(only_read, "x", 1) == -EMODE);
    CHECK(file_close(only_read) == 0);
    CHECK(file_open("/dev/nothing") == -ENOENT && file_open("/dev/nul") == -ENOENT);
    CHECK(syscall_descriptor_stat(zero, &stat) == 0 && stat.kind == FILE_KIND_DEVICE);
    CHECK(syscall_read(null, buffer, 100) == 0);
    CHECK(syscall_write_file(null, buffer, sizeof(buffer)) == (intptr_t)sizeof(buffer));
    memset(buffer, 1, sizeof(buffer));
    CHECK(syscall_read(zero, buffer, sizeof(buffer) - 1) == (intptr_t)sizeof(buffer) - 1);
    for (size_t i = 0; i < sizeof(buffer); i++) {
        CHECK(buffer[i] == (i == sizeof(buffer) - 1));
    }
    CHECK(syscall_write_file(zero, "x", 1) == 1);
    /* No byte of 4,096 is too frequent, and no two reads are the same. */
    unsigned counts[256] = {0};
    CHECK(syscall_read(random, buffer, 4096) == 4096);
    for (int i = 0; i < 4096; i++) {
        counts[(unsigned char)buffer[i]]++;
    }
    for (int i = 0; i < 256; i++) {
        CHECK(counts[i] < 64);
    }
    CHECK(syscall_read(random, buffer + 4096, 4096) == 4096);
    CHECK(memcmp(buffer, buffer + 4096, 16) != 0);
    CHECK(syscall_write_file(random, buffer, 1000) == 1000);
    for (unsigned i = 0; i < COUNT(bad_pointers); i++) {
        void *bad = (void *)at(bad_pointers[i]);

        CHECK(syscall_read(random, bad, 1) == -EINVARG && syscall_read(zero, bad, 1) == -EINVARG);
        CHECK(syscall_write_file(random, bad, 1) == -EINVARG);
    }
    CHECK(syscall_write_file(console, "+", 1) == 1);
    CHECK(flags_of(console) == (FILE_READ | FILE_WRITE));
    CHECK(file_close(null) == 0 && file_close(zero) == 0);
    CHECK(file_close(random) == 0 && file_close(console) == 0);
}

static int run_child(const char *role)
{
    if (strcmp(role, "child") == 0) {
        CHECK(syscall_read(0, buffer, 10) == 3);
        CHECK(syscall_write_file(1, "echo of ", 8) == 8);
        CHECK(syscall_write_file(1, buffer, 3) == 3);
        for (int i = 3; i < FILE_DESCRIPTORS; i++) {
            CHECK(flags_of(i) == -EINVARG);
        }
        return check_failures ? 1 : 21;
    }
    CHECK(flags_of(20) == FILE_READ && flags_of(21) == -EINVARG);
    return check_failures ? 1 : 22;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_child(argv[1]);
    }
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (char)(i * 7 + i / 251);
    }
    check_standard();
    check_duplicates();
    check_pipe();
    check_devices();
    for (int round = 0; round < 2; round++) {
        struct memory_figures before = figures();

        check_two_processes();
        check_ends_of_waits();
        check_pieces_stay_together();
        check_started_programs();
        struct memory_figures after = figures();
        CHECK(round == 0 || after.objects == before.objects);
        CHECK(round == 0 || after.own_pages == before.own_pages);
    }
    if (!check_failures) {
        puts("descriptors: all checked");
    }
    return check_status();
}
