/*
 * tests/kernel/x86_64/test_bios.c - from long mode to real mode and back, again and again.
 */
#include "arch/x86/cpu.h"
#include "drivers/ata.h"
#include "drivers/bios_disk.h"
#include "abi/boot_info.h"
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"

#define CALLS     2000
#define SECTOR    512
#define SECTORS   100 /* that are read in turn */
#define FIRST_LBA 1   /* the kernel's image */

/* The BIOS reads what the controller's own driver reads, and leaves the kernel's state as it
 * was. */
KTEST(bios_2000_disk_reads_from_long_mode)
{
    const struct boot_info *info = page_memory(BOOT_INFO_ADDRESS);
    struct block_device *by_bios = bios_disk_open(info->drive);
    static uint8_t one[SECTOR], other[SECTOR];
    uint32_t wrong = 0;

    KEXPECT(by_bios && ata_initialise() > 0);
    uintptr_t cr0 = cpu_read_cr0(), cr3 = cpu_read_cr3(), cr4 = cpu_read_cr4();
    for (uint32_t i = 0; i < CALLS; i++) {
        uint32_t lba = FIRST_LBA + i * 7 % SECTORS;

        if (i < SECTORS || i % 50 == 0) {
            wrong += block_read(ata_device(0), lba, 1, other) != 0;
        } else {
            memset(other, 0, SECTOR);
        }
        wrong += block_read(by_bios, lba, 1, one) != 0;
        wrong += (i < SECTORS || i % 50 == 0) && memcmp(one, other, SECTOR) != 0;
        wrong += cpu_read_cr0() != cr0 || cpu_read_cr3() != cr3 || cpu_read_cr4() != cr4;
        wrong += (cpu_read_flags() & (EFLAGS_DF | EFLAGS_IF | EFLAGS_AC)) != 0;
    }
    KEXPECT(wrong == 0);
}
