/*
 * selfmod.c - writes into the function that runs.
 * Verdict: status 142
 */
#include "attack.h"

int main(void)
{
    *at(ADDRESS(main)) = 0xC3;
    return STATUS_SUCCEEDED;
}
