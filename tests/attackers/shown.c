/*
 * shown.c - maps this file in very many places, so do 60 copies of it, and each touches all; then
 * one owns all memory that is left, and goes on asking for more in every way there is.
 * Verdict: status 137
 */
#include <stdlib.h>

#include "attack.h"

#define PAGES  2u /* the file has more */
#define PLACES 60u
#define COPIES 60

static void show(int file)
{
    struct memory_mapping mapping = {
        .length = PAGES * PAGE_BYTES,
        .rights = MAPPING_READ,
        .flags = MAPPING_PRIVATE,
        .descriptor = file,
    };

    for (unsigned i = 0; i < PLACES; i++) {
        intptr_t start = syscall_map(&mapping);

        for (size_t page = 0; page < PAGES && !syscall_is_error(start); page++) {
            (void)*at((uintptr_t)start + page * PAGE_BYTES);
        }
    }
}

static void own_all(void)
{
    for (size_t size = 16u << 20; size >= PAGE_BYTES; size /= 2) {
        while (page_malloc(size) != NULL) {
        }
    }
}

int main(void)
{
    static char buffer[16 * PAGE_BYTES];
    int file = file_open("shown.elf");

    catch_interrupt(1);
    for (int i = 0; i < COPIES; i++) {
        if (syscall_fork() == 0) {
            for (;;) {
                show(file);
                process_yield();
            }
        }
    }
    show(file);
    for (;;) {
        own_all();
        (void)file_seek(file, 0, FILE_SEEK_SET);
        (void)file_read(file, buffer, sizeof(buffer));
        if (syscall_fork() == 0) {
            exit(0);
        }
    }
}
