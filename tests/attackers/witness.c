/*
 * witness.c - computes, and takes and gives back memory, beside an attacker, and never stops while
 * all is right. When a second process of its name appears ("witness.elf bell", which only sleeps),
 * it ends with STATUS_WITNESS. Memory may be refused to it; wrong it may not be.
 */
#include "attack.h"

#define ROUNDS_A_LOOK 8 /* at the list of processes */
#define LIST_MAX      64
#define SLEEP_MS      60000
#define PAGES_MAX     3

#define WRONG_NUMBER   101
#define WRONG_FRACTION 102
#define WRONG_MEMORY   103
#define WRONG_FREE     104
#define WRONG_STACK    105
#define WRONG_LIST     106

/* The generator of test_syscall_fuzz.c; what it gives after so many steps, worked out elsewhere. */
#define STEPS      20000
#define STEPS_GIVE 0xAA6902A0u

static uint32_t compute(void)
{
    uint32_t number = 0;

    for (int i = 0; i < STEPS; i++) {
        number = number * 1664525 + 1013904223;
    }
    return number;
}

/* In the FPU's registers all along: exact, for the sum of quarters fits a double. */
static bool are_fractions_right(void)
{
    double sum = 0.0;

    for (int i = 0; i < 4000; i++) {
        sum += i * 0.25;
    }
    return sum == 1999500.0;
}

static bool is_all(const uint8_t *bytes, uint32_t length, uint8_t value)
{
    for (uint32_t i = 0; i < length; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

static int use_memory(uint32_t round)
{
    uint32_t length = (1 + round % PAGES_MAX) * PAGE_BYTES;
    uint8_t *memory = page_malloc(length);
    uint8_t fill = (uint8_t)(round | 1);

    if (!memory) {
        return 0;
    }
    if (!is_all(memory, length, 0)) {
        return WRONG_MEMORY;
    }
    memset(memory, fill, length);
    process_yield();
    if (!is_all(memory, length, fill)) {
        return WRONG_MEMORY;
    }
    return page_free(memory) == 0 ? 0 : WRONG_FREE;
}

/* 1: yes; 0: no; below: the kernel's error */
static int is_bell_there(void)
{
    static struct process_info list[LIST_MAX];
    int count = process_list(list, LIST_MAX);
    int of_my_name = 0;

    for (int i = 0; i < count && i < LIST_MAX; i++) {
        of_my_name += strcmp(list[i].name, "witness.elf") == 0;
    }
    return count < 0 ? count : of_my_name > 1;
}

static int watch(void)
{
    uint8_t on_stack[256];

    memset(on_stack, 0xC3, sizeof(on_stack));
    for (uint32_t round = 0;; round++) {
        if (compute() != STEPS_GIVE) {
            return WRONG_NUMBER;
        }
        if (!are_fractions_right()) {
            return WRONG_FRACTION;
        }
        int wrong = use_memory(round);
        if (wrong) {
            return wrong;
        }
        if (!is_all(on_stack, sizeof(on_stack), 0xC3)) {
            return WRONG_STACK;
        }
        int bell = round % ROUNDS_A_LOOK == 0 ? is_bell_there() : 0;
        if (bell) {
            return bell < 0 ? WRONG_LIST : STATUS_WITNESS;
        }
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    while (argc > 1) {
        process_sleep(SLEEP_MS);
    }
    return watch();
}
