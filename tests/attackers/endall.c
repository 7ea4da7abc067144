/*
 * endall.c - starts children that end at once, as many as it may; then children that wait for a
 * key, as many as it may; lets those end together, and waits for none. Two of these have more
 * processes that have ended than there may be, unless each has its place in that count from its
 * beginning.
 * Verdict: status 137
 */
#include "attack.h"

#define CHILDREN_MAX 1024
#define TRIES        20   /* after a refusal: others may be ending */
#define END_MS       2500 /* since the kernel started: by then all of these have begun */

/* Starts endall.elf with that argument until that is refused for good. How many were started. */
static int start_all(const char *argument, int *pids)
{
    int count = 0;

    for (int refused = 0; refused < TRIES && count < CHILDREN_MAX;) {
        int pid = start("endall.elf", argument);

        if (pid < 0) {
            refused++;
            process_sleep(10);
        } else {
            pids[count++] = pid;
            refused = 0;
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    static int pids[CHILDREN_MAX];

    if (argc > 1) {
        if (argv[1][0] == 'w') {
            getkeyblock();
        }
        return 0;
    }
    start_all("end", pids);
    int count = start_all("wait", pids);

    while (uptime_ms() < END_MS) {
        process_sleep(10);
    }
    for (int i = 0; i < count; i++) {
        process_kill(pids[i]);
    }
    for (;;) {
        process_sleep(1000);
    }
}
