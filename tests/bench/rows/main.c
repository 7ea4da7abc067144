/*
 * main.c - init that measures and prints the tables of rows.h: a part of `make bench`, and of `make
 * bench-linux`.
 *
 * Ends with 0, or with 1 if a row is above its goal.
 */
#include <stdio.h>

#include "rows.h"

static bool is_above_goal;

static void measure(const struct row *row)
{
    uint32_t cost = row->cost();

    printf("%-*s %10u %12s %8s ", ROW_NAME_COLUMNS, row->name, (unsigned)cost, "-", "-");
    if (row->goal == NO_GOAL) {
        printf("%8s\n", "-");
        return;
    }
    printf("%8u%s\n", (unsigned)row->goal, cost > row->goal ? "  ABOVE" : "");
    is_above_goal |= cost > row->goal;
}

int main(void)
{
    static const struct row *const tables[] = {memory_rows, process_rows, fork_rows,
                                               pipe_rows,   file_rows,    system_rows};

    system_begin();
    printf("\n%-*s %10s %12s %8s %8s\n", ROW_NAME_COLUMNS, "from ring 3 (instructions, bytes)",
           "cost", "reference", "ratio", "goal");
    for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct row *row = tables[i]; row->name != NULL; row++) {
            measure(row);
        }
    }
    printf("the last row was measured\n");
    system_end(is_above_goal ? 1 : 0);
}
