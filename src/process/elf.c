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
 * Not so in a file of 64 bits: in long mode a page without the right to be executed is not, and
 * what its segments say is what it gets, or it is refused. The page below is left out of such files
 * as well, though nothing of theirs lies there: one rule for both.
 *
 * Size before speed.
 */
#include "process/elf.h"

#include "layout.h"
#include "base/align.h"
#include "lib/string.h"
#include "base/status.h"
#include "process/address_map.h"

/* The two classes' headers as they lie in the file. */
struct elf32_header {
    uint8_t e_ident[16];
    uint16_t e_type, e_machine;
    uint32_t e_version, e_entry, e_phoff, e_shoff, e_flags;
    uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
};

struct elf64_header {
    uint8_t e_ident[16];
    uint16_t e_type, e_machine;
    uint32_t e_version;
    uint64_t e_entry, e_phoff, e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
};

struct elf32_program_header {
    uint32_t p_type, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_flags, p_align;
};

struct elf64_program_header {
    uint32_t p_type, p_flags;
    uint64_t p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
};

_Static_assert(sizeof(struct elf32_header) == 52, "Elf32_Ehdr");
_Static_assert(sizeof(struct elf64_header) == 64, "Elf64_Ehdr");
_Static_assert(sizeof(struct elf32_program_header) == 32, "Elf32_Phdr");
_Static_assert(sizeof(struct elf64_program_header) == 56, "Elf64_Phdr");

/* What is used of either, in words of the kernel: a file of 64 bits gets here only where they are
 * as wide. */
struct elf_header {
    bool is_64_bit;
    uint32_t e_version;
    uint16_t e_type, e_machine, e_ehsize, e_phentsize, e_phnum;
    uintptr_t e_entry, e_phoff;
};

struct elf_program_header {
    uint32_t p_type, p_flags;
    uintptr_t p_offset, p_vaddr, p_filesz, p_memsz;
};

/* e_ident: magic, then class, ELFDATA2LSB, EV_CURRENT */
static const uint8_t magic[] = {0x7F, 'E', 'L', 'F'};

#define EI_CLASS     4
#define EI_DATA      5
#define EI_VERSION   6
#define CLASS_32     1
#define CLASS_64     2
#define DATA_LSB     1
#define ET_EXEC      2
#define EM_386       3
#define EM_X86_64    62
#define EV_CURRENT   1
#define PT_LOAD      1
#define PT_DYNAMIC   2
#define PT_INTERP    3
#define PT_NOTE      4
#define PT_GNU_STACK 0x6474E551
#define PF_X         1
#define PF_W         2
#define PHNUM_MAX    64

static uint32_t header_bytes(const struct elf_header *header)
{
    return header->is_64_bit ? sizeof(struct elf64_header) : sizeof(struct elf32_header);
}

static uint32_t program_header_bytes(const struct elf_header *header)
{
    return header->is_64_bit ? sizeof(struct elf64_program_header)
                             : sizeof(struct elf32_program_header);
}

/* The program headers together. */
static uint32_t program_headers_bytes(const struct elf_header *header)
{
    return header->e_phnum * program_header_bytes(header);
}

#define TAKE_HEADER(from)                                                       \
    header->e_version = (from).e_version, header->e_type = (from).e_type,       \
    header->e_machine = (from).e_machine, header->e_ehsize = (from).e_ehsize,   \
    header->e_phentsize = (from).e_phentsize, header->e_phnum = (from).e_phnum, \
    header->e_entry = (uintptr_t)(from).e_entry, header->e_phoff = (uintptr_t)(from).e_phoff

/* Reads the header. Distinguishes ELF files for other systems from files that are no ELF at all. */
static int read_header(const struct elf_source *source, struct elf_header *header)
{
    union {
        uint8_t e_ident[16];
        struct elf32_header class_32;
        struct elf64_header class_64;
    } raw;

    if (source->size < sizeof(raw.class_32)) {
        return -EINFORMAT;
    }
    int status = source->read(source->context, 0, &raw, sizeof(raw.class_32));
    if (status < 0) {
        return status;
    }
    if (memcmp(raw.e_ident, magic, sizeof(magic)) != 0 || raw.e_ident[EI_DATA] != DATA_LSB) {
        return -EINFORMAT;
    }
    header->is_64_bit = raw.e_ident[EI_CLASS] == CLASS_64;
    if (header->is_64_bit && ARCH_BITS < 64) {
        return -E64BIT; /* its fields are elsewhere */
    }
    if (raw.e_ident[EI_VERSION] != EV_CURRENT ||
        (raw.e_ident[EI_CLASS] != CLASS_32 && !header->is_64_bit)) {
        return -EINFORMAT;
    }
    if (!header->is_64_bit) {
        TAKE_HEADER(raw.class_32);
        return OK;
    }
    if (source->size < sizeof(raw.class_64)) {
        return -EINFORMAT;
    }
    status = source->read(source->context, 0, &raw, sizeof(raw.class_64));
    if (status < 0) {
        return status;
    }
    TAKE_HEADER(raw.class_64);
    return OK;
}

static int check_header(const struct elf_header *header, uint32_t file_size)
{
    if (header->e_version != EV_CURRENT) {
        return -EINFORMAT;
    }
    if (header->e_machine != (header->is_64_bit ? EM_X86_64 : EM_386)) {
        return -EMACHINE;
    }
    if (header->e_type != ET_EXEC) {
        return -ENOTLINKED;
    }
    if (header->e_phnum == 0) {
        return -ENOSEGMENT;
    }
    if (header->e_ehsize < header_bytes(header) ||
        header->e_phentsize != program_header_bytes(header) || header->e_phnum > PHNUM_MAX) {
        return -EINFORMAT;
    }
    return range_is_inside(header->e_phoff, program_headers_bytes(header), 0, file_size) ? OK
                                                                                         : -ECUTOFF;
}

#define TAKE_PROGRAM_HEADER(from)                                                     \
    *program = (struct elf_program_header)                                            \
    {                                                                                 \
        .p_type = (from).p_type, .p_flags = (from).p_flags,                           \
        .p_offset = (uintptr_t)(from).p_offset, .p_vaddr = (uintptr_t)(from).p_vaddr, \
        .p_filesz = (uintptr_t)(from).p_filesz, .p_memsz = (uintptr_t)(from).p_memsz, \
    }

static int read_program_header(const struct elf_source *source, const struct elf_header *header,
                               uint32_t number, struct elf_program_header *program)
{
    union {
        struct elf32_program_header class_32;
        struct elf64_program_header class_64;
    } raw;
    uint32_t bytes = program_header_bytes(header);
    int status =
        source->read(source->context, (uint32_t)header->e_phoff + number * bytes, &raw, bytes);

    if (status < 0) {
        return status;
    }
    if (header->is_64_bit) {
        TAKE_PROGRAM_HEADER(raw.class_64);
    } else {
        TAKE_PROGRAM_HEADER(raw.class_32);
    }
    return OK;
}

static bool is_below_program(const struct elf_program_header *program)
{
    return program->p_vaddr < USER_PROGRAM_ADDRESS &&
           USER_PROGRAM_ADDRESS - program->p_vaddr <= PAGE_SIZE_BYTES;
}

/* Is what lies below the program's addresses only the headers, one behind the other as linkers
 * write them, and zeros? 1, 0 or an error. The segment's part of the file is inside the file. */
static int has_only_headers_below(const struct elf_source *source, const struct elf_header *header,
                                  const struct elf_program_header *program)
{
    uint32_t end = (uint32_t)MIN(USER_PROGRAM_ADDRESS - program->p_vaddr, program->p_filesz);
    uint32_t offset = header_bytes(header) + program_headers_bytes(header);

    if (program->p_offset != 0 || (program->p_flags & PF_W) ||
        header->e_phoff != header_bytes(header)) {
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

/* Takes off a segment what no program needs (see above). 1 when nothing is left of it; 0; an
 * error. */
static int leave_out(const struct elf_source *source, const struct elf_header *header,
                     struct elf_program_header *program)
{
    vaddr_t end = address_map(header->is_64_bit).program_end;

    if (is_below_program(program)) {
        uintptr_t below = USER_PROGRAM_ADDRESS - program->p_vaddr;

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
    if (!range_is_inside(program->p_vaddr, 1, USER_PROGRAM_ADDRESS, end)) {
        return has_only_notes(source, header, program);
    }
    return 0;
}

/* Adds a PT_LOAD to the layout, or refuses it. */
static int add_segment(const struct elf_source *source, const struct elf_header *header,
                       struct elf_program_header *program, struct elf_layout *layout)
{
    vaddr_t end = address_map(header->is_64_bit).program_end;

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
    if (!range_is_inside(program->p_vaddr, 1, USER_PROGRAM_ADDRESS, end)) {
        return -EADDRESS;
    }
    if (program->p_memsz > end - program->p_vaddr) {
        return -ETOOLARGE;
    }
    if (header->is_64_bit && program->p_flags & PF_W && program->p_flags & PF_X) {
        return -EWRITEEXEC;
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
        .file_offset = (uint32_t)program->p_offset,
        .file_bytes = (uint32_t)program->p_filesz, /* both are inside the file */
        .writable = program->p_flags & PF_W,
        .executable = program->p_flags & PF_X,
    };
    return OK;
}

/* Finds the segment in which the program begins. In a file of 32 bits it can be executed, whatever
 * its flags are. */
static int accept_entry(struct elf_layout *layout)
{
    for (size_t i = 0; i < layout->segment_count; i++) {
        struct elf_segment *segment = &layout->segments[i];

        if (layout->entry >= segment->address &&
            layout->entry - segment->address < segment->memory_bytes) {
            segment->executable |= !layout->is_64_bit;
            return segment->executable ? OK : -ENOTCODE;
        }
    }
    return -ENOENTRY;
}

static bool share_a_page(const struct elf_segment *one, const struct elf_segment *other)
{
    vaddr_t last_of_one = one->address + one->memory_bytes - 1;
    vaddr_t last_of_other = other->address + other->memory_bytes - 1;

    return ALIGN_DOWN(one->address, PAGE_SIZE_BYTES) <= last_of_other &&
           ALIGN_DOWN(other->address, PAGE_SIZE_BYTES) <= last_of_one;
}

/* A page has the rights of one segment. */
static int check_shared_pages(const struct elf_layout *layout)
{
    for (size_t i = 0; i < layout->segment_count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct elf_segment *one = &layout->segments[i], *other = &layout->segments[j];
            bool are_equal =
                one->writable == other->writable && one->executable == other->executable;

            if (!are_equal && share_a_page(one, other)) {
                return -ESHAREDPAGE;
            }
        }
    }
    return OK;
}

int elf_read_layout(const struct elf_source *source, struct elf_layout *layout)
{
    struct elf_header header;
    int status;

    *layout = (struct elf_layout){0};
    status = read_header(source, &header);
    if (status < 0) {
        return status;
    }
    status = check_header(&header, source->size);
    if (status < 0) {
        return status;
    }
    layout->is_64_bit = header.is_64_bit;
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
        if (program.p_type == PT_GNU_STACK) {
            layout->has_stack_header = true;
            layout->stack_bytes = program.p_memsz;
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
    status = accept_entry(layout);
    return status == OK && layout->is_64_bit ? check_shared_pages(layout) : status;
}
