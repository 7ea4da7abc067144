/*
 * overtext.c - writes to every page of the kernel's text and constants: itself (a child for each
 * page, which a page fault ends), and by commands that fill something in.
 * Verdict: status 0
 * Arguments: kernel_rodata_end
 */
#include <stdio.h>
#include <stdlib.h>

#include "attack.h"

static bool is_refused(uint32_t address, int file, int folder)
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
    uint32_t number = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
    int file = file_open("init.elf"), folder = file_open("0:/");
    char text[12];

    if (number % PAGE_BYTES != 0) { /* a child */
        *at(number) = 0xCC;
        return STATUS_SUCCEEDED;
    }
    if (number <= KERNEL_ADDRESS) {
        return STATUS_SUCCEEDED;
    }
    for (uint32_t page = KERNEL_ADDRESS; page < number; page += PAGE_BYTES) {
        snprintf(text, sizeof(text), "%u", page + 1);
        if (!is_refused(page, file, folder) || !is_refused(page + PAGE_BYTES - 1, file, folder) ||
            status_of(start("overtext.elf", text)) != STATUS_PAGE_FAULT) {
            printf("page %08x was written to\n", page);
            return STATUS_SUCCEEDED;
        }
    }
    return 0;
}
