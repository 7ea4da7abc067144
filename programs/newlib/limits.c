/*
 * limits.c - what a program may ask about the system: its limits.
 */
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer.h"

#define PAGE_BYTES       4096
#define TICKS_PER_SECOND 1000 /* of times(): newlib's CLOCKS_PER_SEC */
#define KERNEL_PATH_MAX  1024 /* src/config.h: PATH_BYTES_MAX */

_Static_assert(ARG_MAX == ARGUMENTS_BYTES_MAX, "tools/build_newlib.sh puts it into the header");

/* Pages that the kernel manages, and the free ones of these. */
static struct memory_figures memory(void)
{
    struct memory_figures figures = {0};

    syscall_memory_figures(&figures, sizeof(figures));
    return figures;
}

/* -1 with errno as it was: there is no limit, or no such thing here. EINVAL: not a name. */
long sysconf(int name)
{
    switch (name) {
    case _SC_ARG_MAX: return ARGUMENTS_BYTES_MAX;
    case _SC_CLK_TCK: return TICKS_PER_SECOND;
    case _SC_OPEN_MAX: return getdtablesize();
    case _SC_PAGESIZE: return PAGE_BYTES;
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN: return 1;
    case _SC_PHYS_PAGES: return (long)memory().total_pages;
    case _SC_AVPHYS_PAGES: return (long)memory().free_pages;
    case _SC_NGROUPS_MAX: return 0;
    case _SC_ATEXIT_MAX: return 32;
    case _SC_TIMERS:
    case _SC_MONOTONIC_CLOCK:
    case _SC_FSYNC:
    case _SC_SPAWN:
    case _SC_MAPPED_FILES:
    case _SC_MEMORY_PROTECTION: return 200809L;
    default: return name >= 0 && name <= _SC_THREAD_SPORADIC_SERVER ? -1 : layer_fail(EINVAL);
    }
}

static long path_limit(int name)
{
    switch (name) {
    case _PC_LINK_MAX: return 1;
    case _PC_NAME_MAX: return 255;
    case _PC_PATH_MAX: return KERNEL_PATH_MAX;
    case _PC_NO_TRUNC: return 1; /* a name that is too long is an error */
    case _PC_MAX_CANON:
    case _PC_MAX_INPUT: return 4095; /* the kernel's: src/device/console.c */
    default: return name >= 0 && name <= _PC_TIMESTAMP_RESOLUTION ? -1 : layer_fail(EINVAL);
    }
}

long pathconf(const char *path, int name)
{
    struct stat known;

    return stat(path, &known) < 0 ? -1 : path_limit(name);
}

long fpathconf(int descriptor, int name)
{
    struct stat known;

    return fstat(descriptor, &known) < 0 ? -1 : path_limit(name);
}

int getpagesize(void)
{
    return PAGE_BYTES;
}

int getdtablesize(void)
{
    return FILE_DESCRIPTOR_FIRST + FILE_DESCRIPTORS_MAX;
}

/* ---------------------------------------------------------------- rights of new files */

/* Kept, and without effect: no file that programs can make has permissions. */
mode_t umask(mode_t mask)
{
    static mode_t current = S_IWGRP | S_IWOTH;
    mode_t before = current;

    current = mask & (S_IRWXU | S_IRWXG | S_IRWXO);
    return before;
}

/* ---------------------------------------------------------------- memory */

int posix_memalign(void **memory_out, size_t alignment, size_t size)
{
    void *found;
    int error = errno;

    if (alignment < sizeof(void *) || (alignment & (alignment - 1))) {
        return EINVAL;
    }
    found = memalign(alignment, size);
    errno = error;
    if (!found) {
        return ENOMEM;
    }
    *memory_out = found;
    return 0;
}
