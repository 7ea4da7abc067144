/*
 * harness.c - init of the disk with the attackers: starts those of attack.txt one by one, a witness
 * beside each, and prints `attacker NAME ... ok` or `attacker NAME ... FAIL: why`.
 *
 * A line of attack.txt: NAME VERDICT FILE [ARGUMENT [ARGUMENT]]. The verdict is a status, the error
 * that starting the file gives, "refused": starting it gives one of the errors that program files
 * have, or "fault": a fault of any kind ends it.
 *
 * After each attacker all its descendants are ended, and then
 *   the witness still gets time, and what it computed is right;
 *   processes, free pages and the kernel's small objects are as many as before;
 *   the kernel's read-only sections and its heaps are right (tests/kernel/check_call.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "../kernel/check_call.h"
#include "attack.h"

#define LIST_BYTES_MAX  32768
#define PROCESSES_MAX   4096
#define STEP_MS         10
#define STEPS_MAX       500
#define STEPS_OF_ATTACK 10 /* at least; longer, while there are more and more processes */
#define ROUNDS_MAX      1000
#define ANY_FAULT       "fault"
#define REFUSED         "refused"
#define LINE_WORDS_MAX  (2 + WORDS_MAX)

static struct process_info list[PROCESSES_MAX];

struct balance {
    uint32_t pages, objects, processes;
};

static struct balance balance_now(void)
{
    struct memory_figures figures;

    memory_figures(&figures);
    return (struct balance){figures.free_pages + figures.cache_pages,
                            figures.objects - figures.cache_pages, figures.processes};
}

static bool is_equal(struct balance a, struct balance b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static int check(void)
{
    return system_call(CHECK_CALL, 0, 0, 0);
}

/* ---------------------------------------------------------------- looking at processes */

static uint32_t ticks_of(int pid)
{
    int count = process_list(list, PROCESSES_MAX);

    for (int i = 0; i < count && i < PROCESSES_MAX; i++) {
        if ((int)list[i].pid == pid && list[i].state != PROCESS_ENDED) {
            return list[i].ticks;
        }
    }
    return 0;
}

static bool gets_time(int pid)
{
    uint32_t before = ticks_of(pid);

    for (int i = 0; i < STEPS_MAX; i++) {
        if (ticks_of(pid) > before) {
            return true;
        }
        process_sleep(STEP_MS);
    }
    return false;
}

/* Kills all that runs but this process and the witness, by families. How many that were. */
static int kill_once(int witness)
{
    int count = process_list(list, PROCESSES_MAX);
    int killed = 0;

    for (int i = 0; i < count && i < PROCESSES_MAX; i++) {
        int pid = (int)list[i].pid;

        if (pid != witness && pid != process_id() && list[i].state != PROCESS_ENDED) {
            killed++;
            process_kill_family(pid);
        }
    }
    return killed;
}

static bool kill_all(int witness)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        if (kill_once(witness) == 0) {
            return true;
        }
        process_yield();
    }
    return false;
}

/* Until there come no more processes for a while. */
static void let_it_attack(void)
{
    int before = 0, quiet = 0;

    for (int i = 0; i < STEPS_MAX && quiet < STEPS_OF_ATTACK; i++) {
        int count = process_list(NULL, 0);

        quiet = count > before ? 0 : quiet + 1;
        before = count;
        process_sleep(STEP_MS);
    }
}

/* ---------------------------------------------------------------- one attacker */

/* What became of it: its status, or the error that starting it gave. */
static int run(const char *const *words, bool must_be_killed)
{
    int pid = start_words(words);

    if (pid < 0) {
        return pid;
    }
    if (must_be_killed) {
        let_it_attack();
        process_kill(pid);
    }
    return status_of(pid);
}

static int end_witness(int witness)
{
    int bell = start("witness.elf", "bell");
    int status = status_of(witness);

    process_kill(bell);
    status_of(bell);
    return status;
}

static bool is_verdict(int result, const char *verdict)
{
    if (strcmp(verdict, ANY_FAULT) == 0) {
        return result >= STATUS_FAULT && result < STATUS_FAULT + 32 && result != STATUS_KILLED &&
               result != STATUS_INTERRUPTED;
    }
    if (strcmp(verdict, REFUSED) == 0) {
        return result == -EINFORMAT || STATUS_IS_OF_ELF(-result);
    }
    return result == atoi(verdict);
}

/* NULL, or why not. */
static const char *attack(char **words)
{
    static char why[96];
    int checked = check();
    struct balance before = balance_now();
    int witness = start("witness.elf", NULL);

    if (witness < 0 || !gets_time(witness)) {
        return "the witness does not start";
    }
    int result = run((const char *const *)words + 2, atoi(words[1]) == STATUS_KILLED);
    if (!kill_all(witness)) {
        return "its descendants cannot be ended";
    }
    bool is_alive = gets_time(witness);
    int testimony = end_witness(witness);
    struct balance after = balance_now();
    for (int i = 0; i < STEPS_MAX; i++) {
        checked = checked ? checked : check();
        after = balance_now();
        if (is_equal(before, after)) {
            break;
        }
        process_sleep(STEP_MS);
    }

    if (!is_verdict(result, words[1])) {
        snprintf(why, sizeof(why), "it gave %d, not %s", result, words[1]);
    } else if (!is_alive || testimony != STATUS_WITNESS) {
        snprintf(why, sizeof(why), "the witness %s, and gave %d", is_alive ? "ran" : "did not run",
                 testimony);
    } else if (checked != CHECK_RIGHT) {
        snprintf(why, sizeof(why), "the kernel's %s are damaged",
                 checked == CHECK_SECTIONS ? "read-only sections" : "heaps");
    } else if (!is_equal(before, after)) {
        snprintf(why, sizeof(why), "%d pages, %d objects, %d processes are left behind",
                 (int)(before.pages - after.pages), (int)(after.objects - before.objects),
                 (int)(after.processes - before.processes));
    } else {
        return NULL;
    }
    return why;
}

/* ---------------------------------------------------------------- all of them */

/* The words of a line, which ends at the first '\n'; returns the next line. */
static char *split(char *line, char *words[LINE_WORDS_MAX])
{
    char *next = line + strcspn(line, "\n");

    if (*next) {
        *next++ = '\0';
    }
    for (int i = 0; i < LINE_WORDS_MAX; i++) {
        words[i] = i == 0 ? strtok(line, " ") : words[i - 1] ? strtok(NULL, " ") : NULL;
    }
    return next;
}

static char *read_list(void)
{
    static char text[LIST_BYTES_MAX];
    int file = file_open("attack.txt");
    int length = file_read(file, text, sizeof(text) - 1);

    file_close(file);
    return length > 0 && length < (int)sizeof(text) - 1 ? text : NULL;
}

int main(void)
{
    char *line = read_list();
    char *words[LINE_WORDS_MAX];
    int failed = 0;

    if (!line || check() != CHECK_RIGHT) {
        puts("attacker none ... FAIL: no attack.txt, or not the test kernel");
        return 1;
    }
    while (*line) {
        line = split(line, words);
        const char *why = words[2] ? attack(words) : "its line is no line";

        failed += why != NULL;
        printf("\nattacker %s ... %s%s\n", words[0], why ? "FAIL: " : "ok", why ? why : "");
    }
    return failed ? 1 : 0;
}
