/*
 * long_calls.c - a call that is asked for much keeps neither the clock nor the others from going
 * on, and gives everything back when the program is killed in the midst of it.
 *
 * Expect: status 0
 * Says: the clock went on during each, and nothing is lost
 */
#include <drupe.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "own_map.h"

#define BALLAST_BYTES (10 << 20)
#define MUCH_BYTES    (72 << 20)
#define KILLS         8
#define TICKS         3 /* one may wait to be served when a call ends, and bring a turn for another */

/* Makes this program's file long. */
static volatile char ballast[BALLAST_BYTES] = {1};

static struct command_argument words[2];

/* Of this program and the spinner; NULL: nobody counts. */
static struct process_info *ticks;

static void count_from_here(void)
{
    CHECK(!ticks || process_list(ticks, 2) == 2);
}

static void count_to_here(void)
{
    struct process_info after[2];

    if (ticks) {
        CHECK(process_list(after, 2) == 2);
        for (int p = 0; p < 2; p++) {
            CHECK(after[p].ticks - ticks[p].ticks >= TICKS);
        }
    }
}

/* Pages are there from their first touch on. */
static void touch(volatile char *memory, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 4096) {
        memory[i] = 1;
    }
}

static int start(const char *role)
{
    strcpy(words[0].argument, "init.elf");
    strcpy(words[1].argument, role);
    words[0].next = &words[1];
    return process_spawn(words, 0);
}

static void take_and_give_back(void)
{
    void *much = page_malloc(MUCH_BYTES);

    CHECK(much != NULL);
    touch(much, MUCH_BYTES);
    count_from_here();
    CHECK(page_free(much) == 0);
    count_to_here();
}

static void move_break(void)
{
    CHECK((uintptr_t)system_call(SYSCALL_BREAK, MUCH_BYTES, 0, 0) == OWN_BREAK_START);
    touch((volatile char *)OWN_BREAK_START, MUCH_BYTES);
    count_from_here();
    system_call(SYSCALL_BREAK, (uintptr_t)0 - MUCH_BYTES, 0, 0);
    count_to_here();
}

static void read_much(void)
{
    int file = file_open("0:/init.elf");

    CHECK(file >= 0);
    count_from_here();
    CHECK(file_read(file, (char *)ballast, BALLAST_BYTES) == BALLAST_BYTES);
    count_to_here();
    CHECK(file_close(file) == 0);
}

static void load(void)
{
    int status = -1;
    int child = start("end");

    CHECK(child > 0);
    CHECK(process_wait(child, &status) == child && status == 7);
}

/* Without the disk cache, which has its own reasons to grow. */
static struct memory_figures figures(void)
{
    struct memory_figures now;

    do {
        process_sleep(1);
        CHECK(memory_figures(&now) == 0);
    } while (now.processes > 1); /* what a killed program has started ends by itself */
    now.free_pages += now.cache_pages;
    now.objects -= now.cache_pages;
    return now;
}

static void kill_in_the_midst(const char *role)
{
    struct memory_figures before = figures();

    for (int i = 0; i < KILLS; i++) {
        int status = -1;
        int child = start(role);

        CHECK(child > 0);
        process_sleep(10 + 10 * (uint32_t)i);
        CHECK(process_kill(child) == 0);
        CHECK(process_wait(child, &status) == child && status == STATUS_KILLED);
        CHECK(figures().free_pages == before.free_pages);
        CHECK(figures().objects == before.objects);
    }
}

int main(int argc, char **argv)
{
    static void (*const calls[])(void) = {take_and_give_back, move_break, read_much};
    static struct process_info before[2];

    if (argc > 1 && strcmp(argv[1], "end") == 0) {
        return ballast[0] + 6;
    }
    if (argc > 1) {
        for (;;) {
            if (strcmp(argv[1], "load") == 0) {
                load();
            } else if (strcmp(argv[1], "read") == 0) {
                read_much();
            } else if (strcmp(argv[1], "take") == 0) {
                take_and_give_back();
            } else if (strcmp(argv[1], "break") == 0) {
                move_break();
            }
        }
    }

    int spinner = start("spin");
    CHECK(spinner > 0);
    ticks = before;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        calls[i]();
    }
    ticks = NULL;
    CHECK(process_kill(spinner) == 0);
    CHECK(process_wait(spinner, NULL) == spinner);
    kill_in_the_midst("take");
    kill_in_the_midst("break");
    kill_in_the_midst("read");
    kill_in_the_midst("load");
    if (check_status() == 0) {
        puts("the clock went on during each, and nothing is lost");
    }
    return check_status();
}
