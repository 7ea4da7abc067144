/*
 * string.c - the string functions that the kernel does not need.
 */
#include <string.h>

void *memchr(const void *memory, int byte, size_t length)
{
    const unsigned char *bytes = memory;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == (unsigned char)byte) {
            return (void *)(bytes + i);
        }
    }
    return NULL;
}

char *strcpy(char *destination, const char *source)
{
    memcpy(destination, source, strlen(source) + 1);
    return destination;
}

char *strncpy(char *destination, const char *source, size_t length)
{
    size_t copied = strnlen(source, length);
    memcpy(destination, source, copied);
    memset(destination + copied, 0, length - copied);
    return destination;
}

char *strcat(char *destination, const char *source)
{
    strcpy(destination + strlen(destination), source);
    return destination;
}

char *strchr(const char *string, int character)
{
    /* The NUL counts as part of the string. */
    return memchr(string, character, strlen(string) + 1);
}

char *strrchr(const char *string, int character)
{
    for (size_t i = strlen(string) + 1; i > 0; i--) {
        if (string[i - 1] == (char)character) {
            return (char *)(string + i - 1);
        }
    }
    return NULL;
}

char *strstr(const char *string, const char *part)
{
    size_t length = strlen(part);
    for (;; string++) {
        if (strncmp(string, part, length) == 0) {
            return (char *)string;
        }
        if (*string == '\0') {
            return NULL;
        }
    }
}

size_t strspn(const char *string, const char *set)
{
    size_t length = 0;
    while (string[length] != '\0' && strchr(set, string[length]) != NULL) {
        length++;
    }
    return length;
}

size_t strcspn(const char *string, const char *set)
{
    size_t length = 0;
    while (strchr(set, string[length]) == NULL) { /* ends at the NUL, which every set has */
        length++;
    }
    return length;
}

char *strtok(char *string, const char *delimiters)
{
    static char *rest;

    if (string == NULL) {
        string = rest;
    }
    if (string == NULL) {
        return NULL;
    }
    string += strspn(string, delimiters);
    if (*string == '\0') {
        rest = NULL;
        return NULL;
    }
    char *end = string + strcspn(string, delimiters);
    rest = *end == '\0' ? NULL : end + 1;
    *end = '\0';
    return string;
}
