/*
 * debug/printk.c - see printk.h.
 *
 * Formatted text goes piece by piece, as the formatter makes it, into the log and to every sink:
 * there is no line buffer to overflow, and little stack is used.
 *
 * The log is a ring of the newest LOG_BUFFER_BYTES bytes.
 *
 * Interrupts. Nothing here turns them off: a serial line takes milliseconds, and a tick would be
 * lost. An interrupt handler may printk() in the middle of another printk(); its text then lands
 * between two pieces of the interrupted one. Nothing worse can happen: space in the log is taken
 * by one atomic addition before it is filled, and interrupts nest, so each piece has a place of
 * its own; the sink list only grows, by one store. Sinks must keep to the same rule: they may mix
 * up text, but never leave their device's memory.
 *
 * Size before speed.
 */
#include "debug/printk.h"

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "base/align.h"
#include "lib/format.h"
#include "lib/string.h"

_Static_assert((LOG_BUFFER_BYTES & (LOG_BUFFER_BYTES - 1)) == 0,
               "positions in the log wrap at 2^32, which the ring's size must divide");

static struct {
    char text[LOG_BUFFER_BYTES];
    uint32_t end; /* where the next byte goes, modulo LOG_BUFFER_BYTES */
    bool is_full; /* the ring has gone round: the oldest byte is at end */
    struct printk_sink *first_sink;
} kernel_log;

static void log_append(const char *text, size_t length)
{
    if (length > LOG_BUFFER_BYTES) {
        text += length - LOG_BUFFER_BYTES;
        length = LOG_BUFFER_BYTES;
    }
    uint32_t start = __atomic_fetch_add(&kernel_log.end, (uint32_t)length, __ATOMIC_RELAXED);
    start %= LOG_BUFFER_BYTES;
    if (start + length >= LOG_BUFFER_BYTES) {
        kernel_log.is_full = true;
    }
    size_t before_wrap = MIN(length, LOG_BUFFER_BYTES - start);
    memcpy(kernel_log.text + start, text, before_wrap);
    memcpy(kernel_log.text, text + before_wrap, length - before_wrap);
}

/* Where the newest `length` bytes of the log start; length is cut to what is there. */
static uint32_t log_find_newest(size_t *length)
{
    uint32_t end = kernel_log.end % LOG_BUFFER_BYTES;
    *length = MIN(*length, kernel_log.is_full ? LOG_BUFFER_BYTES : end);
    return (end - (uint32_t)*length) % LOG_BUFFER_BYTES;
}

void console_write(const char *text, size_t length)
{
    if (length == 0) {
        return;
    }
    for (struct printk_sink *sink = kernel_log.first_sink; sink != NULL; sink = sink->next) {
        sink->write(text, length);
    }
}

size_t console_room(void)
{
    size_t bytes = SIZE_MAX;

    for (struct printk_sink *sink = kernel_log.first_sink; sink != NULL; sink = sink->next) {
        if (sink->can_take) {
            size_t its = sink->can_take();

            bytes = its < bytes ? its : bytes;
        }
    }
    return bytes;
}

static void printk_piece(void *context, const char *text, size_t length)
{
    (void)context;
    log_append(text, length);
    console_write(text, length);
}

void printk_v(const char *format, va_list arguments)
{
    format_to_sink(printk_piece, NULL, format, arguments);
}

void printk(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printk_v(format, arguments);
    va_end(arguments);
}

/* ---------------------------------------------------------------- sentences */

#define INDENTATION "  "

struct sentence {
    unsigned column;
    bool has_blank; /* one comes before the next word, unless that begins a line */
    size_t length;  /* of the word up to now */
    char word[PRINTK_COLUMNS - (sizeof(INDENTATION) - 1)];
};

static void end_word(struct sentence *sentence)
{
    if (sentence->length == 0) {
        return;
    }
    if (sentence->column + sentence->has_blank + sentence->length > PRINTK_COLUMNS) {
        printk_piece(NULL, "\n" INDENTATION, sizeof("\n" INDENTATION) - 1);
        sentence->column = sizeof(INDENTATION) - 1;
    } else if (sentence->has_blank) {
        printk_piece(NULL, " ", 1);
        sentence->column++;
    }
    printk_piece(NULL, sentence->word, sentence->length);
    sentence->column += (unsigned)sentence->length;
    sentence->length = 0;
    sentence->has_blank = false;
}

static void sentence_piece(void *context, const char *text, size_t length)
{
    struct sentence *sentence = context;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == ' ' || text[i] == '\n') {
            end_word(sentence);
            sentence->has_blank = true;
        } else {
            if (sentence->length == sizeof(sentence->word)) {
                end_word(sentence); /* longer than a line: cut where the line ends */
            }
            sentence->word[sentence->length++] = text[i];
        }
    }
}

void printk_sentence_v(unsigned column, const char *format, va_list arguments)
{
    struct sentence sentence = {.column = column};

    format_to_sink(sentence_piece, &sentence, format, arguments);
    end_word(&sentence);
    printk_piece(NULL, "\n", 1);
}

void printk_sentence(unsigned column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printk_sentence_v(column, format, arguments);
    va_end(arguments);
}

void printk_emphasise(bool is_on)
{
    for (struct printk_sink *sink = kernel_log.first_sink; sink != NULL; sink = sink->next) {
        if (sink->emphasise != NULL) {
            sink->emphasise(is_on);
        }
    }
}

/* ---------------------------------------------------------------- sinks, and the log again */

void printk_add_sink(struct printk_sink *sink)
{
    struct printk_sink **link = &kernel_log.first_sink;
    for (; *link != NULL; link = &(*link)->next) {
        if (*link == sink) {
            return;
        }
    }

    size_t length = LOG_BUFFER_BYTES;
    uint32_t start = log_find_newest(&length);
    size_t before_wrap = MIN(length, LOG_BUFFER_BYTES - start);
    if (before_wrap > 0) {
        sink->write(kernel_log.text + start, before_wrap);
    }
    if (length > before_wrap) {
        sink->write(kernel_log.text, length - before_wrap);
    }
    sink->next = NULL;
    *link = sink;
}

size_t printk_read_log(char *buffer, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t length = size - 1;
    uint32_t start = log_find_newest(&length);
    size_t before_wrap = MIN(length, LOG_BUFFER_BYTES - start);
    memcpy(buffer, kernel_log.text + start, before_wrap);
    memcpy(buffer + before_wrap, kernel_log.text, length - before_wrap);
    buffer[length] = '\0';
    return length;
}
