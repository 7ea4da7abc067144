/*
 * process/family.h - a family of processes: a job of the shell, and how much of the machine it may
 * take.
 *
 * The first program and what it starts are init's family. Only a process of init's family makes
 * another, by a flag of spawn: the shell does so for each job. A process is born into the family of
 * the one that started it, and stays in it, no matter which of them end. So a job has one amount
 * that it may take, no matter how many processes it makes.
 *
 * Counted are processes, pages and open files. A process that has ended counts as one until its
 * parent has waited for it: so a limit on processes is one on children that nobody waits for, and
 * no end of a process ever takes more than its start did. Each is charged where it is taken and
 * given back where it goes; after a family's last process all its counts are 0. config.h says what
 * the limits are. Two of them hold at once:
 *
 *   one family      has at most a share of what all jobs may have together
 *   all of them     have at most the machine less a reserve, which is init's family's: from it the
 *                   shell starts `ps` and reads `kill`
 *
 * Each family's base is its own as soon as the family exists, no matter what the others take later:
 * the sum counts every family with its base at least ("claimed"). Init's family has no limit but
 * the machine; it is the person's own shell.
 */
#ifndef PROCESS_FAMILY_H
#define PROCESS_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task/task.h"

enum family_kind {
    FAMILY_PROCESSES, /* that live, or whose parent may still ask for their status */
    FAMILY_PAGES,     /* of address spaces, tables and kernel stacks included */
    FAMILY_FILES,     /* open ones */
    FAMILY_KINDS,
};

struct family {
    uint32_t number;  /* 0: init's; the others have the lowest that is free */
    uint32_t members; /* processes that are not forgotten */
    bool is_ending;   /* no process is born into it any more */
    uint32_t used[FAMILY_KINDS];
    uint32_t own[FAMILY_KINDS]; /* how many it has without asking (its base); init's has all */
    struct task_group turns;
    struct list_node link; /* on the list of all but init's, by number */
};

/* Derives the limits from the machine's memory. */
void family_initialise(void);

/* Init's family: always there. */
struct family *family_of_init(void);

/*
 * A new family without members; family_leave() of its last member ends it. NULL when there is no
 * memory or when the others have taken so much that it could not have its base; a job that will be
 * in front may have it from the reserve.
 */
struct family *family_new(bool is_in_front);

/* One more member, or one less. */
void family_join(struct family *family);
void family_leave(struct family *family);

/* The two below, where a limit or the sum over all families is concerned. */
bool family_charge_slowly(struct family *family, enum family_kind kind, uint32_t count);
void family_give_back_slowly(struct family *family, enum family_kind kind, uint32_t count);

/* count more of a kind; false, and nothing changes, when that is beyond a limit. */
static inline bool family_charge(struct family *family, enum family_kind kind, uint32_t count)
{
    if (family->used[kind] + count > family->own[kind]) {
        return family_charge_slowly(family, kind, count);
    }
    family->used[kind] += count;
    return true;
}

/* Gives back count of a kind. */
static inline void family_give_back(struct family *family, enum family_kind kind, uint32_t count)
{
    if (family->used[kind] > family->own[kind] || family->used[kind] < count) {
        family_give_back_slowly(family, kind, count);
    } else {
        family->used[kind] -= count;
    }
}

/* Pages of files in memory, which belong to no family, and count in the sum over all: false, and
 * nothing changes, when they are too many. */
bool family_charge_files(size_t pages);
void family_give_back_files(size_t pages);

/* How many more of a kind family_charge() would allow. */
uint32_t family_room(const struct family *family, enum family_kind kind);

#endif
