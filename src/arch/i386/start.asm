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

; ---------------------------------------------------------------- header (abi/kernel_header.h)

section .kernel_header progbits alloc exec nowrite align=16

global kernel_entry
kernel_entry:
    jmp near verify_image
    times KERNEL_HEADER_magic - ($ - kernel_entry) nop
header:
    dd KERNEL_HEADER_MAGIC
header_image_bytes:
    dd 0                            ; these three are filled in by tools/mkkernel.py
header_checksum_a:
    dd 0
header_checksum_b:
    dd 0

; Fletcher's sums over the image's dwords, the two fields that hold them taken as 0.
; In:  nothing but the entry state; uses no stack and no data but the image
; Out: falls through to start_kernel when they are right
; A damaged image says so in one sentence; a wrong size field cannot lead beyond the gap's size.
verify_image:
    mov esi, KERNEL_ADDRESS
    mov ecx, [esi + KERNEL_HEADER_image_bytes]
    shr ecx, 2
    jz damaged
    cmp ecx, KERNEL_SECTORS_MAX * 512 / 4
    ja damaged
    xor eax, eax                    ; a
    xor ebx, ebx                    ; b
.next_dword:
    add eax, [esi]
    add ebx, eax
    add esi, 4
    dec ecx
    jnz .next_dword
    ; Both fields were added in as they are. Field a stands at dword A of N and field b at A + 1:
    ; take them off again, from b as often as they were counted there: (N - A) and (N - A - 1).
    mov ecx, [KERNEL_ADDRESS + KERNEL_HEADER_image_bytes]
    shr ecx, 2
    sub ecx, KERNEL_HEADER_checksum_a / 4
    mov edx, [header_checksum_a]
    mov edi, [header_checksum_b]
    sub eax, edx
    sub eax, edi
    imul edx, ecx
    sub ebx, edx
    mov edx, edi
    dec ecx
    imul edx, ecx
    sub ebx, edx
    cmp eax, [header_checksum_a]
    jne damaged
    cmp ebx, [header_checksum_b]
    je start_kernel
    ; fall through

; Says that the image is damaged: screen, COM1, port 0xE9; then leaves or halts.
; No driver is up, and no code outside this section is trusted.
damaged:
    mov esi, .message
    mov edi, VGA_TEXT_ADDRESS
    mov ah, 0x4F                    ; white on red
.next_character:
    lodsb
    test al, al
    jz .said
    mov [edi], ax
    add edi, 2
    out 0xE9, al
    mov bl, al
    mov ecx, 100000                 ; COM1 (the BIOS has set it up): wait for room, not for ever
    mov edx, 0x3FD
.wait_for_room:
    in al, dx
    test al, 0x20                   ; line status: transmitter holding register empty
    jnz .send
    dec ecx
    jnz .wait_for_room
.send:
    mov al, bl
    mov edx, 0x3F8
    out dx, al
    jmp .next_character
.said:
    mov al, MACHINE_EXIT_PANIC
    out 0xF4, al
.halt:
    cli
    hlt
    jmp .halt
.message:
    db "Drupe: the kernel on this disk is damaged (its checksum is wrong). Write the image again."
    db 13, 10, 0

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
