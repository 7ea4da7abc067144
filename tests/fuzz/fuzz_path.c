/*
 * fuzz_path.c - any string as a path: accepted exactly when the rules say so, taken apart into the
 * names that it is made of, and not read behind its NUL.
 * Sources: src/fs/path.c src/lib/string.c
 */
#include <ctype.h>

#include "fuzz.h"

#include "config.h"
#include "fs/path.h"
#include "base/status.h"

/* The rules once more, the other way round: how long a part of at most max characters is. */
static size_t part_length(const char *text, size_t max)
{
    size_t length = strcspn(text, "\"*+,./:;<=>?[\\]|");

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c == 0x7F) {
            return 0;
        }
    }
    return length <= max ? length : 0;
}

/* Checks the name at text and writes FAT's form of it; what follows it, or NULL. */
static const char *model_name(const char *text, char name[PATH_NAME_BYTES + 1])
{
    size_t base = part_length(text, 8);
    size_t extension = 0;

    if (base == 0) {
        return NULL;
    }
    if (text[base] == '.') {
        extension = part_length(text + base + 1, 3);
        if (extension == 0) {
            return NULL;
        }
    }
    snprintf(name, PATH_NAME_BYTES + 1, "%-8.*s%-3.*s", (int)base, text, (int)extension,
             text + base + 1);
    for (int i = 0; i < PATH_NAME_BYTES; i++) {
        name[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : name[i];
    }
    return text + base + (extension ? extension + 1 : 0);
}

static bool is_path(const char *text)
{
    char name[PATH_NAME_BYTES + 1];
    const char *c = text + 3;

    if (strlen(text) >= PATH_BYTES_MAX || text[0] < '0' || text[0] > '9' ||
        strncmp(text + 1, ":/", 2) != 0) {
        return false;
    }
    if (*c == '\0') {
        return true; /* the root */
    }
    for (;; c++) {
        c = model_name(c, name);
        if (!c || (*c != '\0' && *c != '/')) {
            return false;
        }
        if (*c == '\0') {
            return true;
        }
    }
}

static void check_names(const char *text, const char *rest)
{
    const char *model = text + 3;
    uint8_t name[PATH_NAME_BYTES];
    char expected[PATH_NAME_BYTES + 1];

    FUZZ_CHECK(rest == model);
    while (*model) {
        model = model_name(model, expected);
        model += *model == '/';
        FUZZ_CHECK(path_next(&rest, name) == 1);
        FUZZ_CHECK(memcmp(name, expected, PATH_NAME_BYTES) == 0);
        FUZZ_CHECK(rest == model);
    }
    FUZZ_CHECK(path_next(&rest, name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char *complete = malloc(PATH_BYTES_MAX);
    unsigned drive = 99;
    const char *rest = NULL;

    memcpy(text, data, size);
    text[size] = '\0';
    bool must_be = is_path(text);
    int status = path_open(text, &drive, &rest);
    FUZZ_CHECK(status == (must_be ? OK : -EBADPATH));
    if (status == OK) {
        FUZZ_CHECK(drive == (unsigned)(text[0] - '0'));
        check_names(text, rest);
    }

    bool has_drive = isdigit((unsigned char)text[0]) && text[1] == ':';
    const char *name = text; /* what counts of it: "/" and "./" before it are the root's */
    while (!has_drive && (strncmp(name, "/", 1) == 0 || strncmp(name, "./", 2) == 0)) {
        name += *name == '/' ? 1 : 2;
    }
    size_t length = strlen(name) + (has_drive ? 0 : 3);
    FUZZ_CHECK(path_complete(complete, text) == (length < PATH_BYTES_MAX ? OK : -EBADPATH));
    if (length < PATH_BYTES_MAX) {
        FUZZ_CHECK(strncmp(complete, has_drive ? "" : "0:/", has_drive ? 0 : 3) == 0);
        FUZZ_CHECK(strcmp(complete + (has_drive ? 0 : 3), name) == 0);
    }
    free(complete);
    free(text);
    return 0;
}

size_t fuzz_seed(unsigned number, uint8_t *data)
{
    static const char longest[] =
        "0:/12345678.123/12345678.123/12345678.123/12345678.123/12345678.123/12345678.123/"
        "12345678.123/12345678.1";
    static const char *const paths[] = {
        "0:/init.elf", "0:/",   "9:/a/b/c.d/e", "0:/ABCDEFGH.IJK/x.y", "init.elf", "0:/a..b",
        "0:/a/../b",   longest, "0:/a\x7F",     "0:/\xE5\x05.\xFF",    "0:/a /b",  "0://",
        "0:/a.",       "0:/.a",
    };

    if (number >= sizeof(paths) / sizeof(paths[0])) {
        return 0;
    }
    memcpy(data, paths[number], strlen(paths[number]));
    return strlen(paths[number]);
}
