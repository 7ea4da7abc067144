/*
 * drivers/pci.c - see pci.h.
 *
 * Size before speed.
 */
#include "drivers/pci.h"

#include "arch/x86/io.h"

/* Write which register to the first port, then use the second:
 *
 *     31         23..16   15..11   10..8      7..2   1..0
 *     enable     bus      device   function   dword  0
 */
#define PORT_ADDRESS 0xCF8
#define PORT_DATA    0xCFC

#define ADDRESS_ENABLE  0x80000000u
#define FUNCTIONS       0x10000u
#define FUNCTION_MASK   7u
#define NOBODY          0xFFFFFFFFu
#define HEADER_MULTIPLE 0x00800000u

uint32_t pci_read(uint32_t function, uint32_t offset)
{
    outl(PORT_ADDRESS, ADDRESS_ENABLE | function << 8 | offset);
    return inl(PORT_DATA);
}

void pci_write(uint32_t function, uint32_t offset, uint32_t value)
{
    outl(PORT_ADDRESS, ADDRESS_ENABLE | function << 8 | offset);
    outl(PORT_DATA, value);
}

bool pci_find(uint32_t class_code, uint32_t *function)
{
    /* The address can be read back: where it cannot, there is no such mechanism. */
    outl(PORT_ADDRESS, ADDRESS_ENABLE);
    if (inl(PORT_ADDRESS) != ADDRESS_ENABLE) {
        return false;
    }
    for (uint32_t f = *function; f < FUNCTIONS; f++) {
        uint32_t id = pci_read(f, PCI_ID);

        if (id != NOBODY && pci_read(f, PCI_CLASS) >> 16 == class_code) {
            *function = f;
            return true;
        }
        /* A device that has no function 0 has none; one with one may answer for all eight. */
        if (!(f & FUNCTION_MASK) &&
            (id == NOBODY || !(pci_read(f, PCI_HEADER) & HEADER_MULTIPLE))) {
            f |= FUNCTION_MASK;
        }
    }
    return false;
}
