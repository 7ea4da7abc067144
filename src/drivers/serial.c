/*
 * drivers/serial.c - see serial.h.
 *
 * The UART is a 16550A or an older relative (National Semiconductor PC16550D data sheet, section
 * 8). Its registers, as offsets from the base port:
 *
 *   0  data, or the divisor's low byte while LCR.DLAB is set
 *   1  IER interrupt enable, or the divisor's high byte
 *   2  FCR FIFO control when written, IIR when read
 *   3  LCR line control      5  LSR line status
 *   4  MCR modem control     7  SCR scratch: a byte of memory
 *
 * Size before speed.
 */
#include "drivers/serial.h"

#include <stdbool.h>

#include "arch/x86/io.h"
#include "arch/irq.h"
#include "arch/timer.h"
#include "debug/printk.h"
#include "device/key_queue.h"

#define COM1_PORT 0x3F8

#define DATA (COM1_PORT + 0)
#define IER  (COM1_PORT + 1)
#define IIR  (COM1_PORT + 2)
#define FCR  (COM1_PORT + 2)
#define LCR  (COM1_PORT + 3)
#define MCR  (COM1_PORT + 4)
#define LSR  (COM1_PORT + 5)
#define SCR  (COM1_PORT + 7)

#define IER_RECEIVED  0x01 /* interrupt when a byte has come */
#define IIR_FIFO_ON   0xC0 /* both bits: a 16550A, whose FIFOs work */
#define FCR_ENABLE    0x07 /* FIFOs on and emptied; interrupt at the first byte */
#define LCR_8N1       0x03
#define LCR_DLAB      0x80
#define MCR_DTR       0x01
#define MCR_DTR_RTS   0x03 /* RTS: the other end may send */
#define MCR_OUT2      0x08 /* on a PC: lets the UART's interrupt line through */
#define MCR_LOOPBACK  0x10 /* what is sent is received */
#define LSR_RECEIVED  0x01
#define LSR_CAN_SEND  0x20 /* the holding register, or the whole FIFO, is empty */
#define LSR_NOT_THERE 0xFF

#define DIVISOR    1 /* 1.8432 MHz / 16 / 115200 */
#define FIFO_BYTES 16

/* Turns of a wait. A port access takes about 1 us, 16 bytes at 115200 baud 1.4 ms. */
#define SEND_TURNS     20000
#define LOOPBACK_TURNS 1000

#define LOOPBACK_BYTE 0xAE /* no ASCII: nobody types it */

/* For those who wait with interrupts on. The FIFO is empty after 1.4 ms. */
#define STUCK_TICKS 10

/* A FIFO full of bytes and as many again: more at once is a line that is stuck. */
#define RECEIVE_BURST (2 * FIFO_BYTES)

static struct {
    bool is_present;
    bool is_stuck; /* the last wait ended by its limit: do not wait again until it can send */
    unsigned room; /* bytes that may be sent before LSR must be asked again */
    bool is_slow;  /* it was waited for once: a real line, no emulator's */
    bool is_asked; /* serial_room() has said 0, at that tick for the first time */
    uint32_t asked_at;
    unsigned fifo_bytes;
    bool is_holding; /* received bytes stay in the UART: there is no room for keys */
    bool was_return; /* the last key was '\r': a '\n' now belongs to it */
} serial;

static bool wait_for(uint8_t lsr_bit, unsigned turns)
{
    for (; turns > 0; turns--) {
        if (inb(LSR) & lsr_bit) {
            return true;
        }
    }
    return false;
}

static void send(uint8_t byte)
{
    if (serial.room == 0) {
        bool is_ready = wait_for(LSR_CAN_SEND, 1);

        if (!is_ready && !serial.is_stuck) {
            serial.is_slow = true;
            is_ready = wait_for(LSR_CAN_SEND, SEND_TURNS - 1);
        }
        serial.is_stuck = !is_ready;
        if (serial.is_stuck) {
            return;
        }
        serial.room = serial.fifo_bytes;
    }
    serial.room--;
    outb(DATA, byte);
}

/* A line that was fast up to now is not asked: no emulator's takes longer than the port access. */
static size_t serial_room(void)
{
    if (!serial.is_slow || serial.is_stuck) {
        return SIZE_MAX;
    }
    if (serial.room == 0 && (inb(LSR) & LSR_CAN_SEND)) {
        serial.room = serial.fifo_bytes;
    }
    if (serial.room > 0) {
        serial.is_asked = false;
        return serial.room;
    }
    if (!serial.is_asked) {
        serial.is_asked = true;
        serial.asked_at = timer_get_ticks();
    }
    if (timer_get_ticks() - serial.asked_at < STUCK_TICKS) {
        return 0;
    }
    serial.is_asked = false;
    serial.is_stuck = true;
    return SIZE_MAX;
}

static void serial_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '\n':
            send('\r');
            send('\n');
            break;
        case '\b':
            /* A terminal only moves its cursor: rub the character out, as the screen does. */
            send('\b');
            send(' ');
            send('\b');
            break;
        default: send((uint8_t)text[i]); break;
        }
    }
}

/* Loopback returns what is sent. Bytes from outside may stand before it in the FIFO: those that
 * came earlier, and with QEMU even those that come now. */
static bool returns_what_is_sent(void)
{
    outb(MCR, MCR_LOOPBACK | MCR_DTR_RTS);
    outb(FCR, FCR_ENABLE);
    outb(DATA, LOOPBACK_BYTE);
    for (unsigned i = 0; i < RECEIVE_BURST && wait_for(LSR_RECEIVED, LOOPBACK_TURNS); i++) {
        if (inb(DATA) == LOOPBACK_BYTE) {
            return true;
        }
    }
    return false;
}

/* Does a UART answer? The scratch register keeps a byte, and loopback returns one. */
static bool is_port_there(void)
{
    for (unsigned value = 0x55; value <= 0xAA; value += 0x55) {
        outb(SCR, (uint8_t)value);
        if (inb(SCR) != value) {
            return false;
        }
    }
    return returns_what_is_sent();
}

void serial_initialise(void)
{
    static struct printk_sink sink = {
        .name = "serial", .write = serial_write, .can_take = serial_room};

    if (inb(LSR) == LSR_NOT_THERE) {
        return;
    }
    outb(IER, 0);
    outb(LCR, LCR_DLAB);
    outb(DATA, DIVISOR & 0xFF);
    outb(IER, DIVISOR >> 8);
    outb(LCR, LCR_8N1);
    outb(FCR, FCR_ENABLE);
    serial.fifo_bytes = (inb(IIR) & IIR_FIFO_ON) == IIR_FIFO_ON ? FIFO_BYTES : 1;
    if (!is_port_there()) {
        return;
    }
    outb(MCR, MCR_DTR_RTS);
    serial.is_present = true;
    printk_add_sink(&sink);
}

bool serial_is_present(void)
{
    return serial.is_present;
}

int serial_read(void)
{
    if (!serial.is_present || !(inb(LSR) & LSR_RECEIVED)) {
        return -1;
    }
    return inb(DATA);
}

/* A byte as the keyboard has it: terminals send DEL for Backspace, pipes send '\n' for Enter, and
 * files from other systems both '\r' and '\n'. */
static void push(uint8_t byte)
{
    bool is_second = byte == '\n' && serial.was_return;

    serial.was_return = byte == '\r';
    if (!is_second) {
        key_queue_push(byte == 0x7F ? '\b' : byte == '\n' ? '\r' : byte);
    }
}

/* Lets received bytes interrupt, and the sender send; or neither. */
static void allow_input(bool is_allowed)
{
    serial.is_holding = !is_allowed;
    outb(MCR, (is_allowed ? MCR_DTR_RTS : MCR_DTR) | MCR_OUT2);
    outb(IER, is_allowed ? IER_RECEIVED : 0); /* with a byte waiting, this interrupts at once */
}

static void serial_interrupt(void)
{
    for (unsigned i = 0; i < RECEIVE_BURST && !serial.is_holding; i++) {
        if (!key_queue_has_room()) {
            allow_input(false);
            return;
        }
        int byte = serial_read();
        if (byte < 0) {
            return;
        }
        push((uint8_t)byte);
    }
    /* More may be there; but only an edge interrupts again, and the line has not fallen. */
    if (!serial.is_holding) {
        outb(IER, 0);
        outb(IER, IER_RECEIVED);
    }
}

static void serial_on_room(void)
{
    if (serial.is_holding) {
        allow_input(true);
    }
}

void serial_enable_input(void)
{
    if (!serial.is_present) {
        return;
    }
    irq_register(IRQ_COM1, serial_interrupt);
    key_queue_set_room_handler(serial_on_room);
    allow_input(true);
    irq_enable(IRQ_COM1);
}
