/*
 * processes.c - starting, waiting, killing, sleeping; parents that die first; very many at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tests.h"

#define LONG_SLEEP "600000" /* milliseconds: until killed */

/* ---------------------------------------------------------------- roles */

static int role_exit(int argc, char **argv)
{
    return argc > 1 ? atoi(argv[1]) : 0;
}

static int role_sleep(int argc, char **argv)
{
    call_sleep(argc > 1 ? (uint32_t)atoi(argv[1]) : 0);
    return argc > 2 ? atoi(argv[2]) : 0;
}

static int role_spin(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (volatile bool is_spinning = true; is_spinning;) {
    }
    return 0;
}

static int role_wait_key(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return getkeyblock();
}

static int role_hash(int argc, char **argv)
{
    struct process_arguments arguments;

    (void)argc;
    (void)argv;
    CHECK_EQUAL(get_program_arguments(&arguments), 0);
    CHECK(!arguments.argv[arguments.argc]);
    return arguments_hash(arguments.argc, (const char *const *)arguments.argv);
}

/* "expect HASH word ...": sleeps when the words are what was sent, ends when not. */
static int role_expect(int argc, char **argv)
{
    CHECK(argc >= 2);
    if (arguments_hash(argc - 2, (const char *const *)argv + 2) != atoi(argv[1])) {
        return 1;
    }
    call_sleep((uint32_t)atoi(LONG_SLEEP));
    return 0;
}

/* "breed COUNT MILLISECONDS": leaves sleeping children behind at once. */
static int role_breed(int argc, char **argv)
{
    CHECK(argc == 3);
    for (int i = atoi(argv[1]); i > 0; i--) {
        spawn_role("sleep", argv[2]);
    }
    return 0;
}

/* "family MILLISECONDS": one child, and waits for it. The status is the child's. */
static int role_family(int argc, char **argv)
{
    CHECK(argc == 2);
    return run_role("sleep", argv[1]);
}

/* "chain DEPTH": each starts the next and gives its status plus one. */
static int role_chain(int argc, char **argv)
{
    int depth = argc > 1 ? atoi(argv[1]) : 0;

    return depth == 0 ? 0 : run_role("chain", number((uint32_t)depth - 1)) + 1;
}

/* "kill PID": the command's result. */
static int role_kill(int argc, char **argv)
{
    CHECK(argc == 2);
    return call_kill(atoi(argv[1]));
}

/* "refused PID": a process of another family cannot end that one, nor its family. */
static int role_refused(int argc, char **argv)
{
    CHECK(argc == 2);
    CHECK_EQUAL(call_kill(atoi(argv[1])), -EINVARG);
    CHECK_EQUAL(call_kill_family(atoi(argv[1])), -EINVARG);
    CHECK_EQUAL(call_kill(1), -EINVARG);
    CHECK_EQUAL(call_kill_family(1), -EINVARG);
    return 0;
}

/* "wait PID": the command's result. */
static int role_wait(int argc, char **argv)
{
    int status = 0;

    CHECK(argc == 2);
    return call_wait(atoi(argv[1]), &status);
}

static int role_zombies(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (uint32_t i = 0; i < 5; i++) {
        spawn_role("exit", number(i));
    }
    call_sleep(50); /* most of them have ended by then, and nobody waits for them */
    return 0;
}

/* ---------------------------------------------------------------- arguments */

/* Lists that are made by hand, as spawn_words() makes good ones only. */
static struct command_argument *new_items(size_t count)
{
    struct command_argument *items = calloc(count, sizeof(*items));

    CHECK(items);
    for (size_t i = 0; i + 1 < count; i++) {
        items[i].next = &items[i + 1];
    }
    return items;
}

static void set_role(struct command_argument *items, const char *role)
{
    strcpy(items[0].argument, own_name());
    strcpy(items[1].argument, "--role");
    strcpy(items[2].argument, role);
}

/* What the child says it got. */
static void check_arrival(const struct command_argument *first)
{
    const char **arguments = calloc(ARGUMENTS_MAX, sizeof(*arguments));
    int count = 0;

    CHECK(arguments);
    for (const struct command_argument *item = first; item; item = item->next) {
        arguments[count++] = item->argument;
    }
    int pid = call_spawn(first, 0);
    CHECK(pid > 0);
    CHECK_EQUAL(wait_for(pid), arguments_hash(count, arguments));
    free(arguments);
}

static void arguments_counts(void)
{
    static const size_t counts[] = {3, 4, 5, 63, 64, 65, 200};

    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct command_argument *items = new_items(counts[i]);

        set_role(items, "hash");
        for (size_t j = 3; j < counts[i]; j++) {
            (void)snprintf(items[j].argument, COMMAND_ARGUMENT_BYTES, "%u", (unsigned)(j * j));
        }
        check_arrival(items);
        free(items);
    }
}

/* The program's name and nothing else: main() looks after that. */
static void arguments_none(void)
{
    struct command_argument *item = new_items(1);

    strcpy(item->argument, own_name());
    check_arrival(item);
    free(item);
}

static void arguments_too_many(void)
{
    struct command_argument *items = new_items(ARGUMENTS_MAX + 1);

    set_role(items, "hash");
    CHECK_EQUAL(call_spawn(items, 0), -E2BIG);
    CHECK_EQUAL(invoke_system_command(items), -E2BIG);
    /* So many there may be, but not on this program's stack. */
    items[ARGUMENTS_MAX - 1].next = NULL;
    CHECK_EQUAL(call_spawn(items, 0), -E2BIG);
    free(items);
}

static void arguments_empty_strings(void)
{
    struct command_argument *items = new_items(6);

    set_role(items, "hash");
    strcpy(items[4].argument, "between two empty ones");
    check_arrival(items);
    items[0].argument[0] = '\0';
    CHECK(call_spawn(items, 0) < 0); /* an empty name is no program's */
    free(items);
}

static void arguments_longest(void)
{
    struct command_argument *items = new_items(5);

    set_role(items, "hash");
    for (int i = 0; i < COMMAND_ARGUMENT_BYTES; i++) {
        items[3].argument[i] = (char)(1 + i % 255);
    }
    CHECK_EQUAL(call_spawn(items, 0), -EINVARG); /* 512 characters: no NUL */
    items[3].argument[COMMAND_ARGUMENT_BYTES - 1] = '\0';
    check_arrival(items);
    free(items);
}

/* Exactly as many bytes as there is room for on a stack of 16 KiB, and one more. */
static void arguments_total(void)
{
    enum { LONG = 7, COUNT = 3 + LONG + 1 };
    const uint32_t room = USER_STACK_BYTES / ARGUMENTS_STACK_PART - sizeof(char *) * (COUNT + 3);
    struct command_argument *items = new_items(COUNT);
    uint32_t bytes = 0;

    set_role(items, "hash");
    for (int i = 0; i < 3 + LONG; i++) {
        if (i >= 3) {
            memset(items[i].argument, 'a' + i, COMMAND_ARGUMENT_BYTES - 1);
        }
        bytes += strlen(items[i].argument) + 1;
    }
    CHECK(bytes < room && room - bytes < COMMAND_ARGUMENT_BYTES - 1);
    memset(items[COUNT - 1].argument, 'z', room - bytes);
    CHECK_EQUAL(call_spawn(items, 0), -E2BIG);
    items[COUNT - 1].argument[room - bytes - 1] = '\0';
    check_arrival(items);
    free(items);
}

static void arguments_bad_lists(void)
{
    struct command_argument *items = new_items(3);
    uint8_t *pages = page_malloc(2 * PAGE_BYTES);
    uint8_t *end = pages + 2 * PAGE_BYTES;

    CHECK(pages);
    set_role(items, "hash");
    items[2].next = &items[0];
    CHECK_EQUAL(call_spawn(items, 0), -E2BIG); /* a ring */
    items[2].next = &items[2];
    CHECK_EQUAL(call_spawn(items, 0), -E2BIG);

    for (size_t i = 0; i < foreign_address_count; i++) {
        struct command_argument *bad = (struct command_argument *)foreign_addresses[i];

        CHECK_EQUAL(call_spawn(bad, 0), -EINVARG);
        CHECK_EQUAL(invoke_system_command(bad), -EINVARG);
        CHECK_EQUAL(process_load_start((const char *)bad), -EINVARG);
        if (bad) {
            items[2].next = bad;
            CHECK_EQUAL(call_spawn(items, 0), -EINVARG);
        }
    }

    /* An item whose string ends where its memory does, and one whose next is half there. */
    strcpy((char *)end - strlen(own_name()) - 1, own_name());
    CHECK_EQUAL(call_spawn((void *)(end - strlen(own_name()) - 1), 0), -EINVARG);
    struct command_argument *cut = (void *)(end - offsetof(struct command_argument, next) - 2);
    strcpy(cut->argument, own_name());
    CHECK_EQUAL(call_spawn(cut, 0), -EINVARG);
    CHECK_EQUAL(call_spawn(items, 2), -EINVARG);     /* a flag that does not exist */
    CHECK_EQUAL(call_wait(WAIT_ANY, NULL), -ECHILD); /* none of these was started */
    CHECK_EQUAL(page_free(pages), 0);
    free(items);
}

/* An item may lie across two pages, and at the very end of memory. */
static void arguments_at_edges(void)
{
    uint8_t *pages = page_malloc(3 * PAGE_BYTES);
    struct command_argument *items = new_items(3);
    struct command_argument *last =
        (void *)(pages + 3 * PAGE_BYTES - sizeof(struct command_argument));
    struct command_argument *across = (void *)(pages + PAGE_BYTES - 2);

    CHECK(pages);
    set_role(items, "hash");
    items[2].next = across;
    memset(across->argument, 'x', COMMAND_ARGUMENT_BYTES - 1);
    across->next = last;
    strcpy(last->argument, "the end");
    check_arrival(items);
    CHECK_EQUAL(page_free(pages), 0);
    free(items);
}

static int spawn_name(const char *name)
{
    return spawn_words((const char *const[]){name, NULL}, 0);
}

static void spawn_what_is_not_there(void)
{
    CHECK_EQUAL(spawn_name("nobody.elf"), -ENOENT);
    CHECK_EQUAL(spawn_name("0:/nobody.elf"), -ENOENT);
    CHECK_EQUAL(spawn_name("9:/init.elf"), -ENOENT);
    CHECK(spawn_name("a name that is longer than eight.three") < 0);
    CHECK(spawn_name("/") < 0);
    CHECK(spawn_name("0:/") < 0);
    CHECK(spawn_name("..") < 0);
    CHECK(spawn_name("\x01\xFF") < 0);
    CHECK_EQUAL(process_load_start("nobody.elf"), -ENOENT);
    CHECK_EQUAL(call_wait(WAIT_ANY, NULL), -ECHILD);
}

/* plain.txt comes with the image that the test suite makes. */
static void spawn_what_is_no_program(void)
{
    int result = spawn_name("plain.txt");

    if (result == -ENOENT) {
        puts("(no plain.txt on this disk)");
    } else {
        CHECK_EQUAL(result, -EINFORMAT);
    }
}

/* ---------------------------------------------------------------- wait */

static void wait_statuses(void)
{
    static const int statuses[] = {0, 1, 2, 255, 256, -1, -2, INT32_MAX, INT32_MIN};

    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        CHECK_EQUAL(run_role("exit", number((uint32_t)statuses[i])), statuses[i]);
    }
}

static void wait_any(void)
{
    int pids[5];

    for (uint32_t i = 0; i < COUNT_OF(pids); i++) {
        pids[i] = spawn_role("sleep", number((uint32_t)(i * 20 % 50)), number(i));
    }
    for (size_t i = 0; i < COUNT_OF(pids); i++) {
        int status = -1;
        int pid = call_wait(WAIT_ANY, &status);

        CHECK(status >= 0 && status < (int)COUNT_OF(pids));
        CHECK_EQUAL(pid, pids[status]);
        pids[status] = 0; /* each once */
    }
    CHECK_EQUAL(call_wait(WAIT_ANY, NULL), -ECHILD);
}

/* The one that ends last is waited for first. */
static void wait_specific(void)
{
    int slow = spawn_role("sleep", "60", "1");
    int quick = spawn_role("exit", "2");

    CHECK_EQUAL(wait_for(slow), 1);
    CHECK_EQUAL(wait_for(quick), 2);
    CHECK_EQUAL(call_wait(slow, NULL), -ECHILD);
    CHECK_EQUAL(call_wait(quick, NULL), -ECHILD);
    quick = spawn_role("exit", "3");
    CHECK_EQUAL(call_wait(quick, NULL), quick); /* no status is fine */
}

static void wait_for_strangers(void)
{
    int status = 0;
    int child = spawn_role("sleep", LONG_SLEEP);
    static const int never[] = {0, -2, INT32_MAX, INT32_MIN, 1};

    for (size_t i = 0; i < COUNT_OF(never); i++) {
        CHECK_EQUAL(call_wait(never[i], &status), -ECHILD);
    }
    CHECK_EQUAL(call_wait(call_getpid(), &status), -ECHILD);
    CHECK_EQUAL(run_role("wait", number((uint32_t)child)), -ECHILD); /* its sibling's */
    kill_and_wait(child);
    CHECK_EQUAL(call_wait(WAIT_ANY, &status), -ECHILD);
}

static void wait_unaligned_status(void)
{
    uint8_t *pages = page_malloc(2 * PAGE_BYTES);
    int *across = (void *)(pages + PAGE_BYTES - 1);
    int child = spawn_role("exit", "305419896");

    CHECK(pages);
    CHECK_EQUAL(call_wait(child, across), child);
    CHECK_EQUAL(*across, 305419896);
    CHECK_EQUAL(page_free(pages), 0);
}

static void zombie_is_listed(void)
{
    struct process_info info;
    int child = spawn_role("exit", "9");

    for (int i = 0; i < 500; i++) {
        CHECK(find_process(child, &info));
        if (info.state == PROCESS_ENDED) {
            break;
        }
        call_sleep(10);
    }
    CHECK_EQUAL(info.state, PROCESS_ENDED);
    CHECK_EQUAL(info.parent, call_getpid());
    CHECK_EQUAL(info.pages, 0);
    CHECK_EQUAL(call_kill(child), -EINVARG); /* too late */
    CHECK_EQUAL(wait_for(child), 9);
    CHECK(!find_process(child, &info));
}

/* ---------------------------------------------------------------- kill */

static void kill_sleeping_child(void)
{
    int child = spawn_role("sleep", LONG_SLEEP);

    wait_until_asleep(child);
    kill_and_wait(child);
    CHECK_EQUAL(call_kill(child), -EINVARG);
}

static void kill_spinning_child(void)
{
    int child = spawn_role("spin");

    call_sleep(20);
    kill_and_wait(child);
}

static void kill_new_child(void)
{
    for (int i = 0; i < 20; i++) {
        kill_and_wait(spawn_role("sleep", LONG_SLEEP)); /* it has not had a turn yet */
    }
}

static void kill_twice(void)
{
    int child = spawn_role("spin");

    CHECK_EQUAL(call_kill(child), 0);
    call_kill(child);
    CHECK_EQUAL(wait_for(child), STATUS_KILLED);
}

static void kill_child_that_waits(void)
{
    int child = spawn_role("family", LONG_SLEEP);

    wait_until_asleep(child);
    kill_and_wait(child);

    /* The grandchild lives on, and is ours to end. */
    struct process_info list[16];
    int count = call_process_list(list, COUNT_OF(list));
    int killed = 0;
    for (int i = 0; i < count && i < (int)COUNT_OF(list); i++) {
        if ((int)list[i].parent == call_getpid() && call_kill((int)list[i].pid) == 0) {
            wait_until_gone((int)list[i].pid);
            killed++;
        }
    }
    CHECK_EQUAL(killed, 1);
}

static void kill_child_that_waits_for_a_key(void)
{
    int child = spawn_role("wait_key");

    wait_until_asleep(child);
    kill_and_wait(child);
}

static void kill_grandchild(void)
{
    struct process_info list[16];
    int child = spawn_role("family", LONG_SLEEP);
    int grandchild = 0;

    wait_until_asleep(child);
    int count = call_process_list(list, COUNT_OF(list));
    for (int i = 0; i < count && i < (int)COUNT_OF(list); i++) {
        if ((int)list[i].parent == child) {
            grandchild = (int)list[i].pid;
        }
    }
    CHECK(grandchild > 0);
    CHECK_EQUAL(call_wait(grandchild, NULL), -ECHILD); /* its parent's to wait for */
    CHECK_EQUAL(call_kill(grandchild), 0);
    CHECK_EQUAL(wait_for(child), STATUS_KILLED);
}

static void kill_strangers(void)
{
    int sibling = spawn_role("sleep", LONG_SLEEP);

    CHECK_EQUAL(call_kill(0), -EINVARG);
    CHECK_EQUAL(call_kill(-1), -EINVARG);
    CHECK_EQUAL(call_kill(INT32_MAX), -EINVARG);
    CHECK_EQUAL(call_kill(1), -EINVARG);
    CHECK_EQUAL(call_kill_family(0), -EINVARG);
    CHECK_EQUAL(call_kill_family(-1), -EINVARG);
    CHECK_EQUAL(call_kill_family(INT32_MAX), -EINVARG);
    CHECK_EQUAL(call_kill_family(1), -EINVARG);
    CHECK_EQUAL(run_role("kill", number((uint32_t)sibling)), 0); /* of the same family */
    CHECK_EQUAL(wait_for(sibling), STATUS_KILLED);
}

static uint32_t count_processes(void)
{
    return (uint32_t)call_process_list(NULL, 0);
}

static uint32_t family_of(int pid)
{
    struct process_info info;

    CHECK(find_process(pid, &info));
    return info.family;
}

static int spawn_job(const char *role, const char *argument)
{
    return spawn_words((const char *const[]){own_name(), "--role", role, argument, NULL},
                       SPAWN_FAMILY);
}

/* Only init's family makes families; a job's own processes stay in it, even if they ask for
 * another. */
static void families(void)
{
    uint32_t own = family_of(call_getpid());
    int child = spawn_role("sleep", LONG_SLEEP);
    int job = spawn_job("family", LONG_SLEEP);

    CHECK(child > 0 && job > 0);
    CHECK_EQUAL(family_of(child), own);
    CHECK_EQUAL(family_of(job) != own, own == 0);
    if (own == 0) { /* else kill_family would end all of usertest */
        CHECK_EQUAL(call_kill_family(child), -EINVARG);
        CHECK_EQUAL(wait_for(spawn_job("refused", number((uint32_t)child))), 0);
        wait_until_asleep(job);
        uint32_t count = count_processes();
        CHECK_EQUAL(call_kill_family(job), 0);
        CHECK_EQUAL(wait_for(job), STATUS_KILLED);
        for (int i = 0; i < 500 && count_processes() > count - 2; i++) {
            call_sleep(10);
        }
        CHECK_EQUAL(count_processes(), count - 2); /* its child, too */
    } else {
        struct process_info list[32];

        wait_until_asleep(job); /* its child is there, then */
        int listed = call_process_list(list, COUNT_OF(list));
        kill_and_wait(job);
        for (int i = 0; i < listed && i < (int)COUNT_OF(list); i++) {
            if ((int)list[i].parent == job) {
                call_kill((int)list[i].pid);
                wait_until_gone((int)list[i].pid);
            }
        }
    }
    kill_and_wait(child);
}

static void kill_itself(void)
{
    call_kill(call_getpid());
    CHECK(!"this is reached");
}

/* ---------------------------------------------------------------- orphans */

static void wait_until_as_many(uint32_t processes)
{
    for (int i = 0; i < 500 && count_processes() != processes; i++) {
        call_sleep(10);
    }
    CHECK_EQUAL(count_processes(), processes);
}

static void orphans_end_alone(void)
{
    uint32_t before = count_processes();

    CHECK_EQUAL(run_role("breed", "5", "100"), 0);
    CHECK_EQUAL(count_processes(), before + 5);
    CHECK_EQUAL(call_wait(WAIT_ANY, NULL), -ECHILD);
    wait_until_as_many(before);
}

/* The runner sees whether something is lost when even the grandparent has gone. */
static void orphans_outlive_the_test(void)
{
    CHECK_EQUAL(run_role("breed", "3", "150"), 0);
}

static void parent_of_ended_children_ends(void)
{
    uint32_t before = count_processes();

    CHECK_EQUAL(run_role("zombies"), 0);
    wait_until_as_many(before);
}

static void chain_of_families(void)
{
    CHECK_EQUAL(run_role("chain", "12"), 12);
}

/* ---------------------------------------------------------------- time, turns */

static void sleep_lengths(void)
{
    static const uint32_t lengths[] = {0, 1, 9, 10, 11, 19, 20, 50, 99};

    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        uint32_t before = call_uptime();

        CHECK_EQUAL(call_sleep(lengths[i]), 0);
        CHECK(call_uptime() - before >= lengths[i]);
    }
}

/* Lengths that overflow a count of ticks somewhere must not end at once. */
static void sleep_for_ever(void)
{
    static const uint32_t lengths[] = {0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0xFFFFFFF7};
    int children[COUNT_OF(lengths)];
    struct process_info info;

    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        children[i] = spawn_role("sleep", number(lengths[i]));
    }
    call_sleep(100);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        CHECK(find_process(children[i], &info));
        CHECK_EQUAL(info.state, PROCESS_WAITING);
        kill_and_wait(children[i]);
    }
}

static void sleepers_wake_in_order(void)
{
    int late = spawn_role("sleep", "300", "3");
    int early = spawn_role("sleep", "50", "1");
    int middle = spawn_role("sleep", "170", "2");

    CHECK_EQUAL(call_wait(WAIT_ANY, NULL), early);
    CHECK_EQUAL(call_wait(WAIT_ANY, NULL), middle);
    CHECK_EQUAL(call_wait(WAIT_ANY, NULL), late);
}

static void yield_returns(void)
{
    for (int i = 0; i < 1000; i++) {
        CHECK_EQUAL(call_yield(), 0);
    }
}

/* Two that never give way: each of them gets turns, and so do we. */
static void spinning_starves_nobody(void)
{
    struct process_info one, other;
    int children[2] = {spawn_role("spin"), spawn_role("spin")};
    int i = 0;

    do {
        CHECK(i++ < 1000);
        call_sleep(10);
        CHECK(find_process(children[0], &one) && find_process(children[1], &other));
    } while (one.ticks < 3 || other.ticks < 3);
    CHECK_EQUAL(one.state, PROCESS_READY);
    CHECK_EQUAL(run_role("exit", "4"), 4); /* a new one gets its turns as well */
    kill_and_wait(children[0]);
    kill_and_wait(children[1]);
}

/* ---------------------------------------------------------------- many */

static void process_list_capacities(void)
{
    static struct process_info list[64];
    int child = spawn_role("sleep", LONG_SLEEP);
    int count = call_process_list(list, COUNT_OF(list));

    CHECK(count >= 3 && count < (int)COUNT_OF(list));
    CHECK_EQUAL(call_process_list(NULL, 0), count);
    memset(list, 0xAA, sizeof(list));
    CHECK_EQUAL(call_process_list(list, 1), count);
    CHECK(list[0].pid != 0xAAAAAAAA);
    CHECK_EQUAL(list[1].pid, 0xAAAAAAAA);
    CHECK_EQUAL(call_process_list(list, 0xFFFFFFFF), count);
    CHECK_EQUAL(list[count].pid, 0xAAAAAAAA);
    kill_and_wait(child);
}

#define MANY          250
#define PAGES_FOR_ONE 60 /* more than one of these processes takes */

/* 250 where memory allows: with 128 MiB it does. */
static void many_at_once(void)
{
    static struct process_info list[MANY + 32];
    static int pids[MANY];
    struct memory_figures figures;
    int own = call_getpid();
    uint32_t before = count_processes();
    int found = 0;

    CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, ADDRESS(&figures), sizeof(figures), 0), 0);
    int many = figures.free_pages < MANY * PAGES_FOR_ONE
                   ? (int)figures.free_pages / PAGES_FOR_ONE / 2
                   : MANY;
    for (int i = 0; i < many; i++) {
        pids[i] = spawn_role("sleep", LONG_SLEEP);
        CHECK(i == 0 || pids[i] != pids[i - 1]);
    }
    int count = call_process_list(list, COUNT_OF(list));
    CHECK_EQUAL(count, before + (uint32_t)many);
    for (int i = 0; i < count; i++) {
        if ((int)list[i].parent == own) {
            CHECK_EQUAL(strcmp(list[i].name, own_name()), 0);
            CHECK_EQUAL(list[i].is_front, 0);
            CHECK(list[i].pages > 4 && list[i].pages < PAGES_FOR_ONE);
            found++;
        }
    }
    CHECK_EQUAL(found, many);
    for (int i = 0; i < many; i += 2) { /* some before their first turn, some asleep */
        CHECK_EQUAL(call_kill(pids[i]), 0);
    }
    for (int i = 0; i < many; i += 2) {
        CHECK_EQUAL(wait_for(pids[i]), STATUS_KILLED);
    }
    for (int i = 1; i < many; i += 2) {
        wait_until_asleep(pids[i]);
        CHECK_EQUAL(call_kill(pids[i]), 0);
    }
    for (int i = 1; i < many; i += 2) {
        int status = 0;

        CHECK(call_wait(WAIT_ANY, &status) > 0);
        CHECK_EQUAL(status, STATUS_KILLED);
    }
    CHECK_EQUAL(count_processes(), before);
}

static void many_one_after_another(void)
{
    for (uint32_t i = 0; i < 100; i++) {
        CHECK_EQUAL(run_role("exit", number(i)), i);
    }
}

/* Until there is no room for more: an error, no harm, and all of it comes back. Most memory is
 * taken before, so that not too many are needed. */
static void processes_until_full(void)
{
    enum { HOG_BYTES = 1024 * 1024, ROOM = 4 };
    struct hog {
        struct hog *next;
    } *hogs = NULL, *hog;
    static int pids[300];
    uint32_t count = 0;
    int pid = 0;

    own_name();
    while ((hog = page_malloc(HOG_BYTES)) != NULL) {
        hog->next = hogs;
        hogs = hog;
    }
    for (int i = 0; i < ROOM && hogs; i++) {
        hog = hogs;
        hogs = hog->next;
        CHECK_EQUAL(page_free(hog), 0);
    }
    while (count < COUNT_OF(pids) &&
           (pid = spawn_words(
                (const char *const[]){own_name(), "--role", "sleep", LONG_SLEEP, NULL}, 0)) > 0) {
        pids[count++] = pid;
    }
    CHECK(count > 0);
    CHECK_EQUAL(pid, -ENOMEM);
    for (uint32_t i = 0; i < count; i++) {
        kill_and_wait(pids[i]);
    }
    while (hogs) {
        hog = hogs;
        hogs = hog->next;
        CHECK_EQUAL(page_free(hog), 0);
    }
}

/* ---------------------------------------------------------------- commands 6 and 7 */

/* Tests run in the background, and what they start cannot take the keyboard from the front. */
static void check_is_in_background(int pid)
{
    struct process_info info;

    CHECK(find_process(pid, &info));
    CHECK_EQUAL(info.is_front, 0);
}

static void spawn_to_the_front_from_behind(void)
{
    int child =
        spawn_words((const char *const[]){own_name(), "--role", "wait_key", NULL}, SPAWN_FRONT);

    CHECK(child > 0);
    wait_until_asleep(child); /* with keys waiting for the one in front */
    check_is_in_background(child);
    check_is_in_background(call_getpid());
    kill_and_wait(child);
}

/* A child of this process that is in the list. 0: none. */
static int find_any_child(void)
{
    struct process_info list[32];
    int count = call_process_list(list, COUNT_OF(list));

    for (int i = 0; i < count && i < (int)COUNT_OF(list); i++) {
        if ((int)list[i].parent == call_getpid()) {
            return (int)list[i].pid;
        }
    }
    return 0;
}

static void command_6(void)
{
    uint32_t before = count_processes();

    CHECK_EQUAL(process_load_start(own_name()), 0);
    int child = find_any_child();
    CHECK(child > 0);
    check_is_in_background(child);
    CHECK_EQUAL(call_wait(child, NULL), -ECHILD); /* nobody has to wait for it */
    wait_until_gone(child);
    CHECK_EQUAL(count_processes(), before);
}

static void command_7(void)
{
    static const char *const words[] = {"two", "", "words, and an empty one"};
    struct command_argument *items = new_items(4 + COUNT_OF(words));

    set_role(items, "expect");
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        strcpy(items[4 + i].argument, words[i]);
    }
    (void)snprintf(items[3].argument, COMMAND_ARGUMENT_BYTES, "%d",
                   arguments_hash(COUNT_OF(words), words));
    CHECK_EQUAL(invoke_system_command(items), 0);
    int child = find_any_child();
    CHECK(child > 0);
    check_is_in_background(child);
    wait_until_asleep(child); /* had they been others, it would have ended */
    CHECK_EQUAL(call_kill(child), 0);
    wait_until_gone(child);

    items[4].argument[0]++;
    CHECK_EQUAL(invoke_system_command(items), 0);
    CHECK_EQUAL(call_wait(WAIT_ANY, NULL), -ECHILD);
    free(items);
}

static void commands_6_and_7_often(void)
{
    uint32_t before = count_processes();

    for (int i = 0; i < 10; i++) {
        CHECK_EQUAL(process_load_start(own_name()), 0);
        CHECK_EQUAL(system_run("nobody.elf 1 2 3"), -ENOENT);
    }
    wait_until_as_many(before);
}

const struct role process_roles[] = {
    {"exit", role_exit},       {"sleep", role_sleep},
    {"spin", role_spin},       {"wait_key", role_wait_key},
    {"hash", role_hash},       {"expect", role_expect},
    {"breed", role_breed},     {"family", role_family},
    {"chain", role_chain},     {"kill", role_kill},
    {"refused", role_refused}, {"wait", role_wait},
    {"zombies", role_zombies}, {0},
};

const struct test process_tests[] = {
    {"arguments_counts", arguments_counts, 0, 0},
    {"arguments_none", arguments_none, 0, 0},
    {"arguments_too_many", arguments_too_many, 0, 0},
    {"arguments_empty_strings", arguments_empty_strings, 0, 0},
    {"arguments_longest", arguments_longest, 0, 0},
    {"arguments_total", arguments_total, 0, 0},
    {"arguments_bad_lists", arguments_bad_lists, 0, 0},
    {"arguments_at_edges", arguments_at_edges, 0, 0},
    {"spawn_what_is_not_there", spawn_what_is_not_there, 0, 0},
    {"spawn_what_is_no_program", spawn_what_is_no_program, 0, 0},
    {"wait_statuses", wait_statuses, 0, 0},
    {"wait_any", wait_any, 0, 0},
    {"wait_specific", wait_specific, 0, 0},
    {"wait_for_strangers", wait_for_strangers, 0, 0},
    {"wait_unaligned_status", wait_unaligned_status, 0, 0},
    {"zombie_is_listed", zombie_is_listed, 0, 0},
    {"kill_sleeping_child", kill_sleeping_child, 0, 0},
    {"kill_spinning_child", kill_spinning_child, 0, 0},
    {"kill_new_child", kill_new_child, 0, 0},
    {"kill_twice", kill_twice, 0, 0},
    {"kill_child_that_waits", kill_child_that_waits, 0, 0},
    {"kill_child_that_waits_for_a_key", kill_child_that_waits_for_a_key, 0, 0},
    {"kill_grandchild", kill_grandchild, 0, 0},
    {"kill_strangers", kill_strangers, 0, 0},
    {"families", families, 0, 0},
    {"kill_itself", kill_itself, STATUS_KILLED, 0},
    {"orphans_end_alone", orphans_end_alone, 0, 0},
    {"orphans_outlive_the_test", orphans_outlive_the_test, 0, 0},
    {"parent_of_ended_children_ends", parent_of_ended_children_ends, 0, 0},
    {"chain_of_families", chain_of_families, 0, 0},
    {"sleep_lengths", sleep_lengths, 0, 0},
    {"sleep_for_ever", sleep_for_ever, 0, 0},
    {"sleepers_wake_in_order", sleepers_wake_in_order, 0, 0},
    {"yield_returns", yield_returns, 0, 0},
    {"spinning_starves_nobody", spinning_starves_nobody, 0, 0},
    {"process_list_capacities", process_list_capacities, 0, 0},
    {"many_at_once", many_at_once, 0, 0},
    {"many_one_after_another", many_one_after_another, 0, 0},
    {"processes_until_full", processes_until_full, 0, 0},
    {"spawn_to_the_front_from_behind", spawn_to_the_front_from_behind, 0, 0},
    {"command_6", command_6, 0, 0},
    {"command_7", command_7, 0, 0},
    {"commands_6_and_7_often", commands_6_and_7_often, 0, 0},
    {0},
};
