/*
 * test_family.c - what families are charged, and what they are refused: limits of one and of all,
 * the base that each has, the reserve, and that everything comes back.
 *
 * Sources: src/process/family.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "process/family.h"

/* ---------------------------------------------------------------- what is below */

static struct {
    struct pmm_stats pages;
    bool has_no_memory;
    unsigned objects;
    unsigned panics;
    jmp_buf after_panic;
} below;

void pmm_get_stats(struct pmm_stats *stats)
{
    *stats = below.pages;
}

void *kmem_zalloc(size_t size)
{
    void *object = below.has_no_memory ? NULL : calloc(1, size);

    below.objects += object != NULL;
    return object;
}

void kmem_free(void *object)
{
    below.objects--;
    free(object);
}

void task_group_initialise(struct task_group *group)
{
    list_initialise(&group->queue);
    list_initialise(&group->runnable);
}

void task_group_end(struct task_group *group)
{
    assert_true(list_is_empty(&group->runnable));
}

void panic(const char *format, ...) __attribute__((noreturn));
void panic(const char *format, ...)
{
    (void)format;
    below.panics++;
    longjmp(below.after_panic, 1);
}

/* ---------------------------------------------------------------- helpers */

#define PAGES_OF_128_MIB 28628
#define POOL_KERNEL      1600

static int with_pages(size_t total, size_t pool_kernel)
{
    below.pages = (struct pmm_stats){.total = total, .pool_kernel = pool_kernel};
    below.has_no_memory = false;
    below.objects = 0;
    family_initialise();
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    return with_pages(PAGES_OF_128_MIB, POOL_KERNEL);
}

static struct family *make(bool is_in_front)
{
    struct family *family = family_new(is_in_front);

    if (family) {
        family_join(family);
    }
    return family;
}

/* Takes all of a kind that the family gets; how much that is. */
static uint32_t take_all(struct family *family, enum family_kind kind)
{
    uint32_t count = family_room(family, kind);

    assert_true(family_charge(family, kind, count));
    assert_int_equal(family_room(family, kind), 0);
    assert_false(family_charge(family, kind, 1));
    return count;
}

static void end(struct family *family)
{
    for (int kind = 0; kind < FAMILY_KINDS; kind++) {
        family_give_back(family, kind, family->used[kind]);
    }
    family_leave(family);
}

/* ---------------------------------------------------------------- tests */

static void test_init_has_no_limit(void **state)
{
    struct family *init = family_of_init();

    (void)state;
    assert_int_equal(init->number, 0);
    for (int kind = 0; kind < FAMILY_KINDS; kind++) {
        assert_true(family_charge(init, kind, PAGES_OF_128_MIB));
        assert_int_equal(init->used[kind], PAGES_OF_128_MIB);
        family_give_back(init, kind, PAGES_OF_128_MIB);
        assert_int_equal(init->used[kind], 0);
    }
    family_join(init);
    family_leave(init);
    assert_ptr_equal(family_of_init(), init);
}

static void test_one_family_gets_its_share_and_no_more(void **state)
{
    struct family *family = make(false);

    (void)state;
    for (int kind = 0; kind < FAMILY_KINDS; kind++) {
        uint32_t room = family_room(family, kind);

        assert_false(family_charge(family, kind, room + 1));
        assert_int_equal(family->used[kind], 0);
        assert_int_equal(take_all(family, kind), room);
        family_give_back(family, kind, 1);
        assert_int_equal(family_room(family, kind), 1);
    }
    assert_true(family->used[FAMILY_PAGES] > PAGES_OF_128_MIB * 3 / 4);
    end(family);
    assert_int_equal(below.objects, 0);
}

/* However many there are and however greedy: the reserve is init's family's, and a job in front
 * still gets what it takes to start ps. */
static void test_all_families_together_leave_the_reserve(void **state)
{
    enum { MANY = 1000 };
    static struct family *families[MANY];
    uint32_t taken[FAMILY_KINDS] = {0};
    int count = 0;

    (void)state;
    while (count < MANY && (families[count] = make(false)) != NULL) {
        for (int kind = 0; kind < FAMILY_KINDS; kind++) {
            taken[kind] += take_all(families[count], kind);
        }
        count++;
    }
    assert_true(count >= 2 && count < MANY);
    assert_true(taken[FAMILY_PAGES] <=
                PAGES_OF_128_MIB - POOL_KERNEL - 1024 - PAGES_OF_128_MIB / FAMILY_INIT_FRACTION);
    assert_true(taken[FAMILY_PAGES] > PAGES_OF_128_MIB * 3 / 4);
    assert_true(taken[FAMILY_PROCESSES] <= PAGES_OF_128_MIB / FAMILY_PAGES_A_PROCESS);

    struct family *front[FAMILY_FRONT_JOBS];
    for (int i = 0; i < FAMILY_FRONT_JOBS; i++) {
        front[i] = make(true);
        assert_non_null(front[i]);
        assert_true(family_charge(front[i], FAMILY_PAGES, FAMILY_BASE_PAGES));
        assert_true(family_charge(front[i], FAMILY_PROCESSES, FAMILY_BASE_PROCESSES));
        assert_false(family_charge(front[i], FAMILY_PAGES, 1));
    }
    for (int i = 0; i < FAMILY_FRONT_JOBS; i++) {
        end(front[i]);
    }
    while (count > 0) {
        end(families[--count]);
    }
    assert_int_equal(below.objects, 0);
    struct family *again = make(false); /* all of it is back */
    assert_true(take_all(again, FAMILY_PAGES) > PAGES_OF_128_MIB * 3 / 4);
    end(again);
}

/* No other family can take a family's base. */
static void test_the_base_is_there_whatever_others_take(void **state)
{
    struct family *modest = make(false), *greedy = make(false), *greedier = make(false);

    (void)state;
    for (int kind = 0; kind < FAMILY_KINDS; kind++) {
        take_all(greedy, kind);
        take_all(greedier, kind);
    }
    assert_int_equal(take_all(modest, FAMILY_PAGES), FAMILY_BASE_PAGES);
    assert_int_equal(take_all(modest, FAMILY_PROCESSES), FAMILY_BASE_PROCESSES);
    assert_int_equal(take_all(modest, FAMILY_FILES), FAMILY_BASE_FILES);
    family_give_back(greedy, FAMILY_PAGES, 100);
    assert_int_equal(family_room(modest, FAMILY_PAGES), 100);
    end(modest);
    end(greedy);
    end(greedier);
}

static void test_numbers_are_the_lowest_that_are_free(void **state)
{
    struct family *a = make(false), *b = make(true), *c = make(false);

    (void)state;
    assert_int_equal(a->number, 1);
    assert_int_equal(b->number, 2);
    assert_int_equal(c->number, 3);
    end(b);
    b = make(false);
    assert_int_equal(b->number, 2);
    end(a);
    end(c);
    a = make(false);
    c = make(false);
    assert_int_equal(a->number, 1);
    assert_int_equal(c->number, 3);
    end(a);
    end(b);
    end(c);
}

static void test_no_memory_for_a_family(void **state)
{
    (void)state;
    below.has_no_memory = true;
    assert_null(make(true));
    below.has_no_memory = false;
    struct family *family = make(true);
    assert_int_equal(family->number, 1);
    end(family);
}

/* From the least RAM that boots to 2 GiB: init's family and a job in front always have theirs. */
static void test_every_size_of_machine(void **state)
{
    (void)state;
    for (size_t total = 400; total < 500000; total += total / 7) {
        size_t pool = total < 25600 ? total : 25600;
        uint32_t taken = 0;
        struct family *families[64];
        int count = 0;

        with_pages(total, pool / 16);
        while (count < 64 && (families[count] = make(false)) != NULL) {
            taken += take_all(families[count++], FAMILY_PAGES);
        }
        assert_true(count > 0);
        assert_true(taken + pool / 16 + FAMILY_INIT_PAGES_MIN +
                        FAMILY_FRONT_JOBS * FAMILY_BASE_PAGES <=
                    total);
        struct family *front = make(true);
        assert_non_null(front);
        assert_true(family_charge(front, FAMILY_PAGES, FAMILY_BASE_PAGES));
        end(front);
        while (count > 0) {
            end(families[--count]);
        }
    }
}

static void test_more_back_than_was_taken_is_a_bug(void **state)
{
    struct family *family = make(false);

    (void)state;
    below.panics = 0;
    assert_true(family_charge(family, FAMILY_PAGES, 3));
    if (setjmp(below.after_panic) == 0) {
        family_give_back(family, FAMILY_PAGES, 4);
    }
    assert_int_equal(below.panics, 1);
    assert_int_equal(family->used[FAMILY_PAGES], 3);
    end(family);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_init_has_no_limit, set_up),
        cmocka_unit_test_setup(test_one_family_gets_its_share_and_no_more, set_up),
        cmocka_unit_test_setup(test_all_families_together_leave_the_reserve, set_up),
        cmocka_unit_test_setup(test_the_base_is_there_whatever_others_take, set_up),
        cmocka_unit_test_setup(test_numbers_are_the_lowest_that_are_free, set_up),
        cmocka_unit_test_setup(test_no_memory_for_a_family, set_up),
        cmocka_unit_test(test_every_size_of_machine),
        cmocka_unit_test_setup(test_more_back_than_was_taken_is_a_bug, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
