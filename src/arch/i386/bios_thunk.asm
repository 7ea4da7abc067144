; arch/i386/bios_thunk.asm - from the kernel to real mode, one INT, and back.
;
; The code below is copied to BIOS_THUNK_ADDRESS (below 64 KiB, so that 16-bit code can run there)
; and called as void (*)(void). It talks to bios.c through struct bios_thunk_data at
; BIOS_THUNK_DATA_ADDRESS. Global pages are on only while paging is (SDM volume 3, section 2.5,
; CR4.PGE), and machine checks only in the kernel: to the BIOS vector 18 is a service. features.c
; has made sure that there is a CR4.

%include "asm_constants.inc"

; An address inside the copy.
%define AT(label) (BIOS_THUNK_ADDRESS + (label) - bios_thunk_start)

; A field of struct bios_thunk_data.
%define DATA(field) (BIOS_THUNK_DATA_ADDRESS + BIOS_THUNK_DATA_ %+ field)

%define GDT_POINTER            DATA(saved_gdtr)
%define PROTECTED_MODE_SELECTOR KERNEL_CODE_SELECTOR

CR0_PE  equ 1
CR0_PG  equ 0x80000000
CR4_MCE equ 0x40
CR4_PGE equ 0x80
BIOS_TICKS equ 0x46C    ; BIOS data area: timer interrupts since midnight

section .rodata
align 4

global bios_thunk_start
bios_thunk_start:

; In:  32-bit protected mode, flat segments, interrupts off, paging on or off
; Out: as In; all registers but eax kept
bits 32
    push ebp
    push ebx
    push esi
    push edi
    push fs                                 ; a user program's value
    push gs
    mov [DATA(saved_esp)], esp
    mov eax, cr4
    mov [DATA(saved_cr4)], eax
    and eax, ~(CR4_PGE | CR4_MCE)
    mov cr4, eax
    mov eax, cr0
    mov [DATA(saved_cr0)], eax
    sgdt [DATA(saved_gdtr)]
    sidt [DATA(saved_idtr)]
    mov word [DATA(real_idtr)], 0x3FF        ; 256 vectors of 4 bytes at address 0
    mov dword [DATA(real_idtr) + 2], 0
    and eax, ~CR0_PG
    mov cr0, eax                            ; this page is identity-mapped: we go on here
    jmp REAL_MODE_CODE_SELECTOR:AT(.segments_16)

%include "arch/x86/bios_real_mode.inc"

bits 32
.protected_mode:
    mov ax, KERNEL_DATA_SELECTOR
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, [DATA(saved_esp)]
    lidt [DATA(saved_idtr)]
    mov eax, [DATA(saved_cr0)]
    mov cr0, eax
    mov eax, [DATA(saved_cr4)]
    mov cr4, eax
    pop gs
    pop fs
    pop edi
    pop esi
    pop ebx
    pop ebp
    ret

global bios_thunk_end
bios_thunk_end:

section .text

; void bios_thunk_run(void)
; Runs the copy.
global bios_thunk_run
bios_thunk_run:
    mov eax, BIOS_THUNK_ADDRESS
    jmp eax
