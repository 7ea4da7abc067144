/*
 * arch/irq.h - hardware interrupts, by number: 0 timer, 1 keyboard, 4 COM1, 14/15 disks.
 */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#define IRQ_COUNT    16
#define IRQ_TIMER    0
#define IRQ_KEYBOARD 1
#define IRQ_COM1     4

/*
 * handler runs with interrupts off whenever irq fires, and sometimes when it has not; the
 * end-of-interrupt is sent for it.
 * One handler for each irq; the irq stays masked until irq_enable().
 */
void irq_register(unsigned irq, void (*handler)(void));
void irq_enable(unsigned irq);

/* Calls irq's handler as if it had fired: it may have, while it was masked. Interrupts are off. */
void irq_replay(unsigned irq);

/* Called after each interrupt that came while a user program ran, with interrupts off: the place
 * where a scheduler changes tasks. */
void irq_set_user_return_hook(void (*hook)(void));

/* Called once at boot: vectors of both interrupt controllers, all masked. */
void irq_initialise(void);

#endif
