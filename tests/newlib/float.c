/*
 * tests/newlib/float.c - floating point for long enough to be interrupted many times. Several at
 * the same time must find what each finds alone.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    double x = argc > 1 ? atof(argv[1]) : 0.5;
    double sum = 0;

    for (int i = 1; i <= 400000; i++) {
        x = fmod(x * 3.7 + sqrt(i), 1.0);
        sum += sin(x) / i;
    }
    printf("%s gives %.17g\n", argv[1], sum);
    return 0;
}
