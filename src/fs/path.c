/*
 * fs/path.c - see path.h. A trailing slash, an empty name, "." and ".." are not accepted: there is
 * one way to write each path.
 *
 * Size before speed.
 */
#include "fs/path.h"

#include <stdbool.h>

#include "config.h"
#include "lib/string.h"
#include "base/status.h"

#define BASE_CHARACTERS      8
#define EXTENSION_CHARACTERS 3

/* Microsoft's FAT specification, section 6.1. */
static bool is_name_character(char c)
{
    static const char forbidden[] = "\"*+,./:;<=>?[\\]|";
    unsigned char byte = (unsigned char)c;

    if (byte <= ' ' || byte == 0x7F) {
        return false;
    }
    for (const char *f = forbidden; *f; f++) {
        if (c == *f) {
            return false;
        }
    }
    return true;
}

/* Copies the characters up to stop characters into name, in capitals. Returns how many, or
 * -EBADPATH when there are more than max or a forbidden one. */
static int take_characters(const char **from, uint8_t *name, int max)
{
    int count = 0;

    while (**from && **from != '/' && **from != '.') {
        if (count == max || !is_name_character(**from)) {
            return -EBADPATH;
        }
        name[count++] = (uint8_t)char_to_upper(**from);
        (*from)++;
    }
    return count;
}

int path_next(const char **rest, uint8_t name[PATH_NAME_BYTES])
{
    const char *c = *rest;

    if (*c == '\0') {
        return 0;
    }
    memset(name, ' ', PATH_NAME_BYTES);
    if (take_characters(&c, name, BASE_CHARACTERS) <= 0) {
        return -EBADPATH;
    }
    if (*c == '.') {
        c++;
        if (take_characters(&c, name + BASE_CHARACTERS, EXTENSION_CHARACTERS) <= 0) {
            return -EBADPATH;
        }
    }
    if (*c == '/') {
        c++;
        if (*c == '\0') {
            return -EBADPATH;
        }
    } else if (*c != '\0') {
        return -EBADPATH;
    }
    *rest = c;
    return 1;
}

int path_open(const char *path, unsigned *drive, const char **rest)
{
    uint8_t name[PATH_NAME_BYTES];
    const char *c;
    int status;

    if (strnlen(path, PATH_BYTES_MAX) == PATH_BYTES_MAX || !char_is_digit(path[0]) ||
        path[1] != ':' || path[2] != '/') {
        return -EBADPATH;
    }
    c = path + 3;
    while ((status = path_next(&c, name)) == 1) {
    }
    if (status < 0) {
        return status;
    }
    *drive = (unsigned)(path[0] - '0');
    *rest = path + 3;
    return OK;
}

int path_complete(char *path, const char *name)
{
    size_t used = 0;

    if (!(char_is_digit(name[0]) && name[1] == ':')) {
        used = string_copy(path, "0:/", PATH_BYTES_MAX);
        while (*name == '/' || (name[0] == '.' && name[1] == '/')) {
            name++;
        }
    }
    return used + string_copy(path + used, name, PATH_BYTES_MAX - used) < PATH_BYTES_MAX
               ? OK
               : -EBADPATH;
}
