/*
 * tests/newlib/formats.c - numbers to text and back. The same program runs on the host, with a
 * library of other authors: the output must be the same.
 */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const double values[] = {
    0.0, -0.0, 1.0, -1.5, 0.1, 0.2, 0.3, 1.0 / 3, 2.0 / 3, 123456789.0, 1e15, 1e16, 1e17, 1e21, 1e22,
    1e23, 9007199254740993.0, 4503599627370497.5, DBL_MAX, DBL_MIN, DBL_EPSILON, 4.9e-324, 2.5, 3.5,
    0.5, 1.005, 999999.5, 0.00001234, 1e100, 1e-100, 5e-310, 3.14159265358979, 2.2250738585072011e-308,
};
/* clang-format on */

static uint64_t state = 88172645463325252u;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void show(double value)
{
    char text[400];
    double normal = fpclassify(value) == FP_SUBNORMAL ? 0 : value; /* C leaves their %a open */

    printf("%f %.3f %e %.0e %g %.17g %a %.2a %10.2f|%-12.4g|%+.1f %012.3f\n", value, value, value,
           value, value, value, normal, normal, value, value, value, value);
    snprintf(text, sizeof(text), "%.17g", value);
    double back = strtod(text, NULL);
    printf("%s %s\n", text, memcmp(&back, &value, sizeof(back)) == 0 ? "same" : "different");
    snprintf(text, sizeof(text), "%a", value);
    printf("%d\n", strtod(text, NULL) == value);
}

static void show_integers(long long value)
{
    printf("%lld %llu %llx %#llo %20lld|%-20lld|%+lld %016llX %ld %u %hd %hhu %jd %zu %td\n", value,
           (unsigned long long)value, (unsigned long long)value, (unsigned long long)value, value,
           value, value, (unsigned long long)value, (long)(int)value, (unsigned)value, (short)value,
           (unsigned char)value, (intmax_t)value, (size_t)(unsigned)value, (ptrdiff_t)(int)value);
}

static void show_scanned(const char *text)
{
    long long integer = 0;
    double real = 0;
    float single = 0;
    char word[20] = "";
    int count = sscanf(text, "%lld %lf %f %19s", &integer, &real, &single, word);

    printf("%d %lld %.17g %.9g %s\n", count, integer, real, (double)single, word);
}

int main(void)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        show(values[i]);
    }
    for (int i = 0; i < 100; i++) {
        uint64_t bits = next();
        double value;

        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) {
            show(value);
        }
        volatile double integer = (double)(int64_t)bits; /* gcc's x87 code rounds when it stores */
        show(integer / 1000.0);
    }
    printf("%f %F %e %a %g\n", (double)INFINITY, (double)INFINITY, -(double)INFINITY,
           (double)INFINITY, -(double)INFINITY);
    printf("%d %d %d\n", isnan(strtod("nan", NULL)), isinf(strtod("-inf", NULL)),
           strtod("0x1.8p1", NULL) == 3);
    printf("%.3Lf %Lg\n", 1.5L, 1e10L);

    static const long long integers[] = {0,        1,         -1,        INT_MAX,    INT_MIN,
                                         UINT_MAX, LLONG_MAX, LLONG_MIN, 1000000007, -99999999999};
    for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
        show_integers(integers[i]);
    }
    printf("%s|%10s|%-10s|%.3s|%c|%%|%*d|%.*f\n", "text", "text", "text", "text", 'c', 5, 42, 2,
           1.5);
    show_scanned("9223372036854775807 0.1 1e-3 word");
    show_scanned("-5 1e-310 3.25 more words");
    show_scanned("12 x");
    printf("%lld %lu %d\n", strtoll("-9223372036854775808", NULL, 10),
           strtoul("ffffffff", NULL, 16), atoi(" 42nd"));

    /* What IEEE 754 fixes to the last bit. */
    printf("%.17g %.17g %.17g %.17g\n", 0.1 + 0.2, sqrt(2), 1e16 + 1.0, 1.0 / 49 * 49);
    double sum = 0;
    for (int i = 1; i <= 1000; i++) {
        sum += 1.0 / i;
    }
    printf("%.17g %.17g %.17g\n", sum, fmod(1e17, 3), floor(-2.5));
    for (double x = 0.1; x < 20; x *= 1.7) { /* and what it does not */
        printf("%.12g %.12g %.12g %.12g %.12g %.12g\n", sin(x), cos(x), exp(x), log(x),
               pow(x, x / 3), atan2(x, 2));
    }
    return 0;
}
