/*
 * crash - faults to see: makes each mistake that a program can make, one at a time, so that the
 * kernel's report can be read beside what the program did. Each is made by a child, which dies of
 * it; crash itself, the shell and the kernel go on.
 */
#include <drupe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

#define USAGE                                 \
    "Usage: crash         a menu of faults\n" \
    "       crash NAME    that one: the program makes it; the kernel explains\n"

/* An address whose value the compiler does not know. */
static volatile unsigned char *at(uintptr_t address)
{
    __asm__("" : "+r"(address));
    return (volatile unsigned char *)address;
}

static void read_null(void)
{
    (void)*at(0);
}

static void call_null(void)
{
    void (*function)(void) = (void (*)(void))at(0);

    function();
}

static void write_constant(void)
{
    static const unsigned char constant = 1;

    *at((uintptr_t)&constant) = 2;
}

static void write_kernel(void)
{
    *at(KERNEL_ADDRESS) = 0;
}

static void use_freed(void)
{
    volatile unsigned char *page = page_malloc(PAGE_SIZE_BYTES);

    page_free((void *)page);
    *page = 1;
}

static void overrun(void)
{
    unsigned char *page = page_malloc(PAGE_SIZE_BYTES);

    for (size_t i = 0;; i++) {
        *at((uintptr_t)page + i) = 1;
    }
}

/* The compiler knows an endless recursion when it sees one: this one is behind a pointer. */
static unsigned recurse(unsigned depth);
static unsigned (*volatile deeper)(unsigned depth) = recurse;

static unsigned recurse(unsigned depth)
{
    volatile unsigned char room[256];

    room[0] = (unsigned char)depth;
    return deeper(depth + 1) + room[0];
}

static void overflow_stack(void)
{
    recurse(0);
}

static void divide(void)
{
    __asm__ volatile("div %0" : : "r"(0), "a"(1), "d"(0));
}

static void no_instruction(void)
{
    __asm__ volatile("ud2");
}

static void stop_interrupts(void)
{
    __asm__ volatile("cli");
}

static void read_port(void)
{
    __asm__ volatile("in $0x60, %%al" : : : "eax");
}

static void wrong_interrupt(void)
{
    __asm__ volatile("int $0x0D");
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *what;
} faults[] = {
    {"null", read_null, "reads through a NULL pointer"},
    {"call", call_null, "calls a function through a NULL pointer"},
    {"constant", write_constant, "writes to a constant of its own"},
    {"kernel", write_kernel, "writes to the kernel's code"},
    {"freed", use_freed, "writes to memory that it has freed"},
    {"overrun", overrun, "goes on writing behind the end of its memory"},
    {"stack", overflow_stack, "calls itself without end"},
    {"divide", divide, "divides by zero"},
    {"opcode", no_instruction, "runs bytes that are no instruction"},
    {"cli", stop_interrupts, "tries to turn interrupts off"},
    {"port", read_port, "reads the keyboard's port itself"},
    {"int", wrong_interrupt, "calls an interrupt that is not for programs"},
};

#define FAULTS (sizeof(faults) / sizeof(faults[0]))

static int make(const char *name)
{
    for (size_t i = 0; i < FAULTS; i++) {
        if (strcmp(faults[i].name, name) == 0) {
            faults[i].run();
            puts("crash: nothing happened. That is a bug in the kernel.");
            return EXIT_FAILURE;
        }
    }
    printf("crash: there is no fault '%s'. Type crash for the menu.\n", name);
    return EXIT_USAGE;
}

/* Lets a child make it, and reports what became of it. */
static void show(const char *name, const char *what)
{
    int status;

    printf("\nA program %s. The kernel says:\n\n", what);
    int pid = (int)syscall_fork();
    if (pid == 0) {
        exit(make(name));
    }
    if (pid < 0 || process_wait(pid, &status) < 0) {
        printf("crash: it could not be started: %s.\n", error_text(pid));
    } else if (status >= STATUS_FAULT) {
        printf("\nIts status is %d: 128, and exception %d.\n", status, status - STATUS_FAULT);
    }
}

static int menu(void)
{
    char line[16];

    for (;;) {
        puts("A program ...");
        for (size_t i = 0; i < FAULTS; i++) {
            printf("  %2u  %-9s %s\n", (unsigned)(i + 1), faults[i].name, faults[i].what);
        }
        print("Which? A number or a name; Enter alone ends this: ");
        if (read_line(line, sizeof(line), 1) == 0) {
            return EXIT_SUCCESS;
        }
        size_t chosen = FAULTS;
        for (size_t i = 0; i < FAULTS; i++) {
            if (atoi(line) == (int)i + 1 || strcmp(line, faults[i].name) == 0) {
                chosen = i;
            }
        }
        if (chosen == FAULTS) {
            printf("There is no '%s' in the menu.\n\n", line);
            continue;
        }
        show(faults[chosen].name, faults[chosen].what);
        print("\nEnter: back to the menu. ");
        while (getkeyblock() != KEY_ENTER) {
        }
        print("\n\n");
    }
}

int main(int argc, char **argv)
{
    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc > 2) {
        dprintf(FILE_ERRORS, "%s", USAGE);
        return EXIT_USAGE;
    }
    return argc == 2 ? make(argv[1]) : menu();
}
