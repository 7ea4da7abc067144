/*
 * allbytes.c - prints every byte after every other, by all three commands that print.
 * Verdict: status 0
 */
#include <stdio.h>

#include "attack.h"

int main(void)
{
    static char pair[3], pairs[512];

    for (int first = 0; first < 256; first++) {
        for (int second = 0; second < 256; second++) {
            pairs[2 * second] = (char)first;
            pairs[2 * second + 1] = (char)second;
        }
        if (console_write(pairs, sizeof(pairs)) != sizeof(pairs)) {
            return STATUS_SUCCEEDED;
        }
        pair[0] = (char)first;
        pair[1] = (char)~first;
        print(pair);
        putchar(first);
    }
    return 0;
}
