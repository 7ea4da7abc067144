; arch/x86_64/start.asm - the first instructions of the kernel, at KERNEL_PHYSICAL, and into long
; mode.
;
; Entry state, left by the boot sector (src/boot/boot.asm):
;   32-bit protected mode, flat 4 GiB segments: CS = 8, all others 16
;   A20 on, paging off, interrupts off, direction flag clear
;   ESP = some stack below the boot sector, BOOT_INFO_ADDRESS filled in
;
; What it does: verify the image's checksum, see that the CPU has long mode, unpack what is behind
; this code, zero .bss, build the boot page tables, enter long mode (Intel SDM volume 3, section
; 9.8.5), take the kernel's own stack, call C.
;
; The boot page tables show the first 4 GiB of physical memory twice, and the first 1 GiB once more,
; in pages of 2 MiB:
;
;   0x0000000000000000   as it lies: for the code that turns paging on and off
;   DIRECT_MAP           where C code looks for it (layout.h)
;   KERNEL_BASE          where the kernel is linked
;
; paging.c replaces them. After that they serve calls into the BIOS only (bios_thunk.asm), which
; need the first of the three. They lie below 4 GiB, as the 32-bit code there wants.

%include "asm_constants.inc"

extern kernel_main
extern kernel_data_end
extern kernel_bss_start
extern kernel_end

%define LOADED(label) ((label) - KERNEL_BASE)
%define KERNEL_HEADER_BITS 64

bits 32
%include "arch/x86/image_check.inc"

CPUID_EXTENDED      equ 0x80000000
CPUID_EXTENDED_1    equ 0x80000001
CPUID_EDX_NX        equ 1 << 20
CPUID_EDX_LONG_MODE equ 1 << 29
EFLAGS_ID           equ 1 << 21

MSR_EFER            equ 0xC0000080
EFER_SCE            equ 1 << 0      ; SYSCALL
EFER_LME            equ 1 << 8      ; long mode, once paging is on
EFER_NXE            equ 1 << 11     ; bit 63 of an entry forbids execution
CR4_PAE             equ 1 << 5
CR0_PG_WP           equ 0x80010000

TABLE_FLAGS         equ 3           ; present, writeable
PAGE_2MIB_FLAGS     equ 0x83        ; and large
TABLE_BYTES         equ 4096
TABLE_ENTRIES       equ 512
ENTRY_BYTES         equ 8
GIB_SHOWN           equ 4

; In:  the entry state, the image verified
image_verified:
    pushfd                          ; a CPU has CPUID if EFLAGS.ID can be changed
    pop eax
    mov ecx, eax
    xor eax, EFLAGS_ID
    push eax
    popfd
    pushfd
    pop eax
    xor eax, ecx
    test eax, EFLAGS_ID
    jz .no_long_mode
    mov eax, CPUID_EXTENDED
    cpuid
    cmp eax, CPUID_EXTENDED_1
    jb .no_long_mode
    mov eax, CPUID_EXTENDED_1
    cpuid
    test edx, CPUID_EDX_LONG_MODE
    jz .no_long_mode
    test edx, CPUID_EDX_NX
    jnz unpack_kernel
    mov esi, LOADED(no_nx_message)
    jmp say_and_leave
.no_long_mode:
    mov esi, LOADED(no_long_mode_message)
    jmp say_and_leave

unpack_kernel:
%include "arch/x86/image_unpack.inc"

    ; The page directories, which lie one behind the other, and the tables above them. The upper
    ; halves of all entries are 0.
    mov edi, LOADED(boot_directories)
    mov eax, PAGE_2MIB_FLAGS
    mov ecx, GIB_SHOWN * TABLE_ENTRIES
.next_page:
    mov [edi], eax
    add edi, ENTRY_BYTES
    add eax, 2 << 20
    loop .next_page
    mov eax, LOADED(boot_directories) + TABLE_FLAGS
    mov [LOADED(boot_kernel_pointers) + 510 * ENTRY_BYTES], eax ; KERNEL_BASE is the last GiB but one
    mov edi, LOADED(boot_pointers)
    mov ecx, GIB_SHOWN
.next_directory:
    mov [edi], eax
    add edi, ENTRY_BYTES
    add eax, TABLE_BYTES
    loop .next_directory
    mov eax, LOADED(boot_pointers) + TABLE_FLAGS
    mov [LOADED(boot_page_tables)], eax
    mov [LOADED(boot_page_tables) + 256 * ENTRY_BYTES], eax     ; DIRECT_MAP begins the upper half
    mov eax, LOADED(boot_kernel_pointers) + TABLE_FLAGS
    mov [LOADED(boot_page_tables) + 511 * ENTRY_BYTES], eax

    mov eax, CR4_PAE                ; whatever else the firmware has turned on
    mov cr4, eax
    mov eax, LOADED(boot_page_tables)
    mov cr3, eax
    mov ecx, MSR_EFER
    rdmsr
    or eax, EFER_LME | EFER_NXE | EFER_SCE
    wrmsr
    mov eax, cr0
    or eax, CR0_PG_WP
    mov cr0, eax
    lgdt [LOADED(boot_gdt_pointer)]
    jmp 8:LOADED(long_mode)         ; to 64-bit code, still where it is loaded

bits 64
long_mode:
    mov rax, .where_it_is_linked
    jmp rax
.where_it_is_linked:
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    mov ss, eax                     ; a null SS is fine in ring 0 of 64-bit mode
    mov rsp, kernel_stack_top
    xor ebp, ebp                    ; the end of every backtrace
    call kernel_main
.halt:                              ; kernel_main does not return
    cli
    hlt
    jmp .halt

align 8
boot_gdt:
    dq 0
    dq 0x00AF9A000000FFFF           ; 8: code of 64 bits, ring 0
boot_gdt_pointer:
    dw boot_gdt_pointer - boot_gdt - 1
    dd LOADED(boot_gdt)

no_long_mode_message:
    db "Drupe: this image is for 64-bit CPUs. For this CPU take the i386 image.", 13, 10, 0
no_nx_message:
    db "Drupe: this CPU has no NX (XD), or the firmware's set-up has it turned off.", 13, 10, 0

    align 4, db 0                   ; it is moved by dwords
entry_end:

; ---------------------------------------------------------------- boot page tables and stack

section .bss.boot_tables nobits alloc noexec write align=4096

global boot_page_tables
boot_page_tables:                   ; the top level
    resb TABLE_BYTES
boot_pointers:                      ; below it: from 0 on
    resb TABLE_BYTES
boot_kernel_pointers:               ; below it: the last 512 GiB
    resb TABLE_BYTES
boot_directories:
    resb GIB_SHOWN * TABLE_BYTES

%include "arch/x86/boot_stack.inc"
