; registers.asm - what C cannot look at: every register around a system call, and across
; interrupts. 32-bit protected mode, ring 3, flat segments. cdecl.

bits 32
section .text

struc REGISTERS
    .eax:        resd 1
    .ebx:        resd 1
    .ecx:        resd 1
    .edx:        resd 1
    .esi:        resd 1
    .edi:        resd 1
    .ebp:        resd 1
    .eflags:     resd 1
    .ds:         resd 1
    .es:         resd 1
    .fs:         resd 1
    .gs:         resd 1
    .arguments:  resd 3
    .esp_before: resd 1
    .esp_after:  resd 1
endstruc

; void call_with_registers(struct registers *registers)
; DS, ES, FS and GS may be null at the call: all memory is reached through SS.
;
;   esp + 12   registers
;   esp        the three arguments, at the time of the call
;
; Clobbers: nothing
global call_with_registers
call_with_registers:
    pushfd
    pushad
    push ds
    push es
    push fs
    push gs
    mov esi, [esp + 16 + 32 + 4 + 4]
    push esi
    push dword [esi + REGISTERS.arguments + 8]
    push dword [esi + REGISTERS.arguments + 4]
    push dword [esi + REGISTERS.arguments]
    mov [esi + REGISTERS.esp_before], esp
    push dword [esi + REGISTERS.eflags]
    mov eax, [esi + REGISTERS.eax]
    mov ebx, [esi + REGISTERS.ebx]
    mov ecx, [esi + REGISTERS.ecx]
    mov edx, [esi + REGISTERS.edx]
    mov edi, [esi + REGISTERS.edi]
    mov ebp, [esi + REGISTERS.ebp]
    mov gs, [esi + REGISTERS.gs]
    mov fs, [esi + REGISTERS.fs]
    mov es, [esi + REGISTERS.es]
    mov ds, [esi + REGISTERS.ds]
    mov esi, [ss:esi + REGISTERS.esi]
    popfd

    int 0x80

    pushfd
    push esi
    mov esi, [ss:esp + 20]
    mov [ss:esi + REGISTERS.eax], eax
    mov [ss:esi + REGISTERS.ebx], ebx
    mov [ss:esi + REGISTERS.ecx], ecx
    mov [ss:esi + REGISTERS.edx], edx
    mov [ss:esi + REGISTERS.edi], edi
    mov [ss:esi + REGISTERS.ebp], ebp
    pop dword [ss:esi + REGISTERS.esi]
    pop dword [ss:esi + REGISTERS.eflags]
    mov [ss:esi + REGISTERS.esp_after], esp
    mov [ss:esi + REGISTERS.ds], ds
    mov [ss:esi + REGISTERS.es], es
    mov [ss:esi + REGISTERS.fs], fs
    mov [ss:esi + REGISTERS.gs], gs
    add esp, 16
    pop gs
    pop fs
    pop es
    pop ds
    popad
    popfd
    ret

; int watch_registers(uint32_t rounds, uint32_t selector)
; selector is what ES, FS and GS hold meanwhile.
; Out: eax = 0, or 1 when a register changed between two looks at it
; Clobbers: ecx, edx
global watch_registers
watch_registers:
    push ebx
    push esi
    push edi
    push ebp
    push es
    push fs
    push gs
    mov eax, [esp + 28 + 8]
    mov es, eax
    mov fs, eax
    mov gs, eax
    mov [.selector], eax
    push dword [esp + 28 + 4]       ; what is left of rounds
    mov [.stack], esp
    mov eax, 0xA0A1A2A3
    mov ebx, 0xB0B1B2B3
    mov ecx, 0xC0C1C2C3
    mov edx, 0xD0D1D2D3
    mov esi, 0xE0E1E2E3
    mov edi, 0xF0F1F2F3
    mov ebp, 0x90919293
    std
.look:
    cmp eax, 0xA0A1A2A3
    jne .changed
    cmp ebx, 0xB0B1B2B3
    jne .changed
    cmp ecx, 0xC0C1C2C3
    jne .changed
    cmp edx, 0xD0D1D2D3
    jne .changed
    cmp esi, 0xE0E1E2E3
    jne .changed
    cmp edi, 0xF0F1F2F3
    jne .changed
    cmp ebp, 0x90919293
    jne .changed
    cmp esp, [.stack]
    jne .changed
    dec dword [esp]
    jnz .look
    pushfd
    pop eax
    test eax, 0x400                 ; the direction flag is still set
    jz .changed
    mov ecx, [.selector]
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
    mov esp, [.stack]
    add esp, 4
    pop gs
    pop fs
    pop es
    pop ebp
    pop edi
    pop esi
    pop ebx
    ret

section .bss
align 4
watch_registers.stack:    resd 1
watch_registers.selector: resd 1

section .note.GNU-stack noalloc noexec nowrite progbits
