/*
 * stdlib.c - numbers, the environment, and the end of the program. Memory is in malloc.c.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static char *no_environment[] = {NULL};
char **environ = no_environment;

char *getenv(const char *name)
{
    size_t length = strlen(name);

    for (char **entry = environ; *entry != NULL; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
            return *entry + length + 1;
        }
    }
    return NULL;
}

void exit(int status)
{
    exit_status(status);
}

void abort(void)
{
    exit_status(ABORT_STATUS);
}
