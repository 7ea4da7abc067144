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

/* Makes this program long to load. */
static volatile char ballast[BALLAST_BYTES] = {1};

static struct command_argument words[2];

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
    CHECK(page_free(much) == 0);
}

static void move_break(void)
{
    CHECK((uintptr_t)system_call(SYSCALL_BREAK, MUCH_BYTES, 0, 0) == OWN_BREAK_START);
    system_call(SYSCALL_BREAK, (uintptr_t)0 - MUCH_BYTES, 0, 0);
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
    static void (*const calls[])(void) = {take_and_give_back, move_break, load};

    if (argc > 1 && strcmp(argv[1], "end") == 0) {
        return ballast[0] + 6;
    }
    if (argc > 1) {
        for (;;) {
            if (strcmp(argv[1], "load") == 0) {
                load();
            } else if (strcmp(argv[1], "take") == 0) {
                take_and_give_back();
            } else if (strcmp(argv[1], "break") == 0) {
                move_break();
            }
        }
    }

    int spinner = start("spin");
    CHECK(spinner > 0);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct process_info before[2], after[2];

        CHECK(process_list(before, 2) == 2);
        calls[i]();
        CHECK(process_list(after, 2) == 2);
        for (int p = 0; p < 2; p++) {
            CHECK(after[p].ticks - before[p].ticks >= TICKS);
        }
    }
    CHECK(process_kill(spinner) == 0);
    CHECK(process_wait(spinner, NULL) == spinner);
    kill_in_the_midst("take");
    kill_in_the_midst("break");
    kill_in_the_midst("load");
    if (check_status() == 0) {
        puts("the clock went on during each, and nothing is lost");
    }
    return check_status();
}
