/*
 * seeding.c - asks the kernel for every example of the five documents, again and again: each takes
 * scratch memory, some of them an address space of their own.
 * Verdict: status 137
 */
#include "attack.h"

int main(void)
{
    static char text[SEEDS_TEXT_BYTES];

    for (unsigned document = 0;; document = (document + 1) % (SEEDS_INCRO + 1)) {
        for (unsigned example = 0; seeds(document, example, text) != 0; example++) {
        }
    }
}
