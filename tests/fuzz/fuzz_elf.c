/*
 * fuzz_elf.c - any bytes as a program file: nothing outside it is read, and what is accepted keeps
 * elf.h's promises: each segment is what a program header of the file says. Then once more with
 * each of its reads failing.
 * Sources: src/process/elf.c src/lib/string.c
 */
#include <elf.h>

#include "fuzz.h"

#include "layout.h"
#include "base/status.h"
#include "process/elf.h"

#define SEED_BYTES 2048

static const uint8_t *file;
static size_t file_size;
static unsigned reads, fail_at;

static int read_file(void *context, uint32_t offset, void *buffer, uint32_t length)
{
    FUZZ_CHECK(context == &file && length > 0);
    FUZZ_CHECK(offset <= file_size && length <= file_size - offset);
    memcpy(buffer, file + offset, length);
    return ++reads == fail_at ? -EIO : OK;
}

/* What both classes' program headers say. */
struct program {
    uint64_t type, flags, offset, address, file_bytes, memory_bytes;
};

/* Program header number i of the file, by the system's own <elf.h>; the layout was accepted, so it
 * is there. */
#define PROGRAM(name, Ehdr, Phdr)                                                       \
    static struct program name(unsigned i)                                              \
    {                                                                                   \
        Ehdr header;                                                                    \
        Phdr program;                                                                   \
                                                                                        \
        memcpy(&header, file, sizeof(header));                                          \
        FUZZ_CHECK(header.e_phoff < file_size && i < header.e_phnum);                   \
        memcpy(&program, file + header.e_phoff + i * sizeof(program), sizeof(program)); \
        return (struct program){program.p_type,  program.p_flags,  program.p_offset,    \
                                program.p_vaddr, program.p_filesz, program.p_memsz};    \
    }
PROGRAM(program_32, Elf32_Ehdr, Elf32_Phdr)
PROGRAM(program_64, Elf64_Ehdr, Elf64_Phdr)

static unsigned program_count(bool is_64_bit)
{
    return is_64_bit ? ((const Elf64_Ehdr *)file)->e_phnum : ((const Elf32_Ehdr *)file)->e_phnum;
}

/* Is the segment all that the program header says, but for what lies below the addresses of
 * programs? */
static bool is_made_of(const struct elf_segment *segment, const struct program *program)
{
    uint64_t below = segment->address - program->address;
    uint64_t left_of_file = program->file_bytes > below ? program->file_bytes - below : 0;

    return program->type == PT_LOAD && (below == 0 || segment->address == USER_PROGRAM_ADDRESS) &&
           program->memory_bytes - below == segment->memory_bytes &&
           left_of_file == segment->file_bytes &&
           (segment->file_offset == program->offset + below || (below > 0 && left_of_file == 0)) &&
           segment->writable == ((program->flags & PF_W) != 0) &&
           segment->executable >= ((program->flags & PF_X) != 0);
}

static bool is_in_the_file(const struct elf_layout *layout, const struct elf_segment *segment)
{
    for (unsigned i = 0; i < program_count(layout->is_64_bit); i++) {
        struct program program = layout->is_64_bit ? program_64(i) : program_32(i);

        if (is_made_of(segment, &program)) {
            return true;
        }
    }
    return false;
}

static uint64_t entry_of_file(bool is_64_bit)
{
    return is_64_bit ? ((const Elf64_Ehdr *)file)->e_entry : ((const Elf32_Ehdr *)file)->e_entry;
}

static void check_layout(const struct elf_layout *layout)
{
    unsigned entries = 0;
    const uint64_t page = PAGE_SIZE_BYTES;
    uint64_t program_end = layout->is_64_bit ? USER64_PROGRAM_END : USER_PROGRAM_END;

    FUZZ_CHECK(layout->is_64_bit == (file[EI_CLASS] == ELFCLASS64));
    FUZZ_CHECK(ARCH_BITS == 64 || !layout->is_64_bit);
    FUZZ_CHECK(((const Elf32_Ehdr *)file)->e_machine == (layout->is_64_bit ? EM_X86_64 : EM_386));
    FUZZ_CHECK(layout->entry == entry_of_file(layout->is_64_bit));
    FUZZ_CHECK(layout->segment_count >= 1 && layout->segment_count <= ELF_SEGMENTS_MAX);
    for (size_t i = 0; i < layout->segment_count; i++) {
        const struct elf_segment *a = &layout->segments[i];
        uint64_t end = (uint64_t)a->address + a->memory_bytes;

        FUZZ_CHECK(is_in_the_file(layout, a));
        FUZZ_CHECK(a->memory_bytes > 0 && a->file_bytes <= a->memory_bytes);
        FUZZ_CHECK((uint64_t)a->file_offset + a->file_bytes <= file_size);
        FUZZ_CHECK(a->address >= USER_PROGRAM_ADDRESS && end <= program_end);
        FUZZ_CHECK(!layout->is_64_bit || !a->writable || !a->executable);
        for (size_t j = 0; j < i; j++) {
            const struct elf_segment *b = &layout->segments[j];
            FUZZ_CHECK(end <= b->address || (uint64_t)b->address + b->memory_bytes <= a->address);
            FUZZ_CHECK(!layout->is_64_bit ||
                       (a->writable == b->writable && a->executable == b->executable) ||
                       (end - 1) / page < b->address / page ||
                       (b->address + b->memory_bytes - 1) / page < a->address / page);
        }
        entries += a->executable && layout->entry >= a->address && layout->entry < end;
    }
    FUZZ_CHECK(entries == 1);
}

/* Reads it with the read number fail failing; 0: with none. */
static int read_layout(struct elf_layout *layout, unsigned fail)
{
    struct elf_source source = {.read = read_file, .context = &file, .size = (uint32_t)file_size};

    reads = 0;
    fail_at = fail;
    return elf_read_layout(&source, layout);
}

static int try_file(const uint8_t *data, size_t size)
{
    struct elf_layout layout;

    file = data;
    file_size = size;
    int first = read_layout(&layout, 0);
    FUZZ_CHECK(first == OK || first == -EINFORMAT || STATUS_IS_OF_ELF(-first));
    if (first == OK) {
        check_layout(&layout);
    }
    for (unsigned n = 1, count = reads; n <= count; n++) {
        FUZZ_CHECK(read_layout(&layout, n) == -EIO);
    }
    return first;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_file(data, size);
    return 0;
}

/* A program with so many segments, in 2048 bytes of nops. */
#define SEED(name, Ehdr, Phdr, class, machine)                                              \
    static void name(uint8_t *data, unsigned count)                                         \
    {                                                                                       \
        Ehdr header = {                                                                     \
            .e_ident = {0x7F, 'E', 'L', 'F', class, ELFDATA2LSB, EV_CURRENT},               \
            .e_type = ET_EXEC,                                                              \
            .e_machine = (machine),                                                         \
            .e_version = EV_CURRENT,                                                        \
            .e_entry = USER_PROGRAM_ADDRESS,                                                \
            .e_phoff = sizeof(header),                                                      \
            .e_ehsize = sizeof(header),                                                     \
            .e_phentsize = sizeof(Phdr),                                                    \
            .e_phnum = (uint16_t)count,                                                     \
        };                                                                                  \
                                                                                            \
        memcpy(data, &header, sizeof(header));                                              \
        for (unsigned i = 0; i < count; i++) {                                              \
            Phdr program = {                                                                \
                .p_type = i % 5 == 4 ? PT_NOTE : PT_LOAD,                                   \
                .p_offset = 1024 + i * 16,                                                  \
                .p_vaddr = USER_PROGRAM_ADDRESS + i * 0x1000,                               \
                .p_filesz = 256,                                                            \
                .p_memsz = i % 2 ? 0x1000 : 256,                                            \
                .p_flags = i == 0 ? PF_R | PF_X : PF_R | PF_W,                              \
                .p_align = 0x1000,                                                          \
            };                                                                              \
            memcpy(data + sizeof(header) + i * sizeof(program), &program, sizeof(program)); \
        }                                                                                   \
    }
SEED(seed_32, Elf32_Ehdr, Elf32_Phdr, ELFCLASS32, EM_386)
SEED(seed_64, Elf64_Ehdr, Elf64_Phdr, ELFCLASS64, EM_X86_64)

/* Programs with 1 to 20 segments, of 32 bits and of 64. Then what is none: without any, and for
 * another CPU. */
size_t fuzz_seed(unsigned number, uint8_t *data)
{
    static const struct {
        unsigned segments;
        bool is_64_bit, is_for_another;
        int status;
    } seeds[] = {
        {1, false, false, OK},       {1, true, false, OK},           {20, false, false, OK},
        {20, true, false, OK},       {2, false, false, OK},          {2, true, false, OK},
        {3, false, false, OK},       {3, true, false, OK},           {16, false, false, OK},
        {16, true, false, OK},       {0, false, false, -ENOSEGMENT}, {0, true, false, -ENOSEGMENT},
        {1, false, true, -EMACHINE}, {1, true, true, -EMACHINE},
    };

    if (number >= sizeof(seeds) / sizeof(seeds[0])) {
        return 0;
    }
    bool is_64_bit = seeds[number].is_64_bit;
    memset(data, 0x90, SEED_BYTES);
    (is_64_bit ? seed_64 : seed_32)(data, seeds[number].segments);
    if (seeds[number].is_for_another) {
        ((Elf32_Ehdr *)data)->e_machine = is_64_bit ? EM_386 : EM_X86_64;
    }
    /* Whatever is refused and accepted else, these are programs or not. */
    FUZZ_CHECK(try_file(data, SEED_BYTES) ==
               (is_64_bit && ARCH_BITS < 64 ? -E64BIT : seeds[number].status));
    return SEED_BYTES;
}
