/*
 * line_edit.c - see line_edit.h.
 */
#include "line_edit.h"

#include <drupe.h>
#include <stdbool.h>
#include <string.h>

#define CONTROL(letter) ((letter) - 'A' + 1)

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
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
    return min(editor->length, editor->from + window_columns(editor));
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

static void draw(struct line_editor *editor)
{
    char out[2 * LINE_COLUMNS];
    size_t columns = window_columns(editor);

    if (editor->cursor <= editor->from) { /* with some of what is to the left */
        editor->from = editor->cursor - min(editor->cursor, columns / 2);
    } else if (editor->cursor > editor->from + columns) {
        editor->from = editor->cursor - columns;
    }
    size_t end = window_end(editor);
    size_t now = end - editor->from;
    size_t count = put_row(editor, out, end);

    for (size_t i = now; i < editor->drawn; i++) {
        out[count++] = ' ';
    }
    if (editor->cursor < end || editor->drawn > now) {
        count += put_row(editor, out + count, editor->cursor);
    }
    editor->drawn = now;
    console_write(out, count);
}

/* ---------------------------------------------------------------- changes */

static void move_to(struct line_editor *editor, size_t cursor)
{
    if (cursor <= editor->length && cursor != editor->cursor) {
        editor->cursor = cursor;
        draw(editor);
    }
}

static void insert(struct line_editor *editor, char c)
{
    char *place = editor->text + editor->cursor;

    if (editor->length + 1 == LINE_BYTES) {
        return;
    }
    memmove(place + 1, place, editor->length - editor->cursor + 1);
    *place = c;
    editor->cursor++;
    editor->length++;
    if (editor->cursor == editor->length &&
        editor->cursor <= editor->from + window_columns(editor)) {
        console_write(&c, 1); /* by far the most frequent case */
        editor->drawn++;
    } else {
        draw(editor);
    }
}

/* Takes out the characters from start to before end, and leaves the cursor there. */
static void take_out(struct line_editor *editor, size_t start, size_t end)
{
    bool is_last = end == editor->length && end == editor->cursor && start + 1 == end;

    if (start >= end || end > editor->length) {
        return;
    }
    memmove(editor->text + start, editor->text + end, editor->length - end + 1);
    editor->length -= end - start;
    editor->cursor = start;
    if (is_last && (start > editor->from || start == 0)) {
        console_write("\b", 1);
        editor->drawn--;
    } else {
        draw(editor);
    }
}

static void replace(struct line_editor *editor, const char *text)
{
    editor->length = min(string_copy(editor->text, text, LINE_BYTES), LINE_BYTES - 1);
    editor->cursor = editor->length;
    editor->from = 0;
    draw(editor);
}

/* ---------------------------------------------------------------- history */

/* The line that came in as the back-th last. */
static char *history_line(struct line_editor *editor, unsigned back)
{
    return editor->history[(editor->history_count - back) % HISTORY_LINES];
}

/* Empty lines, and the same line again, are not worth a place. */
static void remember(struct line_editor *editor)
{
    if (editor->length == 0 ||
        (editor->history_count > 0 && strcmp(history_line(editor, 1), editor->text) == 0)) {
        return;
    }
    editor->history_count++;
    memcpy(history_line(editor, 1), editor->text, LINE_BYTES);
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
    replace(editor, back == 0 ? editor->draft : history_line(editor, back));
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
    editor->recalled = 0;
    console_write(prompt, strlen(prompt));
}

static enum line_event finish(enum line_event event, const char *mark)
{
    console_write(mark, strlen(mark));
    return event;
}

enum line_event line_edit_key(struct line_editor *editor, int key)
{
    switch (key) {
    case KEY_ENTER: remember(editor); return finish(LINE_ENTERED, "\n");
    case CONTROL('C'): return finish(LINE_GIVEN_UP, "^C\n");
    case CONTROL('D'):
        if (editor->length == 0) {
            return finish(LINE_NO_MORE, "\n");
        }
        take_out(editor, editor->cursor, editor->cursor + 1);
        break;
    case KEY_DELETE: take_out(editor, editor->cursor, editor->cursor + 1); break;
    case KEY_BACKSPACE:
        if (editor->cursor > 0) {
            take_out(editor, editor->cursor - 1, editor->cursor);
        }
        break;
    case CONTROL('U'): take_out(editor, 0, editor->cursor); break;
    case CONTROL('K'): take_out(editor, editor->cursor, editor->length); break;
    case KEY_LEFT:
    case CONTROL('B'):
        move_to(editor, editor->cursor - 1); /* from 0 this is out of range */
        break;
    case KEY_RIGHT:
    case CONTROL('F'): move_to(editor, editor->cursor + 1); break;
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
        if (key >= ' ' && key < 0x7F) {
            insert(editor, (char)key);
        }
        break;
    }
    return LINE_GOES_ON;
}
