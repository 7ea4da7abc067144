/*
 * drivers/keyboard.c - see keyboard.h.
 *
 * Scancode set 1 (IBM PS/2 Technical Reference, "Keyboard", set 1; the controller translates to it
 * by default): a key sends its number when pressed, and its number + 0x80 when released. The keys
 * that the 83-key original had not got send 0xE0 first. Pause sends 0xE1 and two bytes, twice.
 *
 * Size before speed.
 */
#include "drivers/keyboard.h"

#include "arch/x86/io.h"
#include "arch/irq.h"
#include "arch/machine.h"
#include "debug/printk.h"
#include "base/align.h"
#include "device/key_queue.h"
#include "lib/string.h"

/* The controller (Intel 8042): data, and status when read, command when written. */
#define DATA_PORT        0x60
#define STATUS_PORT      0x64
#define STATUS_HAS_DATA  0x01
#define STATUS_NOT_THERE 0xFF

/* More bytes than the controller and keyboard hold between them. */
#define DRAIN_BYTES_MAX 64

#define PREFIX_EXTENDED   0xE0
#define PREFIX_PAUSE      0xE1
#define PAUSE_BYTES       2 /* after each of its prefixes */
#define RELEASED          0x80
#define CODE_CONTROL      0x1D
#define CODE_LEFT_SHIFT   0x2A
#define CODE_RIGHT_SHIFT  0x36
#define CODE_ALT          0x38
#define CODE_CAPS_LOCK    0x3A
#define CODE_KEYPAD_SLASH 0x35
#define CODE_KEYPAD_ENTER 0x1C
#define CODE_DELETE       0x53 /* extended: Delete; plain: the keypad's dot */
#define CODE_102ND        0x56 /* beside the left shift, on keyboards that have it */

/* Keys by scancode, from 0. The keypad (0x47 to 0x53) gives digits. */
/* clang-format off */
static const uint8_t plain_keys[] = {
    /* 00 */ 0, KEY_ESCAPE, '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-', '=', '\b', '\t',
    /* 10 */ 'q', 'w', 'e', 'r', 't', 'y', 'u', 'i', 'o', 'p', '[', ']', '\r', 0, 'a', 's',
    /* 20 */ 'd', 'f', 'g', 'h', 'j', 'k', 'l', ';', '\'', '`', 0, '\\', 'z', 'x', 'c', 'v',
    /* 30 */ 'b', 'n', 'm', ',', '.', '/', 0, '*', 0, ' ', 0, KEY_F1, KEY_F1 + 1, KEY_F1 + 2,
             KEY_F1 + 3, KEY_F1 + 4,
    /* 40 */ KEY_F1 + 5, KEY_F1 + 6, KEY_F1 + 7, KEY_F1 + 8, KEY_F1 + 9, 0, 0, '7', '8', '9', '-',
             '4', '5', '6', '+', '1',
    /* 50 */ '2', '3', '0', '.', 0, 0, '\\', KEY_F1 + 10, KEY_F1 + 11,
};

/* The same with shift. */
static const uint8_t shifted_keys[] = {
    /* 00 */ 0, KEY_ESCAPE, '!', '@', '#', '$', '%', '^', '&', '*', '(', ')', '_', '+', '\b', '\t',
    /* 10 */ 'Q', 'W', 'E', 'R', 'T', 'Y', 'U', 'I', 'O', 'P', '{', '}', '\r', 0, 'A', 'S',
    /* 20 */ 'D', 'F', 'G', 'H', 'J', 'K', 'L', ':', '"', '~', 0, '|', 'Z', 'X', 'C', 'V',
    /* 30 */ 'B', 'N', 'M', '<', '>', '?', 0, '*', 0, ' ', 0, KEY_F1, KEY_F1 + 1, KEY_F1 + 2,
             KEY_F1 + 3, KEY_F1 + 4,
    /* 40 */ KEY_F1 + 5, KEY_F1 + 6, KEY_F1 + 7, KEY_F1 + 8, KEY_F1 + 9, 0, 0, '7', '8', '9', '-',
             '4', '5', '6', '+', '1',
    /* 50 */ '2', '3', '0', '.', 0, 0, '|', KEY_F1 + 10, KEY_F1 + 11,
};
/* clang-format on */

_Static_assert(sizeof(shifted_keys) == sizeof(plain_keys), "each key has both");

/* The pressed state of a modifier whose byte is scancode. */
static bool is_pressed(uint8_t scancode)
{
    return (scancode & RELEASED) == 0;
}

/* Ctrl and Alt down, either of each? Then Delete, also the keypad's, restarts the machine. */
static bool is_restart(const struct keyboard_state *state, uint8_t scancode)
{
    return scancode == CODE_DELETE && (state->left_control || state->right_control) &&
           (state->left_alt || state->right_alt);
}

static uint8_t decode_extended(struct keyboard_state *state, uint8_t scancode)
{
    /* E0 2A and E0 36 are no shift keys: the keyboard sends them around keys that would otherwise
     * look like shifted keypad keys. Here they mean nothing. */
    switch (scancode & ~RELEASED) {
    case CODE_CONTROL: state->right_control = is_pressed(scancode); return 0;
    case CODE_ALT: state->right_alt = is_pressed(scancode); return 0;
    default: break;
    }
    if (is_restart(state, scancode)) {
        return KEYBOARD_RESTART;
    }
    switch (scancode) {
    case 0x47: return KEY_HOME;
    case 0x48: return KEY_UP;
    case 0x49: return KEY_PAGE_UP;
    case 0x4B: return KEY_LEFT;
    case 0x4D: return KEY_RIGHT;
    case 0x4F: return KEY_END;
    case 0x50: return KEY_DOWN;
    case 0x51: return KEY_PAGE_DOWN;
    case 0x52: return KEY_INSERT;
    case CODE_DELETE: return KEY_DELETE;
    case CODE_KEYPAD_SLASH: return '/';
    case CODE_KEYPAD_ENTER: return '\r';
    default: return 0;
    }
}

/* The character that ctrl and key make (ASCII's columns 4 and 5 without bit 6), or key itself
 * where there is none. */
static uint8_t with_control(uint8_t key)
{
    uint8_t upper = (uint8_t)char_to_upper((char)key);

    return upper > '@' && upper <= '_' ? upper - '@' : key;
}

static uint8_t decode_plain(const struct keyboard_state *state, uint8_t code)
{
    bool shift = state->left_shift || state->right_shift;

    if (code >= ARRAY_SIZE(plain_keys)) {
        return 0;
    }
    if (is_restart(state, code)) {
        return KEYBOARD_RESTART;
    }
    uint8_t key = plain_keys[code];
    bool is_letter = key >= 'a' && key <= 'z';

    if (shift != (is_letter && state->caps_lock)) {
        key = shifted_keys[code];
    }
    return state->left_control || state->right_control ? with_control(key) : key;
}

uint8_t keyboard_decode(struct keyboard_state *state, uint8_t scancode)
{
    if (state->to_skip > 0) {
        state->to_skip--;
        return 0;
    }
    if (scancode == PREFIX_EXTENDED) {
        state->is_extended = true;
        return 0;
    }
    if (scancode == PREFIX_PAUSE) {
        state->to_skip = PAUSE_BYTES;
        return 0;
    }
    if (state->is_extended) {
        state->is_extended = false;
        return decode_extended(state, scancode);
    }

    switch (scancode & ~RELEASED) {
    case CODE_LEFT_SHIFT: state->left_shift = is_pressed(scancode); return 0;
    case CODE_RIGHT_SHIFT: state->right_shift = is_pressed(scancode); return 0;
    case CODE_CONTROL: state->left_control = is_pressed(scancode); return 0;
    case CODE_ALT: state->left_alt = is_pressed(scancode); return 0;
    case CODE_CAPS_LOCK: state->caps_lock ^= is_pressed(scancode); return 0;
    default: return is_pressed(scancode) ? decode_plain(state, scancode) : 0;
    }
}

/* ---------------------------------------------------------------- the controller */

static struct keyboard_state decoder_of_interrupts;
static bool (*restart_handler)(void);

/* Is there a byte to be read? A machine without this controller reads as all ones. */
static bool has_data(void)
{
    uint8_t status = inb(STATUS_PORT);

    return status != STATUS_NOT_THERE && status & STATUS_HAS_DATA;
}

bool keyboard_is_present(void)
{
    return inb(STATUS_PORT) != STATUS_NOT_THERE;
}

void keyboard_interrupt(void)
{
    if (!has_data()) {
        return;
    }
    uint8_t key = keyboard_decode(&decoder_of_interrupts, inb(DATA_PORT));

    if (key == KEYBOARD_RESTART) {
        printk("\nCtrl-Alt-Del: the machine restarts.\n");
        if (!restart_handler || !restart_handler()) {
            machine_restart();
        }
        return;
    }
    key_queue_push(key);
}

void keyboard_set_restart_handler(bool (*handler)(void))
{
    restart_handler = handler;
}

void keyboard_initialise(void)
{
    /* Bytes that wait since before the kernel would keep the controller from raising its next
     * interrupt. */
    for (int i = 0; i < DRAIN_BYTES_MAX && has_data(); i++) {
        inb(DATA_PORT);
    }
    irq_register(IRQ_KEYBOARD, keyboard_interrupt);
    irq_enable(IRQ_KEYBOARD);
}
