/*
 * lifetime.c - what comes back when processes end, thousands of times over.
 *
 * Expect: status 0
 * Says: 10000 exits, 1000 faults, 1000 kills, 1000 missing files: nothing lost
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static struct command_argument words[2];

static int start(const char *program, const char *role)
{
    strcpy(words[0].argument, program);
    strcpy(words[1].argument, role);
    words[0].next = &words[1];
    return system_call(SYSCALL_SPAWN, (uintptr_t)words, 0, 0);
}

static int wait_for(int pid)
{
    int status = -1;
    int result = system_call(SYSCALL_WAIT, (uint32_t)pid, (uintptr_t)&status, 0);
    CHECK(result == pid);
    return status;
}

static struct memory_figures figures(void)
{
    struct memory_figures now;
    CHECK(system_call(SYSCALL_MEMORY_FIGURES, (uintptr_t)&now, sizeof(now), 0) == 0);
    return now;
}

static void nothing_is_lost(const struct memory_figures *before)
{
    struct memory_figures after = figures();
    CHECK(after.free_pages == before->free_pages);
    CHECK(after.objects == before->objects);
    CHECK(after.processes == before->processes);
}

/* The dead must not be run again, in whatever order the living leave: the middle one of three, then
 * the last. */
static void middle_then_last(void)
{
    int child[3];
    for (int i = 0; i < 3; i++) {
        child[i] = start("init.elf", "spin");
        CHECK(child[i] > 0);
    }
    system_call(SYSCALL_SLEEP, 50, 0, 0);
    for (int i = 1; i < 3; i++) {
        CHECK(system_call(SYSCALL_KILL, (uint32_t)child[i], 0, 0) == 0);
        CHECK(wait_for(child[i]) == STATUS_KILLED);
        system_call(SYSCALL_SLEEP, 30, 0, 0);
    }
    struct process_info info[8];
    CHECK(system_call(SYSCALL_PROCESS_LIST, (uintptr_t)info, 8, 0) == 2);
    CHECK(info[1].pid == (uint32_t)child[0] && info[1].state == PROCESS_READY);
    uint32_t ticks = info[1].ticks;
    system_call(SYSCALL_SLEEP, 50, 0, 0);
    CHECK(system_call(SYSCALL_PROCESS_LIST, (uintptr_t)info, 8, 0) == 2);
    CHECK(info[1].ticks > ticks);
    CHECK(system_call(SYSCALL_KILL, (uint32_t)child[0], 0, 0) == 0);
    CHECK(wait_for(child[0]) == STATUS_KILLED);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "spin") == 0) {
        for (;;) {
        }
    }
    if (argc > 1 && strcmp(argv[1], "fault") == 0) {
        *(volatile int *)0 = 1;
    }
    if (argc > 1) {
        return page_malloc(10000) != NULL ? 3 : 4; /* not freed: exit does it */
    }

    wait_for(start("init.elf", "exit")); /* slabs and caches that stay are there now */
    struct memory_figures before = figures();
    for (int i = 0; i < 10000; i++) {
        CHECK(wait_for(start("init.elf", "exit")) == 3);
    }
    nothing_is_lost(&before);
    for (int i = 0; i < 1000; i++) {
        CHECK(wait_for(start("init.elf", "fault")) == STATUS_FAULT + 14);
    }
    nothing_is_lost(&before);
    for (int i = 0; i < 1000; i++) {
        int child = start("init.elf", "spin");
        CHECK(system_call(SYSCALL_KILL, (uint32_t)child, 0, 0) == 0);
        CHECK(wait_for(child) == STATUS_KILLED);
    }
    nothing_is_lost(&before);
    for (int i = 0; i < 1000; i++) {
        CHECK(start("nobody.elf", "") == -ENOENT);
    }
    nothing_is_lost(&before);
    middle_then_last();
    nothing_is_lost(&before);
    if (check_status() == 0) {
        puts("10000 exits, 1000 faults, 1000 kills, 1000 missing files: nothing lost");
    }
    return check_status();
}
