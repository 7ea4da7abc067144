; arch/i386/trap.asm - the entry stubs and the one common path. 32-bit protected mode.

%include "asm_constants.inc"

bits 32
section .text

extern trap_handlers

; Vectors for which the CPU pushes an error code (SDM volume 3, table 6-1):
; 8, 10-14, 17, 21, 29, 30.
%define HAS_ERROR_CODE(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || (v) == 29 || (v) == 30)

; The stub of the vector %1, TRAP_STUB_BYTES long so that trap_gates.c can compute its address.
; In:  the CPU's frame on the kernel stack, any segment registers, interrupts off
; Out: to trap_common with a dummy error code where there is none, and the vector, on top
%macro STUB 1
%%start:
%if !HAS_ERROR_CODE(%1)
    push dword 0
%endif
    push dword %1
    jmp near trap_common
    times TRAP_STUB_BYTES - ($ - %%start) nop
%endmacro

; The exceptions and interrupts in order, the system call, and one for all unused vectors.
align 16
global trap_stubs
trap_stubs:
%assign vector 0
%rep TRAP_VECTOR_UNUSED
    STUB vector
%assign vector vector + 1
%endrep
    STUB TRAP_VECTOR_SYSCALL
    STUB TRAP_VECTOR_UNUSED

; Builds the rest of struct trap_frame (drawn in trap_frame.h) and calls the vector's handler with it.
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
