/*
 * system_linux.c - Linux, as rows.h asks for it. The program is init of an initramfs that
 * tools/bench_linux.py makes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
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
