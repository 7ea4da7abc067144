/*
 * fuzz_keyboard.c - any stream of scancodes: keys come out in order, none too many, and however the
 * stream was broken off, a few bytes later the decoder is in step again.
 * Sources: src/lib/string.c
 */
#include <setjmp.h>

#include "fuzz.h"

#include "../host/fake_ports.h"

#include "device/key_queue.c"
#include "drivers/keyboard.c"

static const uint8_t *stream;
static size_t stream_left;

static uint8_t inb(uint16_t port)
{
    if (port == STATUS_PORT) {
        return stream_left > 0 ? STATUS_HAS_DATA : 0;
    }
    FUZZ_CHECK(port == DATA_PORT && stream_left > 0);
    stream_left--;
    return *stream++;
}

static void outb(uint16_t port, uint8_t value)
{
    (void)port, (void)value;
}

void irq_register(unsigned irq, void (*handler)(void))
{
    (void)irq, (void)handler;
}

void irq_enable(unsigned irq)
{
    (void)irq;
}

static size_t beeps;
static jmp_buf restarted;

void speaker_beep(void)
{
    beeps++;
}

void printk(const char *format, ...)
{
    (void)format;
}

void machine_restart(void)
{
    longjmp(restarted, 1);
}

/* Takes a byte. Did it restart the machine? */
static bool interrupt_restarts(void)
{
    if (setjmp(restarted) != 0) {
        return true;
    }
    keyboard_interrupt();
    return false;
}

/* Releases, of which some may be swallowed by a prefix, and then a key. */
static uint8_t press_a(void)
{
    static const uint8_t releases[] = {0xAA, 0xAA, 0xAA, 0xAA, 0xB6, 0x9D, 0xE0, 0x9D};
    struct keyboard_state *state = &decoder_of_interrupts;

    for (size_t i = 0; i < sizeof(releases); i++) {
        FUZZ_CHECK(keyboard_decode(state, releases[i]) == 0);
    }
    return keyboard_decode(state, 0x1E);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keyboard_state model = {0};
    uint8_t waiting[KEYS_MAX];
    size_t count = 0;
    size_t lost = 0;

    beeps = 0;
    decoder_of_interrupts = (struct keyboard_state){0};
    key_queue.written = key_queue.read = UINT32_MAX - 40; /* they wrap */
    stream = data;
    stream_left = size;
    for (size_t i = 0; i < size; i++) {
        uint8_t key = keyboard_decode(&model, data[i]);

        FUZZ_CHECK(interrupt_restarts() == (key == KEYBOARD_RESTART));
        if (key && key != KEYBOARD_RESTART && count < KEYS_MAX) {
            waiting[count++] = key;
        } else if (key && key != KEYBOARD_RESTART) {
            lost++;
        }
        if (data[i] % 5 == 0) { /* a reader now and then */
            FUZZ_CHECK(key_queue_pop() == (count ? waiting[0] : 0));
            count -= count > 0;
            memmove(waiting, waiting + 1, count);
        }
    }
    FUZZ_CHECK(beeps == lost);
    FUZZ_CHECK(memcmp(&model, &decoder_of_interrupts, sizeof(model)) == 0);
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(key_queue_pop() == waiting[i]);
    }
    FUZZ_CHECK(key_queue_pop() == 0);
    FUZZ_CHECK(press_a() == (decoder_of_interrupts.caps_lock ? 'A' : 'a'));
    return 0;
}

size_t fuzz_seed(unsigned number, uint8_t *data)
{
    static const uint8_t typed[] = {0x2A, 0x1E, 0x9E, 0xAA, 0x1D, 0x2E, 0xAE, 0x9D, 0x3A,
                                    0xBA, 0x10, 0xE0, 0x48, 0xE0, 0xC8, 0xE1, 0x1D, 0x45,
                                    0xE1, 0x9D, 0xC5, 0xE0, 0x2A, 0xE0, 0x37, 0xE0, 0xB7,
                                    0xE0, 0xAA, 0x35, 0xE0, 0x35, 0x1C};

    if (number == 0) {
        memcpy(data, typed, sizeof(typed));
        return sizeof(typed);
    }
    return number < 8 ? fuzz_seed_random(number, data, number * 60) : 0;
}
