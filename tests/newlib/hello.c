/*
 * tests/newlib/hello.c - the smallest program that prints a number of each kind.
 */
#include <stdio.h>

int main(void)
{
    printf("Hello, world! %d %lld %.3f\n", 42, 1LL << 40, 3.25);
    return 0;
}
