; modes.asm - from 64-bit code to 32-bit code (compatibility mode) and back, as any program may go.

USER_CODE_SELECTOR    equ 0x1B
USER_CODE_64_SELECTOR equ 0x2B
USER_DATA_SELECTOR    equ 0x23
SYSCALL_GETPID        equ 21

bits 64
default rel
section .text

; To the 32-bit code at %1 with a stack below 4 GiB, which lies in .bss, and high halves that are
; not 0.
; Clobbers: rax, rcx, rdx, r8 to r11
%macro TO_32_BIT_CODE 1
    mov rax, 0xFEDCBA9800000000
    mov rcx, rax
    mov rdx, rax
    mov r8, rax
    mov r9, rax
    mov r10, rax
    mov r11, rax
    mov [saved_stack], rsp
    lea rsp, [stack_top]
    jmp dword far [%%there]
    section .rodata
%%there: dd %1
    dw USER_CODE_SELECTOR
    section .text
%endmacro

; int visit_32_bit_code(void)
global visit_32_bit_code
visit_32_bit_code:
    push rbx
    push rbp
    TO_32_BIT_CODE getpid_in_32_bits
back_in_64_bits:
    mov rsp, [saved_stack]
    pop rbp
    pop rbx
    ret

; void syscall_in_32_bit_code(void)
global syscall_in_32_bit_code
syscall_in_32_bit_code:
    TO_32_BIT_CODE syscall_in_32_bits

; void sysenter_in_32_bit_code(void)
global sysenter_in_32_bit_code
sysenter_in_32_bit_code:
    TO_32_BIT_CODE sysenter_in_32_bits

bits 32
getpid_in_32_bits:
    mov eax, USER_DATA_SELECTOR
    mov ss, eax
    mov ds, eax
    mov es, eax
    mov eax, SYSCALL_GETPID
    int 0x80
    jmp USER_CODE_64_SELECTOR:back_in_64_bits

syscall_in_32_bits:
    mov eax, SYSCALL_GETPID
    db 0x0F, 0x05                   ; syscall
    ud2

sysenter_in_32_bits:
    mov eax, SYSCALL_GETPID
    mov ecx, esp
    mov edx, sysenter_in_32_bits
    sysenter
    ud2

section .bss nobits alloc noexec write align=16
    resb 4096
stack_top:
saved_stack: resq 1

section .note.GNU-stack noalloc noexec nowrite progbits
