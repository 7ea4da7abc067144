/*
 * text.h - a file as lines in memory.
 *
 * Lines are in UTF-8, without their line feeds. There is at least one; the last one has no line
 * feed behind it, so a text that ends with one has an empty last line. Places in a line are bytes,
 * the first of a character each.
 */
#ifndef EDIT_TEXT_H
#define EDIT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_BYTES 1024

struct line {
    char *bytes; /* NULL while there are none */
    size_t length, room;
};

struct text {
    struct line *lines;
    size_t count, room;
    bool has_returns; /* each line feed of the file has a carriage return before it */
};

/* One empty line. 0 or -ENOMEM. */
int text_start(struct text *text);

/* Puts the file's lines into a text that was started. 0, or an error: -ENOENT for a new file. */
int text_load(struct text *text, const char *path);

/*
 * Writes the text to the file: under another name first, which then takes the file's name, so that
 * the file has the old contents or the new ones whenever the power goes. 0 or an error; then the
 * file is as it was.
 */
int text_save(const struct text *text, const char *path);

/* 0 or -ENOMEM, with nothing changed. */
int text_insert(struct text *text, size_t line, size_t at, const char *bytes, size_t length);
int text_split(struct text *text, size_t line, size_t at); /* what is behind is a line of its own */
int text_join(struct text *text, size_t line);             /* with the one behind, which exists */

void text_remove(struct text *text, size_t line, size_t at, size_t length);
void text_remove_line(struct text *text, size_t line); /* the only one becomes empty */

#endif
