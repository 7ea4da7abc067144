/*
 * test_pipe.c - pipes whose memory, or whose charge, is refused: nothing is left of one that could
 * not be made, and one that cannot grow works all the same.
 * Sources: src/fs/pipe.c src/fs/file.c src/lib/string.c
 * Sources: tests/host/stub_tasks.c tests/host/stub_kmem_malloc.c tests/host/stub_user.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/status.h"
#include "fs/pipe.h"
#include "lib/string.h"
#include "stub_kmem_malloc.h"

static uint32_t pages, pages_max;

static bool take(void *charged, uint32_t count)
{
    (void)charged;
    if (count > pages_max - pages) {
        return false;
    }
    pages += count;
    return true;
}

static void give_back(void *charged, uint32_t count)
{
    (void)charged;
    assert_in_range(count, 0, pages);
    pages -= count;
}

static const struct pipe_charge charge = {take, give_back, NULL};

static int create(struct file **reader, struct file **writer)
{
    int status = pipe_create(&charge, reader, writer);

    if (status < 0) {
        assert_int_equal(status, -ENOMEM);
        assert_int_equal(pages, 0);
        assert_int_equal(stub_kmem_live(), 0);
    }
    return status;
}

static void close_both(struct file *reader, struct file *writer)
{
    file_close(reader);
    file_close(writer);
    assert_int_equal(pages, 0);
    assert_int_equal(stub_kmem_live(), 0);
}

/* As many bytes as it takes without a wait, there and back. */
static void use(struct file *reader, struct file *writer, int expected)
{
    static uint8_t bytes[2 * PIPE_BYTES_LARGE], back[2 * PIPE_BYTES_LARGE];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 3 + i / 256);
    }
    writer->flags |= FILE_NO_WAIT;
    reader->flags |= FILE_NO_WAIT;
    assert_int_equal(file_write(writer, bytes, sizeof(bytes)), expected);
    assert_int_equal(file_read(reader, back, sizeof(back)), expected);
    assert_memory_equal(bytes, back, (size_t)expected);
    assert_int_equal(file_read(reader, back, 1), -EAGAIN);
}

static void test_every_allocation(void **state)
{
    struct file *reader, *writer;
    unsigned n = 1;

    (void)state;
    pages_max = UINT32_MAX;
    for (;; n++) {
        stub_kmem_fail_at(n);
        int status = create(&reader, &writer);

        stub_kmem_fail_at(0);
        if (status == OK) {
            break;
        }
    }
    assert_in_range(n, 2, 10);
    /* It cannot grow. */
    stub_kmem_fail_from(1);
    use(reader, writer, PIPE_BYTES);
    stub_kmem_fail_at(0);
    use(reader, writer, PIPE_BYTES_LARGE);
    close_both(reader, writer);
}

static void test_every_charge(void **state)
{
    struct file *reader, *writer;

    (void)state;
    for (pages_max = 0; create(&reader, &writer) < 0; pages_max++) {
    }
    assert_in_range(pages_max, 1, 4);
    use(reader, writer, PIPE_BYTES);
    pages_max += 3; /* for the large ring */
    use(reader, writer, PIPE_BYTES_LARGE);
    close_both(writer, reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_every_charge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
