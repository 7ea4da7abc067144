/*
 * tests/programs/fault_no_rights.c - touches a mapping that it has kept for itself, and given no
 * rights.
 * Expect: status 142
 * Says: read address 90001000: that page of a mapping is not to be touched
 * Says as ELF64: read address 0000100010001000: that page of a mapping is not to be touched
 */
#include <drupe.h>

#include "check.h"
#include "own_map.h"

#define PLACE (OWN_HEAP_START + 0x10000000)

int main(void)
{
    struct memory_mapping mapping = {
        .address = PLACE,
        .length = 2 * 4096,
        .rights = MAPPING_READ | MAPPING_WRITE,
        .flags = MAPPING_PRIVATE | MAPPING_ANONYMOUS | MAPPING_FIXED,
    };
    volatile char *memory = (volatile char *)(uintptr_t)syscall_map(&mapping);

    CHECK((uintptr_t)memory == PLACE);
    memory[4096] = 1; /* the page is there, and stays */
    CHECK(syscall_protect(PLACE, 2 * 4096, 0) == 0);
    return memory[4096];
}
