/*
 * children.c - a copy of the program, and how children ended.
 *
 * A child has all that lies in memory as its parent had it: what is in the buffers of streams, so
 * that both write it; the functions of atexit(); the environment; scratch files, which are each
 * one's own from then on. Of the disk's files both have the same descriptors, with one position.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "layer.h"

pid_t fork(void)
{
    return layer_result(syscall_fork());
}

/* The parent need not wait: the child takes no page before it writes to it. */
pid_t vfork(void)
{
    return fork();
}

/* There are no process groups: pid 0 is any child, as -1 is, and no child is in another's group.
 * Children do not stop, so WUNTRACED changes nothing. */
pid_t waitpid(pid_t pid, int *status, int options)
{
    if (options & ~(WNOHANG | WUNTRACED)) {
        return layer_fail(EINVAL);
    }
    if (pid < -1) {
        return layer_fail(ECHILD);
    }
    return layer_result(
        syscall_wait_posix(pid > 0 ? pid : WAIT_ANY, status, (uint32_t)(options & WNOHANG)));
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}
