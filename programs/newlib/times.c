/*
 * times.c - when a file was changed and read: programs may set both. A FAT keeps the first in steps
 * of 2 seconds, of the second only the day.
 */
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

#include "layer.h"

/* POSIX names the time of reading first, the kernel the other. */
enum { READ, CHANGED };

static int set_times(const char *path, int descriptor, const int64_t *times)
{
    intptr_t result = syscall_set_times(path, times, descriptor);

    return path ? layer_result_of_path(path, result) : layer_result_about(descriptor, result);
}

/* What is not to be changed stays as `known` has it. */
static int64_t time_of(const struct timespec *wanted, time_t known)
{
    return wanted->tv_nsec == UTIME_NOW    ? time(NULL)
           : wanted->tv_nsec == UTIME_OMIT ? known
                                           : wanted->tv_sec;
}

int layer_set_times(const char *path, int descriptor, const struct timespec *times)
{
    struct stat known;

    if (!times) {
        return set_times(path, descriptor, NULL);
    }
    for (int i = READ; i <= CHANGED; i++) {
        long part = times[i].tv_nsec;

        if (part != UTIME_NOW && part != UTIME_OMIT && (part < 0 || part >= 1000000000)) {
            return layer_fail(EINVAL);
        }
    }
    if ((path ? stat(path, &known) : fstat(descriptor, &known)) < 0) {
        return -1;
    }
    const int64_t both[2] = {time_of(&times[CHANGED], known.st_mtime),
                             time_of(&times[READ], known.st_atime)};
    return set_times(path, descriptor, both);
}

int futimens(int descriptor, const struct timespec *times)
{
    return layer_set_times(NULL, descriptor, times);
}

int utime(const char *path, const struct utimbuf *times)
{
    const int64_t both[2] = {times ? times->modtime : 0, times ? times->actime : 0};

    return set_times(path, -1, times ? both : NULL);
}

static int set_timevals(const char *path, int descriptor, const struct timeval *times)
{
    const int64_t both[2] = {times ? times[CHANGED].tv_sec : 0, times ? times[READ].tv_sec : 0};

    return set_times(path, descriptor, times ? both : NULL);
}

int utimes(const char *path, const struct timeval *times)
{
    return set_timevals(path, -1, times);
}

int lutimes(const char *path, const struct timeval *times)
{
    return set_timevals(path, -1, times);
}

int futimes(int descriptor, const struct timeval *times)
{
    return set_timevals(NULL, descriptor, times);
}
