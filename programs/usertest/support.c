/*
 * support.c - see support.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define PROCESSES_MAX    320
#define PATIENCE         500 /* steps */
#define PATIENCE_STEP    10  /* milliseconds */
#define HASH_OF_NOTHING  5381u
#define HASH_STATUS_MASK 0x7FFFFFFFu

/* ---------------------------------------------------------------- processes */

bool find_process(int pid, struct process_info *info)
{
    static struct process_info list[PROCESSES_MAX];
    int count = call_process_list(list, COUNT_OF(list));

    for (int i = 0; i < count && i < (int)COUNT_OF(list); i++) {
        if ((int)list[i].pid == pid) {
            *info = list[i];
            return true;
        }
    }
    return false;
}

const char *own_name(void)
{
    static struct process_info own;

    if (!own.pid) {
        CHECK(find_process(call_getpid(), &own));
    }
    return own.name;
}

int spawn_words(const char *const *words, uint32_t flags)
{
    struct command_argument *first = NULL;
    struct command_argument **link = &first;

    for (; *words; words++) {
        struct command_argument *word = calloc(1, sizeof(*word));

        CHECK(word && strlen(*words) < COMMAND_ARGUMENT_BYTES);
        strcpy(word->argument, *words);
        *link = word;
        link = &word->next;
    }
    int result = call_spawn(first, flags);

    while (first) {
        struct command_argument *next = first->next;

        free(first);
        first = next;
    }
    return result;
}

int spawn_checked(const char *const *words)
{
    int pid = spawn_words(words, 0);

    CHECK(pid > 0);
    return pid;
}

int wait_for(int pid)
{
    int status = 0;

    CHECK_EQUAL(call_wait(pid, &status), pid);
    return status;
}

const char *number(uintptr_t value)
{
    static char buffers[4][24];
    static unsigned turn;
    char *buffer = buffers[turn++ % COUNT_OF(buffers)];

    (void)snprintf(buffer, sizeof(buffers[0]), "%lu", (unsigned long)value);
    return buffer;
}

uintptr_t address_of(const char *number)
{
    uintptr_t address = 0;

    for (; *number; number++) {
        CHECK(*number >= '0' && *number <= '9');
        address = address * 10 + (uintptr_t)(*number - '0');
    }
    return address;
}

int arguments_hash(int count, const char *const *arguments)
{
    uint32_t hash = HASH_OF_NOTHING + (uint32_t)count;

    for (int i = 0; i < count; i++) {
        for (const char *c = arguments[i];; c++) {
            hash = hash * 33 + (uint8_t)*c;
            if (!*c) { /* the NUL counts: it parts the arguments */
                break;
            }
        }
    }
    return (int)(hash & HASH_STATUS_MASK);
}

void wait_until_asleep(int pid)
{
    struct process_info info;

    for (int i = 0; i < PATIENCE; i++) {
        CHECK(find_process(pid, &info));
        CHECK(info.state != PROCESS_ENDED);
        if (info.state == PROCESS_WAITING) {
            return;
        }
        call_sleep(PATIENCE_STEP);
    }
    CHECK(info.state == PROCESS_WAITING);
}

void wait_until_gone(int pid)
{
    struct process_info info;

    for (int i = 0; i < PATIENCE && find_process(pid, &info); i++) {
        call_sleep(PATIENCE_STEP);
    }
    CHECK(!find_process(pid, &info));
}

bool descends(const struct process_info *list, uint32_t count, uint32_t i, int pid)
{
    for (uint32_t generations = 0; generations < count; generations++) {
        uint32_t parent = list[i].parent;

        if ((int)parent == pid) {
            return true;
        }
        for (i = 0; i < count && list[i].pid != parent; i++) {
        }
        if (i == count) {
            return false;
        }
    }
    return false;
}

void kill_and_wait(int pid)
{
    CHECK_EQUAL(call_kill(pid), 0);
    CHECK_EQUAL(wait_for(pid), STATUS_KILLED);
}

/* ---------------------------------------------------------------- checks */

static const char *current_test; /* NULL: this process is none */

void check_set_test(const char *name)
{
    current_test = name;
}

/* Children that sleep or count for ever must not outlive a test. */
static void kill_descendants(void)
{
    uint32_t count = (uint32_t)call_process_list(NULL, 0);
    struct process_info *list = page_malloc(count * sizeof(*list));
    int own = call_getpid();

    if (!list) {
        return;
    }
    call_process_list(list, count);
    for (uint32_t i = 0; i < count; i++) {
        if (descends(list, count, i, own)) {
            call_kill((int)list[i].pid);
        }
    }
}

static void say_where(const char *file, int line)
{
    const char *slash = strrchr(file, '/');

    printf("%s%s%s:%d: ", current_test ? current_test : "in a child",
           current_test ? " ... FAIL: " : ": ", slash ? slash + 1 : file, line);
}

void check_failed(const char *file, int line, const char *condition)
{
    say_where(file, line);
    printf("%s\n", condition);
    kill_descendants();
    exit_status(STATUS_SAID_WHY);
}

void check_equal(const char *file, int line, const char *what, uint32_t is, uint32_t must_be)
{
    if (is != must_be) {
        say_where(file, line);
        printf("%s is %d (%#x), not %d (%#x)\n", what, (int)is, is, (int)must_be, must_be);
        kill_descendants();
        exit_status(STATUS_SAID_WHY);
    }
}

/* ---------------------------------------------------------------- the CPU */

#define CPUID_EDX_FXSR        0x01000000u
#define CPUID_EDX_SSE         0x02000000u
#define CPUID_ECX_OSXSAVE_AVX 0x18000000u
#define XCR0_SSE_AVX          6u
#define CPUID_EBX_SMAP        0x00100000u /* leaf 7 */
#define CPUID_ECX_UMIP        0x00000004u

struct cpu_id {
    uint32_t eax, ebx, ecx, edx; /* all 0 when the CPU does not know the leaf */
};

static struct cpu_id cpu_id(uint32_t leaf)
{
    struct cpu_id id = {0, 0, 0, 0};

    __asm__ volatile("cpuid" : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx) : "a"(0));
    if (id.eax < leaf) {
        return (struct cpu_id){0, 0, 0, 0};
    }
    __asm__ volatile("cpuid"
                     : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx)
                     : "a"(leaf), "c"(0));
    return id;
}

bool kernel_is_64_bit(void)
{
    struct memory_levels levels = {0};

    CHECK_EQUAL(memory_look(MEMORY_LOOK_LEVELS, 0, &levels), 0);
    return levels.count > 2;
}

bool cpu_has_fxsr(void)
{
    return cpu_id(1).edx & CPUID_EDX_FXSR;
}

bool cpu_has_sse(void)
{
    return cpu_id(1).edx & CPUID_EDX_SSE;
}

bool cpu_has_avx(void)
{
    uint32_t low = 0, high;

    if ((cpu_id(1).ecx & CPUID_ECX_OSXSAVE_AVX) == CPUID_ECX_OSXSAVE_AVX) {
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    }
    return (low & XCR0_SSE_AVX) == XCR0_SSE_AVX;
}

bool cpu_has_smap(void)
{
    return cpu_id(7).ebx & CPUID_EBX_SMAP;
}

bool cpu_has_umip(void)
{
    return cpu_id(7).ecx & CPUID_ECX_UMIP;
}
