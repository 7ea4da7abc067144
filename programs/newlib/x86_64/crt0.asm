; crt0.asm - where a program with newlib begins.
;
; Entry state, as the kernel leaves it: ring 3, RSP, a multiple of 16, below the arguments at the
; end of a stack as large as newlib.ld says, the FPU as after FNINIT, MXCSR as after a reset.
bits 64

global _start
extern newlib_start

section .text

; _start: the ELF entry point. Out: never returns.
_start:
    cld
    xor ebp, ebp                ; the outermost frame: here a debugger's backtrace ends
    call newlib_start           ; void newlib_start(void), noreturn

section .note.GNU-stack noalloc noexec nowrite progbits
