/*
 * newlines.c - prints two million lines with nothing on them.
 * Verdict: status 0
 */
#include "attack.h"

#define PIECE 50000
#define LINES 2000000

int main(void)
{
    static char lines[PIECE];

    memset(lines, '\n', PIECE);
    for (int i = 0; i < LINES / PIECE; i++) {
        if (console_write(lines, PIECE) != PIECE) {
            return STATUS_SUCCEEDED;
        }
    }
    return 0;
}
