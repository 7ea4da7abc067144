/*
 * test_block.c - the bounds of block_read() and block_write(), and devices that are only read.
 * Sources: src/device/block.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/block.h"
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

static int fake_write(struct block_device *device, uint32_t lba, uint32_t count, const void *buffer)
{
    return fake_read(device, lba, count, (void *)(uintptr_t)buffer);
}

static int fake_flush(struct block_device *device)
{
    assert_non_null(device);
    calls++;
    return result;
}

static const struct block_operations all = {fake_read, fake_write, fake_flush};
static const struct block_operations reading = {.read = fake_read};
static struct block_device device = {.name = "fake"};

static int reset(void **state)
{
    (void)state;
    calls = 0;
    result = OK;
    device.sector_count = 100;
    device.is_read_only = false;
    device.operations = &all;
    return 0;
}

/* The bounds of both ways are the same. */
static int read_at(uint32_t lba, uint32_t count)
{
    static uint8_t buffer[2]; /* the fake writes nothing */
    unsigned before = calls;
    int status = block_write(&device, lba, count, buffer);

    if (status == OK && count) {
        assert_int_equal(calls, before + 1);
        assert_int_equal(last_lba, lba);
        assert_int_equal(last_count, count);
    }
    calls = before;
    assert_int_equal(block_read(&device, lba, count, buffer), status);
    return status;
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

static void test_read_only(void **state)
{
    uint8_t buffer[2] = {0};

    (void)state;
    device.is_read_only = true;
    assert_int_equal(block_write(&device, 0, 1, buffer), -ERDONLY);
    assert_int_equal(block_write(&device, 0, 0, buffer), -ERDONLY);
    assert_int_equal(block_write(&device, 100, 1, buffer), -EBOUNDS);
    device.is_read_only = false;
    device.operations = &reading;
    assert_int_equal(block_write(&device, 0, 1, buffer), -ERDONLY);
    assert_int_equal(calls, 0);
    assert_int_equal(block_read(&device, 0, 1, buffer), OK);
    assert_int_equal(block_flush(&device), OK);
    assert_int_equal(calls, 1);
}

static void test_flush(void **state)
{
    (void)state;
    device.is_read_only = true; /* it may have been written before */
    assert_int_equal(block_flush(&device), OK);
    result = -EIO;
    assert_int_equal(block_flush(&device), -EIO);
    assert_int_equal(calls, 2);
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
        cmocka_unit_test_setup(test_read_only, reset),
        cmocka_unit_test_setup(test_flush, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
