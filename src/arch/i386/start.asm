; arch/i386/start.asm - the first instructions of the kernel, at KERNEL_ADDRESS.
;
; Entry state, left by the boot sector (src/boot/boot.asm):
;   32-bit protected mode, flat 4 GiB segments: CS = 8, all others 16
;   A20 on, paging off, interrupts off, direction flag clear
;   ESP = some stack below the boot sector, BOOT_INFO_ADDRESS filled in
;
; What it does: verify the image's checksum, unpack what is behind this code, zero .bss, take the
; kernel's own stack, call C.

%include "asm_constants.inc"

bits 32

extern kernel_main
extern kernel_data_end
extern kernel_bss_start
extern kernel_end

%define LOADED(label) label         ; linked where it is loaded
%define KERNEL_HEADER_BITS 32
%include "arch/x86/image_check.inc"

; In: the entry state, the image verified
image_verified:
%include "arch/x86/image_unpack.inc"

; In: the kernel as it was linked, still on the boot sector's stack
start_kernel:
    mov esp, kernel_stack_top
    xor ebp, ebp                    ; the end of every backtrace
    call kernel_main
.halt:                              ; kernel_main does not return
    cli
    hlt
    jmp .halt

    align 4                         ; it is moved by dwords
entry_end:

%include "arch/x86/boot_stack.inc"
