/*
 * usertest - attacks the kernel from ring 3.
 *
 *     usertest            all tests
 *     usertest NAME ...   these
 *     usertest --list     their names
 *     usertest --help     this much
 *
 * Each test prints `NAME ... ok` or `NAME ... FAIL: why`; the last line is `N passed, N failed`,
 * and the status is 0 or 1. Between the tests it compares what the kernel says about its memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tests.h"

#define USAGE                      \
    "Usage: usertest [NAME ...]\n" \
    "       usertest --list\n"     \
    "Runs all tests from ring 3, or those; --list names them.\n"

#define SETTLING_MILLISECONDS 1000
#define SETTLING_STEP         10

static const struct test *const tables[] = {
    command_tests, call_tests,        memory_tests, process_tests, fpu_tests,  isolation_tests,
    kind_tests,    instruction_tests, fault_tests,  random_tests,  fork_tests, mapping_tests,
};

static const struct role *const role_tables[] = {
    process_roles, fpu_roles, isolation_roles, random_roles, kind_roles,
};

static struct {
    uint32_t passed, failed;
} usertest;

/* ---------------------------------------------------------------- running tests */

/* What must be the same before and after a test. Pages that the kernel keeps for later count as
 * free: those of its small objects, while the objects are as many, and the disk cache's, each of
 * which has an object as well. */
struct balance {
    uint32_t pages, objects, processes;
};

static struct balance balance_now(void)
{
    struct memory_figures figures;
    struct balance balance = {0, 0, 0};

    if (system_call(SYSCALL_MEMORY_FIGURES, ADDRESS(&figures), sizeof(figures), 0) >= 0) {
        balance.pages = figures.free_pages + figures.object_pages + figures.cache_pages;
        balance.objects = figures.objects - figures.cache_pages;
        balance.processes = figures.processes;
    }
    return balance;
}

/* Processes without a waiting parent may need some more turns to end. */
static bool is_settled(const struct balance *before)
{
    for (int waited = 0;; waited += SETTLING_STEP) {
        struct balance now = balance_now();

        if (memcmp(&now, before, sizeof(now)) == 0) {
            return true;
        }
        if (waited >= SETTLING_MILLISECONDS) {
            printf("FAIL: it left %d pages, %d objects and %d processes behind\n",
                   (int)(before->pages - now.pages), (int)(now.objects - before->objects),
                   (int)(now.processes - before->processes));
            return false;
        }
        call_sleep(SETTLING_STEP);
    }
}

static int run_in_child(const char *name)
{
    int status = 0;
    int pid = spawn_words((const char *const[]){own_name(), "--one", name, NULL}, 0);

    if (pid < 0) {
        printf("%s ... FAIL: spawn gave %d\n", name, pid);
        return STATUS_SAID_WHY;
    }
    if (call_wait(pid, &status) != pid) {
        printf("%s ... FAIL: wait did not give its pid\n", name);
        return STATUS_SAID_WHY;
    }
    return status;
}

static void run_test(const struct test *test)
{
    struct balance before = balance_now();
    int status = run_in_child(test->name);
    bool is_ok = status == test->status || (test->other && status == test->other);

    if (!is_ok && status != STATUS_SAID_WHY) {
        printf("%s ... FAIL: its status is %d, not %d\n", test->name, status, test->status);
    }
    if (is_ok) {
        printf("%s ... ", test->name);
        is_ok = is_settled(&before);
        if (is_ok) {
            puts("ok");
        }
    }
    usertest.passed += is_ok;
    usertest.failed += !is_ok;
}

static const struct test *find_test(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        for (const struct test *test = tables[i]; test->name; test++) {
            if (strcmp(test->name, name) == 0) {
                return test;
            }
        }
    }
    return NULL;
}

static void for_all_tests(void (*visit)(const struct test *test))
{
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        for (const struct test *test = tables[i]; test->name; test++) {
            visit(test);
        }
    }
}

static void list_test(const struct test *test)
{
    puts(test->name);
}

/* The first child costs the kernel pages that it keeps: tables, slabs, the disk cache. */
static void warm_up(void)
{
    run_in_child("sum");
}

static int run_tests(int count, char **names)
{
    warm_up();
    if (count == 0) {
        for_all_tests(run_test);
    }
    for (int i = 0; i < count; i++) {
        const struct test *test = find_test(names[i]);

        if (test) {
            run_test(test);
        } else {
            printf("%s ... FAIL: there is no such test\n", names[i]);
            usertest.failed++;
        }
    }
    printf("%u passed, %u failed\n", usertest.passed, usertest.failed);
    return usertest.failed || !usertest.passed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_one(const char *name)
{
    const struct test *test = find_test(name);

    if (!test) {
        return EXIT_FAILURE;
    }
    check_set_test(name);
    test->run();
    return 0;
}

static int play(int argc, char **argv)
{
    for (size_t i = 0; i < COUNT_OF(role_tables); i++) {
        for (const struct role *role = role_tables[i]; role->name; role++) {
            if (strcmp(role->name, argv[0]) == 0) {
                return role->run(argc, argv);
            }
        }
    }
    printf("usertest: no role %s\n", argv[0]);
    return STATUS_SAID_WHY;
}

/* Started without arguments by one of its own tests? */
static bool is_lone_child(void)
{
    struct process_info own, parent;

    return find_process(call_getpid(), &own) && find_process((int)own.parent, &parent) &&
           strcmp(own.name, parent.name) == 0;
}

#define LONE_MILLISECONDS 100

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--one") == 0) {
        return run_one(argv[2]);
    }
    if (argc > 2 && strcmp(argv[1], "--role") == 0) {
        return play(argc - 2, argv + 2);
    }
    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        for_all_tests(list_test);
        return EXIT_SUCCESS;
    }
    if (argc <= 1 && is_lone_child()) {
        call_sleep(LONE_MILLISECONDS); /* to be seen in the list of processes */
        return arguments_hash(argc, (const char *const *)argv);
    }
    return run_tests(argc > 1 ? argc - 1 : 0, argv + 1);
}
