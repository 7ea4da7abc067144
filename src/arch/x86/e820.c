/*
 * arch/x86/e820.c - the firmware's memory map, entry by entry (ACPI specification, section 15.1).
 *
 *   In:  EAX = E820h, EBX = continuation (0 at first), ECX = buffer size, EDX = "SMAP",
 *        ES:DI = buffer
 *   Out: EAX = "SMAP", EBX = continuation (0 after the last), ECX = bytes written, CF on error
 *
 * What firmware makes of this: some ends the list with an error instead of a 0, some stops saying
 * "SMAP" in the middle of it, some gives attributes but leaves bit 0 clear in all of them, and some
 * never ends it.
 *
 * Size before speed.
 */
#include "arch/firmware.h"

#include "arch/x86/bios.h"
#include "arch/x86/cpu.h"
#include "layout.h"

#define BIOS_SYSTEM_SERVICES 0x15
#define E820_FUNCTION        0xE820
#define E820_SIGNATURE       0x534D4150 /* "SMAP" */
#define E820_MIN_ENTRY_BYTES 20
#define E820_CALLS_MAX       1024 /* with answers that are no entries among them */

/* Attributes that would leave the machine without any memory are not meant. */
static void mend_attributes(struct e820_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (entries[i].attributes & E820_ATTRIBUTE_ENABLED) {
            return;
        }
    }
    for (size_t i = 0; i < count; i++) {
        entries[i].attributes |= E820_ATTRIBUTE_ENABLED;
    }
}

size_t firmware_read_memory_map(struct e820_entry *entries, size_t max, bool *is_complete)
{
    struct e820_entry *buffer = page_memory(BIOS_BUFFER_ADDRESS);
    uint32_t continuation = 0;
    size_t count = 0;

    *is_complete = false;
    for (unsigned calls = 0; calls < E820_CALLS_MAX && count < max; calls++) {
        struct bios_registers registers = {
            .eax = E820_FUNCTION,
            .ebx = continuation,
            .ecx = sizeof(*buffer),
            .edx = E820_SIGNATURE,
            .es = 0,
            .edi = BIOS_BUFFER_ADDRESS,
        };

        /* Stays so when the BIOS fills in only 20 bytes. */
        buffer->attributes = E820_ATTRIBUTE_ENABLED;
        bios_call(BIOS_SYSTEM_SERVICES, &registers);
        *is_complete = registers.eflags & EFLAGS_CF;
        if (*is_complete || registers.eax != E820_SIGNATURE) {
            break;
        }
        if (registers.ecx >= E820_MIN_ENTRY_BYTES) {
            entries[count++] = *buffer;
        }
        continuation = registers.ebx;
        *is_complete = continuation == 0;
        if (*is_complete) {
            break;
        }
    }
    mend_attributes(entries, count);
    return count;
}
