/*
 * tests/newlib/forks.c - fork(), the exec functions and waitpid() as POSIX has them, the
 * environment, and a stack of 1 MiB.
 *
 * `forks.elf WHAT ...` is what the tests put in place of a copy of themselves, or start: see
 * children[]. Files: data.txt is the ten digits and a line break, dir/inner.elf is this program.
 */
#define _GNU_SOURCE /* execvpe() */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define STRINGS_MAX  1024
#define STRING_BYTES 32768

extern char **environ;

/* Runs the statements in a child; its status, as waitpid() gives it. A child that gets behind them
 * ends with 99. */
#define IN_CHILD(statements)                                      \
    ({                                                            \
        int child_status = -1;                                    \
        pid_t child_pid;                                          \
        fflush(stdout);                                           \
        child_pid = fork();                                       \
        if (child_pid == 0) {                                     \
            statements;                                           \
            _exit(99);                                            \
        }                                                         \
        CHECK(child_pid > 0);                                     \
        CHECK(waitpid(child_pid, &child_status, 0) == child_pid); \
        child_status;                                             \
    })

static int exit_status(int status)
{
    return WIFEXITED(status) && !WIFSIGNALED(status) ? WEXITSTATUS(status) : -1;
}

static int signal_of(int status)
{
    return WIFSIGNALED(status) && !WIFEXITED(status) ? WTERMSIG(status) : -1;
}

/* ---------------------------------------------------------------- fork */

static _Thread_local int of_thread = 5;
static int global = 1;

static void test_copies(void)
{
    int local = 2;
    int *allocated = malloc(200000);
    pid_t parent = getpid();

    allocated[0] = 3;
    allocated[40000] = 4;
    int status = IN_CHILD({
        if (global == 1 && local == 2 && allocated[0] == 3 && allocated[40000] == 4 &&
            of_thread == 5 && getpid() != parent && getppid() == parent) {
            global = local = allocated[0] = of_thread = 100;
            free(allocated);
            char *more = malloc(1000000);
            memset(more, 1, 1000000);
            _exit(more[999999]);
        }
    });
    CHECK(exit_status(status) == 1);
    CHECK(global == 1 && local == 2 && allocated[0] == 3 && of_thread == 5);
    free(allocated);

    volatile int shared = 1;
    pid_t child = vfork();
    if (child == 0) {
        _exit(shared + 6);
    }
    CHECK(waitpid(child, &status, 0) == child && exit_status(status) == 7);
}

/* A tree of them: each node waits for its two children, and gives how many there are below it. */
static int tree(int depth)
{
    int sum = 1;

    for (int i = 0; depth > 0 && i < 2; i++) {
        int status = IN_CHILD(_exit(tree(depth - 1)));
        sum += exit_status(status);
    }
    return sum;
}

static void test_tree(void)
{
    CHECK(tree(4) == 31);
}

static void test_positions(void)
{
    char bytes[4];
    int file = open("data.txt", O_RDONLY);

    CHECK(read(file, bytes, 2) == 2);
    int status = IN_CHILD(_exit(read(file, bytes, 3) == 3 && memcmp(bytes, "234", 3) == 0 ? 3 : 0));
    CHECK(exit_status(status) == 3);
    CHECK(lseek(file, 0, SEEK_CUR) == 5); /* one position for both */
    status = IN_CHILD({
        close(file);
        _exit(0);
    });
    CHECK(read(file, bytes, 1) == 1 && bytes[0] == '5'); /* and each has closed only its own */
    close(file);
}

/* ---------------------------------------------------------------- the end of a child */

/* Writes to an address that the compiler knows nothing about. */
static void write_to(uintptr_t address)
{
    __asm__ volatile("" : "+r"(address));
    *(volatile char *)address = 1;
}

static int use_stack(int left)
{
    volatile char frame[1000];

    memset((char *)frame, left, sizeof(frame));
    return left == 0 ? 0 : use_stack(left - 1) + (frame[999] == (char)left);
}

static void test_statuses(void)
{
    volatile int number = 100, zero = 0;
    int status = 0;

    for (int i = 0; i <= 255; i += 85) {
        CHECK(exit_status(IN_CHILD(_exit(i))) == i);
        CHECK(exit_status(IN_CHILD(exit(i + 256))) == i);
    }
    CHECK(signal_of(IN_CHILD(write_to(8))) == SIGSEGV);
    CHECK(signal_of(IN_CHILD(zero = number / zero)) == SIGFPE);
    CHECK(signal_of(IN_CHILD(__asm__ volatile("ud2"))) == SIGILL);
    CHECK(signal_of(IN_CHILD(write_to((uintptr_t)test_statuses))) == SIGSEGV);
    CHECK(signal_of(IN_CHILD(use_stack(2000))) == SIGSEGV);
    CHECK(signal_of(IN_CHILD(abort())) == SIGABRT);
    CHECK(signal_of(IN_CHILD(raise(SIGTERM))) == SIGTERM);
    CHECK(signal_of(IN_CHILD(kill(getpid(), SIGKILL))) == SIGKILL);

    pid_t child = fork();
    if (child == 0) {
        sleep(1000);
        _exit(1);
    }
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    CHECK(waitpid(-1, &status, WNOHANG | WUNTRACED) == 0);
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(waitpid(child, &status, 0) == child && signal_of(status) == SIGKILL);

    CHECK_ERROR(waitpid(child, &status, 0), -1, ECHILD);
    CHECK_ERROR(waitpid(-1, &status, WNOHANG), -1, ECHILD);
    CHECK_ERROR(waitpid(-2, &status, 0), -1, ECHILD);
    CHECK_ERROR(waitpid(-1, &status, 64), -1, EINVAL);
    CHECK_ERROR(wait(NULL), -1, ECHILD);
}

/* wait() and WNOHANG take each child once. */
static void test_many(void)
{
    enum { COUNT = 12 };
    int seen = 0, status;
    pid_t pids[COUNT], ended;

    for (int i = 0; i < COUNT; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            _exit(i);
        }
    }
    for (int i = 0; i < COUNT / 2; i++) {
        ended = wait(&status);
        CHECK(ended == pids[exit_status(status)]);
        seen |= 1 << exit_status(status);
    }
    for (int tries = 0; seen != (1 << COUNT) - 1 && tries < 1000; tries++) {
        ended = waitpid(0, &status, WNOHANG);
        if (ended > 0) {
            CHECK(ended == pids[exit_status(status)]);
            seen |= 1 << exit_status(status);
        } else {
            usleep(10000);
        }
    }
    CHECK(seen == (1 << COUNT) - 1);
    CHECK_ERROR(wait(NULL), -1, ECHILD);
}

/* ---------------------------------------------------------------- exec */

static void test_execute(void)
{
    char *const words[] = {"some name", "words", "a", "", "b c", NULL};
    char *const environment[] = {"A=b", "EMPTY=", NULL};
    char long_path[PATH_MAX + 1];

    CHECK(exit_status(IN_CHILD(execve("/forks.elf", words, environment))) == 12);
    CHECK(exit_status(IN_CHILD(execv("0:/forks.elf", words))) == 10);
    CHECK(exit_status(IN_CHILD(execl("forks.elf", "some name", "words", "a", "", "b c", NULL))) ==
          10);
    CHECK(exit_status(IN_CHILD(
              execle("forks.elf", "some name", "words", "a", "", "b c", NULL, environment))) == 12);
    CHECK(exit_status(IN_CHILD(execl("forks.elf", "x", "words", NULL))) == 11);

    /* Nothing has changed after an error. */
    CHECK_ERROR(execv("nothing", words), -1, ENOENT);
    CHECK_ERROR(execv("", words), -1, ENOENT);
    CHECK_ERROR(execv("forks", words), -1, ENOENT);
    CHECK_ERROR(execv("data.txt", words), -1, ENOEXEC);
    CHECK_ERROR(execv("data.txt/x", words), -1, ENOTDIR);
    CHECK_ERROR(execv("dir", words), -1, EACCES);
    memset(long_path, 'x', sizeof(long_path));
    long_path[PATH_MAX] = '\0';
    CHECK_ERROR(execv(long_path, words), -1, ENAMETOOLONG);
    CHECK(global == 1);
}

/* The program in its place has pid, parent and open descriptors of the old one, and nothing of its
 * memory. */
static void at_exit(void)
{
    _exit(77);
}

static void test_execute_keeps(void)
{
    char pid[12], parent[12];
    int file = open("data.txt", O_RDONLY);

    (void)snprintf(parent, sizeof(parent), "%d", (int)getpid());
    CHECK(lseek(file, 4, SEEK_SET) == 4);
    CHECK(exit_status(IN_CHILD({
              atexit(at_exit);
              printf("never seen");
              (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
              execl("/forks.elf", "forks", "kept", pid, parent, file == 3 ? "3" : "none", NULL);
          })) == 20);
    CHECK(lseek(file, 0, SEEK_CUR) == 5); /* it has read one */
    close(file);
}

static void test_search(void)
{
    char *const words[] = {"x", "words", NULL};
    char *const environment[] = {"A=b", NULL};

    unsetenv("PATH");
    CHECK(exit_status(IN_CHILD(execvp("forks.elf", words))) == 11);
    CHECK(exit_status(IN_CHILD(execvp("forks", words))) == 11);
    CHECK(exit_status(IN_CHILD(execlp("forks", "x", "words", NULL))) == 11);
    CHECK(exit_status(IN_CHILD(execvpe("forks", words, environment))) == 13);
    CHECK(exit_status(IN_CHILD(execlpe("forks", "x", "words", NULL, environment))) == 13);
    CHECK_ERROR(execvp("inner", words), -1, ENOENT);
    CHECK_ERROR(execvp("dir", words), -1, EACCES);
    CHECK_ERROR(execvp("data.txt", words), -1, ENOEXEC);
    CHECK_ERROR(execvp("", words), -1, ENOENT);
    CHECK(setenv("PATH", "/none:data.txt:/dir:/", 1) == 0);
    CHECK(exit_status(IN_CHILD(execvp("inner", words))) == 11);
    CHECK(exit_status(IN_CHILD(execvp("forks", words))) == 11);
    CHECK(setenv("PATH", "/dir", 1) == 0);
    CHECK_ERROR(execvp("forks", words), -1, ENOENT);
    CHECK(exit_status(IN_CHILD(execvp("/forks.elf", words))) == 11);
    CHECK(setenv("PATH", ":/none", 1) == 0); /* an empty one: where relative paths begin */
    CHECK(exit_status(IN_CHILD(execvp("forks", words))) == 11);
    unsetenv("PATH");
}

/* ---------------------------------------------------------------- the environment */

static void test_environment(void)
{
    char *const words[] = {"forks", "environment", NULL};
    char *const own[] = {"ONE=own", "TWO=2", NULL};
    char *const none[] = {NULL};
    pid_t child = 0;
    int status = -1;

    CHECK(setenv("ONE", "1", 1) == 0 && setenv("TWO", "two words", 1) == 0);
    CHECK(setenv("THREE", "", 0) == 0 && setenv("ONE", "no", 0) == 0 &&
          setenv("GONE", "x", 1) == 0);
    CHECK(unsetenv("GONE") == 0 && putenv("FOUR=4") == 0);
    CHECK(exit_status(IN_CHILD(execv("forks.elf", words))) == 40);
    CHECK(exit_status(IN_CHILD(execve("forks.elf", words, own))) == 41);
    CHECK(exit_status(IN_CHILD(execve("forks.elf", words, none))) == 42);
    CHECK(exit_status(system("forks environment")) == 40);
    CHECK(posix_spawn(&child, "/forks.elf", NULL, NULL, words, own) == 0);
    CHECK(waitpid(child, &status, 0) == child && exit_status(status) == 41);
    CHECK(posix_spawnp(&child, "forks", NULL, NULL, words, environ) == 0);
    CHECK(waitpid(child, &status, 0) == child && exit_status(status) == 40);
    CHECK(posix_spawn(&child, "/dir", NULL, NULL, words, own) == EACCES);
    unsetenv("ONE"), unsetenv("TWO"), unsetenv("THREE"), unsetenv("FOUR");
}

/* As many strings, and as many bytes, as there may be; one more of each. */
static void test_largest(void)
{
    static char *strings[STRINGS_MAX + 2], *others[STRINGS_MAX + 2];
    static char text[STRING_BYTES + 1];
    char *const none[] = {NULL};

    strings[0] = "forks";
    strings[1] = "count";
    for (int i = 2; i < STRINGS_MAX - 100; i++) {
        strings[i] = "0123456789";
    }
    for (int i = 0; i < 100; i++) {
        others[i] = "NAME=value";
    }
    CHECK(exit_status(IN_CHILD(execve("forks.elf", strings, others))) == 50);
    strings[STRINGS_MAX - 100] = "one more";
    CHECK_ERROR(execve("forks.elf", strings, others), -1, E2BIG);

    memset(text, 'x', STRING_BYTES);
    strings[2] = text;
    strings[3] = NULL;
    text[STRING_BYTES - sizeof("forks") - sizeof("count") - 1] = '\0';
    CHECK(exit_status(IN_CHILD(execve("forks.elf", strings, none))) == 51);
    text[strlen(text)] = 'y';
    CHECK_ERROR(execve("forks.elf", strings, none), -1, E2BIG);
    CHECK(posix_spawn(NULL, "forks.elf", NULL, NULL, strings, none) == E2BIG);
    CHECK(sysconf(_SC_ARG_MAX) == STRING_BYTES && ARG_MAX == STRING_BYTES);
}

/* ---------------------------------------------------------------- stdio, and the stack */

/* What is in a buffer when the program forks is in both's. The test that runs this program looks at
 * what is seen. */
static void test_buffers(void)
{
    int status;

    printf("\nboth write this;");
    if (fork() == 0) {
        exit(0);
    }
    CHECK(wait(&status) > 0 && exit_status(status) == 0);
    printf("once;");
    fflush(stdout);
    if (fork() == 0) {
        printf("lost;");
        _exit(0);
    }
    CHECK(wait(&status) > 0);
    puts("");
}

static void test_stack(void)
{
    CHECK(use_stack(900) == 900);
    CHECK(exit_status(IN_CHILD(_exit(use_stack(950) == 950 ? 6 : 0))) == 6);
}

/* ---------------------------------------------------------------- what they start */

/* 10: the words, 11: none, and 2 more for A=b. */
static int child_words(int argc, char **argv)
{
    bool has_words =
        argc == 5 && strcmp(argv[2], "a") == 0 && !*argv[3] && strcmp(argv[4], "b c") == 0;
    const char *a = getenv("A");

    if (argv[argc] || (!has_words && argc != 2)) {
        return 0;
    }
    return (has_words ? 10 : 11) + (a && strcmp(a, "b") == 0 ? 2 : 0);
}

static int child_kept(int argc, char **argv)
{
    char byte;

    return argc == 5 && getpid() == atoi(argv[2]) && getppid() == atoi(argv[3]) &&
                   read(atoi(argv[4]), &byte, 1) == 1 && byte == '4'
               ? 20
               : 0;
}

static bool is(const char *name, const char *wanted)
{
    const char *value = getenv(name);

    return value ? wanted && strcmp(value, wanted) == 0 : !wanted;
}

static int child_environment(int argc, char **argv)
{
    (void)argc, (void)argv;
    if (is("ONE", "1") && is("TWO", "two words") && is("THREE", "") && is("FOUR", "4") &&
        is("GONE", NULL)) {
        return 40;
    }
    if (is("ONE", "own") && is("TWO", "2") && is("THREE", NULL) && !environ[2]) {
        return 41;
    }
    return environ[0] ? 0 : 42;
}

static int child_count(int argc, char **argv)
{
    int others = 0;

    for (char **string = environ; *string; string++) {
        others += strcmp(*string, "NAME=value") == 0;
    }
    for (int i = 2; i < argc && argc > 3; i++) {
        others -= 1000 * (strcmp(argv[i], "0123456789") != 0);
    }
    if (argc == STRINGS_MAX - 100 && others == 100) {
        return 50;
    }
    return argc == 3 &&
                   strspn(argv[2], "x") == STRING_BYTES - sizeof("forks") - sizeof("count") - 1 &&
                   strlen(argv[2]) == strspn(argv[2], "x")
               ? 51
               : 0;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} children[] = {
    {"words", child_words},
    {"kept", child_kept},
    {"environment", child_environment},
    {"count", child_count},
};

static void run(const char *name, void (*test)(void))
{
    run_test("forks", name, test);
}

int main(int argc, char **argv, char **environment)
{
    if (environment != environ) {
        return 98;
    }
    for (size_t i = 0; argc > 1 && i < sizeof(children) / sizeof(children[0]); i++) {
        if (strcmp(argv[1], children[i].name) == 0) {
            return children[i].run(argc, argv);
        }
    }
    run("copies", test_copies);
    run("a tree", test_tree);
    run("positions", test_positions);
    run("statuses", test_statuses);
    run("many children", test_many);
    run("execute", test_execute);
    run("what execute keeps", test_execute_keeps);
    run("search", test_search);
    run("environment", test_environment);
    run("the largest", test_largest);
    run("buffers", test_buffers);
    run("stack", test_stack);
    return all_failures != 0;
}
