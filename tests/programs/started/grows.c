/*
 * grows.c - takes a page more again and again, with rests, for ever.
 */
#include <drupe.h>

#define PAGE_BYTES 4096
#define REST_MS    10

int main(void)
{
    for (;;) {
        page_malloc(PAGE_BYTES);
        process_sleep(REST_MS);
    }
}
