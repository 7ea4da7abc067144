; tests/system/stub_kernel.asm - stands in for the kernel in test_boot.py: says how it was loaded.
;
; Entry state: as src/boot/boot.asm promises the kernel.
; On port 0xE9:
;   MARK            one letter, distinguishes stubs
;   0 or 1          the boot path
;   8 letters       the disk signature in struct boot_info, lowest nibble first, 'a' = 0
;   K               all is well, or the first thing that is not:
;   I               struct boot_info has no magic
;   S               a segment register holds something else
;   E               ESP is not at BOOT_STACK_TOP or a little below
;   F               the interrupt or the direction flag is set
;   B               the Fletcher sums over the image are wrong
; Then QEMU ends: 0x10 to port 0xF4 after K, 0x11 otherwise.
;
; Assembled with -DIMAGE_BYTES=n [-DMARK="'p'"]; tools/mkkernel.py fills in size and sums.

%include "asm_constants.inc"

%ifndef MARK
    %define MARK 'p'
%endif

BOOT_INFO_DISK_SIGNATURE equ BOOT_INFO_ADDRESS + BOOT_INFO_disk_signature
CHECKSUM_A               equ KERNEL_PHYSICAL + KERNEL_HEADER_checksum_a
CHECKSUM_B               equ KERNEL_PHYSICAL + KERNEL_HEADER_checksum_b
DEBUG_PORT               equ 0xE9
EXIT_PORT                equ 0xF4
FLAGS_IF_DF              equ 0x600
STACK_USED_BYTES         equ 256    ; "a little"

bits 32
org KERNEL_PHYSICAL

header:
    jmp near start
    times KERNEL_HEADER_magic - ($ - header) nop
    dd KERNEL_HEADER_MAGIC
    dd 0, 0, 0                      ; image_bytes, checksum_a, checksum_b

start:
    mov edi, esp
    mov esp, BOOT_STACK_TOP
    pushfd
    pop ebp
    mov al, MARK
    out DEBUG_PORT, al
    mov al, [BOOT_INFO_ADDRESS + BOOT_INFO_path]
    add al, '0'
    out DEBUG_PORT, al

    mov edx, [BOOT_INFO_DISK_SIGNATURE]
    mov ecx, 8
.nibble:
    mov al, dl
    and al, 15
    add al, 'a'
    out DEBUG_PORT, al
    shr edx, 4
    loop .nibble

    mov al, 'I'
    cmp dword [BOOT_INFO_ADDRESS + BOOT_INFO_magic], BOOT_INFO_MAGIC
    jne bad

    mov al, 'S'
    mov cx, cs
    cmp cx, 8
    jne bad
    mov cx, ds
    cmp cx, 16
    jne bad
    mov cx, es
    cmp cx, 16
    jne bad
    mov cx, fs
    cmp cx, 16
    jne bad
    mov cx, gs
    cmp cx, 16
    jne bad
    mov cx, ss
    cmp cx, 16
    jne bad

    mov al, 'E'
    neg edi
    add edi, BOOT_STACK_TOP
    cmp edi, STACK_USED_BYTES
    ja bad

    mov al, 'F'
    test ebp, FLAGS_IF_DF
    jnz bad

; Fletcher over all dwords; the two sums themselves count as 0. EAX = a, EBX = b.
    mov esi, KERNEL_PHYSICAL
    mov ecx, [KERNEL_PHYSICAL + KERNEL_HEADER_image_bytes]
    shr ecx, 2
    xor eax, eax
    xor ebx, ebx
.next:
    mov edx, [esi]
    cmp esi, CHECKSUM_A
    je .zero
    cmp esi, CHECKSUM_B
    jne .add
.zero:
    xor edx, edx
.add:
    add eax, edx
    add ebx, eax
    add esi, 4
    dec ecx
    jnz .next
    cmp eax, [CHECKSUM_A]
    jne .wrong
    cmp ebx, [CHECKSUM_B]
    jne .wrong

    mov al, 'K'
    out DEBUG_PORT, al
    mov al, 0x10
    jmp end
.wrong:
    mov al, 'B'

; In: AL = letter
bad:
    out DEBUG_PORT, al
    mov al, 0x11
end:
    out EXIT_PORT, al
.halt:
    hlt
    jmp .halt

; Every dword differs from its neighbours, so that a sector in the wrong place changes the sums.
    align 4, db 0
%assign LEFT (IMAGE_BYTES - ($ - header)) / 4
%assign FILLER 0x2545F491
%rep LEFT
    dd FILLER
    %assign FILLER (FILLER * 1664525 + 1013904223) & 0xFFFFFFFF
%endrep
