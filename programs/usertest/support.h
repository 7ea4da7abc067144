/*
 * support.h - what the tests have in common: checks, children, commands, the CPU.
 */
#ifndef USERTEST_SUPPORT_H
#define USERTEST_SUPPORT_H

#include <drupe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"
#include "own_map.h"

/* ---------------------------------------------------------------- checks */

#define STATUS_SAID_WHY 99 /* of a process whose check failed: it has printed the reason */

/* They end the process, and its children, when something is wrong. */
#define CHECK(condition)                                  \
    do {                                                  \
        if (!(condition)) {                               \
            check_failed(__FILE__, __LINE__, #condition); \
        }                                                 \
    } while (0)

/* Both sides as numbers of 32 bits. */
#define CHECK_EQUAL(is, must_be) \
    check_equal(__FILE__, __LINE__, #is, (uint32_t)(is), (uint32_t)(must_be))

/* From now on this process is the test of that name: a check that fails is that test's end. */
void check_set_test(const char *name);

void check_failed(const char *file, int line, const char *condition) __attribute__((noreturn));
void check_equal(const char *file, int line, const char *what, uint32_t is, uint32_t must_be);

/* A pointer that the compiler knows nothing about, so that it warns of nothing. */
static inline volatile uint8_t *at(uintptr_t address)
{
    __asm__ volatile("" : "+r"(address));
    return (volatile uint8_t *)address;
}

#define ADDRESS(pointer) ((uintptr_t)(pointer))
#define COUNT_OF(array)  (sizeof(array) / sizeof((array)[0]))

#define PAGE_BYTES PAGE_SIZE_BYTES

/* i386/addresses.c, x86_64/addresses.c: addresses at which no program has anything, at both edges
 * of each region of layout.h. Not among them: the first page of the process heap, which a test may
 * have taken. */
extern const uintptr_t foreign_addresses[];
extern const size_t foreign_address_count;

#define VECTOR_GENERAL_PROTECTION 13
#define VECTOR_PAGE_FAULT         14
#define STATUS_PAGE_FAULT         (STATUS_FAULT + VECTOR_PAGE_FAULT)
#define STATUS_GENERAL_PROTECTION (STATUS_FAULT + VECTOR_GENERAL_PROTECTION)

/* ---------------------------------------------------------------- processes */

/* The name of this program's file. */
const char *own_name(void);

/* Starts a command line that ends with NULL; the child's pid, or the error. */
int spawn_words(const char *const *words, uint32_t flags);

/* spawn_role("sleep", "100"): a child in that role. Its pid; anything else fails the test. */
#define spawn_role(...) \
    spawn_checked((const char *const[]){own_name(), "--role", __VA_ARGS__, NULL})
int spawn_checked(const char *const *words);

/* The same, and waits: the child's status. */
#define run_role(...) wait_for(spawn_role(__VA_ARGS__))
int wait_for(int pid);

/* In decimal, in one of a few buffers that take turns. */
const char *number(uintptr_t value);

/* Of such a number. */
uintptr_t address_of(const char *number);

/* False when there is no such process. */
bool find_process(int pid, struct process_info *info);

/* A number made of all arguments: what arrives in a child can be compared by its status. */
int arguments_hash(int count, const char *const *arguments);

/* Waits, for some seconds at most, until the child sleeps, or has gone; or the test fails. */
void wait_until_asleep(int pid);
void wait_until_gone(int pid);

/* Does the process that is item number i of the list descend from the one with that pid? */
bool descends(const struct process_info *list, uint32_t count, uint32_t i, int pid);

/* Ends the child and takes its status. */
void kill_and_wait(int pid);

/* ---------------------------------------------------------------- commands without a C function */

/* Every command that comes back, with arguments that do no harm; those that let others run too. */
struct harmless_call {
    uintptr_t command, arguments[3];
};
extern const struct harmless_call harmless_calls[];
extern const size_t harmless_call_count;

static inline int call_wait(int pid, int *status)
{
    return (int)system_call(SYSCALL_WAIT, (uint32_t)pid, ADDRESS(status), 0);
}

static inline int call_yield(void)
{
    return (int)system_call(SYSCALL_YIELD, 0, 0, 0);
}

static inline int call_sleep(uint32_t milliseconds)
{
    return (int)system_call(SYSCALL_SLEEP, milliseconds, 0, 0);
}

static inline int call_getpid(void)
{
    return (int)system_call(SYSCALL_GETPID, 0, 0, 0);
}

static inline int call_kill(int pid)
{
    return (int)system_call(SYSCALL_KILL, (uint32_t)pid, 0, 0);
}

static inline int call_kill_family(int pid)
{
    return (int)system_call(SYSCALL_KILL_FAMILY, (uint32_t)pid, 0, 0);
}

static inline int call_spawn(const struct command_argument *first, uint32_t flags)
{
    return (int)system_call(SYSCALL_SPAWN, ADDRESS(first), flags, 0);
}

static inline int call_process_list(struct process_info *list, uint32_t capacity)
{
    return (int)system_call(SYSCALL_PROCESS_LIST, ADDRESS(list), capacity, 0);
}

static inline uint32_t call_uptime(void)
{
    return (uint32_t)system_call(SYSCALL_UPTIME, 0, 0, 0);
}

/* ---------------------------------------------------------------- the CPU */

#define EFLAGS_CF   0x00000001u
#define EFLAGS_ONE  0x00000002u /* always set */
#define EFLAGS_PF   0x00000004u
#define EFLAGS_AF   0x00000010u
#define EFLAGS_ZF   0x00000040u
#define EFLAGS_SF   0x00000080u
#define EFLAGS_TF   0x00000100u
#define EFLAGS_IF   0x00000200u
#define EFLAGS_DF   0x00000400u
#define EFLAGS_OF   0x00000800u
#define EFLAGS_IOPL 0x00003000u
#define EFLAGS_NT   0x00004000u
#define EFLAGS_VM   0x00020000u
#define EFLAGS_AC   0x00040000u
#define EFLAGS_ID   0x00200000u

#define USER_CODE_SELECTOR   0x1B /* of 32-bit code */
#define USER_DATA_SELECTOR   0x23
#define USER_THREAD_SELECTOR 0x4B

/* Is the kernel below one for long mode? A 32-bit program may run on either. */
bool kernel_is_64_bit(void);

bool cpu_has_fxsr(void);
bool cpu_has_sse(void);
bool cpu_has_avx(void); /* and the kernel lets programs use it */
bool cpu_has_smap(void);
bool cpu_has_umip(void);

/* registers.asm */

/* Compares, rounds times, registers that no other code may change, with selector in ES, FS and GS.
 * 0 when none changed. */
int watch_registers(uint32_t rounds, uint32_t selector);

#endif
