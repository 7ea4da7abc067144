/*
 * test_shell_parse.c - the shell's lines: symbols, quotes, variables and patterns.
 * Sources: programs/shell/parse.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../programs/shell/parse.h"

#define TOKENS 32

static struct token tokens[TOKENS];
static char seen[4096]; /* what a line has become */

/* Tokens as "word", or in place of a symbol a letter in <>. */
static const char *parse(const char *line)
{
    static const char letters[] = "wpaosbioxe";
    struct parse_error error = {NULL};
    int count = parse_line(line, tokens, TOKENS, &error);

    seen[0] = '\0';
    if (count < 0) {
        assert_non_null(error.sentence);
        return error.sentence;
    }
    assert_int_equal(tokens[count].kind, TOKEN_END);
    for (int i = 0; i < count; i++) {
        char text[600];

        if (tokens[i].kind == TOKEN_WORD) {
            snprintf(text, sizeof(text), "[%.*s]", (int)tokens[i].length, tokens[i].text);
        } else {
            snprintf(text, sizeof(text), "<%c%d>", letters[tokens[i].kind], (int)tokens[i].kind);
        }
        strcat(seen, text);
    }
    return seen;
}

static void test_symbols_and_words(void **state)
{
    static const struct {
        const char *line, *tokens;
    } lines[] = {
        {"", ""},
        {"   ", ""},
        {" a  b ", "[a][b]"},
        {"a|b", "[a]<p1>[b]"},
        {"a | b&&c || d", "[a]<p1>[b]<a2>[c]<o3>[d]"},
        {"a;b ; c;", "[a]<s4>[b]<s4>[c]<s4>"},
        {"a & b &", "[a]<b5>[b]<b5>"},
        {"sleep 5&", "[sleep][5]<b5>"},
        {"a&b", "[a&b]"},
        {"a &b", "[a][&b]"},
        {"a<in>out", "[a]<i6>[in]<o7>[out]"},
        {"a >> out 2>err", "[a]<x8>[out]<e9>[err]"},
        {"a2>out", "[a2]<o7>[out]"},
        {"> out a", "<o7>[out][a]"},
        {"\"a | b\" '>' x\"y z\"w", "[\"a | b\"]['>'][x\"y z\"w]"},
        {"\"it's\" 'say \"x\"'", "[\"it's\"]['say \"x\"']"},
        {"a\\ b \\| \\\"c", "[a\\ b][\\|][\\\"c]"},
        {"\"a\\\" b\" 'c\\' d", "[\"a\\\" b\"]['c\\'][d]"},
        {"\"a\\\\\" b\\", "[\"a\\\\\"][b\\]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_string_equal(parse(lines[i].line), lines[i].tokens);
    }
}

static void test_lines_that_are_none(void **state)
{
    static const struct {
        const char *line, *part;
    } lines[] = {
        {"\"a", "quote (\")"}, {"a 'b", "quote (')"},  {"| a", "before"},   {"a | | b", "before"},
        {"a |", "at the end"}, {"a &&", "at the end"}, {"; a", "before"},   {"a ;; b", "before"},
        {"&", "before"},       {"a >", "missing"},     {"a < | b", "name"}, {"a & & b", "before"},
    };
    char many[4 * TOKENS];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (!strstr(parse(lines[i].line), lines[i].part)) {
            fail_msg("%s: %s", lines[i].line, parse(lines[i].line));
        }
    }
    many[0] = '\0';
    for (int i = 0; i < TOKENS - 1; i++) {
        strcat(many, "a ");
    }
    assert_int_equal(strlen(parse(many)), 3 * (TOKENS - 1));
    strcat(many, "a ");
    assert_non_null(strstr(parse(many), "too many"));
}

/* ---------------------------------------------------------------- words */

static const char *value(void *context, const char *name, size_t length)
{
    (void)context;
    if (length == 1 && *name == '?') {
        return "7";
    }
    if (length == 1 && *name == '1') {
        return "first";
    }
    if (length == 4 && memcmp(name, "NAME", 4) == 0) {
        return "a value";
    }
    return length == 4 && memcmp(name, "star", 4) == 0 ? "*" : NULL;
}

static void list(void *context, const char *folder,
                 void (*found)(void *found_context, const char *name), void *found_context)
{
    static const char *const names[] = {"readme.txt", "b.txt", "a.txt", "cat.elf", "dir"};

    (void)context;
    if (strcmp(folder, "empty/") == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        found(found_context, names[i]);
    }
}

static const struct word_source source = {value, list, NULL};
static unsigned room;

static bool add(void *context, const char *word)
{
    (void)context;
    if (room-- == 0) {
        return false;
    }
    strcat(strcat(strcat(seen, "["), word), "]");
    return true;
}

static const char *expand(const char *text)
{
    struct token token = {TOKEN_WORD, text, strlen(text)};

    seen[0] = '\0';
    room = 1000;
    return expand_word(&token, &source, add, NULL) == 0 ? seen : "error";
}

static void test_words_stand_for(void **state)
{
    static const struct {
        const char *word, *words;
    } lines[] = {
        {"plain", "[plain]"},
        {"a\"b c\"'d e'f", "[ab cd ef]"},
        {"\"\"", "[]"},
        {"''", "[]"},
        {"$NAME", "[a value]"},
        {"<$NAME>", "[<a value>]"},
        {"\"${NAME}x\"", "[a valuex]"},
        {"'$NAME'", "[$NAME]"},
        {"$?$1", "[7first]"},
        {"$11", "[first1]"},
        {"$nothing", ""},
        {"\"$nothing\"", "[]"},
        {"x$nothing", "[x]"},
        {"$", "[$]"},
        {"a$", "[a$]"},
        {"$%", "[$%]"},
        {"${NAME", "[${NAME]"},
        {"${}", "[${}]"},
        {"*.txt", "[a.txt][b.txt][readme.txt]"},
        {"?.TXT", "[a.txt][b.txt]"},
        {"*", "[a.txt][b.txt][cat.elf][dir][readme.txt]"},
        {"0:/*.elf", "[0:/cat.elf]"},
        {"dir/*.elf", "[dir/cat.elf]"},
        {"empty/*", "[empty/*]"},
        {"*.none", "[*.none]"},
        {"\"*\"", "[*]"},
        {"'?'x", "[?x]"},
        {"$star", "[*]"},
        {"c*t*f", "[cat.elf]"},
        {"\\$NAME\\ x\\*\\\\", "[$NAME x*\\]"},
        {"\"\\$NAME \\\" \\x\"", "[$NAME \" \\x]"},
        {"'\\$NAME'", "[\\$NAME]"},
        {"\\\"a", "[\"a]"},
        {"a\\", "[a\\]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (strcmp(expand(lines[i].word), lines[i].words) != 0) {
            fail_msg("%s: %s, not %s", lines[i].word, expand(lines[i].word), lines[i].words);
        }
    }
}

static void test_patterns(void **state)
{
    (void)state;
    assert_true(pattern_fits("*", ""));
    assert_true(pattern_fits("a*b*c", "axxbyyc"));
    assert_true(pattern_fits("*aab", "aaaab"));
    assert_false(pattern_fits("a*b", "abc"));
    assert_false(pattern_fits("?", ""));
    assert_false(pattern_fits("", "a"));
    assert_true(pattern_fits("", ""));
    assert_true(pattern_fits("A?C", "abc"));
}

static void test_longest_word_and_one_more(void **state)
{
    char text[WORD_BYTES + 1];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[WORD_BYTES - 1] = '\0';
    assert_int_equal(strlen(expand(text)), WORD_BYTES - 1 + 2);
    text[WORD_BYTES - 1] = 'x';
    text[WORD_BYTES] = '\0';
    assert_string_equal(expand(text), "error");
    struct token token = {TOKEN_WORD, "*", 1};
    room = 2;
    assert_int_equal(expand_word(&token, &source, add, NULL), WORDS_ARE_MANY);
}

static void test_assignments(void **state)
{
    static const struct {
        const char *word;
        size_t length;
    } lines[] = {{"a=b", 1}, {"NAME=", 4}, {"_x1=2", 3}, {"1a=b", 0},
                 {"=b", 0},  {"a", 0},     {"a-b=c", 0}, {"\"a=b\"", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct token token = {TOKEN_WORD, lines[i].word, strlen(lines[i].word)};

        assert_int_equal(assigned_name(&token), lines[i].length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_symbols_and_words),
        cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_words_stand_for),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_longest_word_and_one_more),
        cmocka_unit_test(test_assignments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
