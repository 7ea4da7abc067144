/*
 * forker.c - forks, executes, and maps, once each, and takes whatever it gets; as spawner.c. Its
 * status is judge.h's.
 */
#include <drupe.h>
#include <stdlib.h>

#include "abi/mapping.h"
#include "judge.h"

#define EXECUTE_FAILED 101
#define SIGNAL_BUS     10 /* a page of a child's file could not be read when it was touched */
#define BYTES          (2u * 4096)

/* In a page of the file that nobody but the kernel touches. */
static const char executed[4096] __attribute__((aligned(4096))) = "exit.elf";

/* The child becomes exit.elf, or says that it could not. */
static void fork_and_execute(void)
{
    char *const arguments[] = {"exit.elf", NULL};
    int child_status = 0;
    intptr_t child = syscall_fork();
    bool has_failed;

    if (child == 0) {
        intptr_t result = syscall_execute(executed, arguments, NULL);

        exit(judge_is_expected(result) ? EXECUTE_FAILED : 2);
    }
    judge(child, child > 0);
    if (child > 0) {
        judge(child, syscall_wait_posix((int)child, &child_status, 0) == child);
        has_failed = child_status == EXECUTE_FAILED << 8 || child_status == SIGNAL_BUS;
        judge(has_failed ? -ENOMEM : 0, child_status == 7 << 8);
    }
}

static void map_and_write(uint32_t flags, int descriptor)
{
    struct memory_mapping mapping = {
        .length = BYTES,
        .rights = MAPPING_READ | MAPPING_WRITE,
        .flags = flags,
        .descriptor = descriptor,
    };
    intptr_t memory = syscall_map(&mapping);
    bool is_there = memory >= 0 || memory < -SYSCALL_ERROR_MAX;

    judge(memory, is_there);
    if (is_there) {
        ((volatile char *)memory)[4096] = 1;
        judge(0, syscall_unmap((uintptr_t)memory, BYTES) == 0);
    }
}

int main(void)
{
    fork_and_execute();
    map_and_write(MAPPING_PRIVATE | MAPPING_ANONYMOUS, -1);
    map_and_write(MAPPING_SHARED | MAPPING_ANONYMOUS, -1);

    int file = file_open("exit.elf");

    judge(file, file >= 0);
    if (file >= 0) {
        map_and_write(MAPPING_PRIVATE, file);
        judge(0, file_close(file) == 0);
    }
    return judge_status;
}
