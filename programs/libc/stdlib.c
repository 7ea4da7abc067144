/*
 * stdlib.c - numbers, and the end of the program. Memory is in malloc.c.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "include/drupe.h"

#define ITOA_BYTES 12 /* "-2147483648" and its NUL */

int abs(int value)
{
    return value < 0 ? -value : value;
}

int atoi(const char *string)
{
    while (isspace(*string)) {
        string++;
    }
    int is_negative = *string == '-';
    if (*string == '-' || *string == '+') {
        string++;
    }
    unsigned value = 0;
    for (; isdigit(*string); string++) {
        value = value * 10 + (unsigned)(*string - '0');
    }
    return (int)(is_negative ? 0 - value : value);
}

char *itoa(int value, char *buffer)
{
    (void)snprintf(buffer, ITOA_BYTES, "%d", value);
    return buffer;
}

void exit(int status)
{
    exit_status(status);
}

void abort(void)
{
    exit_status(ABORT_STATUS);
}
