; arch/x86_64/bios_thunk.asm - from long mode to real mode, one INT, and back.
;
; The middle part is copied to BIOS_THUNK_ADDRESS (below 64 KiB, so that 16-bit code can run there),
; and talks to bios.c through struct bios_thunk_data at BIOS_THUNK_DATA_ADDRESS. Long mode ends with
; paging, so the way leads over the boot page tables (start.asm), which show the copy at its
; physical address, and 32-bit code there. Where the kernel's stack lies they may not show: it is
; not used until the kernel's tables are back.
;
; Global pages are on only while paging is (SDM volume 3, section 2.5, CR4.PGE), and machine checks
; only in the kernel: to the BIOS vector 18 is a service.

%include "asm_constants.inc"
%include "arch/x86_64/registers.inc"

extern boot_page_tables
extern context_thread_pointer
extern gdt_reload

; An address inside the copy.
%define AT(label) (BIOS_THUNK_ADDRESS + (label) - bios_thunk_start)

; A field of struct bios_thunk_data.
%define DATA(field) (BIOS_THUNK_DATA_ADDRESS + BIOS_THUNK_DATA_ %+ field)

%define GDT_POINTER             AT(bios_thunk_start.gdt_pointer)
%define PROTECTED_MODE_SELECTOR KERNEL_CODE_32_SELECTOR

CR0_PE   equ 1
CR0_PG   equ 0x80000000
CR4_MCE  equ 0x40
CR4_PGE  equ 0x80
MSR_EFER equ 0xC0000080
EFER_LME equ 1 << 8
BIOS_TICKS equ 0x46C    ; BIOS data area: timer interrupts since midnight

section .text
bits 64

; void bios_thunk_run(void)
; In:  interrupts off
; Out: all as before, but for what C functions may change
global bios_thunk_run
bios_thunk_run:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    PUSH_USER_SEGMENTS
    mov rax, cr3
    mov [rel saved_cr3], rax
    mov [rel saved_stack], rsp              ; which the boot page tables may not have
    sidt [rel saved_idtr]
    mov rax, boot_page_tables
    mov rcx, KERNEL_BASE
    sub rax, rcx
    mov cr3, rax
    mov eax, AT(bios_thunk_start.long_mode)
    jmp rax

; The copy comes back here, on the boot page tables.
back_in_kernel:
    lidt [rel saved_idtr]
    mov rax, [rel saved_cr3]
    mov cr3, rax
    mov rsp, [rel saved_stack]
    call gdt_reload
    POP_USER_SEGMENTS
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret

section .rodata
align 8

global bios_thunk_start
bios_thunk_start:

; The kernel's own table may lie above 4 GiB, where 16-bit code cannot load it from. The same
; selectors.
.gdt:
    dq 0
    dq 0x00AF9A000000FFFF           ; KERNEL_CODE_SELECTOR: 64-bit
    dq 0x00CF92000000FFFF           ; KERNEL_DATA_SELECTOR
    times REAL_MODE_DATA_SELECTOR - ($ - .gdt) db 0
    dq 0x000092000000FFFF
    times REAL_MODE_CODE_SELECTOR - ($ - .gdt) db 0
    dq 0x00009A000000FFFF
    times KERNEL_CODE_32_SELECTOR - ($ - .gdt) db 0
    dq 0x00CF9A000000FFFF
.gdt_pointer:
    dw .gdt_pointer - .gdt - 1
    dq AT(.gdt)
.compatibility_pointer:
    dd AT(.compatibility_mode)
    dw KERNEL_CODE_32_SELECTOR

bits 64
.long_mode:
    lgdt [abs AT(.gdt_pointer)]
    jmp far dword [abs AT(.compatibility_pointer)]

bits 32
.compatibility_mode:
    mov eax, KERNEL_DATA_SELECTOR
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, cr4
    mov [DATA(saved_cr4)], eax
    and eax, ~(CR4_PGE | CR4_MCE)
    mov cr4, eax
    mov eax, cr0
    mov [DATA(saved_cr0)], eax
    and eax, ~CR0_PG
    mov cr0, eax                            ; long mode ends; this page lies where it is shown
    mov ecx, MSR_EFER
    rdmsr
    and eax, ~EFER_LME
    wrmsr
    mov word [DATA(real_idtr)], 0x3FF        ; 256 vectors of 4 bytes at address 0
    mov dword [DATA(real_idtr) + 2], 0
    jmp REAL_MODE_CODE_SELECTOR:AT(.segments_16)

%include "arch/x86/bios_real_mode.inc"

bits 32
.protected_mode:
    mov ax, KERNEL_DATA_SELECTOR
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov ecx, MSR_EFER
    rdmsr
    or eax, EFER_LME
    wrmsr
    mov eax, [DATA(saved_cr0)]
    mov cr0, eax                            ; CR3 still has the boot page tables
    mov eax, [DATA(saved_cr4)]
    mov cr4, eax
    jmp KERNEL_CODE_SELECTOR:AT(.long_mode_again)

bits 64
.long_mode_again:
    mov rax, back_in_kernel
    jmp rax

global bios_thunk_end
bios_thunk_end:

section .bss nobits alloc noexec write align=8
saved_stack: resq 1
saved_cr3:   resq 1
saved_idtr:  resb 10
