/*
 * prove.h - proof by exhaustion: every state that a small instance of a module can reach.
 *
 * Theory
 *
 * A test runs some sequences of calls. This search runs all of them, of any length, on an instance
 * that is small: a heap of 10 blocks, a cache with 3 pages, a process with a window of 8 pages.
 *
 *   state   a canonical snapshot of all memory that the module reads. What the module does next
 *           depends on this and on the call's arguments, and on nothing else.
 *   move    one call with its arguments, right or wrong, and the answers of the layer below.
 *   step    puts a state into the module's memory, makes one move, checks all that was promised,
 *           and takes the snapshot of what is there now.
 *
 * The search begins with the first state and makes every move in it. Each snapshot that it has not
 * seen before is a new state, in which every move is made in turn, until no move leads to a new
 * state: a fixed point. Then the set of states contains the first one and is closed under every
 * move. By induction, a sequence of calls of any length never leaves the set, and each of its calls
 * was made, and checked, in the state in which it happens.
 *
 * This holds only if a snapshot leaves out nothing that counts. Each model therefore fills all
 * memory that is not part of the snapshot with a pattern (poison) before each step: a module that
 * read it would do something else than with the memory's true contents, most often crash. And each
 * model compares: the memory after a step is, apart from poison, what it would have made of the
 * snapshot itself. So nothing is left over that the snapshot does not know.
 *
 * The proof is for that size, on this machine. Its worth is that faults in such modules need few
 * blocks to show. docs/testing.md says what is not proved.
 *
 * A violation ends the program. It prints the sentence of the check and the shortest sequence of
 * calls that leads there: the search goes breadth first.
 *
 * prove.c has the search; prove_heap.c, prove_kmem.c, prove_process.c and prove_room.c the models.
 */
#ifndef TESTS_PROVE_PROVE_H
#define TESTS_PROVE_PROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prove_model {
    const char *name;
    size_t state_bytes; /* no padding in it: states are equal when their bytes are */
    size_t moves;       /* at most 65,535 */

    /* Puts the module into its first state, and takes its snapshot. */
    void (*start)(void *state);

    /* Makes the move in that state; *next is the snapshot afterwards. False: there is no such move
     * in that state. */
    bool (*step)(const void *state, size_t move, void *next);

    /* What must hold in each state, such as the module's own checker. Called once for each state,
     * while the module's memory is in it. */
    void (*check)(const void *state);

    /* The move, as a C call; the state, in one line. */
    void (*describe_move)(size_t move, char *text, size_t bytes);
    void (*describe_state)(const void *state, char *text, size_t bytes);
};

/*
 * Searches to the fixed point, in at most memory_mib MiB. Prints one line `NAME ... ok` and one
 * with the counts. Returns the program's exit status: 0, or 1 when the memory did not suffice. Does
 * not return after a violation. With shows_progress, a line on stderr now and then.
 */
int prove(const struct prove_model *model, size_t memory_mib, bool shows_progress);

/* Ends the program with that sentence and the way to it. */
void prove_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define PROVE(condition, ...)        \
    do {                             \
        if (!(condition)) {          \
            prove_fail(__VA_ARGS__); \
        }                            \
    } while (0)

/* Memory that ends at a page that cannot be touched, and begins after one. */
void *prove_guarded_memory(size_t bytes);

#define PROVE_POISON 0xA5

#endif
