/*
 * lib/tree.c - an intrusive, balanced tree (tree.h has the idea).
 *
 * Each change is made at some place, and restore() then goes up from there. It goes on as long as
 * the height of a subtree, or what its top keeps, is another one than before: what is above cannot
 * notice anything else.
 */
#include "lib/tree.h"

#include "base/align.h"

static inline uint32_t height_of(const struct tree_node *node)
{
    return node != NULL ? node->height : 0;
}

/* Computes what the node keeps about its subtree. Returns whether that is something else now. */
static bool refresh(const struct tree *tree, struct tree_node *node)
{
    uint32_t height = 1 + MAX(height_of(node->child[0]), height_of(node->child[1]));
    bool is_changed = height != node->height;

    node->height = height;
    return (tree->update != NULL && tree->update(node)) || is_changed;
}

/* Lets the parent of `old` have `new`, which may be NULL, in its place. */
static void replace(struct tree *tree, const struct tree_node *old, struct tree_node *new)
{
    struct tree_node *parent = old->parent;

    if (parent == NULL) {
        tree->root = new;
    } else {
        parent->child[parent->child[1] == old] = new;
    }
    if (new != NULL) {
        new->parent = parent;
    }
}

static void set_child(struct tree_node *node, unsigned side, struct tree_node *child)
{
    node->child[side] = child;
    if (child != NULL) {
        child->parent = node;
    }
}

/*
 * The node's child on that side comes up into its place, here for side 0. Returns it.
 *
 *          node           up
 *          /  \          /  \
 *        up    c   ->   a   node
 *       /  \                /  \
 *      a    b              b    c
 */
static struct tree_node *rotate(struct tree *tree, struct tree_node *node, unsigned side)
{
    struct tree_node *up = node->child[side];

    replace(tree, node, up);
    set_child(node, side, up->child[!side]);
    set_child(up, !side, node);
    refresh(tree, node);
    refresh(tree, up);
    return up;
}

/* The node is too high by one on that side. Returns what is in its place afterwards. */
static struct tree_node *balance(struct tree *tree, struct tree_node *node, unsigned side)
{
    struct tree_node *high = node->child[side];

    if (height_of(high->child[!side]) > height_of(high->child[side])) {
        rotate(tree, high, !side);
    }
    return rotate(tree, node, side);
}

/* Balances and refreshes from the node upwards; NULL: nothing is above. */
static void restore(struct tree *tree, struct tree_node *node)
{
    while (node != NULL) {
        uint32_t before = height_of(node->child[0]);
        uint32_t after = height_of(node->child[1]);

        if (before > after + 1 || after > before + 1) {
            node = balance(tree, node, after > before);
        } else if (!refresh(tree, node)) {
            return;
        }
        node = node->parent;
    }
}

void tree_insert(struct tree *tree, struct tree_node *parent, unsigned side, struct tree_node *node)
{
    *node = (struct tree_node){.parent = parent};
    if (parent == NULL) {
        tree->root = node;
    } else {
        parent->child[side] = node;
    }
    restore(tree, node);
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    if (node->child[0] == NULL || node->child[1] == NULL) {
        replace(tree, node, node->child[node->child[0] == NULL]);
        restore(tree, node->parent);
        return;
    }
    /* The next node has no child before it. It moves here, with this one's height: seen from above
     * it is the same subtree. */
    struct tree_node *heir = tree_next(node);
    struct tree_node *lowest = heir->parent == node ? heir : heir->parent;

    replace(tree, heir, heir->child[1]);
    replace(tree, node, heir);
    set_child(heir, 0, node->child[0]);
    set_child(heir, 1, node->child[1]);
    heir->height = node->height;
    restore(tree, lowest);
    /* What the heir keeps is from its old place: that it is the same now says nothing. */
    if (tree->update != NULL) {
        tree->update(heir);
        tree_update(tree, heir->parent);
    }
}

void tree_update(const struct tree *tree, struct tree_node *node)
{
    while (node != NULL && tree->update(node)) {
        node = node->parent;
    }
}

/* The outermost node on that side of the subtree. */
static struct tree_node *outermost(struct tree_node *node, unsigned side)
{
    while (node->child[side] != NULL) {
        node = node->child[side];
    }
    return node;
}

struct tree_node *tree_outermost(const struct tree *tree, unsigned side)
{
    return tree->root != NULL ? outermost(tree->root, side) : NULL;
}

struct tree_node *tree_neighbour(const struct tree_node *node, unsigned side)
{
    struct tree_node *parent = node->parent;

    if (node->child[side] != NULL) {
        return outermost(node->child[side], !side);
    }
    while (parent != NULL && parent->child[side] == node) {
        node = parent;
        parent = node->parent;
    }
    return parent;
}

/* The root says where to go on: from there down are leaves, and the way up is still known. */
struct tree_node *tree_dismantle(struct tree *tree)
{
    struct tree_node *node = tree->root;

    if (node == NULL) {
        return NULL;
    }
    while (node->child[0] != NULL || node->child[1] != NULL) {
        node = node->child[node->child[0] == NULL];
    }
    tree->root = node->parent;
    if (node->parent != NULL) {
        node->parent->child[node->parent->child[1] == node] = NULL;
    }
    return node;
}

static bool node_is_sound(const struct tree_node *node)
{
    uint32_t before = height_of(node->child[0]);
    uint32_t after = height_of(node->child[1]);

    for (unsigned side = 0; side < 2; side++) {
        if (node->child[side] != NULL && node->child[side]->parent != node) {
            return false;
        }
    }
    return node->height == 1 + MAX(before, after) && before <= after + 1 && after <= before + 1;
}

bool tree_is_sound(const struct tree *tree)
{
    if (tree->root != NULL && tree->root->parent != NULL) {
        return false;
    }
    for (const struct tree_node *node = tree_first(tree); node != NULL; node = tree_next(node)) {
        if (!node_is_sound(node)) {
            return false;
        }
    }
    return true;
}
