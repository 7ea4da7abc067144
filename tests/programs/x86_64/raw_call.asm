; raw_call.asm - system calls with nothing of the libc's; check.h has them as C functions. 64-bit
; mode, ring 3.
bits 64

SYSCALL_VECTOR equ 0x80     ; abi/syscalls.h

section .text

; raw_call: a call whose result is CHANGED_A_REGISTER when the kernel changes a register that it may
; not change.
; C: uintptr_t raw_call(uintptr_t command, uintptr_t argument0, uintptr_t argument1)
; In: RDI, RSI, RDX. Out: RAX. Clobbers: as C allows.
CHANGED_A_REGISTER equ 0xDEAD
%define PATTERN(n) (0xA0A1A2A3A4A5A600 + (n) * 0x0101010101010101)
; %1: a register, %2: which pattern it has
%macro MUST_HAVE 2
    mov rcx, PATTERN(%2)        ; the kernel may change RCX and R11
    cmp %1, rcx
    jne .changed
%endmacro
global raw_call
raw_call:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    mov rax, rdi
    mov rdi, rsi
    mov rsi, rdx
    mov rdx, PATTERN(1)
    mov rbx, PATTERN(2)
    mov rbp, PATTERN(3)
    mov r8, PATTERN(4)
    mov r9, PATTERN(5)
    mov r10, PATTERN(6)
    mov r12, PATTERN(7)
    mov r13, PATTERN(8)
    mov r14, PATTERN(9)
    mov r15, PATTERN(10)
    push rdi
    push rsi
    syscall
    cmp rsi, [rsp]
    jne .changed
    cmp rdi, [rsp + 8]
    jne .changed
    MUST_HAVE rdx, 1
    MUST_HAVE rbx, 2
    MUST_HAVE rbp, 3
    MUST_HAVE r8, 4
    MUST_HAVE r9, 5
    MUST_HAVE r10, 6
    MUST_HAVE r12, 7
    MUST_HAVE r13, 8
    MUST_HAVE r14, 9
    MUST_HAVE r15, 10
    jmp .end
.changed:
    mov eax, CHANGED_A_REGISTER
.end:
    add rsp, 16
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret

; call_with_stack: a call with another stack pointer, at which the kernel does not look. All
; arguments are 0. gate_with_stack: by the way of 32-bit programs, whose arguments are at the stack
; pointer's lower half.
; C: uintptr_t call_with_stack(uintptr_t command, uintptr_t stack)
; In: RDI, RSI. Out: RAX. Clobbers: as C allows.
%macro WITH_STACK 1+
    push rbx
    mov rbx, rsp
    mov rax, rdi
    mov rsp, rsi
    xor edi, edi
    xor esi, esi
    xor edx, edx
    %1
    mov rsp, rbx
    pop rbx
    ret
%endmacro
global call_with_stack, gate_with_stack
call_with_stack:
    WITH_STACK syscall
gate_with_stack:
    WITH_STACK int SYSCALL_VECTOR

section .note.GNU-stack noalloc noexec nowrite progbits
