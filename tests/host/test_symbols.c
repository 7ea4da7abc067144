/*
 * test_symbols.c - the symbol table and its maker, and the backtrace over made-up stacks.
 * Sources: src/debug/backtrace.c src/lib/string.c src/lib/format.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "arch/i386/trap_frame.h"
#include "debug/backtrace.h"
#include "debug/printk.h"
#include "layout.h"
#include "lib/format.h"

/* The table, as tools/mksymbols.py would write it; without the header, so that a test can empty
 * it. 0x80 stands for "ma", 0x81 for "k" and that: kernel_main and kmalloc have them. */
extern uintptr_t symbol_text_start;
extern uintptr_t symbol_text_end;
extern uint8_t symbol_table[];
extern uint8_t symbol_pairs[][2];
#define TEXT_START 0x100000
#define TEXT_END   0x101000
uintptr_t symbol_text_start = TEXT_START;
uintptr_t symbol_text_end = TEXT_END;
uint8_t symbol_table[] = "\x10start\0"
                         "\xFF\xF0\x01kernel_\x80in\0"
                         "\xFF\x00\x01\x81lloc\0"
                         "\xFF\x00\x0Dpanic\0";
uint8_t symbol_pairs[][2] = {{'m', 'a'}, {'k', 0x80}};

/* What was printed. */
static char output[8192];
static size_t output_length;

void printk(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    output_length += format_to_buffer_v(output + output_length, sizeof(output) - output_length,
                                        format, arguments);
    va_end(arguments);
    assert_true(output_length < sizeof(output));
}

/* Stands for a kernel stack, where those lie: map_stack(). */
static uint32_t *stack;
#define STACK_WORDS   1024
#define STACK_WANTED  (KERNEL_STACKS_ADDRESS + 0x10000)
#define STACK_ADDRESS ((uint32_t)(uintptr_t)stack)

static int map_stack(void **state)
{
    (void)state;
    stack = mmap((void *)(uintptr_t)STACK_WANTED, STACK_WORDS * sizeof(*stack),
                 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return STACK_ADDRESS == STACK_WANTED ? 0 : -1;
}

static int reset(void **state)
{
    (void)state;
    memset(stack, 0, STACK_WORDS * sizeof(*stack));
    output_length = 0;
    output[0] = '\0';
    symbol_text_end = TEXT_END;
    backtrace_set_address_check(NULL);
    backtrace_set_trap_return(0);
    return 0;
}

static uint32_t at(unsigned index)
{
    return STACK_ADDRESS + index * 4;
}

/* Puts a frame at stack[index]. */
static void frame(unsigned index, uint32_t caller_ebp, uint32_t return_address)
{
    stack[index] = caller_ebp;
    stack[index + 1] = return_address;
}

/* The backtrace of a trap at eip, with the stack pointer at stack[0]. */
static void print_from(uint32_t eip, uint32_t ebp)
{
    struct trap_frame trap = {.eip = eip, .ebp = ebp, .cs = 8, .esp_at_pushad = at(0) - 5 * 4};
    backtrace_print(&trap);
}

static unsigned lines(void)
{
    unsigned count = 0;
    for (const char *c = output; *c != '\0'; c++) {
        count += *c == '\n';
    }
    return count;
}

static void test_find_first_last_and_between(void **state)
{
    (void)state;
    uint32_t offset = 99;
    assert_string_equal(symbol_find(0x100000, &offset), "start");
    assert_int_equal(offset, 0);
    assert_string_equal(symbol_find(0x10000F, &offset), "start");
    assert_int_equal(offset, 15);
    assert_string_equal(symbol_find(0x100010, &offset), "kernel_main");
    assert_int_equal(offset, 0);
    assert_string_equal(symbol_find(0x100214, &offset), "kmalloc");
    assert_int_equal(offset, 0x14);
    assert_string_equal(symbol_find(0x100FFF, &offset), "panic");
    assert_int_equal(offset, 0xCFF);
}

static void test_find_outside_the_text(void **state)
{
    (void)state;
    uint32_t offset = 0;
    assert_null(symbol_find(0, &offset));
    assert_null(symbol_find(0x0FFFFF, &offset));
    assert_null(symbol_find(0x101000, &offset));
    assert_null(symbol_find(UINT32_MAX, &offset));
}

static void test_find_without_a_table(void **state)
{
    (void)state;
    uint32_t offset = 0;
    symbol_text_start = symbol_text_end = 0;
    assert_null(symbol_find(0, &offset));
    assert_null(symbol_find(0x100000, &offset));
    symbol_text_start = TEXT_START;
}

static void test_names_stay_for_some_calls(void **state)
{
    (void)state;
    uint32_t offset = 0;
    const char *first = symbol_find(0x100000, &offset);
    for (unsigned i = 1; i < SYMBOL_NAMES_KEPT; i++) {
        assert_string_equal(symbol_find(0x100300, &offset), "panic");
    }
    assert_string_equal(first, "start");
}

/* Twelve pairs of pairs: 4,096 characters, of which the buffer has room for its length - 1. */
static void test_a_long_name_is_cut(void **state)
{
    (void)state;
    static const uint8_t long_name[] = {0x10, 0x81, 0x80, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81,
                                        0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0};
    uint8_t saved[sizeof(long_name)];
    uint32_t offset = 0;
    memcpy(saved, symbol_table, sizeof(saved));
    memcpy(symbol_table, long_name, sizeof(long_name));
    const char *name = symbol_find(0x100000, &offset);
    assert_int_equal(strlen(name), SYMBOL_NAME_BYTES - 1);
    assert_memory_equal(name, "kmamakmakma", 11);
    memcpy(symbol_table, saved, sizeof(saved));
}

static void test_backtrace_names_each_caller(void **state)
{
    (void)state;
    frame(4, at(16), 0x100020);
    frame(16, 0, 0x100008);
    print_from(0x100214, at(4));
    assert_string_equal(output, "  #0 0x00100214 kmalloc+0x14\n"
                                "  #1 0x00100020 kernel_main+0x10\n"
                                "  #2 0x00100008 start+0x8\n");
}

static void test_call_at_the_end_of_a_function_is_its_own(void **state)
{
    (void)state;
    /* kernel_main's last instruction calls a function that never returns: the return address is
     * kmalloc's first. */
    frame(4, 0, 0x100200);
    print_from(0x100300, at(4));
    assert_string_equal(output, "  #0 0x00100300 panic+0x0\n"
                                "  #1 0x00100200 kernel_main+0x1f0\n");
}

static void test_wrong_first_address_still_shows_the_callers(void **state)
{
    (void)state;
    frame(4, 0, 0x100020);
    print_from(0, at(4));
    assert_string_equal(output, "  #0 0x00000000\n"
                                "  #1 0x00100020 kernel_main+0x10\n");
}

static void test_return_address_outside_the_text_ends_it(void **state)
{
    (void)state;
    frame(4, at(8), 0x00400123);
    frame(8, 0, 0x100020);
    print_from(0x100214, at(4));
    assert_string_equal(output, "  #0 0x00100214 kmalloc+0x14\n"
                                "  #1 0x00400123\n");
}

static void test_misaligned_frame_pointer_ends_it(void **state)
{
    (void)state;
    frame(4, at(8), 0x100020);
    for (uint32_t misaligned = 1; misaligned < 4; misaligned++) {
        print_from(0x100214, at(4) + misaligned);
    }
    assert_int_equal(lines(), 3);
}

static void test_loop_and_descending_frames_end_it(void **state)
{
    (void)state;
    frame(4, at(4), 0x100020); /* its own caller */
    print_from(0x100214, at(4));
    assert_int_equal(lines(), 2);

    reset(NULL);
    frame(8, at(4), 0x100020);
    frame(4, at(8), 0x100020);
    print_from(0x100214, at(8));
    assert_int_equal(lines(), 2);
}

static void test_frame_pointers_outside_ram_end_it(void **state)
{
    (void)state;
    static const uint32_t wrong[] = {0,          4,          0xFFC,      0x7FFFFFFC, 0x80000000,
                                     0xBFFFFFFC, 0xC0C00000, 0xFFFFFFF8, 0xFFFFFFFC, UINT32_MAX};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        print_from(0x100214, wrong[i]);
    }
    assert_int_equal(lines(), sizeof(wrong) / sizeof(*wrong));
}

/* Frames from 4 to 16 MiB, a program's addresses, are seen in the kernel's window. */
static void test_stacks_are_followed_to_the_last_word(void **state)
{
    (void)state;
    for (unsigned end = 0; end < 2; end++) {
        uint32_t page = end ? KERNEL_STACKS_END - PAGE_SIZE_BYTES : KERNEL_STACKS_ADDRESS;
        uint32_t first = end ? KERNEL_STACKS_END - 16 : KERNEL_STACKS_ADDRESS;
        uint32_t *words = mmap((void *)(uintptr_t)page, PAGE_SIZE_BYTES, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

        assert_int_equal((uintptr_t)words, page);
        uint32_t *pair = words + (first - page) / sizeof(*words);
        pair[0] = first + 8;
        pair[1] = 0x100020;
        pair[2] = KERNEL_STACKS_END; /* no stack lies there */
        pair[3] = 0x100220;
        reset(NULL);
        print_from(0x100214, first);
        assert_string_equal(output, "  #0 0x00100214 kmalloc+0x14\n"
                                    "  #1 0x00100020 kernel_main+0x10\n"
                                    "  #2 0x00100220 kmalloc+0x20\n");
        assert_int_equal(munmap(words, PAGE_SIZE_BYTES), 0);
    }
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        frame(4 + 2 * i, at(4 + 2 * (i + 1)), i % 2 ? 0x100020 : 0x100220);
    }
    print_from(0x100214, at(4));
    assert_int_equal(lines(), 11);
    assert_non_null(strstr(output, "#9 "));
    assert_null(strstr(output, "#10 "));
    assert_non_null(strstr(output, "\n     ...\n"));
}

static void test_recursion_is_one_line(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        frame(4 + 2 * i, at(4 + 2 * (i + 1)), 0x100020);
    }
    frame(4 + 2 * 200, 0, 0x100008);
    print_from(0x100214, at(4));
    assert_string_equal(output, "  #0 0x00100214 kmalloc+0x14\n"
                                "  #1 0x00100020 kernel_main+0x10\n"
                                "     and 199 times more\n"
                                "  #2 0x00100008 start+0x8\n");

    /* To the very end, or to where the chain breaks. */
    frame(4 + 2 * 199, 0, 0x100020);
    output_length = 0;
    print_from(0x100214, at(4));
    assert_string_equal(output, "  #0 0x00100214 kmalloc+0x14\n"
                                "  #1 0x00100020 kernel_main+0x10\n"
                                "     and 199 times more\n");
}

static void test_call_through_a_wrong_pointer_names_the_caller(void **state)
{
    (void)state;
    stack[0] = 0x100220; /* pushed by the call; no frame was made */
    frame(4, 0, 0x100020);
    print_from(0, at(4));
    assert_string_equal(output, "  #0 0x00000000\n"
                                "  #1 0x00100220 kmalloc+0x20\n"
                                "  #2 0x00100020 kernel_main+0x10\n");
}

static void test_top_of_stack_may_be_a_frameless_functions_caller(void **state)
{
    (void)state;
    stack[0] = 0x100220;
    frame(4, 0, 0x100020);
    print_from(0x100214, at(4));
    assert_string_equal(output, "  #0 0x00100214 kmalloc+0x14\n"
                                "   ? 0x00100220 kmalloc+0x20\n"
                                "  #1 0x00100020 kernel_main+0x10\n");
}

/* A handler's frame with the return address into trap.asm, and the trap frame behind it. */
static void trap_at(unsigned index, uint32_t eip, uint32_t cs)
{
    struct trap_frame trap = {.eip = eip, .cs = cs};
    frame(index, at(100), 0x100024);
    memcpy(&stack[index + 2], &trap, sizeof(trap));
    frame(100, 0, 0x100008);
    backtrace_set_trap_return(0x100024);
}

static void test_an_interrupt_leads_to_what_it_interrupted(void **state)
{
    (void)state;
    trap_at(4, 0x100300, 0x08);
    print_from(0x100214, at(4));
    assert_string_equal(output, "  #0 0x00100214 kmalloc+0x14\n"
                                "  #1 0x00100024 kernel_main+0x14\n"
                                "  #2 0x00100300 panic+0x0\n"
                                "  #3 0x00100008 start+0x8\n");
}

static void test_a_system_call_is_where_it_ends(void **state)
{
    (void)state;
    trap_at(4, 0x400123, 0x1B);
    print_from(0x100214, at(4));
    assert_string_equal(output, "  #0 0x00100214 kmalloc+0x14\n"
                                "  #1 0x00100024 kernel_main+0x14\n");
}

static bool is_in_lower_half(uint32_t address)
{
    return address >= STACK_ADDRESS && address < STACK_ADDRESS + 2048;
}

static void test_address_check_is_asked_for_both_dwords(void **state)
{
    (void)state;
    frame(4, at(511), 0x100020);
    frame(511, at(600), 0x100020); /* ebp readable, return address not */
    backtrace_set_address_check(is_in_lower_half);
    print_from(0x100214, at(4));
    assert_int_equal(lines(), 2);

    reset(NULL);
    frame(4, at(511), 0x100020);
    frame(511, 0, 0x100020);
    print_from(0x100214, at(4));
    assert_int_equal(lines(), 3);
}

static void test_without_a_table_addresses_are_shown(void **state)
{
    (void)state;
    symbol_text_end = 0;
    frame(4, at(8), 0x100020);
    frame(8, 0, 0x100010);
    print_from(0x100214, at(4));
    assert_string_equal(output, "  #0 0x00100214\n"
                                "  #1 0x00100020\n"
                                "  #2 0x00100010\n");
}

/* Gives input to tools/mksymbols.py and returns what it writes. */
static const char *make_symbols(const char *input, const char *option)
{
    static char result[4096];
    char name[] = "/tmp/drupe-symbols-XXXXXX";
    int file = mkstemp(name);
    assert_true(file >= 0);
    assert_int_equal(write(file, input, strlen(input)), (ssize_t)strlen(input));
    close(file);

    char command[256];
    snprintf(command, sizeof(command), "python3 tools/mksymbols.py %s < %s", option, name);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    result[fread(result, 1, sizeof(result) - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
    unlink(name);
    return result;
}

static void test_maker_keeps_functions_in_order(void **state)
{
    (void)state;
    const char *source = make_symbols("00100300 t last\n"
                                      "         U undefined\n"
                                      "00100000 T start\n"
                                      "00100010 t same\n"
                                      "00100010 T Same\n"
                                      "00100020 t start.loop\n"
                                      "00100030 t copy.part.0\n"
                                      "00103000 A absolute\n"
                                      "00102000 R table\n"
                                      "00101000 r first_constant\n",
                                      "");
    assert_non_null(strstr(source, "symbol_text_start = 0x100000;"));
    assert_non_null(strstr(source, "symbol_text_end = 0x101000;"));
    assert_non_null(strstr(source, "{\n    16, 115, 116, 97, 114, 116, 0, /* 00100000 start */\n"
                                   "    32, 83, 97, 109, 101, 0, /* 00100010 Same */\n"
                                   "    255, 208, 2, 99, 111, 112, 121,"));
    assert_non_null(strstr(source, "/* 00100030 copy.part.0 */\n    255, 0, 13, 108,"));
    assert_non_null(strstr(source, "/* 00100300 last */\n    0,\n}"));
    assert_null(strstr(source, "loop"));
    assert_null(strstr(source, "table */"));
}

static void test_maker_packs_what_is_frequent(void **state)
{
    (void)state;
    const char *source = make_symbols("00100000 T abab\n"
                                      "00100010 T ababc\n"
                                      "00100020 T cabab\n"
                                      "00100030 R end\n",
                                      "");
    assert_non_null(strstr(source, "    16, 129, 0, /* 00100000 abab */\n"
                                   "    16, 129, 99, 0, /* 00100010 ababc */\n"
                                   "    16, 99, 129, 0, /* 00100020 cabab */\n"));
    assert_non_null(strstr(source, "{\n    {97, 98},\n    {128, 128},\n}"));
}

static void test_maker_writes_an_empty_table(void **state)
{
    (void)state;
    const char *source = make_symbols("", "--empty");
    assert_non_null(strstr(source, "symbol_text_end = 0x0;"));
    assert_non_null(strstr(source, "symbol_table[] = {\n    0,\n}"));
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_find_first_last_and_between),
        TEST(test_find_outside_the_text),
        TEST(test_find_without_a_table),
        TEST(test_names_stay_for_some_calls),
        TEST(test_a_long_name_is_cut),
        TEST(test_backtrace_names_each_caller),
        TEST(test_call_at_the_end_of_a_function_is_its_own),
        TEST(test_wrong_first_address_still_shows_the_callers),
        TEST(test_return_address_outside_the_text_ends_it),
        TEST(test_misaligned_frame_pointer_ends_it),
        TEST(test_loop_and_descending_frames_end_it),
        TEST(test_frame_pointers_outside_ram_end_it),
        TEST(test_stacks_are_followed_to_the_last_word),
        TEST(test_depth_is_bounded),
        TEST(test_recursion_is_one_line),
        TEST(test_call_through_a_wrong_pointer_names_the_caller),
        TEST(test_top_of_stack_may_be_a_frameless_functions_caller),
        TEST(test_an_interrupt_leads_to_what_it_interrupted),
        TEST(test_a_system_call_is_where_it_ends),
        TEST(test_address_check_is_asked_for_both_dwords),
        TEST(test_without_a_table_addresses_are_shown),
        TEST(test_maker_keeps_functions_in_order),
        TEST(test_maker_packs_what_is_frequent),
        TEST(test_maker_writes_an_empty_table),
    };
    return cmocka_run_group_tests(tests, map_stack, NULL);
}
