/*
 * echo - prints its arguments. It shows what a program gets of its command line: argc strings,
 * argv[0] the name that it was started by, and quotes are gone already.
 */
#include <drupe.h>
#include <stdio.h>

#define USAGE "Usage: echo [TEXT ...]\nPrints its arguments with a blank between them.\n"

int main(int argc, char **argv)
{
    if (show_help(argc, argv, USAGE)) {
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        printf("%s%s", i > 1 ? " " : "", argv[i]);
    }
    putchar('\n');
    return 0;
}
