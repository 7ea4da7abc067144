/*
 * arch/x86/pic.c - the two 8259A interrupt controllers, master and slave on its line 2.
 *
 * Initialisation is four command words (data sheet, "Initialization command words"): ICW1 starts
 * it, ICW2 is the vector of the first line, ICW3 says how the two are wired, ICW4 the mode.
 *
 * Size before speed.
 */
#include "arch/x86/pic.h"

#include <stdint.h>

#include "arch/x86/io.h"
#include "arch/irq.h"
#include "arch/x86/trap.h"

#define PIC_MASTER_COMMAND 0x20
#define PIC_MASTER_DATA    0x21
#define PIC_SLAVE_COMMAND  0xA0
#define PIC_SLAVE_DATA     0xA1

#define ICW1_INITIALISE_WITH_ICW4 0x11
#define ICW3_MASTER_SLAVE_LINE    0x04 /* a bit mask: line 2 */
#define ICW3_SLAVE_IDENTITY       0x02 /* a number: line 2 */
#define ICW4_8086_MODE            0x01
#define OCW2_END_OF_INTERRUPT     0x20
#define OCW3_READ_IN_SERVICE      0x0B

#define CASCADE_IRQ  2
#define SPURIOUS_BIT 0x80 /* line 7 of either */

/* Where a PC's BIOS has them. */
#define BIOS_VECTOR_MASTER 0x08
#define BIOS_VECTOR_SLAVE  0x70

/* Lines that stay off while the BIOS has the controllers: it would take our keys. */
#define NOT_FOR_BIOS ((1u << IRQ_KEYBOARD) | (1u << IRQ_COM1))

static struct {
    uint16_t mask; /* ours: bit n set = IRQ n off */
    uint16_t bios_mask;
} pic;

static void pic_write_masks(uint16_t mask)
{
    outb(PIC_MASTER_DATA, (uint8_t)mask);
    outb(PIC_SLAVE_DATA, (uint8_t)(mask >> 8));
}

/* The data port takes ICW2, 3, 4 in a row after ICW1 on the command port. */
static void pic_program(uint8_t vector_master, uint8_t vector_slave, uint16_t mask)
{
    outb(PIC_MASTER_COMMAND, ICW1_INITIALISE_WITH_ICW4);
    io_delay();
    outb(PIC_SLAVE_COMMAND, ICW1_INITIALISE_WITH_ICW4);
    io_delay();
    outb(PIC_MASTER_DATA, vector_master);
    io_delay();
    outb(PIC_SLAVE_DATA, vector_slave);
    io_delay();
    outb(PIC_MASTER_DATA, ICW3_MASTER_SLAVE_LINE);
    io_delay();
    outb(PIC_SLAVE_DATA, ICW3_SLAVE_IDENTITY);
    io_delay();
    outb(PIC_MASTER_DATA, ICW4_8086_MODE);
    io_delay();
    outb(PIC_SLAVE_DATA, ICW4_8086_MODE);
    io_delay();
    pic_write_masks(mask);
}

static uint16_t pic_read_masks(void)
{
    return (uint16_t)(inb(PIC_MASTER_DATA) | inb(PIC_SLAVE_DATA) << 8);
}

void pic_initialise(void)
{
    pic.bios_mask = pic_read_masks();
    pic.mask = (uint16_t) ~(1u << CASCADE_IRQ);
    pic_take_from_bios();
}

void pic_unmask(unsigned irq)
{
    pic.mask &= (uint16_t) ~(1u << irq);
    pic_write_masks(pic.mask);
}

void pic_end_of_interrupt(unsigned irq)
{
    if (irq >= 8) {
        outb(PIC_SLAVE_COMMAND, OCW2_END_OF_INTERRUPT);
    }
    outb(PIC_MASTER_COMMAND, OCW2_END_OF_INTERRUPT);
}

bool pic_is_spurious(unsigned irq)
{
    if (irq == 7) {
        outb(PIC_MASTER_COMMAND, OCW3_READ_IN_SERVICE);
        return !(inb(PIC_MASTER_COMMAND) & SPURIOUS_BIT);
    }
    if (irq == 15) {
        outb(PIC_SLAVE_COMMAND, OCW3_READ_IN_SERVICE);
        if (!(inb(PIC_SLAVE_COMMAND) & SPURIOUS_BIT)) {
            outb(PIC_MASTER_COMMAND, OCW2_END_OF_INTERRUPT);
            return true;
        }
    }
    return false;
}

void pic_give_to_bios(void)
{
    pic_program(BIOS_VECTOR_MASTER, BIOS_VECTOR_SLAVE, pic.bios_mask | NOT_FOR_BIOS);
}

void pic_take_from_bios(void)
{
    pic_program(TRAP_VECTOR_IRQ0, TRAP_VECTOR_IRQ0 + 8, pic.mask);
}
