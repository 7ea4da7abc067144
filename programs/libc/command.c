/*
 * command.c - command lines: reading one from the keyboard, and starting one as a program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/drupe.h"

size_t read_line(char *line, size_t size, int echo)
{
    size_t length = 0;

    for (;;) {
        int key = getkeyblock();
        if (key == KEY_ENTER) {
            break;
        }
        if (key == KEY_BACKSPACE && length > 0) {
            length--;
        } else if (key >= ' ' && key < 0x7F && length + 1 < size) {
            line[length++] = (char)key;
        } else {
            continue;
        }
        if (echo) {
            putchar(key);
        }
    }
    if (echo) {
        putchar('\n');
    }
    if (size > 0) {
        line[length] = '\0';
    }
    return length;
}

static void free_command(struct command_argument *command)
{
    while (command != NULL) {
        struct command_argument *next = command->next;
        free(command);
        command = next;
    }
}

int system_run(const char *line)
{
    static const char blanks[] = " \t\n\r";
    struct command_argument *first = NULL;
    struct command_argument **link = &first;
    int result = -EINVARG;

    for (line += strspn(line, blanks); *line != '\0'; line += strspn(line, blanks)) {
        size_t length = strcspn(line, blanks);
        if (length >= COMMAND_ARGUMENT_BYTES) {
            goto out;
        }
        struct command_argument *word = calloc(1, sizeof(*word));
        if (word == NULL) {
            result = -ENOMEM;
            goto out;
        }
        memcpy(word->argument, line, length);
        *link = word;
        link = &word->next;
        line += length;
    }
    if (first != NULL) {
        result = invoke_system_command(first);
    }
out:
    free_command(first); /* the kernel has taken its copy */
    return result;
}
