/*
 * fat_model.h - a tree of files in memory that is changed together with a FAT volume, and compared
 * with it: for tests of src/fs/fat/.
 */
#ifndef FAT_MODEL_H
#define FAT_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "fs/fat/commit.h"
#include "fs/fat/mount.h"
#include "fs/fat/tree.h"

#include "random.h"

#define MODEL_ITEMS 48
#define MODEL_ROOT  0
#define MODEL_NONE  (-1)
#define MODEL_NOW   1700000000

struct model_item {
    bool is_used, is_folder;
    int parent;
    char name[256];
    uint8_t *data;
    uint32_t size;
};

struct model {
    struct fat_volume *volume;
    struct model_item items[MODEL_ITEMS];
    uint32_t largest; /* bytes that a write or a resize reaches to */
};

#define MODEL_CHECK(condition)                                                        \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                  \
        }                                                                             \
    } while (0)

static inline void model_create(struct model *model, struct fat_volume *volume, uint32_t largest)
{
    memset(model, 0, sizeof(*model));
    model->volume = volume;
    model->largest = largest;
    model->items[MODEL_ROOT] =
        (struct model_item){.is_used = true, .is_folder = true, .parent = MODEL_NONE};
}

static inline void model_destroy(struct model *model)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        free(model->items[i].data);
    }
}

/* The volume's file of an item. To be forgotten. */
static inline void model_open(struct model *model, int item, struct fat_file *file)
{
    struct fat_file folder;

    if (item == MODEL_ROOT) {
        fat_root(model->volume, file);
        return;
    }
    model_open(model, model->items[item].parent, &folder);
    const char *name = model->items[item].name;
    int status = fat_look_up(model->volume, &folder, name, strlen(name), file);
    fat_forget(model->volume, &folder);
    if (status != OK) {
        fprintf(stderr, "'%s' is not found: %d\n", name, status);
        abort();
    }
}

static inline int model_find(const struct model *model, int parent, const char *name)
{
    uint16_t a[FAT_NAME_UNITS_MAX], b[FAT_NAME_UNITS_MAX];
    int length = fat_name_units(name, strlen(name), a);

    for (int i = 1; i < MODEL_ITEMS; i++) {
        if (model->items[i].is_used && model->items[i].parent == parent &&
            fat_name_units(model->items[i].name, strlen(model->items[i].name), b) == length) {
            int same = 0;
            while (same < length && fat_fold(a[same]) == fat_fold(b[same])) {
                same++;
            }
            if (same == length) {
                return i;
            }
        }
    }
    return MODEL_NONE;
}

/* A random item that is in use: a folder, a file, or MODEL_NONE. */
static inline int model_pick(const struct model *model, bool is_folder)
{
    for (int tries = 0; tries < 200; tries++) {
        int i = (int)random_below(MODEL_ITEMS);
        if (model->items[i].is_used && model->items[i].is_folder == is_folder) {
            return i;
        }
    }
    return is_folder ? MODEL_ROOT : MODEL_NONE;
}

static inline int model_new_item(const struct model *model)
{
    for (int i = 1; i < MODEL_ITEMS; i++) {
        if (!model->items[i].is_used) {
            return i;
        }
    }
    return MODEL_NONE;
}

static inline void model_name(char name[256])
{
    static const char *const forms[] = {
        "F%u.TXT",
        "low%u.txt",
        "Mixed%u.Txt",
        "A long name, number %u.text",
        "gr\xC3\xBC\xC3\x9F"
        "e %u.d",
        "\xE6\x97\xA5\xE6\x9C\xAC%u",
        ".hidden%u",
        "two.dots.%u",
        "The quite long name of a file which takes up a whole row of slots, for it has a lot of "
        "characters in it, and then %u.html",
    };

    snprintf(name, 256, forms[random_below(sizeof(forms) / sizeof(forms[0]))], random_below(12));
}

static inline int model_depth(const struct model *model, int item)
{
    return item == MODEL_ROOT ? 0 : 1 + model_depth(model, model->items[item].parent);
}

static inline bool model_is_below(const struct model *model, int item, int folder)
{
    for (; item != MODEL_NONE; item = model->items[item].parent) {
        if (item == folder) {
            return true;
        }
    }
    return false;
}

static inline bool model_is_empty(const struct model *model, int folder)
{
    for (int i = 1; i < MODEL_ITEMS; i++) {
        if (model->items[i].is_used && model->items[i].parent == folder) {
            return false;
        }
    }
    return true;
}

static inline void model_make(struct model *model, bool is_folder)
{
    int item = model_new_item(model), parent = model_pick(model, true);
    struct fat_file folder, file;
    char name[256];

    model_name(name);
    if (item == MODEL_NONE || model_depth(model, parent) > 5) {
        return;
    }
    model_open(model, parent, &folder);
    bool is_there = model_find(model, parent, name) != MODEL_NONE;
    int status = fat_create(model->volume, &folder, name, strlen(name),
                            is_folder ? FAT_DIRECTORY : FAT_ARCHIVE, MODEL_NOW, &file);
    MODEL_CHECK((status == -EEXISTS) == is_there &&
                (status == OK || status == -ENOSPACE || is_there));
    if (status == OK) {
        struct model_item *made = &model->items[item];
        *made = (struct model_item){.is_used = true, .is_folder = is_folder, .parent = parent};
        strcpy(made->name, name);
        fat_forget(model->volume, &file);
    }
    fat_forget(model->volume, &folder);
}

static inline void model_set_size(struct model_item *item, uint32_t size)
{
    item->data = realloc(item->data, size + 1);
    if (size > item->size) {
        memset(item->data + item->size, 0, size - item->size);
    }
    item->size = size;
}

static inline void model_write(struct model *model)
{
    int item = model_pick(model, false);
    struct fat_file file;

    if (item == MODEL_NONE) {
        return;
    }
    struct model_item *it = &model->items[item];
    uint32_t position = random_below(3) ? random_below(it->size + 1) : random_below(model->largest);
    uint32_t length = random_below(model->largest / 2);
    uint8_t *data = malloc(length + 1);
    for (uint32_t i = 0; i < length; i++) {
        data[i] = (uint8_t)random_below(256);
    }
    model_open(model, item, &file);
    int status = fat_file_write(model->volume, &file, position, data, length);
    MODEL_CHECK(status == OK || status == -ENOSPACE);
    if (status == OK && length > 0) {
        if (position + length > it->size) {
            model_set_size(it, position + length);
        }
        memcpy(it->data + position, data, length);
    }
    MODEL_CHECK(file.size == it->size);
    fat_forget(model->volume, &file);
    free(data);
}

static inline void model_resize(struct model *model)
{
    int item = model_pick(model, false);
    struct fat_file file;

    if (item == MODEL_NONE) {
        return;
    }
    struct model_item *it = &model->items[item];
    uint32_t size = random_below(4) ? random_below(it->size + 1) : random_below(model->largest);
    size = random_below(5) ? size : 0;
    model_open(model, item, &file);
    int status = fat_file_resize(model->volume, &file, size);
    MODEL_CHECK(status == OK || (status == -ENOSPACE && size > it->size));
    if (status == OK) {
        model_set_size(it, size);
    }
    MODEL_CHECK(file.size == it->size);
    fat_forget(model->volume, &file);
}

static inline void model_drop(struct model *model, int item)
{
    free(model->items[item].data);
    model->items[item] = (struct model_item){0};
}

static inline void model_remove(struct model *model)
{
    int item = model_pick(model, random_below(3) == 0);
    struct fat_file folder, file;

    if (item == MODEL_NONE || item == MODEL_ROOT) {
        return;
    }
    struct model_item *it = &model->items[item];
    model_open(model, it->parent, &folder);
    model_open(model, item, &file);
    bool is_empty = model_is_empty(model, item);
    int status = fat_remove(model->volume, &folder, &file);
    MODEL_CHECK(status == (is_empty ? OK : -ENOTEMPTY));
    fat_forget(model->volume, &file);
    fat_forget(model->volume, &folder);
    if (status == OK) {
        model_drop(model, item);
    }
}

static inline void model_rename(struct model *model)
{
    int item = model_pick(model, random_below(3) == 0), to = model_pick(model, true);
    struct fat_file folder, file, new_folder, replaced;
    char name[256];

    if (item == MODEL_NONE || item == MODEL_ROOT) {
        return;
    }
    struct model_item *it = &model->items[item];
    model_name(name);
    if (random_below(2)) {
        to = it->parent;
    }
    if (model_depth(model, to) > 5) {
        return;
    }
    int there = model_find(model, to, name);
    if ((there != MODEL_NONE && model->items[there].is_folder != it->is_folder) ||
        (it->is_folder && model_is_below(model, to, item))) {
        return; /* the VFS has refused it */
    }
    model_open(model, it->parent, &folder);
    model_open(model, item, &file);
    model_open(model, to, &new_folder);
    if (there != MODEL_NONE && there != item) {
        model_open(model, there, &replaced);
    }
    int expected =
        there != MODEL_NONE && there != item && !model_is_empty(model, there) ? -ENOTEMPTY : OK;
    int status = fat_rename(model->volume, &folder, &file, &new_folder, name, strlen(name),
                            there == MODEL_NONE ? NULL
                            : there == item     ? &file
                                                : &replaced);
    MODEL_CHECK(status == expected || status == -ENOSPACE);
    if (there != MODEL_NONE && there != item) {
        fat_forget(model->volume, &replaced);
    }
    if (status == OK) {
        if (there != MODEL_NONE && there != item) {
            strcpy(name, model->items[there].name); /* it keeps its spelling */
            model_drop(model, there);
        }
        strcpy(it->name, name);
        it->parent = to;
    }
    fat_forget(model->volume, &new_folder);
    fat_forget(model->volume, &file);
    fat_forget(model->volume, &folder);
}

static inline void model_step(struct model *model)
{
    switch (random_below(10)) {
    case 0:
    case 1: model_make(model, false); break;
    case 2: model_make(model, true); break;
    case 3:
    case 4:
    case 5: model_write(model); break;
    case 6: model_resize(model); break;
    case 7: model_remove(model); break;
    default: model_rename(model); break;
    }
}

/* Has the volume what the model has, and nothing else? */
static inline void model_compare(struct model *model)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        const struct model_item *it = &model->items[i];
        struct fat_file file;

        if (!it->is_used) {
            continue;
        }
        model_open(model, i, &file);
        MODEL_CHECK(file.is_folder == it->is_folder && file.size == it->size);
        if (it->is_folder) {
            struct fat_folder reader = {.first_cluster = file.first_cluster};
            struct fat_found found;
            char name[FAT_TEXT_BYTES];
            uint32_t index = 0;
            int status, count = 0;

            while ((status = fat_folder_next(model->volume, &reader, &index, &found)) == 1) {
                if (fat_entry_is_dot(&found.entry)) {
                    continue;
                }
                fat_found_name(model->volume, &found, name);
                int item = model_find(model, i, name);
                MODEL_CHECK(item != MODEL_NONE && strcmp(model->items[item].name, name) == 0);
                count++;
            }
            MODEL_CHECK(status == 0);
            for (int j = 1; j < MODEL_ITEMS; j++) {
                count -= model->items[j].is_used && model->items[j].parent == i;
            }
            MODEL_CHECK(count == 0);
        } else if (it->size > 0) {
            uint8_t *data = malloc(it->size);

            MODEL_CHECK(fat_file_read(model->volume, &file, 0, data, it->size) == OK);
            MODEL_CHECK(memcmp(data, it->data, it->size) == 0);
            free(data);
        }
        fat_forget(model->volume, &file);
    }
}

#endif
