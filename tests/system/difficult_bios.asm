; tests/system/difficult_bios.asm - a boot sector that makes the BIOS a difficult one, then starts
; the real boot sector as such a BIOS would (test_boot_firmware.py).
;
; It stands at LBA 0 with the real sector's disk signature; the real one lies at LBA REAL_LBA.
; From then on
;   INT 13h AH=42h  fails FAILURES times, later destroys the upper halves of all registers and
;                   leaves DF set
;   INT 15h AX=2401 is unknown, if NO_A20_SERVICE is defined
; and on port 0xE9: 'f' for each read that fails, 'r' for each reset (INT 13h AH=0).
; The real sector is entered at 7C0:0 with A20 off, DF set, odd segments, a stack elsewhere.
;
;   0x500  interrupt vectors as they were
;   0x600  this sector, moved out of the way
;   0x7C00 the real boot sector

%include "moved_sector.inc"

%ifndef FAILURES
    %define FAILURES 0
%endif

VECTOR_13   equ 0x13 * 4
VECTOR_15   equ 0x15 * 4
OLD_13      equ 0x500
OLD_15      equ 0x504
DEBUG_PORT  equ 0xE9
READ_FAILED equ 0x20                ; INT 13h's status: the controller failed
UNKNOWN     equ 0x86                ; INT 15h's status: no such function

bits 16
org MOVED

; Real mode. In: DL = drive
    MOVE_SECTOR
    READ_SECTORS packet
    cli
    mov eax, [VECTOR_13]
    mov [OLD_13], eax
    mov dword [VECTOR_13], hook_13
%ifdef NO_A20_SERVICE
    mov eax, [VECTOR_15]
    mov [OLD_15], eax
    mov dword [VECTOR_15], hook_15
%endif
    in al, 0x92                     ; bit 1: A20; bit 0: reset
    and al, 0xFC
    out 0x92, al

    mov ax, 0x9000
    mov ss, ax
    mov esp, 0xFFFF0FFE
    mov ax, 0xF000
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov eax, 0xFFFFFFFF
    mov ebx, eax
    mov ecx, eax
    mov esi, eax
    mov edi, eax
    mov ebp, eax
    or edx, 0xFFFFFF00
    std
    sti
    jmp 0x7C0:0

hook_13:
    cmp ah, 0
    je .reset
    cmp ah, 0x42
    jne .pass
    cmp byte [cs:failures], 0
    je .pass
    dec byte [cs:failures]
    mov al, 'f'
    out DEBUG_PORT, al
    mov ah, READ_FAILED
    stc
    retf 2
.reset:
    push ax
    mov al, 'r'
    out DEBUG_PORT, al
    pop ax
.pass:
    pushf                           ; as INT would
    call far [cs:OLD_13]
    pushf
    or eax, 0xFFFF0000
    or ebx, 0xFFFF0000
    or ecx, 0xFFFF0000
    or edx, 0xFFFF0000
    or esi, 0xFFFF0000
    or edi, 0xFFFF0000
    or ebp, 0xFFFF0000
    popf
    std
    retf 2

%ifdef NO_A20_SERVICE
hook_15:
    cmp ax, 0x2401
    je .unknown
    jmp far [cs:OLD_15]
.unknown:
    mov ah, UNKNOWN
    stc
    retf 2
%endif

failures:
    db FAILURES
packet:                             ; INT 13h's disk address packet
    dw 16, 1, BOOT_SECTOR_ADDRESS, 0
    dq REAL_LBA

    times DISK_SIGNATURE_OFFSET - ($ - $$) db 0
    times 510 - ($ - $$) db 0       ; signature and partition table: from the real sector
    dw 0xAA55
