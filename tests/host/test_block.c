/*
 * test_block.c - the bounds of block_read().
 * Sources: src/drivers/block.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/block.h"
#include "base/status.h"

static unsigned calls;
static uint32_t last_lba;
static uint32_t last_count;
static void *last_buffer;
static int result;

static int fake_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    assert_non_null(device);
    calls++;
    last_lba = lba;
    last_count = count;
    last_buffer = buffer;
    return result;
}

static struct block_device device = {.name = "fake", .read = fake_read};

static int reset(void **state)
{
    (void)state;
    calls = 0;
    result = OK;
    device.sector_count = 100;
    return 0;
}

static int read_at(uint32_t lba, uint32_t count)
{
    static uint8_t buffer[2]; /* the fake writes nothing */
    return block_read(&device, lba, count, buffer);
}

static void test_passes_arguments_on(void **state)
{
    uint8_t buffer[2];

    (void)state;
    assert_int_equal(block_read(&device, 7, 3, buffer), OK);
    assert_int_equal(calls, 1);
    assert_int_equal(last_lba, 7);
    assert_int_equal(last_count, 3);
    assert_ptr_equal(last_buffer, buffer);
}

static void test_last_sector(void **state)
{
    (void)state;
    assert_int_equal(read_at(99, 1), OK);
    assert_int_equal(read_at(0, 100), OK);
    assert_int_equal(calls, 2);
}

static void test_one_too_many(void **state)
{
    (void)state;
    assert_int_equal(read_at(99, 2), -EBOUNDS);
    assert_int_equal(read_at(100, 1), -EBOUNDS);
    assert_int_equal(read_at(0, 101), -EBOUNDS);
    assert_int_equal(calls, 0);
}

static void test_sums_that_wrap(void **state)
{
    (void)state;
    assert_int_equal(read_at(1, UINT32_MAX), -EBOUNDS);
    assert_int_equal(read_at(UINT32_MAX, 1), -EBOUNDS);
    assert_int_equal(read_at(UINT32_MAX, UINT32_MAX), -EBOUNDS);
    assert_int_equal(read_at(0x80000000u, 0x80000000u), -EBOUNDS);
    assert_int_equal(calls, 0);
}

static void test_nothing_to_read(void **state)
{
    (void)state;
    assert_int_equal(read_at(0, 0), OK);
    assert_int_equal(read_at(100, 0), OK);
    assert_int_equal(read_at(101, 0), -EBOUNDS);
    assert_int_equal(calls, 0);
}

static void test_empty_device(void **state)
{
    (void)state;
    device.sector_count = 0;
    assert_int_equal(read_at(0, 0), OK);
    assert_int_equal(read_at(0, 1), -EBOUNDS);
    assert_int_equal(calls, 0);
}

static void test_largest_device(void **state)
{
    (void)state;
    device.sector_count = UINT32_MAX;
    assert_int_equal(read_at(UINT32_MAX - 1, 1), OK);
    assert_int_equal(read_at(0, UINT32_MAX), OK);
    assert_int_equal(read_at(UINT32_MAX, 1), -EBOUNDS);
    assert_int_equal(read_at(1, UINT32_MAX), -EBOUNDS);
    assert_int_equal(calls, 2);
}

static void test_error_comes_back(void **state)
{
    (void)state;
    result = -EIO;
    assert_int_equal(read_at(0, 1), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_passes_arguments_on, reset),
        cmocka_unit_test_setup(test_last_sector, reset),
        cmocka_unit_test_setup(test_one_too_many, reset),
        cmocka_unit_test_setup(test_sums_that_wrap, reset),
        cmocka_unit_test_setup(test_nothing_to_read, reset),
        cmocka_unit_test_setup(test_empty_device, reset),
        cmocka_unit_test_setup(test_largest_device, reset),
        cmocka_unit_test_setup(test_error_comes_back, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
