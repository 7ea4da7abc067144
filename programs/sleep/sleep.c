/*
 * sleep - waits. It shows the state in which a program costs no time at all: `sleep 60 &`, then ps.
 */
#include <ctype.h>
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>

#define USAGE        "Usage: sleep SECONDS\nWaits that many seconds, 99999 at most.\n"
#define DIGITS_MAX   5
#define MILLISECONDS 1000u

static int is_number(const char *text)
{
    int digits = 0;
    while (isdigit(text[digits])) {
        digits++;
    }
    return digits > 0 && digits <= DIGITS_MAX && text[digits] == '\0';
}

int main(int argc, char **argv)
{
    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc != 2 || !is_number(argv[1])) {
        dprintf(FILE_ERRORS, "%s", USAGE);
        return EXIT_USAGE;
    }
    process_sleep((uint32_t)atoi(argv[1]) * MILLISECONDS);
    return EXIT_SUCCESS;
}
