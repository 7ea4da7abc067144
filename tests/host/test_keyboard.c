/*
 * test_keyboard.c - scancodes to keys, the key ring, and how often the port is read.
 * Sources: src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_ports.h"

#include "device/key_queue.c"
#include "drivers/keyboard.c"

/* The controller, as a model: a queue of bytes, of which one is taken at each read. */
static uint8_t queue[256];
static unsigned queue_first;
static unsigned queue_end;
static unsigned data_reads;
static uint8_t absent_value; /* what an absent controller reads as, if not 0 */

static uint8_t inb(uint16_t port)
{
    if (absent_value != 0) {
        return absent_value;
    }
    if (port == STATUS_PORT) {
        return queue_first < queue_end ? STATUS_HAS_DATA : 0;
    }
    assert_int_equal(port, DATA_PORT);
    data_reads++;
    return queue_first < queue_end ? queue[queue_first++] : 0;
}

static void outb(uint16_t port, uint8_t value)
{
    (void)port;
    (void)value;
}

static void (*irq_handler)(void);
static bool irq_is_enabled;
static unsigned beeps;
static unsigned rooms; /* calls of the room handler */
static bool has_restarted;

void speaker_beep(void)
{
    beeps++;
}

void printk(const char *format, ...)
{
    (void)format;
}

static jmp_buf restarted;

void machine_restart(void)
{
    has_restarted = true;
    longjmp(restarted, 1);
}

static void on_room(void)
{
    rooms++;
}

void irq_register(unsigned irq, void (*handler)(void))
{
    assert_int_equal(irq, 1);
    irq_handler = handler;
}

void irq_enable(unsigned irq)
{
    assert_int_equal(irq, 1);
    irq_is_enabled = true;
}

static int reset(void **state)
{
    (void)state;
    memset(&key_queue, 0, sizeof(key_queue));
    memset(&decoder_of_interrupts, 0, sizeof(decoder_of_interrupts));
    queue_first = 0;
    queue_end = 0;
    data_reads = 0;
    absent_value = 0;
    irq_handler = NULL;
    irq_is_enabled = false;
    beeps = 0;
    rooms = 0;
    has_restarted = false;
    return 0;
}

/* Decodes the bytes and returns the keys in a string. */
static const char *decode(const char *bytes, size_t count)
{
    static char keys[64];
    static struct keyboard_state decoder;
    size_t length = 0;
    memset(&decoder, 0, sizeof(decoder));
    for (size_t i = 0; i < count; i++) {
        uint8_t key = keyboard_decode(&decoder, (uint8_t)bytes[i]);
        if (key != 0) {
            keys[length++] = (char)key;
        }
    }
    keys[length] = '\0';
    return keys;
}

#define DECODE(bytes) decode(bytes, sizeof(bytes) - 1)

static void test_letters_digits_and_space(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\x1e\x30\x2e\x39\x02\x0b"), "abc 10");
}

static void test_enter_backspace_tab_escape(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\x1c\x0e\x0f\x01"), "\r\b\t\x1b");
}

static void test_release_gives_no_key(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\x1e\x9e\x30\xb0"), "ab");
}

static void test_held_key_repeats(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\x1e\x1e\x1e\x9e"), "aaa");
}

static void test_both_shifts(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\x2a\x1e\xaa\x1e"), "Aa");
    assert_string_equal(DECODE("\x36\x1e\xb6\x1e"), "Aa");
    /* One of two released: still shifted. */
    assert_string_equal(DECODE("\x2a\x36\xaa\x1e\xb6\x1e"), "Aa");
    assert_string_equal(DECODE("\x2a\x02\x03\x28\x35\x2b"), "!@\"?|");
    /* The 102nd key, and the keypad, which stays as it is. */
    assert_string_equal(DECODE("\x56\x2a\x56\x48\x39\x3b"), "\\|8 \x91");
}

static void test_caps_lock_is_for_letters_and_toggles(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\x3a\xba\x1e\x02\x3a\xba\x1e"), "A1a");
    /* With shift as well, letters are small again. */
    assert_string_equal(DECODE("\x3a\xba\x2a\x1e\x02\xaa\x1e"), "a!A");
}

/* Both keys that have a backslash, both control keys; alone it is a backslash. */
static void test_control_backslash(void **state)
{
    static const uint8_t keys[] = {0x2B, 0x56};

    (void)state;
    for (size_t i = 0; i < sizeof(keys); i++) {
        struct keyboard_state held = {0};

        assert_int_equal(keyboard_decode(&held, keys[i]), '\\');
        held.left_control = true;
        assert_int_equal(keyboard_decode(&held, keys[i]), KEY_QUIT);
        held = (struct keyboard_state){.right_control = true};
        assert_int_equal(keyboard_decode(&held, keys[i]), KEY_QUIT);
        assert_int_equal(keyboard_decode(&held, keys[i] | 0x80), 0);
    }
}

static void test_control_letters(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\x1d\x2e\x9d\x2e"), "\x03"
                                                    "c");
    assert_string_equal(DECODE("\xe0\x1d\x20\xe0\x9d\x20"), "\x04"
                                                            "d");
    /* Left released while right is down. */
    assert_string_equal(DECODE("\x1d\xe0\x1d\x9d\x2c"), "\x1a");
    /* Ctrl and a digit is the digit. */
    assert_string_equal(DECODE("\x1d\x02"), "1");
    /* With shift or caps lock it is the same key. */
    assert_string_equal(DECODE("\x1d\x2a\x2e\xaa\x3a\xba\x2e"), "\x03\x03");
    /* [ \ ] ^ _ have one, too, and the 102nd key is another backslash; the others have not. */
    assert_string_equal(DECODE("\x1d\x1a\x2b\x56\x1b\x2a\x07\x0c"), "\x1b\x1c\x1c\x1d\x1e\x1f");
    assert_string_equal(DECODE("\x1d\x39\x27\x1c\x0e\x3b\x29\x2a\x03"), " ;\r\b\x91`@");
}

static void test_arrows_and_their_releases(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\xe0\x48\xe0\xc8\xe0\x50\xe0\xd0\xe0\x4b\xe0\xcb\xe0\x4d\xe0\xcd"),
                        "\x80\x81\x82\x83");
    assert_string_equal(DECODE("\xe0\x47\xe0\x4f\xe0\x49\xe0\x51\xe0\x52\xe0\x53"),
                        "\x84\x85\x86\x87\x88\x89");
}

static void test_prefix_lasts_for_one_byte(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\xe0\x48\x48"), "\x80"
                                                "8");
}

static void test_extended_fake_shifts_are_no_shifts(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\xe0\x2a\xe0\x4b\x1e\xe0\xcb\xe0\xaa"), "\x82"
                                                                        "a");
    assert_string_equal(DECODE("\x2a\xe0\xaa\x1e\xe0\x2a\xaa"), "A");
}

static void test_keypad(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\x47\x48\x49\x4b\x4c\x4d\x4f\x50\x51\x52\x53"), "78945612"
                                                                                "30.");
    assert_string_equal(DECODE("\x37\x4a\x4e\xe0\x35\xe0\x1c"), "*-+/\r");
}

static void test_pause_sequence_is_nothing(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\xe1\x1d\x45\xe1\x9d\xc5\x1e"), "a");
}

static void test_function_keys(void **state)
{
    (void)state;
    assert_string_equal(DECODE("\x3b\x44\x57\x58"), "\x91\x9a\x9b\x9c");
}

static void test_every_byte_in_every_state_is_safe(void **state)
{
    (void)state;
    /* All sequences of two bytes, with every modifier: the table's ends are within. */
    for (unsigned modifiers = 0; modifiers < 128; modifiers++) {
        for (unsigned first = 0; first < 256; first++) {
            for (unsigned second = 0; second < 256; second++) {
                struct keyboard_state decoder = {
                    .left_shift = modifiers & 1,
                    .right_shift = modifiers & 2,
                    .left_control = modifiers & 4,
                    .right_control = modifiers & 8,
                    .caps_lock = modifiers & 16,
                    .left_alt = modifiers & 32,
                    .right_alt = modifiers & 64,
                };
                keyboard_decode(&decoder, (uint8_t)first);
                keyboard_decode(&decoder, (uint8_t)second);
            }
        }
    }
    struct keyboard_state decoder = {0};
    assert_int_equal(keyboard_decode(&decoder, 0), 0);
    assert_int_equal(keyboard_decode(&decoder, 0x59), 0); /* the first after the table */
    assert_int_equal(keyboard_decode(&decoder, 0x7F), 0);
    assert_int_equal(keyboard_decode(&decoder, 0xFF), 0);
}

/* Each pair of keys, and in whichever order they go down; nothing less restarts. */
static void test_ctrl_alt_del(void **state)
{
    (void)state;
    static const char *const restart[] = {"\x1d\x38\xe0\x53", "\x38\x1d\x53",
                                          "\xe0\x1d\xe0\x38\xe0\x53", "\xe0\x38\x1d\x53"};
    static const char *const others[] = {
        "\x1d\xe0\x53",         "\x38\xe0\x53",         "\xe0\x53",
        "\x1d\x38\x9d\xe0\x53", "\x1d\x38\xb8\xe0\x53", "\xe0\x1d\xe0\x38\xe0\xb8\x53",
        "\x1d\x38\xe0\xd3",
    };
    for (size_t i = 0; i < ARRAY_SIZE(restart); i++) {
        assert_string_equal(decode(restart[i], strlen(restart[i])), "\xff");
    }
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        assert_null(strchr(decode(others[i], strlen(others[i])), 0xFF));
    }
    memcpy(queue, restart[0], 4);
    queue_end = 4;
    if (setjmp(restarted) == 0) {
        for (int i = 0; i < 4; i++) {
            assert_false(has_restarted);
            keyboard_interrupt();
        }
    }
    assert_true(has_restarted);
    assert_int_equal(key_queue_pop(), 0);
}

static unsigned asked;

static bool restart_later(void)
{
    return ++asked == 1;
}

/* Who has something to do before is asked, and may put it off. */
static void test_ctrl_alt_del_is_put_off(void **state)
{
    (void)state;
    keyboard_set_restart_handler(restart_later);
    memcpy(queue, "\x1d\x38\xe0\x53\xe0\x53", 6);
    queue_end = 6;
    if (setjmp(restarted) == 0) {
        for (int i = 0; i < 6; i++) {
            assert_false(has_restarted);
            keyboard_interrupt();
            assert_int_equal(asked, i >= 3);
        }
    }
    keyboard_set_restart_handler(NULL);
    assert_int_equal(asked, 2);
    assert_true(has_restarted);
    assert_int_equal(key_queue_pop(), 0);
}

static void test_ring_is_first_in_first_out(void **state)
{
    (void)state;
    assert_int_equal(key_queue_pop(), 0);
    assert_true(key_queue_push('a'));
    assert_true(key_queue_push('b'));
    assert_int_equal(key_queue_pop(), 'a');
    assert_int_equal(key_queue_pop(), 'b');
    assert_int_equal(key_queue_pop(), 0);
}

/* The i-th of many keys; never 0. */
static uint8_t nth_key(unsigned i)
{
    return (uint8_t)(i % 251 + 1);
}

static void fill_and_empty(void)
{
    for (unsigned i = 0; i < KEYS_MAX; i++) {
        assert_int_equal(key_queue_has_room(), i < KEYS_MAX - KEYS_RESERVED);
        assert_true(key_queue_push(nth_key(i)));
    }
    assert_int_equal(beeps, 0);
    assert_false(key_queue_push('x'));
    assert_int_equal(beeps, 1);
    for (unsigned i = 0; i < KEYS_MAX; i++) {
        assert_int_equal(rooms, i < KEYS_MAX / 2 ? 0 : 1);
        assert_int_equal(key_queue_pop(), nth_key(i));
    }
    assert_int_equal(key_queue_pop(), 0);
    assert_int_equal(rooms, 1);
}

static void test_ring_exactly_full_and_one_too_many(void **state)
{
    (void)state;
    key_queue_set_room_handler(on_room);
    fill_and_empty();
    assert_true(key_queue_push('y'));
    assert_int_equal(key_queue_pop(), 'y');
}

static void test_ring_counters_wrap(void **state)
{
    (void)state;
    key_queue_set_room_handler(on_room);
    key_queue.read = UINT32_MAX - 1;
    key_queue.written = UINT32_MAX - 1;
    fill_and_empty();
}

static void test_zero_is_no_key(void **state)
{
    (void)state;
    assert_false(key_queue_push(0));
    assert_int_equal(key_queue_pop(), 0);
}

static void test_interrupt_reads_the_port_exactly_once(void **state)
{
    (void)state;
    /* Two bytes wait: one interrupt takes one of them. */
    queue[0] = 0x1e;
    queue[1] = 0x30;
    queue_end = 2;
    keyboard_interrupt();
    assert_int_equal(data_reads, 1);
    assert_int_equal(key_queue_pop(), 'a');
    assert_int_equal(key_queue_pop(), 0);
    keyboard_interrupt();
    assert_int_equal(data_reads, 2);
    assert_int_equal(key_queue_pop(), 'b');
    /* A prefix and a release take one read each as well. */
    queue[2] = 0xE0;
    queue[3] = 0xC8;
    queue_end = 4;
    keyboard_interrupt();
    assert_int_equal(data_reads, 3);
    keyboard_interrupt();
    assert_int_equal(data_reads, 4);
    assert_int_equal(key_queue_pop(), 0);
}

/* After a visit to the BIOS the handler is called whether there was an interrupt or not. */
static void test_interrupt_without_data_reads_nothing(void **state)
{
    (void)state;
    keyboard_interrupt();
    assert_int_equal(data_reads, 0);
    assert_int_equal(key_queue_pop(), 0);
}

static unsigned listener_calls;

static bool takes_interrupt(uint8_t key)
{
    listener_calls++;
    return key == KEY_INTERRUPT;
}

static void test_listener_may_take_a_key(void **state)
{
    (void)state;
    listener_calls = 0;
    key_queue_set_listener(takes_interrupt);
    assert_true(key_queue_push('a'));
    assert_false(key_queue_push(KEY_INTERRUPT));
    assert_int_equal(key_queue_pop(), 'a');
    assert_int_equal(key_queue_pop(), 0);
    assert_int_equal(listener_calls, 2);
    key_queue_set_listener(NULL);
}

static void test_listener_hears_keys_that_find_no_room(void **state)
{
    (void)state;
    for (int i = 0; i < KEYS_MAX; i++) {
        assert_true(key_queue_push('x'));
    }
    listener_calls = 0;
    key_queue_set_listener(takes_interrupt);
    assert_false(key_queue_push('y'));
    assert_false(key_queue_push(KEY_INTERRUPT));
    assert_int_equal(listener_calls, 2);
    key_queue_set_listener(NULL);
}

static void test_flush_forgets_what_waits(void **state)
{
    (void)state;
    key_queue_push('a');
    key_queue_push('b');
    key_queue_set_room_handler(on_room);
    key_queue_flush();
    assert_int_equal(rooms, 1);
    assert_int_equal(key_queue_pop(), 0);
    key_queue_push('c');
    assert_int_equal(key_queue_pop(), 'c');
}

static void test_initialise_drains_and_enables(void **state)
{
    (void)state;
    queue_end = 3;
    keyboard_initialise();
    assert_int_equal(data_reads, 3);
    assert_ptr_equal(irq_handler, keyboard_interrupt);
    assert_true(irq_is_enabled);
    assert_int_equal(key_queue_pop(), 0);
}

static void test_initialise_without_controller_ends(void **state)
{
    (void)state;
    absent_value = 0xFF;
    keyboard_initialise();
    assert_int_equal(data_reads, 0);
    /* A controller that always has something does not hold up the boot either. */
    absent_value = STATUS_HAS_DATA;
    keyboard_initialise();
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_letters_digits_and_space),
        TEST(test_enter_backspace_tab_escape),
        TEST(test_release_gives_no_key),
        TEST(test_held_key_repeats),
        TEST(test_both_shifts),
        TEST(test_caps_lock_is_for_letters_and_toggles),
        TEST(test_control_letters),
        TEST(test_control_backslash),
        TEST(test_arrows_and_their_releases),
        TEST(test_prefix_lasts_for_one_byte),
        TEST(test_extended_fake_shifts_are_no_shifts),
        TEST(test_keypad),
        TEST(test_pause_sequence_is_nothing),
        TEST(test_function_keys),
        TEST(test_every_byte_in_every_state_is_safe),
        TEST(test_ctrl_alt_del),
        TEST(test_ctrl_alt_del_is_put_off),
        TEST(test_ring_is_first_in_first_out),
        TEST(test_ring_exactly_full_and_one_too_many),
        TEST(test_ring_counters_wrap),
        TEST(test_zero_is_no_key),
        TEST(test_interrupt_reads_the_port_exactly_once),
        TEST(test_interrupt_without_data_reads_nothing),
        TEST(test_listener_may_take_a_key),
        TEST(test_listener_hears_keys_that_find_no_room),
        TEST(test_flush_forgets_what_waits),
        TEST(test_initialise_drains_and_enables),
        TEST(test_initialise_without_controller_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
