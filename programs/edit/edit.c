/*
 * edit - a small editor that fills the screen. It shows how a program has the console to itself:
 * it takes keys one by one (getkeyblock), draws where it wants to (screen.h), and gets ctrl-C as a
 * key.
 *
 *   arrows, Home, End, Page up, Page down    move
 *   ctrl-S save   ctrl-Q quit   ctrl-F find, and find again
 *   ctrl-K cut a line   ctrl-U put it back
 *   ctrl-O and ctrl-X do what ctrl-S and ctrl-Q do
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#include "lib/utf8.h"
#include "screen.h"
#include "text.h"

#define USAGE                                                                        \
    "Usage: edit FILE\n"                                                             \
    "Edits a file, or a new one, on the whole screen. Ctrl-S saves, ctrl-Q quits,\n" \
    "ctrl-F finds, ctrl-K cuts lines, ctrl-U puts them back.\n"

#define CTRL(letter) ((letter) - '@')

#define BAR_ROW     (SCREEN_ROWS - 2)
#define HELP_ROW    (SCREEN_ROWS - 1)
#define TEXT_ROWS   (SCREEN_ROWS - 2)
#define TAB_COLUMNS 8
#define ANSWER_MAX  60
#define HELP        "^S save   ^Q quit   ^F find   ^K cut line   ^U put back"

static struct {
    const char *path;
    struct text text;
    struct text cut; /* lines of it; the last one, which is empty, does not count */
    bool cuts;       /* the last key has cut a line: another one is added to it */
    bool is_changed, has_ended;
    size_t line, at;     /* the cursor's place */
    size_t column;       /* where up and down want to be */
    size_t first_line;   /* at the screen's top */
    size_t first_column; /* at its left */
    const char *message; /* on the bar until the next key; NULL: none */
    char found[ANSWER_MAX + 1];
} edit;

static struct key_decoder decoder;

/* ---------------------------------------------------------------- columns */

/* Columns of a character that begins in that column. */
static size_t width_of(char first, size_t column)
{
    return first == '\t' ? TAB_COLUMNS - column % TAB_COLUMNS : 1;
}

static size_t column_of(const struct line *line, size_t at)
{
    size_t column = 0;

    for (size_t i = 0; i < at; i = utf8_behind(line->bytes, i, line->length)) {
        column += width_of(line->bytes[i], column);
    }
    return column;
}

/* The character in that column, or the line's end. */
static size_t at_column(const struct line *line, size_t wanted)
{
    size_t column = 0, at = 0;

    while (at < line->length && column + width_of(line->bytes[at], column) <= wanted) {
        column += width_of(line->bytes[at], column);
        at = utf8_behind(line->bytes, at, line->length);
    }
    return at;
}

static struct line *current(void)
{
    return &edit.text.lines[edit.line];
}

/* ---------------------------------------------------------------- drawing */

/* A row of the screen, as it is put together. */
struct drawn {
    size_t length, columns;
    char bytes[SCREEN_COLUMNS * UTF8_BYTES_MAX];
};

static void draw_character(struct drawn *drawn, const char *bytes, size_t length)
{
    bool is_control = length == 1 && (*bytes < ' ' || *bytes == 0x7F); /* no character of UTF-8 */

    if (drawn->columns < SCREEN_COLUMNS && length <= UTF8_BYTES_MAX) {
        memcpy(drawn->bytes + drawn->length, is_control ? "?" : bytes, length);
        drawn->length += length;
        drawn->columns++;
    }
}

/* What is seen of a line through the window that begins at first_column. */
static void draw_line(unsigned row, const struct line *line)
{
    struct drawn drawn = {.length = 0, .columns = 0};
    size_t column = 0, next;

    for (size_t at = 0; at < line->length; at = next) {
        size_t end = column + width_of(line->bytes[at], column);

        next = utf8_behind(line->bytes, at, line->length);
        for (; column < end; column++) {
            if (column >= edit.first_column) {
                bool is_tab = line->bytes[at] == '\t';

                draw_character(&drawn, is_tab ? " " : line->bytes + at, is_tab ? 1 : next - at);
            }
        }
    }
    screen_set(row, drawn.bytes, drawn.length, false);
}

static void draw_row(unsigned row, const char *text, bool is_bar)
{
    size_t length = strlen(text);

    screen_set(row, text, length < SCREEN_COLUMNS ? length : SCREEN_COLUMNS, is_bar);
}

static void draw_bar(void)
{
    static char bar[PATH_BYTES + 64];

    if (edit.message != NULL) {
        draw_row(BAR_ROW, edit.message, true);
        return;
    }
    (void)snprintf(bar, sizeof(bar), "line %u of %u  %s%s", (unsigned)edit.line + 1,
                   (unsigned)edit.text.count, edit.path, edit.is_changed ? "  (changed)" : "");
    draw_row(BAR_ROW, bar, true);
}

/* Moves the window so that the cursor is in it: by a row, or, from far, so that it is in the
 * middle. */
static void scroll(void)
{
    size_t column = column_of(current(), edit.at);

    if (edit.line < edit.first_line || edit.line >= edit.first_line + TEXT_ROWS) {
        bool is_near = edit.line + 1 >= edit.first_line && edit.line <= edit.first_line + TEXT_ROWS;
        size_t above = edit.line < edit.first_line ? 0 : TEXT_ROWS - 1;

        above = is_near ? above : TEXT_ROWS / 2;
        edit.first_line = edit.line > above ? edit.line - above : 0;
    }
    if (column < edit.first_column || column >= edit.first_column + SCREEN_COLUMNS) {
        edit.first_column = column < SCREEN_COLUMNS ? 0 : column - SCREEN_COLUMNS / 2;
    }
}

static void draw(void)
{
    size_t column = column_of(current(), edit.at);

    for (unsigned row = 0; row < TEXT_ROWS; row++) {
        size_t line = edit.first_line + row;

        if (line < edit.text.count) {
            draw_line(row, &edit.text.lines[line]);
        } else {
            draw_row(row, "~", false);
        }
    }
    draw_bar();
    draw_row(HELP_ROW, HELP, false);
    screen_show((unsigned)(edit.line - edit.first_line), (unsigned)(column - edit.first_column));
}

/* ---------------------------------------------------------------- keys */

/* The next key, as key_decode() gives it. What keys that wait already do is not drawn. */
static int next_key(void (*show)(void))
{
    int key;

    do {
        int byte = getkey();

        if (byte == 0) {
            show();
            byte = getkeyblock();
        }
        key = key_decode(&decoder, byte);
    } while (key == 0);
    return key;
}

static char question[128];
static char answer[ANSWER_MAX + 1];

static void show_question(void)
{
    static char row[sizeof(question) + sizeof(answer)];
    size_t column = 0;

    (void)snprintf(row, sizeof(row), "%s%s", question, answer);
    for (size_t i = 0; row[i] != '\0'; i++) {
        column += !utf8_is_continuation((uint8_t)row[i]);
    }
    screen_set(BAR_ROW, row, strlen(row), true);
    screen_show(BAR_ROW, (unsigned)column);
}

/* Lets the user write into answer. False: ctrl-C gave it up. */
static bool ask_text(const char *text)
{
    size_t length = 0;
    int key;

    string_copy(question, text, sizeof(question));
    answer[0] = '\0';
    while ((key = next_key(show_question)) != KEY_ENTER && key != KEY_INTERRUPT) {
        char bytes[UTF8_BYTES_MAX];
        unsigned count = key_is_printable(key) ? utf8_encode((uint32_t)key, bytes) : 0;

        if (key == KEY_BACKSPACE && length > 0) {
            length = utf8_before(answer, length);
        } else if (length + count <= ANSWER_MAX) {
            memcpy(answer + length, bytes, count);
            length += count;
        }
        answer[length] = '\0';
    }
    return key == KEY_ENTER;
}

/* 'y', 'n', or KEY_INTERRUPT. */
static int ask_yes_or_no(const char *text)
{
    int key;

    string_copy(question, text, sizeof(question));
    answer[0] = '\0';
    do {
        key = next_key(show_question);
    } while (key != 'y' && key != 'n' && key != KEY_INTERRUPT);
    return key;
}

/* ---------------------------------------------------------------- what keys do */

static void check(int status)
{
    if (status < 0) {
        edit.message = "There is no memory for that.";
    } else {
        edit.is_changed = true;
    }
}

/* To that line, in the column where up and down want to be. */
static void go_to_line(size_t line)
{
    edit.line = line < edit.text.count ? line : edit.text.count - 1;
    edit.at = at_column(current(), edit.column);
}

static void go_left(void)
{
    if (edit.at > 0) {
        edit.at = utf8_before(current()->bytes, edit.at);
    } else if (edit.line > 0) {
        edit.line--;
        edit.at = current()->length;
    }
}

static void go_right(void)
{
    if (edit.at < current()->length) {
        edit.at = utf8_behind(current()->bytes, edit.at, current()->length);
    } else if (edit.line + 1 < edit.text.count) {
        edit.line++;
        edit.at = 0;
    }
}

/* Removes the character that the cursor is on, or the line's end. */
static void delete (void)
{
    if (edit.at < current()->length) {
        size_t next = utf8_behind(current()->bytes, edit.at, current()->length);

        text_remove(&edit.text, edit.line, edit.at, next - edit.at);
        edit.is_changed = true;
    } else if (edit.line + 1 < edit.text.count) {
        check(text_join(&edit.text, edit.line));
    }
}

static void backspace(void)
{
    if (edit.at > 0 || edit.line > 0) {
        go_left();
        delete ();
    }
}

static void insert(const char *bytes, size_t length)
{
    int status = text_insert(&edit.text, edit.line, edit.at, bytes, length);

    check(status);
    edit.at += status == OK ? length : 0;
}

static void enter(void)
{
    int status = text_split(&edit.text, edit.line, edit.at);

    check(status);
    if (status == OK) {
        edit.line++;
        edit.at = 0;
    }
}

/* Lines that are cut one after the other are put back together. */
static void cut_line(bool is_more)
{
    const struct line *line = current();
    size_t last;

    while (!is_more && edit.cut.count > 1) {
        text_remove_line(&edit.cut, 0);
    }
    last = edit.cut.count - 1;
    if (text_insert(&edit.cut, last, 0, line->bytes, line->length) < 0 ||
        text_split(&edit.cut, last, line->length) < 0) {
        check(-ENOMEM);
        return;
    }
    text_remove_line(&edit.text, edit.line);
    edit.is_changed = true;
    edit.column = 0;
    go_to_line(edit.line);
}

static void put_back(void)
{
    edit.at = 0;
    for (size_t i = 0; i + 1 < edit.cut.count; i++) {
        insert(edit.cut.lines[i].bytes, edit.cut.lines[i].length);
        enter();
    }
}

/* Where the line has the text, from `from` on; its length: nowhere. */
static size_t find_in(const struct line *line, size_t from, const char *wanted)
{
    size_t length = strlen(wanted);

    for (; from + length <= line->length; from++) {
        if (memcmp(line->bytes + from, wanted, length) == 0) {
            return from;
        }
    }
    return line->length;
}

/* From the cursor on to the end, and on from the top. */
static void find(void)
{
    if (!ask_text(edit.found[0] != '\0' ? "Find (Enter: again): " : "Find: ")) {
        return;
    }
    if (answer[0] != '\0') {
        strcpy(edit.found, answer);
    }
    if (edit.found[0] == '\0') {
        return;
    }
    for (size_t i = 0; i <= edit.text.count; i++) {
        size_t number = (edit.line + i) % edit.text.count;
        const struct line *line = &edit.text.lines[number];
        size_t at = find_in(line, i == 0 ? edit.at + (edit.at < line->length) : 0, edit.found);

        if (at < line->length) {
            edit.line = number;
            edit.at = at;
            return;
        }
    }
    edit.message = "That is not in the text.";
}

static bool save(void)
{
    static char sentence[128];
    int status = text_save(&edit.text, edit.path);

    if (status < 0) {
        (void)snprintf(sentence, sizeof(sentence), "The file cannot be written: %s.",
                       error_text(status));
        edit.message = sentence;
        return false;
    }
    edit.is_changed = false;
    edit.message = "Saved.";
    return true;
}

static void quit(void)
{
    int key =
        edit.is_changed ? ask_yes_or_no("Save what was changed? y, n, or ctrl-C to go on: ") : 'n';

    edit.has_ended = key == 'n' || (key == 'y' && save());
}

/* Keys that move the cursor. Was it one? */
static bool move(int key)
{
    switch (key) {
    case KEY_UP: go_to_line(edit.line > 0 ? edit.line - 1 : 0); return true;
    case KEY_DOWN: go_to_line(edit.line + 1); return true;
    case KEY_PAGE_UP: go_to_line(edit.line > TEXT_ROWS ? edit.line - TEXT_ROWS : 0); return true;
    case KEY_PAGE_DOWN: go_to_line(edit.line + TEXT_ROWS); return true;
    case KEY_LEFT: go_left(); break;
    case KEY_RIGHT: go_right(); break;
    case KEY_HOME: edit.at = 0; break;
    case KEY_END: edit.at = current()->length; break;
    default: return false;
    }
    edit.column = column_of(current(), edit.at);
    return true;
}

static void type(int key)
{
    if (key_is_printable(key) || key == '\t') {
        char bytes[UTF8_BYTES_MAX];

        insert(bytes, utf8_encode((uint32_t)key, bytes));
    }
}

static void obey(int key)
{
    bool cuts = edit.cuts;

    edit.message = NULL;
    edit.cuts = key == CTRL('K');
    if (move(key)) {
        return;
    }
    switch (key) {
    case CTRL('S'):
    case CTRL('O'): (void)save(); break;
    case CTRL('Q'):
    case CTRL('X'): quit(); break;
    case CTRL('F'): find(); break;
    case CTRL('K'): cut_line(cuts); break;
    case CTRL('U'): put_back(); break;
    case CTRL('L'): screen_forget(); break;
    case KEY_INTERRUPT: edit.message = "Ctrl-Q quits."; break;
    case KEY_ENTER: enter(); break;
    case KEY_BACKSPACE: backspace(); break;
    case KEY_DELETE: delete (); break;
    default: type(key); break;
    }
    edit.column = column_of(current(), edit.at);
}

int main(int argc, char **argv)
{
    uint32_t mode;
    int status;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc != 2) {
        return tool_usage(USAGE);
    }
    if (syscall_control(FILE_INPUT, CONTROL_GET_MODE, &mode) < 0 ||
        syscall_control(FILE_OUTPUT, CONTROL_GET_MODE, &mode) < 0) {
        dprintf(FILE_ERRORS, "edit: it needs the screen and the keyboard, no pipe or file.\n");
        return EXIT_USAGE;
    }
    edit.path = argv[1];
    status = text_start(&edit.cut);
    status = status == OK ? text_start(&edit.text) : status;
    status = status == OK ? text_load(&edit.text, edit.path) : status;
    if (status == -ENOENT) {
        edit.message = "A new file.";
    } else if (status < 0) {
        return tool_error("edit", edit.path, "edited", status);
    }
    catch_interrupt(1);
    screen_forget();
    while (!edit.has_ended) {
        obey(next_key(draw));
        scroll();
    }
    screen_leave();
    return EXIT_SUCCESS;
}
