/*
 * device/key_queue.c - see key_queue.h.
 *
 * Size before speed.
 */
#include "device/key_queue.h"

#include <stddef.h>

#include "arch/speaker.h"

/* Each end moves its own counter only, so reading needs no lock against the interrupts that write;
 * counters run freely and wrap, the ring's size divides 2^32. */
static struct {
    volatile uint32_t written;
    volatile uint32_t read;
    volatile uint8_t keys[KEYS_MAX];
    bool (*listener)(uint8_t key);
    void (*room_handler)(void);
} key_queue;

static uint32_t waiting(void)
{
    return key_queue.written - key_queue.read;
}

bool key_queue_push(uint8_t key)
{
    if (key == 0 || (key_queue.listener && key_queue.listener(key))) {
        return false;
    }
    if (waiting() == KEYS_MAX) {
        speaker_beep();
        return false;
    }
    key_queue.keys[key_queue.written % KEYS_MAX] = key;
    key_queue.written++;
    return true;
}

bool key_queue_has_room(void)
{
    return waiting() < KEYS_MAX - KEYS_RESERVED;
}

static void announce_room(void)
{
    if (key_queue.room_handler) {
        key_queue.room_handler();
    }
}

bool key_queue_holds(uint8_t key)
{
    for (uint32_t i = key_queue.read; i != key_queue.written; i++) {
        if (key_queue.keys[i % KEYS_MAX] == key) {
            return true;
        }
    }
    return false;
}

void key_queue_flush(void)
{
    key_queue.read = key_queue.written;
    announce_room();
}

void key_queue_set_listener(bool (*listener)(uint8_t key))
{
    key_queue.listener = listener;
}

void key_queue_set_room_handler(void (*handler)(void))
{
    key_queue.room_handler = handler;
}

uint8_t key_queue_peek(unsigned ahead)
{
    uint32_t at = key_queue.read;

    return ahead < key_queue.written - at ? key_queue.keys[(at + ahead) % KEYS_MAX] : 0;
}

uint8_t key_queue_pop(void)
{
    uint8_t key = key_queue_peek(0);

    if (key == 0) {
        return 0;
    }
    key_queue.read++;
    if (waiting() == KEYS_MAX / 2) {
        announce_room();
    }
    return key;
}
