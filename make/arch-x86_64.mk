# make/arch-x86_64.mk - what is different when the x86_64 kernel is built; included by the Makefile.

BUILD := build/x86_64
BIN   := bin/x86_64
QEMU  ?= qemu-system-x86_64
ARCH_BITS := 64
ARCH_NASM_FORMAT := elf64
ARCH_LD_EMULATION := elf_x86_64

# As for i386: a small image (its limit is 256 KiB). Stacks are aligned to 8, as nothing here needs more.
SMALL_CODE := $(if $(findstring clang,$(CC)),-mstack-alignment=8,-mpreferred-stack-boundary=3 \
    -falign-functions=4 -falign-jumps=1 -falign-loops=1 -falign-labels=1)
# The kernel is linked in the last 2 GiB. No red zone: interrupts use the stack that they come on.
ARCH_CFLAGS := -m64 -march=x86-64 -mcmodel=kernel -mno-red-zone $(SMALL_CODE)
