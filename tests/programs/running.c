/*
 * running.c - the file of a program that runs: nobody writes to it, but its name may go. And a file
 * that somebody can write to does not run. Run alone, as init.
 *
 * Expect: status 0
 * Says: running: all is well
 * Files: LICENSE
 */
#include <drupe.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#define RW   (OPEN_READ | OPEN_WRITE)
#define NEW  (RW | OPEN_CREATE | OPEN_TRUNCATE)
#define PAGE 4096u

#define TABLE_BYTES 20000u

/* Pages of the program's file that it does not touch before the end. */
static const unsigned char table[TABLE_BYTES] = {[0] = 1, [5000] = 2, [10000] = 3, [19999] = 4};

/* The children end when the file "/tmp/go" is there. */
static void wait_for_go(void)
{
    struct file_details details;

    while (syscall_stat_file(-1, "/tmp/go", &details) < 0) {
        process_sleep(10);
    }
}

/* What the program does as a child. */
static int be_child(const char *what)
{
    if (what[0] == 'f') { /* a copy goes on alone */
        int pid = (int)syscall_fork();

        if (pid != 0) {
            return pid > 0 ? 0 : 1;
        }
    }
    if (what[0] != 'e') { /* 'e': ends at once */
        wait_for_go();
    }
    unsigned sum = 0;

    for (unsigned i = 0; i < TABLE_BYTES; i++) {
        sum += ((const volatile unsigned char *)table)[i];
    }
    return sum == 10 ? 33 : 34;
}

/* Starts the program at path as such a child. */
static int start(const char *path, const char *what)
{
    struct command_argument list[2] = {{.next = &list[1]}};

    strcpy(list[0].argument, path);
    strcpy(list[1].argument, what);
    return process_spawn(list, 0);
}

/* Goes on as such a child. */
static int execute(const char *path, const char *what)
{
    char name[] = "name", word[8];
    char *const arguments[] = {name, word, NULL};

    strcpy(word, what);
    return (int)syscall_execute(path, arguments, arguments);
}

static int status_of(int pid)
{
    int status = -1;

    CHECK(pid > 0 && process_wait(pid, &status) == pid);
    return status;
}

static int open_with(const char *path, uint32_t flags)
{
    int file = (int)syscall_open_file(path, flags);

    if (file > 0) {
        CHECK(syscall_close(file) == 0);
    }
    return file < 0 ? file : 0;
}

static uint64_t size_of(const char *path)
{
    struct file_details details = {0};

    CHECK(syscall_stat_file(-1, path, &details) == 0);
    return details.size;
}

static void copy(const char *from, const char *to)
{
    static char buffer[PAGE];
    int source = (int)syscall_open_file(from, OPEN_READ);
    int target = (int)syscall_open_file(to, NEW);
    int count;

    CHECK(source > 0 && target > 0);
    while ((count = file_read(source, buffer, sizeof(buffer))) > 0) {
        CHECK(syscall_write_file(target, buffer, (size_t)count) == count);
    }
    CHECK(count == 0 && syscall_close(source) == 0 && syscall_close(target) == 0);
}

static void go(void)
{
    CHECK(open_with("/tmp/go", NEW) == 0);
}

static void stop(void)
{
    CHECK(syscall_remove("/tmp/go", REMOVE_FILE) == 0);
}

/* All ways to write to it. */
static void check_denied(const char *path)
{
    uint64_t size = size_of(path);

    CHECK(open_with(path, OPEN_WRITE) == -ERUNNING);
    CHECK(open_with(path, RW) == -ERUNNING);
    CHECK(open_with(path, NEW) == -ERUNNING);
    CHECK(open_with(path, OPEN_WRITE | OPEN_APPEND) == -ERUNNING);
    CHECK(open_with(path, NEW | OPEN_EXCLUSIVE) == -EEXISTS);
    CHECK(open_with(path, OPEN_READ) == 0);
    CHECK(size_of(path) == size);

    struct memory_mapping mapping = {.length = PAGE,
                                     .rights = MAPPING_READ | MAPPING_WRITE,
                                     .flags = MAPPING_SHARED,
                                     .descriptor = (int)syscall_open_file(path, OPEN_READ)};

    CHECK(syscall_map(&mapping) == -ERDONLY);
    mapping.flags = MAPPING_PRIVATE; /* a copy of its own, which is not written to the file */
    char *memory = (char *)syscall_map(&mapping);

    CHECK((uintptr_t)memory % PAGE == 0);
    memory[0] = 'x';
    CHECK(syscall_unmap((uintptr_t)memory, PAGE) == 0);
    CHECK(syscall_close((int)mapping.descriptor) == 0);
}

static void check_children(void)
{
    /* Several run it; it can be written to when the last one has gone. */
    copy("/init.elf", "/tmp/run.elf");
    CHECK(open_with("/tmp/run.elf", RW) == 0);
    int first = start("/tmp/run.elf", "wait"), second = start("/tmp/run.elf", "ends");

    CHECK(status_of(second) == 33);
    check_denied("/tmp/run.elf");
    go();
    CHECK(status_of(first) == 33);
    CHECK(open_with("/tmp/run.elf", RW) == 0);
    stop();

    /* So does a copy of a process, alone in the end. */
    CHECK(status_of(start("/tmp/run.elf", "fork")) == 0);
    check_denied("/tmp/run.elf");
    go();
    int status = -ERUNNING;

    for (int i = 0; status == -ERUNNING && i < 1000; i++) {
        process_sleep(10);
        status = open_with("/tmp/run.elf", RW);
    }
    CHECK(status == 0);
    stop();
}

/* A process that runs another program from now on gives the first one back. */
static void check_execute(void)
{
    copy("/init.elf", "/tmp/next.elf");
    int pid = (int)syscall_fork();

    if (pid == 0) {
        exit_status(execute("/tmp/next.elf", "wait"));
    }
    while (open_with("/tmp/next.elf", RW) != -ERUNNING) {
        process_sleep(10);
    }
    check_denied("/tmp/next.elf");
    check_denied("/init.elf"); /* this process still runs it */
    go();
    CHECK(status_of(pid) == 33);
    CHECK(open_with("/tmp/next.elf", RW) == 0);
    stop();
}

/* Its name goes, or somebody else gets it: it runs on, with pages that it touches only then. */
static void check_names(const char *path, const char *other)
{
    copy("/init.elf", path);
    int first = start(path, "wait");

    copy("/license", other);
    CHECK(syscall_rename(other, path) == 0);
    CHECK(open_with(path, RW) == 0 && size_of(path) == size_of("/license"));
    copy("/init.elf", path);
    int second = start(path, "wait");

    CHECK(syscall_remove(path, REMOVE_FILE) == 0);
    copy("/license", path);
    CHECK(start(path, "ends") == -EINFORMAT && open_with(path, RW) == 0);
    CHECK(syscall_sync_file(-1) == 0);
    go();
    CHECK(status_of(first) == 33 && status_of(second) == 33);
    CHECK(size_of(path) == size_of("/license") && syscall_remove(path, REMOVE_FILE) == 0);
    stop();
}

/* The other way round. */
static void check_written(void)
{
    int file = (int)syscall_open_file("/tmp/run.elf", OPEN_WRITE);

    CHECK(start("/tmp/run.elf", "ends") == -EWRITTEN);
    CHECK(execute("/tmp/run.elf", "ends") == -EWRITTEN);
    CHECK(syscall_close(file) == 0);
    CHECK(status_of(start("/tmp/run.elf", "ends")) == 33);

    /* A mapping is a writer as well, a copy of it, too, and so is a part of it. */
    file = (int)syscall_open_file("/tmp/run.elf", RW);
    struct memory_mapping mapping = {
        .length = 3 * PAGE, .rights = MAPPING_READ, .flags = MAPPING_SHARED, .descriptor = file};
    uintptr_t memory = (uintptr_t)syscall_map(&mapping);

    CHECK(memory % PAGE == 0 && syscall_close(file) == 0);
    CHECK(start("/tmp/run.elf", "ends") == -EWRITTEN);
    CHECK(syscall_protect(memory, PAGE, MAPPING_READ | MAPPING_WRITE) == 0);
    CHECK(syscall_unmap(memory + PAGE, PAGE) == 0);
    int pid = (int)syscall_fork();

    if (pid == 0) {
        wait_for_go();
        exit_status(33);
    }
    CHECK(syscall_unmap(memory, PAGE) == 0 && start("/tmp/run.elf", "ends") == -EWRITTEN);
    CHECK(syscall_unmap(memory + 2 * PAGE, PAGE) == 0);
    CHECK(start("/tmp/run.elf", "ends") == -EWRITTEN);
    go();
    CHECK(status_of(pid) == 33);
    CHECK(status_of(start("/tmp/run.elf", "ends")) == 33);

    /* One of a file that is open for reading is none. */
    mapping.descriptor = file = (int)syscall_open_file("/tmp/run.elf", OPEN_READ);
    memory = (uintptr_t)syscall_map(&mapping);
    CHECK(status_of(start("/tmp/run.elf", "ends")) == 33);
    CHECK(syscall_unmap(memory, 3 * PAGE) == 0 && syscall_close(file) == 0);

    /* Devices, folders and files that are no programs are left as they were. */
    CHECK(start("/dev/null", "ends") < 0 && open_with("/dev/null", RW) == 0);
    CHECK(start("/tmp", "ends") == -EISDIR);
    CHECK(start("/license", "ends") == -EINFORMAT && open_with("/license", RW) == 0);
    stop();
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return be_child(argv[1]);
    }
    check_denied("/init.elf");
    check_children();
    check_execute();
    check_names("/tmp/name.elf", "/tmp/other");
    check_names("/name.elf", "/other");
    check_written();
    check_denied("/init.elf");
    if (check_status() == 0) {
        printf("running: all is well\n");
    }
    return check_status();
}
