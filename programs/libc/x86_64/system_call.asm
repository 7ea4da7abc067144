; system_call.asm - `syscall` as a C function; both C libraries use it.
bits 64

global system_call

section .text

; system_call: leaves it to the kernel.
; C: intptr_t system_call(uintptr_t number, uintptr_t argument0, uintptr_t argument1,
;                          uintptr_t argument2)
; In: RDI, RSI, RDX, RCX. Out: RAX, the result. Clobbers: as C allows, and R11.
;
; C's arguments are one place too far: the kernel wants the number in RAX, then RDI, RSI, RDX. The
; instruction leaves where it came from in RCX and the flags in R11. What is below RSP, the red zone
; too, stays as it is: the kernel works on a stack of its own.
system_call:
    mov rax, rdi
    mov rdi, rsi
    mov rsi, rdx
    mov rdx, rcx
    syscall
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
