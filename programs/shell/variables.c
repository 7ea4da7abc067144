/*
 * variables.c - see variables.h.
 */
#include "variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct variable {
    struct variable *next;
    size_t length; /* of the name */
    char *text;    /* "NAME=value", or "NAME": it has no value yet; owned */
    bool is_exported;
};

static struct variable *variables;

/* The place that points to the variable, or, if it is new, where it would be: the list's end. */
static struct variable **find(const char *name, size_t length)
{
    struct variable **place = &variables;

    while (*place != NULL &&
           ((*place)->length != length || memcmp((*place)->text, name, length) != 0)) {
        place = &(*place)->next;
    }
    return place;
}

static bool has_value(const struct variable *variable)
{
    return variable->text[variable->length] == '=';
}

/* "NAME=value", or "NAME" for value NULL; NULL: there is no memory. */
static char *make_text(const char *name, size_t length, const char *value)
{
    size_t value_length = value != NULL ? strlen(value) : 0;
    char *text = malloc(length + value_length + 2);

    if (text == NULL) {
        return NULL;
    }
    memcpy(text, name, length);
    text[length] = '\0';
    if (value != NULL) {
        text[length] = '=';
        memcpy(text + length + 1, value, value_length + 1);
    }
    return text;
}

/* The variable, which is made if it is not there; NULL: there is no memory. */
static struct variable *find_or_make(const char *name, size_t length)
{
    struct variable **place = find(name, length);

    if (*place == NULL) {
        struct variable *made = calloc(1, sizeof(*made));
        char *text = make_text(name, length, NULL);

        if (made == NULL || text == NULL) {
            free(made);
            free(text);
            return NULL;
        }
        made->length = length;
        made->text = text;
        *place = made;
    }
    return *place;
}

void variables_initialise(void)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        size_t length = strcspn(*entry, "=");

        if ((*entry)[length] == '=' && variable_set(*entry, length, *entry + length + 1)) {
            (void)variable_export(*entry, length);
        }
    }
}

const char *variable_value(const char *name, size_t length)
{
    const struct variable *variable = *find(name, length);

    return variable != NULL && has_value(variable) ? variable->text + length + 1 : NULL;
}

bool variable_set(const char *name, size_t length, const char *value)
{
    char *text = make_text(name, length, value);
    struct variable *variable = text != NULL ? find_or_make(name, length) : NULL;

    if (variable == NULL) {
        free(text);
        return false;
    }
    free(variable->text);
    variable->text = text;
    return true;
}

bool variable_export(const char *name, size_t length)
{
    struct variable *variable = find_or_make(name, length);

    if (variable != NULL) {
        variable->is_exported = true;
    }
    return variable != NULL;
}

void variable_unset(const char *name, size_t length)
{
    struct variable **place = find(name, length), *variable = *place;

    if (variable != NULL) {
        *place = variable->next;
        free(variable->text);
        free(variable);
    }
}

/* Has one of the strings "NAME=value" the variable's name? */
static bool is_among(const struct variable *variable, char *const *own, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(own[i], variable->text, variable->length + 1) == 0) {
            return true;
        }
    }
    return false;
}

char **variables_environment(char *const *own, size_t count)
{
    size_t most = count;

    for (const struct variable *variable = variables; variable; variable = variable->next) {
        most++;
    }
    char **environment = malloc((most + 1) * sizeof(*environment));

    if (environment == NULL) {
        return NULL;
    }
    memcpy(environment, own, count * sizeof(*own));
    size_t used = count;

    for (const struct variable *variable = variables; variable; variable = variable->next) {
        if (variable->is_exported && has_value(variable) && !is_among(variable, own, count)) {
            environment[used++] = variable->text;
        }
    }
    environment[used] = NULL;
    return environment;
}

void variables_show_exported(void)
{
    for (const struct variable *variable = variables; variable; variable = variable->next) {
        if (variable->is_exported && has_value(variable)) {
            printf("export %.*s='%s'\n", (int)variable->length, variable->text,
                   variable->text + variable->length + 1);
        } else if (variable->is_exported) {
            printf("export %s\n", variable->text);
        }
    }
}
