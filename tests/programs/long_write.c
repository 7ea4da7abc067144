/*
 * long_write.c - the clock and other programs go on during a long write.
 *
 * Expect: status 0
 * Says: the clock went on
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define BYTES (2 << 20)

static struct command_argument words[2];

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "spin") == 0) {
        for (;;) {
        }
    }

    char *buffer = page_malloc(BYTES);
    CHECK(buffer != NULL);
    memset(buffer, '\r', BYTES); /* leaves no trace */

    strcpy(words[0].argument, "init.elf");
    strcpy(words[1].argument, "spin");
    words[0].next = &words[1];
    int child = process_spawn(words, 0);
    CHECK(child > 0);
    process_sleep(20);

    struct process_info before[4], after[4];
    CHECK(process_list(before, 4) == 2);
    int start = uptime_ms();
    CHECK(console_write(buffer, BYTES) == BYTES);
    int duration = uptime_ms() - start;
    CHECK(process_list(after, 4) == 2);

    CHECK(duration > 30);
    CHECK(after[1].ticks > before[1].ticks);
    CHECK(process_kill(child) == 0);
    if (check_status() == 0) {
        puts("the clock went on");
    }
    return check_status();
}
