/*
 * spawner.c - does what needs memory of the kernel, once each, and takes whatever it gets. The
 * kernel's tests run it while one allocation, or one read of the disk, after the other fails. Its
 * status is judge.h's.
 */
#include <drupe.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"

static struct command_argument words[2];

int main(void)
{
    int child_status = 7;

    strcpy(words[0].argument, "exit.elf");
    strcpy(words[1].argument, "an argument");
    words[0].next = &words[1];

    int child = system_call(SYSCALL_SPAWN, (uintptr_t)words, 0, 0);
    judge(child, child > 0);
    if (child > 0) {
        int ended = system_call(SYSCALL_WAIT, (uint32_t)child, (uintptr_t)&child_status, 0);

        judge(ended, ended == child);
    }
    judge(child_status, child_status > 0); /* 7, or the kernel's: its text could not be read */
    judge_call(process_load_start("exit.elf"));
    judge_call(invoke_system_command(words));
    void *pages = page_malloc(3 * 4096);
    judge_call(pages != NULL ? 0 : -ENOMEM);
    judge_call(page_free(pages));
    return judge_status;
}
