; registers.asm - what C cannot look at: every register around a system call, and across interrupts.
; 64-bit mode, ring 3. System V ABI.

bits 64
default rel
section .text

struc REGISTERS
    .rax:         resq 1
    .rbx:         resq 1
    .rcx:         resq 1
    .rdx:         resq 1
    .rsi:         resq 1
    .rdi:         resq 1
    .rbp:         resq 1
    .r8:          resq 1
    .r9:          resq 1
    .r10:         resq 1
    .r11:         resq 1
    .r12:         resq 1
    .r13:         resq 1
    .r14:         resq 1
    .r15:         resq 1
    .rflags:      resq 1
    .ds:          resq 1
    .es:          resq 1
    .fs:          resq 1
    .gs:          resq 1
    .rsp_before:  resq 1
    .rsp_after:   resq 1
endstruc

; %1: void NAME(struct registers *registers), by the instructions %2
;
;   rsp        registers, at the time of the call
;
; Clobbers: what C functions may
%macro CALL_WITH_REGISTERS 2
global %1
%1:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    pushfq
    mov eax, ds
    push rax
    mov eax, es
    push rax
    mov eax, fs
    push rax
    mov eax, gs
    push rax
    push rdi
    mov [rdi + REGISTERS.rsp_before], rsp
    mov ds, [rdi + REGISTERS.ds]
    mov es, [rdi + REGISTERS.es]
    mov fs, [rdi + REGISTERS.fs]
    mov gs, [rdi + REGISTERS.gs]
    push qword [rdi + REGISTERS.rflags]
    mov rax, [rdi + REGISTERS.rax]
    mov rbx, [rdi + REGISTERS.rbx]
    mov rcx, [rdi + REGISTERS.rcx]
    mov rdx, [rdi + REGISTERS.rdx]
    mov rsi, [rdi + REGISTERS.rsi]
    mov rbp, [rdi + REGISTERS.rbp]
    mov r8, [rdi + REGISTERS.r8]
    mov r9, [rdi + REGISTERS.r9]
    mov r10, [rdi + REGISTERS.r10]
    mov r11, [rdi + REGISTERS.r11]
    mov r12, [rdi + REGISTERS.r12]
    mov r13, [rdi + REGISTERS.r13]
    mov r14, [rdi + REGISTERS.r14]
    mov r15, [rdi + REGISTERS.r15]
    mov rdi, [rdi + REGISTERS.rdi]
    popfq

    %2

    pushfq
    push rdi
    mov rdi, [rsp + 16]
    mov [rdi + REGISTERS.rax], rax
    mov [rdi + REGISTERS.rbx], rbx
    mov [rdi + REGISTERS.rcx], rcx
    mov [rdi + REGISTERS.rdx], rdx
    mov [rdi + REGISTERS.rsi], rsi
    mov [rdi + REGISTERS.rbp], rbp
    mov [rdi + REGISTERS.r8], r8
    mov [rdi + REGISTERS.r9], r9
    mov [rdi + REGISTERS.r10], r10
    mov [rdi + REGISTERS.r11], r11
    mov [rdi + REGISTERS.r12], r12
    mov [rdi + REGISTERS.r13], r13
    mov [rdi + REGISTERS.r14], r14
    mov [rdi + REGISTERS.r15], r15
    pop qword [rdi + REGISTERS.rdi]
    pop qword [rdi + REGISTERS.rflags]
    mov [rdi + REGISTERS.rsp_after], rsp
    mov eax, ds
    mov [rdi + REGISTERS.ds], rax
    mov eax, es
    mov [rdi + REGISTERS.es], rax
    mov eax, fs
    mov [rdi + REGISTERS.fs], rax
    mov eax, gs
    mov [rdi + REGISTERS.gs], rax
    add rsp, 8
    pop rax
    mov gs, eax
    pop rax
    mov fs, eax
    pop rax
    mov es, eax
    pop rax
    mov ds, eax
    popfq
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret
%endmacro

CALL_WITH_REGISTERS call_with_registers, syscall
CALL_WITH_REGISTERS call_gate_with_registers, int 0x80

; intptr_t call_with_stack(uintptr_t number, uintptr_t rsp)
; Clobbers: what C functions may
global call_with_stack
call_with_stack:
    push rbx
    mov rbx, rsp
    mov rax, rdi
    mov rsp, rsi
    xor edi, edi
    xor esi, esi
    xor edx, edx
    syscall
    mov rsp, rbx
    pop rbx
    ret

; int watch_registers(uint32_t rounds, uint32_t selector)
; selector is what ES, FS and GS hold meanwhile.
; Out: eax = 0, or 1 when a register changed between two looks at it
; Clobbers: what C functions may
%define PATTERN(n) (0xA0A1A2A3A4A5A600 + (n) * 0x0101010101010101)
global watch_registers
watch_registers:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    mov eax, es
    push rax
    mov eax, fs
    push rax
    mov eax, gs
    push rax
    mov es, esi
    mov fs, esi
    mov gs, esi
    mov [watch_selector], esi
    mov edi, edi
    push rdi                        ; what is left of rounds
    mov [watch_stack], rsp
    mov rax, PATTERN(0)
    mov rbx, PATTERN(1)
    mov rcx, PATTERN(2)
    mov rdx, PATTERN(3)
    mov rsi, PATTERN(4)
    mov rdi, PATTERN(5)
    mov rbp, PATTERN(6)
    mov r8, PATTERN(7)
    mov r9, PATTERN(8)
    mov r10, PATTERN(9)
    mov r11, PATTERN(10)
    mov r12, PATTERN(11)
    mov r13, PATTERN(12)
    mov r14, PATTERN(13)
    mov r15, PATTERN(14)
    std
.look:
    cmp rsp, [watch_stack]
    jne .changed
    dec qword [rsp]
    jz .done
    cmp rax, [watch_patterns + 0]
    jne .changed
    cmp rbx, [watch_patterns + 8]
    jne .changed
    cmp rcx, [watch_patterns + 16]
    jne .changed
    cmp rdx, [watch_patterns + 24]
    jne .changed
    cmp rsi, [watch_patterns + 32]
    jne .changed
    cmp rdi, [watch_patterns + 40]
    jne .changed
    cmp rbp, [watch_patterns + 48]
    jne .changed
    cmp r8, [watch_patterns + 56]
    jne .changed
    cmp r9, [watch_patterns + 64]
    jne .changed
    cmp r10, [watch_patterns + 72]
    jne .changed
    cmp r11, [watch_patterns + 80]
    jne .changed
    cmp r12, [watch_patterns + 88]
    jne .changed
    cmp r13, [watch_patterns + 96]
    jne .changed
    cmp r14, [watch_patterns + 104]
    jne .changed
    cmp r15, [watch_patterns + 112]
    jne .changed
    jmp .look
.done:
    pushfq
    pop rax
    test eax, 0x400                 ; the direction flag is still set
    jz .changed
    mov ecx, [watch_selector]
    mov eax, es
    cmp ax, cx
    jne .changed
    mov eax, fs
    cmp ax, cx
    jne .changed
    mov eax, gs
    cmp ax, cx
    jne .changed
    xor eax, eax
    jmp .out
.changed:
    mov eax, 1
.out:
    cld
    mov rsp, [watch_stack]
    add rsp, 8
    pop rcx
    mov gs, ecx
    pop rcx
    mov fs, ecx
    pop rcx
    mov es, ecx
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret

section .rodata
align 8
watch_patterns:
%assign n 0
%rep 15
    dq PATTERN(n)
%assign n n + 1
%endrep

section .bss nobits alloc noexec write align=8
watch_stack:    resq 1
watch_selector: resd 1

section .note.GNU-stack noalloc noexec nowrite progbits
