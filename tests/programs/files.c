/*
 * tests/programs/files.c - the file commands, with right and wrong arguments.
 * Expect: status 0
 * Says: files: all checked
 * Files: LICENSE bin/kernel.elf=big.bin tests/programs/files.c=dir/sub/files.c LICENSE=dir/a.txt
 */
#include <drupe.h>
#include <string.h>

#include "bad_pointers.h"
#include "check.h"

#define FIRST FILE_DESCRIPTOR_FIRST
#define LAST  (FILE_DESCRIPTOR_FIRST + FILE_DESCRIPTORS_MAX - 1)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const int bad_descriptors[] = {
    -2147483647 - 1, -2147483647, -65536, -1, 0, 1, 2, FIRST, FIRST + 1, LAST, LAST + 1, 255, 256,
    65536 + FIRST, 0x40000000 + FIRST, 0x7FFFFFFF,
};
/* clang-format on */

static char buffer[70000];

/* Where no command may write: there is nothing of the process's, or it is its code. */
static uintptr_t unwritable(unsigned i)
{
    return i < BAD_POINTERS ? bad_pointers[i] : USER_PROGRAM_ADDRESS;
}
#define UNWRITABLE (BAD_POINTERS + 1)

/* The string, where the compiler does not see it. */
static const char *pointer(uintptr_t address)
{
    return (const char *)at(address);
}

static void check_descriptors(void)
{
    struct file_stat stat;
    struct directory_entry entry;

    for (unsigned i = 0; i < COUNT(bad_descriptors); i++) {
        int bad = bad_descriptors[i];

        CHECK(file_read(bad, buffer, 10) == -EINVARG);
        CHECK(file_read(bad, buffer, 0) == -EINVARG);
        CHECK(file_seek(bad, 0, FILE_SEEK_SET) == -EINVARG);
        CHECK(file_descriptor_stat(bad, &stat) == -EINVARG);
        CHECK(file_read_directory(bad, &entry) == -EINVARG);
        CHECK(file_close(bad) == -EINVARG);
    }
}

static void check_paths(void)
{
    static const struct {
        const char *path;
        int status;
    } lines[] = {
        {"nobody.txt", -ENOENT},  {"0:/nobody.txt", -ENOENT}, {"1:/license", -ENOENT},
        {"dir/nobody", -ENOENT},  {"license/x", -ENOTDIR},    {"", -EBADPATH},
        {"0:license", -EBADPATH}, {"/nothing", -ENOENT},      {"license/", -ENOTDIR},
        {"9:/license", -ENOENT},  {"a*b", -EBADPATH},         {"license/..", -ENOTDIR},
    };
    static const char *const good[] = {"license",
                                       "LICENSE",
                                       "0:/license",
                                       "dir",
                                       "0:/dir",
                                       "0:/",
                                       "dir/a.txt",
                                       "0:/DIR/sub/Files.C",
                                       "/",
                                       "/license",
                                       "/dir/a.txt",
                                       "0:",
                                       "dir//a.txt",
                                       "dir/",
                                       "../license",
                                       "./dir/.",
                                       "dir/sub/../a.txt",
                                       "/..//license",
                                       "/tmp"};
    static char path[1100];
    struct file_stat stat;

    for (unsigned i = 0; i < COUNT(lines); i++) {
        CHECK(file_open(lines[i].path) == lines[i].status);
        CHECK(file_stat(lines[i].path, &stat) == lines[i].status);
    }
    for (unsigned i = 0; i < COUNT(good); i++) {
        CHECK(file_stat(good[i], &stat) == 0);
        CHECK(file_open(good[i]) == FIRST); /* stat kept none */
        CHECK(file_close(FIRST) == 0);
    }
    for (unsigned i = 0; i < BAD_POINTERS; i++) {
        CHECK(file_open(pointer(bad_pointers[i])) == -EINVARG);
        CHECK(file_stat(pointer(bad_pointers[i]), &stat) == -EINVARG);
    }
    for (unsigned i = 0; i < UNWRITABLE; i++) {
        CHECK(file_stat("license", (void *)pointer(unwritable(i))) == -EINVARG);
    }
    /* Around the longest path. */
    memset(path, 'a', sizeof(path));
    for (unsigned length = 1000; length < sizeof(path); length++) {
        for (unsigned i = 5; i < length; i += 5) {
            path[i - 1] = '/';
        }
        path[length - 1] = path[length - 2] = 'a';
        path[length] = 0;
        CHECK(file_open(path) == (length < 1024 ? -ENOENT : -EBADPATH));
        path[length] = 'a';
    }
    /* A path at the very end of what is mapped, with its NUL and without. */
    char *page = page_malloc(4096);
    memcpy(page + 4096 - 8, "license", 8);
    CHECK(file_open(page + 4096 - 8) == FIRST);
    CHECK(file_close(FIRST) == 0);
    page[4095] = 'x';
    CHECK(file_open(page + 4096 - 8) == -EINVARG);
    CHECK(page_free(page) == 0);
}

static void check_many(void)
{
    int descriptor;

    for (descriptor = FIRST; descriptor <= LAST; descriptor++) {
        CHECK(file_open("license") == descriptor);
    }
    CHECK(file_open("license") == -EBUSY);
    CHECK(file_open("nobody.txt") == -ENOENT);
    /* Each has its own position; the lowest free one is given out again. */
    CHECK(file_seek(FIRST + 4, 7, FILE_SEEK_SET) == 7);
    CHECK(file_seek(FIRST + 5, 0, FILE_SEEK_CUR) == 0);
    CHECK(file_close(FIRST + 9) == 0);
    CHECK(file_close(FIRST + 4) == 0);
    CHECK(file_close(FIRST + 4) == -EINVARG);
    CHECK(file_read(FIRST + 4, buffer, 1) == -EINVARG);
    CHECK(file_open("dir/a.txt") == FIRST + 4);
    CHECK(file_seek(FIRST + 4, 0, FILE_SEEK_CUR) == 0);
    CHECK(file_open("dir/a.txt") == FIRST + 9);
    CHECK(file_open("dir/a.txt") == -EBUSY);
    for (descriptor = FIRST; descriptor <= LAST; descriptor++) {
        CHECK(file_close(descriptor) == 0);
    }
}

static void check_read(void)
{
    static const char beginning[] = "/*\n * tests/programs/files.c";
    struct file_stat stat;
    int file = file_open("dir/sub/files.c");

    CHECK(file == FIRST);
    memset(&stat, 0xEE, sizeof(stat));
    CHECK(file_descriptor_stat(file, &stat) == 0);
    CHECK(stat.size > 1000 && stat.size < sizeof(buffer));
    CHECK(stat.is_directory == 0 && stat.is_read_only == 0);
    CHECK(stat.reserved[0] == 0 && stat.reserved[1] == 0);

    memset(buffer, '#', sizeof(buffer));
    CHECK(file_read(file, buffer, sizeof(beginning) - 1) == sizeof(beginning) - 1);
    CHECK(memcmp(buffer, beginning, sizeof(beginning) - 1) == 0);
    CHECK(buffer[sizeof(beginning) - 1] == '#');
    CHECK(file_seek(file, 0, FILE_SEEK_CUR) == sizeof(beginning) - 1);
    CHECK(file_read(file, buffer, 0) == 0);
    CHECK(file_read(file, (void *)pointer(0), 0) == 0);
    CHECK(file_read(file, buffer, sizeof(buffer)) == (int)(stat.size - (sizeof(beginning) - 1)));
    CHECK(file_read(file, buffer, sizeof(buffer)) == 0); /* the end */
    CHECK(file_read(file, buffer, 1) == 0);

    CHECK(file_seek(file, 5, FILE_SEEK_SET) == 5);
    for (unsigned i = 0; i < UNWRITABLE; i++) {
        void *bad = (void *)pointer(unwritable(i));

        CHECK(file_read(file, bad, 1) == -EINVARG);
        CHECK(file_read(file, bad, 600) == -EINVARG);
        CHECK(file_read(file, bad, 0xFFFFFFFF) == -EINVARG);
        CHECK(file_descriptor_stat(file, bad) == -EINVARG);
    }
    CHECK(file_read(file, buffer, 0x7FFFFFFF) == -EINVARG);
    CHECK(file_read(file, buffer, 0x80000000) == -EINVARG);
    CHECK(file_read(file, buffer, 0xFFFFFFFF) == -EINVARG);
    /* A buffer that ends with what is mapped, and one a byte longer: the page stays as it is. */
    char *page = page_malloc(4096);
    CHECK(file_read(file, page + 4096 - 100, 101) == -EINVARG);
    CHECK(page[4096 - 100] == 0 && page[4095] == 0);
    CHECK(file_seek(file, 0, FILE_SEEK_CUR) == 5);
    CHECK(file_read(file, page + 4096 - 100, 100) == 100);
    CHECK(memcmp(page + 4096 - 100, beginning + 5, 10) == 0);
    CHECK(page_free(page) == 0);
    /* Another's read-only page; a hole between two pages. */
    char *pages = page_malloc(4096);
    char *hole = page_malloc(4096);
    char *behind = page_malloc(4096);
    CHECK(hole == pages + 4096 && behind == hole + 4096);
    CHECK(page_free(hole) == 0);
    CHECK(file_read(file, pages, 3 * 4096) == -EINVARG);
    CHECK(file_read(file, pages + 4000, 4300) == -EINVARG);
    CHECK(pages[0] == 0 && pages[4000] == 0);
    CHECK(page_free(pages) == 0 && page_free(behind) == 0);
    CHECK(file_close(file) == 0);
}

static void check_seek(void)
{
    struct file_stat stat;
    int file = file_open("license");

    CHECK(file_stat("license", &stat) == 0 && stat.size > 100);
    int size = (int)stat.size;
    CHECK(file_seek(file, size, FILE_SEEK_SET) == size); /* the end is a position */
    CHECK(file_read(file, buffer, 1) == 0);
    CHECK(file_seek(file, 10, FILE_SEEK_SET) == 10);
    CHECK(file_seek(file, -3, FILE_SEEK_CUR) == 7);
    CHECK(file_seek(file, -10, FILE_SEEK_END) == size - 10);
    CHECK(file_read(file, buffer, 100) == 10);
    CHECK(file_seek(file, 0, FILE_SEEK_END) == size);
    CHECK(file_seek(file, -size, FILE_SEEK_CUR) == 0);
    CHECK(file_seek(file, 20, FILE_SEEK_SET) == 20);
    CHECK(file_seek(file, -1, FILE_SEEK_SET) == -EINVARG);
    CHECK(file_seek(file, -21, FILE_SEEK_CUR) == -EINVARG);
    CHECK(file_seek(file, -size - 1, FILE_SEEK_END) == -EINVARG);
    CHECK(file_seek(file, size + 1, FILE_SEEK_SET) == -EINVARG);
    CHECK(file_seek(file, 1, FILE_SEEK_END) == -EINVARG);
    CHECK(file_seek(file, size - 19, FILE_SEEK_CUR) == -EINVARG);
    CHECK(file_seek(file, 0x7FFFFFFF, FILE_SEEK_CUR) == -EINVARG);
    CHECK(file_seek(file, -0x7FFFFFFF - 1, FILE_SEEK_CUR) == -EINVARG);
    CHECK(file_seek(file, 0, 3) == -EINVARG);
    CHECK(file_seek(file, 0, -1) == -EINVARG);
    CHECK(file_seek(file, 0, FILE_SEEK_CUR) == 20);
    CHECK(file_close(file) == 0);
}

/* The same bytes in pieces of any size and at any address as all at once. */
static void check_large(void)
{
    static const unsigned sizes[] = {1,    511,   512,   513,   4095, 4096,
                                     4097, 32768, 65535, 65536, 65537};
    struct file_stat stat;
    int file = file_open("big.bin");
    unsigned step = 0;

    CHECK(file_descriptor_stat(file, &stat) == 0);
    CHECK(stat.size > 3 * 65536);
    char *all = page_malloc(stat.size);
    CHECK(all && file_read(file, all, stat.size) == (int)stat.size);
    CHECK(memcmp(all, "\177ELF", 4) == 0);
    CHECK(file_seek(file, 0, FILE_SEEK_SET) == 0);
    for (unsigned done = 0; done < stat.size; step++) {
        unsigned wanted = sizes[step % COUNT(sizes)];
        unsigned left = stat.size - done;
        char *to = buffer + step % 3;
        int count = file_read(file, to, wanted);

        CHECK(count == (int)(wanted < left ? wanted : left));
        CHECK(memcmp(to, all + done, (unsigned)count) == 0);
        if (count <= 0) {
            break;
        }
        done += (unsigned)count;
    }
    CHECK(page_free(all) == 0);
    CHECK(file_close(file) == 0);
}

/* What this program was loaded from is what it is. */
static void check_own_file(void)
{
    /* The two kinds' program headers begin with these: words, but for the type (and, of 64 bits,
     * the flags). */
    struct {
        uintptr_t type, offset, address, physical, file_bytes;
    } header;
    uintptr_t at_header;
    int at_offset = IS_64_BIT ? 32 : 28; /* e_phoff */
    int file = file_open("init.elf");

    CHECK(file_seek(file, at_offset, FILE_SEEK_SET) == at_offset);
    CHECK(file_read(file, &at_header, sizeof(at_header)) == sizeof(at_header));
    CHECK(file_seek(file, (int)at_header, FILE_SEEK_SET) == (int)at_header);
    CHECK(file_read(file, &header, sizeof(header)) == sizeof(header));
    CHECK((uint32_t)header.type == 1 && header.address >= 0x400000 && header.file_bytes > 1000);
    CHECK(file_seek(file, (int)header.offset, FILE_SEEK_SET) == (int)header.offset);
    CHECK(file_read(file, buffer, header.file_bytes) == (int)header.file_bytes);
    CHECK(memcmp(buffer, pointer(header.address), header.file_bytes) == 0);
    CHECK(file_close(file) == 0);
}

static void check_directory(void)
{
    struct directory_entry entry;
    struct file_stat stat;
    unsigned files = 0, folders = 0;
    int folder = file_open("dir");

    CHECK(file_stat("dir", &stat) == 0);
    CHECK(stat.is_directory == 1 && stat.size == 0);
    CHECK(file_read(folder, buffer, 10) == -EISDIR);
    CHECK(file_seek(folder, 0, FILE_SEEK_SET) == -EISDIR);
    for (unsigned i = 0; i < UNWRITABLE; i++) {
        CHECK(file_read_directory(folder, (void *)pointer(unwritable(i))) == -EINVARG);
    }
    for (;;) {
        memset(&entry, 0xEE, sizeof(entry));
        if (file_read_directory(folder, &entry) != 1) {
            break;
        }
        for (unsigned i = strlen(entry.name); i < FILE_NAME_BYTES; i++) {
            CHECK(entry.name[i] == 0);
        }
        CHECK(!entry.reserved[0] && !entry.reserved[1] && !entry.reserved[2]);
        CHECK(!entry.stat.reserved[0] && !entry.stat.reserved[1]);
        if (strcmp(entry.name, "sub") == 0) {
            CHECK(entry.stat.is_directory == 1 && entry.stat.size == 0);
            folders++;
        } else {
            CHECK(strcmp(entry.name, "a.txt") == 0);
            CHECK(entry.stat.is_directory == 0 && entry.stat.is_read_only == 0);
            CHECK(file_stat("license", &stat) == 0 && entry.stat.size == stat.size);
            files++;
        }
    }
    CHECK(files == 1 && folders == 1); /* the bad pointers lost none */
    CHECK(file_read_directory(folder, &entry) == 0);
    CHECK(file_close(folder) == 0);
    CHECK(file_open("license") == FIRST);
    CHECK(file_read_directory(FIRST, &entry) == -ENOTDIR);
    CHECK(file_close(FIRST) == 0);

    folder = file_open("0:/");
    for (files = 0; file_read_directory(folder, &entry) == 1; files++) {
    }
    CHECK(files == 4);
    CHECK(file_close(folder) == 0);
}

static struct memory_figures figures(void)
{
    struct memory_figures now;

    CHECK(raw_call(SYSCALL_MEMORY_FIGURES, (uintptr_t)&now, sizeof(now)) == 0);
    return now;
}

/* The third time nothing is read from the disk, nor taken for it: the path's names are known, the
 * two pages of contents are among the files'. */
static void check_cache(void)
{
    struct memory_figures before = {0}, after = {0};

    for (int i = 0; i < 3; i++) {
        int file = file_open("dir/sub/files.c");

        before = after;
        CHECK(file_read(file, buffer, 5000) == 5000);
        CHECK(file_close(file) == 0);
        after = figures();
    }
    CHECK(after.cache_hits == before.cache_hits);
    CHECK(after.file_hits >= before.file_hits + 2);
    CHECK(after.cache_misses == before.cache_misses);
    CHECK(after.cache_misses > 0);
    CHECK(after.cache_pages == before.cache_pages && after.cache_pages > 3);
    CHECK(after.free_pages == before.free_pages);
}

int main(void)
{
    check_descriptors();
    check_paths();
    check_many();
    check_read();
    check_seek();
    check_large();
    check_own_file();
    check_directory();
    check_cache();
    check_descriptors();              /* nothing is open any more */
    CHECK(file_open("dir") == FIRST); /* left to the kernel */
    if (check_status() == 0) {
        printf("files: all checked\n");
    }
    return check_status();
}
