/*
 * tests/kernel/test_seeds_icarius.c - the lines of Icarius's document, typed with its names.
 */
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/pmm.h"
#include "base/status.h"

#include "memory/seeds/icarius.h"

KTEST(seeds_icarius_heap)
{
    void *one = kmalloc(50);
    void *two = kmalloc(5000);
    unsigned char *zeroed = kcalloc(4096);
    HeapDescriptor *descriptor = &kheap_descriptor;
    size_t block = (seed_low(two) - 0x01000000) / 4096;
    uint32_t wrong = 0;

    KEXPECT(one && two && zeroed);
    KEXPECT(seed_low(descriptor->entries) == 0x7E00 && descriptor->total <= 25600);
    KEXPECT(descriptor->entries[(seed_low(one) - 0x01000000) / 4096] == 0x41);
    KEXPECT(descriptor->entries[block] == 0xC1 && descriptor->entries[block + 1] == 0x01);
    for (uint32_t i = 0; i < 4096; i++) {
        wrong += zeroed[i] != 0;
    }
    KEXPECT(wrong == 0);
    kfree(one);
    kfree(two);
    kfree(zeroed);
    KEXPECT(descriptor->entries[block] == 0 && descriptor->entries[block + 1] == 0);
}

/* The document's own demo, in a directory of its own. */
KTEST(seeds_icarius_paging)
{
    struct paging_4gb_chunk *before = paging_current();
    PageDirectory kpage_dir;
    PageDirectory *ptr_kpage_dir = &kpage_dir;
    char read_virt[9] = "", read_phy[9] = "";

    page_init_directory(&kpage_dir, PAGE_PRESENT | PAGE_READ_WRITE);
    KEXPECT(kpage_dir.directory);
    char *ptr_phy_addr = kcalloc(4096);
    KEXPECT(ptr_phy_addr);
    KEXPECT(virt_address_map(ptr_kpage_dir->directory, (void *)0x2000,
                             seed_low(ptr_phy_addr) | PAGE_ACCESSED | PAGE_PRESENT |
                                 PAGE_READ_WRITE) == 0);
    KEXPECT(virt_address_map(ptr_kpage_dir->directory, (void *)0x2001, PAGE_PRESENT) < 0);
    KEXPECT(virt_address_map(NULL, (void *)0x2000, PAGE_PRESENT) < 0);
    page_switch(ptr_kpage_dir->directory);
    asm_do_sti();

    char *ptr_virt = (char *)0x2000;
    ptr_virt[0] = 'A';
    ptr_virt[1] = 'W';
    ptr_virt[2] = 'E';
    ptr_virt[3] = 'S';
    ptr_virt[4] = 'O';
    ptr_virt[5] = 'M';
    ptr_virt[6] = 'E';
    ptr_virt[7] = '!';
    __asm__ volatile("" : : : "memory");
    memcpy(read_virt, ptr_virt, 8);
    memcpy(read_phy, ptr_phy_addr, 8);
    paging_switch(before);
    kprintf("Testing Paging...\nVirtual 0x2000 [");
    kprintf(read_virt);
    kprintf("] == Physical 0x%x [%s]\n", (unsigned)seed_low(ptr_phy_addr), read_phy);
    bool is_flushed = !paging_is_mapped(before, (void *)0x2000) ||
                      memcmp((const char *)0x2000, "AWESOME!", 8) != 0;
    page_free_directory(&kpage_dir);
    kfree(ptr_phy_addr);
    KEXPECT(strcmp(read_virt, "AWESOME!") == 0);
    KEXPECT(strcmp(read_phy, "AWESOME!") == 0);
    KEXPECT(is_flushed);
    KEXPECT(!kpage_dir.directory);
}

/* Each page of 4 GiB is at its own number, but for what the header names: page 0, guard pages below
 * kernel stacks, and the kernel's window; and nothing is the user's. */
KTEST(seeds_icarius_directory_is_linear)
{
    PageDirectory self;
    uint32_t elsewhere = 0, missing = 0, guards = 0, of_the_user = 0;

    page_init_directory(&self, PAGE_PRESENT | PAGE_READ_WRITE | PAGING_ACCESS_FROM_ALL);
    KEXPECT(self.directory);
    struct paging_4gb_chunk *chunk = paging_find_chunk(self.directory);
    for (uint32_t page = 1; page < 0x100000; page++) {
        paddr_t physical;
        vaddr_t at = (vaddr_t)page * 4096;
        void *address = (void *)at;

        of_the_user += (paging_get(chunk, address) & PAGING_ACCESS_FROM_ALL) != 0;
        if (at < USER_END || at >= MMIO_ADDRESS) {
            bool is_mapped = paging_get_physical_address(chunk, address, &physical) == OK;
            bool is_kernel = paging_is_mapped(paging_kernel_chunk(), (void *)KERNEL_PHYSICAL) &&
                             (at < USER_STACK_GUARD || (at >= HEAP_ADDRESS && at < FRAME_ZONE_END));

            elsewhere += is_mapped && physical != (paddr_t)address;
            missing += !is_mapped && !is_kernel;
            guards += !is_mapped && is_kernel;
        }
    }
    bool is_null_absent = !paging_is_mapped(chunk, NULL);
    page_free_directory(&self);
    KEXPECT(of_the_user == 0);
    KEXPECT(elsewhere == 0 && missing == 0);
    /* The first stack's, and those that are kept. On x86_64 nothing of the kernel's is below 4
     * GiB. */
    KEXPECT(ARCH_BITS == 64 ? guards == 0 : guards >= 1 && guards <= 16);
    KEXPECT(is_null_absent);
}
