# make/arch-x86_64.mk - what is different when the x86_64 kernel is built. The Makefile takes NAME_$(ARCH).

BUILD_x86_64        := build/x86_64
BIN_x86_64          := bin/x86_64
QEMU_x86_64         := qemu-system-x86_64
BITS_x86_64         := 64
NASM_FORMAT_x86_64  := elf64
LD_EMULATION_x86_64 := elf_x86_64

# As for i386: a small image (its limit is 256 KiB). Stacks are aligned to 8, as nothing here needs more.
SMALL_CODE_x86_64 := $(if $(findstring clang,$(CC)),-mstack-alignment=8,-mpreferred-stack-boundary=3 \
    -falign-functions=4 -falign-jumps=1 -falign-loops=1 -falign-labels=1)
# The kernel is linked in the last 2 GiB. No red zone: interrupts use the stack that they come on.
CFLAGS_x86_64 := -m64 -march=x86-64 -mcmodel=kernel -mno-red-zone $(SMALL_CODE_x86_64)
