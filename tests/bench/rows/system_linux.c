/*
 * system_linux.c - Linux, as rows.h asks for it. The program is init of an initramfs that
 * tools/bench_linux.py makes.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rows.h"

/* QEMU's isa-debug-exit, as tests/run_qemu.sh has it: 0x10 is status 0, 0x11 status 1. */
#define EXIT_PORT          0xF4
#define EXIT_SUCCESS_VALUE 0x10

void system_begin(void)
{
}

void system_end(int status)
{
    fflush(stdout);
    usleep(200000); /* the serial line takes its time */
    /* Not before: a program that may use ports pays for it at each of its system calls. */
    if (ioperm(EXIT_PORT, 1, 1) != 0) {
        printf("bench: the port of isa-debug-exit cannot be had\n");
        exit(1); /* the kernel panics, and the machine ends */
    }
    outb((unsigned char)(EXIT_SUCCESS_VALUE + (status != 0)), EXIT_PORT);
    for (;;) {
        pause();
    }
}

void system_cheapest_call(void)
{
    long number = SYS_getpid;
#ifdef __x86_64__
    __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
#else
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
#endif
}

void *system_get(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

void system_give_back(void *memory, size_t bytes)
{
    if (munmap(memory, bytes) != 0) {
        give_up("munmap refused what mmap gave");
    }
}

uint32_t system_free_pages(void)
{
    struct sysinfo figures;
    usleep(200000); /* what has ended is cleared away a little later */
    if (sysinfo(&figures) != 0) {
        give_up("no figures of the memory");
    }
    return (uint32_t)(figures.freeram * figures.mem_unit / PAGE_BYTES);
}

volatile char *system_map(size_t bytes)
{
    void *memory = system_get(bytes);
    if (memory == NULL) {
        give_up("no memory to map");
    }
    madvise(memory, bytes, MADV_NOHUGEPAGE); /* faults of single pages are meant */
    return memory;
}

void system_unmap(volatile char *memory, size_t bytes)
{
    system_give_back((void *)memory, bytes);
}

int system_fork(void)
{
    pid_t pid = (pid_t)syscall(SYS_fork);
    if (pid < 0) {
        give_up("fork was refused");
    }
    return pid;
}

void system_execute(const char *program)
{
    char *const arguments[] = {(char *)program, NULL};
    execve(program, arguments, arguments + 1);
}

void system_exit(int status)
{
    _exit(status);
}

void system_idle(void)
{
    for (;;) {
        pause();
    }
}

void system_let_others_run(void)
{
}

/* The quickest way that Linux has. */
int system_start(const char *program, const char *argument)
{
    char *const arguments[] = {(char *)program, (char *)argument, NULL};
    char *const environment[] = {NULL};
    pid_t pid = vfork();
    if (pid == 0) {
        execve(program, arguments, environment);
        _exit(127);
    }
    if (pid < 0) {
        give_up("a program could not be started");
    }
    return pid;
}

void system_wait(int pid)
{
    int status;
    if (waitpid(pid, &status, 0) != pid || (WIFEXITED(status) && WEXITSTATUS(status) != 0)) {
        give_up("a child could not be waited for, or did not do its work");
    }
}

void system_kill(int pid)
{
    kill(pid, SIGKILL);
}

/* ---------------------------------------------------------------- files */

/* Debian's kernel has the drivers of disks and of FAT as modules: tools/bench_linux.py has put
 * those that are needed into the initramfs, by numbers in the order of their loading. */
static void load_modules(void)
{
    char name[32];

    for (int i = 0;; i++) {
        (void)snprintf(name, sizeof(name), "/modules/%02d.ko", i);
        int module = open(name, O_RDONLY);
        if (module < 0) {
            return;
        }
        if (syscall(SYS_finit_module, module, "", 0) != 0) {
            give_up(name);
        }
        close(module);
    }
}

void system_mount(void)
{
    load_modules();
    mkdir("/disk", 0755);
    mknod("/dev/disk", S_IFBLK | 0600, makedev(8, 1)); /* sda1 */
    for (int tries = 0; mount("/dev/disk", "/disk", "vfat", 0, "") != 0; tries++) {
        if (tries == 500) {
            give_up("the disk's FAT volume cannot be mounted");
        }
        usleep(10000); /* disks are looked for in the background */
    }
    if (chdir("/disk") != 0) {
        give_up("/disk is no folder");
    }
}

/* The result of a call, which is no error and, if it counts bytes, all of them. */
static int sure(int result, const char *what)
{
    if (result < 0) {
        give_up(what);
    }
    return result;
}

static void all(ssize_t result, size_t bytes, const char *what)
{
    if (result != (ssize_t)bytes) {
        give_up(what);
    }
}

int system_open(const char *path)
{
    return sure(open(path, O_RDONLY), path);
}

int system_create(const char *path)
{
    return sure(open(path, O_RDWR | O_CREAT | O_EXCL, 0644), path);
}

void system_close(int file)
{
    sure(close(file), "a file could not be closed");
}

void system_read(int file, void *buffer, size_t bytes)
{
    all(read(file, buffer, bytes), bytes, "a read was short");
}

void system_write(int file, const void *buffer, size_t bytes)
{
    all(write(file, buffer, bytes), bytes, "a write was short");
}

void system_sync(int file)
{
    sure(fsync(file), "a file could not be brought to the disk");
}

void system_seek(int file, uint32_t position)
{
    if (lseek(file, (off_t)position, SEEK_SET) < 0) {
        give_up("a position could not be set");
    }
}

void system_read_at(int file, uint32_t position, void *buffer, size_t bytes)
{
    all(pread(file, buffer, bytes, (off_t)position), bytes, "a read at a position was short");
}

void system_write_at(int file, uint32_t position, const void *buffer, size_t bytes)
{
    all(pwrite(file, buffer, bytes, (off_t)position), bytes, "a write at a position was short");
}

void system_ask(int file)
{
    struct stat status;
    sure(fstat(file, &status), "nothing is known about an open file");
}

void system_ask_by_name(const char *path)
{
    struct stat status;
    sure(stat(path, &status), path);
}

void system_make_folder(const char *path)
{
    sure(mkdir(path, 0755), path);
}

unsigned system_list(int folder)
{
    static uint64_t buffer[4096 / sizeof(uint64_t)];
    unsigned entries = 0;
    long bytes;

    system_seek(folder, 0);
    while ((bytes = syscall(SYS_getdents64, folder, buffer, sizeof(buffer))) > 0) {
        const char *record = (const char *)buffer;
        for (const char *end = record + bytes; record < end;
             record += ((const struct dirent64 *)(const void *)record)->d_reclen) {
            entries++;
        }
    }
    sure((int)bytes, "a folder");
    return entries;
}

void system_remove(const char *path)
{
    sure(unlink(path), path);
}

void system_pipe(int ends[2])
{
    sure(pipe(ends), "no pipe");
}

size_t system_read_some(int end, void *buffer, size_t bytes)
{
    return (size_t)sure((int)read(end, buffer, bytes), "a pipe could not be read");
}

const struct row system_rows[] = {{NULL, NULL, 0}};
