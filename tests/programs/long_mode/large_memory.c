/*
 * large_memory.c - for 64-bit programs: more than 4 GiB from process_malloc(), and from the break.
 * Expect: status 0, on a machine with 6 GiB
 * Says: 4608 MiB by process_malloc(), then by the break: each page is its own.
 */
#include <drupe.h>
#include <stdbool.h>
#include <stdio.h>

#define PAGE_BYTES 4096
#define MIB        ((size_t)1 << 20)
#define BYTES      (4608 * MIB)

/* Each page is zeroed, and holds its own address afterwards. */
static bool is_usable(char *memory)
{
    for (size_t i = 0; i < BYTES; i += PAGE_BYTES) {
        if (*(size_t *)(void *)(memory + i) != 0) {
            return false;
        }
        *(char **)(void *)(memory + i) = memory + i;
    }
    for (size_t i = 0; i < BYTES; i += PAGE_BYTES) {
        if (*(char **)(void *)(memory + i) != memory + i) {
            return false;
        }
    }
    return true;
}

int main(void)
{
    char *memory = page_malloc(BYTES);

    if (memory == NULL) {
        puts("There is no memory.");
        return 1;
    }
    if (!is_usable(memory) || page_free(memory) != 0 || page_free(memory) != -EINVARG) {
        puts("process_malloc() is wrong.");
        return 2;
    }
    intptr_t start = syscall_break((intptr_t)BYTES);

    if (syscall_is_error(start) || !is_usable((char *)start) ||
        syscall_break(-(intptr_t)BYTES) != start + (intptr_t)BYTES || syscall_break(0) != start) {
        puts("The break is wrong.");
        return 3;
    }
    if (page_malloc((size_t)1 << 40) != NULL || page_malloc((size_t)1 << 47) != NULL ||
        page_malloc(SIZE_MAX) != NULL || !syscall_is_error(syscall_break((intptr_t)1 << 43)) ||
        !syscall_is_error(syscall_break((intptr_t)1 << 62)) ||
        !syscall_is_error(syscall_break(INTPTR_MIN))) {
        puts("There is more memory than there is.");
        return 4;
    }
    printf("%u MiB by process_malloc(), then by the break: each page is its own.\n",
           (unsigned)(BYTES / MIB));
    return 0;
}
