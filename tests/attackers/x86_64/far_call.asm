; far_call.asm - a far call to anywhere; attack.h has it as a C function. 64-bit mode, ring 3.
bits 64

section .text

; C: void far_call(uintptr_t address, unsigned selector)
; In: RDI, ESI. Comes back if what it calls does.
;
; As a far return: not all CPUs have a far call with an address of 64 bits.
global far_call
far_call:
    push rsi
    push rdi
    o64 retf

section .note.GNU-stack noalloc noexec nowrite progbits
