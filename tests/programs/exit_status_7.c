/*
 * tests/programs/exit_status_7.c - returns 7 from main.
 * Expect: status 7
 * Says: init exited with status 7
 */
#include <drupe.h>

int main(void)
{
    return 7;
}
