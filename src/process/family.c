/*
 * process/family.c - counts, limits, and the sum over all jobs.
 *
 * Invariants
 *   - claimed[kind] is the sum over all families but init's of MAX(used, base), and of pages the files'
 *     in memory: what is claimed can be taken, so a charge within the base never fails.
 *   - claimed[kind] <= all[kind] + FAMILY_FRONT_JOBS * base[kind]. Only new families in front bring
 *     it above all[kind].
 */
#include "process/family.h"

#include "config.h"
#include "debug/panic.h"
#include "device/block_cache.h"
#include "base/align.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"

static const uint32_t base[FAMILY_KINDS] = {
    [FAMILY_PROCESSES] = FAMILY_BASE_PROCESSES,
    [FAMILY_PAGES] = FAMILY_BASE_PAGES,
    [FAMILY_FILES] = FAMILY_BASE_FILES,
};

static struct {
    struct family init;
    struct list_node others;
    uint32_t one[FAMILY_KINDS]; /* the limit of each family */
    uint32_t all[FAMILY_KINDS]; /* of their sum */
    uint32_t claimed[FAMILY_KINDS];
    size_t files; /* of claimed[FAMILY_PAGES], pages of files in memory */
} families;

void family_initialise(void)
{
    struct pmm_stats stats;

    pmm_get_stats(&stats);
    uint32_t total = stats.total;
    uint32_t cache = MIN(MAX(total / BLOCK_CACHE_FRACTION, (uint32_t)BLOCK_CACHE_PAGES_MIN),
                         (uint32_t)BLOCK_CACHE_PAGES_MAX);
    uint32_t reserve = stats.pool_kernel + cache +
                       MAX(total / FAMILY_INIT_FRACTION, (uint32_t)FAMILY_INIT_PAGES_MIN) +
                       FAMILY_FRONT_JOBS * FAMILY_BASE_PAGES;
    uint32_t processes = MIN(MAX(total / FAMILY_PAGES_A_PROCESS, (uint32_t)FAMILY_PROCESSES_MIN),
                             (uint32_t)FAMILY_PROCESSES_MAX);

    list_initialise(&families.others);
    task_group_initialise(&families.init.turns);
    list_initialise(&families.init.link);
    families.all[FAMILY_PAGES] = total > reserve ? total - reserve : 0;
    families.all[FAMILY_PROCESSES] = processes;
    families.all[FAMILY_FILES] = processes * FAMILY_FILES_A_PROCESS;
    for (int kind = 0; kind < FAMILY_KINDS; kind++) {
        families.one[kind] = MAX(families.all[kind] / 2, base[kind]);
        families.claimed[kind] = 0;
        families.init.own[kind] = UINT32_MAX; /* no family reaches this */
    }
    families.one[FAMILY_PAGES] =
        MAX(families.all[FAMILY_PAGES] - families.all[FAMILY_PAGES] / 8, base[FAMILY_PAGES]);
}

struct family *family_of_init(void)
{
    return &families.init;
}

/* ---------------------------------------------------------------- families come and go */

/* Can each kind's base be claimed once more? */
static bool has_room_for_one(bool is_in_front)
{
    for (int kind = 0; kind < FAMILY_KINDS; kind++) {
        uint32_t limit = families.all[kind] + (is_in_front ? FAMILY_FRONT_JOBS * base[kind] : 0);

        if (families.claimed[kind] + base[kind] > limit) {
            return false;
        }
    }
    return true;
}

struct family *family_new(bool is_in_front)
{
    struct family *family = has_room_for_one(is_in_front) ? kmem_zalloc(sizeof(*family)) : NULL;
    struct list_node *before = &families.others;

    if (!family) {
        return NULL;
    }
    family->number = 1;
    LIST_FOR_EACH(node, &families.others) {
        if (LIST_ENTRY(node, struct family, link)->number != family->number) {
            break;
        }
        family->number++;
        before = node;
    }
    list_add_after(before, &family->link);
    task_group_initialise(&family->turns);
    for (int kind = 0; kind < FAMILY_KINDS; kind++) {
        families.claimed[kind] += base[kind];
        family->own[kind] = base[kind];
    }
    return family;
}

void family_join(struct family *family)
{
    family->members++;
}

void family_leave(struct family *family)
{
    KASSERT(family->members > 0);
    if (--family->members > 0 || family == &families.init) {
        return;
    }
    for (int kind = 0; kind < FAMILY_KINDS; kind++) {
        KASSERT(family->used[kind] == 0);
        families.claimed[kind] -= base[kind];
    }
    task_group_end(&family->turns);
    list_remove(&family->link);
    kmem_free(family);
}

/* ---------------------------------------------------------------- counts */

/* How many a family can claim that uses this many. */
static inline uint32_t claim(uint32_t used, enum family_kind kind)
{
    return MAX(used, base[kind]);
}

bool family_charge_slowly(struct family *family, enum family_kind kind, uint32_t count)
{
    uint32_t used = family->used[kind];

    if (used > families.one[kind] || count > families.one[kind] - used) {
        return false;
    }
    uint32_t claimed = families.claimed[kind] + claim(used + count, kind) - claim(used, kind);

    if (claimed > families.all[kind]) {
        return false;
    }
    families.claimed[kind] = claimed;
    family->used[kind] = used + count;
    return true;
}

void family_give_back_slowly(struct family *family, enum family_kind kind, uint32_t count)
{
    uint32_t used = family->used[kind];

    KASSERT(count <= used);
    families.claimed[kind] -= claim(used, kind) - claim(used - count, kind);
    family->used[kind] = used - count;
}

bool family_charge_files(size_t pages)
{
    uint32_t *claimed = &families.claimed[FAMILY_PAGES];

    if (pages > families.all[FAMILY_PAGES] || *claimed > families.all[FAMILY_PAGES] - pages) {
        return false;
    }
    *claimed += (uint32_t)pages;
    families.files += pages;
    return true;
}

void family_give_back_files(size_t pages)
{
    KASSERT(pages <= families.files);
    families.files -= pages;
    families.claimed[FAMILY_PAGES] -= (uint32_t)pages;
}

uint32_t family_room(const struct family *family, enum family_kind kind)
{
    uint32_t used = family->used[kind];

    if (family == &families.init) {
        return UINT32_MAX;
    }
    uint32_t of_base = base[kind] - MIN(used, base[kind]);
    uint32_t of_all = families.all[kind] - MIN(families.claimed[kind], families.all[kind]);
    uint32_t of_one = families.one[kind] - MIN(used, families.one[kind]);

    return MIN(of_one, of_base + of_all);
}
