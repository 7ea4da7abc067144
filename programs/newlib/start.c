/*
 * start.c - from crt0.asm to main() and out again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

typedef void (*function_t)(void);

/* newlib.ld: what carries __attribute__((constructor)), and (destructor). */
/* NOLINTBEGIN(bugprone-reserved-identifier): linkers' names since ever */
extern const function_t __init_array_start[], __init_array_end[];
extern const function_t __fini_array_start[], __fini_array_end[];
/* newlib.ld draws them. */
extern const char __tls_image[], __tls_image_end[];
extern char __tls_block[], __thread_pointer[];

/* NOLINTEND(bugprone-reserved-identifier) */

int main(int argc, char **argv, char **environment);
void newlib_start(void) __attribute__((noreturn));

static void run_destructors(void)
{
    for (const function_t *function = __fini_array_end; function > &__fini_array_start[0];) {
        (*--function)();
    }
}

/* What _Thread_local variables begin with, and GS, through which they are found. In 64-bit programs
 * that is FS, which the kernel has set: there is nothing to load. */
static void prepare_thread_local_variables(void)
{
    int selector = (int)syscall_thread_pointer((uintptr_t)__thread_pointer);
    char *pointer = __thread_pointer;

    memcpy(__tls_block, __tls_image, (size_t)(__tls_image_end - __tls_image));
    memcpy(__thread_pointer, &pointer, sizeof(pointer));
    if (selector) {
        __asm__ volatile("mov %0, %%gs" : : "r"(selector));
    }
}

void newlib_start(void)
{
    struct process_arguments arguments;

    prepare_thread_local_variables();
    syscall_get_program_arguments(&arguments);
    environ = arguments.argv + arguments.argc + 1; /* behind the NULL */
    if (&__fini_array_end[0] != &__fini_array_start[0]) {
        (void)atexit(run_destructors);
    }
    for (const function_t *function = __init_array_start; function < &__init_array_end[0];
         function++) {
        (*function)();
    }
    exit(main(arguments.argc, arguments.argv, environ));
}

void _exit(int status)
{
    for (;;) {
        syscall_exit_status(status);
    }
}

static void complain(const char *text)
{
    write(STDERR_FILENO, text, strlen(text));
}

/*
 * In place of newlib's, which needs a second printf() in every program that has one: conversions
 * have assertions. Here, so that the linker has this one before it sees the other.
 */
void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    char number[12];

    itoa(line, number, 10);
    complain("assertion \"");
    complain(expression);
    complain("\" failed: file ");
    complain(file);
    complain(", line ");
    complain(number);
    complain(function ? ", function " : "");
    complain(function ? function : "");
    complain("\n");
    abort();
}
