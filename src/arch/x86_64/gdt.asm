; arch/x86_64/gdt.asm - loading the descriptor tables. 64-bit mode, ring 0.

%include "asm_constants.inc"

bits 64
section .text

; void gdt_load(const void *table, uint16_t limit)
; Loads GDTR, CS and the task register; the data segments become null. There is no local table:
; after power on one of 64 KiB at address 0 is in force (SDM volume 3, table 9-1), so that a program
; could make segments of any bytes that lie there.
; In:  rdi = table, esi = limit (size - 1)
; Clobbers: rax
global gdt_load
gdt_load:
    sub rsp, 16                     ; the 10-byte operand of lgdt: limit, base
    mov [rsp + 6], si
    mov [rsp + 8], rdi
    lgdt [rsp + 6]
    add rsp, 16
    push KERNEL_CODE_SELECTOR
    lea rax, [rel .reloaded]
    push rax
    retfq
.reloaded:
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    mov ss, eax
    lldt ax
    mov ax, TSS_SELECTOR
    ltr ax
    ret

; void trap_load_idt(const void *table, uint16_t limit)
; In:  rdi = table, esi = limit (size - 1)
; Clobbers: nothing
global trap_load_idt
trap_load_idt:
    sub rsp, 16
    mov [rsp + 6], si
    mov [rsp + 8], rdi
    lidt [rsp + 6]
    add rsp, 16
    ret
