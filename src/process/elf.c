/*
 * process/elf.c - see elf.h. Field names are the System V ABI's.
 *
 * Two things in ordinary files lie outside a program's addresses and are left out, because no
 * program needs them:
 *
 *   0x003FF000  the page below the program, when it holds the file's own headers and nothing else:
 *               linkers load them with what follows ("ld -Ttext 0x400000"). By the address map this
 *               page is the guard page above the stack, and so it stays.
 *   elsewhere   a segment that is nothing but notes: "gcc -Wl,-Ttext=0x400000" leaves the build ID
 *               at ld's usual 0x08048000.
 *
 * Rights of segments: on i386 every page that can be read can be executed. nasm gives a section
 * with a name of one's own ("section .asm") no right to be executed, so a program that begins there
 * is accepted, and the segment counts as executable.
 *
 * Size before speed.
 */
#include "process/elf.h"

#include "layout.h"
#include "base/align.h"
#include "lib/string.h"
#include "base/status.h"

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
#define PT_NOTE    4
#define PF_X       1
#define PF_W       2
#define PHNUM_MAX  64

/* Distinguishes ELF files for other systems from files that are no ELF at all. */
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

static int read_program_header(const struct elf_source *source, const struct elf_header *header,
                               uint32_t number, struct elf_program_header *program)
{
    return source->read(source->context, header->e_phoff + number * sizeof(*program), program,
                        sizeof(*program));
}

static bool is_below_program(const struct elf_program_header *program)
{
    return program->p_vaddr < USER_PROGRAM_ADDRESS &&
           USER_PROGRAM_ADDRESS - program->p_vaddr <= PAGE_SIZE_BYTES;
}

/* Is what lies below the program's addresses only the headers, one behind the other as linkers write
 * them, and zeros? 1, 0 or an error. The segment's part of the file is inside the file. */
static int has_only_headers_below(const struct elf_source *source, const struct elf_header *header,
                                  const struct elf_program_header *program)
{
    uint32_t end = MIN(USER_PROGRAM_ADDRESS - program->p_vaddr, program->p_filesz);
    uint32_t offset =
        header->e_phoff + header->e_phnum * (uint32_t)sizeof(struct elf_program_header);

    if (program->p_offset != 0 || (program->p_flags & PF_W) || header->e_phoff != sizeof(*header)) {
        return 0;
    }
    while (offset < end) {
        uint8_t bytes[64];
        uint32_t count = MIN(end - offset, sizeof(bytes));
        int status = source->read(source->context, offset, bytes, count);

        if (status < 0) {
            return status;
        }
        for (uint32_t i = 0; i < count; i++) {
            if (bytes[i] != 0) {
                return 0;
            }
        }
        offset += count;
    }
    return 1;
}

/* Is all of the segment a note? 1, 0 or an error. */
static int has_only_notes(const struct elf_source *source, const struct elf_header *header,
                          const struct elf_program_header *program)
{
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        struct elf_program_header note;
        int status = read_program_header(source, header, i, &note);

        if (status < 0) {
            return status;
        }
        if (note.p_type == PT_NOTE && note.p_offset == program->p_offset &&
            note.p_filesz == program->p_filesz && note.p_vaddr == program->p_vaddr &&
            program->p_memsz == program->p_filesz) {
            return 1;
        }
    }
    return 0;
}

/* Takes off a segment what no program needs (see above). 1 when nothing is left of it; 0; an error. */
static int leave_out(const struct elf_source *source, const struct elf_header *header,
                     struct elf_program_header *program)
{
    if (is_below_program(program)) {
        uint32_t below = USER_PROGRAM_ADDRESS - program->p_vaddr;

        int status = has_only_headers_below(source, header, program);
        if (status <= 0) {
            return status;
        }
        if (program->p_memsz <= below) {
            return 1;
        }
        program->p_vaddr += below;
        program->p_memsz -= below;
        program->p_offset += below;
        program->p_filesz -= MIN(program->p_filesz, below);
        if (program->p_filesz == 0) {
            program->p_offset = 0;
        }
        return 0;
    }
    if (!range_is_inside(program->p_vaddr, 1, USER_PROGRAM_ADDRESS, USER_PROGRAM_END)) {
        return has_only_notes(source, header, program);
    }
    return 0;
}

/* Adds a PT_LOAD to the layout, or refuses it. */
static int add_segment(const struct elf_source *source, const struct elf_header *header,
                       struct elf_program_header *program, struct elf_layout *layout)
{
    if (program->p_memsz == 0) {
        return program->p_filesz == 0 ? OK : -EINFORMAT;
    }
    if (program->p_filesz > program->p_memsz) {
        return -EINFORMAT;
    }
    if (!range_is_inside(program->p_offset, program->p_filesz, 0, source->size)) {
        return -ECUTOFF;
    }
    int status = leave_out(source, header, program);
    if (status != 0) {
        return status < 0 ? status : OK;
    }
    if (layout->segment_count == ELF_SEGMENTS_MAX) {
        return -EINFORMAT;
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

/* Finds the segment in which the program begins; it can be executed, whatever its flags are. */
static bool accept_entry(struct elf_layout *layout)
{
    for (size_t i = 0; i < layout->segment_count; i++) {
        struct elf_segment *segment = &layout->segments[i];

        if (layout->entry >= segment->address &&
            layout->entry - segment->address < segment->memory_bytes) {
            segment->executable = true;
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

        status = read_program_header(source, &header, i, &program);
        if (status < 0) {
            return status;
        }
        if (program.p_type == PT_DYNAMIC || program.p_type == PT_INTERP) {
            return -EDYNAMIC;
        }
        if (program.p_type == PT_LOAD) {
            status = add_segment(source, &header, &program, layout);
            if (status < 0) {
                return status;
            }
        }
    }
    if (layout->segment_count == 0) {
        return -ENOSEGMENT;
    }
    return accept_entry(layout) ? OK : -ENOENTRY;
}
