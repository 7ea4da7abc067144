; arch/i386/gdt.asm - loading the descriptor tables. 32-bit protected mode throughout.

%include "asm_constants.inc"

bits 32
section .text

; void gdt_load(const void *table, uint32_t limit)
; Loads GDTR, reloads every segment register and the task register. There is no local table: after
; power on one of 64 KiB at address 0 is in force (SDM volume 3, table 9-1), so that a program could
; make segments of any bytes that lie there.
; In:  eax = table, edx = limit (size - 1)
; Clobbers: eax
global gdt_load
gdt_load:
    push eax                        ; the 6-byte operand of lgdt on the stack:
    push dx                         ;   limit (2 bytes), base (4 bytes)
    lgdt [esp]
    add esp, 6

    mov ax, KERNEL_DATA_SELECTOR
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov ss, ax
    jmp KERNEL_CODE_SELECTOR:.reloaded
.reloaded:
    mov ax, TSS_SELECTOR
    ltr ax
    xor eax, eax
    lldt ax
    ret
