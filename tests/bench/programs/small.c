/*
 * small.c - a program of 24 KB that ends at once: what the bench's rows start.
 */
#include <stdint.h>

#define FILLING_BYTES (20 * 1024)

/* Initialised, so that it is in the file. */
static volatile uint8_t filling[FILLING_BYTES] = {1, 2, 3};

int main(void)
{
    return filling[0] - 1;
}
