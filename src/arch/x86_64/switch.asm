; arch/x86_64/switch.asm - from one kernel stack to another. 64-bit mode, interrupts off.

%include "asm_constants.inc"
%include "arch/x86_64/registers.inc"

bits 64
section .text

extern context_thread_pointer

; void context_switch(vaddr_t *save, vaddr_t load)
; Saves the registers that a C function must keep, and the user's data segments, on this stack,
; changes stacks, restores the other's and returns to where it had called context_switch. A new
; task's stack is made to look the same, with trap_return as the return address (context.c draws
; it).
; In:  rdi = where to save the stack pointer, rsi = the stack pointer to load
; Clobbers: rax, rcx, rdx
global context_switch
context_switch:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    PUSH_USER_SEGMENTS
    mov [rdi], rsp
    mov rsp, rsi
    POP_USER_SEGMENTS
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret
