/*
 * memory/e820.c - the firmware's memory map, entry by entry (ACPI specification, section 15.1).
 *
 *   In:  EAX = E820h, EBX = continuation (0 at first), ECX = buffer size, EDX = "SMAP",
 *        ES:DI = buffer
 *   Out: EAX = "SMAP", EBX = continuation (0 after the last), ECX = bytes written, CF on error
 */
#include "memory/e820.h"

#include "arch/x86/bios.h"
#include "arch/x86/cpu.h"
#include "layout.h"

#define BIOS_SYSTEM_SERVICES  0x15
#define E820_FUNCTION         0xE820
#define E820_SIGNATURE        0x534D4150 /* "SMAP" */
#define E820_MIN_ENTRY_BYTES  20
#define E820_ATTRIBUTES_VALID 1

size_t e820_read(struct e820_entry *entries, size_t max)
{
    struct e820_entry *buffer = (struct e820_entry *)BIOS_BUFFER_ADDRESS;
    uint32_t continuation = 0;
    size_t count = 0;

    while (count < max) {
        struct bios_registers registers = {
            .eax = E820_FUNCTION,
            .ebx = continuation,
            .ecx = sizeof(*buffer),
            .edx = E820_SIGNATURE,
            .es = 0,
            .edi = BIOS_BUFFER_ADDRESS,
        };

        /* Stays so when the BIOS fills in only 20 bytes. */
        buffer->attributes = E820_ATTRIBUTES_VALID;
        bios_call(BIOS_SYSTEM_SERVICES, &registers);
        if (registers.eax != E820_SIGNATURE || (registers.eflags & EFLAGS_CF)) {
            break; /* some BIOSes end the list with an error instead of a 0 */
        }
        if (registers.ecx >= E820_MIN_ENTRY_BYTES) {
            entries[count++] = *buffer;
        }
        continuation = registers.ebx;
        if (continuation == 0) {
            break;
        }
    }
    return count;
}
