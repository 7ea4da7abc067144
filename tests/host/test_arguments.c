/*
 * test_arguments.c - a command line on top of a new program's stack, for words of 4 and of 8 bytes:
 * where argv lies, what it points to, how the stack is aligned, and that the fullest one fits the
 * page.
 *
 * Sources: src/process/arguments.c src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "layout.h"
#include "memory/heap/kheap.h"
#include "process/arguments.h"

void *kmalloc(size_t size)
{
    return malloc(size);
}

void kfree(void *memory)
{
    free(memory);
}

#define TOP_32 ((vaddr_t)USER_STACK_TOP)

/* As far up as an address of this machine's can be: on a host of 32 bits a program of 64 has the
 * same. */
#define TOP_64 ((vaddr_t)(sizeof(vaddr_t) > 4 ? 0x00007FFFFFFFF000ull : USER_STACK_TOP))

/* One page more below, which nothing may touch. */
static struct {
    uint8_t below[PAGE_SIZE_BYTES];
    uint8_t page[PAGE_SIZE_BYTES];
    uint8_t above[PAGE_SIZE_BYTES];
} memory;

static struct arguments *arguments_of(const char *const *words, size_t count)
{
    struct arguments *arguments = arguments_new();

    assert_non_null(arguments);
    for (size_t i = 0; i < count; i++) {
        size_t size;
        char *next = arguments_next(arguments, &size);

        assert_non_null(next);
        assert_true(strlen(words[i]) < size);
        strcpy(next, words[i]);
        arguments_add(arguments, strlen(words[i]));
    }
    return arguments;
}

/* A word of the program's at address. */
static uint64_t word_at(vaddr_t address, vaddr_t top, size_t word_bytes)
{
    uint64_t word = 0;

    assert_true(address >= top - PAGE_SIZE_BYTES && address + word_bytes <= top);
    assert_int_equal(address % word_bytes, 0);
    memcpy(&word, memory.page + (address - (top - PAGE_SIZE_BYTES)), word_bytes);
    return word;
}

static void nothing_beside(void)
{
    for (size_t i = 0; i < PAGE_SIZE_BYTES; i++) {
        assert_int_equal(memory.below[i], 0xEE);
        assert_int_equal(memory.above[i], 0xEE);
    }
}

/* Places them and looks at everything as the program will see it. */
static void check(const char *const *words, size_t count, vaddr_t top, size_t word_bytes)
{
    struct arguments *arguments = arguments_of(words, count);
    vaddr_t argv;

    memset(&memory, 0xEE, sizeof(memory));
    memset(memory.page, 0, sizeof(memory.page));
    vaddr_t stack = arguments_place(arguments, memory.page, top, word_bytes, &argv);
    nothing_beside();
    assert_int_equal(stack % 16, 0);
    assert_true(stack + word_bytes <= argv);
    assert_true(argv - stack < 16 + word_bytes);
    assert_int_equal(word_at(stack, top, word_bytes), 0);

    vaddr_t expected = top - arguments->bytes;
    for (size_t i = 0; i < count; i++) {
        uint64_t string = word_at(argv + i * word_bytes, top, word_bytes);

        assert_int_equal(string, expected);
        assert_string_equal((char *)memory.page + (string - (top - PAGE_SIZE_BYTES)), words[i]);
        expected += strlen(words[i]) + 1;
    }
    assert_int_equal(expected, top);
    assert_int_equal(word_at(argv + count * word_bytes, top, word_bytes), 0);
    assert_true(argv + (count + 1) * word_bytes <= top - arguments->bytes);
    assert_true(top - arguments->bytes - (argv + (count + 1) * word_bytes) < word_bytes);
    arguments_free(arguments);
}

static void check_both(const char *const *words, size_t count)
{
    check(words, count, TOP_32, 4);
    check(words, count, TOP_64, 8);
}

static void test_a_few(void **state)
{
    (void)state;
    static const char *const words[] = {"0:/echo.elf", "a", "", "b c", "\xC3\xA4"};

    for (size_t count = 0; count <= 5; count++) {
        check_both(words, count);
    }
}

/* The strings' start is at every distance from a word. */
static void test_strings_of_every_length(void **state)
{
    (void)state;
    char word[64];
    const char *words[] = {word, "x"};

    for (size_t length = 0; length < sizeof(word); length++) {
        memset(word, 'w', length);
        word[length] = '\0';
        check_both(words, 2);
    }
}

static void test_none(void **state)
{
    (void)state;
    static const size_t sizes[] = {4, 8};

    for (size_t i = 0; i < 2; i++) {
        vaddr_t argv;

        memset(memory.page, 0, sizeof(memory.page));
        vaddr_t stack = arguments_place(NULL, memory.page, TOP_32, sizes[i], &argv);
        assert_int_equal(argv, TOP_32 - sizes[i]);
        assert_int_equal(stack, TOP_32 - 16);
        for (size_t byte = 0; byte < PAGE_SIZE_BYTES; byte++) {
            assert_int_equal(memory.page[byte], 0);
        }
    }
}

/* As many as there may be, with as many bytes as there may be. */
static void test_the_fullest(void **state)
{
    (void)state;
    static char text[ARGUMENTS_MAX][ARGUMENTS_BYTES_MAX / ARGUMENTS_MAX];
    const char *words[ARGUMENTS_MAX];
    size_t size;

    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        memset(text[i], 'a' + (int)(i % 26), sizeof(text[i]) - 1);
        words[i] = text[i];
    }
    check_both(words, ARGUMENTS_MAX);

    struct arguments *arguments = arguments_of(words, ARGUMENTS_MAX);
    assert_int_equal(arguments->bytes, ARGUMENTS_BYTES_MAX);
    assert_null(arguments_next(arguments, &size));
    arguments_free(arguments);
}

static void test_no_more_than_there_may_be(void **state)
{
    (void)state;
    struct arguments *arguments = arguments_new();
    size_t size;

    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        char *next = arguments_next(arguments, &size);

        assert_non_null(next);
        assert_int_equal(size, ARGUMENTS_BYTES_MAX - i);
        *next = '\0';
        arguments_add(arguments, 0);
    }
    assert_null(arguments_next(arguments, &size));
    arguments_free(arguments);

    arguments = arguments_new();
    memset(arguments_next(arguments, &size), 'x', size - 1);
    arguments_add(arguments, size - 1);
    assert_null(arguments_next(arguments, &size));
    arguments_free(arguments);
    arguments_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_few),
        cmocka_unit_test(test_strings_of_every_length),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_the_fullest),
        cmocka_unit_test(test_no_more_than_there_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
