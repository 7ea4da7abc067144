/*
 * mem - where the memory is. It shows the kernel's two stores (the heap's pool and the frames
 * beyond it), the small objects that are cut out of the pool's pages, and the disk cache.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>

#define USAGE    "Usage: mem\nHow much memory there is and who has it, in KiB.\n"
#define PAGE_KIB 4

static void show_pages(const char *what, uint32_t pages, const char *remark)
{
    printf("%-28s %10u KiB%s\n", what, pages * PAGE_KIB, remark);
}

/* In tenths of a per cent; without overflow for counts near 2^32. */
static uint32_t share(uint32_t part, uint32_t other)
{
    while (part > 1000000 || other > 1000000) {
        part /= 2;
        other /= 2;
    }
    return part + other == 0 ? 0 : part * 1000 / (part + other);
}

int main(int argc, char **argv)
{
    struct memory_figures now;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc > 1) {
        print(USAGE);
        return EXIT_USAGE;
    }
    int status = memory_figures(&now);
    if (status < 0) {
        printf("mem: no figures: %s.\n", error_text(status));
        return EXIT_FAILURE;
    }
    show_pages("Managed by the kernel", now.total_pages, "");
    show_pages("  free", now.free_pages, "");
    show_pages("Kernel heap's pool", now.pool_pages, ", of these");
    show_pages("  free", now.pool_free_pages, "");
    show_pages("  longest free run", now.largest_run_pages, "");
    show_pages("Pages of small objects", now.object_pages, "");
    printf("  objects                    %10u\n", now.objects);
    show_pages("Disk cache", now.cache_pages, "");
    uint32_t hits = share(now.cache_hits, now.cache_misses);
    printf("  sectors found there        %10u of %u (%u.%u %%)\n", now.cache_hits,
           now.cache_hits + now.cache_misses, hits / 10, hits % 10);
    printf("Processes                    %10u\n", now.processes);
    show_pages("  this one", now.own_pages, "");
    return EXIT_SUCCESS;
}
