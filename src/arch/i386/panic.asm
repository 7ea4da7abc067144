; arch/i386/panic.asm - panic() sees the registers as its caller left them. 32-bit protected mode.

%include "asm_constants.inc"

bits 32
section .text

extern panic_report

; void panic(const char *format, ...)
; In:  esp -> return address, format, its arguments: a function with variable arguments has all of
;      them on the stack
; Builds the struct trap_frame that an exception in place of the call would have left, and goes on
; to void panic_report(const struct trap_frame *, const char *format, va_list), where a va_list is
; a pointer to the next argument. In that frame's picture, drawn in trap_frame.h:
;
;       high   arguments
;              format          <- in the place of ss
;              return address  <- in the place of esp
;              eflags
;              cs
;              eip             the return address again
;              ...
global panic
panic:
    pushfd
    cli
    push cs
    push dword [esp + 8]            ; return address
    push dword 0                    ; error code
    push dword TRAP_NONE            ; vector
    pushad
    push ds
    push es
    cld
    mov eax, esp
    mov edx, [eax + TRAP_FRAME_esp + 4]
    lea ecx, [eax + TRAP_FRAME_esp + 8]
    call panic_report               ; does not return
