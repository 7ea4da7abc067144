; arch/i386/start.asm - the first instructions of the kernel, at KERNEL_ADDRESS.
;
; Entry state, left by the boot sector (src/boot/boot.asm):
;   32-bit protected mode, flat 4 GiB segments: CS = 8, all others 16
;   A20 on, paging off, interrupts off, direction flag clear
;   ESP = some stack below the boot sector, BOOT_INFO_ADDRESS filled in
;
; What it does: verify the image's checksum, move .data to its place, zero .bss, take the kernel's own
; stack, call C.

%include "asm_constants.inc"

bits 32

extern kernel_main
extern kernel_data_in_image
extern kernel_data_start
extern kernel_data_end
extern kernel_bss_start
extern kernel_end

%define LOADED(label) label         ; linked where it is loaded
%define KERNEL_HEADER_BITS 32
%include "arch/x86/image_check.inc"

; In: the entry state, the image verified
start_kernel:
    ; The last dword first: the place may begin before the image ends.
    mov ecx, kernel_data_end
    sub ecx, kernel_data_start
    lea esi, [kernel_data_in_image + ecx - 4]
    mov edi, kernel_data_end - 4
    shr ecx, 2
    std
    rep movsd
    cld
    xor eax, eax
    mov edi, kernel_bss_start
    mov ecx, kernel_end
    sub ecx, edi
    shr ecx, 2
    rep stosd
    ; The boot sector is no longer needed. An emulator's notes on the code in its page go with it;
    ; the heap table, which begins in the same page, would be slow to write otherwise.
    mov edi, BOOT_SECTOR_ADDRESS
    mov ecx, 512 / 4
    rep stosd
    mov esp, kernel_stack_top
    xor ebp, ebp                    ; the end of every backtrace
    call kernel_main
.halt:                              ; kernel_main does not return
    cli
    hlt
    jmp .halt

; ---------------------------------------------------------------- boot stack

section .bss.boot_stack nobits alloc noexec write align=4096

global kernel_stack_guard
kernel_stack_guard:                 ; unmapped once paging is on
    resb PAGE_SIZE_BYTES
global kernel_stack_bottom
kernel_stack_bottom:
    resb KERNEL_STACK_BYTES
global kernel_stack_top
kernel_stack_top:
