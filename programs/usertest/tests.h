/*
 * tests.h - what a test is, and all tables of them.
 *
 * A test is a function that returns when all was right. It runs in a process of its own, a child of
 * the one that counts, and must leave nothing behind: no process, no page, no object of the kernel.
 * A test that must be ended by a fault says so by its status.
 *
 * A role is what a test's own children do: this program again, with other arguments.
 */
#ifndef USERTEST_TESTS_H
#define USERTEST_TESTS_H

struct test {
    const char *name; /* NULL ends a table */
    void (*run)(void);
    int status; /* that it must end with: 0, or that of a fault ... */
    int other;  /* ... or this one, where CPUs differ */
};

extern const struct test command_tests[], memory_tests[], process_tests[], fpu_tests[],
    isolation_tests[], fault_tests[], random_tests[], fork_tests[], mapping_tests[];
/* Those of one word size alone: calls.c, instructions.c, and segments.c or long_mode.c. */
extern const struct test call_tests[], instruction_tests[], kind_tests[];

/* argv[0] is the role's name. The result is the process's status. */
struct role {
    const char *name; /* NULL ends a table */
    int (*run)(int argc, char **argv);
};

extern const struct role process_roles[], fpu_roles[], isolation_roles[], random_roles[],
    kind_roles[];

#endif
