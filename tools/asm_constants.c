/*
 * tools/asm_constants.c - the headers' constants and struct offsets, for assembly.
 *
 * Compiled to assembly text only; the Makefile picks the "->NAME value" lines out of it and makes
 * build/generated/asm_constants.inc for nasm. A constant keeps its C name; an offset is called
 * STRUCT_member.
 */
#include "abi/boot_info.h"
#include "abi/kernel_header.h"
#include "arch/x86/bios_thunk.h"
#include "arch/x86/cpu.h"
#include "arch/asm_offsets.h"
#include "arch/x86/trap.h"
#include "config.h"
#include "arch/machine.h"
#include "layout.h"

#include <stddef.h>

#define EMIT(name, value) __asm__ volatile(".ascii \"->" #name " %0\"" : : "i"(value))
#define CONSTANT(name)    __asm__ volatile(".ascii \"->" #name " %0\"" : : "i"(name))
#define OFFSET(prefix, structure, member) \
    EMIT(prefix##_##member, offsetof(struct structure, member))

void asm_constants(void);

void asm_constants(void)
{
    CONSTANT(PAGE_SIZE_BYTES);
    CONSTANT(BOOT_INFO_ADDRESS);
    CONSTANT(BIOS_THUNK_ADDRESS);
    CONSTANT(BIOS_THUNK_DATA_ADDRESS);
    CONSTANT(BIOS_THUNK_STACK_TOP);
    CONSTANT(BIOS_BUFFER_ADDRESS);
    CONSTANT(BIOS_BUFFER_BYTES);
    CONSTANT(BOOT_STACK_TOP);
    CONSTANT(BOOT_SECTOR_ADDRESS);
    CONSTANT(HEAP_TABLE_ADDRESS);
    CONSTANT(VGA_TEXT_ADDRESS);
    CONSTANT(KERNEL_PHYSICAL);
    CONSTANT(KERNEL_SECTORS_MAX);
    CONSTANT(DISK_SIGNATURE_OFFSET);
    CONSTANT(PARTITION_TABLE_OFFSET);
    CONSTANT(PARTITION_LBA);

    CONSTANT(KERNEL_STACK_BYTES);

    CONSTANT(BOOT_INFO_MAGIC);
    CONSTANT(BOOT_PATH_ATA);
    CONSTANT(BOOT_PATH_BIOS);
    OFFSET(BOOT_INFO, boot_info, magic);
    OFFSET(BOOT_INFO, boot_info, drive);
    OFFSET(BOOT_INFO, boot_info, path);
    OFFSET(BOOT_INFO, boot_info, disk_signature);

    CONSTANT(KERNEL_HEADER_MAGIC);
    OFFSET(KERNEL_HEADER, kernel_header, magic);
    OFFSET(KERNEL_HEADER, kernel_header, image_bytes);
    OFFSET(KERNEL_HEADER, kernel_header, checksum_a);
    OFFSET(KERNEL_HEADER, kernel_header, checksum_b);

    CONSTANT(EFLAGS_CLEAN);
    ARCH_ASM_CONSTANTS

    CONSTANT(TRAP_VECTOR_SYSCALL);
    CONSTANT(TRAP_VECTOR_UNUSED);
    CONSTANT(TRAP_STUB_BYTES);
    CONSTANT(TRAP_VECTOR_SYSCALL_64);
    CONSTANT(TRAP_DEBUG);
    CONSTANT(TRAP_INVALID_OPCODE);
    CONSTANT(TRAP_GENERAL_PROTECTION);
    CONSTANT(TRAP_NONE);
    OFFSET(TRAP_FRAME, trap_frame, vector);

    EMIT(BIOS_THUNK_DATA_eax, offsetof(struct bios_thunk_data, registers.eax));
    EMIT(BIOS_THUNK_DATA_ebx, offsetof(struct bios_thunk_data, registers.ebx));
    EMIT(BIOS_THUNK_DATA_ecx, offsetof(struct bios_thunk_data, registers.ecx));
    EMIT(BIOS_THUNK_DATA_edx, offsetof(struct bios_thunk_data, registers.edx));
    EMIT(BIOS_THUNK_DATA_esi, offsetof(struct bios_thunk_data, registers.esi));
    EMIT(BIOS_THUNK_DATA_edi, offsetof(struct bios_thunk_data, registers.edi));
    EMIT(BIOS_THUNK_DATA_ebp, offsetof(struct bios_thunk_data, registers.ebp));
    EMIT(BIOS_THUNK_DATA_ds, offsetof(struct bios_thunk_data, registers.ds));
    EMIT(BIOS_THUNK_DATA_es, offsetof(struct bios_thunk_data, registers.es));
    EMIT(BIOS_THUNK_DATA_eflags, offsetof(struct bios_thunk_data, registers.eflags));
    OFFSET(BIOS_THUNK_DATA, bios_thunk_data, vector);
    OFFSET(BIOS_THUNK_DATA, bios_thunk_data, timer_ticks);
    OFFSET(BIOS_THUNK_DATA, bios_thunk_data, saved_esp);
    OFFSET(BIOS_THUNK_DATA, bios_thunk_data, saved_cr0);
    OFFSET(BIOS_THUNK_DATA, bios_thunk_data, saved_cr4);
    OFFSET(BIOS_THUNK_DATA, bios_thunk_data, saved_gdtr);
    OFFSET(BIOS_THUNK_DATA, bios_thunk_data, saved_idtr);
    OFFSET(BIOS_THUNK_DATA, bios_thunk_data, far_pointer);
    OFFSET(BIOS_THUNK_DATA, bios_thunk_data, real_idtr);

    CONSTANT(MACHINE_EXIT_PANIC);
}
