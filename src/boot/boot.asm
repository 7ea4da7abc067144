; boot/boot.asm - the 512 bytes that the BIOS loads: the kernel from this disk to 1 MiB, and there.
;
; Entry state (the BIOS's):
;   CS:IP = 0:7C00 or 7C0:0, DL = drive number, all else unknown
; Exit state (src/kernel/kernel.asm):
;   32-bit protected mode, CS = 8, DS = ES = SS = 16, all flat; FS, GS and ESP unknown;
;   interrupts off, DF clear, A20 on, struct boot_info at BOOT_INFO_ADDRESS
;
;   0x1000           struct boot_info
;   0x4000 - 0x5FFF  buffer: LBA 0 for the signature check, sectors from the BIOS
;   below 0x7C00     stack
;   0x7C00           this sector
;   0x100000         the kernel
;
; The sector is also a master boot record: code ends below 0x1B8, then the disk signature, the
; partition table and 0xAA55, all filled in by tools/mkimage.py. Some BIOSes write into bytes 3 to
; 61, where a volume's parameters would be: no code is there.
;
; Errors: a letter on screen and port 0xE9, then halt. A: the A20 line. D: the disk.

%include "asm_constants.inc"

%ifndef KERNEL_SECTORS
    %error "KERNEL_SECTORS is not defined"
%elif KERNEL_SECTORS > KERNEL_SECTORS_MAX
    %error The kernel has KERNEL_SECTORS sectors but the gap before partition 1 holds KERNEL_SECTORS_MAX
%endif

%ifidn __?OUTPUT_FORMAT?__, bin
org BOOT_SECTOR_ADDRESS             ; the ELF twin, for gdb only, is linked there instead
%endif

BUFFER         equ BIOS_BUFFER_ADDRESS
CHUNK          equ 16               ; sectors read at a time: 8 KiB
CHUNK_DWORDS   equ CHUNK * 512 / 4
CHUNKS         equ (KERNEL_SECTORS + CHUNK - 1) / CHUNK

%if CHUNK * 512 > BIOS_BUFFER_BYTES
    %error a chunk does not fit the buffer
%endif

DRIVE          equ BOOT_INFO_ADDRESS + BOOT_INFO_drive
PATH           equ BOOT_INFO_ADDRESS + BOOT_INFO_path

; ATA registers, primary channel (ATA/ATAPI-4, section 7)
ATA_DATA       equ 0x1F0
ATA_COUNT      equ 0x1F2            ; then LBA bits 0-7, 8-15, 16-23 at 0x1F3 to 0x1F5
ATA_DEVICE     equ 0x1F6
ATA_COMMAND    equ 0x1F7
ATA_CONTROL    equ 0x3F6            ; read: alternate status; write: device control
ATA_BSY        equ 0x80
ATA_DRQ        equ 0x08
ATA_DF_OR_ERR  equ 0x21
ATA_READ       equ 0x20             ; READ SECTOR(S)
ATA_MASTER_LBA equ 0xE0
ATA_NIEN       equ 0x02             ; no interrupts
ATA_SETTLE     equ 4                ; reads of the status, 100 ns each, until it is true
ATA_POLLS      equ 0x400000         ; a few seconds: one IN takes about a microsecond

section .text
bits 16

sector:
    jmp near start
    times 62 - ($ - sector) db 0    ; bytes 3 to 61: no code

; Real mode. In: DL = drive. Segment registers and stack become known.
start:
    cli
    cld
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, BOOT_STACK_TOP
    jmp 0:.canonical
.canonical:
    mov dh, BOOT_PATH_ATA
    mov [DRIVE], dx                 ; and PATH behind it

; A20: ask the BIOS, then the chipset, then look. FFFF:7E0E is 0:7DFE plus 1 MiB: with A20 off the
; two are one place, the one that holds this sector's 0xAA55.
    sti
    mov ax, 0x2401                  ; INT 15h AX=2401h: enable A20. Out: CF, AH (the look tells more)
    int 0x15
    in al, 0x92                     ; "fast A20" is bit 1; bit 0 would reset the machine
    or al, 2
    and al, 0xFE
    out 0x92, al
    mov ax, 0xFFFF
    mov fs, ax
    mov [fs:0x7E0E], ax
    cmp [0x7DFE], ax
    mov al, 'A'
    je fail
    call flat

; The ATA way, if the primary master is the disk that the BIOS booted: LBA 0 has our signature.
    mov bx, ata_read
    mov edi, BUFFER
    xor esi, esi
    call bx
    mov eax, [signature]            ; MOV keeps CF
    mov [BOOT_INFO_ADDRESS + BOOT_INFO_disk_signature], eax
    jc bios
    cmp [BUFFER + DISK_SIGNATURE_OFFSET], eax
    jne bios
    call load_kernel
    jnc enter_kernel

; The BIOS's way: from the start again.
bios:
    inc byte [PATH]                 ; BOOT_PATH_BIOS
    mov bx, bios_read
    call load_kernel
    mov al, 'D'
    jc fail

; In: the kernel at KERNEL_ADDRESS; DRIVE, PATH and the signature in struct boot_info
enter_kernel:
    mov dword [BOOT_INFO_ADDRESS + BOOT_INFO_magic], BOOT_INFO_MAGIC
    call protected
    push es
    pop ds
    push es
    pop ss
    jmp dword 8:KERNEL_ADDRESS

; Says one letter and stops.
; In: AL = letter
fail:
    out 0xE9, al
    mov ah, 0x0E                    ; INT 10h AH=0Eh: teletype. In: AL, BH = page
    xor bx, bx
    int 0x10
.halt:
    hlt
    jmp .halt

; Reads the whole kernel to KERNEL_ADDRESS, in whole chunks: what lies behind it comes along.
; In:  BX = ata_read or bios_read
; Out: CF on error
; Clobbers: all but BX
load_kernel:
    mov edi, KERNEL_ADDRESS
    mov si, 1
    mov bp, CHUNKS
.next:
    call bx
    jc .done
    dec bp
    jnz .next                       ; DEC keeps CF: clear
.done:
    ret

; Reads a chunk from the primary master by programmed I/O.
; In:  SI = LBA, EDI = destination
; Out: both advanced; CF on error
; Clobbers: EAX, ECX, DX
ata_read:
    mov dx, ATA_CONTROL
    mov al, ATA_NIEN
    out dx, al
    mov dh, ATA_DEVICE >> 8         ; the same low byte as ATA_CONTROL
    mov al, ATA_MASTER_LBA
    out dx, al
    call ata_wait
    jc .done
    mov dx, ATA_COUNT
    mov al, CHUNK
    out dx, al
    mov ax, si
    inc dx
    out dx, al                      ; LBA bits 0-7
    inc dx
    mov al, ah
    out dx, al                      ; 8-15
    inc dx
    mov al, 0
    out dx, al                      ; 16-23
    mov dl, ATA_COMMAND & 0xFF
    mov al, ATA_READ
    out dx, al
    mov ah, CHUNK
.next:
    call ata_wait
    jc .done
    cmp al, ATA_DRQ                 ; below: neither data nor an error, so something is wrong
    jb .done
    mov dx, ATA_DATA
    xor ecx, ecx
    inc ch                          ; 256 words
    a32 rep insw
    inc si
    dec ah
    jnz .next                       ; CF is clear
.done:
    ret

; Waits until the drive is not busy.
; Out: AL = status; CF when it stays busy, when there is no drive (0xFF), on ERR or DF
; Clobbers: ECX, DX
ata_wait:
    mov dx, ATA_CONTROL
    times ATA_SETTLE in al, dx
    mov ecx, ATA_POLLS
.poll:
    in al, dx
    cmp al, 0xFF
    je .error
    test al, ATA_BSY
    a32 loopnz .poll
    jnz .error
    test al, ATA_DF_OR_ERR          ; clears CF
    jz .done
.error:
    stc
.done:
    ret

; Reads a chunk through the BIOS and the buffer. In, Out, Clobbers: as ata_read
bios_read:
    mov [packet.lba], si
    push si
    mov si, packet
    mov ah, 0x42                    ; INT 13h AH=42h: extended read. In: DL, DS:SI. Out: CF, AH
    mov dl, [DRIVE]
    push edi
    sti
    int 0x13
    pop edi
    pop si
    jc .done
    call flat                       ; the BIOS may have taken the limits away
    add si, CHUNK
    push si
    mov si, BUFFER                  ; the upper half of ESI is 0
    xor ecx, ecx
    mov ch, CHUNK_DWORDS / 256
    a32 rep movsd
    pop si
    clc
.done:
    ret

; Unreal mode: a visit to protected mode gives ES a limit of 4 GiB, which stays.
; Out: ES = 0, flat; interrupts off
; Clobbers: EAX
flat:
    call protected
    dec ax
    mov cr0, eax
    push word 0
    pop es
    ret

; Out: protected mode, 16-bit code still, ES = 16, EAX = CR0; interrupts off
protected:
    cli
    lgdt [gdt]
    mov eax, cr0
    inc ax                          ; PE, bit 0, was clear
    mov cr0, eax
    push word 16
    pop es
    ret

; INT 13h's disk address packet.
packet:
    dw 16, CHUNK, BUFFER, 0         ; size, sectors, offset, segment
.lba:
    dq 0

; Flat segments. The CPU never uses the first descriptor: the table's own address lies there.
gdt:
    dw 3 * 8 - 1
    dd gdt
    dw 0
    dq 0x00CF9A000000FFFF           ; 8:  code, base 0, limit 4 GiB, 32 bits
    dq 0x00CF92000000FFFF           ; 16: data, the same

%if $ - sector > DISK_SIGNATURE_OFFSET
    %error the code of the boot sector is too long
%endif
    times DISK_SIGNATURE_OFFSET - ($ - sector) db 0
signature:
    dd 0                            ; from tools/mkimage.py, like the partition table behind it
    times 510 - ($ - sector) db 0
    dw 0xAA55
