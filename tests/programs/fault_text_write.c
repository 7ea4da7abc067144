/*
 * tests/programs/fault_text_write.c - writes into its own code.
 * Expect: status 142
 * Says: that page of the program is read-only
 */
#include <drupe.h>

int main(void)
{
    *(volatile char *)main = 0;
    return 0;
}
