/*
 * driver.c - runs a fuzzer a fixed number of times, without clang.
 *
 *   fuzz_NAME RUNS [SEED]     its examples as they are, then RUNS inputs made from them
 *   fuzz_NAME --corpus FOLDER writes the examples there, for libFuzzer
 *   fuzz_NAME --file FILE     that input alone
 *
 * An input that ends the program is left in build/fuzz/crash-NAME.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "fuzz.h"

#define SEED      20240229u
#define MUTATIONS 8  /* at most, of one input */
#define POOL      64 /* inputs that others are made from */
#define BLOCK_MAX 64 /* bytes that are copied or removed at once */

static uint8_t current[FUZZ_INPUT_MAX];
static size_t current_size;
static char crash_path[256];

struct example {
    uint8_t data[FUZZ_INPUT_MAX];
    size_t size;
};
static struct example pool[POOL];
static unsigned pool_count;
static uint32_t random_state;

/* The sanitizers end by abort() as well, so that one handler sees all. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "abort_on_error=1:detect_leaks=0:handle_abort=0";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
    return "abort_on_error=1:print_stacktrace=1";
}

static void on_abort(int number)
{
    int file = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    if (file >= 0) {
        (void)!write(file, current, current_size);
        close(file);
        fprintf(stderr, "the input is in %s\n", crash_path);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static uint32_t below(uint32_t limit)
{
    return fuzz_random(&random_state) % limit;
}

/* Edges of types and of pages. */
static uint32_t interesting(void)
{
    static const uint32_t values[] = {
        0,      1,      2,       0x7F,       0x80,       0xFF,       0x100,
        0xFFF,  0x1000, 0x1001,  0x7FFF,     0x8000,     0xFFEF,     0xFFF0,
        0xFFF8, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFF000, 0xFFFFFFFF};

    return values[below(sizeof(values) / sizeof(values[0]))];
}

static void put(size_t at, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes && at + i < current_size; i++) {
        current[at + i] = (uint8_t)(value >> 8 * i);
    }
}

static void mutate(void)
{
    size_t at = current_size ? below((uint32_t)current_size) : 0;
    size_t length = 1 + below(BLOCK_MAX);

    switch (below(10)) {
    case 0: put(at, current[at] ^ 1u << below(8), 1); break;
    case 1: put(at, below(256), 1); break;
    case 2: put(at, interesting(), 1); break;
    case 3: put(at & ~(size_t)1, interesting(), 2); break;
    case 4: put(at & ~(size_t)3, interesting(), 4); break;
    case 5: put(at & ~(size_t)3, below(16) - 8 + (uint32_t)current[at], 4); break;
    case 6: /* out with a piece */
        if (at + length < current_size) {
            memmove(current + at, current + at + length, current_size - at - length);
            current_size -= length;
        }
        break;
    case 7: /* a piece twice */
        if (current_size + length <= FUZZ_INPUT_MAX && at + length <= current_size) {
            memmove(current + at + length, current + at, current_size - at);
            current_size += length;
        }
        break;
    case 8: /* the end of another */
        if (pool_count > 0) {
            const struct example *other = &pool[below(pool_count)];
            if (other->size > at) {
                memcpy(current + at, other->data + at, other->size - at);
                current_size = other->size;
            }
        }
        break;
    default:
        for (size_t i = 0; i < length && current_size < FUZZ_INPUT_MAX; i++) {
            current[current_size++] = (uint8_t)below(256);
        }
        break;
    }
}

/* From memory of exactly that size: reading behind it is found. */
static void run(void)
{
    uint8_t *copy = malloc(current_size ? current_size : 1);

    memcpy(copy, current, current_size);
    LLVMFuzzerTestOneInput(copy, current_size);
    free(copy);
}

static void keep(struct example *example)
{
    memcpy(example->data, current, current_size);
    example->size = current_size;
}

static int write_corpus(const char *folder)
{
    for (unsigned i = 0; (current_size = fuzz_seed(i, current)) > 0; i++) {
        char path[512];

        snprintf(path, sizeof(path), "%s/seed-%u", folder, i);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(current, 1, current_size, file) != current_size || fclose(file) != 0) {
            perror(path);
            return 1;
        }
    }
    return 0;
}

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (!file) {
        perror(path);
        return 1;
    }
    current_size = fread(current, 1, sizeof(current), file);
    fclose(file);
    run();
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];

    snprintf(crash_path, sizeof(crash_path), "build/fuzz/crash-%s", name);
    signal(SIGABRT, on_abort);
    if (argc == 3 && strcmp(argv[1], "--corpus") == 0) {
        return write_corpus(argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "--file") == 0) {
        return run_file(argv[2]);
    }
    unsigned long runs = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
    random_state = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : SEED;
    if (runs == 0 || random_state == 0) {
        fprintf(stderr, "usage: %s RUNS [SEED] | --corpus FOLDER | --file FILE\n", name);
        return 2;
    }

    uint32_t seed = random_state;
    current_size = 0;
    run();
    for (; pool_count < POOL && (current_size = fuzz_seed(pool_count, current)) > 0; pool_count++) {
        keep(&pool[pool_count]);
        run();
    }
    for (unsigned long i = 0; i < runs; i++) {
        const struct example *example = &pool[below(pool_count)];

        memcpy(current, example->data, example->size);
        current_size = example->size;
        for (uint32_t mutations = 1 + below(MUTATIONS); mutations > 0; mutations--) {
            mutate();
        }
        run();
    }
    printf("%s: %lu runs, seed %u ... ok\n", name, runs + pool_count, seed);
    return 0;
}
