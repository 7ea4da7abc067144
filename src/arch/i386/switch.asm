; arch/i386/switch.asm - from one kernel stack to another. 32-bit protected mode, interrupts off.

bits 32
section .text

; void context_switch(vaddr_t *save, vaddr_t load)
; Saves the registers that a C function must keep, and the user's FS and GS, on this stack, changes
; stacks, restores the other's and returns to where it had called context_switch. A new task's stack
; is made to look the same, with trap_return as the return address (context.c draws it).
; In:  eax = where to save the stack pointer, edx = the stack pointer to load
; Clobbers: eax, ecx, edx
global context_switch
context_switch:
    push ebp
    push ebx
    push esi
    push edi
    push fs
    push gs
    mov [eax], esp
    mov esp, edx
    pop gs
    pop fs
    pop edi
    pop esi
    pop ebx
    pop ebp
    ret
