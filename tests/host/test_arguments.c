/*
 * test_arguments.c - a command line on top of a new program's stack, for words of 4 and of 8 bytes:
 * where argv and the environment lie, what they point to, how the stack is aligned, and how large
 * they are.
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

#include "base/align.h"
#include "base/status.h"
#include "layout.h"
#include "memory/heap/kheap.h"
#include "process/arguments.h"

static bool is_out_of_memory;

void *kmalloc(size_t size)
{
    return is_out_of_memory ? NULL : malloc(size);
}

void kfree(void *memory)
{
    free(memory);
}

#define TOP_32 ((vaddr_t)USER_STACK_TOP)

/* As far up as an address of this machine's can be: on a host of 32 bits a program of 64 has the
 * same. */
#define TOP_64 ((vaddr_t)(sizeof(vaddr_t) > 4 ? 0x00007FFFFFFFF000ull : USER_STACK_TOP))

#define STACK_PAGES (ARGUMENTS_BYTES_MAX / PAGE_SIZE_BYTES + 3)
#define STACK_BYTES (STACK_PAGES * PAGE_SIZE_BYTES)

/* The end of a stack, page by page, and not in a row: as frames lie. One page more at each side,
 * which nothing may touch. */
static struct {
    vaddr_t top;
    uint8_t pages[STACK_PAGES + 2][2 * PAGE_SIZE_BYTES];
} memory;

/* The byte at address, of top - STACK_BYTES to top, or of the two pages beside. */
static uint8_t *byte_at(vaddr_t address)
{
    vaddr_t offset = address - (memory.top - STACK_BYTES - PAGE_SIZE_BYTES);

    assert_true(offset < STACK_BYTES + 2 * PAGE_SIZE_BYTES);
    return memory.pages[offset / PAGE_SIZE_BYTES] + offset % PAGE_SIZE_BYTES;
}

static uint8_t *stack_memory(void *stack, vaddr_t address)
{
    assert_ptr_equal(stack, &memory);
    return byte_at(address);
}

static void add_words(struct arguments *arguments, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size;
        char *next = arguments_next(arguments, &size);

        assert_non_null(next);
        if (strlen(words[i]) >= size) {
            assert_int_equal(arguments_grow(arguments), OK);
            next = arguments_next(arguments, &size);
        }
        assert_true(strlen(words[i]) < size);
        strcpy(next, words[i]);
        arguments_add(arguments, strlen(words[i]));
    }
}

static struct arguments *arguments_of(const char *const *words, size_t count)
{
    struct arguments *arguments = arguments_new();

    assert_non_null(arguments);
    add_words(arguments, words, count);
    return arguments;
}

/* A word of the program's at address. */
static uint64_t word_at(vaddr_t address, size_t word_bytes)
{
    uint64_t word = 0;

    assert_true(address >= memory.top - STACK_BYTES && address + word_bytes <= memory.top);
    assert_int_equal(address % word_bytes, 0);
    memcpy(&word, byte_at(address), word_bytes);
    return word;
}

static void check_string(vaddr_t address, const char *wanted)
{
    do {
        assert_int_equal((char)*byte_at(address++), *wanted);
    } while (*wanted++);
}

/* Zeros in all of the stack; 0xEE where no page of it is. */
static void clear(vaddr_t top)
{
    memset(memory.pages, 0xEE, sizeof(memory.pages));
    for (size_t i = 1; i <= STACK_PAGES; i++) {
        memset(memory.pages[i], 0, PAGE_SIZE_BYTES);
    }
    memory.top = top;
}

static void nothing_beside(void)
{
    for (size_t page = 0; page < STACK_PAGES + 2; page++) {
        bool is_stack = page > 0 && page <= STACK_PAGES;

        for (size_t i = is_stack ? PAGE_SIZE_BYTES : 0; i < 2 * PAGE_SIZE_BYTES; i++) {
            assert_int_equal(memory.pages[page][i], 0xEE);
        }
    }
}

/* One array with its NULL, whose strings lie one behind the other from *string on. */
static void check_array(vaddr_t array, const char *const *words, size_t count, size_t word_bytes,
                        vaddr_t *string)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(word_at(array + i * word_bytes, word_bytes), *string);
        check_string(*string, words[i]);
        *string += strlen(words[i]) + 1;
    }
    assert_int_equal(word_at(array + count * word_bytes, word_bytes), 0);
}

/* Places them, the last `others` of them as the environment, and looks at everything as the program
 * will see it. */
static void check(const char *const *words, size_t count, size_t others, vaddr_t top,
                  size_t word_bytes)
{
    size_t own = count - others;
    struct arguments *arguments = arguments_of(words, own);
    vaddr_t argv, string;

    arguments_end(arguments);
    add_words(arguments, words + own, others);
    assert_int_equal(arguments_count(arguments), own);
    clear(top);
    vaddr_t stack = arguments_place(arguments, stack_memory, &memory, top, word_bytes, &argv);
    nothing_beside();
    assert_int_equal(stack % 16, 0);
    assert_true(stack + word_bytes <= argv);
    assert_true(argv - stack < 16 + word_bytes);
    assert_int_equal(word_at(stack, word_bytes), 0);

    string = top - arguments->bytes;
    check_array(argv, words, own, word_bytes, &string);
    check_array(argv + (own + 1) * word_bytes, words + own, others, word_bytes, &string);
    assert_int_equal(string, top);
    assert_true(argv + (count + 2) * word_bytes <= top - arguments->bytes);
    assert_true(top - arguments->bytes - (argv + (count + 2) * word_bytes) < word_bytes);

    /* What it takes is what arguments_fit() says. */
    size_t taken = top - stack;
    assert_true(arguments_fit(arguments, taken * ARGUMENTS_STACK_PART, word_bytes));
    assert_false(arguments_fit(arguments, (taken - 16) * ARGUMENTS_STACK_PART, word_bytes));
    arguments_free(arguments);
}

static void check_both(const char *const *words, size_t count)
{
    for (size_t others = 0; others <= count; others += MAX(count / 3, 1)) {
        check(words, count, others, TOP_32, 4);
        check(words, count, others, TOP_64, 8);
    }
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

        clear(TOP_32);
        vaddr_t stack = arguments_place(NULL, stack_memory, &memory, TOP_32, sizes[i], &argv);
        assert_int_equal(argv, TOP_32 - 2 * sizes[i]);
        assert_int_equal(stack, TOP_32 - (sizes[i] == 4 ? 16 : 32));
        nothing_beside();
        for (vaddr_t at = TOP_32 - STACK_BYTES; at < TOP_32; at++) {
            assert_int_equal(*byte_at(at), 0);
        }
        assert_true(arguments_fit(NULL, USER_STACK_BYTES, sizes[i]));
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
    assert_int_equal(size, 0);
    assert_int_equal(arguments_grow(arguments), -E2BIG);
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
        assert_int_equal(size, ARGUMENTS_FIRST_BYTES - i);
        *next = '\0';
        arguments_add(arguments, 0);
    }
    assert_null(arguments_next(arguments, &size));
    arguments_free(arguments);
    arguments_free(NULL);
}

/* What was there stays when there is more room; without memory for it, too. */
static void test_growing(void **state)
{
    (void)state;
    struct arguments *arguments = arguments_new();
    size_t size;

    memset(arguments_next(arguments, &size), 'x', ARGUMENTS_FIRST_BYTES);
    assert_int_equal(size, ARGUMENTS_FIRST_BYTES);
    arguments->strings[size - 1] = '\0';
    arguments_add(arguments, size - 1);
    (void)arguments_next(arguments, &size);
    assert_int_equal(size, 0);
    is_out_of_memory = true;
    assert_int_equal(arguments_grow(arguments), -ENOMEM);
    is_out_of_memory = false;
    assert_int_equal(arguments_grow(arguments), OK);
    assert_int_equal(arguments_grow(arguments), -E2BIG);
    assert_int_equal(strlen(arguments->strings), ARGUMENTS_FIRST_BYTES - 1);
    assert_ptr_equal(arguments_next(arguments, &size), arguments->strings + ARGUMENTS_FIRST_BYTES);
    assert_int_equal(size, ARGUMENTS_BYTES_MAX - ARGUMENTS_FIRST_BYTES);
    arguments_free(arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_few),
        cmocka_unit_test(test_strings_of_every_length),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_the_fullest),
        cmocka_unit_test(test_no_more_than_there_may_be),
        cmocka_unit_test(test_growing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
