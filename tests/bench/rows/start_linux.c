/*
 * start_linux.c - on Linux, the little that the bench's small programs ask of a C library.
 */
#include <drupe.h>
#include <sys/syscall.h>

int main(void);
void start(void) __asm__("_start") __attribute__((noreturn));

static long bare_call(long number, long argument)
{
#ifdef __x86_64__
    __asm__ volatile("syscall" : "+a"(number) : "D"(argument) : "rcx", "r11", "memory");
#else
    __asm__ volatile("int $0x80" : "+a"(number) : "b"(argument) : "memory");
#endif
    return number;
}

/* Until a signal comes, which is one that ends the program. */
int process_sleep(uint32_t milliseconds)
{
    (void)milliseconds;
    return (int)bare_call(SYS_pause, 0);
}

void start(void)
{
    for (;;) {
        bare_call(SYS_exit, main());
    }
}
