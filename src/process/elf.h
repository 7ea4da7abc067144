/*
 * process/elf.h - understands an ELF program file; maps and copies nothing.
 *
 * Accepted: ELF32 for the i386, and by the x86_64 kernel also ELF64 for x86-64; little-endian,
 * ET_EXEC (System V ABI, chapter 4 and the supplements), static, with its PT_LOAD segments inside
 * the addresses of such a program (address_map.h); elf.c says which parts of a file may lie
 * elsewhere, and are not loaded. Everything in the file's headers is checked against the file's
 * size and that range before it is used.
 *
 * A file of 64 bits means the rights that it gives its segments: none may be both written to and
 * executed, two with different rights share no page, and it begins in one that may be executed.
 * Files of 32 bits were made for kernels that cannot forbid execution: pages that segments share
 * have the rights of both, and the segment with the entry may be executed in any case.
 */
#ifndef PROCESS_ELF_H
#define PROCESS_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/types.h"

#define ELF_SEGMENTS_MAX 16

/* Where the file comes from. read: exactly length bytes from offset, 0 or an error. */
struct elf_source {
    int (*read)(void *context, uint32_t offset, void *buffer, uint32_t length);
    void *context;
    uint32_t size; /* of the file */
};

struct elf_segment {
    vaddr_t address;     /* of the first byte, any alignment */
    size_t memory_bytes; /* > 0; what the file does not fill is zero */
    uint32_t file_offset;
    uint32_t file_bytes; /* <= memory_bytes */
    bool writable;
    bool executable;
};

struct elf_layout {
    bool is_64_bit;        /* its words, and the mode that it runs in */
    vaddr_t entry;         /* inside a segment, which is executable */
    bool has_stack_header; /* PT_GNU_STACK, as ordinary compilers write it */
    size_t stack_bytes;    /* that it asks for there; 0: it does not say */
    size_t segment_count;  /* 1 to ELF_SEGMENTS_MAX */
    /* No two overlap. With 64 bits none is writable and executable, and no two with different
     * rights share a page. */
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* 0. For a file that is no such program -EINFORMAT, or, if it is an ELF file, one of the errors
 * STATUS_IS_OF_ELF() of status.h, negated; -E64BIT by i386 alone. Also the errors of
 * source->read. */
int elf_read_layout(const struct elf_source *source, struct elf_layout *layout);

#endif
