/*
 * again.c - forks, and executes itself, for ever; so does each copy.
 * Verdict: status 137
 */
#include "attack.h"

int main(void)
{
    static char *const arguments[] = {"again.elf", NULL};

    catch_interrupt(1);
    for (;;) {
        syscall_fork();
        syscall_execute(arguments[0], arguments, NULL);
    }
}
