/*
 * start.c - from the entry point to main() and out again.
 */
#include <stdlib.h>

#include "include/drupe.h"

int main(int argc, char **argv);
void program_start(void) __attribute__((noreturn));

void program_start(void)
{
    struct process_arguments arguments = {0, NULL};

    if (get_program_arguments(&arguments) < 0 || arguments.argc < 0) {
        arguments.argc = 0;
    }
    if (arguments.argv != NULL) {
        environ = arguments.argv + arguments.argc + 1; /* behind the NULL */
    }
    exit(main(arguments.argc, arguments.argv));
}
