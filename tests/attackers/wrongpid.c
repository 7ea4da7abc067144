/*
 * wrongpid.c - kills, and waits for, thousands of processes that are not its own: init, the
 * witness, the kernel, and those that do not exist.
 * Verdict: status 0
 */
#include "attack.h"

#define PIDS 5000

/* The numbers that are taken are 1, 2, 3 ... */
static uint32_t any_pid(uint32_t i)
{
    return i < PIDS / 2 ? i : i * 2654435761u;
}

int main(void)
{
    int status;

    for (uint32_t i = 0; i < PIDS; i++) {
        int pid = (int)any_pid(i);

        if (pid == process_id()) {
            continue;
        }
        if (process_kill(pid) != -EINVARG || process_wait(pid, &status) != -ECHILD ||
            process_wait(pid, (int *)KERNEL_ADDRESS) != -EINVARG) {
            return STATUS_SUCCEEDED;
        }
    }
    return process_wait(WAIT_ANY, NULL) == -ECHILD ? 0 : STATUS_SUCCEEDED;
}
