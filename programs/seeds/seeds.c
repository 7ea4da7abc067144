/*
 * seeds - the examples of the five documents that Drupe's memory management grew from, as they come
 * out on this machine. The kernel runs them, on memory that it takes and gives back;
 * process_malloc() and process_free() work in this program's own memory. A value that is not what a
 * document says is followed by "WRONG", and the program then ends with status 1.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES 4096u
#define ALL_NAMES  "icarius vana mio peachos incro"
#define USAGE                                                                  \
    "Usage: seeds               the examples of all five documents, in turn\n" \
    "       seeds NAME ...      of these: " ALL_NAMES "\n"

static const struct {
    const char *name;
    const char *title;
} documents[] = {
    [SEEDS_ICARIUS] = {"icarius", "Icarius: an array heap, and a linear page directory"},
    [SEEDS_VANA] = {"vana", "Vana: a block heap, paging, and memory for each process"},
    [SEEDS_MIO] = {"mio", "MioOS: bytes, frames, and pages of 4 KiB and 4 MiB"},
    [SEEDS_PEACHOS] = {"peachos", "PeachOS: a block heap, step by step"},
    [SEEDS_INCRO] = {"incro", "IncroOS: frames, mappings, then a heap that grows"},
};
#define DOCUMENTS (sizeof(documents) / sizeof(documents[0]))

static int wrong;

/* A line with a number that is known beforehand. */
static void show_number(const char *what, uint32_t value, uint32_t expected)
{
    printf("%s %u", what, (unsigned)value);
    if (value != expected) {
        printf("  WRONG: expected %u", (unsigned)expected);
        wrong = 1;
    }
    putchar('\n');
}

static uint32_t own_pages(void)
{
    struct memory_figures figures = {0};

    memory_figures(&figures);
    return figures.own_pages;
}

/* How many tables the first page of this heap needed: those of which the program's text has
 * others. */
static uint32_t heap_tables(const void *memory)
{
    struct memory_levels of_heap = {0}, of_text = {0};
    uint32_t tables = 0;

    memory_look(MEMORY_LOOK_LEVELS, (uintptr_t)memory, &of_heap);
    memory_look(MEMORY_LOOK_LEVELS, (uintptr_t)heap_tables, &of_text);
    for (uint32_t i = 0; i + 1 < of_heap.count; i++) {
        tables += of_heap.entries[i] != of_text.entries[i];
    }
    return tables;
}

/* process_malloc() and process_free() are commands 4 and 5. */
static void show_process_memory(void)
{
    uint32_t before = own_pages();
    unsigned char *memory = page_malloc(5000);
    uint32_t not_zero = 0;

    if (memory == NULL) {
        puts("There is not enough memory for process_malloc().");
        wrong = 1;
        return;
    }
    puts("process_malloc and process_free in this program:");
    uint32_t tables = heap_tables(memory);
    show_number("  process_malloc(5000), pages:", own_pages() - before, 2 + tables);
    puts(tables == 1 ? "    two of 4096 bytes, and the table for the first 4 MiB of this heap"
                     : "    two of 4096 bytes, and the tables that lead to them");
    show_number("  its address modulo 4096:", (uint32_t)((uintptr_t)memory % PAGE_BYTES), 0);
    for (uint32_t i = 0; i < 2 * PAGE_BYTES; i++) {
        not_zero += memory[i] != 0;
    }
    show_number("  bytes that are not 0:", not_zero, 0);
    memset(memory, 0x5A, 2 * PAGE_BYTES);
    show_number("  process_free of another address is refused, error",
                (uint32_t)-page_free(memory + PAGE_BYTES), EINVARG);
    show_number("  process_free:", (uint32_t)page_free(memory), 0);
    show_number("  process_free again is refused, error", (uint32_t)-page_free(memory), EINVARG);
    show_number("  pages more than before:", own_pages() - before, 0);
}

static void show_document(unsigned document)
{
    static char text[SEEDS_TEXT_BYTES];
    int length = 0;

    printf("%s\n", documents[document].title);
    for (unsigned example = 0; (length = seeds(document, example, text)) != 0; example++) {
        if (length < 0) {
            printf("seeds: example %u cannot be shown: %s.\n", example, error_text(length));
            wrong = 1;
            if (length != -ENOMEM) {
                return;
            }
            continue;
        }
        printf("%s", text);
        wrong |= strstr(text, "WRONG") != NULL;
    }
    if (document == SEEDS_VANA) {
        show_process_memory();
    }
    putchar('\n');
}

static int find_document(const char *name)
{
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        if (strcmp(documents[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -ENOENT;
}

int main(int argc, char **argv)
{
    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    for (int i = 1; i < argc; i++) {
        if (find_document(argv[i]) < 0) {
            printf("seeds: '%s' is none of these: %s.\n", argv[i], ALL_NAMES);
            return EXIT_USAGE;
        }
    }
    if (argc <= 1) {
        for (unsigned i = 0; i < DOCUMENTS; i++) {
            show_document(i);
        }
    }
    for (int i = 1; i < argc; i++) {
        show_document((unsigned)find_document(argv[i]));
    }
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
