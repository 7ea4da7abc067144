/*
 * hello - greets, and shows that a program can have memory: takes a block, writes it, reads it back
 * and gives it up. Ends with status 0 when all of it was right.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE       "Usage: hello\nGreets, and tries some memory.\n"
#define BLOCK_BYTES 10000

static int is_zero(const unsigned char *block)
{
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        if (block[i] != 0) {
            return 0;
        }
    }
    return 1;
}

static int keeps_what_is_written(unsigned char *block)
{
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        block[i] = (unsigned char)(i * 7);
    }
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        if (block[i] != (unsigned char)(i * 7)) {
            return 0;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    printf("Hello from %s.\n", argc > 0 ? argv[0] : "a user program");

    unsigned char *block = page_malloc(BLOCK_BYTES);
    if (block == NULL) {
        puts("No memory.");
        return EXIT_FAILURE;
    }
    int is_right = is_zero(block) && keeps_what_is_written(block);
    printf("%d bytes at %p: %s.\n", BLOCK_BYTES, (void *)block,
           is_right ? "zeroed, and what is written is read back" : "WRONG");
    if (page_free(block) < 0) {
        puts("They could not be freed.");
        return EXIT_FAILURE;
    }
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
