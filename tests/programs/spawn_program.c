/*
 * spawn_program.c - the call that starts a program by path, with arguments, an environment and a
 * place in a job. Run alone, as init; its children are the program itself.
 *
 * Expect: status 0
 * Says: spawn_program: all is well
 */
#include <drupe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define PAGE_BYTES 4096u
#define SELF       "0:/init.elf"

static char name[] = "any name", role[] = "child", one[] = "ONE=1=one",
            empty[] = "EMPTY=", bare[] = "BARE";
static char *const words[] = {name, role, NULL};
static char *const environment[] = {one, empty, bare, NULL};

static bool is_value(const char *variable, const char *value)
{
    const char *found = getenv(variable);

    return found != NULL && strcmp(found, value) == 0;
}

/* What the child has: 1 to 3 say which of its strings is wrong. */
static int be_child(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[0], name) != 0 || argv[2] != NULL) {
        return 1;
    }
    if (!is_value("ONE", "1=one") || !is_value("EMPTY", "") || getenv("BARE") != NULL) {
        return 2;
    }
    return getenv("ON") != NULL || getenv("TWO") != NULL || environ[3] != NULL ? 3 : 44;
}

static int spawn(const char *path, char *const *arguments, char *const *strings, abi_ulong flags,
                 abi_ulong beside)
{
    return process_spawn_program(&(struct spawn_request){path, arguments, strings, flags, beside});
}

static int status_of(int pid)
{
    int status = -1;

    CHECK(pid > 0 && process_wait(pid, &status) == pid);
    return status;
}

static unsigned family_of(int pid)
{
    struct process_info *list;
    int count = process_list_all(&list);
    unsigned family = 0;

    for (int i = 0; i < count; i++) {
        family = list[i].pid == (uint32_t)pid ? list[i].family : family;
    }
    free(list);
    return family;
}

static void check_strings(void)
{
    static char bare_role[] = "bare";
    char *const bare_words[] = {name, bare_role, NULL};
    struct command_argument list[2] = {{.next = &list[1]}};

    CHECK(status_of(spawn(SELF, words, environment, 0, 0)) == 44);
    CHECK(status_of(spawn("/init.elf", words, environment, SPAWN_FRONT, 0)) == 44);
    CHECK(status_of(spawn(SELF, bare_words, NULL, 0, 0)) == 45);
    CHECK(status_of(spawn(SELF, bare_words, environment + 3, 0, 0)) == 45);
    /* The older call gives no environment. */
    strcpy(list[0].argument, SELF);
    strcpy(list[1].argument, "bare");
    CHECK(status_of(process_spawn(list, 0)) == 45);
}

/* A job: its parts are of one family, and each ends alone. */
static void check_jobs(void)
{
    static char waits[] = "waits";
    char *const waiting[] = {name, waits, NULL};
    int first = spawn(SELF, waiting, NULL, SPAWN_FAMILY, 0);
    int second = spawn(SELF, waiting, NULL, 0, (abi_ulong)first);
    int third = spawn(SELF, waiting, NULL, 0, (abi_ulong)second);
    int own = spawn(SELF, waiting, NULL, 0, 0);

    CHECK(first > 0 && second > 0 && third > 0 && own > 0);
    CHECK(family_of(first) != 0 && family_of(second) == family_of(first));
    CHECK(family_of(third) == family_of(first) && family_of(own) == 0);
    CHECK(process_kill_family(third) == 0);
    CHECK(status_of(first) == STATUS_KILLED && status_of(second) == STATUS_KILLED);
    CHECK(status_of(third) == STATUS_KILLED);
    CHECK(spawn(SELF, words, environment, 0, (abi_ulong)first) == -ECHILD); /* it is gone */
    CHECK(process_kill(own) == 0 && status_of(own) == STATUS_KILLED);
}

/* What is not there, is too long or contradicts itself starts nothing. */
static void check_refusals(void)
{
    char *const bad[] = {name, (char *)0x10, NULL};
    char *page = page_malloc(PAGE_BYTES);
    uintptr_t *last = (uintptr_t *)(void *)(page + PAGE_BYTES) - 4;
    static char text[ARGUMENTS_BYTES_MAX + 1];
    char *const long_words[] = {text, NULL};

    CHECK(page != NULL);
    CHECK(spawn(SELF, words, environment, 4, 0) == -EINVARG);
    CHECK(spawn(SELF, words, environment, 0, (abi_ulong)process_id()) == -ECHILD);
    CHECK(spawn(SELF, words, environment, 0, 12345) == -ECHILD);
    CHECK(spawn(SELF, words, environment, 0, (abi_ulong)-1) == -EINVARG);
    CHECK(spawn(SELF, words, environment, SPAWN_FAMILY, 1) == -EINVARG);
    CHECK(spawn("0:/nothing", words, environment, 0, 0) == -ENOENT);
    CHECK(spawn(NULL, words, environment, 0, 0) == -EINVARG);
    CHECK(spawn(SELF, NULL, environment, 0, 0) == -EINVARG);
    CHECK(spawn(SELF, bad, environment, 0, 0) == -EINVARG);
    CHECK(spawn(SELF, words, bad, 0, 0) == -EINVARG);
    CHECK(spawn(SELF, words, (char *const *)0x10, 0, 0) == -EINVARG);
    memset(text, 'x', sizeof(text) - 1);
    CHECK(spawn(SELF, long_words, NULL, 0, 0) == -E2BIG);
    CHECK(spawn(SELF, words, long_words, 0, 0) == -E2BIG);
    CHECK(process_spawn_program(NULL) == -EINVARG);
    /* All but the last word is the program's. */
    last[0] = (uintptr_t)SELF;
    last[1] = (uintptr_t)words;
    CHECK(process_spawn_program((const void *)last) == -EINVARG);
    CHECK(page_free(page) == 0);
    CHECK(process_wait(WAIT_ANY, NULL) == -ECHILD);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "bare") == 0) {
        return environ[0] == NULL && getenv("ONE") == NULL ? 45 : 46;
    }
    if (argc > 1 && strcmp(argv[1], "waits") == 0) {
        process_sleep(600000);
    }
    if (argc > 1) {
        return be_child(argc, argv);
    }
    CHECK(environ[0] == NULL);
    check_strings();
    check_jobs();
    check_refusals();
    puts("spawn_program: all is well");
    return 0;
}
