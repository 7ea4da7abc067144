/*
 * parse.c - see parse.h.
 */
#include "parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* In a word that is being expanded: a * and a ? that were not quoted. */
#define ANY_STRING '\001'
#define ANY_BYTE   '\002'

#define FOUND_MAX 256 /* names that a pattern stands for */

/* ---------------------------------------------------------------- tokens */

static const struct {
    const char *text;
    enum token_kind kind;
} symbols[] = {
    {"&&", TOKEN_AND},      {"||", TOKEN_OR},    {">>", TOKEN_APPEND},
    {"2>", TOKEN_ERRORS},   {"|", TOKEN_PIPE},   {"<", TOKEN_INPUT},
    {";", TOKEN_SEMICOLON}, {">", TOKEN_OUTPUT}, {"&", TOKEN_BACKGROUND},
};

#define SYMBOL_COUNT (sizeof(symbols) / sizeof(symbols[0]))

/* Ends a word whatever follows? */
static bool ends_word(char c)
{
    return c == '\0' || isspace((unsigned char)c) || strchr("|;<>", c) != NULL;
}

/* The symbol at text; SYMBOL_COUNT: there is none. 2> is one at a word's start only. */
static size_t symbol_at(const char *text, bool is_start)
{
    for (size_t i = 0; i < SYMBOL_COUNT; i++) {
        const char *symbol = symbols[i].text;
        bool is_possible = true;

        if (symbols[i].kind == TOKEN_ERRORS) {
            is_possible = is_start;
        } else if (symbols[i].kind == TOKEN_BACKGROUND) {
            is_possible = text[0] == '&' && ends_word(text[1]);
        }
        if (is_possible && strncmp(text, symbol, strlen(symbol)) == 0) {
            return i;
        }
    }
    return SYMBOL_COUNT;
}

/* Is there a \ that takes away the meaning of the character behind it? Between double quotes only
 * what has a meaning there loses it; between single quotes nothing has one. */
static bool is_escape(const char *text, char quote)
{
    if (text[0] != '\\' || text[1] == '\0' || quote == '\'') {
        return false;
    }
    return quote == '\0' || strchr("\"$\\", text[1]) != NULL;
}

/* The length of the word at text; 0 with a sentence when a quote has no second. */
static size_t word_length(const char *text, struct parse_error *error)
{
    size_t length = 0;
    char quote = '\0';

    while (text[length] != '\0' &&
           (quote != '\0' || (!isspace((unsigned char)text[length]) &&
                              symbol_at(text + length, length == 0) == SYMBOL_COUNT))) {
        char c = text[length];
        bool is_escaped = is_escape(text + length, quote);

        length += is_escaped ? 2 : 1;
        if (is_escaped) {
            continue;
        }
        if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote) {
            quote = '\0';
        }
    }
    if (quote != '\0') {
        error->sentence = quote == '"' ? "A quote (\") is open at the end of the line."
                                       : "A quote (') is open at the end of the line.";
        return 0;
    }
    return length;
}

static bool is_redirection(enum token_kind kind)
{
    return kind >= TOKEN_INPUT && kind <= TOKEN_ERRORS;
}

/* Is each symbol where it may be? */
static const char *check(const struct token *tokens)
{
    bool has_command = false; /* since the last | && || ; & */

    for (const struct token *token = tokens;; token++) {
        if (token->kind == TOKEN_WORD) {
            has_command = true;
        } else if (is_redirection(token->kind)) {
            if (token[1].kind != TOKEN_WORD) {
                return "A file's name is missing behind <, > or >>.";
            }
            has_command = true;
            token++;
        } else if (token->kind == TOKEN_END) {
            bool may_end = token == tokens || token[-1].kind == TOKEN_SEMICOLON ||
                           token[-1].kind == TOKEN_BACKGROUND;

            return has_command || may_end ? NULL : "A command is missing at the end of the line.";
        } else if (!has_command) {
            return "A command is missing before |, &&, ||, ; or &.";
        } else {
            has_command = false;
        }
    }
}

int parse_line(const char *line, struct token *tokens, size_t max, struct parse_error *error)
{
    size_t count = 0;

    for (;;) {
        while (isspace((unsigned char)*line)) {
            line++;
        }
        if (count == max) {
            error->sentence = "That line has too many words.";
            return -1;
        }
        struct token *token = &tokens[count];
        size_t symbol = symbol_at(line, true);

        *token = (struct token){.kind = TOKEN_END, .text = line};
        if (*line == '\0') {
            break;
        }
        if (symbol < SYMBOL_COUNT) {
            token->kind = symbols[symbol].kind;
            token->length = strlen(symbols[symbol].text);
        } else {
            token->kind = TOKEN_WORD;
            token->length = word_length(line, error);
            if (token->length == 0) {
                return -1;
            }
        }
        line += token->length;
        count++;
    }
    error->sentence = check(tokens);
    return error->sentence ? -1 : (int)count;
}

/* ---------------------------------------------------------------- words */

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

size_t variable_name(const struct token *token)
{
    size_t length = 0;

    if (token->kind != TOKEN_WORD || isdigit((unsigned char)token->text[0])) {
        return 0;
    }
    while (length < token->length && is_name(token->text[length])) {
        length++;
    }
    return length;
}

size_t assigned_name(const struct token *token)
{
    size_t length = variable_name(token);

    return length < token->length && token->text[length] == '=' ? length : 0;
}

struct word {
    char text[WORD_BYTES];
    size_t length;
    bool is_long;    /* something did not fit */
    bool is_pattern; /* ANY_STRING or ANY_BYTE is in it */
    bool is_there;   /* even if it is empty */
};

static void put(struct word *word, char c)
{
    if (word->length + 1 < WORD_BYTES) {
        word->text[word->length++] = c;
    } else {
        word->is_long = true;
    }
}

/* What stands behind a $ at text, which has left bytes. Returns how many of them are the name. */
static size_t put_value(struct word *word, const char *text, size_t left,
                        const struct word_source *source)
{
    bool has_braces = left > 0 && text[0] == '{';
    const char *name = text + has_braces;
    size_t length = 0;

    left -= has_braces;
    if (left > 0 && (isdigit((unsigned char)name[0]) || strchr("?#", name[0]) != NULL)) {
        length = 1;
    } else {
        while (length < left && is_name(name[length])) {
            length++;
        }
    }
    if (length == 0 || (has_braces && (length == left || name[length] != '}'))) {
        put(word, '$'); /* it is one */
        return 0;
    }
    const char *value = source->value(source->context, name, length);

    for (; value != NULL && *value != '\0'; value++) {
        put(word, *value);
    }
    return length + 2 * (size_t)has_braces;
}

/* The token's word, with marks for what was not quoted. */
static void resolve(const struct token *token, const struct word_source *source, struct word *word)
{
    char quote = '\0';

    memset(word, 0, sizeof(*word));
    for (size_t i = 0; i < token->length; i++) {
        char c = token->text[i];

        if (i + 1 < token->length && is_escape(token->text + i, quote)) {
            put(word, token->text[++i]);
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
            word->is_there = true;
        } else if (c == quote && quote != '\0') {
            quote = '\0';
        } else if (c == '$' && quote != '\'') {
            i += put_value(word, token->text + i + 1, token->length - i - 1, source);
        } else if (quote == '\0' && (c == '*' || c == '?')) {
            put(word, c == '*' ? ANY_STRING : ANY_BYTE);
            word->is_pattern = true;
        } else {
            put(word, c);
        }
    }
    word->is_there |= word->length > 0;
}

static bool fits(const char *pattern, const char *name, char any_string, char any_byte)
{
    const char *star = NULL, *behind = NULL;

    /* The last * takes one byte more each time that what follows it does not fit. */
    while (*name != '\0') {
        if (*pattern == any_string) {
            star = ++pattern;
            behind = name;
        } else if (*pattern != '\0' &&
                   (*pattern == any_byte ||
                    tolower((unsigned char)*pattern) == tolower((unsigned char)*name))) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++behind;
        } else {
            return false;
        }
    }
    while (*pattern == any_string) {
        pattern++;
    }
    return *pattern == '\0';
}

bool pattern_fits(const char *pattern, const char *name)
{
    return fits(pattern, name, '*', '?');
}

/* Names that fit, sorted as they come. */
struct search {
    const char *pattern; /* the last name in the word */
    size_t folder_length;
    const struct word *word;
    char **found; /* owned */
    size_t count;
    bool is_long;
};

static void take_name(void *context, const char *name)
{
    struct search *search = context;
    size_t place = search->count;

    if (!fits(search->pattern, name, ANY_STRING, ANY_BYTE)) {
        return;
    }
    size_t size = search->folder_length + strlen(name) + 1;
    char *path = search->count < FOUND_MAX && size <= WORD_BYTES ? malloc(size) : NULL;

    if (path == NULL) {
        search->is_long = true;
        return;
    }
    memcpy(path, search->word->text, search->folder_length);
    strcpy(path + search->folder_length, name);
    while (place > 0 && strcmp(search->found[place - 1], path) > 0) {
        search->found[place] = search->found[place - 1];
        place--;
    }
    search->found[place] = path;
    search->count++;
}

/* The place behind the last / or the drive's colon. */
static size_t folder_length(const struct word *word)
{
    size_t length = word->length;

    while (length > 0 && word->text[length - 1] != '/' && word->text[length - 1] != ':') {
        length--;
    }
    return length;
}

static void unmark(struct word *word)
{
    for (size_t i = 0; i < word->length; i++) {
        char c = word->text[i];

        word->text[i] = (char)(c == ANY_STRING ? '*' : c == ANY_BYTE ? '?' : c);
    }
}

/* How many names fit the word; all of them were added. -1: they could not be. */
static int expand_pattern(const struct word *word, const struct word_source *source,
                          bool (*add)(void *context, const char *word), void *context)
{
    static char *found[FOUND_MAX];
    struct search search = {.folder_length = folder_length(word), .word = word, .found = found};
    char folder[WORD_BYTES];

    memcpy(folder, word->text, search.folder_length);
    folder[search.folder_length] = '\0';
    search.pattern = word->text + search.folder_length;
    source->list(source->context, folder, take_name, &search);
    for (size_t i = 0; i < search.count; i++) {
        search.is_long |= !search.is_long && !add(context, found[i]);
        free(found[i]);
    }
    return search.is_long ? -1 : (int)search.count;
}

int expand_word(const struct token *token, const struct word_source *source,
                bool (*add)(void *context, const char *word), void *context)
{
    struct word word;

    resolve(token, source, &word);
    if (word.is_long) {
        return WORD_IS_LONG;
    }
    if (!word.is_there) {
        return 0;
    }
    if (word.is_pattern) {
        int count = expand_pattern(&word, source, add, context);

        if (count != 0) {
            return count < 0 ? WORDS_ARE_MANY : 0;
        }
        unmark(&word);
    }
    return add(context, word.text) ? 0 : WORDS_ARE_MANY;
}
