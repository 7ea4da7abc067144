/*
 * process.c - processes and time as POSIX has them. The time of day is that of the machine's clock,
 * taken as UTC; what counts how much time has passed begins when the kernel does.
 */
#include <reent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "layer.h"

#define PROCESSES_LISTED      32
#define MILLISECONDS_PER_TICK 10 /* of struct process_info's clock */

pid_t getpid(void)
{
    return syscall_getpid();
}

/* Would raise() do anything but to call kill()? */
static bool has_handler(int signal_number)
{
    return _REENT->_sig_func && _REENT->_sig_func[signal_number] != SIG_DFL;
}

/*
 * A signal of the program's own for which it has no handler ends it. Others can be ended, and know
 * no other signals.
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
        syscall_exit_by_signal((uint32_t)signal_number);
    }
    if (signal_number != SIGKILL && signal_number != SIGTERM && signal_number != SIGINT) {
        return layer_fail(ENOSYS);
    }
    return syscall_kill(pid) < 0 ? layer_fail(ESRCH) : 0;
}

/* ---------------------------------------------------------------- time */

static int64_t time_of_day(void)
{
    int64_t milliseconds = 0;

    syscall_time_of_day(&milliseconds);
    return milliseconds;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int64_t milliseconds = time_of_day();

    (void)zone;
    if (now) {
        *now = (struct timeval){(time_t)(milliseconds / 1000),
                                (suseconds_t)(milliseconds % 1000) * 1000};
    }
    return 0;
}

/* What the kernel's list says about this process; false when there is no memory for the list. */
static bool find_own(struct process_info *own)
{
    int capacity = PROCESSES_LISTED;

    for (;;) {
        struct process_info *list = malloc((size_t)capacity * sizeof(*list));
        int count;

        if (!list) {
            return false;
        }
        count = syscall_process_list(list, capacity);
        for (int i = 0; i < count && i < capacity; i++) {
            if (list[i].pid == (uint32_t)getpid()) {
                *own = list[i];
                free(list);
                return true;
            }
        }
        free(list);
        if (count <= capacity) {
            return false;
        }
        capacity = count + PROCESSES_LISTED;
    }
}

/* Milliseconds for which the clock found this program running. */
static uint32_t used_milliseconds(void)
{
    struct process_info own;

    return find_own(&own) ? own.ticks * MILLISECONDS_PER_TICK : 0;
}

/* clock() is made of it. */
clock_t times(struct tms *out)
{
    _Static_assert(CLOCKS_PER_SEC == 1000, "a clock_t is a millisecond");
    if (out) {
        *out = (struct tms){.tms_utime = used_milliseconds()};
    }
    return (clock_t)syscall_uptime();
}

pid_t getppid(void)
{
    struct process_info own;

    return find_own(&own) ? (pid_t)own.parent : 0;
}

/* Of children nothing is kept. */
int getrusage(int who, struct rusage *out)
{
    uint32_t used = who == RUSAGE_SELF ? used_milliseconds() : 0;

    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN) {
        return layer_fail(EINVAL);
    }
    *out = (struct rusage){.ru_utime = {used / 1000, (suseconds_t)(used % 1000) * 1000}};
    return 0;
}

/* ---------------------------------------------------------------- clocks */

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int64_t milliseconds;

    switch (clock) {
    case CLOCK_REALTIME: milliseconds = time_of_day(); break;
    case CLOCK_MONOTONIC: milliseconds = (uint32_t)syscall_uptime(); break;
    case CLOCK_PROCESS_CPUTIME_ID: milliseconds = used_milliseconds(); break;
    default: return layer_fail(EINVAL);
    }
    *out = (struct timespec){(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    return 0;
}

int clock_getres(clockid_t clock, struct timespec *out)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_PROCESS_CPUTIME_ID) {
        return layer_fail(EINVAL);
    }
    if (out) {
        *out = (struct timespec){0, MILLISECONDS_PER_TICK * 1000000L};
    }
    return 0;
}

/* Nothing interrupts it, so nothing is ever left. */
int nanosleep(const struct timespec *time, struct timespec *left)
{
    if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= 1000000000) {
        return layer_fail(EINVAL);
    }
    for (time_t seconds = time->tv_sec; seconds > 0; seconds--) {
        syscall_sleep(1000);
    }
    if (time->tv_nsec > 0) {
        syscall_sleep(((uint32_t)time->tv_nsec + 999999) / 1000000);
    }
    if (left) {
        *left = (struct timespec){0, 0};
    }
    return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
    struct timespec rest = *time, now;
    int error = errno;

    if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || (flags & ~TIMER_ABSTIME)) {
        return EINVAL;
    }
    if (flags & TIMER_ABSTIME) {
        clock_gettime(clock, &now);
        rest.tv_sec -= now.tv_sec;
        rest.tv_nsec -= now.tv_nsec;
        if (rest.tv_nsec < 0 && time->tv_nsec >= 0) {
            rest.tv_nsec += 1000000000;
            rest.tv_sec--;
        }
        if (rest.tv_sec < 0) {
            return time->tv_nsec < 0 || time->tv_nsec >= 1000000000 ? EINVAL : 0;
        }
    }
    if (nanosleep(&rest, left) < 0) {
        errno = error;
        return EINVAL;
    }
    return 0;
}

unsigned sleep(unsigned seconds)
{
    while (seconds-- > 0) {
        syscall_sleep(1000);
    }
    return 0;
}

int usleep(useconds_t microseconds)
{
    syscall_sleep(microseconds / 1000 + (microseconds % 1000 != 0));
    return 0;
}
