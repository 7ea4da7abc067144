/*
 * nobodys.c - maps all addresses that it can get and that nobody may touch, which costs nothing;
 * then it changes the rights of every other page, which makes an area of each, until there is no
 * memory for areas; then those of all, and again.
 * Verdict: status 137
 */
#include "attack.h"

#define LARGEST    ((size_t)512 << 20)
#define RANGES_MAX 64

static struct range {
    uintptr_t address;
    size_t size;
} ranges[RANGES_MAX];

static unsigned map_all(void)
{
    unsigned count = 0;

    for (size_t size = LARGEST; size >= PAGE_BYTES && count < RANGES_MAX; size /= 2) {
        uintptr_t address;

        while (count < RANGES_MAX && (address = map_memory(size, 0, MAPPING_PRIVATE)) != 0) {
            ranges[count++] = (struct range){address, size};
        }
    }
    return count;
}

static void split(const struct range *range)
{
    for (size_t at_byte = 0; at_byte < range->size; at_byte += 2 * PAGE_BYTES) {
        if (syscall_protect(range->address + at_byte, PAGE_BYTES, MAPPING_READ) < 0) {
            return;
        }
    }
}

int main(void)
{
    unsigned count = map_all();

    catch_interrupt(1);
    for (uint32_t rights = 0;; rights = (rights + 1) % (MAPPING_READ + 1)) {
        for (unsigned i = 0; i < count; i++) {
            split(&ranges[i]);
        }
        for (unsigned i = 0; i < count; i++) {
            syscall_protect(ranges[i].address, ranges[i].size, rights);
        }
    }
}
