/*
 * text.c - see text.h.
 */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define BUFFER_BYTES 4096
#define NEW_SUFFIX   ".new~" /* of the file's name, while it is written */

static int make_room(struct line *line, size_t length)
{
    size_t room = line->room ? line->room : 16;
    char *bytes;

    if (length <= line->room) {
        return OK;
    }
    while (room < length) {
        room *= 2;
    }
    bytes = realloc(line->bytes, room);
    if (bytes == NULL) {
        return -ENOMEM;
    }
    line->bytes = bytes;
    line->room = room;
    return OK;
}

/* An empty line at that index. */
static int add_line(struct text *text, size_t index)
{
    if (text->count == text->room) {
        size_t room = text->room ? 2 * text->room : 64;
        struct line *lines = realloc(text->lines, room * sizeof(*lines));

        if (lines == NULL) {
            return -ENOMEM;
        }
        text->lines = lines;
        text->room = room;
    }
    memmove(text->lines + index + 1, text->lines + index,
            (text->count - index) * sizeof(*text->lines));
    text->lines[index] = (struct line){NULL, 0, 0};
    text->count++;
    return OK;
}

int text_start(struct text *text)
{
    *text = (struct text){NULL, 0, 0, false};
    return add_line(text, 0);
}

int text_insert(struct text *text, size_t line, size_t at, const char *bytes, size_t length)
{
    struct line *to = &text->lines[line];
    int status = make_room(to, to->length + length);

    if (status == OK && length > 0) {
        memmove(to->bytes + at + length, to->bytes + at, to->length - at);
        memcpy(to->bytes + at, bytes, length);
        to->length += length;
    }
    return status;
}

void text_remove(struct text *text, size_t line, size_t at, size_t length)
{
    struct line *from = &text->lines[line];

    if (length > 0) {
        memmove(from->bytes + at, from->bytes + at + length, from->length - at - length);
        from->length -= length;
    }
}

void text_remove_line(struct text *text, size_t line)
{
    free(text->lines[line].bytes);
    if (text->count == 1) {
        text->lines[line] = (struct line){NULL, 0, 0};
        return;
    }
    text->count--;
    memmove(text->lines + line, text->lines + line + 1,
            (text->count - line) * sizeof(*text->lines));
}

int text_split(struct text *text, size_t line, size_t at)
{
    int status = add_line(text, line + 1);
    struct line *from = &text->lines[line];

    if (status < 0) {
        return status;
    }
    status = text_insert(text, line + 1, 0, from->bytes + at, from->length - at);
    if (status < 0) {
        text_remove_line(text, line + 1);
        return status;
    }
    from->length = at;
    return OK;
}

int text_join(struct text *text, size_t line)
{
    const struct line *behind = &text->lines[line + 1];
    int status = text_insert(text, line, text->lines[line].length, behind->bytes, behind->length);

    if (status == OK) {
        text_remove_line(text, line + 1);
    }
    return status;
}

/* ---------------------------------------------------------------- files */

/* Appends what was read. */
static int add_bytes(struct text *text, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        const char *end = memchr(bytes + at, '\n', length - at);
        size_t count = end != NULL ? (size_t)(end - bytes) - at : length - at;
        size_t last = text->count - 1;
        int status = text_insert(text, last, text->lines[last].length, bytes + at, count);

        if (status == OK && end != NULL) {
            status = add_line(text, text->count);
        }
        if (status < 0) {
            return status;
        }
        at += count + (end != NULL);
    }
    return OK;
}

static bool ends_with_return(const struct line *line)
{
    return line->length > 0 && line->bytes[line->length - 1] == '\r';
}

/* If all lines that have a line feed end with a carriage return, these belong to it. */
static void take_returns(struct text *text)
{
    bool has_returns = text->count > 1;

    for (size_t i = 0; i + 1 < text->count; i++) {
        has_returns = has_returns && ends_with_return(&text->lines[i]);
    }
    for (size_t i = 0; has_returns && i + 1 < text->count; i++) {
        text->lines[i].length--;
    }
    text->has_returns = has_returns;
}

int text_load(struct text *text, const char *path)
{
    static char buffer[BUFFER_BYTES];
    struct file_details details;
    int file = (int)syscall_open_file(path, OPEN_READ), status;

    if (file < 0) {
        return file;
    }
    status = (int)syscall_stat_file(file, NULL, &details);
    if (status == OK && details.kind != FILE_IS_PLAIN) {
        status = details.kind == FILE_IS_DIRECTORY ? -EISDIR : -EINFORMAT;
    }
    while (status >= 0 && (status = file_read(file, buffer, sizeof(buffer))) > 0) {
        status = add_bytes(text, buffer, (size_t)status);
    }
    file_close(file);
    take_returns(text);
    return status;
}

/* Bytes on their way to a file, a buffer full at a time. */
struct writer {
    int file, status;
    size_t filled;
    char buffer[BUFFER_BYTES];
};

static void flush(struct writer *writer)
{
    if (writer->status == OK) {
        writer->status = tool_write(writer->file, writer->buffer, writer->filled);
    }
    writer->filled = 0;
}

static void put(struct writer *writer, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (writer->filled == sizeof(writer->buffer)) {
            flush(writer);
        }
        writer->buffer[writer->filled++] = bytes[i];
    }
}

int text_save(const struct text *text, const char *path)
{
    static struct writer writer;
    static char new_path[PATH_BYTES];
    int status;

    if ((size_t)snprintf(new_path, sizeof(new_path), "%s%s", path, NEW_SUFFIX) >=
        sizeof(new_path)) {
        return -EBADPATH;
    }
    writer.file = (int)syscall_open_file(new_path, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE);
    if (writer.file < 0) {
        return writer.file;
    }
    writer.status = OK;
    writer.filled = 0;
    for (size_t i = 0; i < text->count; i++) {
        bool is_last = i + 1 == text->count;

        put(&writer, text->lines[i].bytes, text->lines[i].length);
        if (!is_last ||
            text->lines[i].length > 0) { /* what a program reads ends with a line feed */
            put(&writer, text->has_returns ? "\r\n" : "\n", text->has_returns ? 2 : 1);
        }
    }
    flush(&writer);
    status = writer.status == OK ? (int)syscall_sync_file(writer.file) : writer.status;
    syscall_close(writer.file);
    if (status == OK) {
        status = (int)syscall_rename(new_path, path);
    }
    if (status < 0) {
        syscall_remove(new_path, REMOVE_FILE);
    }
    return status;
}
