/*
 * syscall/sys_process.c - starting programs, waiting for them, and the end.
 *
 * Size before speed.
 */
#include <stddef.h>

#include "abi/syscalls.h"
#include "arch/context.h"
#include "config.h"
#include "arch/timer.h"
#include "base/align.h"
#include "base/status.h"
#include "drivers/rtc.h"
#include "syscall/syscall.h"
#include "syscall/user_path.h"
#include "syscall/usercopy.h"
#include "process/process.h"
#include "task/task.h"

#define MILLISECONDS_A_TICK (1000 / TIMER_HZ)

_Static_assert(1000 % TIMER_HZ == 0, "a tick is whole milliseconds");

/* sum(a, b): a + b */
intptr_t sys_sum(const uintptr_t *arguments)
{
    return (int32_t)((uint32_t)arguments[0] + (uint32_t)arguments[1]);
}

/* exit(): as with status 0 */
intptr_t sys_exit(const uintptr_t *arguments)
{
    (void)arguments;
    process_exit(0);
}

/* exit_status(status) */
intptr_t sys_exit_status(const uintptr_t *arguments)
{
    process_exit((int)arguments[0]);
}

/* restart(): an error, or it does not return */
intptr_t sys_restart(const uintptr_t *arguments)
{
    (void)arguments;
    return process_restart();
}

#define SIGNAL_MAX 31

/* exit_by_signal(signal) */
intptr_t sys_exit_by_signal(const uintptr_t *arguments)
{
    uint32_t signal = (uint32_t)arguments[0];

    if (signal == 0 || signal > SIGNAL_MAX) {
        return -EINVARG;
    }
    process_exit_by_signal(STATUS_FAULT + (int)signal, signal);
}

/* ---------------------------------------------------------------- starting programs */

/* Appends the string at source, of at most max bytes with its NUL. */
static int add_from_user(struct arguments *arguments, struct user_pointer source, size_t max)
{
    size_t size;
    char *next;

    while ((next = arguments_next(arguments, &size)) != NULL) {
        int status = copy_string_from_user(next, source, MIN(size, max));

        if (status >= 0) {
            arguments_add(arguments, (size_t)status);
            return OK;
        }
        if (status != -EBOUNDS || size >= max) {
            return status == -EBOUNDS ? -EINVARG : status;
        }
        /* There is no room for it yet. */
        status = arguments_grow(arguments);
        if (status < 0) {
            return status;
        }
    }
    return -E2BIG;
}

/* Appends the strings of a user's list of struct command_argument. Neither a cyclic nor an endless
 * one gets further than ARGUMENTS_MAX. */
static int add_list_from_user(struct arguments *arguments, struct user_pointer item)
{
    const size_t next_offset = offsetof(struct command_argument, next);

    do {
        int status = add_from_user(arguments, item, COMMAND_ARGUMENT_BYTES);
        if (status == OK) {
            status = user_read_long(user_pointer_add(item, next_offset), &item.address);
        }
        if (status < 0) {
            return status;
        }
    } while (item.address);
    return OK;
}

/* Starts the program at path, in a family of its own if is_job. The new process's id, or an
 * error. */
static int start_at(const char *path, const struct arguments *arguments, unsigned flags,
                    bool is_job)
{
    struct process *process;
    int status = is_job ? process_load_job(path, arguments, flags & PROCESS_FRONT, &process)
                        : process_load(path, arguments, &process);

    if (status < 0) {
        return status;
    }
    process_start(process, flags);
    return (int)process->id;
}

/* The same for the program that the first argument names. */
static int start_program(const struct arguments *arguments, unsigned flags, bool is_job)
{
    const char *path = arguments->strings;

    return strnlen(path, PATH_BYTES_MAX) == PATH_BYTES_MAX
               ? -EBADPATH
               : start_at(path, arguments, flags, is_job);
}

/* What commands 6, 7 and spawn have in common: arguments from a string or from a list, then the
 * program. */
static int start_from_user(struct user_pointer source, bool is_list, unsigned flags, bool is_job)
{
    struct arguments *arguments = arguments_new();
    int status;

    if (!arguments) {
        return -ENOMEM;
    }
    status = is_list ? add_list_from_user(arguments, source)
                     : add_from_user(arguments, source, PATH_BYTES_MAX);
    if (status == OK) {
        status = start_program(arguments, flags, is_job);
    }
    arguments_free(arguments);
    return status;
}

/* To the front comes a child only from there: else any program could take the keyboard. */
static unsigned front_if_own(void)
{
    return process_is_front(process_current()) ? PROCESS_FRONT : 0;
}

/* For commands 6 and 7: the new program has screen and keyboard, the caller goes on later. */
static int start_and_yield(struct user_pointer source, bool is_list)
{
    int status = start_from_user(source, is_list, PROCESS_DETACHED | front_if_own(), false);

    if (status < 0) {
        return status;
    }
    task_yield();
    return OK;
}

/* process_load_start(name): 0 */
intptr_t sys_process_load_start(const uintptr_t *arguments)
{
    return start_and_yield(user_pointer(arguments[0]), false);
}

/* invoke_system_command(list): 0 */
intptr_t sys_invoke_system_command(const uintptr_t *arguments)
{
    return start_and_yield(user_pointer(arguments[0]), true);
}

/* spawn(list, flags): pid */
intptr_t sys_spawn(const uintptr_t *arguments)
{
    uint32_t flags = (uint32_t)arguments[1];

    if (flags & ~(uint32_t)(SPAWN_FRONT | SPAWN_FAMILY)) {
        return -EINVARG;
    }
    return start_from_user(user_pointer(arguments[0]), true,
                           flags & SPAWN_FRONT ? front_if_own() : 0,
                           flags & SPAWN_FAMILY && process_current()->family == family_of_init());
}

/* ---------------------------------------------------------------- fork and what goes with it */

/* fork(): the child's pid, 0 in the child */
intptr_t sys_fork(const uintptr_t *arguments)
{
    struct process *child;

    (void)arguments;
    int status = process_fork(&child);

    if (status < 0) {
        return status;
    }
    process_start(child, 0);
    return (intptr_t)child->id;
}

/* Appends the strings of a user's array of pointers, whose last is NULL. */
static int add_array_from_user(struct arguments *arguments, struct user_pointer array)
{
    struct user_pointer string;
    int status = OK;

    while (status == OK && (status = user_read_long(array, &string.address)) == OK &&
           string.address) {
        status = add_from_user(arguments, string, SIZE_MAX);
        array = user_pointer_add(array, user_long_bytes());
    }
    return status;
}

/* What calls below take: path, arguments and environment. */
static int read_program(const uintptr_t program[3], char path[PATH_BYTES_MAX],
                        struct arguments *strings)
{
    int status = copy_path_from_user(path, user_pointer(program[0]));

    if (status == OK) {
        status = add_array_from_user(strings, user_pointer(program[1]));
    }
    arguments_end(strings);
    if (status == OK && program[2]) {
        status = add_array_from_user(strings, user_pointer(program[2]));
    }
    return status;
}

/* execute(path, arguments, environment): an error, or it does not return */
intptr_t sys_execute(const uintptr_t *arguments)
{
    char path[PATH_BYTES_MAX];
    struct arguments *strings = arguments_new();
    struct user_start start;

    if (!strings) {
        return -ENOMEM;
    }
    int status = read_program(arguments, path, strings);

    if (status == OK) {
        status = process_execute(path, strings, &start);
    }
    arguments_free(strings);
    if (status < 0) {
        return status;
    }
    task_restart(&start);
}

/* Where a new process belongs. */
struct place {
    bool is_job;   /* in a family of its own */
    bool is_front; /* a job in front may be there when no other may */
    uint32_t beside;
};

/* Loads the program whose path, arguments and environment these are: *process, or an error. */
static int load_from_user(const uintptr_t program[3], const struct place *place,
                          struct process **process)
{
    char path[PATH_BYTES_MAX];
    struct arguments *strings = arguments_new();

    if (!strings) {
        return -ENOMEM;
    }
    int status = read_program(program, path, strings);

    if (status == OK && place->beside != 0) {
        struct process *mate = process_find_child(place->beside);

        status = mate ? process_load_beside(path, strings, mate, process) : -ECHILD;
    } else if (status == OK) {
        status = place->is_job ? process_load_job(path, strings, place->is_front, process)
                               : process_load(path, strings, process);
    }
    arguments_free(strings);
    return status;
}

/* spawn_posix(path, arguments, environment): pid */
intptr_t sys_spawn_posix(const uintptr_t *arguments)
{
    struct process *process;
    int status = load_from_user(arguments, &(struct place){.is_job = false}, &process);

    if (status == OK) {
        status = process_inherit_files(process);
        if (status < 0) {
            process_destroy(process);
        }
    }
    if (status < 0) {
        return status;
    }
    process_start(process, front_if_own());
    return (intptr_t)process->id;
}

/* struct spawn_request is that many words of the program's, of which the first are its strings. */
enum { REQUEST_FLAGS = 3, REQUEST_BESIDE, REQUEST_WORDS };

_Static_assert(sizeof(struct spawn_request) == REQUEST_WORDS * sizeof(uintptr_t), "as it is read");

/* spawn_program(request): pid */
intptr_t sys_spawn_program(const uintptr_t *arguments)
{
    struct user_pointer next = user_pointer(arguments[0]);
    uintptr_t request[REQUEST_WORDS];
    struct process *process;

    for (int i = 0; i < REQUEST_WORDS; i++) {
        int status = user_read_long(next, &request[i]);

        if (status < 0) {
            return status;
        }
        next = user_pointer_add(next, user_long_bytes());
    }
    uintptr_t flags = request[REQUEST_FLAGS], beside = request[REQUEST_BESIDE];

    if ((flags & ~(uintptr_t)(SPAWN_FRONT | SPAWN_FAMILY)) || beside > INT32_MAX ||
        (beside && flags & SPAWN_FAMILY)) {
        return -EINVARG;
    }
    unsigned front = flags & SPAWN_FRONT ? front_if_own() : 0;
    struct place place = {
        .is_job = flags & SPAWN_FAMILY && process_current()->family == family_of_init(),
        .is_front = front != 0,
        .beside = (uint32_t)beside,
    };
    int status = load_from_user(request, &place, &process);

    if (status < 0) {
        return status;
    }
    process_start(process, front);
    return (intptr_t)process->id;
}

/* get_program_arguments(out): 0 */
intptr_t sys_get_program_arguments(const uintptr_t *arguments)
{
    const struct process *process = process_current();
    struct user_pointer out = user_pointer(arguments[0]);
    int status = user_write_long(out, process->argc); /* an int, padded where argv is wider */

    return status < 0 ? status
                      : user_write_long(user_pointer_add(out, user_long_bytes()), process->argv);
}

/* ---------------------------------------------------------------- the others, and time */

/* wait(pid or WAIT_ANY, status or 0): pid */
intptr_t sys_wait(const uintptr_t *arguments)
{
    struct user_pointer out = user_pointer(arguments[1]);
    int exit_status = 0;

    /* First, so that no status is lost to a bad pointer. */
    if (out.address && user_range_check_write(out, sizeof(exit_status)) < 0) {
        return -EINVARG;
    }
    int result = process_wait((int)arguments[0], &exit_status);
    if (result >= 0 && out.address) {
        copy_to_user(out, &exit_status, sizeof(exit_status));
    }
    return result;
}

#define WAIT_NO_HANG 1

/* wait_posix(pid or WAIT_ANY, status or 0, options): pid, or 0 */
intptr_t sys_wait_posix(const uintptr_t *arguments)
{
    struct user_pointer out = user_pointer(arguments[1]);
    int status = 0;

    if (arguments[2] & ~(uintptr_t)WAIT_NO_HANG ||
        (out.address && user_range_check_write(out, sizeof(status)) < 0)) {
        return -EINVARG;
    }
    int result = process_wait_posix((int)arguments[0], !(arguments[2] & WAIT_NO_HANG), &status);

    if (result > 0 && out.address) {
        copy_to_user(out, &status, sizeof(status));
    }
    return result;
}

/* kill(pid): 0 */
intptr_t sys_kill(const uintptr_t *arguments)
{
    struct process *process = process_find_reachable((uint32_t)arguments[0]);

    if (!process) {
        return -EINVARG;
    }
    process_cancel(process, STATUS_KILLED);
    return OK;
}

/* kill_family(pid): 0. Init's family is the person's shell: it ends by itself only. */
intptr_t sys_kill_family(const uintptr_t *arguments)
{
    struct process *process = process_find_reachable((uint32_t)arguments[0]);

    if (!process || process->family == family_of_init()) {
        return -EINVARG;
    }
    process_cancel_family(process->family, STATUS_KILLED);
    return OK;
}

/* yield(): 0 */
intptr_t sys_yield(const uintptr_t *arguments)
{
    (void)arguments;
    task_yield();
    return OK;
}

/* sleep(milliseconds): 0. A tick is under way already, so one more than it takes. */
intptr_t sys_sleep(const uintptr_t *arguments)
{
    uint32_t milliseconds = (uint32_t)arguments[0];
    uint32_t ticks = milliseconds / MILLISECONDS_A_TICK + (milliseconds % MILLISECONDS_A_TICK != 0);

    if (ticks == 0) {
        task_yield();
    } else {
        task_sleep(ticks + 1);
    }
    return OK;
}

/* getpid(): pid */
intptr_t sys_getpid(const uintptr_t *arguments)
{
    (void)arguments;
    return (intptr_t)process_current()->id;
}

/* uptime(): milliseconds */
intptr_t sys_uptime(const uintptr_t *arguments)
{
    (void)arguments;
    return (intptr_t)(timer_get_ticks() * MILLISECONDS_A_TICK);
}

/* time_of_day(milliseconds): 0 */
intptr_t sys_time_of_day(const uintptr_t *arguments)
{
    int64_t milliseconds = rtc_now_milliseconds();

    return copy_to_user(user_pointer(arguments[0]), &milliseconds, sizeof(milliseconds));
}

/*
 * thread_pointer(address): the selector, or 0 where none is needed. Paging protects as ever, so a
 * 32-bit program may give any address of 32 bits; in long mode one that cannot be would be a fault
 * of the kernel's. (By a far jump and `syscall` a 32-bit program, too, can pass more.)
 */
intptr_t sys_thread_pointer(const uintptr_t *arguments)
{
    bool is_64_bit = user_long_bytes() > sizeof(uint32_t);

    if (arguments[0] > (is_64_bit ? USER_END - 1 : UINT32_MAX)) {
        return -EINVARG;
    }
    task_set_thread_pointer(arguments[0]);
    return is_64_bit ? 0 : context_thread_selector();
}

/* Of process_list(), between two pauses. */
#define LISTED_AT_ONCE 16

/* Some of the processes, described: copying to the program may wait, while the list changes. */
struct listing {
    struct process_info info[LISTED_AT_ONCE];
    uint32_t count;
    uint64_t serial; /* of the last one */
};

static bool list_one(void *context, const struct process *process)
{
    struct listing *listing = context;

    process_describe(process, &listing->info[listing->count++]);
    listing->serial = process->serial;
    return listing->count < LISTED_AT_ONCE;
}

/* process_list(array, capacity): how many processes there are */
intptr_t sys_process_list(const uintptr_t *arguments)
{
    struct user_pointer out = user_pointer(arguments[0]);
    size_t capacity = arguments[1];
    struct listing listing = {.serial = 0};
    uint32_t listed = 0;

    do {
        listing.count = 0;
        process_for_each_after(listing.serial, list_one, &listing);
        for (uint32_t i = 0; i < listing.count; i++, listed++) {
            if (listed < capacity) {
                int status = copy_to_user(out, &listing.info[i], sizeof(listing.info[i]));

                if (status < 0) {
                    return status;
                }
                out = user_pointer_add(out, sizeof(listing.info[i]));
            }
        }
    } while (listing.count == LISTED_AT_ONCE && task_pause());
    return (intptr_t)listed;
}
