/*
 * long_mode.c - what only 64-bit code can try: addresses that cannot be, changes of mode, selectors
 * of the kernel, pages that are not for execution.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../support.h"
#include "../tests.h"
#include "registers.h"

#define USER_CODE_64_SELECTOR     0x2B
#define STATUS_INVALID_OPCODE     (STATUS_FAULT + 6)
#define SYSCALL_INSTRUCTION_BYTES 2

/* Bits 63 to 47 are not all the same. */
static const uintptr_t no_addresses[] = {
    0x0000800000000000, 0x0000800000001000, 0x0000FFFFFFFFFFF8, 0x0001000000400000,
    0x1000000000400000, 0x8000000000000000, 0x8000000000400000, 0x7FFFFFFFFFFFFFF8,
    0xFFFF000000400000, 0xFFFF7FFFFFFFFFF8,
};

static void try_no_addresses(const char *role, int or_status)
{
    for (size_t i = 0; i < COUNT_OF(no_addresses); i++) {
        int status = run_role(role, number(no_addresses[i]));

        if (status != STATUS_GENERAL_PROTECTION && status != or_status) {
            printf("%s of %016lx gave status %d\n", role, no_addresses[i], status);
        }
        CHECK(status == STATUS_GENERAL_PROTECTION || status == or_status);
    }
}

static void touch_no_addresses(void)
{
    try_no_addresses("read", STATUS_GENERAL_PROTECTION);
    try_no_addresses("write", STATUS_GENERAL_PROTECTION);
    try_no_addresses("execute", STATUS_PAGE_FAULT); /* CPUs differ in where the fault is found */
}

/* As arguments of every kind: where the kernel reads, and where it writes. */
static void pass_no_addresses(void)
{
    int child = spawn_role("exit", "5");

    for (size_t i = 0; i < COUNT_OF(no_addresses); i++) {
        uintptr_t bad = no_addresses[i];

        CHECK_EQUAL(print((const char *)bad), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_WRITE, bad, 1, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_WRITE, bad, SIZE_MAX, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_GET_PROGRAM_ARGUMENTS, bad, 0, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, bad, 48, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_PROCESS_LIST, bad, 10, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_MEMORY_LOOK, MEMORY_LOOK_RUN, 0, bad), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_SPAWN, bad, 0, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_OPEN, bad, 0, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_STAT, bad, bad, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_WAIT, (uintptr_t)child, bad, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_FREE, bad, 0, 0), -EINVARG);
    }
    CHECK_EQUAL(wait_for(child), 5);
}

/* A translation of such an address has no steps. */
static void look_at_no_addresses(void)
{
    for (size_t i = 0; i < COUNT_OF(no_addresses); i++) {
        struct memory_levels levels = {0};

        CHECK_EQUAL(memory_look(MEMORY_LOOK_LEVELS, no_addresses[i], &levels), 0);
        CHECK_EQUAL(levels.count, 4);
        CHECK(!levels.entries[0] && !levels.entries[1] && !levels.entries[3]);
    }
}

/* "thread_pointer ADDRESS": reads through FS there. */
static int role_thread_pointer(int argc, char **argv)
{
    uint8_t byte;

    CHECK(argc == 2);
    CHECK_EQUAL(system_call(SYSCALL_THREAD_POINTER, address_of(argv[1]), 0, 0), 0);
    __asm__ volatile("movb %%fs:0, %0" : "=q"(byte));
    CHECK_EQUAL(byte, 77);
    call_sleep(20); /* the kernel loads it when this task has its next turn */
    __asm__ volatile("movb %%fs:0, %0" : "=q"(byte));
    return byte;
}

static void thread_pointers(void)
{
    static const uint8_t own = 77;
    int one = spawn_role("thread_pointer", number(ADDRESS(&own)));
    int other = spawn_role("thread_pointer", number(ADDRESS(&own)));

    for (size_t i = 0; i < COUNT_OF(no_addresses); i++) {
        CHECK_EQUAL(system_call(SYSCALL_THREAD_POINTER, no_addresses[i], 0, 0), -EINVARG);
    }
    CHECK_EQUAL(system_call(SYSCALL_THREAD_POINTER, KERNEL_ADDRESS, 0, 0), -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_THREAD_POINTER, DIRECT_MAP + HEAP_ADDRESS, 0, 0), -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_THREAD_POINTER, USER_END, 0, 0), -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_THREAD_POINTER, USER_END - 1, 0, 0), 0);
    CHECK_EQUAL(wait_for(one), 77);
    CHECK_EQUAL(wait_for(other), 77);
    CHECK_EQUAL(run_role("thread_pointer", number(USER_END - 1)), STATUS_PAGE_FAULT);
}

/* ---------------------------------------------------------------- modes */

static void visits_to_32_bit_code(void)
{
    int own = call_getpid();

    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(visit_32_bit_code(), own);
    }
}

/* ---------------------------------------------------------------- selectors */

static int role_load_ds(int argc, char **argv)
{
    CHECK(argc == 2);
    __asm__ volatile("mov %w0, %%ds" : : "r"(atoi(argv[1])));
    return 0;
}

static int role_load_ss(int argc, char **argv)
{
    CHECK(argc == 2);
    __asm__ volatile("mov %w0, %%ss" : : "r"(atoi(argv[1])));
    return 0;
}

static int role_load_gs(int argc, char **argv)
{
    CHECK(argc == 2);
    __asm__ volatile("mov %w0, %%gs" : : "r"(atoi(argv[1])));
    return 0;
}

struct far_pointer {
    uint32_t offset;
    uint16_t selector;
} __attribute__((packed));

/* Of the two forms of far jumps, the one that all CPUs have: an offset of 32 bits. */
static int role_far_jump(int argc, char **argv)
{
    CHECK(argc == 2);
    struct far_pointer there = {KERNEL_PHYSICAL, (uint16_t)atoi(argv[1])};

    __asm__ volatile("ljmp *%0" : : "m"(there) : "memory");
    return 0;
}

static int role_far_call(int argc, char **argv)
{
    CHECK(argc == 2);
    struct far_pointer there = {KERNEL_PHYSICAL, (uint16_t)atoi(argv[1])};

    __asm__ volatile("lcall *%0" : : "m"(there) : "memory");
    return 0;
}

static int role_far_return(int argc, char **argv)
{
    CHECK(argc == 2);
    __asm__ volatile("push %0\n"
                     "push %1\n"
                     "lretq"
                     :
                     : "r"((uint64_t)atoi(argv[1])), "r"((uint64_t)KERNEL_ADDRESS));
    return 0;
}

static int role_iret(int argc, char **argv)
{
    CHECK(argc == 2);
    __asm__ volatile("mov %%rsp, %%rax\n"
                     "push $0x23\n"
                     "push %%rax\n"
                     "pushfq\n"
                     "push %0\n"
                     "push %1\n"
                     "iretq"
                     :
                     : "r"((uint64_t)atoi(argv[1])), "r"((uint64_t)KERNEL_ADDRESS)
                     : "rax");
    return 0;
}

/* The kernel's, those behind the table's, one of a local table, and the last there is. */
static const uint32_t foreign_selectors[] = {0x08, 0x0B, 0x10,   0x13, 0x30,  0x33,
                                             0x38, 0x3B, 0x0004, 0x53, 0xFFFF};

static void try_selectors(const char *role)
{
    for (size_t i = 0; i < COUNT_OF(foreign_selectors); i++) {
        int status = run_role(role, number(foreign_selectors[i]));

        if (status != STATUS_GENERAL_PROTECTION) {
            printf("%s of %04x gave status %d\n", role, foreign_selectors[i], status);
        }
        CHECK_EQUAL(status, STATUS_GENERAL_PROTECTION);
    }
}

static void load_foreign_segments(void)
{
    try_selectors("load_ds");
    try_selectors("load_gs");
    try_selectors("load_ss");
    CHECK_EQUAL(run_role("load_ss", number(USER_CODE_SELECTOR)), STATUS_GENERAL_PROTECTION);
    CHECK_EQUAL(run_role("load_ss", number(USER_CODE_64_SELECTOR)), STATUS_GENERAL_PROTECTION);
}

/* QEMU 7.2 reads the stack for them as if the kernel did: with SMAP that is a page fault, and
 * nothing is left to test. */
static bool is_return_emulated(void)
{
    return !cpu_has_smap() || run_role("iret", number(USER_DATA_SELECTOR)) != STATUS_PAGE_FAULT;
}

static void far_jumps(void)
{
    try_selectors("far_jump");
    try_selectors("far_call");
    /* Into either kind of its own code it may, but not to what is not its memory. */
    CHECK_EQUAL(run_role("far_jump", number(USER_CODE_SELECTOR)), STATUS_PAGE_FAULT);
    CHECK_EQUAL(run_role("far_jump", number(USER_CODE_64_SELECTOR)), STATUS_PAGE_FAULT);
    CHECK_EQUAL(run_role("far_jump", number(USER_DATA_SELECTOR)), STATUS_GENERAL_PROTECTION);
    if (is_return_emulated()) {
        try_selectors("far_return");
        try_selectors("iret");
        CHECK_EQUAL(run_role("iret", number(USER_CODE_64_SELECTOR)), STATUS_PAGE_FAULT);
    }
}

/* ---------------------------------------------------------------- flags */

static uint64_t try_flags(uint64_t flags)
{
    uint64_t before, after;

    __asm__ volatile("lea -128(%%rsp), %%rsp\n" /* the red zone is the compiler's */
                     "pushfq\n"
                     "pop %0\n"
                     "push %2\n"
                     "popfq\n"
                     "pushfq\n"
                     "pop %1\n"
                     "push %0\n"
                     "popfq\n"
                     "lea 128(%%rsp), %%rsp\n"
                     : "=&r"(before), "=&r"(after)
                     : "r"(flags)
                     : "cc");
    return after;
}

static void privileged_flags(void)
{
    static const uint32_t wanted[] = {0, EFLAGS_IOPL, EFLAGS_IOPL | EFLAGS_VM,
                                      EFLAGS_IOPL | EFLAGS_IF | EFLAGS_VM};
    const uint32_t privileged = EFLAGS_IOPL | EFLAGS_IF | EFLAGS_VM;

    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        CHECK_EQUAL(try_flags(EFLAGS_ONE | wanted[i]) & privileged, EFLAGS_IF);
    }
    CHECK_EQUAL(try_flags(EFLAGS_ONE | EFLAGS_NT | EFLAGS_AC) & (EFLAGS_NT | EFLAGS_AC),
                EFLAGS_NT | EFLAGS_AC);
}

/* ---------------------------------------------------------------- memory */

static void heap_is_not_executable(void)
{
    uint8_t *code = page_malloc(PAGE_BYTES);

    CHECK(code);
    code[0] = 0xC3;
    ((void (*)(void))code)();
}

/* What lies below the stack pointer is the program's: 128 bytes of it by the ABI, and here much
 * more. */
static void red_zone(void)
{
    enum { WORDS = 256 };
    int spinner = spawn_role("spin");
    uint32_t start = call_uptime();
    uint64_t wrong = 0;

    while (call_uptime() - start < 200) {
        __asm__ volatile("mov $1, %%ecx\n"
                         "1: mov %%rcx, %%rax\n"
                         "not %%rax\n"
                         "neg %%rcx\n"
                         "mov %%rax, -2048(%%rsp, %%rcx, 8)\n"
                         "neg %%rcx\n"
                         "inc %%ecx\n"
                         "cmp %1, %%ecx\n"
                         "jb 1b\n"
                         "mov $19, %%eax\n" /* yield */
                         "syscall\n"
                         "mov $20000, %%ecx\n" /* and interrupts */
                         "2: dec %%ecx\n"
                         "jnz 2b\n"
                         "mov $1, %%ecx\n"
                         "3: mov %%rcx, %%rax\n"
                         "not %%rax\n"
                         "neg %%rcx\n"
                         "cmp %%rax, -2048(%%rsp, %%rcx, 8)\n"
                         "je 4f\n"
                         "incq %0\n"
                         "4: neg %%rcx\n"
                         "inc %%ecx\n"
                         "cmp %1, %%ecx\n"
                         "jb 3b\n"
                         : "+r"(wrong)
                         : "i"(WORDS)
                         : "rax", "rcx", "r11", "memory", "cc");
    }
    CHECK(wrong == 0);
    kill_and_wait(spinner);
}

const struct role kind_roles[] = {
    {"thread_pointer", role_thread_pointer},
    {"load_ds", role_load_ds},
    {"load_ss", role_load_ss},
    {"load_gs", role_load_gs},
    {"far_jump", role_far_jump},
    {"far_call", role_far_call},
    {"far_return", role_far_return},
    {"iret", role_iret},
    {0},
};

const struct test kind_tests[] = {
    {"touch_no_addresses", touch_no_addresses, 0, 0},
    {"pass_no_addresses", pass_no_addresses, 0, 0},
    {"look_at_no_addresses", look_at_no_addresses, 0, 0},
    {"thread_pointers", thread_pointers, 0, 0},
    {"visits_to_32_bit_code", visits_to_32_bit_code, 0, 0},
    {"syscall_in_32_bit_code", syscall_in_32_bit_code, STATUS_INVALID_OPCODE, 0},
    {"sysenter_in_32_bit_code", sysenter_in_32_bit_code, STATUS_GENERAL_PROTECTION,
     STATUS_INVALID_OPCODE},
    {"load_foreign_segments", load_foreign_segments, 0, 0},
    {"far_jumps", far_jumps, 0, 0},
    {"privileged_flags", privileged_flags, 0, 0},
    {"heap_is_not_executable", heap_is_not_executable, STATUS_PAGE_FAULT, 0},
    {"red_zone", red_zone, 0, 0},
    {0},
};
