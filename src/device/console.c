/*
 * device/console.c - see console.h.
 *
 * There is one line, of the session in front. The reader itself edits it, in its call of read, and
 * shows what it does: so keys that come while nobody reads are shown when somebody does.
 *
 * Size before speed.
 */
#include "device/console.h"

#include "abi/file.h"
#include "abi/keys.h"
#include "base/align.h"
#include "debug/printk.h"
#include "device/device.h"
#include "device/key_queue.h"
#include "device/random.h"
#include "lib/key_decoder.h"
#include "lib/utf8.h"
#include "task/task.h"

#define PRINT_PIECE 256 /* copied at a time, on the kernel stack */
#define PRINT_LINES 8   /* and of these, ends of lines: each may scroll the screen */

#define LINE_BYTES 4096 /* with the newline */
#define READ_PIECE 32   /* bytes that are read as they come, at a time */

#define SEQUENCE_BYTES sizeof("\033[15~") /* of a key without a character, with a NUL */

#define CTRL(letter) ((letter) - '@')

static struct {
    const struct console_actions *actions;
    struct session *front; /* NULL: nobody yet */
    struct wait_queue key_waiters;
    const struct session *line_of; /* whose line it is; NULL: there is none */
    bool is_complete;              /* else it is being edited */
    size_t length;
    size_t taken; /* of a complete line, by its session */
    struct key_decoder decoder;
    uint8_t utf8_rest; /* of bytes as they come: so many more are the last character's */
    char line[LINE_BYTES];
} console;

static void interrupt_front(void)
{
    key_queue_flush();
    printk("^C\n");
    console.actions->interrupt(console.front);
}

static bool can_quit_front(void)
{
    return console.front && console.actions->can_quit(console.front);
}

static void quit_front(void)
{
    key_queue_flush();
    printk("^\\\n");
    console_set_front(console.actions->quit(console.front));
}

/* In the keyboard's or the serial line's interrupt. */
static bool on_key(uint8_t key)
{
    random_stir(key);
    if (key == KEY_QUIT && can_quit_front()) {
        quit_front();
        return true;
    }
    if (key == KEY_INTERRUPT && console.front && !console.front->takes_interrupt) {
        interrupt_front();
        return true;
    }
    task_wake_all(&console.key_waiters);
    return false;
}

void console_set_front(struct session *session)
{
    if (session != console.line_of) {
        console.line_of = NULL;
    }
    console.front = session;
    task_favour(session ? session->turns : NULL);
    task_wake_all(&console.key_waiters); /* keys may be waiting for the new one */
}

void console_start_front(struct session *session)
{
    console_set_front(session);
    if (key_queue_holds(KEY_QUIT) && can_quit_front()) {
        quit_front();
    } else if (key_queue_holds(KEY_INTERRUPT)) {
        interrupt_front();
    }
}

bool console_is_front(const struct session *session)
{
    return session == console.front;
}

uint8_t console_get_key(const struct session *session)
{
    return console_is_front(session) ? key_queue_pop() : 0;
}

/* Waits until there is a key for session. False: the running task was cancelled. */
static bool wait_for_key(const struct session *session)
{
    while (!console_is_front(session) || key_queue_peek(0) == 0) {
        if (task_is_cancelled()) {
            return false;
        }
        task_block(&console.key_waiters);
    }
    return true;
}

uint8_t console_wait_key(const struct session *session)
{
    return wait_for_key(session) ? console_get_key(session) : 0;
}

/* ---------------------------------------------------------------- printing */

/* How many of the count bytes are printed before the next pause: what follows an Escape may clear
 * all of the screen, so there is one at the piece's end at most. */
static size_t piece_length(const char *piece, size_t count)
{
    unsigned lines = 0;

    for (size_t i = 0; i < count; i++) {
        if (piece[i] == KEY_ESCAPE || (piece[i] == '\n' && ++lines == PRINT_LINES)) {
            return i + 1;
        }
    }
    return count;
}

int console_print(struct io_buffer from, size_t length)
{
    char piece[PRINT_PIECE];

    for (size_t done = 0; done < length;) {
        size_t room = console_room();

        /* A serial line takes 1.4 ms for 16 bytes: others wait with interrupts on. */
        if (room == 0) {
            if (!task_pause()) {
                return -EINTERRUPTED;
            }
            continue;
        }
        size_t count = MIN(MIN(length - done, (size_t)PRINT_PIECE), room);
        int status = io_buffer_take(piece, io_buffer_add(from, done), count);

        if (status < 0) {
            return status;
        }
        count = piece_length(piece, count);
        console_write(piece, count);
        done += count;
        if (done < length && !task_pause()) {
            return -EINTERRUPTED;
        }
    }
    return (int)length;
}

/* ---------------------------------------------------------------- lines */

static void echo(const struct session *session, const char *text, size_t length)
{
    if (session->mode & CONSOLE_ECHO) {
        console_print(io_buffer_of_kernel(text), length);
    }
}

/* Takes the characters from the end down to down_to off the line, and then off the screen: others
 * run meanwhile. */
static void take_back(const struct session *session, size_t down_to)
{
    size_t characters = 0;

    for (; console.length > down_to; characters++) {
        console.length = utf8_before(console.line, console.length);
    }
    for (; characters > 0; characters--) {
        echo(session, "\b", 1); /* rubs out a character, however many bytes it has */
    }
}

/* Puts a character at the line's end, which has room for the newline behind it. */
static void append(const struct session *session, uint32_t character)
{
    char bytes[UTF8_BYTES_MAX];
    unsigned count = utf8_encode(character, bytes);

    if (console.length + count >= LINE_BYTES) {
        echo(session, "\a", 1);
        return;
    }
    memcpy(console.line + console.length, bytes, count);
    console.length += count;
    echo(session, bytes, count);
}

/* What a key does to the line. Is the line complete? */
static bool edit_line(const struct session *session, int key)
{
    if (key == KEY_ENTER) {
        console.line[console.length++] = '\n';
        echo(session, "\n", 1);
        return true;
    }
    if (key == CTRL('D')) {
        return true;
    }
    if (key == KEY_BACKSPACE && console.length > 0) {
        take_back(session, utf8_before(console.line, console.length));
    } else if (key == CTRL('U')) {
        take_back(session, 0);
    } else if (key == '\t') {
        append(session, ' '); /* a tab could not be taken back */
    } else if (key_is_printable(key)) {
        append(session, (uint32_t)key);
    }
    return false;
}

static bool has_line(const struct session *session)
{
    return console.line_of == session && console.is_complete;
}

/* Lets the user write a line. 0 or -EINTERRUPTED. Meanwhile another session may come to the front:
 * then the line begins anew when this one is there again. */
static int complete_line(const struct session *session)
{
    bool is_complete = false;

    while (!is_complete) {
        uint8_t key = console_wait_key(session);

        if (key == 0) {
            return -EINTERRUPTED;
        }
        if (console.line_of != session || console.is_complete) {
            console.line_of = session;
            console.is_complete = false;
            console.length = 0;
            console.decoder = (struct key_decoder){0};
        }
        is_complete =
            edit_line(session, key_decode(&console.decoder, key)) && console.line_of == session;
    }
    console.is_complete = true;
    console.taken = 0;
    return OK;
}

/* Makes the pages of a buffer of at most LINE_BYTES present, for a copy at once. 0 or an error. */
static int bring(struct io_buffer to, size_t length)
{
    int status = io_buffer_put(to, "", 1);

    return status < 0 ? status : io_buffer_put(io_buffer_add(to, length - 1), "", 1);
}

/* Bytes leave the line in one go with the copy to the reader. While an absent page of the buffer
 * is awaited, others may read the line, or write a new one. */
static int read_line(const struct session *session, struct io_buffer to, size_t length)
{
    for (;;) {
        int status = has_line(session) ? OK : complete_line(session);

        if (status < 0) {
            return status;
        }
        size_t count = MIN(length, console.length - console.taken);

        if (io_buffer_put_at_once(to, console.line + console.taken, count)) {
            console.taken += count;
            if (console.taken == console.length) {
                console.line_of = NULL;
            }
            return (int)count;
        }
        status = bring(to, count);
        if (status < 0) {
            return status;
        }
    }
}

/* ---------------------------------------------------------------- bytes as they come */

/* The bytes of a key that has no character, as a terminal sends them; "" for others. */
static const char *sequence_of(uint8_t key)
{
    static const char sequences[][SEQUENCE_BYTES] = {
        [KEY_UP - KEY_UP] = "\033[A",        [KEY_DOWN - KEY_UP] = "\033[B",
        [KEY_LEFT - KEY_UP] = "\033[D",      [KEY_RIGHT - KEY_UP] = "\033[C",
        [KEY_HOME - KEY_UP] = "\033[H",      [KEY_END - KEY_UP] = "\033[F",
        [KEY_PAGE_UP - KEY_UP] = "\033[5~",  [KEY_PAGE_DOWN - KEY_UP] = "\033[6~",
        [KEY_INSERT - KEY_UP] = "\033[2~",   [KEY_DELETE - KEY_UP] = "\033[3~",
        [KEY_F1 - KEY_UP] = "\033OP",        [KEY_F1 + 1 - KEY_UP] = "\033OQ",
        [KEY_F1 + 2 - KEY_UP] = "\033OR",    [KEY_F1 + 3 - KEY_UP] = "\033OS",
        [KEY_F1 + 4 - KEY_UP] = "\033[15~",  [KEY_F1 + 5 - KEY_UP] = "\033[17~",
        [KEY_F1 + 6 - KEY_UP] = "\033[18~",  [KEY_F1 + 7 - KEY_UP] = "\033[19~",
        [KEY_F1 + 8 - KEY_UP] = "\033[20~",  [KEY_F1 + 9 - KEY_UP] = "\033[21~",
        [KEY_F1 + 10 - KEY_UP] = "\033[23~", [KEY_F1 + 11 - KEY_UP] = "\033[24~",
    };
    unsigned index = key - KEY_UP;

    return key >= KEY_UP && index < ARRAY_SIZE(sequences) ? sequences[index] : "";
}

/* Appends what key is to bytes; the rest of a character in UTF-8 is no key. */
static size_t put_key(char *bytes, uint8_t key)
{
    const char *sequence =
        console.utf8_rest > 0 && utf8_is_continuation(key) ? "" : sequence_of(key);
    size_t length = strlen(sequence);

    console.utf8_rest =
        console.utf8_rest > 0 && utf8_is_continuation(key) ? console.utf8_rest - 1 : utf8_rest(key);
    if (length == 0) {
        bytes[length++] = (char)key;
    } else {
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes are no string */
        memcpy(bytes, sequence, length);
    }
    return length;
}

/* The keys that wait, as bytes: as far as all of each fits length bytes, but at least one. Returns
 * how many bytes, and in *keys how many keys: these wait still. */
static size_t look_at_keys(char *bytes, size_t length, unsigned *keys)
{
    size_t count = 0;
    uint8_t key;

    *keys = 0;
    while ((*keys == 0 || count + SEQUENCE_BYTES <= MIN(length, (size_t)READ_PIECE)) &&
           (key = key_queue_peek(*keys)) != 0) {
        count += put_key(bytes + count, key);
        ++*keys;
    }
    return MIN(count, length);
}

/* At least one key. A sequence is not cut: what does not fit a buffer of a few bytes is lost. Keys
 * leave the queue in one go with the copy to the reader. */
static int read_bytes(const struct session *session, struct io_buffer to, size_t length)
{
    char bytes[READ_PIECE + SEQUENCE_BYTES];

    while (wait_for_key(session)) {
        uint8_t rest_before = console.utf8_rest;
        unsigned keys;
        size_t count = look_at_keys(bytes, length, &keys);

        if (io_buffer_put_at_once(to, bytes, count)) {
            while (keys-- > 0) {
                (void)key_queue_pop();
            }
            echo(session, bytes, count);
            return (int)count;
        }
        console.utf8_rest = rest_before;

        int status = bring(to, count);

        if (status < 0) {
            return status;
        }
    }
    return -EINTERRUPTED;
}

int console_read(struct io_buffer to, size_t length)
{
    const struct session *session = console.actions->running();

    if (length == 0) {
        return 0;
    }
    return session->mode & CONSOLE_LINES ? read_line(session, to, length)
                                         : read_bytes(session, to, length);
}

/* ---------------------------------------------------------------- the device */

static int control(unsigned what, struct user_pointer argument)
{
    struct session *session = console.actions->running();
    uint32_t mode;
    int status;

    switch (what) {
    case CONTROL_GET_MODE: return copy_to_user(argument, &session->mode, sizeof(session->mode));
    case CONTROL_SET_MODE:
        status = copy_from_user(&mode, argument, sizeof(mode));
        if (status == OK && mode & ~(uint32_t)(CONSOLE_LINES | CONSOLE_ECHO)) {
            status = -EINVARG;
        }
        if (status == OK) {
            session->mode = mode;
        }
        return status;
    default: return -EINVARG;
    }
}

void console_initialise(const struct console_actions *actions)
{
    static const struct device_operations operations = {
        .read = console_read,
        .write = console_print,
        .control = control,
    };
    static struct device device = {.name = "console", .operations = &operations};

    console.actions = actions;
    wait_queue_initialise(&console.key_waiters);
    key_queue_set_listener(on_key);
    device_add(&device);
}
