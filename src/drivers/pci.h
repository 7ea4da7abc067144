/*
 * drivers/pci.h - finding PCI devices and their registers (PCI Local Bus Specification 2.2, 3.2.2.3
 * and chapter 6), by configuration mechanism #1.
 *
 * A function is a number: bus << 8 | device << 3 | function. A machine without PCI has none.
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include <stdbool.h>
#include <stdint.h>

/* Configuration registers: byte offsets of dwords. */
#define PCI_ID      0x00 /* device << 16 | vendor */
#define PCI_COMMAND 0x04 /* bits 31-16 are the status, where writing 1 clears */
#define PCI_CLASS   0x08 /* class << 24 | subclass << 16 | programming interface << 8 | revision */
#define PCI_HEADER  0x0C /* bit 23: has several functions */
#define PCI_BAR(n)  (0x10 + 4 * (n))

#define PCI_COMMAND_IO     0x1u /* answers on its ports */
#define PCI_COMMAND_MASTER 0x4u /* may use the bus by itself */
#define PCI_BAR_IO         0x1u

#define PCI_CLASS_IDE 0x0101 /* class << 8 | subclass: mass storage, IDE */

uint32_t pci_read(uint32_t function, uint32_t offset);
void pci_write(uint32_t function, uint32_t offset, uint32_t value);

/* The first function of that class from *function on: true, and its number in *function. */
bool pci_find(uint32_t class_code, uint32_t *function);

#endif
