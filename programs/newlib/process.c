/*
 * process.c - processes and time as POSIX has them. There is no clock of the day: time begins when
 * the kernel does.
 */
#include <reent.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "layer.h"

#define PROCESSES_LISTED      32
#define MILLISECONDS_PER_TICK 10 /* of struct process_info's clock */

pid_t getpid(void)
{
    return system_call(SYSCALL_GETPID, 0, 0, 0);
}

/* Would raise() do anything but to call kill()? */
static bool has_handler(int signal_number)
{
    return _REENT->_sig_func && _REENT->_sig_func[signal_number] != SIG_DFL;
}

/*
 * A signal of the program's own for which it has no handler ends it as a shell would report it:
 * abort() is 134. Others can be ended, and know no other signals.
 */
int kill(pid_t pid, int signal_number)
{
    if (signal_number < 0 || signal_number >= NSIG) {
        return layer_fail(EINVAL);
    }
    if (pid == getpid()) {
        if (signal_number == 0) {
            return 0;
        }
        if (has_handler(signal_number)) {
            return raise(signal_number);
        }
        _exit(128 + signal_number);
    }
    if (signal_number != SIGKILL && signal_number != SIGTERM && signal_number != SIGINT) {
        return layer_fail(ENOSYS);
    }
    return system_call(SYSCALL_KILL, (uint32_t)pid, 0, 0) < 0 ? layer_fail(ESRCH) : 0;
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    int ended;

    if (options) {
        return layer_fail(ENOSYS);
    }
    int32_t child =
        system_call(SYSCALL_WAIT, (uint32_t)(pid > 0 ? pid : WAIT_ANY), ADDRESS(&ended), 0);
    if (child > 0 && status) {
        *status = (ended & 0xFF) << 8; /* as WEXITSTATUS() takes it apart */
    }
    return layer_result(child);
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}

/* ---------------------------------------------------------------- time */

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    uint32_t milliseconds = (uint32_t)system_call(SYSCALL_UPTIME, 0, 0, 0);

    (void)zone;
    if (now) {
        *now = (struct timeval){milliseconds / 1000, (suseconds_t)(milliseconds % 1000) * 1000};
    }
    return 0;
}

/* The time that the clock found this program running; clock() is made of it. */
clock_t times(struct tms *out)
{
    struct process_info list[PROCESSES_LISTED];
    int count = system_call(SYSCALL_PROCESS_LIST, ADDRESS(list), PROCESSES_LISTED, 0);
    uint32_t pid = (uint32_t)getpid();
    clock_t now = (clock_t)system_call(SYSCALL_UPTIME, 0, 0, 0);
    clock_t own = now; /* in the end of a long list: at most so much */

    for (int i = 0; i < count && i < PROCESSES_LISTED; i++) {
        if (list[i].pid == pid) {
            own = list[i].ticks * MILLISECONDS_PER_TICK;
        }
    }
    _Static_assert(CLOCKS_PER_SEC == 1000, "a clock_t is a millisecond");
    if (out) {
        *out = (struct tms){.tms_utime = own};
    }
    return now;
}

unsigned sleep(unsigned seconds)
{
    while (seconds-- > 0) {
        system_call(SYSCALL_SLEEP, 1000, 0, 0);
    }
    return 0;
}

int usleep(useconds_t microseconds)
{
    system_call(SYSCALL_SLEEP, microseconds / 1000 + (microseconds % 1000 != 0), 0, 0);
    return 0;
}
