; arch/x86/bios_thunk.asm - from the kernel to real mode, one INT, and back.
;
; The code below is copied to BIOS_THUNK_ADDRESS (below 64 KiB, so that 16-bit code can run there)
; and called as void (*)(void). It talks to bios.c through struct bios_thunk_data at
; BIOS_THUNK_DATA_ADDRESS. The order follows Intel SDM volume 3, section 9.9.2 ("Switching back to
; real-address mode"): paging off, 16-bit segments, real-mode IDT, PE off, far jump. Global pages are
; on only while paging is (section 2.5, CR4.PGE), and machine checks only in the kernel: to the BIOS
; vector 18 is a service. features.c has made sure that there is a CR4.

%include "asm_constants.inc"

; An address inside the copy.
%define AT(label) (BIOS_THUNK_ADDRESS + (label) - bios_thunk_start)

; A field of struct bios_thunk_data.
%define DATA(field) (BIOS_THUNK_DATA_ADDRESS + BIOS_THUNK_DATA_ %+ field)

CR0_PE  equ 1
CR0_PG  equ 0x80000000
CR4_MCE equ 0x40
CR4_PGE equ 0x80
BIOS_TICKS equ 0x46C    ; BIOS data area: timer interrupts since midnight

section .rodata
align 4

global bios_thunk_start
bios_thunk_start:

; In:  32-bit protected mode, flat segments, interrupts off, paging on or off
; Out: as In; all registers but eax kept
bits 32
    push ebp
    push ebx
    push esi
    push edi
    push fs                                 ; a user program's value
    push gs
    mov [DATA(saved_esp)], esp
    mov eax, cr4
    mov [DATA(saved_cr4)], eax
    and eax, ~(CR4_PGE | CR4_MCE)
    mov cr4, eax
    mov eax, cr0
    mov [DATA(saved_cr0)], eax
    sgdt [DATA(saved_gdtr)]
    sidt [DATA(saved_idtr)]
    mov word [DATA(real_idtr)], 0x3FF        ; 256 vectors of 4 bytes at address 0
    mov dword [DATA(real_idtr) + 2], 0
    and eax, ~CR0_PG
    mov cr0, eax                            ; this page is identity-mapped: we go on here
    jmp REAL_MODE_CODE_SELECTOR:AT(.segments_16)

; 16-bit protected mode: limits of 64 KiB must be in the segment registers before PE goes.
bits 16
.segments_16:
    mov ax, REAL_MODE_DATA_SELECTOR
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov ss, ax
    lidt [DATA(real_idtr)]
    mov eax, cr0
    and al, ~CR0_PE & 0xFF
    mov cr0, eax
    jmp 0:AT(.real_mode)

; Real mode, all segments 0.
.real_mode:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov ss, ax
    mov sp, BIOS_THUNK_STACK_TOP
    mov eax, [BIOS_TICKS]
    mov [DATA(timer_ticks)], eax
    mov bx, [DATA(vector)]
    shl bx, 2
    mov eax, [bx]                           ; the interrupt vector table is at 0
    mov [DATA(far_pointer)], eax

    mov eax, [DATA(eax)]
    mov ebx, [DATA(ebx)]
    mov ecx, [DATA(ecx)]
    mov edx, [DATA(edx)]
    mov esi, [DATA(esi)]
    mov edi, [DATA(edi)]
    mov ebp, [DATA(ebp)]
    mov es, [DATA(es)]
    mov ds, [DATA(ds)]                       ; last: from here DS is the caller's
    sti
    pushf                                   ; what INT does: pushes flags, turns interrupts off until
    cli                                     ; the handler wants them, and pushes CS:IP
    call far [cs:DATA(far_pointer)]          ; CS is 0
    cli

    pushfd                                  ; the handler's flags, then its DS, to the stack
    push ds
    push word 0
    pop ds
    mov [DATA(eax)], eax
    mov [DATA(ebx)], ebx
    mov [DATA(ecx)], ecx
    mov [DATA(edx)], edx
    mov [DATA(esi)], esi
    mov [DATA(edi)], edi
    mov [DATA(ebp)], ebp
    mov [DATA(es)], es
    pop ax
    mov [DATA(ds)], ax
    pop eax
    mov [DATA(eflags)], eax
    mov eax, [BIOS_TICKS]
    sub eax, [DATA(timer_ticks)]
    jae .counted
    xor eax, eax                            ; midnight: it begins at 0 again
.counted:
    mov [DATA(timer_ticks)], eax
    cld

    o32 lgdt [DATA(saved_gdtr)]                    ; some BIOSes load their own for a while
    mov eax, [DATA(saved_cr0)]
    and eax, ~CR0_PG
    mov cr0, eax                            ; PE on; paging when the segments are right
    jmp dword KERNEL_CODE_SELECTOR:AT(.protected_mode)

bits 32
.protected_mode:
    mov ax, KERNEL_DATA_SELECTOR
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, [DATA(saved_esp)]
    lidt [DATA(saved_idtr)]
    mov eax, [DATA(saved_cr0)]
    mov cr0, eax
    mov eax, [DATA(saved_cr4)]
    mov cr4, eax
    pop gs
    pop fs
    pop edi
    pop esi
    pop ebx
    pop ebp
    ret

global bios_thunk_end
bios_thunk_end:
