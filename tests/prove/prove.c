/*
 * prove.c - the search (prove.h has the theory).
 *
 * States lie in one array in the order in which they were found, which is also the queue: those
 * before `next` are done. A hash table of their numbers, with open addressing and at most half
 * full, knows which states there are already. For each state the array also has the state it was
 * first reached from and the move that led there.
 */
#include "prove.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define PAGE           4096u
#define FIRST_CAPACITY 4096u
#define PROGRESS_EACH  65536u /* states */

/* CPU time of one state's moves: detects an endless loop in the module only. */
#define HANG_SECONDS 60

#define NO_MOVE UINT16_MAX

struct origin {
    uint32_t state;
    uint16_t move;
} __attribute__((packed));

static struct {
    const struct prove_model *model;
    size_t memory_bytes_max;
    uint8_t *states;
    struct origin *origins;
    size_t count;
    size_t capacity;
    uint32_t *table;   /* number of a state + 1; 0: nothing */
    size_t table_size; /* a power of two */

    size_t current; /* the state whose moves are made, and the move */
    size_t move;
    uint64_t steps;
} search;

static uint8_t *state_at(size_t number)
{
    return search.states + number * search.model->state_bytes;
}

/* ---------------------------------------------------------------- violations */

static void print_way(size_t state)
{
    char text[512];

    if (search.origins[state].move != NO_MOVE) {
        print_way(search.origins[state].state);
        search.model->describe_move(search.origins[state].move, text, sizeof(text));
        printf("    %s\n", text);
    }
    search.model->describe_state(state_at(state), text, sizeof(text));
    printf("        %s\n", text);
}

void prove_fail(const char *format, ...)
{
    va_list arguments;

    /* A crash while this prints is a crash. */
    signal(SIGSEGV, SIG_DFL);
    signal(SIGABRT, SIG_DFL);
    printf("%s ... FAIL: ", search.model != NULL ? search.model->name : "prove");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    if (search.count > 0) {
        char text[512];

        printf("The shortest way there, with each state after its call:\n");
        print_way(search.current);
        if (search.move != NO_MOVE) {
            search.model->describe_move(search.move, text, sizeof(text));
            printf("    %s   <- here\n", text);
        }
    }
    fflush(stdout);
    _exit(1);
}

static void on_signal(int number)
{
    sigset_t all;

    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (number == SIGVTALRM) {
        prove_fail("the call does not return");
    }
    prove_fail("the call crashes: %s", strsignal(number));
}

static void catch_signals(void)
{
    static uint8_t stack[65536];
    const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGVTALRM};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};

    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaction(numbers[i], &action, NULL);
    }
}

static void restart_watchdog(void)
{
    struct itimerval timer = {.it_value = {.tv_sec = HANG_SECONDS}};

    setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

/* ---------------------------------------------------------------- memory */

void *prove_guarded_memory(size_t bytes)
{
    size_t inside = (bytes + PAGE - 1) / PAGE * PAGE;
    uint8_t *memory =
        mmap(NULL, inside + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || mprotect(memory, PAGE, PROT_NONE) != 0 ||
        mprotect(memory + PAGE + inside, PAGE, PROT_NONE) != 0) {
        perror("prove");
        exit(2);
    }
    return memory + PAGE + inside - bytes;
}

static size_t bytes_for(size_t capacity)
{
    return capacity * (search.model->state_bytes + sizeof(struct origin)) +
           2 * capacity * sizeof(search.table[0]);
}

/* FNV-1a, with its upper bits mixed into the lower ones. */
static size_t hash(const uint8_t *state)
{
    uint32_t value = 2166136261u;

    for (size_t i = 0; i < search.model->state_bytes; i++) {
        value = (value ^ state[i]) * 16777619u;
    }
    value ^= value >> 15;
    value *= 0x2C1B3C6Du;
    return value ^ value >> 13;
}

/* The place of the state in the table, or the free one where it belongs. */
static uint32_t *find(const uint8_t *state)
{
    size_t place = hash(state) & (search.table_size - 1);

    while (search.table[place] != 0 &&
           memcmp(state_at(search.table[place] - 1), state, search.model->state_bytes) != 0) {
        place = (place + 1) & (search.table_size - 1);
    }
    return &search.table[place];
}

/* Twice as much room; false when that is more than there may be. The old and the new table are
 * there at the same time for a moment, and count as such. */
static bool grow(void)
{
    size_t capacity = search.capacity == 0 ? FIRST_CAPACITY : 2 * search.capacity;

    if (bytes_for(capacity) + search.table_size * sizeof(search.table[0]) >
        search.memory_bytes_max) {
        return false;
    }
    uint8_t *states = realloc(search.states, capacity * search.model->state_bytes);
    if (states == NULL) {
        return false;
    }
    search.states = states;
    struct origin *origins = realloc(search.origins, capacity * sizeof(struct origin));
    if (origins == NULL) {
        return false;
    }
    search.origins = origins;
    uint32_t *table = calloc(2 * capacity, sizeof(table[0]));
    if (table == NULL) {
        return false;
    }
    free(search.table);
    search.table = table;
    search.table_size = 2 * capacity;
    search.capacity = capacity;
    for (size_t i = 0; i < search.count; i++) {
        *find(state_at(i)) = (uint32_t)i + 1;
    }
    return true;
}

/* ---------------------------------------------------------------- the search */

/* Enters the state unless it is known. False when there is no room. */
static bool enter(const uint8_t *state, struct origin origin)
{
    if (search.capacity > 0 && *find(state) != 0) {
        return true;
    }
    if (search.count == search.capacity && !grow()) {
        return false;
    }
    search.model->check(state);
    *find(state) = (uint32_t)search.count + 1;
    memcpy(state_at(search.count), state, search.model->state_bytes);
    search.origins[search.count] = origin;
    search.count++;
    return true;
}

static int give_up(void)
{
    printf("%s ... FAIL: %zu states do not fit into %zu MiB, and there are more\n",
           search.model->name, search.count, search.memory_bytes_max >> 20);
    return 1;
}

int prove(const struct prove_model *model, size_t memory_mib, bool shows_progress)
{
    static uint8_t state[4096], next[4096];

    search.model = model;
    search.memory_bytes_max = memory_mib << 20;
    search.move = NO_MOVE;
    if (model->state_bytes > sizeof(state) || model->moves >= NO_MOVE) {
        prove_fail("a state or the number of moves is too large for the search");
    }
    catch_signals();
    model->start(state);
    if (!enter(state, (struct origin){.move = NO_MOVE})) {
        return give_up();
    }
    for (; search.current < search.count; search.current++) {
        restart_watchdog();
        /* A copy: the array moves when it grows. */
        memcpy(state, state_at(search.current), model->state_bytes);
        for (search.move = 0; search.move < model->moves; search.move++) {
            struct origin origin = {.state = (uint32_t)search.current,
                                    .move = (uint16_t)search.move};

            if (!model->step(state, search.move, next)) {
                continue;
            }
            search.steps++;
            if (memcmp(next, state, model->state_bytes) != 0 && !enter(next, origin)) {
                return give_up();
            }
        }
        search.move = NO_MOVE;
        if (shows_progress && search.current % PROGRESS_EACH == PROGRESS_EACH - 1) {
            fprintf(stderr, "%s: %zu states done, %zu wait, %llu calls, %zu MiB\n", model->name,
                    search.current + 1, search.count - search.current - 1,
                    (unsigned long long)search.steps, bytes_for(search.capacity) >> 20);
        }
    }
    printf("info: %s: %zu states, %llu calls, %zu KiB\n", model->name, search.count,
           (unsigned long long)search.steps, bytes_for(search.capacity) >> 10);
    printf("%s ... ok\n", model->name);
    return 0;
}
