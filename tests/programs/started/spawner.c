/*
 * spawner.c - does what needs memory of the kernel, once each, and takes whatever it gets. The
 * kernel's tests run it while one allocation, or one read of the disk, after the other fails.
 *
 * Status: 0 when every call gave what it asked for, 1 when one gave -ENOMEM, -EIO or no memory, 2
 * when the result was anything else.
 */
#include <drupe.h>
#include <stdlib.h>
#include <string.h>

static struct command_argument words[2];
static int status;

static void judge(int result, int expected)
{
    int verdict = result == expected || (expected > 0 && result > 0) ? 0
                  : result == -ENOMEM || result == -EIO              ? 1
                                                                     : 2;
    status = verdict > status ? verdict : status;
}

int main(void)
{
    int child_status = 7;

    strcpy(words[0].argument, "exit.elf");
    strcpy(words[1].argument, "an argument");
    words[0].next = &words[1];

    int child = system_call(SYSCALL_SPAWN, (uintptr_t)words, 0, 0);
    judge(child, 1);
    if (child > 0) {
        judge(system_call(SYSCALL_WAIT, (uint32_t)child, (uintptr_t)&child_status, 0), child);
    }
    judge(child_status, 7);
    judge(process_load_start("exit.elf"), 0);
    judge(invoke_system_command(words), 0);
    void *pages = page_malloc(3 * 4096);
    judge(pages != NULL ? 0 : -ENOMEM, 0);
    judge(page_free(pages), 0);
    return status;
}
