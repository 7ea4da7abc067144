/*
 * lib/tree.h - an intrusive, balanced tree: things in an order, found, added and removed in O(log
 * n).
 *
 * An AVL tree (Adelson-Velsky and Landis, 1962): below each node, the heights of the two sides
 * differ by at most 1. A tree of n nodes is at most 1.44 log2(n) high: 24 levels for 100,000. Nodes
 * know their parents, so nothing here recurses or allocates.
 *
 * The tree compares nothing. A caller that looks for something goes down by itself,
 *
 *     for (node = tree->root; node != NULL; node = node->child[side]) { ... }
 *
 * with side 0 to what comes before the node and 1 to what comes after it. Where that loop ends, a
 * new node may be added.
 *
 * A node may keep a fact about all that is below it, such as the greatest of their sizes: the tree
 * calls `update` for each node of which something below has changed, lower ones first.
 */
#ifndef LIB_TREE_H
#define LIB_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree_node {
    struct tree_node *parent;   /* NULL: the root */
    struct tree_node *child[2]; /* before it, after it */
    uint32_t height;            /* of the nodes from here down: 1 without children */
};

/* Computes what the node keeps about itself and all below it, from itself and its children alone.
 * Returns whether that is another value now. */
typedef bool (*tree_update_t)(struct tree_node *node);

struct tree {
    struct tree_node *root;
    tree_update_t update; /* NULL: nodes keep nothing */
};

/* The struct of `type` whose member `member` is at `node`. */
#define TREE_ENTRY(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

static inline void tree_initialise(struct tree *tree, tree_update_t update)
{
    tree->root = NULL;
    tree->update = update;
}

/*
 * Adds the node, whose contents but for its links are set, as parent->child[side]. That place must
 * be empty; parent NULL: the tree must be.
 */
void tree_insert(struct tree *tree, struct tree_node *parent, unsigned side,
                 struct tree_node *node);

/* The same at the one place between two neighbours; NULL for `before` or `after`: there is none on
 * that side. */
static inline void tree_insert_between(struct tree *tree, struct tree_node *before,
                                       struct tree_node *after, struct tree_node *node)
{
    if (before != NULL && before->child[1] == NULL) {
        tree_insert(tree, before, 1, node);
    } else {
        tree_insert(tree, after, 0, node);
    }
}

/* Removes the node, which is in the tree; its own links are not defined afterwards. */
void tree_remove(struct tree *tree, struct tree_node *node);

/* To be called when what `update` asks of the node itself has changed. */
void tree_update(const struct tree *tree, struct tree_node *node);

/* The first (side 0) or last (1) node; NULL: the tree is empty. */
struct tree_node *tree_outermost(const struct tree *tree, unsigned side);

/* The node that comes directly before (side 0) or after (1) this one; NULL: none. */
struct tree_node *tree_neighbour(const struct tree_node *node, unsigned side);

static inline struct tree_node *tree_first(const struct tree *tree)
{
    return tree_outermost(tree, 0);
}

static inline struct tree_node *tree_last(const struct tree *tree)
{
    return tree_outermost(tree, 1);
}

static inline struct tree_node *tree_previous(const struct tree_node *node)
{
    return tree_neighbour(node, 0);
}

static inline struct tree_node *tree_next(const struct tree_node *node)
{
    return tree_neighbour(node, 1);
}

/*
 * Takes any node out of a tree that is to be emptied, and does not balance it: in the mean, a few
 * steps. NULL: the tree is empty. Between the first such call and NULL, no other may be made.
 */
struct tree_node *tree_dismantle(struct tree *tree);

/* For tests: do links, heights and balance agree? */
bool tree_is_sound(const struct tree *tree);

#endif
