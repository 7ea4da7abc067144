/*
 * ps - lists the processes. It shows what the kernel knows of each: who started it, what it waits
 * for or not, how much memory is its own, and how often the clock found it running.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>

#define USAGE                                                                           \
    "Usage: ps\n"                                                                       \
    "Lists the processes. State: ready (it runs, or waits for its turn), waiting\n"     \
    "(for a key, a child, a time), ended (its parent has not asked for its status).\n"  \
    "Memory is what the process alone has, page tables included; ticks are those of\n"  \
    "the clock, 100 per second, that found it running. * marks the one that has the\n"  \
    "keyboard. Family is the job that a process belongs to, 0 the first shell's own;\n" \
    "kill -f PID ends all of one.\n"

#define PAGE_KIB 4

static const char *state_word(uint8_t state)
{
    switch (state) {
    case PROCESS_READY: return "ready";
    case PROCESS_WAITING: return "waiting";
    case PROCESS_ENDED: return "ended";
    default: return "?";
    }
}

int main(int argc, char **argv)
{
    struct process_info *list;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc > 1) {
        dprintf(FILE_ERRORS, "%s", USAGE);
        return EXIT_USAGE;
    }
    int count = process_list_all(&list);
    if (count < 0) {
        printf("ps: no list of the processes: %s.\n", error_text(count));
        return EXIT_FAILURE;
    }
    puts("  PID PARENT FAMILY STATE    MEMORY (KiB)   TICKS  NAME");
    for (const struct process_info *p = list; p < list + count; p++) {
        printf("%5u %6u %6u %-8s %12u %7u %c%s\n", p->pid, p->parent, p->family,
               state_word(p->state), p->pages * PAGE_KIB, p->ticks, p->is_front ? '*' : ' ',
               p->name);
    }
    free(list);
    return EXIT_SUCCESS;
}
