/*
 * spin.c - counts for ever. With an argument it says "spinning" first, for whoever waits until it
 * has begun.
 */
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        puts("spinning");
    }
    for (volatile unsigned count = 0;; count++) {
    }
}
