/*
 * process.c - what programs about processes share.
 */
#include <stdlib.h>

#include "include/drupe.h"

#define ROOM_FOR_NEW 4 /* started while the list was made */

int process_list_all(struct process_info **list)
{
    int capacity = 0;

    *list = NULL;
    for (;;) {
        int count = process_list(*list, (size_t)capacity);
        if (count <= capacity) {
            return count;
        }
        free(*list);
        capacity = count + ROOM_FOR_NEW;
        *list = calloc((size_t)capacity, sizeof(**list));
        if (*list == NULL) {
            return -ENOMEM;
        }
    }
}
