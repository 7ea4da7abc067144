# make/arch-i386.mk - what is different when the i386 kernel is built. The Makefile takes NAME_$(ARCH).

BUILD_i386        := build
BIN_i386          := bin
QEMU_i386         := qemu-system-i386
BITS_i386         := 32
NASM_FORMAT_i386  := elf32
LD_EMULATION_i386 := elf_i386

# No padding between functions and loops, and stacks aligned to 4 as nothing here needs more: the
# image stays small (its limit is 192 KiB). gcc and clang have different words for it.
SMALL_CODE_i386 := $(if $(findstring clang,$(CC)),-mstack-alignment=4,-mpreferred-stack-boundary=2 \
    -falign-functions=4 -falign-jumps=1 -falign-loops=1 -falign-labels=1)
# Pentium: no cmov.
# Arguments in registers: EAX, EDX, ECX, then the stack. Assembly that C calls, or that calls C, goes
# by it. Functions with variable arguments take them all on the stack.
CFLAGS_i386 := -m32 -march=i586 -mregparm=3 $(SMALL_CODE_i386)
