/*
 * arch/x86/bios.c - the C half of the way back to real mode; the other is bios_thunk.asm.
 *
 * Size before speed.
 */
#include "arch/x86/bios.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/x86/bios_thunk.h"
#include "arch/x86/cpu.h"
#include "arch/irq.h"
#include "arch/x86/pic.h"
#include "debug/panic.h"
#include "layout.h"
#include "lib/string.h"

/* bios_thunk.asm: position-dependent code that runs at BIOS_THUNK_ADDRESS once copied there. */
extern const uint8_t bios_thunk_start[], bios_thunk_end[];

_Static_assert(BIOS_THUNK_DATA_ADDRESS + sizeof(struct bios_thunk_data) <
                   BIOS_THUNK_STACK_TOP - 2048,
               "room for the real-mode stack");

/* Meanwhile the BIOS had the clock's interrupts. The others' lines may be up, but programming the
 * controllers anew made them forget the edge. */
static void replay_interrupts(uint32_t timer_ticks)
{
    while (timer_ticks-- > 0) {
        irq_replay(IRQ_TIMER);
    }
    irq_replay(IRQ_KEYBOARD);
    irq_replay(IRQ_COM1);
}

void bios_call(uint8_t vector, struct bios_registers *registers)
{
    static bool is_copied;
    struct bios_thunk_data *data = page_memory(BIOS_THUNK_DATA_ADDRESS);
    uintptr_t flags = cpu_interrupts_save();

    if (!is_copied) {
        size_t length = (size_t)(bios_thunk_end - bios_thunk_start);

        KASSERT(length <= PAGE_SIZE_BYTES);
        memcpy(page_memory(BIOS_THUNK_ADDRESS), bios_thunk_start, length);
        is_copied = true;
    }
    data->registers = *registers;
    data->vector = vector;

    pic_give_to_bios();
    bios_thunk_run();
    pic_take_from_bios();
    replay_interrupts(data->timer_ticks);

    *registers = data->registers;
    cpu_interrupts_restore(flags);
}
