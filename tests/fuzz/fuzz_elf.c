/*
 * fuzz_elf.c - any bytes as a program file: nothing outside it is read, and what is accepted keeps
 * elf.h's promises. Then once more with each of its reads failing. Its examples are files of 32 bits;
 * fuzz_elf64.c has those of 64.
 * Sources: src/process/elf.c src/lib/string.c
 */
#include <elf.h>

#include "fuzz.h"

#include "layout.h"
#include "base/status.h"
#include "process/elf.h"

#ifndef ELF_BITS
#define ELF_BITS 32
#endif

#if ELF_BITS == 64
#define Ehdr    Elf64_Ehdr
#define Phdr    Elf64_Phdr
#define CLASS   ELFCLASS64
#define MACHINE EM_X86_64
#else
#define Ehdr    Elf32_Ehdr
#define Phdr    Elf32_Phdr
#define CLASS   ELFCLASS32
#define MACHINE EM_386
#endif

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

static void check_layout(const struct elf_layout *layout)
{
    unsigned entries = 0;
    const uint64_t page = PAGE_SIZE_BYTES;
    uint64_t program_end = layout->is_64_bit ? USER64_PROGRAM_END : USER_PROGRAM_END;

    FUZZ_CHECK(layout->segment_count >= 1 && layout->segment_count <= ELF_SEGMENTS_MAX);
    for (size_t i = 0; i < layout->segment_count; i++) {
        const struct elf_segment *a = &layout->segments[i];
        uint64_t end = (uint64_t)a->address + a->memory_bytes;

        FUZZ_CHECK(a->memory_bytes > 0 && a->file_bytes <= a->memory_bytes);
        FUZZ_CHECK((uint64_t)a->file_offset + a->file_bytes <= file_size);
        FUZZ_CHECK(a->address >= USER_PROGRAM_ADDRESS && end <= program_end);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_source source = {.read = read_file, .context = &file, .size = (uint32_t)size};
    struct elf_layout layout;
    int first, status;

    file = data;
    file_size = size;
    reads = fail_at = 0;
    first = elf_read_layout(&source, &layout);
    FUZZ_CHECK(first == OK || first == -EINFORMAT || STATUS_IS_OF_ELF(-first));
    if (first == OK) {
        check_layout(&layout);
    }
    for (unsigned n = 1, count = reads; n <= count; n++) {
        reads = 0;
        fail_at = n;
        status = elf_read_layout(&source, &layout);
        FUZZ_CHECK(status == -EIO);
    }
    return 0;
}

#define SEED_BYTES 2560

/* Programs with 1 to 20 segments; number 1 has more than are accepted. */
size_t fuzz_seed(unsigned number, uint8_t *data)
{
    static const unsigned segment_counts[] = {1, 20, 2, 3, 16, 0};
    unsigned count = number < 6 ? segment_counts[number] : 0;
    Ehdr header = {
        .e_ident = {0x7F, 'E', 'L', 'F', CLASS, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = MACHINE,
        .e_version = EV_CURRENT,
        .e_entry = USER_PROGRAM_ADDRESS,
        .e_phoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_phentsize = sizeof(Phdr),
        .e_phnum = (uint16_t)count,
    };

    if (number >= 6) {
        return 0;
    }
    memset(data, 0x90, SEED_BYTES);
    memcpy(data, &header, sizeof(header));
    for (unsigned i = 0; i < count; i++) {
        Phdr program = {
            .p_type = i % 5 == 4 ? PT_NOTE : PT_LOAD,
            .p_offset = SEED_BYTES - 1024 + i * 16,
            .p_vaddr = USER_PROGRAM_ADDRESS + i * 0x1000,
            .p_filesz = 256,
            .p_memsz = i % 2 ? 0x1000 : 256,
            .p_flags = i == 0 ? PF_R | PF_X : PF_R | PF_W,
            .p_align = 0x1000,
        };
        memcpy(data + sizeof(header) + i * sizeof(program), &program, sizeof(program));
    }
    return SEED_BYTES;
}
