/*
 * arch/x86/irq.c - from interrupt vector to registered handler.
 */
#include "arch/irq.h"

#include "arch/x86/pic.h"
#include "arch/x86/trap.h"
#include "debug/panic.h"
#include "base/align.h"

static struct {
    void (*handlers[IRQ_COUNT])(void);
    void (*user_return_hook)(void);
} irqs;

static void irq_dispatch(struct trap_frame *frame)
{
    unsigned irq = trap_number(frame) - TRAP_VECTOR_IRQ0;

    if (pic_is_spurious(irq)) {
        return;
    }
    /* Before the handler: it may change tasks and come back much later. */
    pic_end_of_interrupt(irq);
    if (irqs.handlers[irq]) {
        irqs.handlers[irq]();
    }
    if (frame_is_from_user(frame) && irqs.user_return_hook) {
        irqs.user_return_hook();
    }
}

void irq_register(unsigned irq, void (*handler)(void))
{
    KASSERT(irq < IRQ_COUNT);
    KASSERT(!irqs.handlers[irq]);
    irqs.handlers[irq] = handler;
}

void irq_enable(unsigned irq)
{
    KASSERT(irq < IRQ_COUNT);
    pic_unmask(irq);
}

void irq_replay(unsigned irq)
{
    KASSERT(irq < IRQ_COUNT);
    if (irqs.handlers[irq]) {
        irqs.handlers[irq]();
    }
}

void irq_set_user_return_hook(void (*hook)(void))
{
    irqs.user_return_hook = hook;
}

void irq_initialise(void)
{
    pic_initialise();
    for (unsigned irq = 0; irq < IRQ_COUNT; irq++) {
        trap_register(TRAP_VECTOR_IRQ0 + irq, irq_dispatch);
    }
}
