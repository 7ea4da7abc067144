; crt0.asm - where a program with newlib begins.
;
; Entry state, as the kernel leaves it: ring 3, RSP on the 16 KiB stack of
; src/process/address_map.h, the FPU as after FNINIT, MXCSR as after a reset.
bits 64

global _start
extern newlib_start
extern __stack_top      ; newlib.ld

section .text

; _start: the ELF entry point. Out: never returns.
;
; Ordinary C programs need more stack than the kernel gives, so this one is the program's own: a
; part of its image at the end of its room, with nothing mapped below. It ends at a multiple of 16,
; so the function finds its own as the ABI says.
_start:
    cld
    mov esp, __stack_top
    xor ebp, ebp                ; the outermost frame: here a debugger's backtrace ends
    call newlib_start           ; void newlib_start(void), noreturn

section .note.GNU-stack noalloc noexec nowrite progbits
