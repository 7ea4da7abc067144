/*
 * tests/programs/vm/mmap.c - files and memory at addresses: Pintos's mmap-*, as far as files can be
 * read; and by POSIX's rules, which let a fixed mapping take the place of another one.
 */
#include "vm.h"

static uint8_t data[2 * PAGE_BYTES] = {1};

static uint8_t *map_sample(const char *path)
{
    int file = open_checked(path);
    uint8_t *memory = map(SAMPLE_BYTES, RO, MAPPING_PRIVATE, file);

    CHECK(file_close(file) == 0);
    return memory;
}

static void mmap_read(void)
{
    int file = open_checked("sample.bin");
    uint8_t *memory = map(SAMPLE_BYTES, RO, MAPPING_PRIVATE, file);

    check_sample(memory, 0, SAMPLE_PAGES * PAGE_BYTES, 0); /* zeros behind the end */
    uint8_t *shared = map(SAMPLE_BYTES, RO, MAPPING_SHARED, file);
    check_sample(shared, 0, SAMPLE_PAGES * PAGE_BYTES, 0);
    intptr_t part = map_at(0, PAGE_BYTES, RO, MAPPING_PRIVATE, file, 2 * PAGE_BYTES);
    CHECK(!syscall_is_error(part));
    check_sample((const uint8_t *)part, 2 * PAGE_BYTES, PAGE_BYTES, 0);
    CHECK(status_of_touch((uintptr_t)memory, true) == SIGNAL_SEGV);
    CHECK(file_close(file) == 0);
}

static void mmap_close(void)
{
    check_sample(map_sample("sample.bin"), 0, SAMPLE_BYTES, 0);
}

static void mmap_unmap(void)
{
    uint8_t *memory = map_sample("sample.bin");

    check_sample(memory, 0, SAMPLE_BYTES, 0);
    unmap(memory + PAGE_BYTES, PAGE_BYTES);
    CHECK(status_of_touch((uintptr_t)memory + PAGE_BYTES, false) == SIGNAL_SEGV);
    check_sample(memory, 0, PAGE_BYTES, 0);
    check_sample(memory + 2 * PAGE_BYTES, 2 * PAGE_BYTES, PAGE_BYTES, 0);
    unmap(memory, SAMPLE_BYTES);
    for (size_t page = 0; page < SAMPLE_PAGES; page++) {
        CHECK(status_of_touch((uintptr_t)memory + page * PAGE_BYTES, false) == SIGNAL_SEGV);
    }
}

static void mmap_overlap(void)
{
    uint8_t *memory = map_sample("sample.bin");
    int file = open_checked("sample2.bin");
    uintptr_t middle = (uintptr_t)memory + PAGE_BYTES;
    intptr_t other = map_at(middle, PAGE_BYTES, RO, MAPPING_PRIVATE, file, 0);

    CHECK(!syscall_is_error(other) && other != (intptr_t)middle); /* a hint only */
    check_sample(memory, 0, SAMPLE_BYTES, 0);
    CHECK(map_at(middle, PAGE_BYTES, RO, MAPPING_PRIVATE | MAPPING_FIXED, file, 0) ==
          (intptr_t)middle);
    check_sample(memory, 0, PAGE_BYTES, 0);
    check_sample(memory + PAGE_BYTES, 0, PAGE_BYTES, 1);
    check_sample(memory + 2 * PAGE_BYTES, 2 * PAGE_BYTES, PAGE_BYTES, 0);
    CHECK(file_close(file) == 0);
}

static void mmap_twice(void)
{
    uint8_t *one = map_sample("sample.bin"), *two = map_sample("sample.bin");

    CHECK(one != two);
    check_sample(one, 0, SAMPLE_BYTES, 0);
    check_sample(two, 0, SAMPLE_BYTES, 0);
    unmap(one, SAMPLE_BYTES);
    check_sample(two, 0, SAMPLE_BYTES, 0);
}

/* Who ends without munmap() leaves nothing behind: the program that runs this one counts. */
static void mmap_exit(void)
{
    int pid = fork_checked();

    if (pid == 0) {
        check_sample(map_sample("sample.bin"), 0, SAMPLE_BYTES, 0);
        memset(map(20 * PAGE_BYTES, RW, MAPPING_SHARED, OF_NOBODY), 1, 20 * PAGE_BYTES);
        exit_status(0);
    }
    CHECK(status_of(pid) == 0);
    (void)map_sample("sample2.bin");
}

/* Shared memory in which every page is written by another child, in an order that is nobody's. */
static void mmap_shuffle(void)
{
    enum { PAGES = 37, STEP = 23 };
    uint8_t *memory = map(PAGES * PAGE_BYTES, RW, MAPPING_SHARED, OF_NOBODY);

    for (uint32_t i = 0, page = 0; i < PAGES; i++, page = (page + STEP) % PAGES) {
        int pid = fork_checked();

        if (pid == 0) {
            memset(memory + page * PAGE_BYTES, (int)(page + 1), PAGE_BYTES);
            exit_status(0);
        }
        CHECK(status_of(pid) == 0);
    }
    for (size_t i = 0; i < PAGES * PAGE_BYTES; i++) {
        CHECK(memory[i] == i / PAGE_BYTES + 1);
    }
}

static void mmap_bad_fd(void)
{
    static const int bad[] = {-2, 3, 100, 0x7FFFFFFF};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(map_at(0, PAGE_BYTES, RO, MAPPING_PRIVATE, bad[i], 0) == -EINVARG);
    }
    for (int console = 0; console < FILE_DESCRIPTOR_FIRST; console++) {
        CHECK(map_at(0, PAGE_BYTES, RO, MAPPING_PRIVATE, console, 0) == -EMODE);
    }
    int folder = open_checked("0:/");
    CHECK(syscall_is_error(map_at(0, PAGE_BYTES, RO, MAPPING_PRIVATE, folder, 0)));
    CHECK(file_close(folder) == 0);
}

/* What is written to a private mapping is not the file's, and not another mapping's. */
static void mmap_clean(void)
{
    int file = open_checked("sample.bin");
    uint8_t *memory = map(SAMPLE_BYTES, RW, MAPPING_PRIVATE, file);
    static uint8_t bytes[SAMPLE_BYTES];

    memset(memory, 0xEE, SAMPLE_BYTES);
    check_sample(map_sample("sample.bin"), 0, SAMPLE_BYTES, 0);
    unmap(memory, SAMPLE_BYTES);
    CHECK(file_read(file, bytes, sizeof(bytes)) == (int)sizeof(bytes));
    check_sample(bytes, 0, SAMPLE_BYTES, 0);
    CHECK(file_close(file) == 0);
}

/* A fork has its parent's mappings; a program that takes its place has none. */
static void mmap_inherit(void)
{
    uint8_t *memory = map_sample("sample.bin");
    char digits[2 * sizeof(uintptr_t) + 1] = {0};
    char *const words[] = {"0:/mmap.elf", "read-at", digits, NULL};
    uintptr_t address = (uintptr_t)memory;
    int pid = fork_checked();

    if (pid == 0) {
        check_sample(memory, 0, SAMPLE_BYTES, 0);
        exit_status(0);
    }
    CHECK(status_of(pid) == 0);
    for (size_t i = 0; i < 2 * sizeof(uintptr_t); i++) {
        digits[i] = (char)('a' + (address >> (4 * i)) % 16);
    }
    pid = fork_checked();
    if (pid == 0) {
        syscall_execute(words[0], words, NULL);
        exit_status(1);
    }
    CHECK(status_of(pid) == SIGNAL_SEGV);
}

static void refuse_fixed(uintptr_t address)
{
    int file = open_checked("sample.bin");

    CHECK(map_at(address, PAGE_BYTES, RO, MAPPING_PRIVATE | MAPPING_FIXED, file, 0) == -EINVARG);
    CHECK(map_at(address, PAGE_BYTES, RW, MAPPING_PRIVATE | MAPPING_FIXED, OF_NOBODY, 0) ==
          -EINVARG);
    CHECK(file_close(file) == 0);
}

static void mmap_misalign(void)
{
    uint8_t *memory = map(PAGE_BYTES, RW, MAPPING_PRIVATE, OF_NOBODY);
    int file = open_checked("sample.bin");

    refuse_fixed((uintptr_t)memory + 1);
    refuse_fixed((uintptr_t)memory + PAGE_BYTES / 2);
    CHECK(map_at(0, PAGE_BYTES, RO, MAPPING_PRIVATE, file, 100) == -EINVARG);
    CHECK(syscall_unmap((uintptr_t)memory + 1, PAGE_BYTES) == -EINVARG);
    CHECK(syscall_protect((uintptr_t)memory + 1, PAGE_BYTES, RO) == -EINVARG);
    CHECK(file_close(file) == 0);
}

static void mmap_null(void)
{
    refuse_fixed(0);
    CHECK(map_sample("sample.bin") != NULL);
}

static void mmap_over_code(void)
{
    refuse_fixed((uintptr_t)mmap_over_code & ~(uintptr_t)(PAGE_BYTES - 1));
}

static void mmap_over_data(void)
{
    refuse_fixed(((uintptr_t)data + PAGE_BYTES) & ~(uintptr_t)(PAGE_BYTES - 1));
    CHECK(data[0] == 1);
}

static void mmap_over_stk(void)
{
    uint8_t local = 3;

    refuse_fixed((uintptr_t)&local & ~(uintptr_t)(PAGE_BYTES - 1));
    CHECK(local == 3);
}

/* What process_malloc() and the break gave out is not to be replaced either. */
static void mmap_over_heap(void)
{
    uint8_t *pages = page_malloc(3 * PAGE_BYTES);
    uintptr_t break_start = (uintptr_t)syscall_break(2 * PAGE_BYTES);

    CHECK(pages);
    refuse_fixed((uintptr_t)pages);
    refuse_fixed((uintptr_t)pages + 2 * PAGE_BYTES);
    refuse_fixed(break_start);
    CHECK(syscall_unmap((uintptr_t)break_start, PAGE_BYTES) == -EINVARG);
    CHECK(page_free(pages) == 0);
}

static void mmap_zero(void)
{
    int file = open_checked("empty.bin");
    uint8_t *memory = map(PAGE_BYTES, RO, MAPPING_PRIVATE, file);

    CHECK(status_of_touch((uintptr_t)memory, false) == SIGNAL_BUS);
    CHECK(map_at(0, 0, RO, MAPPING_PRIVATE, file, 0) == -EINVARG);
    CHECK(file_close(file) == 0);
}

/* ---------------------------------------------------------------- MIT's mmap lab */

/* Two files at once, each with rights of its own. */
static void mmap_two_files(void)
{
    int one = open_checked("sample.bin"), two = open_checked("sample2.bin");
    uint8_t *first = map(SAMPLE_BYTES, RW, MAPPING_PRIVATE, one);
    uint8_t *second = map(SAMPLE_BYTES, RO, MAPPING_SHARED, two);

    CHECK(file_close(one) == 0 && file_close(two) == 0);
    first[5] = 0xEE;
    check_sample(second, 0, SAMPLE_BYTES, 1);
    check_sample(first + 6, 6, SAMPLE_BYTES - 6, 0);
    CHECK(map_at(0, PAGE_BYTES, RW, MAPPING_SHARED, open_checked("sample.bin"), 0) == -ERDONLY);
}

/* Parent and child write the same private mapping, and the same shared memory. */
static void mmap_fork(void)
{
    int file = open_checked("sample.bin");
    uint8_t *own = map(SAMPLE_BYTES, RW, MAPPING_PRIVATE, file);
    uint8_t *shared = map(PAGE_BYTES, RW, MAPPING_SHARED, OF_NOBODY);
    int pid = fork_checked();

    if (pid == 0) {
        own[0] = 0xEE;
        shared[0] = 1;
        unmap(own, PAGE_BYTES);
        exit_status(own[PAGE_BYTES] == sample_byte(PAGE_BYTES) ? 0 : 1);
    }
    CHECK(status_of(pid) == 0);
    check_sample(own, 0, SAMPLE_BYTES, 0);
    CHECK(shared[0] == 1);
    CHECK(file_close(file) == 0);
}

/* Rights go, and come back, page by page; what is there stays. */
static void mmap_protect(void)
{
    uint8_t *memory = map(3 * PAGE_BYTES, RW, MAPPING_PRIVATE, OF_NOBODY);

    memset(memory, 7, 3 * PAGE_BYTES);
    CHECK(syscall_protect((uintptr_t)memory + PAGE_BYTES, PAGE_BYTES, 0) == 0);
    CHECK(status_of_touch((uintptr_t)memory + PAGE_BYTES, false) == SIGNAL_SEGV);
    CHECK(status_of_touch((uintptr_t)memory + 2 * PAGE_BYTES, true) == 0);
    CHECK(syscall_protect((uintptr_t)memory, 3 * PAGE_BYTES, RO) == 0);
    CHECK(status_of_touch((uintptr_t)memory, true) == SIGNAL_SEGV);
    CHECK(memory[PAGE_BYTES] == 7);
    CHECK(syscall_protect((uintptr_t)memory, 3 * PAGE_BYTES, RW) == 0);
    memory[PAGE_BYTES] = 8;
    unmap(memory, 3 * PAGE_BYTES);
}

static const struct theme themes[] = {
    {"mmap-read", mmap_read},           {"mmap-close", mmap_close},
    {"mmap-unmap", mmap_unmap},         {"mmap-overlap", mmap_overlap},
    {"mmap-twice", mmap_twice},         {"mmap-exit", mmap_exit},
    {"mmap-shuffle", mmap_shuffle},     {"mmap-bad-fd", mmap_bad_fd},
    {"mmap-clean", mmap_clean},         {"mmap-inherit", mmap_inherit},
    {"mmap-misalign", mmap_misalign},   {"mmap-null", mmap_null},
    {"mmap-over-code", mmap_over_code}, {"mmap-over-data", mmap_over_data},
    {"mmap-over-stk", mmap_over_stk},   {"mmap-over-heap", mmap_over_heap},
    {"mmap-zero", mmap_zero},           {"mmap-two-files", mmap_two_files},
    {"mmap-fork", mmap_fork},           {"mmap-protect", mmap_protect},
};

/* `mmap.elf read-at ADDRESS`, with digits from a to p, the lowest first. */
static void read_at(const char *digits)
{
    uintptr_t address = 0;

    for (unsigned i = 0; digits[i]; i++) {
        address |= (uintptr_t)(digits[i] - 'a') << (4 * i);
    }
    exit_status(*(volatile uint8_t *)address ? 3 : 4);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "read-at") == 0) {
        read_at(argv[2]);
    }
    return RUN_THEME(argc, argv, themes);
}
