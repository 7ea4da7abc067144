/*
 * test_libc.c - the programs' printing, strings, numbers and command lines, over made-up system
 * calls.
 * Sources: src/lib/format.c src/lib/string.c src/lib/status_text.c
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../programs/libc/include/drupe.h"
#include "lib/format.h" /* before its printf attribute gets another name */

/* ---- the kernel's part */

static char console[4096];
static unsigned print_calls;
static int printed_to;
static const char *keys;
static char command_words[8][COMMAND_ARGUMENT_BYTES];
static int command_count;
static int exit_code;

int file_write(int descriptor, const void *buffer, size_t length)
{
    if (length > 0) {
        print_calls++;
        printed_to = descriptor;
    }
    strncat(console, buffer, length);
    return (int)length;
}

int console_write(const void *buffer, size_t length)
{
    strncat(console, buffer, length);
    return (int)length;
}

int getkeyblock(void)
{
    assert_true(*keys != '\0');
    return (unsigned char)*keys++;
}

int invoke_system_command(struct command_argument *command)
{
    for (command_count = 0; command != NULL; command = command->next) {
        strcpy(command_words[command_count++], command->argument);
    }
    return 7;
}

static jmp_buf exited;

void exit_status(int status)
{
    exit_code = status;
    longjmp(exited, 1);
}

/* ---- the code under test, beside the host's functions of the same names */

#define putchar      drupe_putchar
#define puts         drupe_puts
#define printf       drupe_printf
#define vprintf      drupe_vprintf
#define dprintf      drupe_dprintf
#define vdprintf     drupe_vdprintf
#define snprintf     drupe_snprintf
#define vsnprintf    drupe_vsnprintf
#define memchr       drupe_memchr
#define strcpy       drupe_strcpy
#define strncpy      drupe_strncpy
#define strcat       drupe_strcat
#define strchr       drupe_strchr
#define strrchr      drupe_strrchr
#define strstr       drupe_strstr
#define strspn       drupe_strspn
#define strcspn      drupe_strcspn
#define strtok       drupe_strtok
#define abs          drupe_abs
#define atoi         drupe_atoi
#define itoa         drupe_itoa
#define exit         drupe_exit
#define abort        drupe_abort
#define ABORT_STATUS 134
int putchar(int character);
int puts(const char *string);
int printf(const char *format, ...);
int vprintf(const char *format, va_list arguments);
int dprintf(int descriptor, const char *format, ...);
int vdprintf(int descriptor, const char *format, va_list arguments);
int snprintf(char *buffer, size_t size, const char *format, ...);
int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments);
void *memchr(const void *memory, int byte, size_t length);
char *strcpy(char *destination, const char *source);
char *strncpy(char *destination, const char *source, size_t length);
char *strcat(char *destination, const char *source);
char *strchr(const char *string, int character);
char *strrchr(const char *string, int character);
char *strstr(const char *string, const char *part);
size_t strspn(const char *string, const char *set);
size_t strcspn(const char *string, const char *set);
char *strtok(char *string, const char *delimiters);
int abs(int value);
int atoi(const char *string);
char *itoa(int value, char *buffer);
void exit(int status) __attribute__((noreturn));
void abort(void) __attribute__((noreturn));
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#include "../../programs/libc/stdio.c"
#include "../../programs/libc/string.c"
#include "../../programs/libc/stdlib.c"
#include "../../programs/libc/command.c"
#include "../../programs/libc/errors.c"
#include "lib/key_decoder.c"
#include "../../programs/libc/process.c"
#undef putchar
#undef puts
#undef printf
#undef strcpy
#undef strncpy
#undef strcat
#undef memchr
#undef strchr
#undef strrchr
#undef strstr
#undef strspn
#undef strcspn
#undef strtok
#undef atoi
#undef exit
#undef abort

static int reset(void **state)
{
    (void)state;
    console[0] = '\0';
    print_calls = 0;
    command_count = -1;
    return 0;
}

static void test_printf_is_one_system_call(void **state)
{
    (void)state;
    int length = drupe_printf("%s has %d bytes at %p\n", "block", 4096, (void *)0x80000000);
    assert_int_equal(length, 35);
    assert_string_equal(console, "block has 4096 bytes at 0x80000000\n");
    assert_int_equal(print_calls, 1);
}

static void test_puts_adds_the_line_break_in_the_same_call(void **state)
{
    (void)state;
    drupe_puts("line");
    drupe_puts("");
    assert_string_equal(console, "line\n\n");
    assert_int_equal(print_calls, 2);
}

static void test_errors_go_elsewhere(void **state)
{
    (void)state;
    drupe_printf("output");
    assert_int_equal(printed_to, FILE_OUTPUT);
    assert_int_equal(drupe_dprintf(FILE_ERRORS, "error %d\n", 5), 8);
    assert_int_equal(printed_to, FILE_ERRORS);
    assert_string_equal(console, "outputerror 5\n");
}

static void test_nothing_to_print_is_no_call(void **state)
{
    (void)state;
    drupe_printf("%s", "");
    assert_int_equal(print_calls, 0);
}

static void test_buffer_exactly_full_and_one_more(void **state)
{
    (void)state;
    char text[300];
    for (size_t length = LINE_BYTES - 1; length <= LINE_BYTES + 2; length++) {
        reset(NULL);
        memset(text, 'x', length);
        text[length] = '\0';
        drupe_printf("%s", text);
        assert_string_equal(console, text);
        assert_int_equal(print_calls, length <= LINE_BYTES ? 1 : 2);
    }
}

static void test_long_text_is_whole(void **state)
{
    (void)state;
    char text[2000];
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        text[i] = (char)('a' + i % 26);
    }
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(drupe_printf("%s", text), sizeof(text) - 1);
    assert_string_equal(console, text);
}

static void test_nul_character_does_not_cut_the_line(void **state)
{
    (void)state;
    drupe_printf("a%cb\n", 0);
    assert_string_equal(console, "ab\n");
}

static void test_putchar(void **state)
{
    (void)state;
    assert_int_equal(drupe_putchar('x'), 'x');
    assert_int_equal(drupe_putchar(0x141), 'A');
    assert_string_equal(console, "xA");
}

static void test_itoa_and_atoi_go_both_ways(void **state)
{
    (void)state;
    static const int values[] = {0, 1, -1, 42, -32768, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        char text[ITOA_BYTES];
        char reference[16];
        sprintf(reference, "%d", values[i]);
        assert_string_equal(drupe_itoa(values[i], text), reference);
        assert_int_equal(drupe_atoi(text), values[i]);
    }
    assert_int_equal(drupe_atoi(" \t+17 apples"), 17);
    assert_int_equal(drupe_atoi("none"), 0);
    assert_int_equal(drupe_atoi("- 5"), 0);
}

static void test_searches(void **state)
{
    (void)state;
    const char *text = "kernel heap";
    assert_ptr_equal(drupe_strchr(text, 'e'), text + 1);
    assert_ptr_equal(drupe_strrchr(text, 'e'), text + 8);
    assert_ptr_equal(drupe_strchr(text, '\0'), text + 11);
    assert_ptr_equal(drupe_strrchr(text, '\0'), text + 11);
    assert_null(drupe_strchr(text, 'z'));
    assert_null(drupe_strrchr(text, 'z'));
    assert_ptr_equal(drupe_strstr(text, "heap"), text + 7);
    assert_ptr_equal(drupe_strstr(text, ""), text);
    assert_null(drupe_strstr(text, "heaps"));
    assert_ptr_equal(drupe_memchr("a\0\xff", 0xff, 3), memchr("a\0\xff", 0xff, 3));
    assert_null(drupe_memchr("ab", 'b', 1));
    assert_null(drupe_memchr("ab", 'a', 0));
    assert_int_equal(drupe_strspn("  a b", " "), 2);
    assert_int_equal(drupe_strcspn("ab c", " "), 2);
    assert_int_equal(drupe_strcspn("abc", " "), 3);
    assert_int_equal(drupe_strcspn("", ""), 0);
}

static void test_copies(void **state)
{
    (void)state;
    char buffer[8];
    memset(buffer, '#', sizeof(buffer));
    drupe_strncpy(buffer, "abc", 6);
    assert_memory_equal(buffer, "abc\0\0\0##", 8);
    memset(buffer, '#', sizeof(buffer));
    drupe_strncpy(buffer, "abcdef", 3);
    assert_memory_equal(buffer, "abc#####", 8);
    drupe_strcpy(buffer, "ab");
    drupe_strcat(buffer, "cd");
    assert_string_equal(buffer, "abcd");
}

static void test_strtok(void **state)
{
    (void)state;
    char text[] = "  run hello.elf  a ";
    assert_string_equal(drupe_strtok(text, " "), "run");
    assert_string_equal(drupe_strtok(NULL, " "), "hello.elf");
    assert_string_equal(drupe_strtok(NULL, " "), "a");
    assert_null(drupe_strtok(NULL, " "));
    assert_null(drupe_strtok(NULL, " "));
    char blank[] = "   ";
    assert_null(drupe_strtok(blank, " "));
}

static void test_exit_and_abort(void **state)
{
    (void)state;
    if (setjmp(exited) == 0) {
        drupe_exit(-5);
    }
    assert_int_equal(exit_code, -5);
    if (setjmp(exited) == 0) {
        drupe_abort();
    }
    assert_int_equal(exit_code, 134);
}

static void test_read_line_with_backspace(void **state)
{
    (void)state;
    char line[16];
    keys = "\b\bhex\bllo\x80\x1b\r";
    assert_int_equal(read_line(line, sizeof(line), 1), 5);
    assert_string_equal(line, "hello");
    assert_string_equal(console, "hex\bllo\n");
}

static void test_read_line_exactly_full_and_one_more(void **state)
{
    (void)state;
    char line[6] = "#####";
    keys = "abcd\r";
    assert_int_equal(read_line(line, 5, 0), 4);
    assert_memory_equal(line, "abcd\0", 6);
    keys = "abcdefgh\b\r";
    assert_int_equal(read_line(line, 5, 0), 3);
    assert_string_equal(line, "abc");
    keys = "abc\xC3\xA4\b\xC3\xA4\r"; /* one byte would fit */
    assert_int_equal(read_line(line, 5, 0), 4);
    assert_string_equal(line, "ab\xC3\xA4");
    keys = "ab\xC3\xA4\r";
    assert_int_equal(read_line(line, 5, 0), 4);
    assert_string_equal(line, "ab\xC3\xA4");
    keys = "ab\xC3\xA4\b\b\r";
    assert_int_equal(read_line(line, 5, 0), 1);
    keys = "abc\r";
    assert_int_equal(read_line(line, 1, 0), 0);
    assert_string_equal(line, "");
    line[0] = '#';
    keys = "abc\r";
    assert_int_equal(read_line(line, 0, 0), 0);
    assert_int_equal(line[0], '#');
    assert_string_equal(console, "");
}

static void test_system_run_splits_words(void **state)
{
    (void)state;
    assert_int_equal(system_run("  shell.elf one\t two \n"), 7);
    assert_int_equal(command_count, 3);
    assert_string_equal(command_words[0], "shell.elf");
    assert_string_equal(command_words[1], "one");
    assert_string_equal(command_words[2], "two");
}

static void test_system_run_of_nothing_and_of_too_long_a_word(void **state)
{
    (void)state;
    assert_int_equal(system_run(""), -EINVARG);
    assert_int_equal(system_run("   "), -EINVARG);
    assert_int_equal(command_count, -1);

    char line[COMMAND_ARGUMENT_BYTES + 8];
    memset(line, 'x', sizeof(line));
    line[COMMAND_ARGUMENT_BYTES - 1] = '\0'; /* with its NUL exactly full */
    assert_int_equal(system_run(line), 7);
    assert_int_equal(strlen(command_words[0]), COMMAND_ARGUMENT_BYTES - 1);

    command_count = -1;
    line[COMMAND_ARGUMENT_BYTES - 1] = 'x';
    line[COMMAND_ARGUMENT_BYTES] = '\0';
    assert_int_equal(system_run(line), -EINVARG);
    assert_int_equal(command_count, -1);
}

/* The words of a line, with a bar behind each; or what command_split() says. */
static const char *split(const char *line)
{
    static char words[1024];
    struct command_argument *list = (struct command_argument *)1;
    int count = command_split(line, &list);

    words[0] = '\0';
    if (count < 0) {
        assert_null(list);
        snprintf(words, sizeof(words), "error %d", count);
    }
    for (struct command_argument *word = list; word != NULL; word = word->next) {
        strcat(strcat(words, word->argument), "|");
        count--;
    }
    assert_true(count <= 0);
    command_free(list);
    return words;
}

static void test_command_split(void **state)
{
    (void)state;
    assert_string_equal(split(""), "");
    assert_string_equal(split(" \t\n"), "");
    assert_string_equal(split("one"), "one|");
    assert_string_equal(split("  one  two\t three "), "one|two|three|");
    assert_string_equal(split("a \"b  c\" d"), "a|b  c|d|");
    assert_string_equal(split("a\"b  c\"d"), "ab  cd|");
    assert_string_equal(split("\"\" \"\"x"), "|x|");
    assert_string_equal(split("\"a\"\"b\""), "ab|");
    assert_string_equal(split("a \"b"), "error -9");
    assert_string_equal(split("\""), "error -9");
}

static void test_command_split_word_exactly_full_and_one_more(void **state)
{
    (void)state;
    char line[COMMAND_ARGUMENT_BYTES + 8] = "x \"";
    struct command_argument *list;

    memset(line + 3, 'y', COMMAND_ARGUMENT_BYTES - 1);
    strcpy(line + 3 + COMMAND_ARGUMENT_BYTES - 1, "\"");
    assert_int_equal(command_split(line, &list), 2);
    assert_int_equal(strlen(list->next->argument), COMMAND_ARGUMENT_BYTES - 1);
    command_free(list);
    strcpy(line + 3 + COMMAND_ARGUMENT_BYTES - 1, "y\"");
    assert_int_equal(command_split(line, &list), -EINVARG);
    assert_null(list);
}

/* What the decoder makes of bytes: characters as they are, KEY_s as <80>. */
static const char *decode(const char *bytes)
{
    static char keys_text[256];
    struct key_decoder decoder = {0};

    keys_text[0] = '\0';
    for (; *bytes != '\0'; bytes++) {
        int key = key_decode(&decoder, (unsigned char)*bytes);
        size_t length = strlen(keys_text);
        if (key != 0) {
            snprintf(keys_text + length, sizeof(keys_text) - length,
                     key >= ' ' && key < 0x7F ? "%c" : "<%02x>", key);
        }
    }
    return keys_text;
}

static void test_keys_of_a_terminal(void **state)
{
    (void)state;
    assert_string_equal(decode("ab\r\b\3"), "ab<0d><08><03>");
    assert_string_equal(decode("\x80\x83\x89"), "<80><83><89>"); /* the PS/2 keyboard's */
    assert_string_equal(decode("\x1b[A\x1b[B\x1b[C\x1b[D"), "<80><81><83><82>");
    assert_string_equal(decode("\x1b[H\x1b[F\x1bOH\x1bOF\x1bOA"), "<84><85><84><85><80>");
    assert_string_equal(decode("\x1b[1~\x1b[2~\x1b[3~\x1b[4~"), "<84><88><89><85>");
    assert_string_equal(decode("\x1b[5~\x1b[6~\x1b[7~\x1b[8~"), "<86><87><84><85>");
    assert_string_equal(decode("\x1b[1;5Cx\x1b[3;2~y"), "<83>x<89>y"); /* with control, shift */
}

static void test_keys_that_mean_nothing_disappear(void **state)
{
    (void)state;
    assert_string_equal(decode("\x1b[9~a\x1b[Zb\x1b[?25hc\x1b[~d\x1b[200~e"), "abcde");
    assert_string_equal(decode("\x1b"), "");
    assert_string_equal(decode("\x1b\x1b[Aa"), "<80>a");
    assert_string_equal(decode("\x1bxy"), "xy");
    assert_string_equal(decode("\x1b[1\x1b[A"), "<80>");
    assert_string_equal(decode("\x1b[12\rab"), "<0d>ab"); /* broken off */
    /* Bytes that are no UTF-8: broken off, too long a form, a surrogate, too large, controls. */
    assert_string_equal(decode("\xc3x\x89"), "x<89>");
    assert_string_equal(decode("a\xe2\x82zb\xff"
                               "c\xa0"
                               "d"),
                        "azbcd");
    assert_string_equal(decode("\xe0\x81\x81"
                               "a\xed\xa0\x80"
                               "b\xf4\x90\x80\x80"
                               "c"),
                        "abc");
    assert_string_equal(decode("\xc2\x80"
                               "a\xc2\x9f"
                               "b"),
                        "ab");
}

static void test_keys_beyond_ascii(void **state)
{
    (void)state;
    assert_string_equal(decode("\xc3\x89x\xe2\x82\x80y\xf0\x9f\x8d\x91z"), "<c9>x<2080>y<1f351>z");
    assert_string_equal(decode("\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf"),
                        "<a0><7ff><800><ffff><10ffff>");
    /* The KEY_ numbers in between are keys again. */
    assert_string_equal(decode("\xc3\x80\x80\xc3\x81"), "<c0><80><c1>");
}

static void test_errors_in_words(void **state)
{
    (void)state;
    assert_string_equal(error_text(-ENOENT), "no such file or folder");
    assert_string_equal(error_text(ENOENT), "no such file or folder");
    for (int error = 0; error <= STATUS_MAX; error++) {
        assert_true(strlen(error_text(-error)) > 5);
        assert_string_not_equal(error_text(-error), error_text(-STATUS_MAX - 1));
        for (int other = 0; other < error; other++) {
            assert_string_not_equal(error_text(error), error_text(other));
        }
    }
    assert_string_equal(error_text(-STATUS_MAX - 1), "an unknown error");
    assert_string_equal(error_text(INT32_MIN), "an unknown error");
}

static int process_count;  /* how many there are now */
static int process_births; /* how many more there are at each look */

int process_list(struct process_info *list, size_t capacity)
{
    for (size_t i = 0; i < capacity && i < (size_t)process_count; i++) {
        list[i].pid = (uint32_t)i + 1;
    }
    process_count += process_births;
    return process_count - process_births;
}

static void test_process_list_of_any_length(void **state)
{
    (void)state;
    struct process_info *list;

    process_births = 0;
    for (process_count = 1; process_count < 40; process_count++) {
        assert_int_equal(process_list_all(&list), process_count);
        assert_int_equal(list[process_count - 1].pid, process_count);
        free(list);
    }
    process_count = 3;
    process_births = 4; /* as many as there is room for */
    assert_int_equal(process_list_all(&list), 7);
    free(list);
    process_count = -ENOMEM;
    process_births = 0;
    assert_int_equal(process_list_all(&list), -ENOMEM);
    assert_null(list);
}

static void test_help_is_shown_when_asked_for_first(void **state)
{
    char *arguments[] = {"prog.elf", "--help", NULL};

    (void)state;
    assert_int_equal(show_help(1, arguments, "Usage: prog"), 0);
    assert_string_equal(console, "");
    assert_int_equal(show_help(2, arguments, "Usage: prog"), 1);
    assert_string_equal(console, "Usage: prog");
    arguments[1] = "--helpless";
    assert_int_equal(show_help(2, arguments, "Usage: prog"), 0);
    assert_string_equal(console, "Usage: prog");
}

static void test_abs(void **state)
{
    (void)state;
    assert_int_equal(drupe_abs(0), 0);
    assert_int_equal(drupe_abs(7), 7);
    assert_int_equal(drupe_abs(-7), 7);
    assert_int_equal(drupe_abs(-2147483647), 2147483647);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_help_is_shown_when_asked_for_first),
        TEST(test_abs),
        TEST(test_printf_is_one_system_call),
        TEST(test_puts_adds_the_line_break_in_the_same_call),
        TEST(test_errors_go_elsewhere),
        TEST(test_nothing_to_print_is_no_call),
        TEST(test_buffer_exactly_full_and_one_more),
        TEST(test_long_text_is_whole),
        TEST(test_nul_character_does_not_cut_the_line),
        TEST(test_putchar),
        TEST(test_itoa_and_atoi_go_both_ways),
        TEST(test_searches),
        TEST(test_copies),
        TEST(test_strtok),
        TEST(test_exit_and_abort),
        TEST(test_read_line_with_backspace),
        TEST(test_read_line_exactly_full_and_one_more),
        TEST(test_system_run_splits_words),
        TEST(test_system_run_of_nothing_and_of_too_long_a_word),
        TEST(test_command_split),
        TEST(test_command_split_word_exactly_full_and_one_more),
        TEST(test_keys_of_a_terminal),
        TEST(test_keys_that_mean_nothing_disappear),
        TEST(test_keys_beyond_ascii),
        TEST(test_errors_in_words),
        TEST(test_process_list_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
