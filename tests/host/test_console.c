/*
 * test_console.c - what is read from the console: lines and bytes, into a program's memory that is
 * absent, cannot be brought, or is brought while others read. No key is lost, and none is read
 * twice or by another session.
 * Sources: src/device/console.c src/device/key_queue.c src/lib/key_decoder.c src/lib/string.c
 * Sources: tests/host/stub_tasks.c tests/host/stub_kmem_malloc.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/file.h"
#include "arch/speaker.h"
#include "base/align.h"
#include "base/status.h"
#include "debug/printk.h"
#include "device/console.h"
#include "device/device.h"
#include "device/key_queue.h"
#include "device/random.h"
#include "stub_tasks.h"
#include "task/task.h"

/* ---------------------------------------------------------------- what is around it */

void printk(const char *format, ...)
{
    (void)format;
}

void console_write(const char *text, size_t length)
{
    (void)text;
    (void)length;
}

size_t console_room(void)
{
    return SIZE_MAX;
}

void random_stir(uint32_t event)
{
    (void)event;
}

void speaker_beep(void)
{
}

void task_favour(struct task_group *group)
{
    (void)group;
}

static const struct device_operations *console_operations;

void device_add(struct device *device)
{
    console_operations = device->operations;
}

static struct session sessions[2], *running;

static void interrupt(struct session *front)
{
    (void)front;
}

static bool can_quit(const struct session *front)
{
    (void)front;
    return false;
}

static struct session *quit(struct session *front)
{
    return front;
}

static struct session *running_session(void)
{
    return running;
}

/* ---------------------------------------------------------------- a program's memory */

static struct {
    bool is_absent;          /* until somebody waits for it */
    int error;               /* that waiting ends with */
    void (*meanwhile)(void); /* others do this while one waits */
    char bytes[256];
} memory;

int copy_to_user(struct user_pointer destination, const void *source, size_t length)
{
    if (memory.is_absent) {
        void (*meanwhile)(void) = memory.meanwhile;

        memory.is_absent = memory.error < 0;
        memory.meanwhile = NULL;
        if (meanwhile) {
            meanwhile();
        }
        if (memory.error < 0) {
            return memory.error;
        }
    }
    memcpy((void *)destination.address, source, length);
    return OK;
}

bool copy_to_user_at_once(struct user_pointer destination, const void *source, size_t length)
{
    return !memory.is_absent && copy_to_user(destination, source, length) == OK;
}

int copy_from_user(void *destination, struct user_pointer source, size_t length)
{
    memcpy(destination, (const void *)source.address, length);
    return OK;
}

/* ---------------------------------------------------------------- helpers */

static void begin(uint32_t mode)
{
    static const struct console_actions actions = {interrupt, can_quit, quit, running_session};

    key_queue_flush();
    console_set_front(NULL);
    console_initialise(&actions);
    sessions[0].mode = sessions[1].mode = mode;
    running = &sessions[0];
    console_set_front(running);
    memset(&memory, 0, sizeof(memory));
}

static void type(const char *keys)
{
    for (; *keys; keys++) {
        assert_true(key_queue_push((uint8_t)*keys));
    }
}

/* Reads up to length bytes for the running session: they are in memory.bytes. */
static int read_console(size_t length)
{
    struct io_buffer to = io_buffer_of_user((struct user_pointer){(vaddr_t)memory.bytes});

    memset(memory.bytes, '?', sizeof(memory.bytes));
    return console_operations->read(to, length);
}

static void assert_reads(size_t length, const char *expected)
{
    assert_int_equal(read_console(length), strlen(expected));
    assert_memory_equal(memory.bytes, expected, strlen(expected));
}

static void fail_with(int error)
{
    memory.is_absent = error < 0;
    memory.error = error;
}

/* ---------------------------------------------------------------- tests */

static void test_a_line_in_pieces(void **state)
{
    (void)state;
    begin(CONSOLE_LINES);
    type("one two\rnext\r");
    assert_reads(3, "one");
    assert_reads(100, " two\n");
    assert_reads(100, "next\n");
    type("\x04");
    assert_reads(100, "");
    type("as it is\x04");
    assert_reads(100, "as it is");
}

static void test_a_line_outlives_an_error(void **state)
{
    (void)state;
    begin(CONSOLE_LINES);
    type("one two\r");
    assert_reads(4, "one ");
    for (int times = 0; times < 2; times++) {
        fail_with(-EIO);
        assert_int_equal(read_console(100), -EIO);
    }
    fail_with(OK);
    assert_reads(100, "two\n");
    type("whole\r");
    fail_with(-ENOMEM);
    assert_int_equal(read_console(100), -ENOMEM);
    fail_with(OK);
    assert_reads(100, "whole\n");
}

static void test_bytes_outlive_an_error(void **state)
{
    static const char keys[] = {'a', (char)KEY_UP, (char)0xC3, (char)0xA4, 'b', '\0'};

    (void)state;
    begin(0);
    type(keys);
    for (int times = 0; times < 2; times++) {
        fail_with(-EIO);
        assert_int_equal(read_console(100), -EIO);
    }
    fail_with(OK);
    assert_reads(100, "a\033[A\xC3\xA4"
                      "b");
    type("xyz");
    fail_with(-EIO);
    assert_int_equal(read_console(1), -EIO);
    fail_with(OK);
    assert_reads(1, "x");
    assert_reads(1, "y");
    assert_reads(1, "z");
}

static void test_memory_that_is_only_absent(void **state)
{
    (void)state;
    for (uint32_t mode = 0; mode <= CONSOLE_LINES; mode += CONSOLE_LINES) {
        begin(mode);
        type("text\r");
        memory.is_absent = true;
        assert_reads(100, mode ? "text\n" : "text\r");
    }
}

static void read_first_word(void)
{
    char word[4];

    for (size_t done = 0, some; done < sizeof(word); done += some) {
        struct io_buffer to = io_buffer_of_kernel(word + done);

        some = (size_t)console_operations->read(to, sizeof(word) - done);
        assert_in_range(some, 1, sizeof(word) - done);
    }
    assert_memory_equal(word, "one ", sizeof(word));
}

/* While one waits for its memory, another of the session reads: each key goes to one of them. */
static void test_two_readers(void **state)
{
    (void)state;
    for (uint32_t mode = 0; mode <= CONSOLE_LINES; mode += CONSOLE_LINES) {
        begin(mode);
        type("one two\r");
        memory.is_absent = true;
        memory.meanwhile = read_first_word;
        assert_reads(100, mode ? "two\n" : "two\r");
    }
}

static void write_other_line(void)
{
    char line[8];

    running = &sessions[1];
    console_set_front(running);
    type("secret\r");
    assert_int_equal(console_operations->read(io_buffer_of_kernel(line), 2), 2);
    running = &sessions[0];
    console_set_front(running);
    type("own\r");
}

/* Meanwhile another session comes to the front and gets a line: it is nobody else's. */
static void test_another_session_between(void **state)
{
    (void)state;
    begin(CONSOLE_LINES);
    type("lost with its front\r");
    memory.is_absent = true;
    memory.meanwhile = write_other_line;
    assert_reads(100, "own\n");
}

static void read_one(void *context)
{
    *(int *)context = read_console(100);
}

static void test_waiting(void **state)
{
    int count = 0;

    (void)state;
    for (uint32_t mode = 0; mode <= CONSOLE_LINES; mode += CONSOLE_LINES) {
        begin(mode);
        stub_task_start(0, read_one, &count);
        assert_true(stub_task_is_blocked(0));
        type("k\r");
        stub_tasks_run_woken();
        assert_true(stub_task_has_ended(0));
        assert_int_equal(count, 2);
        key_queue_flush();
        stub_task_start(0, read_one, &count);
        stub_task_cancel(0);
        stub_tasks_run_woken();
        assert_true(stub_task_has_ended(0));
        assert_int_equal(count, -EINTERRUPTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_in_pieces),
        cmocka_unit_test(test_a_line_outlives_an_error),
        cmocka_unit_test(test_bytes_outlive_an_error),
        cmocka_unit_test(test_memory_that_is_only_absent),
        cmocka_unit_test(test_two_readers),
        cmocka_unit_test(test_another_session_between),
        cmocka_unit_test(test_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
