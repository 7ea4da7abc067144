/*
 * command.c - command lines: reading one from the keyboard, splitting it into words, starting it as
 * a program; and the one option that all programs have.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/drupe.h"
#include "lib/utf8.h"

size_t read_line(char *line, size_t size, int echo)
{
    struct key_decoder decoder = {0};
    char bytes[UTF8_BYTES_MAX];
    size_t length = 0;
    int key;

    while ((key = key_decode(&decoder, getkeyblock())) != KEY_ENTER) {
        const char *shown = "\a";
        size_t count = 1;

        if (key == KEY_BACKSPACE && length > 0) {
            length = utf8_before(line, length);
            shown = "\b";
        } else if (key_is_printable(key)) {
            size_t needed = utf8_encode((uint32_t)key, bytes);
            if (length + needed < size) {
                memcpy(line + length, bytes, needed);
                length += needed;
                shown = bytes;
                count = needed;
            }
        } else {
            continue;
        }
        if (echo) {
            console_write(shown, count);
        }
    }
    if (echo) {
        console_write("\n", 1);
    }
    if (size > 0) {
        line[length] = '\0';
    }
    return length;
}

void command_free(struct command_argument *list)
{
    while (list != NULL) {
        struct command_argument *next = list->next;
        free(list);
        list = next;
    }
}

/* Copies the word at *from to word, which is zeroed, and leaves *from behind it. */
static int take_word(const char **from, char *word)
{
    size_t length = 0;
    bool is_quoted = false;

    for (; **from != '\0' && (is_quoted || !isspace(**from)); (*from)++) {
        if (**from == '"') {
            is_quoted = !is_quoted;
        } else if (length + 1 < COMMAND_ARGUMENT_BYTES) {
            word[length++] = **from;
        } else {
            return -EINVARG;
        }
    }
    return is_quoted ? -EINFORMAT : OK;
}

int command_split(const char *line, struct command_argument **list)
{
    struct command_argument **link = list;
    int count = 0;
    int status = OK;

    *list = NULL;
    for (;;) {
        while (isspace(*line)) {
            line++;
        }
        if (*line == '\0') {
            return count;
        }
        struct command_argument *word = calloc(1, sizeof(*word));
        if (word == NULL) {
            status = -ENOMEM;
            goto fail;
        }
        *link = word;
        link = &word->next;
        count++;
        status = take_word(&line, word->argument);
        if (status < 0) {
            goto fail;
        }
    }

fail:
    command_free(*list);
    *list = NULL;
    return status;
}

int system_run(const char *line)
{
    struct command_argument *list;
    int result = command_split(line, &list);

    if (result >= 0) {
        result = list != NULL ? invoke_system_command(list) : -EINVARG;
    }
    command_free(list); /* the kernel has taken its copy */
    return result;
}

int show_help(int argc, char **argv, const char *usage)
{
    if (argc < 2 || strcmp(argv[1], "--help") != 0) {
        return 0;
    }
    printf("%s", usage);
    return 1;
}
