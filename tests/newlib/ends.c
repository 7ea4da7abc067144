/*
 * tests/newlib/ends.c - ends in the way that its argument names.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STACK_BYTES (1024 * 1024) /* newlib.ld */

/* Uses about so many bytes of stack. */
static int use_stack(volatile int *above, int bytes)
{
    volatile int frame[256];

    frame[0] = *above + 1;
    return bytes <= 0 ? frame[0] : use_stack(frame, bytes - (int)sizeof(frame)) + frame[0];
}

static void at_exit(void)
{
    puts("atexit ran");
}

__attribute__((destructor)) static void at_the_very_end(void)
{
    puts("destructor ran");
}

static void on_signal(int number)
{
    printf("signal %d\n", number);
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    volatile int start = 0;

    printf("not ended by a line break");
    if (strcmp(how, "return") == 0) {
        atexit(at_exit);
        return 7;
    }
    if (strcmp(how, "exit") == 0) {
        exit(-1);
    }
    if (strcmp(how, "_exit") == 0) {
        _exit(9); /* what is in stdout's buffer is lost */
    }
    puts("");
    if (strcmp(how, "abort") == 0) {
        abort();
    }
    if (strcmp(how, "assert") == 0) {
        assert(argc == 1000);
    }
    if (strcmp(how, "raise") == 0) {
        signal(SIGTERM, on_signal);
        raise(SIGTERM);
        signal(SIGTERM, SIG_DFL);
        raise(SIGTERM);
    }
    if (strcmp(how, "deep") == 0) {
        return use_stack(&start, STACK_BYTES - 64 * 1024) > 0 ? 0 : 1;
    }
    if (strcmp(how, "deeper") == 0) {
        return use_stack(&start, STACK_BYTES + 16 * 1024);
    }
    return 1;
}
