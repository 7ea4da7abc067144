; tests/system/odd_map.asm - a boot sector that replaces the BIOS's memory map by a made one, then
; starts the real boot sector (test_memory_maps.py).
;
; It stands at LBA 0 with the real sector's disk signature; the real one lies at REAL_LBA, the map
; at
; TABLE_LBA:
;
;   +0  word  entries; 0: the BIOS does not know the call
;   +2  word  bytes of an entry that are given, 20 or 24
;   +4  word  how the list ends: 0 with EBX = 0 at the last entry, 1 with an error behind it,
;             2 not at all: it starts again, 3 with an answer that lacks "SMAP" behind it
;   +8  the entries, 24 bytes each
;
; From then on INT 15h AX=E820h is answered from there. Nobody writes to 0x90000 later.
%include "moved_sector.inc"

bits 16
org MOVED

TABLE_SEGMENT equ 0x9000
TABLE_SECTORS equ 8
ENTRY_BYTES   equ 24
VECTOR_15     equ 0x15 * 4
OLD_15        equ 0x500
SMAP          equ 0x534D4150
UNKNOWN       equ 0x86              ; INT 15h's status: no such function

AT_COUNT equ 0
AT_BYTES equ 2
AT_END   equ 4
AT_FIRST equ 8

; Real mode. In: DL = drive
    MOVE_SECTOR
    READ_SECTORS table_packet
    READ_SECTORS sector_packet
    cli
    mov eax, [VECTOR_15]
    mov [OLD_15], eax
    mov dword [VECTOR_15], hook_15
    sti
    jmp 0:BOOT_SECTOR_ADDRESS

hook_15:
    cmp eax, 0xE820
    je .map
    jmp far [cs:OLD_15]
.map:
    push ds
    push si
    push di
    mov ax, TABLE_SEGMENT
    mov ds, ax
    mov ax, [AT_COUNT]
    cmp bx, ax
    jae .none
    imul si, bx, ENTRY_BYTES
    add si, AT_FIRST
    movzx ecx, word [AT_BYTES]
    push cx
    cld
    rep movsb
    pop cx
    inc bx
    cmp bx, ax
    jb .more
    test byte [AT_END], 1
    jnz .more
    xor bx, bx
    cmp word [AT_END], 2
    jne .more
    add bx, ax                      ; more follows; the next call begins again
.more:
    movzx ebx, bx
    mov eax, SMAP
    clc
    jmp .return
.none:
    cmp word [AT_END], 2
    je .again
    mov ah, UNKNOWN
    cmp word [AT_END], 3            ; if so, CF is clear
    je .return
    stc
.return:
    pop di
    pop si
    pop ds
    retf 2
.again:
    pop di
    pop si
    pop ds
    xor ebx, ebx
    mov eax, 0xE820
    jmp hook_15

table_packet:                       ; INT 13h's disk address packet
    dw 16, TABLE_SECTORS, 0, TABLE_SEGMENT
    dq TABLE_LBA
sector_packet:
    dw 16, 1, BOOT_SECTOR_ADDRESS, 0
    dq REAL_LBA

    times DISK_SIGNATURE_OFFSET - ($ - $$) db 0
    times 510 - ($ - $$) db 0       ; signature and partition table: from the real sector
    dw 0xAA55
