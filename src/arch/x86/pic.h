/*
 * arch/x86/pic.h - the two 8259A interrupt controllers (Intel 8259A data sheet).
 */
#ifndef ARCH_X86_PIC_H
#define ARCH_X86_PIC_H

#include <stdbool.h>

/* Remembers the BIOS's masks, moves IRQ 0-15 to TRAP_VECTOR_IRQ0 and up, masks all. */
void pic_initialise(void);

void pic_unmask(unsigned irq);
void pic_end_of_interrupt(unsigned irq);

/*
 * IRQ 7 and 15 also appear when a request goes away before it is acknowledged: then the
 * in-service bit is clear and no end-of-interrupt is due (for 15, one to the master is; done here).
 */
bool pic_is_spurious(unsigned irq);

/* Around a call into the BIOS: vectors and masks as it left them, and back. */
void pic_give_to_bios(void);
void pic_take_from_bios(void);

#endif
