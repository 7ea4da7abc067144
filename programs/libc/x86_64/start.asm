; start.asm - where a program begins.
;
; Entry state, as the kernel leaves it: ring 3, RSP a multiple of 16 at a 0, below the arguments
; that command 8 returns (process/arguments.h draws them), the other registers 0.
bits 64

global _start
extern program_start

section .text

; _start: the ELF entry point. Out: never returns.
_start:
    xor ebp, ebp            ; the outermost frame: here a debugger's backtrace ends
    cld
    call program_start      ; void program_start(void), noreturn

section .note.GNU-stack noalloc noexec nowrite progbits
