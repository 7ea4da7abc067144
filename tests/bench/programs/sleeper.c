/*
 * sleeper.c - a small program that does nothing until it is ended: what the bench's rows start.
 */
#include <drupe.h>

int main(void)
{
    for (;;) {
        process_sleep(1000000);
    }
}
