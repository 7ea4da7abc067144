; system_call.asm - int 0x80 as a C function; both C libraries use it.
bits 32

SYSCALL_VECTOR equ 0x80     ; abi/syscalls.h

global system_call

section .text

; system_call: leaves it to the kernel.
; C: intptr_t system_call(uintptr_t number, uintptr_t argument0, uintptr_t argument1,
;                          uintptr_t argument2)
; In: cdecl. Out: EAX, the result. Clobbers: nothing else.
;
; The caller has put the arguments where the kernel reads them, three places too high:
;
;   ebp + 20  argument2
;   ebp + 16  argument1
;   ebp + 12  argument0     <- ESP during int 0x80
;   ebp + 8   number
;   ebp + 4   return address
;   ebp       the caller's EBP
;
; What is below ESP stays as it is: the kernel works on a stack of its own, and nothing else
; interrupts a program on the program's.
system_call:
    push ebp
    mov ebp, esp
    mov eax, [ebp + 8]
    lea esp, [ebp + 12]
    int SYSCALL_VECTOR
    leave
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
