/*
 * line_edit.h - a line while it is typed, and the earlier ones.
 *
 *   left right ctrl-B ctrl-F   a character      backspace delete   rub one out
 *   home end   ctrl-A ctrl-E   the line's ends  ctrl-U ctrl-K      all before, all behind
 *   up down    ctrl-P ctrl-N   earlier lines    ctrl-C             gives the line up
 *   ctrl-D     on an empty line: the end of input; otherwise as delete
 *
 * Screen and serial terminal have only this in common: characters, '\n', '\r', and '\b', which rubs
 * out the character before. There is no way to the left but back to the first column and forward
 * over the text once more. So a line keeps to one row of the screen, and a longer one is seen
 * through a window that follows the cursor.
 *
 * The text is UTF-8, and every character is taken to be one column wide. Places in it (cursor,
 * from) are bytes, the first of a character each.
 */
#ifndef SHELL_LINE_EDIT_H
#define SHELL_LINE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_BYTES    4096 /* with the NUL */
#define LINE_COLUMNS  80
#define HISTORY_LINES 32

struct line_editor {
    const char *prompt;
    char text[LINE_BYTES]; /* NUL-terminated */
    size_t length;
    size_t cursor;  /* the character that it is on; length: behind the last */
    size_t from;    /* the first character in the window */
    size_t drawn;   /* columns behind the prompt that may hold something */
    bool is_behind; /* the screen does not show the last changes yet */
    bool is_cut;    /* a character did not fit */

    char *history[HISTORY_LINES]; /* a ring; owned */
    unsigned history_count;       /* lines that ever came in */
    unsigned recalled;            /* how many lines back; 0: the new one */
    char draft[LINE_BYTES];       /* the new one, meanwhile */
};

enum line_event {
    LINE_GOES_ON,
    LINE_ENTERED,  /* text is the line; it is in the history */
    LINE_TOO_LONG, /* the same, but characters of it did not fit */
    LINE_GIVEN_UP, /* ctrl-C */
    LINE_NO_MORE,  /* ctrl-D */
};

/* Begins an empty line and shows the prompt, which must be short and is kept. The editor is all
 * zeroes before the first line. */
void line_edit_start(struct line_editor *editor, const char *prompt);

/*
 * Takes a key (a character, or a KEY_ of abi/keys.h). What it does may stay unseen until
 * line_edit_show(): so a thousand keys that come at once do not draw the line a thousand times.
 * After any other event than LINE_GOES_ON all is shown, and the cursor is at the start of a new
 * row.
 */
enum line_event line_edit_key(struct line_editor *editor, int key);

/* Shows what the last keys did. To be called before waiting for the next one. */
void line_edit_show(struct line_editor *editor);

#endif
