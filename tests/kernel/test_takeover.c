/*
 * tests/kernel/test_takeover.c - a person at the keyboard, beside a program that wants all of the
 * machine.
 *
 * The disk's init is the shell. This test types as a person does: a line that starts the attack,
 * and after a while what ends it. It measures, in the machine's own time, what the person waits
 * for:
 *
 *   in the background   the attack runs; then `ps`, key by key, and `kill -f PID`
 *   in front            the attack runs; then ctrl-C, which it catches, and ctrl-\
 *
 * and how long interrupts were off at most. For that the clock ticks CLOCK_FACTOR times faster than
 * the kernel believes (watching.h): what lies between two ticks, less one tick, is the time in
 * which none came in, so the longest such stretch is known to one tick.
 *
 * Only by name: tests/system/test_takeover.py runs it, with -icount, on a disk that has the
 * attackers.
 *     -fw_cfg name=opt/drupe/test,string=takeover
 *     -fw_cfg name=opt/drupe/attack,string=LINE   without & at its end: in front; ; is Enter
 *     -fw_cfg name=opt/drupe/run,string=MILLISECONDS
 */
#include "abi/keys.h"
#include "arch/x86/cpu.h"
#include "arch/x86/io.h"
#include "config.h"
#include "debug/printk.h"
#include "device/block_cache.h"
#include "device/key_queue.h"
#include "arch/timer.h"
#include "fs/file_object.h"
#include "fs/page_object.h"
#include "ktest.h"
#include "base/align.h"
#include "lib/format.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "memory/paging/user_pages.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "process/process.h"
#include "task/task.h"
#include "watching.h"

#define PIT_CHANNEL_0      0x40
#define PIT_COMMAND        0x43
#define PIT_RATE_GENERATOR 0x34
#define PIT_INPUT_HZ       1193182u

#define CLOCK_FACTOR 200
#define NS_A_TICK    (1000000000ull / (TIMER_HZ * CLOCK_FACTOR))
#define NS_A_MS      1000000ull
#define PROMPT       "drupe> "
#define LINE_BYTES   160
#define PATIENCE_MS  120000 /* of the machine's time: detects hangs only */
#define ATTACK_MS    1000   /* when no other time is given */
#define CTRL_C_MS    50
#define SILENT_MS    100 /* the person does not type any more */

enum step {
    START,  /* for the first prompt */
    BEGIN,  /* the attack's line is typed */
    ATTACK, /* it runs */
    CTRL_C, /* it must not end */
    QUIT,   /* ctrl-\ was typed */
    PS,     /* ps is typed, and runs */
    KILL,   /* kill -f is typed, and runs */
    CLEAN,  /* until all that the attack had is back */
    LEAVE,  /* exit is typed */
    STUCK,  /* nothing happened for PATIENCE_MS */
};

static struct {
    char attack[LINE_BYTES];
    char line[LINE_BYTES];
    bool is_in_front;
    uint32_t attack_ms;

    enum step step;
    uint64_t since;     /* when the step began */
    const char *typing; /* what of line is not typed yet; NULL: nothing */
    uint64_t typed;     /* when the last key was; 0: the shell has answered */
    bool is_prompt;     /* the shell has printed one, and nothing was typed since */
    uint32_t ps_bytes;  /* what ps has printed */

    uint64_t last_tick, kernel_tick;
    uint32_t processes, pages; /* before the attack; pages without those kept for later */
    const struct process *init;

    /* what is reported, in ns */
    uint64_t slowest_key, ps, kill, quit, clean, longest_off;
    uint32_t most_processes;
} scene;

static uint64_t now(void)
{
    return cpu_read_cycles();
}

static bool is_shell(void)
{
    return task_current() && process_current() == scene.init;
}

/* ---------------------------------------------------------------- what is seen */

static void on_print(const char *text, size_t length)
{
    if (task_current() && strcmp(process_current()->name, "ps.elf") == 0) {
        scene.ps_bytes += length;
    }
    if (!is_shell()) {
        return;
    }
    if (scene.typed) {
        uint64_t waited = now() - scene.typed;

        scene.typed = 0;
        if (scene.step == PS || scene.step == KILL) {
            scene.slowest_key = MAX(scene.slowest_key, waited);
        }
    }
    if (length == sizeof(PROMPT) - 1 && memcmp(text, PROMPT, length) == 0) {
        scene.is_prompt = true;
    }
}

#define SHELL_PAGES_MAX 64 /* more than it ever touches */

static bool count_one(void *count, const struct process *process)
{
    (void)process;
    ++*(uint32_t *)count;
    return true;
}

static uint32_t count_processes(void)
{
    uint32_t count = 0;

    process_for_each(count_one, &count);
    return count;
}

/* Pages of its own that the shell has at the moment: they come by touches, in the course of its
 * work. */
static size_t pages_of_shell(void)
{
    const struct address_map map = address_space_map(&scene.init->space);
    const struct paging_4gb_chunk *chunk = scene.init->space.chunk;
    struct user_pages_count program, heap;

    user_pages_count(chunk, map.program_start, map.program_end, &program);
    user_pages_count(chunk, map.heap_start, map.heap_end, &heap);
    return program.present - program.shared + heap.present - heap.shared;
}

/* What is free, or is kept for later: blocks of the disk, files' contents, slabs, and the chunk of
 * a process that ended. */
static uint32_t pages_of_nobody(void)
{
    struct block_cache_stats blocks;
    struct page_cache_stats files;

    block_cache_get_stats(&blocks);
    page_cache_get_stats(&files);
    return pmm_get_free_pages() + blocks.pages + files.files + kmem_slab_blocks() +
           address_space_spare_pages();
}

/* The same, or is the shell's. */
static uint32_t free_pages(void)
{
    return pages_of_nobody() + pages_of_shell();
}

/* Has the attack given back all that it had? Asked at each of the quick ticks, between which there
 * is time for a few thousand instructions: what costs least is asked first. */
static bool is_clean(void)
{
    return pages_of_nobody() + SHELL_PAGES_MAX >= scene.pages &&
           count_processes() == scene.processes && free_pages() == scene.pages;
}

/* A living process of a job that was not ended. */
static bool find_job(void *pid, const struct process *process)
{
    if (process->family == family_of_init() || process->family->is_ending ||
        process->task.state == TASK_ENDED) {
        return true;
    }
    *(uint32_t *)pid = process->id;
    return false;
}

/* ---------------------------------------------------------------- what is typed */

static void type(const char *line)
{
    scene.typing = line;
    scene.is_prompt = false;
}

/* The next key, once the shell has answered the last one. */
static void go_on_typing(void)
{
    if (!scene.typing || scene.typed) {
        return;
    }
    char key = *scene.typing++;

    scene.typed = now();
    scene.is_prompt = false;
    key_queue_push((uint8_t)key);
    if (*scene.typing == '\0') {
        scene.typing = NULL;
    }
}

static void go_to(enum step step)
{
    scene.step = step;
    scene.since = now();
}

static bool has_passed(uint32_t ms)
{
    return now() - scene.since > ms * NS_A_MS;
}

/* The line was typed, and the next prompt is there. */
static bool is_done(void)
{
    return !scene.typing && scene.is_prompt;
}

/* Types the end of a job. Is there one? */
static bool type_kill(void)
{
    uint32_t pid = 0;

    process_for_each(find_job, &pid);
    if (pid == 0) {
        return false;
    }
    format_to_buffer(scene.line, sizeof(scene.line), "kill -f %u\r", pid);
    type(scene.line);
    go_to(KILL);
    return true;
}

static void act(void)
{
    switch (scene.step) {
    case START:
        if (scene.is_prompt && has_passed(SILENT_MS)) {
            scene.processes = count_processes();
            scene.pages = free_pages();
            scene.longest_off = 0;
            type(scene.attack);
            go_to(BEGIN);
        }
        break;
    case BEGIN:
        if (scene.is_in_front ? !scene.typing && count_processes() > scene.processes : is_done()) {
            go_to(ATTACK);
        }
        break;
    case ATTACK:
        if (!has_passed(scene.attack_ms)) {
            break;
        }
        scene.most_processes = count_processes();
        if (scene.is_in_front) {
            key_queue_push(KEY_INTERRUPT);
            scene.typed = 0;
            scene.is_prompt = false;
            go_to(CTRL_C);
        } else {
            format_to_buffer(scene.line, sizeof(scene.line), "ps\r");
            type(scene.line);
            go_to(PS);
        }
        break;
    case CTRL_C:
        if (has_passed(CTRL_C_MS)) {
            if (scene.is_prompt) {
                printk("\ntakeover: ctrl-C was enough, there is nothing to measure\n");
                scene.since = 0; /* long ago: stuck */
                break;
            }
            key_queue_push(KEY_QUIT);
            go_to(QUIT);
        }
        break;
    case QUIT:
        if (scene.is_prompt) {
            scene.quit = now() - scene.since;
            go_to(CLEAN);
        }
        break;
    case PS:
        if (is_done()) {
            scene.ps = now() - scene.since;
            if (!type_kill()) {
                go_to(CLEAN);
            }
        }
        break;
    case KILL:
        if (is_done()) {
            uint64_t took = now() - scene.since;

            scene.kill = MAX(scene.kill, took);
            if (!type_kill()) {
                go_to(CLEAN);
            }
        }
        break;
    case CLEAN:
        if (is_clean()) {
            scene.clean = now() - scene.since;
            format_to_buffer(scene.line, sizeof(scene.line), "exit\r");
            type(scene.line);
            go_to(LEAVE);
        }
        break;
    default: break;
    }
    if (scene.step != STUCK && has_passed(PATIENCE_MS)) {
        printk("\ntakeover: step %u does not end: %u processes of %u, %u pages of %u\n", scene.step,
               count_processes(), scene.processes, free_pages(), scene.pages);
        scene.step = STUCK;
        process_cancel((struct process *)(uintptr_t)scene.init, STATUS_KILLED);
    }
}

/* The kernel's own ticks come by the machine's time, not by counting the quick ones, of which some
 * are lost while interrupts are off. */
static bool is_tick(void)
{
    if (now() - scene.kernel_tick < NS_A_TICK * CLOCK_FACTOR) {
        return false;
    }
    scene.kernel_tick += NS_A_TICK * CLOCK_FACTOR;
    return true;
}

static void on_tick(void)
{
    uint64_t time = now();
    uint64_t between = time - scene.last_tick;

    if (scene.last_tick && between > NS_A_TICK) {
        scene.longest_off = MAX(scene.longest_off, between);
    }
    go_on_typing();
    act();
    scene.last_tick = now(); /* without what this test does */
}

/* ---------------------------------------------------------------- the test */

/* No 64-bit division in the kernel; up to half a minute. */
static uint32_t us(uint64_t ns)
{
    return (uint32_t)(ns >> 3) / 125;
}

/* timer_initialise() can be called once only. */
static void set_clock(uint32_t hz)
{
    uint32_t divisor = PIT_INPUT_HZ / hz;

    outb(PIT_COMMAND, PIT_RATE_GENERATOR);
    outb(PIT_CHANNEL_0, (uint8_t)divisor);
    outb(PIT_CHANNEL_0, (uint8_t)(divisor >> 8));
}

static bool prepare(void)
{
    char number[16];
    size_t length;

    if (!fw_cfg_read_string("opt/drupe/attack", scene.attack, sizeof(scene.attack) - 1)) {
        return false;
    }
    length = strlen(scene.attack);
    scene.is_in_front = scene.attack[length - 1] != '&';
    for (char *c = scene.attack; *c; c++) {
        *c = *c == ';' ? '\r' : *c;
    }
    scene.attack[length] = '\r';
    scene.attack[length + 1] = '\0';
    scene.attack_ms = ATTACK_MS;
    if (fw_cfg_read_string("opt/drupe/run", number, sizeof(number))) {
        scene.attack_ms = 0;
        for (const char *digit = number; *digit; digit++) {
            scene.attack_ms = scene.attack_ms * 10 + (uint32_t)(*digit - '0');
        }
    }
    return true;
}

KTEST_BY_NAME(takeover)
{
    static const struct watchers watchers = {
        .on_tick = on_tick,
        .on_print = on_print,
        .is_tick = is_tick,
        .print_one_in = 1,
    };
    struct process *init;

    KEXPECT(prepare());
    KEXPECT(ktest_mount());
    KEXPECT(process_load("0:/init.elf", NULL, &init) == OK);
    scene.init = init;
    scene.since = scene.kernel_tick = now();
    set_clock(TIMER_HZ * CLOCK_FACTOR);
    watching_run(&watchers, init);
    set_clock(TIMER_HZ);
    process_destroy(init);
    printk("\ninfo: takeover: key %u ps %u kill %u quit %u clean %u us, interrupts off %u ns, %u"
           " processes, ps printed %u\n",
           us(scene.slowest_key), us(scene.ps), us(scene.kill), us(scene.quit), us(scene.clean),
           (uint32_t)scene.longest_off, scene.most_processes, scene.ps_bytes);
    KEXPECT(scene.step == LEAVE);
    KEXPECT(ktest_empty_drive(VFS_DRIVE_MEMORY) == OK); /* what it has left there is no loss */
    KEXPECT(fs_unmount() == OK);
}
