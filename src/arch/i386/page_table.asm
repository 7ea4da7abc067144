; arch/i386/page_table.asm - the two instructions on CR3. 32-bit protected mode.

bits 32
section .text

; void paging_load_directory(uint32_t *directory)
; In:  eax = physical address of a page directory
; Clobbers: nothing
global paging_load_directory
paging_load_directory:
    mov cr3, eax
    ret

; uint32_t paging_read_directory(void)
global paging_read_directory
paging_read_directory:
    mov eax, cr3
    ret
