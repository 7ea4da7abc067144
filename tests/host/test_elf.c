/*
 * test_elf.c - which program files are accepted, and that nothing outside them is read. For files
 * of 32 bits; test_elf64.c makes the same of it for those of 64.
 * Sources: src/process/elf.c src/lib/string.c
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "layout.h"
#include "base/status.h"
#include "process/elf.h"

#ifndef ELF_BITS
#define ELF_BITS 32
#endif

#if ELF_BITS == 64
#define Ehdr          Elf64_Ehdr
#define Phdr          Elf64_Phdr
#define CLASS         ELFCLASS64
#define OTHER_CLASS   ELFCLASS32
#define MACHINE       EM_X86_64
#define OTHER_MACHINE EM_386
#define HEADER_READS  2u
#define PROGRAM_END   USER64_PROGRAM_END
#define ELSEWHERE     0x0000555555554000u /* where Linux has many */
#define WORD_MAX      UINT64_MAX
typedef uint64_t word_t;
#else
#define Ehdr          Elf32_Ehdr
#define Phdr          Elf32_Phdr
#define CLASS         ELFCLASS32
#define OTHER_CLASS   ELFCLASS64
#define MACHINE       EM_386
#define OTHER_MACHINE EM_X86_64
#define HEADER_READS  1u
#define PROGRAM_END   USER_PROGRAM_END
#define ELSEWHERE     0x08048000u /* where Linux has them */
#define WORD_MAX      UINT32_MAX
typedef uint32_t word_t;
#endif

#define FILE_BYTES 4096
#define HEADERS    (sizeof(Ehdr) + 3 * sizeof(Phdr))

/* The good file: text, data with .bss, and a PT_NOTE between them. */
static struct {
    Ehdr header;
    Phdr programs[80];
} image;

static uint32_t file_size;
static unsigned reads;
static unsigned fail_at; /* the read that fails; 0: none */

/* The file is image, then bytes that do not matter. */
static int read_file(void *context, uint32_t offset, void *buffer, uint32_t length)
{
    assert_ptr_equal(context, &image);
    if (offset > file_size || length > file_size - offset) {
        fail_msg("read of %u bytes at %u, file of %u", length, offset, file_size);
    }
    if (++reads == fail_at) {
        return -EIO;
    }
    memset(buffer, 0, length);
    if (offset < sizeof(image)) {
        uint32_t available = (uint32_t)sizeof(image) - offset;
        memcpy(buffer, (uint8_t *)&image + offset, length < available ? length : available);
    }
    return OK;
}

static int reset(void **state)
{
    (void)state;
    memset(&image, 0, sizeof(image));
    image.header = (Ehdr){
        .e_ident = {0x7F, 'E', 'L', 'F', CLASS, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = MACHINE,
        .e_version = EV_CURRENT,
        .e_entry = 0x400010,
        .e_phoff = sizeof(Ehdr),
        .e_ehsize = sizeof(Ehdr),
        .e_phentsize = sizeof(Phdr),
        .e_phnum = 3,
    };
    image.programs[0] = (Phdr){
        .p_type = PT_LOAD,
        .p_offset = 0x400,
        .p_vaddr = 0x400000,
        .p_filesz = 0x200,
        .p_memsz = 0x200,
        .p_flags = PF_R | PF_X,
        .p_align = 0x1000,
    };
    image.programs[1] = (Phdr){.p_type = PT_NOTE, .p_offset = 0x600, .p_filesz = 0x20};
    image.programs[2] = (Phdr){
        .p_type = PT_LOAD,
        .p_offset = 0x600,
        .p_vaddr = 0x401000,
        .p_filesz = 0x100,
        .p_memsz = 0x3000,
        .p_flags = PF_R | PF_W,
        .p_align = 0x1000,
    };
    file_size = FILE_BYTES;
    reads = 0;
    fail_at = 0;
    return 0;
}

/* What elf.h promises of a layout that was accepted. */
static void assert_invariants(const struct elf_layout *layout)
{
    unsigned entries = 0;

    assert_in_range(layout->segment_count, 1, ELF_SEGMENTS_MAX);
    for (size_t i = 0; i < layout->segment_count; i++) {
        const struct elf_segment *a = &layout->segments[i];
        uint64_t end = (uint64_t)a->address + a->memory_bytes;

        assert_true(a->memory_bytes > 0);
        assert_true(a->file_bytes <= a->memory_bytes);
        assert_true((uint64_t)a->file_offset + a->file_bytes <= file_size);
        assert_true(a->address >= USER_PROGRAM_ADDRESS && end <= PROGRAM_END);
        for (size_t j = 0; j < i; j++) {
            const struct elf_segment *b = &layout->segments[j];
            assert_true(end <= b->address || b->address + b->memory_bytes <= a->address);
        }
        entries += a->executable && layout->entry >= a->address && layout->entry < end;
    }
    assert_int_equal(entries, 1);
}

static int read_layout(struct elf_layout *layout)
{
    struct elf_source source = {.read = read_file, .context = &image, .size = file_size};

    memset(layout, 0xA5, sizeof(*layout));
    int status = elf_read_layout(&source, layout);
    if (status == OK) {
        assert_invariants(layout);
    }
    return status;
}

/* Refused for what it is, not because it could not be read. */
static bool is_refusal(int status)
{
    return status == -EINFORMAT || STATUS_IS_OF_ELF(-status);
}

static int check(void)
{
    struct elf_layout layout;
    return read_layout(&layout);
}

#define assert_accepted()     assert_int_equal(check(), OK)
#define assert_refused()      assert_true(is_refusal(check()))
#define assert_reason(status) assert_int_equal(check(), -(status))

static void test_good_file(void **state)
{
    struct elf_layout layout;

    (void)state;
    assert_int_equal(read_layout(&layout), OK);
    assert_int_equal(layout.entry, 0x400010);
    assert_int_equal(layout.is_64_bit, ELF_BITS == 64);
    assert_false(layout.has_stack_header);
    assert_int_equal(layout.stack_bytes, 0);
    assert_int_equal(layout.segment_count, 2);
    assert_int_equal(layout.segments[0].address, 0x400000);
    assert_int_equal(layout.segments[0].memory_bytes, 0x200);
    assert_int_equal(layout.segments[0].file_offset, 0x400);
    assert_int_equal(layout.segments[0].file_bytes, 0x200);
    assert_true(layout.segments[0].executable);
    assert_false(layout.segments[0].writable);
    assert_int_equal(layout.segments[1].address, 0x401000);
    assert_int_equal(layout.segments[1].memory_bytes, 0x3000);
    assert_int_equal(layout.segments[1].file_bytes, 0x100);
    assert_false(layout.segments[1].executable);
    assert_true(layout.segments[1].writable);
}

static void test_ident(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EI_OSABI; i++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t good = image.header.e_ident[i];
            image.header.e_ident[i] = (uint8_t)value;
            int status = check();
            assert_true(value == good                           ? status == OK
                        : i != EI_CLASS || value != OTHER_CLASS ? status == -EINFORMAT
                        : ARCH_BITS == 32                       ? status == -E64BIT
                                                                : is_refusal(status));
            image.header.e_ident[i] = good;
        }
    }
}

static void test_type_machine_version(void **state)
{
    static const uint16_t wrong_types[] = {ET_NONE, ET_REL, ET_DYN, ET_CORE, 0xFFFF};
    static const uint16_t wrong_machines[] = {EM_NONE, EM_68K, OTHER_MACHINE, EM_ARM, 0xFFFF};

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        image.header.e_type = wrong_types[i];
        assert_refused();
        image.header.e_type = ET_EXEC;
        image.header.e_machine = wrong_machines[i];
        assert_refused();
        image.header.e_machine = MACHINE;
    }
    image.header.e_version = 0;
    assert_refused();
    image.header.e_version = 0x10001;
    assert_refused();
}

static void test_stack_size(void **state)
{
    struct elf_layout layout;

    (void)state;
    image.programs[1] = (Phdr){.p_type = PT_GNU_STACK, .p_memsz = 0x12345};
    assert_int_equal(read_layout(&layout), OK);
    assert_true(layout.has_stack_header);
    assert_int_equal(layout.stack_bytes, 0x12345);
}

#if ELF_BITS == 64
/* Numbers whose lower halves alone would do. */
static void test_high_halves(void **state)
{
    const uint64_t high = (uint64_t)1 << 32;
    Elf64_Phdr *data = &image.programs[2];
    struct elf_layout layout;

    image.header.e_phoff += high;
    assert_reason(ECUTOFF);
    reset(state);
    image.header.e_entry += high;
    assert_reason(ENOENTRY);
    reset(state);
    data->p_offset += high;
    assert_reason(ECUTOFF);
    reset(state);
    data->p_filesz += high;
    data->p_memsz += high;
    assert_reason(ECUTOFF);
    reset(state);
    data->p_memsz += high;
    assert_int_equal(read_layout(&layout), OK);
    assert_true(layout.segments[1].memory_bytes == high + 0x3000);
    data->p_vaddr += high;
    assert_int_equal(read_layout(&layout), OK);
    assert_true(layout.segments[1].address == high + 0x401000);
    image.programs[0].p_vaddr = 2 * high; /* in the middle of data */
    assert_reason(EOVERLAP);
    reset(state);
    data->p_vaddr += (uint64_t)1 << 63;
    assert_reason(EADDRESS);
}

/* What the i386 kernel makes of it. */
static void test_refused(void **state)
{
    (void)state;
    assert_reason(E64BIT);
}
#endif

/* Each rule has its own error, and so its own words. */
static void test_reasons(void **state)
{
    Phdr *text = &image.programs[0], *data = &image.programs[2];

    image.header.e_ident[0] = 'M';
    assert_reason(EINFORMAT);
    reset(state);
    image.header.e_ident[EI_CLASS] = OTHER_CLASS;
    image.header.e_machine = OTHER_MACHINE;
    assert_int_equal(check() == -E64BIT, ARCH_BITS == 32);
    reset(state);
    image.header.e_machine = EM_ARM;
    image.header.e_type = ET_REL;
    assert_reason(EMACHINE);
    reset(state);
    image.header.e_type = ET_REL;
    image.header.e_phnum = 0;
    assert_reason(ENOTLINKED);
    image.header.e_type = ET_DYN;
    assert_reason(ENOTLINKED);
    reset(state);
    image.programs[1].p_type = PT_INTERP;
    assert_reason(EDYNAMIC);
    image.programs[1].p_type = PT_DYNAMIC;
    assert_reason(EDYNAMIC);
    reset(state);
    image.header.e_phnum = 0;
    assert_reason(ENOSEGMENT);
    image.header.e_phnum = 3;
    text->p_type = data->p_type = PT_NOTE;
    assert_reason(ENOSEGMENT);
    reset(state);
    text->p_vaddr = ELSEWHERE;
    assert_reason(EADDRESS);
    text->p_vaddr = USER_PROGRAM_ADDRESS - 1;
    assert_reason(EADDRESS);
    reset(state);
    data->p_memsz = PROGRAM_END - data->p_vaddr;
    assert_accepted();
    data->p_memsz++;
    assert_reason(ETOOLARGE);
    data->p_memsz = WORD_MAX;
    assert_reason(ETOOLARGE);
    reset(state);
    data->p_vaddr = text->p_vaddr + text->p_memsz - 1;
    assert_reason(EOVERLAP);
    reset(state);
    image.header.e_entry = data->p_vaddr - 1;
    assert_reason(ENOENTRY);
    reset(state);
    file_size = 0x6FF; /* one byte of data's is missing */
    assert_reason(ECUTOFF);
    file_size = sizeof(Ehdr) + 1;
    assert_reason(ECUTOFF);
    file_size = sizeof(Ehdr) - 1;
    assert_reason(EINFORMAT);
}

static void test_header_sizes(void **state)
{
    (void)state;
    image.header.e_ehsize = sizeof(Ehdr) - 1;
    assert_refused();
    image.header.e_ehsize = 0;
    assert_refused();
    image.header.e_ehsize = sizeof(Ehdr);
    image.header.e_phentsize = sizeof(Phdr) - 1;
    assert_refused();
    image.header.e_phentsize = sizeof(Phdr) + 1;
    assert_refused();
    image.header.e_phentsize = 0;
    assert_refused();
    image.header.e_phentsize = 0xFFFF;
    assert_refused();
}

static void test_program_header_count(void **state)
{
    (void)state;
    image.header.e_phnum = 0;
    assert_refused();
    image.header.e_phnum = 1;
    assert_accepted();
    image.header.e_phnum = 64; /* the rest are PT_NULL */
    assert_accepted();
    image.header.e_phnum = 65;
    assert_refused();
    image.header.e_phnum = 0xFFFF;
    assert_refused();
}

static void test_program_headers_at_the_files_end(void **state)
{
    (void)state;
    file_size = 0x700;
    image.header.e_phnum = 1;
    image.header.e_phoff = file_size - sizeof(Phdr);
    memcpy((uint8_t *)&image + image.header.e_phoff, &image.programs[0], sizeof(Phdr));
    assert_accepted();
    image.header.e_phoff++;
    assert_refused();
    image.header.e_phoff = file_size;
    assert_refused();
}

static void test_program_headers_misaligned(void **state)
{
    Phdr program = image.programs[0];

    (void)state;
    image.header.e_phnum = 1;
    image.header.e_phoff = 0x301;
    memcpy((uint8_t *)&image + 0x301, &program, sizeof(program));
    assert_accepted();
}

static void test_program_header_offset_wraps(void **state)
{
    static const word_t offsets[] = {WORD_MAX, WORD_MAX - 0x1F, WORD_MAX - 0x5F, WORD_MAX / 2 + 1,
                                     WORD_MAX / 2};

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        image.header.e_phoff = offsets[i];
        assert_refused();
    }
}

static void test_truncated_at_every_length(void **state)
{
    (void)state;
    /* The last byte that is needed is .data's, at 0x6FF. */
    for (file_size = 0; file_size < 0x700; file_size++) {
        assert_refused();
    }
    assert_accepted();
}

static void test_entry(void **state)
{
    (void)state;
    static const uint32_t outside[] = {0,        0x3FFFFF,  0x400200,   0x400FFF,
                                       0x404000, 0x1000000, 0x80000000, 0xFFFFFFFF};

    for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        image.header.e_entry = outside[i];
        assert_refused();
    }
    image.header.e_entry = 0x400000;
    assert_accepted();
    image.header.e_entry = 0x4001FF;
    assert_accepted();
}

/* As nasm's "section .asm" is: the segment with the entry counts as executable, the others do not.
 * In a file of 64 bits it does not. */
static void test_entry_without_the_right_to_execute(void **state)
{
    struct elf_layout layout;

    (void)state;
    image.programs[0].p_flags = PF_R;
    if (ELF_BITS == 64) {
        assert_reason(ENOTCODE);
        image.programs[0].p_flags = PF_R | PF_W;
        assert_reason(ENOTCODE);
        image.programs[0].p_flags = PF_X;
        assert_accepted();
        image.header.e_entry = 0x401000; /* in data */
        assert_reason(ENOTCODE);
        image.programs[2].p_flags = PF_R | PF_X;
        assert_accepted();
        return;
    }
    assert_int_equal(read_layout(&layout), OK);
    assert_true(layout.segments[0].executable);
    assert_false(layout.segments[0].writable);
    assert_false(layout.segments[1].executable);
    image.programs[0].p_flags = PF_R | PF_X;
    image.header.e_entry = 0x401000;
    assert_int_equal(read_layout(&layout), OK);
    assert_true(layout.segments[1].executable);
}

/* "ld -N": one segment for all, which can be written to and executed. Where it begins and what else
 * is there does not matter; a segment of notes, which is not loaded, may have any rights. */
static void test_writable_and_executable(void **state)
{
    struct elf_layout layout;

    (void)state;
    for (size_t i = 0; i < 3; i += 2) { /* text; data */
        uint32_t flags = image.programs[i].p_flags;

        image.programs[i].p_flags = PF_R | PF_W | PF_X;
        if (ELF_BITS == 64) {
            assert_reason(EWRITEEXEC);
            image.programs[i].p_flags = PF_W | PF_X;
            assert_reason(EWRITEEXEC);
        } else {
            assert_int_equal(read_layout(&layout), OK);
            assert_true(layout.segments[i / 2].writable && layout.segments[i / 2].executable);
        }
        image.programs[i].p_flags = flags;
        assert_accepted();
    }
}

/* On one page the rights of two segments are one's and the same, or, in a file of 32 bits,
 * both's. */
static void test_segments_on_one_page(void **state)
{
    static const struct {
        uint32_t text_bytes, data_address; /* from the program's start on */
        bool is_shared;
    } places[] = {
        {0x1000, 0x1000, false}, {0x1001, 0x1001, true},  {0xFFF, 0xFFF, true},
        {1, 0xFFF, true},        {0x1001, 0x2000, false}, {0x2000, 0x2000, false},
        {0x1801, 0x1FFF, true},  {1, 0x1000, false},
    };
    Phdr *text = &image.programs[0], *data = &image.programs[2];

    (void)state;
    image.header.e_entry = text->p_vaddr;
    text->p_filesz = 1;
    data->p_filesz = 0;
    data->p_memsz = 1;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        bool is_refused = places[i].is_shared && ELF_BITS == 64;

        text->p_memsz = places[i].text_bytes;
        data->p_vaddr = text->p_vaddr + places[i].data_address;
        for (uint32_t flags = 0; flags < 8; flags++) {
            bool are_equal = (flags & (PF_X | PF_W)) == PF_X;
            bool is_both = ELF_BITS == 64 && (flags & (PF_X | PF_W)) == (PF_X | PF_W);

            data->p_flags = flags;
            assert_int_equal(check(), is_both                    ? -EWRITEEXEC
                                      : is_refused && !are_equal ? -ESHAREDPAGE
                                                                 : OK);
        }
    }
    /* In the other order. */
    Phdr first = *data;
    *data = *text;
    *text = first;
    text->p_flags = PF_R;
    text->p_vaddr = data->p_vaddr + data->p_memsz;
    assert_int_equal(check(), ELF_BITS == 64 ? -ESHAREDPAGE : OK);
}

/* "ld -Ttext 0x400000": the headers are loaded a page below, alone or with the text. */
static void test_headers_below_the_program(void **state)
{
    Phdr *headers = &image.programs[1], *text = &image.programs[0];
    struct elf_layout layout;

    (void)state;
    *headers = (Phdr){
        .p_type = PT_LOAD,
        .p_vaddr = USER_PROGRAM_ADDRESS - 0x1000,
        .p_filesz = HEADERS,
        .p_memsz = HEADERS,
        .p_flags = PF_R,
    };
    assert_int_equal(read_layout(&layout), OK);
    assert_int_equal(layout.segment_count, 2);
    assert_int_equal(layout.segments[0].address, USER_PROGRAM_ADDRESS);

    headers->p_type = PT_NULL;
    text->p_vaddr = USER_PROGRAM_ADDRESS - 0x1000;
    text->p_offset = 0;
    text->p_filesz = text->p_memsz = FILE_BYTES;
    file_size = FILE_BYTES + 0x300;
    assert_reason(ENOENTRY); /* nothing of it is left */
    text->p_memsz++;
    image.header.e_entry = USER_PROGRAM_ADDRESS;
    assert_int_equal(read_layout(&layout), OK);
    assert_int_equal(layout.segments[0].address, USER_PROGRAM_ADDRESS);
    assert_int_equal(layout.segments[0].memory_bytes, 1);
    assert_int_equal(layout.segments[0].file_bytes, 0);
    text->p_filesz = text->p_memsz = FILE_BYTES + 0x200;
    assert_int_equal(read_layout(&layout), OK);
    assert_int_equal(layout.segments[0].address, USER_PROGRAM_ADDRESS);
    assert_int_equal(layout.segments[0].memory_bytes, 0x200);
    assert_int_equal(layout.segments[0].file_bytes, 0x200);
    assert_int_equal(layout.segments[0].file_offset, 0x1000);
}

/* Anything else down there is refused: the program might need it. */
static void test_contents_below_the_program(void **state)
{
    Phdr *headers = &image.programs[1];
    const Phdr good = {
        .p_type = PT_LOAD,
        .p_vaddr = USER_PROGRAM_ADDRESS - 0x1000,
        .p_filesz = HEADERS + 0x100,
        .p_memsz = HEADERS + 0x100,
        .p_flags = PF_R,
    };
    uint8_t *bytes = (uint8_t *)&image;

    (void)state;
    *headers = good;
    assert_accepted();
    bytes[HEADERS] = 1;
    assert_reason(EADDRESS);
    bytes[HEADERS] = 0;
    bytes[HEADERS + 0xFF] = 1;
    assert_reason(EADDRESS);
    bytes[HEADERS + 0xFF] = 0;
    bytes[HEADERS + 0x100] = 1; /* behind the segment */
    assert_accepted();
    headers->p_flags |= PF_W;
    assert_reason(EADDRESS);
    *headers = good;
    headers->p_vaddr -= 1; /* a page below the guard page: the stack */
    assert_reason(EADDRESS);
    *headers = good;
    headers->p_offset = 0x400;
    assert_reason(EADDRESS);
    *headers = good;
    for (fail_at = 4 + HEADER_READS;; fail_at++) {
        reads = 0;
        if (check() == OK) {
            break;
        }
        assert_true(reads == fail_at);
    }
    assert_true(fail_at > 5 + HEADER_READS);
    fail_at = 0;
    memmove((uint8_t *)&image + sizeof(Ehdr) + 12, image.programs, 3 * sizeof(Phdr));
    image.header.e_phoff = sizeof(Ehdr) + 12; /* what lies between is not known */
    assert_reason(EADDRESS);
}

/* gcc's build ID with -Wl,-Ttext=0x400000: elsewhere, in a segment of its own. */
static void test_notes_elsewhere(void **state)
{
    Phdr *note = &image.programs[1], *load = &image.programs[3];
    struct elf_layout layout;

    (void)state;
    image.header.e_phnum = 4;
    note->p_vaddr = ELSEWHERE + 0x114;
    note->p_memsz = note->p_filesz;
    *load = *note;
    load->p_type = PT_LOAD;
    load->p_flags = PF_R;
    assert_int_equal(read_layout(&layout), OK);
    assert_int_equal(layout.segment_count, 2);
    load->p_memsz++;
    assert_reason(EADDRESS);
    load->p_memsz--;
    load->p_offset++;
    assert_reason(EADDRESS);
    load->p_offset--;
    load->p_filesz--;
    assert_reason(EADDRESS);
    load->p_filesz++;
    load->p_vaddr--;
    assert_reason(EADDRESS);
    load->p_vaddr++;
    note->p_type = PT_GNU_STACK;
    assert_reason(EADDRESS);
    note->p_type = PT_NOTE;
    fail_at = 6 + HEADER_READS;
    reads = 0;
    assert_int_equal(check(), -EIO);
}

static void test_no_loadable_segment(void **state)
{
    (void)state;
    image.programs[0].p_type = PT_NULL;
    image.programs[2].p_type = PT_NOTE;
    assert_refused();
}

static void test_segment_fills_the_window(void **state)
{
    (void)state;
    image.programs[2].p_type = PT_NULL;
    image.programs[0].p_memsz = PROGRAM_END - USER_PROGRAM_ADDRESS;
    assert_accepted();
    image.programs[0].p_memsz++;
    assert_refused();
}

static void test_segment_at_the_windows_ends(void **state)
{
    Phdr *data = &image.programs[2];

    (void)state;
    data->p_vaddr = PROGRAM_END - data->p_memsz;
    assert_accepted();
    data->p_vaddr++;
    assert_refused();
    data->p_memsz--;
    assert_accepted();
    data->p_memsz = data->p_filesz = 1;
    data->p_vaddr = USER_PROGRAM_ADDRESS - 1;
    assert_refused();
    data->p_vaddr = PROGRAM_END - 1;
    assert_accepted();
    data->p_vaddr = PROGRAM_END;
    assert_refused();
}

static void test_segment_elsewhere(void **state)
{
    static const word_t addresses[] = {
        0,
        0x7E00,
        KERNEL_PHYSICAL,
        USER_STACK_BOTTOM,
#if ELF_BITS == 64
        0x0000100000000000, /* process_malloc()'s */
        0x00007FFFFFFFF000,
        0x0000800000000000, /* no address */
        0xFFFF800000000000, /* the kernel's */
        0xFFFFFFFF80100000,
        0xFFFF800000400000,
#else
        HEAP_ADDRESS,
        PROCESS_HEAP_ADDRESS,
        0xD0000000, /* devices, on i386 */
#endif
        WORD_MAX - 0xFFF,
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        image.programs[2].p_vaddr = addresses[i];
        assert_refused();
    }
}

static void test_address_wraps(void **state)
{
    Phdr *data = &image.programs[2];

    (void)state;
    data->p_memsz = WORD_MAX;
    assert_refused();
    data->p_memsz = (word_t)0 - data->p_vaddr; /* ends at 0 */
    assert_refused();
    data->p_memsz = (word_t)0 - 0x800; /* ends below its start, inside */
    assert_refused();
    data->p_memsz = WORD_MAX / 2 + 1;
    assert_refused();
}

static void test_file_offset_wraps(void **state)
{
    Phdr *data = &image.programs[2];

    (void)state;
    data->p_offset = WORD_MAX;
    assert_refused();
    data->p_offset = (word_t)0 - data->p_filesz; /* ends at 0 */
    assert_refused();
    data->p_offset = (word_t)0 - data->p_filesz + 0x10;
    assert_refused();
    data->p_offset = WORD_MAX / 2 + 1;
    assert_refused();
}

static void test_file_part_to_the_end(void **state)
{
    Phdr *data = &image.programs[2];

    (void)state;
    data->p_offset = FILE_BYTES - data->p_filesz;
    assert_accepted();
    data->p_offset++;
    assert_refused();
}

static void test_more_in_file_than_memory(void **state)
{
    (void)state;
    image.programs[2].p_filesz = image.programs[2].p_memsz = 0x100;
    assert_accepted();
    image.programs[2].p_filesz++;
    assert_refused();
    image.programs[2].p_filesz = WORD_MAX;
    assert_refused();
}

static void test_bss_only(void **state)
{
    (void)state;
    image.programs[2].p_filesz = 0;
    assert_accepted();
}

static void test_empty_segment(void **state)
{
    struct elf_layout layout;

    (void)state;
    image.programs[2].p_memsz = 0;
    assert_refused();
    image.programs[2].p_filesz = 0;
    image.programs[2].p_vaddr = 0; /* an empty one may lie anywhere */
    assert_int_equal(read_layout(&layout), OK);
    assert_int_equal(layout.segment_count, 1);
}

static void test_overlaps(void **state)
{
    Phdr *text = &image.programs[0];
    Phdr *data = &image.programs[2];

    (void)state;
    *text = (Phdr){.p_type = PT_LOAD, .p_vaddr = 0x400000, .p_memsz = 0x2000, .p_flags = PF_X};
    data->p_filesz = 0;
    data->p_memsz = 0x1000;

    data->p_vaddr = 0x402000; /* touches behind */
    assert_accepted();
    data->p_vaddr = 0x401FFF; /* the last byte */
    assert_refused();
    data->p_vaddr = 0x400000; /* the same start */
    assert_refused();
    data->p_vaddr = 0x400800; /* inside */
    assert_refused();
    data->p_memsz = 0x2000; /* the same */
    data->p_vaddr = 0x400000;
    assert_refused();

    text->p_vaddr = 0x500000;
    image.header.e_entry = 0x500000;
    data->p_memsz = 0x1000;
    data->p_vaddr = 0x4FF000; /* touches before */
    assert_accepted();
    data->p_vaddr = 0x4FF001;
    assert_refused();
    data->p_vaddr = 0x4F0000; /* around */
    data->p_memsz = 0x20000;
    assert_refused();
}

static void test_segment_limit(void **state)
{
    struct elf_layout layout;

    (void)state;
    for (unsigned i = 0; i <= ELF_SEGMENTS_MAX; i++) {
        image.programs[i] = (Phdr){
            .p_type = PT_LOAD,
            .p_vaddr = 0x400000 + i * 0x1000,
            .p_memsz = 0x1000,
            .p_flags = PF_X,
        };
    }
    image.header.e_phnum = ELF_SEGMENTS_MAX;
    assert_int_equal(read_layout(&layout), OK);
    assert_int_equal(layout.segment_count, ELF_SEGMENTS_MAX);
    image.header.e_phnum = ELF_SEGMENTS_MAX + 1;
    assert_refused();
}

static void test_dynamic(void **state)
{
    (void)state;
    image.programs[1].p_type = PT_INTERP;
    assert_refused();
    image.programs[1].p_type = PT_DYNAMIC;
    assert_refused();
}

/* Whatever they say. */
static void test_other_headers_are_ignored(void **state)
{
    static const uint32_t types[] = {PT_NULL,         PT_NOTE,      PT_SHLIB,   PT_PHDR,   PT_TLS,
                                     PT_GNU_EH_FRAME, PT_GNU_STACK, 0x70000001, 0xFFFFFFFF};
    struct elf_layout layout;

    (void)state;
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        memset(&image.programs[1], 0xFF, sizeof(image.programs[1]));
        image.programs[1].p_type = types[i];
        assert_int_equal(read_layout(&layout), OK);
        assert_int_equal(layout.segment_count, 2);
    }
}

/* Section headers, flags, physical addresses and alignment are not used. */
static void test_unused_fields(void **state)
{
    (void)state;
    image.header.e_shoff = WORD_MAX;
    image.header.e_shnum = 0xFFFF;
    image.header.e_shstrndx = 0xFFFF;
    image.header.e_shentsize = 0xFFFF;
    image.header.e_flags = 0xFFFFFFFF;
    image.programs[0].p_paddr = WORD_MAX;
    image.programs[0].p_align = WORD_MAX;
    assert_accepted();
}

static void test_read_errors(void **state)
{
    (void)state;
    /* the header, three program headers */
    for (fail_at = 1; fail_at <= 3 + HEADER_READS; fail_at++) {
        reads = 0;
        assert_int_equal(check(), -EIO);
    }
    reads = 0;
    assert_accepted();
    assert_int_equal(reads, 3 + HEADER_READS);
}

static void test_every_byte(void **state)
{
    static const uint8_t values[] = {0, 1, 0x7F, 0x80, 0xFF};
    uint8_t *bytes = (uint8_t *)&image;

    (void)state;
    for (unsigned i = 0; i < HEADERS; i++) {
        for (unsigned v = 0; v < sizeof(values); v++) {
            uint8_t good = bytes[i];
            bytes[i] = values[v];
            int status = check();
            assert_true(status == OK || is_refusal(status));
            bytes[i] = good;
        }
    }
    assert_accepted();
}

static void test_every_word(void **state)
{
    static const uint32_t values[] = {0,          1,          0x400000,   0x400200,   0xFFF,
                                      0x1000,     0x1001,     0xFFFFFF,   0x1000000,  0x7FFFFFFF,
                                      0x80000000, 0xFFBFFFFF, 0xFFC00000, 0xFFFFFFFE, 0xFFFFFFFF};
    uint8_t *bytes = (uint8_t *)&image;

    (void)state;
    for (unsigned i = 0; i + 4 <= HEADERS; i += 2) {
        for (unsigned v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
            uint8_t good[4];
            memcpy(good, bytes + i, 4);
            memcpy(bytes + i, &values[v], 4);
            int status = check();
            assert_true(status == OK || is_refusal(status));
            memcpy(bytes + i, good, 4);
        }
    }
}

/* Several damages at once. */
static void test_random_damage(void **state)
{
    uint32_t random = 1;
    unsigned accepted = 0;

    for (unsigned round = 0; round < 100000; round++) {
        reset(state);
        for (unsigned n = 0; n < 1 + round % 4; n++) {
            random = random * 1664525 + 1013904223;
            unsigned where = sizeof(Ehdr) / 2 + (random >> 8) % (HEADERS - sizeof(Ehdr) / 2);
            random = random * 1664525 + 1013904223;
            ((uint8_t *)&image)[where] = (uint8_t)(random >> 24);
        }
        int status = check();
        assert_true(status == OK || is_refusal(status));
        accepted += status == OK;
    }
    assert_in_range(accepted, 1000, 99000); /* both outcomes are tried */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good_file, reset),
        cmocka_unit_test_setup(test_stack_size, reset),
#if ELF_BITS == 64
        cmocka_unit_test_setup(test_high_halves, reset),
#endif
        cmocka_unit_test_setup(test_ident, reset),
        cmocka_unit_test_setup(test_type_machine_version, reset),
        cmocka_unit_test_setup(test_reasons, reset),
        cmocka_unit_test_setup(test_header_sizes, reset),
        cmocka_unit_test_setup(test_program_header_count, reset),
        cmocka_unit_test_setup(test_program_headers_at_the_files_end, reset),
        cmocka_unit_test_setup(test_program_headers_misaligned, reset),
        cmocka_unit_test_setup(test_program_header_offset_wraps, reset),
        cmocka_unit_test_setup(test_truncated_at_every_length, reset),
        cmocka_unit_test_setup(test_entry, reset),
        cmocka_unit_test_setup(test_entry_without_the_right_to_execute, reset),
        cmocka_unit_test_setup(test_writable_and_executable, reset),
        cmocka_unit_test_setup(test_writable_and_executable, reset),
        cmocka_unit_test_setup(test_segments_on_one_page, reset),
        cmocka_unit_test_setup(test_headers_below_the_program, reset),
        cmocka_unit_test_setup(test_contents_below_the_program, reset),
        cmocka_unit_test_setup(test_notes_elsewhere, reset),
        cmocka_unit_test_setup(test_no_loadable_segment, reset),
        cmocka_unit_test_setup(test_segment_fills_the_window, reset),
        cmocka_unit_test_setup(test_segment_at_the_windows_ends, reset),
        cmocka_unit_test_setup(test_segment_elsewhere, reset),
        cmocka_unit_test_setup(test_address_wraps, reset),
        cmocka_unit_test_setup(test_file_offset_wraps, reset),
        cmocka_unit_test_setup(test_file_part_to_the_end, reset),
        cmocka_unit_test_setup(test_more_in_file_than_memory, reset),
        cmocka_unit_test_setup(test_bss_only, reset),
        cmocka_unit_test_setup(test_empty_segment, reset),
        cmocka_unit_test_setup(test_overlaps, reset),
        cmocka_unit_test_setup(test_segment_limit, reset),
        cmocka_unit_test_setup(test_dynamic, reset),
        cmocka_unit_test_setup(test_other_headers_are_ignored, reset),
        cmocka_unit_test_setup(test_unused_fields, reset),
        cmocka_unit_test_setup(test_read_errors, reset),
        cmocka_unit_test_setup(test_every_byte, reset),
        cmocka_unit_test_setup(test_every_word, reset),
        cmocka_unit_test_setup(test_random_damage, reset),
    };
#if ELF_BITS == 64
    const struct CMUnitTest refusal[] = {cmocka_unit_test_setup(test_refused, reset)};

    if (ARCH_BITS < 64) {
        return cmocka_run_group_tests(refusal, NULL, NULL);
    }
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
