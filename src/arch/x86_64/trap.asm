; arch/x86_64/trap.asm - the entry stubs and the one common path, and SYSCALL's. 64-bit mode, ring
; 0.

%include "asm_constants.inc"
%include "arch/x86_64/registers.inc"

bits 64
section .text

extern trap_handlers
extern context_kernel_stack
extern syscall_entry_handler
extern syscall_entry_refused

%include "arch/x86/trap_stubs.inc"

; Builds the rest of struct trap_frame (drawn in trap_frame.h) and calls the vector's handler with
; it.
align 16
trap_common:
    PUSH_REGISTERS
    push EFLAGS_CLEAN               ; not the user's flags: DF clear, for string instructions,
    popfq                           ; and AC, or SMAP would let the kernel touch user pages
    mov edx, [rsp + TRAP_FRAME_vector]
    mov rdi, rsp                    ; the argument: struct trap_frame *
    call [trap_handlers + rdx * 8]

; void trap_return(void) - reached by a jump or a return, never by a call.
; In:  rsp = struct trap_frame
global trap_return
trap_return:
    POP_REGISTERS
    add rsp, 16                     ; vector, error code
.iret:
    iretq

; IRET refuses what no program may go on with, such as an instruction pointer that is no address,
; and faults in ring 0. None is known to get there; should one, it is that program's fault, and not
; a panic: trap.c goes on here.
; In:  rsp = the frame that IRET refused: RIP, CS, RFLAGS, RSP, SS
bad_return:
    push 0
    push TRAP_GENERAL_PROTECTION
    jmp trap_common

section .ex_table progbits alloc noexec nowrite align=8
    dq trap_return.iret, bad_return
section .text

; A debug exception has a stack of its own, as it could come where SYSCALL has not changed stacks
; yet. When it is a program's, its handler may change tasks: so the frame moves to where other traps
; have theirs.
; In:  the CPU's frame on the stack for debug exceptions
global trap_debug_entry
trap_debug_entry:
    test byte [rsp + 8], 2          ; CS, or the virtual 8086 flag (trap_frame.h)
    jnz .move
    test byte [rsp + 16 + 2], 2
    jz .stay
.move:
    mov [rel debug_rax], rax
    mov rax, rsp
    mov rsp, [rel context_kernel_stack]
    push qword [rax + 32]           ; SS, RSP, RFLAGS, CS, RIP
    push qword [rax + 24]
    push qword [rax + 16]
    push qword [rax + 8]
    push qword [rax]
    mov rax, [rel debug_rax]
.stay:
    push 0
    push TRAP_DEBUG
    jmp trap_common

; ---------------------------------------------------------------- SYSCALL

; Entry state (SDM volume 2, "SYSCALL"; trap_gates.c sets the MSRs):
;   CS and SS are the kernel's, RCX = the program's RIP, R11 = its RFLAGS, flags clear, interrupts off
;   RSP is still the program's: nothing may be pushed, and nothing can interrupt but what has a stack of its
;   own (NMI, machine check, debug exception)
; There is one CPU: no GS is needed to find where the stack pointers are kept.
align 16
global syscall_entry
syscall_entry:
    mov [rel user_stack], rsp
    mov rsp, [rel context_kernel_stack]
    push USER_DATA_SELECTOR
    push qword [rel user_stack]
    push r11
    push USER_CODE_64_SELECTOR
    push rcx
    push 0                          ; error code
    push TRAP_VECTOR_SYSCALL_64
    PUSH_REGISTERS
.make:
    mov rdi, rsp                    ; the argument: struct trap_frame *
    call [rel syscall_entry_handler]
    cmp rax, -ENOMEM
    je .refused
.done:
    mov [rsp + TRAP_FRAME_rax], rax
    ; SYSRET takes RIP from RCX, and faults in ring 0 on the program's stack if that is not
    ; canonical. Of a program's own addresses all bits from 47 on are clear; all else goes by IRET.
    mov rcx, [rsp + TRAP_FRAME_rip]
    shr rcx, 47
    jnz trap_return
    ; RBX, RBP and R12 to R15 are what they were: C functions keep them. RCX and R11 are SYSRET's.
    ; RAX is still the result.
    add rsp, TRAP_FRAME_rdi
    pop rdi
    pop rsi
    pop rdx
    pop r10
    pop r8
    pop r9
    mov rcx, [rsp + TRAP_FRAME_rip - TRAP_FRAME_r11]
    mov r11, [rsp + TRAP_FRAME_rflags - TRAP_FRAME_r11]
    mov rsp, [rsp + TRAP_FRAME_rsp - TRAP_FRAME_r11]
    o64 sysret
.refused:
    call [rel syscall_entry_refused]
    test al, al
    jnz .make                       ; the frame's RAX is still the call's number
    mov rax, -ENOMEM
    jmp .done

; SYSCALL from 32-bit code, which some CPUs have. There it is no instruction for programs of Drupe.
global syscall_entry_32
syscall_entry_32:
    mov [rel user_stack], rsp
    mov rsp, [rel context_kernel_stack]
    push USER_DATA_SELECTOR
    push qword [rel user_stack]
    push r11
    push USER_CODE_SELECTOR
    push rcx
    push 0
    push TRAP_INVALID_OPCODE
    jmp trap_common
global syscall_entry_end
syscall_entry_end:

section .bss nobits alloc noexec write align=8
user_stack: resq 1
debug_rax:  resq 1
