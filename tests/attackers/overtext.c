/*
 * overtext.c - writes to every page of the kernel's text and constants: itself (a child for each
 * page, which a page fault ends), and by commands that fill something in.
 * Verdict: status 0
 * Arguments: kernel_rodata_end
 */
#include <stdio.h>

#include "attack.h"

static bool is_refused(uintptr_t address, int file, int folder)
{
    void *there = (void *)address;

    return file_read(file, there, 16) == -EINVARG &&
           file_descriptor_stat(file, there) == -EINVARG &&
           file_read_directory(folder, there) == -EINVARG && file_stat("0:/", there) == -EINVARG &&
           memory_figures(there) == -EINVARG && get_program_arguments(there) == -EINVARG &&
           process_list(there, 1) == -EINVARG && process_wait(WAIT_ANY, there) == -EINVARG;
}

int main(int argc, char **argv)
{
    uintptr_t number = argc > 1 ? number_of(argv[1]) : 0;
    int file = file_open("init.elf"), folder = file_open("0:/");
    char text[24];

    if (number % PAGE_BYTES != 0) { /* a child */
        *at(number) = 0xCC;
        return STATUS_SUCCEEDED;
    }
    if (number <= KERNEL_ADDRESS) {
        return STATUS_SUCCEEDED;
    }
    for (uintptr_t page = KERNEL_ADDRESS; page < number; page += PAGE_BYTES) {
        snprintf(text, sizeof(text), "%lu", (unsigned long)page + 1);
        if (!is_refused(page, file, folder) || !is_refused(page + PAGE_BYTES - 1, file, folder) ||
            status_of(start("overtext.elf", text)) != STATUS_PAGE_FAULT) {
            printf("page %lx was written to\n", (unsigned long)page);
            return STATUS_SUCCEEDED;
        }
    }
    return 0;
}
