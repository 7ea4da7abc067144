/*
 * areas.c - what a process's addresses mean: its areas, how much of each is in memory, and what its
 * page faults have brought.
 */
#include <drupe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/mapping.h"
#include "mem.h"

#define PAGE_KIB 4

static const char *kind_of(const struct memory_area *area)
{
    static const char *const kinds[] = {
        [MEMORY_AREA_PROGRAM] = "program", [MEMORY_AREA_STACK] = "stack",
        [MEMORY_AREA_BREAK] = "break",     [MEMORY_AREA_MAPPING] = "mapping",
        [MEMORY_AREA_GUARD] = "guard",     [MEMORY_AREA_MALLOC] = "malloc",
    };

    if (area->kind == MEMORY_AREA_MAPPING && area->flags & MEMORY_AREA_IS_FILE) {
        return "file";
    }
    return area->kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[area->kind] : "?";
}

#define ADDRESS_DIGITS ((int)sizeof(uintptr_t) * 2)

static void print_heading(void)
{
    printf("%-*s %-4s %-8s %8s %8s %8s KiB\n", 2 * ADDRESS_DIGITS + 1, "ADDRESSES", "", "KIND",
           "PRESENT", "SHARED", "PROMISED");
}

static void print_area(const struct memory_area *area)
{
    printf("%0*llx-%0*llx %c%c%c%c %-8s %8u %8u %8u\n", ADDRESS_DIGITS,
           (unsigned long long)area->start, ADDRESS_DIGITS, (unsigned long long)area->end - 1,
           area->rights & MAPPING_READ ? 'r' : '-', area->rights & MAPPING_WRITE ? 'w' : '-',
           area->rights & MAPPING_EXECUTE ? 'x' : '-',
           area->flags & MEMORY_AREA_IS_SHARED ? 's' : 'p', kind_of(area), area->present * PAGE_KIB,
           area->shared * PAGE_KIB, area->promised * PAGE_KIB);
}

/* 0 or an error. */
static int show_faults(uint32_t pid)
{
    struct memory_faults faults;
    int status = memory_look(MEMORY_LOOK_FAULTS, pid, &faults);

    if (status == 0) {
        printf("Pages by faults: %u of zeros and %u around them, %u shown,\n"
               "  %u copied, %u taken back\n",
               faults.zeros, faults.around, faults.shown, faults.copied, faults.taken_back);
    }
    return status;
}

int show_areas(uint32_t pid)
{
    uintptr_t address = 0;
    int status;

    for (;;) {
        struct memory_area area = {.pid = pid};

        status = memory_look(MEMORY_LOOK_AREA, address, &area);
        if (status < 0) {
            break;
        }
        if (address == 0) {
            print_heading();
        }
        print_area(&area);
        if (area.end > UINTPTR_MAX) { /* a program of 32 bits cannot ask for what lies there */
            status = -ENOENT;
            break;
        }
        address = (uintptr_t)area.end;
    }
    if (status == -ENOENT) {
        status = show_faults(pid);
    }
    if (status < 0) {
        printf("mem: there is no process %u.\n", pid);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
