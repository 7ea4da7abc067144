/*
 * tests/kernel/i386/test_address_map.c - what is mapped where in the i386 kernel's 4 GiB
 * (layout_arch.h).
 */
#include "ktest.h"
#include "layout.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "base/status.h"

#define USER_RW (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL)

static struct paging_4gb_chunk *new_chunk(void)
{
    return paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL);
}

static bool is_identity(const struct paging_4gb_chunk *chunk, uint32_t address)
{
    paddr_t phys = 0;

    return paging_get_physical_address(chunk, (void *)address, &phys) == OK && phys == address;
}

/* Every address range of layout.h, at both of its ends: mapped as the map says, for whom it
 * says. */
KTEST(paging_new_chunk_follows_the_address_map)
{
    static const struct {
        uint32_t start, last;
        bool is_mapped;
    } ranges[] = {
        {0x00000000, 0x00000FFF, false}, /* NULL */
        {0x00001000, 0x0009FFFF, true},  /* boot info, thunk, heap table */
        {0x000A0000, 0x000FFFFF, true},  /* VGA, ROM */
        {0x003FA000, 0x003FFFFF, false}, /* user stack and its guards */
        {0x00400000, 0x00FFFFFF, false}, /* user program */
        {0x01000000, 0x073FFFFF, true},  /* pool */
        {0x07400000, 0x7FFFFFFF, true},  /* frame zone */
        {0x80000000, 0xBFFFFFFF, false}, /* process heap */
        {0xC0C00000, 0xC0FFFFFF, false}, /* behind the window, which has a test of its own */
        {0xC1000000, 0xCFFFFFFF, false}, /* byte heap */
        {0xD0000000, 0xFFFFFFFF, true},  /* MMIO */
    };
    struct paging_4gb_chunk *chunk = new_chunk();

    KEXPECT(chunk);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        uint32_t ends[] = {ranges[i].start, ranges[i].last};

        for (size_t end = 0; end < 2; end++) {
            KEXPECT(paging_is_mapped(chunk, (void *)ends[end]) == ranges[i].is_mapped);
            KEXPECT(!ranges[i].is_mapped || is_identity(chunk, ends[end]));
            KEXPECT(!(paging_get(chunk, (void *)ends[end]) & PAGING_ACCESS_FROM_ALL));
        }
    }
    KEXPECT(paging_get(chunk, (void *)0xD0000000) & PAGING_CACHE_DISABLED);
    KEXPECT(paging_get(chunk, (void *)0x01000000) & PAGING_GLOBAL);
    paging_free_4gb(chunk);
}

/* The window: physical 4 to 16 MiB, for the kernel alone, in the kernel's chunk and in a new
 * one. */
KTEST(paging_window_shows_what_the_program_hides)
{
    struct paging_4gb_chunk *chunks[] = {paging_kernel_chunk(), new_chunk()};

    KEXPECT(chunks[1]);
    for (size_t i = 0; i < 2; i++) {
        for (uint32_t address = 0xC0000000; address < 0xC0C00000; address += 0x7F123) {
            uint32_t entry = paging_get(chunks[i], (void *)address);
            paddr_t phys = 0;

            KEXPECT(paging_get_physical_address(chunks[i], (void *)address, &phys) == OK);
            KEXPECT(phys == address - 0xC0000000 + 0x400000);
            KEXPECT(page_memory(phys) == (void *)address);
            KEXPECT(page_physical((void *)address) == phys);
            KEXPECT((entry & (PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL |
                              PAGING_CACHE_DISABLED)) == PAGING_IS_WRITEABLE);
        }
    }
    KEXPECT(page_physical((void *)0xC0C00000) == 0xC0C00000);
    KEXPECT(page_memory(0x3FFFFF) == (void *)0x3FFFFF);
    KEXPECT(page_memory(0x1000000) == (void *)0x1000000);
    paging_free_4gb(chunks[1]);
}

/* No page of a new chunk is a user's, with any flags. */
KTEST(paging_kernel_memory_is_never_the_users)
{
    struct paging_4gb_chunk *chunk = paging_new_4gb(USER_RW);

    KEXPECT(chunk);
    for (uint32_t page = 0; page < 1u << 20; page++) {
        KEXPECT(!(paging_get(chunk, (void *)(page * 4096)) & PAGING_ACCESS_FROM_ALL));
    }
    paging_free_4gb(chunk);
}

/* A chunk may show something else where the kernel's memory is: no other chunk sees it. */
KTEST(paging_kernel_memory_of_one_chunk)
{
    struct paging_4gb_chunk *a = new_chunk();
    struct paging_4gb_chunk *b = new_chunk();

    KEXPECT(a && b);
    KEXPECT(paging_map(a, (void *)0x05000000, (void *)0x01802000, PAGING_IS_WRITEABLE) == OK);
    KEXPECT(!is_identity(a, 0x05000000));
    KEXPECT(is_identity(b, 0x05000000));
    KEXPECT(is_identity(paging_kernel_chunk(), 0x05000000));
    paging_free_4gb(a);
    paging_free_4gb(b);
}
