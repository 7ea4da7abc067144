/*
 * tests/newlib/check.h - checks of programs that count what was not so.
 */
#ifndef TESTS_NEWLIB_CHECK_H
#define TESTS_NEWLIB_CHECK_H

#include <errno.h>
#include <stdio.h>

static int failures; /* of the test that runs */
static int all_failures;

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            printf("line %d: %s is false (errno %d)\n", __LINE__, #condition, errno); \
            failures++;                                                               \
        }                                                                             \
    } while (0)

/* The call gives value, and errno is error then. */
#define CHECK_ERROR(call, value, error) \
    do {                                \
        errno = 0;                      \
        CHECK((call) == (value));       \
        CHECK(errno == (error));        \
    } while (0)

/* Runs a test of the program that is called so, and prints what came of it. */
static inline void run_test(const char *program, const char *name, void (*test)(void))
{
    failures = 0;
    test();
    printf("%s: %s ... %s\n", program, name, failures ? "FAIL" : "ok");
    all_failures += failures;
}

#endif
