/*
 * holes.c - takes memory page by page until there is no more, gives every other page back, and then
 * asks for two pages for ever: each time all of the holes are looked at.
 * Verdict: status 137
 */
#include "attack.h"

int main(void)
{
    uintptr_t address = OWN_HEAP_START;
    void *last = NULL;

    for (void *page; (page = page_malloc(1)) != NULL; last = page) {
    }
    for (; address < ADDRESS(last); address += 2 * PAGE_BYTES) {
        page_free((void *)address);
    }
    for (;;) {
        page_free(page_malloc(2 * PAGE_BYTES));
    }
}
