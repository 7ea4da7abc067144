/*
 * flood.c - prints lines for ever, and what clears the screen.
 * Verdict: status 137
 */
#include "attack.h"

int main(void)
{
    static char text[8192];

    catch_interrupt(1);
    for (uint32_t i = 0; i < sizeof(text); i++) {
        static const char pattern[] = "No key reaches anybody.\n\n\n\n\n\033[H\033[J";

        text[i] = pattern[i % (sizeof(pattern) - 1)];
    }
    for (;;) {
        console_write(text, sizeof(text));
    }
}
