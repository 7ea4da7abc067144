/*
 * tests/programs/fault_after_free.c - uses memory that it has given back.
 * Expect: status 142
 * Says: read address 80000000: nothing is mapped there
 * Says as ELF64: read address 0000100000000000: nothing is mapped there
 */
#include <drupe.h>

int main(void)
{
    volatile int *memory = page_malloc(4096);
    *memory = 1;
    page_free((void *)memory);
    return *memory;
}
