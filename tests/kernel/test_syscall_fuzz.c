/*
 * tests/kernel/test_syscall_fuzz.c - programs that make any system call with any arguments
 * (tests/programs/stress/syscall_fuzz.c), until enough calls have been made. No panic, nothing
 * lost, and the heaps are checked every CALLS_A_CHECK calls.
 *
 * Only by name: tests/system/test_stress.py runs it, on a disk that has the program.
 *     -fw_cfg name=opt/drupe/test,string=syscall_fuzz
 *     -fw_cfg name=opt/drupe/seed,string=1 -fw_cfg name=opt/drupe/calls,string=1000000
 */
#include "arch/x86/cpu.h"
#include "debug/printk.h"
#include "device/block_cache.h"
#include "device/key_queue.h"
#include "fs/file_object.h"
#include "fs/page_object.h"
#include "fs/vfs.h"
#include "ktest.h"
#include "base/align.h"
#include "lib/format.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "process/process.h"
#include "task/task.h"
#include "watching.h"

#define ERRORS          64 /* results from -ERRORS + 1 on; others may be addresses */
#define CALLS_A_CHECK   1000
#define CALLS_A_PROCESS 4000
#define AT_ONCE         4     /* processes that are started together */
#define CALLS_AT_ONCE   60000 /* then they, and what they have started, are to end */
#define SILENT_TICKS    50    /* without any call: a program is lost in ring 3 */
#define IDLE_TICKS      3     /* then those that still wait are ended */
#define LEAST_FRACTION  20000 /* each command must be at least 1 / this of all calls */
#define PRINT_ONE_IN    200   /* the serial line takes its time */

static struct {
    uint32_t calls, checks, processes, ended_by_force;
    uint32_t calls_at_tick, silent_ticks;
    uint32_t calls_end; /* of those that run now */
    uint32_t random;
    uint32_t made[SYSCALL_COUNT], succeeded[SYSCALL_COUNT];
    bool is_broken;
} fuzz;

static uint32_t random_number(void)
{
    fuzz.random = fuzz.random * 1664525 + 1013904223;
    return fuzz.random >> 8;
}

/* Programs that start themselves again and again would never end: when they have had their calls,
 * they start nothing more. */
static bool answer(uint32_t command, uint32_t *result)
{
    bool is_starting = command == SYSCALL_PROCESS_LOAD_START ||
                       command == SYSCALL_INVOKE_SYSTEM_COMMAND || command == SYSCALL_SPAWN ||
                       command == SYSCALL_FORK || command == SYSCALL_EXECUTE ||
                       command == SYSCALL_SPAWN_POSIX || command == SYSCALL_SPAWN_PROGRAM;

    *result = (uint32_t)-ELIMIT;
    return is_starting && fuzz.calls > fuzz.calls_end;
}

static void on_call(uint32_t command)
{
    if (command < SYSCALL_COUNT) {
        fuzz.made[command]++;
    }
    if (++fuzz.calls % CALLS_A_CHECK == 0) {
        const char *reason = "";

        fuzz.checks++;
        if (heap_check_reason(kheap_get(), &reason) < 0 || kmem_check() < 0) {
            printk("after %u calls: kernel heap: %s\n", fuzz.calls, reason);
            fuzz.is_broken = true;
        }
    }
}

static void on_result(uint32_t command, intptr_t result)
{
    bool has_succeeded =
        command == SYSCALL_MALLOC ? result != 0 : (uintptr_t)result <= (uintptr_t)-ERRORS;

    if (command < SYSCALL_COUNT && has_succeeded) {
        fuzz.succeeded[command]++;
    }
}

/* Does a call that succeeds come back? There are no calls with the numbers in between. */
static bool has_result(uint32_t command)
{
    switch (command) {
    case SYSCALL_EXIT:
    case SYSCALL_EXIT_STATUS:
    case SYSCALL_EXECUTE:
    case SYSCALL_RESTART: /* is init's, and no program here is */
    case SYSCALL_EXIT_BY_SIGNAL: return false;
    default: return command < SYSCALL_EXIT || command > SYSCALL_EXIT_STATUS;
    }
}

/* Were all commands called often, with success and without? Else the programs look in the wrong
 * places. */
static bool is_everything_tried(void)
{
    for (uint32_t command = 0; command < SYSCALL_COUNT; command++) {
        uint32_t least = fuzz.calls / LEAST_FRACTION;

        if (fuzz.made[command] < least ||
            (has_result(command) && fuzz.succeeded[command] < MIN(fuzz.made[command], least))) {
            printk("command %u: %u calls, %u with success\n", command, fuzz.made[command],
                   fuzz.succeeded[command]);
            return false;
        }
    }
    return true;
}

/* Types keys, seldom ctrl-C; and ends programs that make no calls any more. */
static void on_tick(void)
{
    key_queue_push(random_number() % 16 == 0 ? KEY_INTERRUPT
                                             : (uint8_t)(1 + random_number() % 255));
    fuzz.silent_ticks = fuzz.calls == fuzz.calls_at_tick ? fuzz.silent_ticks + 1 : 0;
    fuzz.calls_at_tick = fuzz.calls;
    if ((fuzz.silent_ticks > SILENT_TICKS || fuzz.calls > fuzz.calls_end) && task_current()) {
        process_cancel(process_current(), STATUS_KILLED);
        fuzz.silent_ticks = 0;
        fuzz.ended_by_force++;
    }
}

static bool cancel_one(void *context, const struct process *process)
{
    (void)context;
    if (process->task.state != TASK_ENDED) {
        process_cancel((struct process *)(uintptr_t)process, STATUS_KILLED);
        fuzz.ended_by_force++;
    }
    return true;
}

static bool is_living(void *context, const struct process *process)
{
    *(bool *)context = *(bool *)context || process->task.state != TASK_ENDED;
    return !*(bool *)context;
}

static bool is_anybody_there(void)
{
    bool is_there = false;

    process_for_each(is_living, &is_there);
    return is_there;
}

static void run_to_the_end(void)
{
    for (unsigned idle_ticks = 0;; idle_ticks++) {
        task_run_all();
        if (!is_anybody_there()) {
            return;
        }
        if (idle_ticks >= IDLE_TICKS) {
            process_for_each(cancel_one, NULL);
        } else {
            cpu_wait_for_interrupt();
            cpu_interrupts_off();
        }
    }
}

static int start_one(uint32_t seed, struct process **process)
{
    struct arguments *arguments = arguments_new();
    uint32_t values[] = {0, seed, CALLS_A_PROCESS};
    char *next;
    size_t size;
    int status;

    if (!arguments) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < 3; i++) {
        next = arguments_next(arguments, &size);
        arguments_add(arguments, i == 0 ? string_copy(next, "fuzz.elf", size)
                                        : format_to_buffer(next, size, "%u", values[i]));
    }
    /* Some are of init's family, and may make others; some are jobs, and may end their own. In long
     * mode, some are of 64 bits. */
    const char *path = ARCH_BITS == 64 && fuzz.processes % 4 >= 2 ? "0:/fuzz64.elf" : "0:/fuzz.elf";
    status = fuzz.processes % 2 ? process_load_job(path, arguments, false, process)
                                : process_load(path, arguments, process);
    arguments_free(arguments);
    if (status == OK) {
        process_start(*process, 0);
        fuzz.processes++;
    }
    return status;
}

/* The calls find the drives as they were. */
static bool empty_drives(void)
{
    return ktest_empty_drive(VFS_DRIVE_START) == OK && ktest_empty_drive(VFS_DRIVE_MEMORY) == OK;
}

static uint32_t option(const char *name, uint32_t otherwise)
{
    char text[16];
    uint32_t value = 0;

    if (!fw_cfg_read_string(name, text, sizeof(text))) {
        return otherwise;
    }
    for (const char *c = text; char_is_digit(*c); c++) {
        value = value * 10 + (uint32_t)(*c - '0');
    }
    return value;
}

KTEST_BY_NAME(syscall_fuzz)
{
    static const struct watchers watchers = {
        .answer = answer,
        .on_call = on_call,
        .on_result = on_result,
        .on_tick = on_tick,
        .print_one_in = PRINT_ONE_IN,
    };
    uint32_t seed = option("opt/drupe/seed", 1);
    uint32_t goal = option("opt/drupe/calls", 1000000);

    fuzz.random = seed;
    printk("info: system calls at random, seed %u\n", seed);
    KEXPECT(ktest_mount());
    KEXPECT(ktest_protect_files() > 0); /* the programs */
    ktest_forget_caches();
    size_t pages = pmm_get_free_pages();
    size_t objects = kmem_live_objects();

    watching_start(&watchers);
    while (fuzz.calls < goal) {
        struct process *started[AT_ONCE];

        fuzz.calls_end = fuzz.calls + CALLS_AT_ONCE;
        for (int i = 0; i < AT_ONCE; i++) {
            KEXPECT(start_one(seed++, &started[i]) == OK);
        }
        run_to_the_end();
        for (int i = 0; i < AT_ONCE; i++) {
            process_destroy(started[i]);
        }
        KEXPECT(empty_drives());
        /* Not those of blocks, names and files that are kept for the next time. */
        ktest_forget_caches();
        if (kmem_live_objects() != objects) {
            printk("after %u calls: %u objects, there were %u\n", fuzz.calls,
                   (uint32_t)kmem_live_objects(), (uint32_t)objects);
            fuzz.is_broken = true;
        }
        if (fuzz.is_broken) {
            break;
        }
    }
    watching_stop();
    key_queue_flush();
    ktest_forget_caches();
    printk("info: %u calls, %u processes (%u ended by force), %u checks of the heaps\n", fuzz.calls,
           fuzz.processes, fuzz.ended_by_force, fuzz.checks);
    KEXPECT(!fuzz.is_broken);
    KEXPECT(is_everything_tried());
    KEXPECT(kmem_live_objects() == objects);
    KEXPECT(pmm_get_free_pages() == pages);
    KEXPECT(fs_unmount() == OK);
}
