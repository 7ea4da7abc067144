/*
 * large.c - takes memory in one piece and gives it back, for ever. Argument: how many MiB (700).
 * Verdict: status 137
 * Arguments: 20
 */
#include <stdlib.h>

#include "attack.h"

#define MIB 700

int main(int argc, char **argv)
{
    uint32_t bytes = (argc > 1 ? (uint32_t)atoi(argv[1]) : MIB) << 20;

    for (;;) {
        void *memory = page_malloc(bytes);

        if (!memory || page_free(memory) < 0) {
            return STATUS_SUCCEEDED;
        }
    }
}
