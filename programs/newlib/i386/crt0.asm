; crt0.asm - where a program with newlib begins.
;
; Entry state, as the kernel leaves it: ring 3, flat segments, ESP, a multiple of 16, below the
; arguments at the end of a stack as large as newlib.ld says, the x87 as after FNINIT.
bits 32

global _start
extern newlib_start

section .text

; _start: the ELF entry point. Out: never returns.
;
; The x87 computes with 53 bits of mantissa from here on, as newlib's conversions between text and
; double need it: with 64, results that are rounded twice would be wrong in the last digit.
_start:
    cld
    xor ebp, ebp                ; the outermost frame: here a debugger's backtrace ends
    fldcw [x87_control]
    call newlib_start           ; void newlib_start(void), noreturn

section .rodata
x87_control: dw 0x027F          ; all exceptions masked, round to nearest, double precision

section .note.GNU-stack noalloc noexec nowrite progbits
