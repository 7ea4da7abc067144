; arch/x86_64/panic.asm - panic() sees the registers as its caller left them. 64-bit mode.

%include "asm_constants.inc"
%include "arch/x86_64/registers.inc"

bits 64
section .text

extern panic_report

VA_LIST_REGISTERS_USED equ 8        ; of the register area: format's
VA_LIST_FLOATS_USED    equ 48       ; all: there are none

; void panic(const char *format, ...)
; In:  rdi = format, rsi rdx rcx r8 r9 = its first arguments, more of them above the return address
; Builds the struct trap_frame that an exception in place of the call would have left, and goes on
; to void panic_report(const struct trap_frame *, const char *format, va_list). A va_list points to
; (System V ABI, AMD64 supplement, section 3.5.7):
;
;       24  the area where the arguments in registers were saved, in their order
;       16  the arguments on the stack
;        4  how many bytes of that area are used up, floating point
;        0  the same, the others
global panic
panic:
    push rax
    mov eax, ss
    xchg rax, [rsp]                 ; ss, and rax as it was
    push rax
    lea rax, [rsp + 24]             ; the caller's stack pointer, the return address taken off
    xchg rax, [rsp]
    pushfq
    cli
    push KERNEL_CODE_SELECTOR
    push qword [rsp + 32]           ; the return address: rip
    push 0                          ; error code
    push TRAP_NONE                  ; vector
    PUSH_REGISTERS
    cld
    mov rax, rsp
    push r9
    push r8
    push rcx
    push rdx
    push rsi
    push rdi
    mov rcx, rsp
    push rcx
    lea rdx, [rax + TRAP_FRAME_BYTES + 8]
    push rdx
    mov rcx, VA_LIST_FLOATS_USED << 32 | VA_LIST_REGISTERS_USED
    push rcx
    mov rsi, rdi
    mov rdi, rax
    mov rdx, rsp
    call panic_report               ; does not return
