/*
 * test_tree.c - the balanced tree: every order of a few insertions and removals, and long random
 * ones, each with what nodes keep about their subtrees.
 * Sources: src/lib/tree.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/align.h"
#include "lib/tree.h"

#include "random.h"

#define ITEMS_MAX 1000

/* Each keeps the greatest weight from itself down. A number of nodes would not do here: it changes
 * all the way up, whatever the tree does. */
struct item {
    struct tree_node node;
    unsigned key, weight, greatest;
};

static struct item items[ITEMS_MAX];
static unsigned updates;

static struct item *item_of(const struct tree_node *node)
{
    return TREE_ENTRY(node, struct item, node);
}

static bool update_item(struct tree_node *node)
{
    struct item *item = item_of(node);
    unsigned greatest = item->weight;

    for (unsigned side = 0; side < 2; side++) {
        if (node->child[side] != NULL) {
            greatest = MAX(greatest, item_of(node->child[side])->greatest);
        }
    }
    bool is_changed = greatest != item->greatest;
    item->greatest = greatest;
    updates++;
    return is_changed;
}

/* ---------------------------------------------------------------- the tree as a set of keys */

static void insert(struct tree *tree, unsigned key)
{
    struct tree_node *parent = NULL;
    unsigned side = 0;

    memset(&items[key].node, 0xA5, sizeof(items[key].node));
    items[key].greatest = 0;
    for (struct tree_node *node = tree->root; node != NULL; node = node->child[side]) {
        parent = node;
        side = item_of(node)->key < key;
    }
    tree_insert(tree, parent, side, &items[key].node);
}

/* The tree holds these keys and no others, in both directions, and all that nodes keep is right. */
static void assert_tree_is(const struct tree *tree, const bool *is_in, unsigned keys)
{
    const struct tree_node *node = tree_first(tree);

    assert_true(tree_is_sound(tree));
    for (unsigned key = 0; key < keys; key++) {
        if (is_in[key]) {
            assert_ptr_equal(node, &items[key].node);
            node = tree_next(node);
        }
    }
    assert_null(node);
    node = tree_last(tree);
    for (unsigned key = keys; key-- > 0;) {
        if (is_in[key]) {
            struct item copy = items[key];

            assert_ptr_equal(node, &items[key].node);
            if (tree->update != NULL) {
                assert_false(update_item(&copy.node));
            }
            node = tree_previous(node);
        }
    }
    assert_null(node);
}

static void initialise_items(unsigned count)
{
    for (unsigned key = 0; key < count; key++) {
        items[key] = (struct item){.key = key, .weight = random_below(20)};
    }
}

/* ---------------------------------------------------------------- tests */

static void an_empty_tree_has_no_nodes(void **state)
{
    struct tree tree;

    (void)state;
    tree_initialise(&tree, NULL);
    assert_null(tree_first(&tree));
    assert_null(tree_last(&tree));
    assert_null(tree_dismantle(&tree));
    assert_true(tree_is_sound(&tree));
}

/* The permutation of that number, of 0 to count - 1. */
static void permute(unsigned *order, unsigned count, unsigned number)
{
    for (unsigned i = 0; i < count; i++) {
        order[i] = i;
    }
    for (unsigned i = count; i > 1; i--) {
        unsigned other = number % i, key = order[i - 1];

        order[i - 1] = order[other];
        order[other] = key;
        number /= i;
    }
}

#define FEW        7
#define FEW_ORDERS 5040

static void every_order_of_7_insertions_and_every_first_removal(void **state)
{
    unsigned order[FEW];

    (void)state;
    initialise_items(FEW);
    for (unsigned number = 0; number < FEW_ORDERS; number++) {
        permute(order, FEW, number);
        for (unsigned removed = 0; removed < FEW; removed++) {
            bool is_in[FEW] = {false};
            struct tree tree;

            tree_initialise(&tree, update_item);
            for (unsigned i = 0; i < FEW; i++) {
                insert(&tree, order[i]);
                is_in[order[i]] = true;
                assert_tree_is(&tree, is_in, FEW);
            }
            tree_remove(&tree, &items[removed].node);
            is_in[removed] = false;
            assert_tree_is(&tree, is_in, FEW);
        }
    }
}

static void every_order_of_7_removals(void **state)
{
    unsigned order[FEW];

    (void)state;
    initialise_items(FEW);
    for (unsigned number = 0; number < FEW_ORDERS; number++) {
        bool is_in[FEW] = {false};
        struct tree tree;

        tree_initialise(&tree, update_item);
        for (unsigned i = 0; i < FEW; i++) {
            insert(&tree, i);
            is_in[i] = true;
        }
        permute(order, FEW, number);
        for (unsigned i = 0; i < FEW; i++) {
            tree_remove(&tree, &items[order[i]].node);
            is_in[order[i]] = false;
            assert_tree_is(&tree, is_in, FEW);
        }
    }
}

static void random_operations(struct tree *tree, unsigned operations)
{
    bool is_in[ITEMS_MAX] = {false};

    initialise_items(ITEMS_MAX);
    for (unsigned i = 0; i < operations; i++) {
        /* Full and empty by turns. */
        bool fills = i / (4 * ITEMS_MAX) % 2 == 0;
        unsigned key = random_below(ITEMS_MAX);

        if (!is_in[key] && random_below(8) < (fills ? 7 : 1)) {
            insert(tree, key);
            is_in[key] = true;
        } else if (is_in[key] && tree->update != NULL && random_below(4) == 0) {
            items[key].weight = random_below(20);
            tree_update(tree, &items[key].node);
        } else if (is_in[key] && random_below(8) < (fills ? 1 : 7)) {
            tree_remove(tree, &items[key].node);
            is_in[key] = false;
        }
        if (i % 16 == 0) {
            assert_tree_is(tree, is_in, ITEMS_MAX);
        }
    }
}

static void random_operations_with_updates(void **state)
{
    struct tree tree;

    (void)state;
    tree_initialise(&tree, update_item);
    random_operations(&tree, 100000);
}

static void random_operations_without_updates(void **state)
{
    struct tree tree;

    (void)state;
    updates = 0;
    tree_initialise(&tree, NULL);
    random_operations(&tree, 30000);
    assert_int_equal(updates, 0);
}

/* Ascending is the worst order for a tree that does not balance. */
static void a_tree_of_1000_in_order_is_low(void **state)
{
    struct tree tree;

    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        tree_initialise(&tree, update_item);
        initialise_items(ITEMS_MAX);
        for (unsigned i = 0; i < ITEMS_MAX; i++) {
            insert(&tree, side == 0 ? i : ITEMS_MAX - 1 - i);
        }
        assert_int_equal(tree.root->height, 10);
    }
}

static void an_update_stops_where_nothing_changes(void **state)
{
    struct tree tree;

    (void)state;
    tree_initialise(&tree, update_item);
    initialise_items(ITEMS_MAX);
    for (unsigned i = 0; i < ITEMS_MAX; i++) {
        items[i].weight = i == 500 ? 99 : 1;
        insert(&tree, i);
    }
    updates = 0;
    tree_update(&tree, tree_first(&tree));
    assert_int_equal(updates, 1);
    items[0].weight = 2;
    tree_update(&tree, tree_first(&tree));
    assert_true(updates > 2 && updates < 2 + tree.root->height);
    updates = 0;
    items[0].weight = 100;
    tree_update(&tree, tree_first(&tree));
    assert_int_equal(item_of(tree.root)->greatest, 100);
}

static void a_node_goes_between_its_neighbours(void **state)
{
    bool is_in[ITEMS_MAX] = {false};
    struct tree tree;

    (void)state;
    tree_initialise(&tree, update_item);
    initialise_items(ITEMS_MAX);
    for (unsigned i = 0; i < ITEMS_MAX; i++) {
        unsigned key = i * 387 % ITEMS_MAX; /* each once */
        struct tree_node *before = NULL, *after = NULL;

        for (unsigned j = 0; j < ITEMS_MAX; j++) {
            if (j < key && is_in[j]) {
                before = &items[j].node;
            } else if (is_in[j] && after == NULL) {
                after = &items[j].node;
            }
        }
        tree_insert_between(&tree, before, after, &items[key].node);
        is_in[key] = true;
    }
    assert_tree_is(&tree, is_in, ITEMS_MAX);
}

static void dismantling_gives_each_node_once(void **state)
{
    struct tree tree;
    unsigned count = 0;

    (void)state;
    tree_initialise(&tree, update_item);
    initialise_items(ITEMS_MAX);
    for (unsigned i = 0; i < ITEMS_MAX; i++) {
        insert(&tree, i * 387 % ITEMS_MAX);
    }
    for (struct tree_node *node; (node = tree_dismantle(&tree)) != NULL; count++) {
        assert_true(item_of(node)->key < ITEMS_MAX);
        item_of(node)->key = ITEMS_MAX;
        memset(node, 0xA5, sizeof(*node)); /* as good as freed */
    }
    assert_int_equal(count, ITEMS_MAX);
    assert_null(tree_first(&tree));
}

static void the_checker_notices_damage(void **state)
{
    struct tree tree;

    (void)state;
    tree_initialise(&tree, NULL);
    initialise_items(20);
    for (unsigned i = 0; i < 20; i++) {
        insert(&tree, i);
    }
    for (unsigned i = 0; i < 20; i++) {
        struct tree_node *node = &items[i].node, saved = *node;

        node->height++;
        assert_false(tree_is_sound(&tree));
        *node = saved;
    }
    /* Too high on one side: 0 with 1 below it, and 2 below that. */
    tree_initialise(&tree, NULL);
    items[0].node = (struct tree_node){.child = {NULL, &items[1].node}, .height = 3};
    items[1].node = (struct tree_node){&items[0].node, {NULL, &items[2].node}, 2};
    items[2].node = (struct tree_node){&items[1].node, {NULL, NULL}, 1};
    tree.root = &items[0].node;
    assert_false(tree_is_sound(&tree));
    /* Another parent. */
    items[0].node = (struct tree_node){.child = {NULL, &items[1].node}, .height = 2};
    items[1].node = (struct tree_node){&items[0].node, {NULL, NULL}, 1};
    assert_true(tree_is_sound(&tree));
    items[1].node.parent = &items[2].node;
    assert_false(tree_is_sound(&tree));
    items[1].node.parent = &items[0].node;
    items[0].node.parent = &items[2].node;
    assert_false(tree_is_sound(&tree));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_tree_has_no_nodes),
        cmocka_unit_test(every_order_of_7_insertions_and_every_first_removal),
        cmocka_unit_test(every_order_of_7_removals),
        cmocka_unit_test(random_operations_with_updates),
        cmocka_unit_test(random_operations_without_updates),
        cmocka_unit_test(a_tree_of_1000_in_order_is_low),
        cmocka_unit_test(an_update_stops_where_nothing_changes),
        cmocka_unit_test(a_node_goes_between_its_neighbours),
        cmocka_unit_test(dismantling_gives_each_node_once),
        cmocka_unit_test(the_checker_notices_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
