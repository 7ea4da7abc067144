/*
 * test_path.c - what is a path, and its names one by one.
 * Sources: src/fs/path.c src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "fs/path.h"
#include "base/status.h"

/* Opens a copy that is exactly as long as the string: reading behind its NUL is found. */
static int open_path(const char *path)
{
    unsigned drive = 99;
    const char *rest = NULL;
    char *copy = strdup(path);
    int status = path_open(copy, &drive, &rest);

    if (status == OK) {
        assert_int_equal(drive, path[0] - '0');
        assert_ptr_equal(rest, copy + 3);
    } else {
        assert_int_equal(status, -EBADPATH);
    }
    free(copy);
    return status;
}

static void assert_bad(const char *path)
{
    if (open_path(path) != -EBADPATH) {
        fail_msg("accepted: \"%s\"", path);
    }
}

static void assert_names(const char *path, const char *const *names)
{
    uint8_t name[PATH_NAME_BYTES];
    const char *rest;
    unsigned drive;

    assert_int_equal(path_open(path, &drive, &rest), OK);
    for (; *names; names++) {
        assert_int_equal(path_next(&rest, name), 1);
        assert_memory_equal(name, *names, PATH_NAME_BYTES);
    }
    assert_int_equal(path_next(&rest, name), 0);
    assert_int_equal(path_next(&rest, name), 0); /* and stays there */
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void test_empty(void **state)
{
    (void)state;
    assert_bad("");
}

static void test_no_drive(void **state)
{
    (void)state;
    assert_bad("/a");
    assert_bad("a");
    assert_bad("0");
    assert_bad("0:");
    assert_bad("0/a");
    assert_bad("0:a");
    assert_bad(":/a");
    assert_bad("a:/a");
    assert_bad("00:/a");
    assert_bad(" 0:/a");
    assert_bad("\xB0:/a");
}

static void test_root(void **state)
{
    (void)state;
    assert_names("0:/", NAMES());
}

static void test_every_drive(void **state)
{
    char path[] = "0:/a";

    (void)state;
    for (; path[0] <= '9'; path[0]++) {
        assert_int_equal(open_path(path), OK);
    }
    assert_bad(path); /* ':' follows '9' */
    path[0] = '0' - 1;
    assert_bad(path);
}

static void test_names(void **state)
{
    (void)state;
    assert_names("0:/a", NAMES("A          "));
    assert_names("0:/init.elf", NAMES("INIT    ELF"));
    assert_names("0:/a/b.c/d", NAMES("A          ", "B       C  ", "D          "));
}

static void test_any_case(void **state)
{
    (void)state;
    assert_names("0:/HeLLo.tXt", NAMES("HELLO   TXT"));
    assert_names("0:/azAZ.m", NAMES("AZAZ    M  "));
}

static void test_slashes(void **state)
{
    (void)state;
    assert_bad("0://");
    assert_bad("0://a");
    assert_bad("0:/a//b");
    assert_bad("0:/a/");
    assert_bad("0:/a.b/");
    assert_bad("0:/a/b/");
    assert_bad("0:\\a");
    assert_bad("0:/a\\b");
}

static void test_8_3_exact(void **state)
{
    (void)state;
    assert_names("0:/abcdefgh", NAMES("ABCDEFGH   "));
    assert_names("0:/abcdefgh.ijk", NAMES("ABCDEFGHIJK"));
    assert_names("0:/abcdefgh.ijk/lmnopqrs.tuv", NAMES("ABCDEFGHIJK", "LMNOPQRSTUV"));
}

static void test_8_3_one_more(void **state)
{
    (void)state;
    assert_bad("0:/abcdefghi");
    assert_bad("0:/abcdefghi.jkl");
    assert_bad("0:/abcdefgh.ijkl");
    assert_bad("0:/a.bcde");
    assert_bad("0:/ok/abcdefghi");
    assert_bad("0:/abcdefghi/ok");
}

static void test_dots(void **state)
{
    (void)state;
    assert_bad("0:/.");
    assert_bad("0:/..");
    assert_bad("0:/./a");
    assert_bad("0:/../a");
    assert_bad("0:/a/..");
    assert_bad("0:/.a");
    assert_bad("0:/a.");
    assert_bad("0:/a./b");
    assert_bad("0:/a..b");
    assert_bad("0:/a.b.c");
}

/* Every byte as a name's first character, inside it, and in the extension. */
static void test_every_character(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char first[] = {'0', ':', '/', (char)c, 'b', 0};
        char middle[] = {'0', ':', '/', 'a', (char)c, 'b', 0};
        char extension[] = {'0', ':', '/', 'a', '.', (char)c, 0};
        int is_refused = c <= ' ' || c == 0x7F || strchr("\"*+,:;<=>?[\\]|", c) != NULL;
        int separates = c == '.' || c == '/';
        int expected = is_refused ? -EBADPATH : OK;

        assert_int_equal(open_path(first), separates ? -EBADPATH : expected);
        assert_int_equal(open_path(middle), expected);
        assert_int_equal(open_path(extension), separates ? -EBADPATH : expected);
    }
}

static void test_fat_characters(void **state)
{
    (void)state;
    assert_names("0:/$%'-_@~`", NAMES("$%'-_@~`   "));
    assert_names("0:/!(){}^#&.1_2", NAMES("!(){}^#&1_2"));
    assert_names("0:/\xE5"
                 "a\xFF",
                 NAMES("\xE5"
                       "A\xFF        "));
}

/* length characters: "0:/a/a/.../a", with names of one or two characters at the end. */
static char *long_path(size_t length)
{
    char *path = malloc(length + 1);

    memcpy(path, "0:/", 3);
    for (size_t i = 3; i < length; i++) {
        path[i] = i % 2 ? 'a' : '/';
    }
    path[length - 1] = 'b';
    path[length] = '\0';
    return path;
}

static void test_longest(void **state)
{
    char *path = long_path(PATH_BYTES_MAX - 1);

    (void)state;
    assert_int_equal(strlen(path) + 1, PATH_BYTES_MAX);
    assert_int_equal(open_path(path), OK);
    free(path);
}

static void test_too_long(void **state)
{
    (void)state;
    for (size_t length = PATH_BYTES_MAX; length < PATH_BYTES_MAX + 3; length++) {
        char *path = long_path(length);
        assert_bad(path);
        free(path);
    }
}

/* Nothing behind the longest path is read, even when there is no NUL at all. */
static void test_no_nul(void **state)
{
    char *path = malloc(PATH_BYTES_MAX);
    unsigned drive;
    const char *rest;

    (void)state;
    memset(path, 'a', PATH_BYTES_MAX);
    memcpy(path, "0:/", 3);
    assert_int_equal(path_open(path, &drive, &rest), -EBADPATH);
    free(path);
}

static void test_error_late_in_path(void **state)
{
    (void)state;
    assert_bad("0:/a/b/c/d/e/f/g/h/i*");
    assert_bad("0:/a/b/c/ d");
}

static void test_results_untouched_on_error(void **state)
{
    unsigned drive = 77;
    const char *rest = "kept";
    const char *before = rest;

    (void)state;
    assert_int_equal(path_open("5:/a//b", &drive, &rest), -EBADPATH);
    assert_int_equal(drive, 77);
    assert_ptr_equal(rest, before);
}

static void test_next_alone(void **state)
{
    uint8_t name[PATH_NAME_BYTES];
    const char *rest = "a*b";
    const char *before = rest;

    (void)state;
    assert_int_equal(path_next(&rest, name), -EBADPATH);
    assert_ptr_equal(rest, before);
    rest = "/";
    assert_int_equal(path_next(&rest, name), -EBADPATH);
    rest = "";
    assert_int_equal(path_next(&rest, name), 0);
}

/* path_complete(name) in memory of exactly the size that it may use. */
static int complete(const char *name, const char *wanted)
{
    char *path = malloc(PATH_BYTES_MAX);
    int status = path_complete(path, name);

    if (status == OK) {
        assert_string_equal(path, wanted);
    }
    free(path);
    return status;
}

static void test_complete(void **state)
{
    (void)state;
    assert_int_equal(complete("hello.elf", "0:/hello.elf"), OK);
    assert_int_equal(complete("a/b", "0:/a/b"), OK);
    assert_int_equal(complete("", "0:/"), OK);
    assert_int_equal(complete("0:/a", "0:/a"), OK);
    assert_int_equal(complete("7:/a", "7:/a"), OK);
    assert_int_equal(complete("7:", "7:"), OK); /* path_open() refuses it */
    assert_int_equal(complete("7", "0:/7"), OK);
    assert_int_equal(complete("c:/a", "0:/c:/a"), OK);
    assert_int_equal(complete("/", "0:/"), OK);
    assert_int_equal(complete("/a/b", "0:/a/b"), OK);
    assert_int_equal(complete("///a", "0:/a"), OK);
    assert_int_equal(complete("./a", "0:/a"), OK);
    assert_int_equal(complete("././/a", "0:/a"), OK);
    assert_int_equal(complete("../a", "0:/../a"), OK); /* path_open() refuses it */
    assert_int_equal(complete(".a", "0:/.a"), OK);
    assert_int_equal(complete("/0:/a", "0:/0:/a"), OK); /* path_open() refuses it */
}

static void test_complete_longest(void **state)
{
    char name[PATH_BYTES_MAX + 1], wanted[PATH_BYTES_MAX + 4];

    (void)state;
    for (size_t length = PATH_BYTES_MAX - 6; length <= PATH_BYTES_MAX; length++) {
        memset(name, 'x', length);
        name[length] = '\0';
        memcpy(wanted, "0:/", 3);
        memcpy(wanted + 3, name, length + 1);
        assert_int_equal(complete(name, wanted), length + 3 < PATH_BYTES_MAX ? OK : -EBADPATH);
        memcpy(name, "0:/", 3);
        assert_int_equal(complete(name, name), length < PATH_BYTES_MAX ? OK : -EBADPATH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_no_drive),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_every_drive),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_any_case),
        cmocka_unit_test(test_slashes),
        cmocka_unit_test(test_8_3_exact),
        cmocka_unit_test(test_8_3_one_more),
        cmocka_unit_test(test_dots),
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_fat_characters),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_no_nul),
        cmocka_unit_test(test_error_late_in_path),
        cmocka_unit_test(test_results_untouched_on_error),
        cmocka_unit_test(test_next_alone),
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_complete_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
