/*
 * test_serial.c - the serial port over a model of the UART: present, absent, stuck, and as input.
 * The two small port devices, pit and debugcon, are tested here as well.
 * Sources: src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_ports.h"

#include "drivers/debugcon.c"
#include "arch/x86/pit.c"
#include "arch/x86/speaker.c"
#include "drivers/serial.c"

/* ---- the machine's ports, as a model */

enum uart { UART_NONE, UART_16450, UART_16550A, UART_NO_SCRATCH, UART_STUCK_LOOPBACK };

static struct {
    enum uart uart;
    uint8_t registers[8];
    uint8_t divisor[2];
    char sent[256];
    unsigned sent_length;
    unsigned since_ready; /* bytes sent since the last time LSR said "can send" */
    bool never_ready;
    unsigned lsr_reads;
    unsigned busy_reads; /* so many reads of LSR say that the last bytes are still on their way */
    const char *received;
    unsigned stray;       /* bytes from outside that stand before what loopback returns */
    unsigned stray_later; /* so many come when the FIFO has been emptied */
    bool has_debugcon;
    char debugcon[64];
    unsigned debugcon_length;
    uint8_t pit_command;
    uint8_t pit_bytes[2];
    unsigned pit_writes;
    uint8_t beep_bytes[2];
    unsigned beep_writes;
    uint8_t speaker;
    unsigned input_edges; /* times that IER let received bytes interrupt, after it had not */
} machine;

static uint8_t uart_read(unsigned number)
{
    bool is_loopback = (machine.registers[4] & MCR_LOOPBACK) != 0;
    switch (number) {
    case 0:
        if (machine.stray > 0) {
            machine.stray--;
            return 'k';
        }
        if (is_loopback) {
            return machine.registers[0];
        }
        return (uint8_t)*machine.received++;
    case 2: return machine.uart == UART_16550A ? 0xC1 : 0x01;
    case 5: {
        machine.lsr_reads++;
        bool is_ready = !machine.never_ready && machine.busy_reads == 0;

        if (is_ready) {
            machine.since_ready = 0;
        } else if (machine.busy_reads > 0) {
            machine.busy_reads--;
        }
        return (is_ready ? LSR_CAN_SEND : 0) |
               ((is_loopback && machine.uart != UART_STUCK_LOOPBACK) ||
                        (machine.received != NULL && *machine.received != '\0')
                    ? LSR_RECEIVED
                    : 0);
    }
    case 7: return machine.uart == UART_NO_SCRATCH ? 0 : machine.registers[7];
    default: return machine.registers[number];
    }
}

static uint8_t inb(uint16_t port)
{
    if (port == 0xE9) {
        return machine.has_debugcon ? 0xE9 : 0xFF;
    }
    if (port == 0x61) {
        return machine.speaker;
    }
    assert_in_range(port, 0x3F8, 0x3FF);
    return machine.uart == UART_NONE ? 0xFF : uart_read(port - 0x3F8u);
}

static void outb(uint16_t port, uint8_t value)
{
    if (port == 0xE9) {
        machine.debugcon[machine.debugcon_length++] = (char)value;
        return;
    }
    if (port == 0x43) {
        machine.pit_command = value;
        return;
    }
    if (port == 0x61) {
        machine.speaker = value;
        return;
    }
    if (port == 0x42) {
        machine.beep_bytes[machine.beep_writes++ % 2] = value;
        return;
    }
    if (port == 0x40) {
        machine.pit_bytes[machine.pit_writes++ % 2] = value;
        return;
    }
    assert_in_range(port, 0x3F8, 0x3FF);
    unsigned number = port - 0x3F8u;
    if (number < 2 && (machine.registers[3] & LCR_DLAB)) {
        machine.divisor[number] = value;
        return;
    }
    if (number == 2 && (value & 0x02)) {
        machine.stray = machine.stray_later;
    }
    if (number == 0 && !(machine.registers[4] & MCR_LOOPBACK)) {
        machine.sent[machine.sent_length++] = (char)value;
        /* More than the hardware holds is lost on a real line. */
        machine.since_ready++;
        assert_in_range(machine.since_ready, 1, machine.uart == UART_16550A ? 16 : 1);
    }
    if (number == 1 && value == IER_RECEIVED && machine.registers[1] == 0) {
        machine.input_edges++;
    }
    machine.registers[number] = value;
}

/* ---- the other modules' ends */

static struct printk_sink *added_sink;
static void (*irq_handlers[16])(void);
static unsigned irqs_enabled;
static uint8_t keys[128];
static unsigned key_count;

void printk_add_sink(struct printk_sink *sink)
{
    added_sink = sink;
}

void irq_register(unsigned irq, void (*handler)(void))
{
    irq_handlers[irq] = handler;
}

void irq_enable(unsigned irq)
{
    assert_non_null(irq_handlers[irq]);
    irqs_enabled |= 1u << irq;
}

static unsigned key_room;
static void (*room_handler)(void);

bool key_queue_push(uint8_t key)
{
    assert_true(key_count < sizeof(keys));
    keys[key_count++] = key;
    return true;
}

bool key_queue_has_room(void)
{
    return key_count < key_room;
}

void key_queue_set_room_handler(void (*handler)(void))
{
    room_handler = handler;
}

static int reset(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof(machine));
    memset(&serial, 0, sizeof(serial));
    memset(&pit, 0, sizeof(pit));
    memset(irq_handlers, 0, sizeof(irq_handlers));
    machine.uart = UART_16550A;
    added_sink = NULL;
    irqs_enabled = 0;
    key_count = 0;
    key_room = sizeof(keys);
    room_handler = NULL;
    return 0;
}

static void print(const char *text)
{
    added_sink->write(text, strlen(text));
}

/* ---- serial */

static void test_serial_is_115200_8n1(void **state)
{
    (void)state;
    serial_initialise();
    assert_non_null(added_sink);
    assert_string_equal(added_sink->name, "serial");
    assert_int_equal(machine.divisor[0], 1);
    assert_int_equal(machine.divisor[1], 0);
    assert_int_equal(machine.registers[3], 0x03);
    assert_int_equal(machine.registers[4], 0x03); /* out of loopback */
    assert_int_equal(machine.registers[1], 0);
    assert_int_equal(machine.sent_length, 0);
}

static void test_serial_absent_is_no_sink(void **state)
{
    (void)state;
    static const enum uart wrong[] = {UART_NONE, UART_NO_SCRATCH, UART_STUCK_LOOPBACK};
    for (size_t i = 0; i < 3; i++) {
        reset(NULL);
        machine.uart = wrong[i];
        serial_initialise();
        assert_null(added_sink);
        assert_int_equal(serial_read(), -1);
        serial_enable_input();
        assert_int_equal(irqs_enabled, 0);
    }
}

/* A person types, or a script has sent its input, before the port is looked for. */
static void test_serial_is_found_while_bytes_come(void **state)
{
    (void)state;
    for (unsigned stray = 0; stray <= FIFO_BYTES; stray++) {
        reset(NULL);
        machine.stray = stray;
        machine.stray_later = FIFO_BYTES - stray;
        serial_initialise();
        assert_non_null(added_sink);
    }
    reset(NULL);
    machine.stray_later = 1000; /* no line sends so many at once: what answers is no UART */
    serial_initialise();
    assert_null(added_sink);
}

static void test_serial_newline_and_backspace(void **state)
{
    (void)state;
    serial_initialise();
    print("a\nb\b\r");
    assert_string_equal(machine.sent, "a\r\nb\b \b\r");
}

static void test_serial_fills_the_fifo_and_no_more(void **state)
{
    (void)state;
    serial_initialise();
    machine.lsr_reads = 0;
    print("0123456789abcdef0123456789abcdef0");
    assert_int_equal(machine.sent_length, 33);
    assert_int_equal(machine.lsr_reads, 3);
}

/* What one write left in the FIFO counts in the next. */
static void test_serial_fifo_is_filled_by_many_writes(void **state)
{
    (void)state;
    serial_initialise();
    machine.lsr_reads = 0;
    for (int i = 0; i < 2 * FIFO_BYTES + 1; i++) {
        assert_int_equal(machine.lsr_reads, (i + FIFO_BYTES - 1) / FIFO_BYTES);
        print("x");
    }
    print("0123456789abcde");
    assert_int_equal(machine.lsr_reads, 3);
    print("f");
    assert_int_equal(machine.lsr_reads, 4);
}

static void test_serial_without_fifo_asks_for_each_byte(void **state)
{
    (void)state;
    machine.uart = UART_16450;
    serial_initialise();
    machine.lsr_reads = 0;
    print("0123456789");
    assert_int_equal(machine.sent_length, 10);
    assert_int_equal(machine.lsr_reads, 10);
}

static void test_serial_stuck_line_costs_one_wait(void **state)
{
    (void)state;
    serial_initialise();
    machine.never_ready = true;
    machine.lsr_reads = 0;
    print("0123456789");
    assert_int_equal(machine.sent_length, 0);
    assert_int_equal(machine.lsr_reads, SEND_TURNS + 9);
    machine.never_ready = false;
    print("again");
    assert_string_equal(machine.sent, "again");
}

/* An emulator's line takes all at once. One that was waited for takes what its FIFO has room
 * for. */
static void test_serial_room_of_a_slow_line(void **state)
{
    (void)state;
    serial_initialise();
    print("0123456789abcdef");
    assert_true(added_sink->can_take() == SIZE_MAX);
    machine.busy_reads = 5;
    print("0");
    assert_int_equal(added_sink->can_take(), FIFO_BYTES - 1);
    print("123456789abcdef");
    machine.busy_reads = 2;
    machine.lsr_reads = 0;
    assert_int_equal(added_sink->can_take(), 0);
    assert_int_equal(added_sink->can_take(), 0);
    assert_int_equal(added_sink->can_take(), FIFO_BYTES);
    assert_int_equal(added_sink->can_take(), FIFO_BYTES);
    assert_int_equal(machine.lsr_reads, 3);
    print("0123456789abcdef"); /* needs no wait any more */
    assert_int_equal(machine.lsr_reads, 3);
}

/* A line that is never ready again does not keep its writer for ever. */
static void test_serial_room_of_a_stuck_line(void **state)
{
    (void)state;
    serial_initialise();
    machine.busy_reads = 5;
    print("0123456789abcdef0");
    print("123456789abcdef");
    machine.never_ready = true;
    timer_initialise(100);
    for (int i = 0; i < STUCK_TICKS; i++) {
        assert_int_equal(added_sink->can_take(), 0);
        irq_handlers[0]();
    }
    assert_true(added_sink->can_take() == SIZE_MAX);
    machine.lsr_reads = 0;
    print("lost");
    assert_int_equal(machine.lsr_reads, 4);
    machine.never_ready = false;
    print("x");
    assert_int_equal(added_sink->can_take(), FIFO_BYTES - 1);
}

static void test_serial_read_gives_bytes_then_nothing(void **state)
{
    (void)state;
    serial_initialise();
    assert_int_equal(serial_read(), -1);
    machine.received = "x\xFF";
    assert_int_equal(serial_read(), 'x');
    assert_int_equal(serial_read(), 0xFF);
    assert_int_equal(serial_read(), -1);
}

static void test_serial_input_becomes_keys(void **state)
{
    (void)state;
    serial_initialise();
    serial_enable_input();
    assert_int_equal(irqs_enabled, 1u << 4);
    assert_int_equal(machine.registers[1], IER_RECEIVED);
    assert_int_equal(machine.registers[4] & MCR_OUT2, MCR_OUT2);
    machine.received = "a\x7F\n\r\xC3\xA4";
    irq_handlers[4]();
    assert_int_equal(key_count, 6);
    assert_memory_equal(keys, "a\b\r\r\xC3\xA4", 6);
    irq_handlers[4]();
    assert_int_equal(key_count, 6);
}

/* A line's end is one key, whichever system the text is from. */
static void test_serial_line_ends(void **state)
{
    (void)state;
    serial_initialise();
    serial_enable_input();
    machine.received = "a\r\nb\n\nc\r\r\n\r";
    irq_handlers[4]();
    assert_int_equal(key_count, 9);
    assert_memory_equal(keys, "a\rb\r\rc\r\r\r", 9);
    machine.received = "\n";
    irq_handlers[4]();
    assert_int_equal(key_count, 9);
}

/* Bytes that find no room stay where they are, the sender is asked to stop, and it all goes on
 * where it stopped. */
static void test_serial_holds_the_sender(void **state)
{
    (void)state;
    serial_initialise();
    serial_enable_input();
    room_handler(); /* when nothing is held, nothing changes */
    assert_int_equal(machine.input_edges, 1);
    key_room = 3;
    machine.received = "abcdef";
    irq_handlers[4]();
    assert_int_equal(key_count, 3);
    assert_string_equal(machine.received, "def");
    assert_int_equal(machine.registers[1], 0);
    assert_int_equal(machine.registers[4], MCR_DTR | MCR_OUT2);
    irq_handlers[4](); /* a late or replayed one */
    assert_int_equal(key_count, 3);
    key_room = 5;
    room_handler();
    assert_int_equal(machine.registers[1], IER_RECEIVED);
    assert_int_equal(machine.registers[4], MCR_DTR_RTS | MCR_OUT2);
    assert_int_equal(machine.input_edges, 2);
    irq_handlers[4]();
    assert_int_equal(key_count, 5);
    key_room = 100;
    room_handler();
    irq_handlers[4]();
    assert_int_equal(key_count, 6);
    assert_memory_equal(keys, "abcdef", 6);
}

static void test_serial_endless_input_does_not_hold_the_interrupt(void **state)
{
    (void)state;
    static char flood[1000];
    memset(flood, 'x', sizeof(flood) - 1);
    serial_initialise();
    serial_enable_input();
    machine.received = flood;
    irq_handlers[4]();
    assert_int_equal(key_count, RECEIVE_BURST);
    assert_int_equal(machine.input_edges, 2); /* or the rest would never be heard of */
}

/* ---- debugcon */

static void test_debugcon_present_and_absent(void **state)
{
    (void)state;
    debugcon_initialise();
    assert_null(added_sink);
    machine.has_debugcon = true;
    debugcon_initialise();
    assert_non_null(added_sink);
    print("line\n");
    assert_string_equal(machine.debugcon, "line\n");
}

/* ---- pit */

static unsigned divisor_for(uint32_t hz)
{
    machine.pit_writes = 0;
    timer_initialise(hz);
    assert_int_equal(machine.pit_command, 0x34);
    assert_int_equal(machine.pit_writes, 2);
    return machine.pit_bytes[0] | (unsigned)machine.pit_bytes[1] << 8;
}

static void test_pit_divisors(void **state)
{
    (void)state;
    assert_int_equal(divisor_for(100), 11932);
    assert_int_equal(divisor_for(1000), 1193);
    assert_int_equal(divisor_for(19), 62799);
    assert_int_equal(divisor_for(18), 0); /* 65536 */
    assert_int_equal(divisor_for(1), 0);
    assert_int_equal(divisor_for(0), 0);
    assert_int_equal(divisor_for(596591), 2);
    assert_int_equal(divisor_for(596592), 2);
    assert_int_equal(divisor_for(1193182), 2);
    assert_int_equal(divisor_for(UINT32_MAX), 2);
    assert_int_equal(irqs_enabled, 1);
}

static unsigned handler_calls;

static void handler(void)
{
    handler_calls++;
}

static void test_pit_counts_and_calls(void **state)
{
    (void)state;
    handler_calls = 0;
    timer_initialise(100);
    irq_handlers[0]();
    assert_int_equal(timer_get_ticks(), 1);
    timer_set_tick_handler(handler);
    irq_handlers[0]();
    irq_handlers[0]();
    timer_set_tick_handler(NULL);
    irq_handlers[0]();
    assert_int_equal(timer_get_ticks(), 4);
    assert_int_equal(handler_calls, 2);
}

static void test_speaker_beep_ends_by_itself(void **state)
{
    (void)state;
    timer_initialise(100);
    machine.speaker = 0x30;
    speaker_beep();
    assert_int_equal(machine.pit_command, 0xB6);
    assert_int_equal(machine.beep_bytes[0] | machine.beep_bytes[1] << 8, 1355);
    assert_int_equal(machine.beep_writes, 2);
    for (unsigned i = 0; i < BEEP_TICKS; i++) {
        assert_int_equal(machine.speaker, 0x33);
        speaker_beep(); /* does not make it longer */
        irq_handlers[0]();
    }
    assert_int_equal(machine.speaker, 0x30);
    assert_int_equal(machine.beep_writes, 2);
    irq_handlers[0]();
    speaker_beep();
    assert_int_equal(machine.speaker, 0x33);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_serial_is_115200_8n1),
        TEST(test_serial_absent_is_no_sink),
        TEST(test_serial_is_found_while_bytes_come),
        TEST(test_serial_newline_and_backspace),
        TEST(test_serial_fills_the_fifo_and_no_more),
        TEST(test_serial_fifo_is_filled_by_many_writes),
        TEST(test_serial_without_fifo_asks_for_each_byte),
        TEST(test_serial_stuck_line_costs_one_wait),
        TEST(test_serial_room_of_a_slow_line),
        TEST(test_serial_room_of_a_stuck_line),
        TEST(test_serial_read_gives_bytes_then_nothing),
        TEST(test_serial_input_becomes_keys),
        TEST(test_serial_line_ends),
        TEST(test_serial_holds_the_sender),
        TEST(test_serial_endless_input_does_not_hold_the_interrupt),
        TEST(test_debugcon_present_and_absent),
        TEST(test_pit_divisors),
        TEST(test_pit_counts_and_calls),
        TEST(test_speaker_beep_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
