; arch/i386/trap.asm - the entry stubs and the one common path. 32-bit protected mode.

%include "asm_constants.inc"

bits 32
section .text

extern trap_handlers

%include "arch/x86/trap_stubs.inc"

; Builds the rest of struct trap_frame (drawn in trap_frame.h) and calls the vector's handler with
; it.
align 16
trap_common:
    pushad
    push ds
    push es
    mov eax, KERNEL_DATA_SELECTOR
    mov ds, eax                     ; a user's DS and ES may be null
    mov es, eax
    push dword EFLAGS_CLEAN         ; not the user's flags: DF clear, for string instructions,
    popfd                           ; and AC, or SMAP would let the kernel touch user pages
    mov edx, [esp + TRAP_FRAME_vector]
    mov eax, esp                    ; the argument: struct trap_frame *
    call [trap_handlers + edx * 4]

; void trap_return(void) - reached by a jump or a return, never by a call.
; In:  esp = struct trap_frame
global trap_return
trap_return:
    pop es
    pop ds
    popad
    add esp, 8                      ; vector, error code
    iretd

; void trap_load_idt(const void *table, uint32_t limit)
; In:  eax = table, edx = limit (size - 1)
; Clobbers: nothing
global trap_load_idt
trap_load_idt:
    push eax                        ; the 6-byte operand of lidt: limit, base
    push dx
    lidt [esp]
    add esp, 6
    ret
