/*
 * exit_with_children.c - init ends while others run, sleep and wait: its status is still the
 * machine's.
 *
 * Expect: status 5
 * Says: init exited with status 5
 */
#include <drupe.h>
#include <string.h>

static struct command_argument words[2];

static void start(const char *role)
{
    strcpy(words[0].argument, "init.elf");
    strcpy(words[1].argument, role);
    words[0].next = &words[1];
    process_spawn(words, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "spin") == 0) {
        for (;;) {
        }
    }
    if (argc > 1 && strcmp(argv[1], "sleep") == 0) {
        process_sleep(100000);
    }
    if (argc > 1 && strcmp(argv[1], "parent") == 0) {
        start("spin");
        process_wait(WAIT_ANY, NULL);
    }
    for (int i = 0; i < 5; i++) {
        start("spin");
        start("sleep");
        start("parent");
    }
    process_sleep(100);
    return 5;
}
