/*
 * tls.c - thread-local variables: what they begin with, where they lie, and that each process has
 * its own while several take turns. Argument: a number that distinguishes this process from the
 * others.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drupe.h>

#define TURNS 300

_Thread_local int counted = 41;
_Thread_local char text[] = "thread-local";
_Thread_local int zero;
_Thread_local _Alignas(64) char aligned[100];
static __thread long long own;
_Thread_local char large[40000];

static int failures;

static void check(int is_true, const char *what)
{
    if (!is_true) {
        printf("tls: %s ... FAIL\n", what);
        failures++;
    }
}

static int all_zero(const char *bytes, size_t count)
{
    while (count > 0 && bytes[count - 1] == 0) {
        count--;
    }
    return count == 0;
}

/* The compiler's for such variables. */
#ifdef __x86_64__
#define SEGMENT "fs"
#else
#define SEGMENT "gs"
#endif

int main(int argc, char **argv)
{
    int *volatile pointer = &counted;
    int number = argc > 1 ? atoi(argv[1]) : 0;
    uintptr_t thread_pointer;

    check(counted == 41 && strcmp(text, "thread-local") == 0, "initial values");
    check(zero == 0 && own == 0 && all_zero(aligned, sizeof(aligned)) &&
              all_zero(large, sizeof(large)),
          "zeros");
    check((uintptr_t)aligned % 64 == 0, "alignment");
    __asm__("mov %%" SEGMENT ":0, %0" : "=r"(thread_pointer));
    check((uintptr_t)&large[0] < thread_pointer && (uintptr_t)&counted < thread_pointer,
          "below the thread pointer");
    counted++;
    check(*pointer == 42, "the same by its address");
    own = number;
    memset(large, number, sizeof(large));
    for (int turn = 0; turn < TURNS; turn++) {
        system_call(SYSCALL_YIELD, 0, 0, 0);
        check(own == number + turn, "its own in each turn");
        own++;
        check(large[sizeof(large) - 1] == (char)number && large[0] == (char)number, "an array");
    }
    /* Another place for them: the segment follows, also through a switch. */
    static char other[8];
    uint32_t selector = (uint32_t)system_call(SYSCALL_THREAD_POINTER, (uintptr_t)&other[4], 0, 0);
    uint32_t read;

    memcpy(other, "\1\2\3\4\5\6\7\10", 8);
    if (selector) { /* none in 64-bit programs: FS begins there at once */
        __asm__ volatile("mov %0, %%gs" : : "r"(selector));
    }
    system_call(SYSCALL_YIELD, 0, 0, 0);
    __asm__ volatile("mov %%" SEGMENT ":-4, %0" : "=r"(read) : : "memory");
    check(read == 0x04030201, "another thread pointer");
    printf("tls %d: %d failures\n", number, failures);
    return failures != 0;
}
