/*
 * task/elf.c - see elf.h. Field names are the System V ABI's.
 */
#include "task/elf.h"

#include "layout.h"
#include "lib/align.h"
#include "lib/string.h"
#include "status.h"

struct elf_header {
    uint8_t e_ident[16];
    uint16_t e_type, e_machine;
    uint32_t e_version, e_entry, e_phoff, e_shoff, e_flags;
    uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
};

struct elf_program_header {
    uint32_t p_type, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_flags, p_align;
};

_Static_assert(sizeof(struct elf_header) == 52, "Elf32_Ehdr");
_Static_assert(sizeof(struct elf_program_header) == 32, "Elf32_Phdr");

/* e_ident: magic, ELFCLASS32, ELFDATA2LSB, EV_CURRENT */
static const uint8_t expected_ident[] = {0x7F, 'E', 'L', 'F', 1, 1, 1};

#define EI_CLASS   4
#define EI_DATA    5
#define CLASS_64   2
#define DATA_LSB   1
#define ET_EXEC    2
#define EM_386     3
#define EV_CURRENT 1
#define PT_LOAD    1
#define PT_DYNAMIC 2
#define PT_INTERP  3
#define PF_X       1
#define PF_W       2
#define PHNUM_MAX  64

/* What ELF files for others have is told apart from what is no ELF file at all. */
static int check_header(const struct elf_header *header, uint32_t file_size)
{
    if (memcmp(header->e_ident, expected_ident, EI_CLASS) == 0 &&
        header->e_ident[EI_DATA] == DATA_LSB && header->e_ident[EI_CLASS] == CLASS_64) {
        return -E64BIT; /* its fields are elsewhere */
    }
    if (memcmp(header->e_ident, expected_ident, sizeof(expected_ident)) != 0 ||
        header->e_version != EV_CURRENT) {
        return -EINFORMAT;
    }
    if (header->e_machine != EM_386) {
        return -EMACHINE;
    }
    if (header->e_type != ET_EXEC) {
        return -ENOTLINKED;
    }
    if (header->e_phnum == 0) {
        return -ENOSEGMENT;
    }
    if (header->e_ehsize < sizeof(*header) ||
        header->e_phentsize != sizeof(struct elf_program_header) || header->e_phnum > PHNUM_MAX) {
        return -EINFORMAT;
    }
    return range_is_inside(header->e_phoff, header->e_phnum * sizeof(struct elf_program_header), 0,
                           file_size)
               ? OK
               : -ECUTOFF;
}

/* Adds a PT_LOAD to the layout, or refuses it. */
static int add_segment(const struct elf_program_header *program, uint32_t file_size,
                       struct elf_layout *layout)
{
    if (program->p_memsz == 0) {
        return program->p_filesz == 0 ? OK : -EINFORMAT;
    }
    if (layout->segment_count == ELF_SEGMENTS_MAX || program->p_filesz > program->p_memsz) {
        return -EINFORMAT;
    }
    if (!range_is_inside(program->p_offset, program->p_filesz, 0, file_size)) {
        return -ECUTOFF;
    }
    if (!range_is_inside(program->p_vaddr, 1, USER_PROGRAM_ADDRESS, USER_PROGRAM_END)) {
        return -EADDRESS;
    }
    if (program->p_memsz > USER_PROGRAM_END - program->p_vaddr) {
        return -ETOOLARGE;
    }
    for (size_t i = 0; i < layout->segment_count; i++) {
        const struct elf_segment *other = &layout->segments[i];

        if (program->p_vaddr < other->address + other->memory_bytes &&
            other->address < program->p_vaddr + program->p_memsz) {
            return -EOVERLAP;
        }
    }
    layout->segments[layout->segment_count++] = (struct elf_segment){
        .address = program->p_vaddr,
        .memory_bytes = program->p_memsz,
        .file_offset = program->p_offset,
        .file_bytes = program->p_filesz,
        .writable = program->p_flags & PF_W,
        .executable = program->p_flags & PF_X,
    };
    return OK;
}

static bool is_entry_acceptable(const struct elf_layout *layout)
{
    for (size_t i = 0; i < layout->segment_count; i++) {
        const struct elf_segment *segment = &layout->segments[i];

        if (segment->executable && layout->entry >= segment->address &&
            layout->entry - segment->address < segment->memory_bytes) {
            return true;
        }
    }
    return false;
}

int elf_read_layout(const struct elf_source *source, struct elf_layout *layout)
{
    struct elf_header header;
    int status;

    *layout = (struct elf_layout){0};
    if (source->size < sizeof(header)) {
        return -EINFORMAT;
    }
    status = source->read(source->context, 0, &header, sizeof(header));
    if (status < 0) {
        return status;
    }
    status = check_header(&header, source->size);
    if (status < 0) {
        return status;
    }
    layout->entry = header.e_entry;
    for (uint32_t i = 0; i < header.e_phnum; i++) {
        struct elf_program_header program;

        status = source->read(source->context, header.e_phoff + i * sizeof(program), &program,
                              sizeof(program));
        if (status < 0) {
            return status;
        }
        if (program.p_type == PT_DYNAMIC || program.p_type == PT_INTERP) {
            return -EDYNAMIC;
        }
        if (program.p_type == PT_LOAD) {
            status = add_segment(&program, source->size, layout);
            if (status < 0) {
                return status;
            }
        }
    }
    if (layout->segment_count == 0) {
        return -ENOSEGMENT;
    }
    return is_entry_acceptable(layout) ? OK : -ENOENTRY;
}
