/*
 * base/list.h - an intrusive, circular, doubly linked list.
 *
 * A struct that wants to be on a list holds a `struct list_node`; a list is a
 * node of its own, the head, which links to itself when empty. Adding and
 * removing are O(1) and need no memory. A node that is on no list links to
 * itself, so list_remove() of it is harmless.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next;
    struct list_node *previous;
};

/* The struct of `type` whose member `member` is at `node`. */
#define LIST_ENTRY(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

/* Walks the list; the body may not remove the current node. */
/* NOLINTBEGIN(bugprone-macro-parentheses): node is a name that is declared here */
#define LIST_FOR_EACH(node, head) \
    for (struct list_node *node = (head)->next; node != (head); node = node->next)
/* NOLINTEND(bugprone-macro-parentheses) */

static inline void list_initialise(struct list_node *node)
{
    node->next = node;
    node->previous = node;
}

static inline bool list_is_empty(const struct list_node *head)
{
    return head->next == head;
}

static inline void list_add_after(struct list_node *position, struct list_node *node)
{
    node->next = position->next;
    node->previous = position;
    position->next->previous = node;
    position->next = node;
}

/* Appends node at the end of the list. */
static inline void list_append(struct list_node *head, struct list_node *node)
{
    list_add_after(head->previous, node);
}

static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_initialise(node);
}

/* The first node, taken off the list, or NULL. */
static inline struct list_node *list_take_first(struct list_node *head)
{
    if (list_is_empty(head)) {
        return NULL;
    }
    struct list_node *node = head->next;
    list_remove(node);
    return node;
}

#endif
