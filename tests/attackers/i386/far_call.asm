; far_call.asm - a far call to anywhere; attack.h has it as a C function. 32-bit mode, ring 3.
bits 32

section .text

; C: void far_call(uintptr_t address, unsigned selector)
; In: cdecl: the two words on the stack are a far pointer. Comes back if what it calls does.
global far_call
far_call:
    call far [esp + 4]
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
