/*
 * parse.h - a command line as tokens, and a word as what it stands for.
 *
 *   line      pipeline { (&& | || | ; | &) pipeline }
 *   pipeline  command { | command }
 *   command   words and redirections: < FILE, > FILE, >> FILE, 2> FILE
 *
 * Between double quotes a word keeps its blanks, and $NAME still stands for something; between
 * single quotes everything is as it is. A \ before a character takes away what that means. & is a
 * part of a word when something of the word follows it. A word with * or ? outside of quotes stands
 * for the names in its folder that fit, in their order, or for itself when there are none. What
 * $NAME stands for is never cut into words.
 */
#ifndef SHELL_PARSE_H
#define SHELL_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#define WORD_BYTES 512 /* with the NUL; as the kernel takes it */

enum token_kind {
    TOKEN_WORD,
    TOKEN_PIPE,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_SEMICOLON,
    TOKEN_BACKGROUND,
    TOKEN_INPUT,  /* < */
    TOKEN_OUTPUT, /* > */
    TOKEN_APPEND, /* >> */
    TOKEN_ERRORS, /* 2> */
    TOKEN_END,
};

struct token {
    enum token_kind kind;
    const char *text; /* in the line; of a word with its quotes */
    size_t length;
};

/* What is wrong with a line, in `sentence`; NULL: nothing. */
struct parse_error {
    const char *sentence;
};

/* Cuts line into at most max tokens, the last of which is TOKEN_END. Returns how many, without that
 * one, or -1 with error's sentence. The tokens point into line. */
int parse_line(const char *line, struct token *tokens, size_t max, struct parse_error *error);

/* Where words get their meaning. */
struct word_source {
    /* The value of a variable, a digit's or ?'s included; NULL: it has none. name has no NUL. */
    const char *(*value)(void *context, const char *name, size_t length);
    /* Calls found() for each name in a folder, "" for the one that paths begin in. */
    void (*list)(void *context, const char *folder,
                 void (*found)(void *found_context, const char *name), void *found_context);
    void *context;
};

/*
 * Calls add() for each word that a token stands for: none, for variables without a value and
 * without quotes; several, for a pattern. 0; WORD_IS_LONG when one is longer than WORD_BYTES - 1;
 * WORDS_ARE_MANY when a pattern stands for too many, or add() says so by returning false.
 */
#define WORD_IS_LONG   (-1)
#define WORDS_ARE_MANY (-2)
int expand_word(const struct token *token, const struct word_source *source,
                bool (*add)(void *context, const char *word), void *context);

/* Does name fit the pattern of * and ?? Letters fit in either case, as on the disk. */
bool pattern_fits(const char *pattern, const char *name);

/* How long the variable's name is with which the token begins; 0: it begins with none. */
size_t variable_name(const struct token *token);

/* How long the name is with which `NAME=...` begins; 0: it does not. */
size_t assigned_name(const struct token *token);

#endif
