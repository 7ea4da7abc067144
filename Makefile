# Drupe - `make help` lists what this file can do.
#
# Objects go to $(BUILD)/VARIANT/, products to $(BIN)/: build/ and bin/, for x86_64 build/x86_64/ and bin/x86_64/.
# What makes them:
#
#   make/arguments.mk            what was given to make is checked
#   make/kernel.mk               src/ -> kernel.elf, kernel.bin; the compilers' flags
#   make/arch-NAME.mk            in what the two kernels' builds differ
#   programs/programs.mk         programs/ -> the programs on the disk
#   make/images.mk               boot.bin, os.bin and the other disks; run, debug, usb
#   programs/newlib/newlib.mk    the large C library, programs with it, Lua
#   make/ports.mk                programs from elsewhere: make ports
#   make/tests.mk                test, the host tests, bench, coverage, lint
#   make/fuzz.mk                 fuzzers, and proof by exhaustion
#   make/web.mk                  the page that runs Drupe in a browser

CROSS   ?=
CC      := $(if $(CROSS),$(CROSS)gcc,$(if $(filter default,$(origin CC)),gcc,$(CC)))
LD      := $(CROSS)ld
OBJCOPY := $(CROSS)objcopy
NM      := $(CROSS)nm
HOSTCC  ?= gcc
PYTHON  ?= python3
ACCEL   ?= tcg
MEMORY  ?= 128
ARCH    ?= i386

# make DEBUG_HEAP=1: poisoned free memory, red zones, reports that name who did it.
DEBUG_HEAP ?= 0
VARIANT_SUFFIX := $(if $(filter 1,$(DEBUG_HEAP)),-debugheap)

# make WERROR=1: a warning of a compiler or of nasm ends the build. make lint and CI have it on; who
# builds with a newer compiler than this tree has seen does not need it.
WERROR ?= 0

# A line for each file; make V=1 shows whole commands, make -s nothing.
Q   := $(if $(V),,@)
SAY := @$(if $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),:,echo)

.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

include make/arguments.mk
ARCHS := i386 x86_64
include $(ARCHS:%=make/arch-%.mk)
BUILD := $(BUILD_$(ARCH))
BIN   := $(BIN_$(ARCH))
QEMU  ?= $(QEMU_$(ARCH))
# KEEP=1: a disk that outlives make, and make clean.
KEPT  := kept/$(ARCH).bin
DISK  ?= $(if $(KEEP),$(KEPT),$(BIN)/os.bin)

include make/kernel.mk
include programs/programs.mk
include make/images.mk
include programs/newlib/newlib.mk
include make/ports.mk
include make/tests.mk
include make/fuzz.mk
include make/web.mk

.PHONY: all clean help
all: $(BIN)/boot.bin $(BIN)/kernel.elf $(BIN)/kernel.bin $(BIN)/os.bin $(BIN)/boot.elf

clean:
	rm -rf build bin

help:
	@echo "make              bin/boot.bin bin/kernel.elf bin/kernel.bin bin/os.bin"
	@echo "make ARCH=x86_64  the same four of the 64-bit kernel, in bin/x86_64/; every target takes ARCH="
	@echo "make run          boot bin/os.bin in QEMU, console in this terminal (leave: Ctrl-A X)"
	@echo "                  KEEP=1: from kept/, where files stay when kernel and programs become newer"
	@echo "make run-gui      the same with QEMU's window (package qemu-system-gui)"
	@echo "make debug        QEMU stopped at the first instruction, gdb attached"
	@echo "make test         every test; the last line is 'N passed, N failed'"
	@echo "make check        in two minutes: host tests, and both kernels' own"
	@echo "make check-all    make test, and what takes too long for every run"
	@echo "make lint         clang-format, clang-tidy, cppcheck, shellcheck, pyflakes; warnings of both compilers"
	@echo "make coverage     which lines the host tests reach; none of the sources below FLOOR=90 percent"
	@echo "make compile_commands.json  for clangd and clang-tidy"
	@echo "make mutants      plants faults, and shows that the tests find each"
	@echo "make figures      what these two have counted, into docs/testing.md"
	@echo "make fuzz TIME=60 [FUZZ=heap]  fuzzes every parser of untrusted input, with libFuzzer"
	@echo "make prove        every state that a small heap can reach; BLOCKS=12 [RESERVE=1], LONG=1: larger ones"
	@echo "make bench        instruction counts, each beside a reference implementation"
	@echo "make bench-linux  the same rows on Debian's kernel, which is downloaded (KEEP=1: keeps the figures)"
	@echo "make image INIT=prog.elf [FILES=\"a b\"] IMAGE=out.bin"
	@echo "                  an image that starts that program; works for programs from elsewhere"
	@echo "make program SRC=file.c-or-folder OUT=x.elf"
	@echo "                  an ordinary C program with a whole C library (docs/programs.md)"
	@echo "make lua          bin/lua.bin: the shell, and Lua 5.4; make run DISK=bin/lua.bin"
	@echo "make sdk          only that C library: newlib, in build/sdk"
	@echo "make web          bin/web: a page that runs Drupe in a browser"
	@echo "make usb DEV=/dev/sdX [YES=1] [FIXED=1]  writes bin/os.bin to a USB stick (without DEV: lists the sticks)"
	@echo "make memory-picture  docs/memory-picture.png, from a running machine"
	@echo "make clean        remove bin/ and build/"
	@echo "Variables: MEMORY=128 (MiB), DISK=bin/os.bin, CROSS=i686-elf-, CC=clang, DEBUG_HEAP=1, WERROR=1, QEMU=, ACCEL=tcg"

-include $(shell find build \( -path build/sources -o -path build/ports \) -prune -o -type f -name '*.d' -not -path '*[[:space:]]*' -print 2>/dev/null)
