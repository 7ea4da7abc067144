; boot/boot.asm - the 512 bytes that the BIOS loads. It loads the kernel from this disk to 1 MiB and
; jumps to it.
;
; Entry state (the BIOS's):
;   CS:IP = 0:7C00 or 7C0:0, DL = drive number, all else unknown
; Exit state (src/arch/i386/start.asm):
;   32-bit protected mode, CS = 8, DS = ES = FS = GS = SS = 16, all flat; paging off
;   interrupts off, DF clear, A20 on; ESP at or a little below BOOT_STACK_TOP
;   struct boot_info at BOOT_INFO_ADDRESS; the other registers unknown
;
;   0x1000           struct boot_info
;   0x4000 - 0x5FFF  buffer: sectors from the BIOS
;   below 0x7C00     stack
;   0x7C00           this sector
;   0x100000         LBA 0 and 1, as the BIOS and as ATA read them; then the kernel
;
; The sector is also a master boot record: code ends below 0x1B8, then the disk signature, the
; partition table and 0xAA55, all filled in by tools/mkimage.py. Some BIOSes write into bytes 3 to
; 61, where a volume's parameters would be: nothing of ours is there.
;
; Errors: a letter on screen and port 0xE9, then halt. A: the A20 line. D: the disk. M: there is no
; memory at 1 MiB. S: the disk's sectors are larger than 512 bytes.
;
; BX is kept throughout: BL is the way that the kernel is read, BOOT_PATH_ATA or BOOT_PATH_BIOS; BH
; how many attempts are left. CS is 0 or 0x7C0: jumps and calls are relative, data is DS's, which is
; 0.
;
; Known limits: a CPU that has 32-bit registers and a BIOS that has INT 13h AH=42h are taken for
; granted; A20 is not tried through the keyboard controller.

%include "asm_constants.inc"

%ifndef KERNEL_SECTORS
    %fatal KERNEL_SECTORS is not defined (the number of sectors of kernel.bin)
%elif KERNEL_SECTORS > KERNEL_SECTORS_MAX
    %fatal The kernel has KERNEL_SECTORS sectors, the gap before partition 1 has room for KERNEL_SECTORS_MAX
%elif KERNEL_SECTORS < 1
    %fatal The kernel is empty.
%endif

%ifidn __?OUTPUT_FORMAT?__, bin
org BOOT_SECTOR_ADDRESS             ; the ELF twin, for gdb only, is linked there instead
%endif

BUFFER         equ BIOS_BUFFER_ADDRESS
CHUNK          equ 16               ; sectors read at a time: 8 KiB; a power of two

PROBE          equ 2                ; sectors that are read both ways: this one and the kernel's first
PROBE_MARK     equ BUFFER + PROBE * 512

%if CHUNK * 512 > BIOS_BUFFER_BYTES || PROBE * 4096 > BIOS_BUFFER_BYTES
    %error a chunk does not fit the buffer
%endif
%if BOOT_PATH_ATA != 0
    %error BL is tested for being BOOT_PATH_ATA as zero
%endif

DRIVE          equ BOOT_INFO_ADDRESS + BOOT_INFO_drive
SIGNATURE_COPY equ BOOT_INFO_ADDRESS + BOOT_INFO_disk_signature

ATTEMPTS       equ 4                ; at the whole kernel: once by ATA if the probe says so, then by the BIOS

; ATA registers, primary channel (ATA/ATAPI-4, section 7)
ATA_DATA       equ 0x1F0
ATA_COUNT      equ 0x1F2            ; then LBA bits 0-7, 8-15, 16-23, device at 0x1F3 to 0x1F6
ATA_COMMAND    equ 0x1F7            ; read: status, which also takes back the drive's interrupt
ATA_BSY        equ 0x80
ATA_DRQ        equ 0x08
ATA_DF_OR_ERR  equ 0x21
ATA_READ       equ 0x20             ; READ SECTOR(S)
ATA_MASTER_LBA equ 0xE0
ATA_SETTLE     equ 4                ; reads of the status, 100 ns each, until it is true
ATA_POLLS      equ 0x400000         ; a few seconds: one IN takes about a microsecond

section .text
bits 16

sector:
    jmp near start
    times 62 - ($ - sector) db 0    ; bytes 3 to 61

; Real mode. In: DL = drive. DS, SS, ESP and BX become known.
start:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov esp, BOOT_STACK_TOP         ; MOV SS holds interrupts off until here
    mov bx, ATTEMPTS << 8 | BOOT_PATH_ATA
    push dx                         ; DL stays on the stack until the kernel is entered

; A20: ask the BIOS, test, ask the chipset, test again a limited number of times. With A20 off 1 MiB
; and 0 are one place: interrupt vector 0, the divide error, which is not needed here.
    mov ax, 0x2401                  ; INT 15h AX=2401h: enable A20. Out: CF, AH (the test says more)
    int 0x15
    call flat
    mov edi, KERNEL_PHYSICAL         ; ES:EDI is 1 MiB, DS:DI is 0
    mov ch, 0xF0                    ; neither what is there nor what no memory reads as
.test:
    mov [es:edi], cx
    cmp [di], cx
    jne a20_is_on                   ; with A20 on, at the next CX at the latest
    in al, 0x92                     ; "fast A20" is bit 1; bit 0 would reset the machine
    or al, 2
    and al, 0xFE
    out 0x92, al
    loop .test
    mov al, 'A'
    ; fall through

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

; In: CX, which was written to 1 MiB
a20_is_on:
    cmp [es:edi], cx
    mov al, 'M'
    jne fail

; The ATA way, if the primary master is the disk that the BIOS booted: LBA 0 and 1 are the same
; there and as the BIOS reads them. LBA 1 has the sums of the whole kernel, so it is the same
; kernel. (If the BIOS could not read, they are not the same.) In: EDI = KERNEL_PHYSICAL
    pop dx
    push dx
    mov eax, [signature]
    mov [SIGNATURE_COPY], eax
    xor esi, esi
    mov ax, PROBE
    mov [PROBE_MARK], ax            ; two larger sectors come over it
    call bios_read
    cmp [PROBE_MARK], ax
    mov al, 'S'
    jne fail
    xor si, si
    mov al, PROBE
    call ata_read                   ; leaves ECX 0
    jc next_attempt
    mov ch, PROBE * 512 >> 8
    sub di, cx
    mov si, BUFFER
    a32 repe cmpsb
    jne next_attempt

; Reads the whole kernel: a short chunk first, so that those behind it are whole.
load_kernel:
    mov edi, KERNEL_PHYSICAL
    xor esi, esi                    ; some BIOSes do not keep the upper halves
    inc si
.next:
    mov ax, KERNEL_SECTORS + 1
    sub ax, si                      ; sectors left
    jz enter_kernel
    dec ax
    and ax, CHUNK - 1
    inc ax
    call read
    jnc .next
    ; fall through

; Anything wrong: from the start, the BIOS's way.
next_attempt:
    mov al, 'D'
    dec bh
    jz fail
    mov bl, BOOT_PATH_BIOS
    cbw                             ; AH = 0, as 'D' is positive
    pop dx
    push dx
    int 0x13                        ; INT 13h AH=0: reset. In: DL. Out: CF, AH (a read says more)
    jmp load_kernel

; In: the kernel at KERNEL_PHYSICAL, BL, DL on the stack; the signature in struct boot_info
enter_kernel:
    pop dx
    mov dh, bl
    mov [DRIVE], dx                 ; and the path behind it
    mov dword [BOOT_INFO_ADDRESS + BOOT_INFO_magic], BOOT_INFO_MAGIC
    call protected
    push es
    pop ds
    push es
    pop fs
    push es
    pop gs
    push es
    pop ss
    jmp dword 8:KERNEL_PHYSICAL

; Reads by BL's way, as bios_read or ata_read.
; In:  DL = drive, if by the BIOS's
read:
    test bl, bl
    jnz bios_read
    ; fall through

; Reads from the primary master by programmed I/O. The drive may raise its interrupt: none is let in
; before it is taken back, by reading the status, and the kernel sets up the controllers anew.
; In:  SI = LBA, AX = sectors (1 to 255), ES:EDI = destination, ES flat
; Out: CF on error; else SI and EDI advanced, ECX = 0
; Clobbers: EAX, ECX, DX, BP
ata_read:
    mov dx, ATA_COUNT
    out dx, al
    xchg ax, bp                     ; sectors left
    mov ax, si
    inc dx
    out dx, al                      ; LBA bits 0-7
    inc dx
    mov al, ah
    out dx, al                      ; 8-15
    inc dx
    mov al, 0
    out dx, al                      ; 16-23
    inc dx
    mov al, ATA_MASTER_LBA
    out dx, al
    call ata_wait
    jnz ata_error
    mov al, ATA_READ
    out dx, al
.next:
    call ata_wait
    cmp al, ATA_DRQ                 ; neither data nor an error? Something is wrong
    jne ata_error
    mov dl, ATA_DATA & 0xFF
    xor ecx, ecx
    inc ch                          ; 256 words
    a32 rep insw
    inc si
    dec bp
    jnz .next                       ; INC and DEC keep CF, which CMP has cleared
    ret

; Waits until the drive is not busy.
; In:  DH = ATA_COMMAND >> 8
; Out: AL = BSY, DRQ, DF and ERR of the status; ZF clear when one of them is set, also when there is
;      no drive (0xFF); DX = ATA_COMMAND
; Clobbers: ECX
ata_wait:
    mov dl, ATA_COMMAND & 0xFF
    times ATA_SETTLE in al, dx
    mov ecx, ATA_POLLS
.poll:
    in al, dx
    cmp al, 0xFF
    je .done
    test al, ATA_BSY
    a32 loopnz .poll
.done:
    and al, ATA_BSY | ATA_DRQ | ATA_DF_OR_ERR
    ret

; Reads through the BIOS and the buffer.
; In:  as ata_read, but ESI = LBA, at most CHUNK sectors, and DL = drive
; Out: CF on error; else ESI and EDI advanced; AX and DX are kept
; Clobbers: ECX
bios_read:
    pushad                          ; upper halves as well
    push dword 0                    ; disk address packet, from its end: LBA bits 32-63,
    push esi                        ;   LBA bits 0-31,
    push ds                         ;   the buffer's segment
    push BUFFER                     ;   and offset,
    push ax                         ;   sectors,
    push 16                         ;   size of the packet
    mov si, sp
    mov ah, 0x42                    ; INT 13h AH=42h: extended read. In: DL, DS:SI. Out: CF, AH
    sti
    int 0x13
    popa                            ; the packet: 16 bytes, as POPA takes
    popad
    call flat                       ; the BIOS may have taken the limits away; keeps CF
    jc .done
    add si, ax
    push si
    mov si, BUFFER
    xor ecx, ecx
    mov ch, al                      ; sectors * 256 words
    a32 rep movsw
    pop si                          ; CF is clear since XOR
.done:
    ret

; Unreal mode: a visit to protected mode gives ES base 0 and a limit of 4 GiB, which stay until ES
; is loaded again. Its value, 16, is not used.
; Out: ES flat; interrupts off, DF clear; CF as it was
; Clobbers: ECX
flat:
    call protected
    dec cx
    mov cr0, ecx
    ret

; Out: protected mode, 16-bit code still, ES = 16, ECX = CR0; interrupts off, DF clear
protected:
    cli
    cld                             ; here, as the BIOS may have set it
    lgdt [gdt]
    mov ecx, cr0
    inc cx                          ; PE, bit 0, was clear
    mov cr0, ecx
    push 16
    pop es
    ret

; Flat segments. The CPU never uses the first descriptor: the table's own address lies there, and
; ata_read's way out.
gdt:
    dw 3 * 8 - 1
    dd gdt
ata_error:
    stc
    ret
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
