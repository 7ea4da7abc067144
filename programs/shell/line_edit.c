/*
 * line_edit.c - see line_edit.h.
 */
#include "line_edit.h"

#include <drupe.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"

#define CONTROL(letter) ((letter) - 'A' + 1)

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---------------------------------------------------------------- characters */

/* Columns that the text from start to before end takes. */
static size_t columns_of(const struct line_editor *editor, size_t start, size_t end)
{
    size_t columns = 0;

    for (; start < end; start = utf8_behind(editor->text, start, end)) {
        columns++;
    }
    return columns;
}

/* The place that many columns before at, or the line's start. */
static size_t columns_before(const struct line_editor *editor, size_t at, size_t columns)
{
    while (columns-- > 0 && at > 0) {
        at = utf8_before(editor->text, at);
    }
    return at;
}

static size_t next_character(const struct line_editor *editor, size_t at)
{
    return at < editor->length ? utf8_behind(editor->text, at, editor->length) : at;
}

/* ---------------------------------------------------------------- what is seen */

/* Characters that the window holds. The last column stays free: a character there would take the
 * cursor to the next row. */
static size_t window_columns(const struct line_editor *editor)
{
    return LINE_COLUMNS - 1 - strlen(editor->prompt);
}

static size_t window_end(const struct line_editor *editor)
{
    size_t end = editor->from;

    for (size_t i = window_columns(editor); i > 0; i--) {
        end = next_character(editor, end);
    }
    return end;
}

static size_t put(char *out, const char *text, size_t length)
{
    memcpy(out, text, length);
    return length;
}

/* To the first column, over the prompt and over the window's text up to end. */
static size_t put_row(const struct line_editor *editor, char *out, size_t end)
{
    size_t count = put(out, "\r", 1);

    count += put(out + count, editor->prompt, strlen(editor->prompt));
    return count + put(out + count, editor->text + editor->from, end - editor->from);
}

void line_edit_show(struct line_editor *editor)
{
    char out[2 * UTF8_BYTES_MAX * LINE_COLUMNS];
    size_t columns = window_columns(editor);

    if (!editor->is_behind) {
        return;
    }
    if (editor->cursor <= editor->from) { /* with some of what is to the left */
        editor->from = columns_before(editor, editor->cursor, columns / 2);
    } else if (columns_of(editor, editor->from, editor->cursor) > columns) {
        editor->from = columns_before(editor, editor->cursor, columns);
    }
    size_t end = window_end(editor);
    size_t now = columns_of(editor, editor->from, end);
    size_t count = put_row(editor, out, end);

    for (size_t i = now; i < editor->drawn; i++) {
        out[count++] = ' ';
    }
    if (editor->cursor < end || editor->drawn > now) {
        count += put_row(editor, out + count, editor->cursor);
    }
    editor->drawn = now;
    editor->is_behind = false;
    console_write(out, count);
}

/* ---------------------------------------------------------------- changes */

static void move_to(struct line_editor *editor, size_t cursor)
{
    if (cursor != editor->cursor) {
        editor->cursor = cursor;
        editor->is_behind = true;
    }
}

static void insert(struct line_editor *editor, int character)
{
    char bytes[UTF8_BYTES_MAX];
    size_t count = utf8_encode((uint32_t)character, bytes);
    char *place = editor->text + editor->cursor;

    if (editor->length + count >= LINE_BYTES) {
        if (!editor->is_cut) {
            console_write("\a", 1);
        }
        editor->is_cut = true;
        return;
    }
    memmove(place + count, place, editor->length - editor->cursor + 1);
    memcpy(place, bytes, count);
    editor->cursor += count;
    editor->length += count;
    if (!editor->is_behind && editor->cursor == editor->length &&
        editor->drawn < window_columns(editor)) {
        console_write(bytes, count); /* by far the most frequent case */
        editor->drawn++;
    } else {
        editor->is_behind = true;
    }
}

/* Takes out the characters from start to before end, and leaves the cursor there. */
static void take_out(struct line_editor *editor, size_t start, size_t end)
{
    bool is_last =
        end == editor->length && end == editor->cursor && next_character(editor, start) == end;

    if (start >= end) {
        return;
    }
    memmove(editor->text + start, editor->text + end, editor->length - end + 1);
    editor->length -= end - start;
    editor->cursor = start;
    if (!editor->is_behind && is_last && (start > editor->from || start == 0)) {
        console_write("\b", 1);
        editor->drawn--;
    } else {
        editor->is_behind = true;
    }
}

static void replace(struct line_editor *editor, const char *text)
{
    editor->length = min(string_copy(editor->text, text, LINE_BYTES), LINE_BYTES - 1);
    editor->cursor = editor->length;
    editor->from = 0;
    editor->is_behind = true;
}

/* ---------------------------------------------------------------- history */

/* The place of the line that came in as the back-th last. */
static char **history_line(struct line_editor *editor, unsigned back)
{
    return &editor->history[(editor->history_count - back) % HISTORY_LINES];
}

/* Empty lines, and the same line again, are not worth a place. */
static void remember(struct line_editor *editor)
{
    if (editor->length == 0 ||
        (editor->history_count > 0 && strcmp(*history_line(editor, 1), editor->text) == 0)) {
        return;
    }
    char *copy = malloc(editor->length + 1);
    if (copy == NULL) {
        return; /* a line that is not remembered can still be run */
    }
    memcpy(copy, editor->text, editor->length + 1);
    editor->history_count++;
    char **place = history_line(editor, 1);
    free(*place);
    *place = copy;
}

static void recall(struct line_editor *editor, unsigned back)
{
    if (back > min(editor->history_count, HISTORY_LINES)) {
        return;
    }
    if (editor->recalled == 0) {
        memcpy(editor->draft, editor->text, LINE_BYTES);
    }
    editor->recalled = back;
    replace(editor, back == 0 ? editor->draft : *history_line(editor, back));
}

/* ---------------------------------------------------------------- keys */

void line_edit_start(struct line_editor *editor, const char *prompt)
{
    editor->prompt = prompt;
    editor->text[0] = '\0';
    editor->length = 0;
    editor->cursor = 0;
    editor->from = 0;
    editor->drawn = 0;
    editor->is_behind = false;
    editor->is_cut = false;
    editor->recalled = 0;
    console_write(prompt, strlen(prompt));
}

static enum line_event finish(struct line_editor *editor, enum line_event event, const char *mark)
{
    line_edit_show(editor);
    console_write(mark, strlen(mark));
    return event;
}

enum line_event line_edit_key(struct line_editor *editor, int key)
{
    switch (key) {
    case KEY_ENTER:
        remember(editor);
        return finish(editor, editor->is_cut ? LINE_TOO_LONG : LINE_ENTERED, "\n");
    case CONTROL('C'): return finish(editor, LINE_GIVEN_UP, "^C\n");
    case CONTROL('D'):
        if (editor->length == 0) {
            return finish(editor, LINE_NO_MORE, "\n");
        }
        take_out(editor, editor->cursor, next_character(editor, editor->cursor));
        break;
    case KEY_DELETE:
        take_out(editor, editor->cursor, next_character(editor, editor->cursor));
        break;
    case KEY_BACKSPACE:
        take_out(editor, columns_before(editor, editor->cursor, 1), editor->cursor);
        break;
    case CONTROL('U'): take_out(editor, 0, editor->cursor); break;
    case CONTROL('K'): take_out(editor, editor->cursor, editor->length); break;
    case KEY_LEFT:
    case CONTROL('B'): move_to(editor, columns_before(editor, editor->cursor, 1)); break;
    case KEY_RIGHT:
    case CONTROL('F'): move_to(editor, next_character(editor, editor->cursor)); break;
    case KEY_HOME:
    case CONTROL('A'): move_to(editor, 0); break;
    case KEY_END:
    case CONTROL('E'): move_to(editor, editor->length); break;
    case KEY_UP:
    case CONTROL('P'): recall(editor, editor->recalled + 1); break;
    case KEY_DOWN:
    case CONTROL('N'):
        if (editor->recalled > 0) {
            recall(editor, editor->recalled - 1);
        }
        break;
    default:
        if (key_is_printable(key)) {
            insert(editor, key);
        }
        break;
    }
    return LINE_GOES_ON;
}
