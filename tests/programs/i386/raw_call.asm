; raw_call.asm - system calls with nothing of the libc's; check.h has them as C functions. 32-bit
; mode, ring 3.
bits 32

SYSCALL_VECTOR equ 0x80     ; abi/syscalls.h

section .text

; raw_call: a call whose result is CHANGED_A_REGISTER when the kernel changes a register that it may
; not change.
; C: uintptr_t raw_call(uintptr_t command, uintptr_t argument0, uintptr_t argument1)
; In: cdecl. Out: EAX. Clobbers: as C allows.
;
;   esp + 28   argument1
;   esp + 24   argument0
;   esp + 20   command
;   esp + 16   return address
;   esp        the caller's EDI, ESI, EBX, EBP
CHANGED_A_REGISTER equ 0xDEAD
global raw_call
raw_call:
    push ebp
    push ebx
    push esi
    push edi
    mov eax, [esp + 20]
    push dword [esp + 28]
    push dword [esp + 28]       ; the push has moved it: argument0
    mov ebx, 0x11111111
    mov ecx, 0x22222222
    mov edx, 0x33333333
    mov esi, 0x44444444
    mov edi, 0x55555555
    mov ebp, 0x66666666
    int SYSCALL_VECTOR
    cmp ebx, 0x11111111
    jne .changed
    cmp ecx, 0x22222222
    jne .changed
    cmp edx, 0x33333333
    jne .changed
    cmp esi, 0x44444444
    jne .changed
    cmp edi, 0x55555555
    jne .changed
    cmp ebp, 0x66666666
    je .end
.changed:
    mov eax, CHANGED_A_REGISTER
.end:
    add esp, 8
    pop edi
    pop esi
    pop ebx
    pop ebp
    ret

; call_with_stack, gate_with_stack: a call with another stack pointer, where the kernel reads the
; arguments.
; C: uintptr_t call_with_stack(uintptr_t command, uintptr_t stack)
; In: cdecl. Out: EAX. Clobbers: as C allows.
global call_with_stack, gate_with_stack
call_with_stack:
gate_with_stack:
    push ebx
    mov ebx, esp
    mov eax, [esp + 8]
    mov esp, [esp + 12]
    int SYSCALL_VECTOR
    mov esp, ebx
    pop ebx
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
