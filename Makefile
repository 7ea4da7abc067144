# Drupe - `make help` lists what this file can do.
#
# Objects go to $(BUILD)/VARIANT/, products to $(BIN)/: build/ and bin/, for x86_64 build/x86_64/ and bin/x86_64/.
# The kernel's sources are every .c and .asm file under src/ but src/boot and the other architectures' folders; a
# new file needs no line here.
#
# Variants of the kernel: release (bin/kernel.elf), test (with tests/kernel linked in) and bench
# (with tests/bench).

CROSS   ?=
CC      := $(if $(CROSS),$(CROSS)gcc,$(if $(filter default,$(origin CC)),gcc,$(CC)))
LD      := $(CROSS)ld
OBJCOPY := $(CROSS)objcopy
NM      := $(CROSS)nm
HOSTCC  ?= gcc
PYTHON  ?= python3
ACCEL   ?= tcg
MEMORY  ?= 128

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

# ---------------------------------------------------------------- what was asked for

COMMA := ,
# $(call sh,TEXT): TEXT as one word of a shell's command, whatever characters it has.
sh = '$(subst ','\'',$(1))'
# The same as a part of an option of QEMU, where a comma is written as two.
qemu_file = $(call sh,file=$(subst $(COMMA),$(COMMA)$(COMMA),$(1)))
# $(call matches,TEXT,EXTENDED REGULAR EXPRESSION): not empty if all of it does.
matches = $(shell printf '%s' $(call sh,$(1)) | grep -xE $(call sh,$(2)))

# $(call demand,VARIABLE,values that need no check,expression,what it must be): or nothing is built.
demand = $(if $(filter-out $(2),x$($(1))x),$(if $(call matches,$($(1)),$(3)),,\
    $(error $(1)=$($(1)): $(1) must be $(4))))
$(call demand,MEMORY,x128x,[1-9][0-9]{0$(COMMA)6}[MG]?,a number of MiB such as 128)
$(call demand,DEBUG_HEAP,x0x x1x,,1 or 0)
$(call demand,WERROR,x0x x1x,,1 or 0)
ARCH ?= i386
$(call demand,ARCH,xi386x xx86_64x,,i386 or x86_64)

# A device in the place of an output would be overwritten.
DEVICES := $(shell find bin build \( -xtype b -o -xtype c \) 2>/dev/null)
$(if $(DEVICES),$(error $(DEVICES) is a device or a link to one: remove it. Outputs are ordinary files; \
    make usb DEV=/dev/sdX writes to a disk))

# ---------------------------------------------------------------- flags

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
    $(if $(filter 1,$(WERROR)),-Werror)
ARCHS := i386 x86_64
include $(ARCHS:%=make/arch-%.mk)
BUILD := $(BUILD_$(ARCH))
BIN   := $(BIN_$(ARCH))
QEMU  ?= $(QEMU_$(ARCH))
DISK  ?= $(BIN)/os.bin
# No FPU or SSE in the kernel: a task's are never touched. -fno-builtin is not needed: memcpy and friends are the
# kernel's own, and the compiler may call them.
COMMON_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
    -fno-strict-aliasing -fcf-protection=none $(WARNINGS)
# No sibling calls: a jump in place of a call would take the caller out of backtraces.
kernel_cflags = $(CFLAGS_$(1)) $(COMMON_CFLAGS) -fno-optimize-sibling-calls -mgeneral-regs-only -Isrc \
    -DDRUPE_KERNEL=1 -DDEBUG_HEAP=$(DEBUG_HEAP)
KERNEL_CFLAGS := $(call kernel_cflags,$(ARCH))
# Debug information does not say where this folder lies. The shell's own variable: any name is one word.
PREFIX_MAP := -ffile-prefix-map="$$PWD"/=
LDFLAGS := -nostdlib -static --build-id=none -z noexecstack -z max-page-size=4096
# What nasm warns of without reason, and which of its versions know: reloc (since 2.16.02) is what all of this
# does, address another section; unknown-warning is for a line that nasm's own alignb has ("warning push").
NASM_NO_WARNINGS := $(filter reloc unknown-warning,$(shell nasm -hw 2>/dev/null))
NASM_WARNINGS := -Wall $(NASM_NO_WARNINGS:%=-Wno-%) $(if $(filter 1,$(WERROR)),-Werror)
NASMFLAGS := $(NASM_WARNINGS) -f elf32 -g -F dwarf
KERNEL_NASMFLAGS := $(NASM_WARNINGS) -f $(NASM_FORMAT_$(ARCH)) -g -F dwarf

# ---------------------------------------------------------------- kernel

# Of src/arch/ what both architectures share, and the one that is built.
ELSEWHERE  := $(filter-out src/arch/x86 src/arch/$(ARCH),$(patsubst %/,%,$(wildcard src/arch/*/))) src/boot
KERNEL_C   := $(sort $(shell find src $(ELSEWHERE:%=-path % -prune -o) -name '*.c' -print))
KERNEL_ASM := $(sort $(shell find src $(ELSEWHERE:%=-path % -prune -o) -name '*.asm' -print))
TEST_INCLUDES := -Itests/kernel -Itests/kernel/$(ARCH)
TESTS_C    := $(sort $(wildcard tests/kernel/*.c tests/kernel/$(ARCH)/*.c))
BENCH_C    := $(sort $(wildcard tests/bench/*.c)) tests/bench/host/reference_heap.c

# $(call objects,VARIANT,sources): their objects in that variant's folder
objects = $(patsubst %.c,$(BUILD)/$(1)$(VARIANT_SUFFIX)/%.o,$(filter %.c,$(2))) \
          $(patsubst %.asm,$(BUILD)/$(1)$(VARIANT_SUFFIX)/%.asm.o,$(filter %.asm,$(2)))

RELEASE := release$(VARIANT_SUFFIX)
TEST    := test$(VARIANT_SUFFIX)
BENCH   := bench$(VARIANT_SUFFIX)
RELEASE_OBJECTS := $(call objects,release,$(KERNEL_C) $(KERNEL_ASM))
TEST_OBJECTS    := $(RELEASE_OBJECTS) $(call objects,test,$(TESTS_C))
BENCH_OBJECTS   := $(RELEASE_OBJECTS) $(call objects,bench,$(BENCH_C))

# Changes when the next build is another kind of build than the last.
VARIANT := $(CC) $(VARIANT_SUFFIX) $(filter-out 0,$(WERROR))
build/variant: FORCE
	@mkdir -p $(@D)
	@echo $(call sh,$(VARIANT)) | cmp -s - $@ || echo $(call sh,$(VARIANT)) > $@

# Changes when a source or a file of the disk comes or goes: what was made of the old list is made anew.
$(BUILD)/list: FORCE
	@mkdir -p $(@D)
	@echo $(call sh,$(LISTED)) | cmp -s - $@ || echo $(call sh,$(LISTED)) > $@
LISTED = $(KERNEL_C) $(KERNEL_ASM) $(TESTS_C) $(BENCH_C) $(LIBC_SOURCES) $(PROGRAM_SOURCES) $(DISK_FILES)
.PHONY: FORCE

GENERATED := $(BUILD)/generated
ASM_CONSTANTS := $(GENERATED)/asm_constants.inc

# Header constants and struct offsets for nasm: the compiler prints them, sed picks them up.
$(ASM_CONSTANTS): tools/asm_constants.c Makefile
	@mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)$(CC) $(KERNEL_CFLAGS) $(PREFIX_MAP) -MMD -MP -MT $@ -MF $(@:.inc=.d) -S -o $(@:.inc=.s) $<
	@sed -n 's/^.*->\([A-Za-z0-9_]*\) \$$*\([-0-9]*\)"*.*$$/%define \1 \2/p' $(@:.inc=.s) > $@

KERNEL_LD := $(GENERATED)/kernel.lds
$(KERNEL_LD): src/arch/x86/kernel.ld.in Makefile
	@mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)$(CC) -E -P -undef -x c -D__ASSEMBLER__ -DARCH_BITS=$(BITS_$(ARCH)) -Isrc -MMD -MP -MT $@ -MF $@.d -o $@ $<

# Kernel, test and bench objects: one rule for C, one for assembly.
# $(call variant_rules,VARIANT,where else headers are)
define variant_rules
$(BUILD)/$(1)/%.o: %.c Makefile build/variant
	@mkdir -p $$(@D)
	$$(SAY) "  CC     $$@"
	$$(Q)$$(CC) $$(KERNEL_CFLAGS) $$(PREFIX_MAP) $(2) -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/%.asm.o: %.asm Makefile $$(ASM_CONSTANTS) build/variant
	@mkdir -p $$(@D)
	@nasm $$(KERNEL_NASMFLAGS) -I$$(GENERATED)/ -Isrc/ -M -MP -MT $$@ -MF $$(@:.o=.d) $$<
	$$(SAY) "  NASM   $$@"
	$$(Q)nasm $$(KERNEL_NASMFLAGS) -I$$(GENERATED)/ -Isrc/ -o $$@ $$<
endef
$(eval $(call variant_rules,$(RELEASE)))
$(eval $(call variant_rules,$(TEST),$(TEST_INCLUDES)))
$(eval $(call variant_rules,$(BENCH),-Itests/bench))

# Where speed does not count, size does: what runs once, seldom, or waits for a device anyway says so
# in its first comment.
SMALL_C := $(shell grep -l '^ \* Size before speed\.$$' $(KERNEL_C))
$(SMALL_C:%.c=$(BUILD)/$(RELEASE)/%.o): KERNEL_CFLAGS += -Os

# No sibling calls but in the small objects' quick paths, which jump to their own rare ones only.
$(BUILD)/$(RELEASE)/src/memory/heap/kmem_cache.o: KERNEL_CFLAGS += -foptimize-sibling-calls
# And where a test stands between the allocators and their callers, which are noted by them.
$(BUILD)/$(TEST)/tests/kernel/failing.o: KERNEL_CFLAGS += -foptimize-sibling-calls

# Two links: the first gives the addresses that the symbol table is made from; the table comes
# after all else in the image, so it moves nothing.
define kernel_rules
$(BUILD)/$(2)/kernel.stage1.elf: build/variant $(BUILD)/list $$($(3)) $(BUILD)/$(2)/symbols.empty.o $$(KERNEL_LD)
	$$(SAY) "  LD     $$@"
	$$(Q)$$(LD) -m $(LD_EMULATION_$(ARCH)) $$(LDFLAGS) $(4) -T $$(KERNEL_LD) -o $$@ $$($(3)) $(BUILD)/$(2)/symbols.empty.o

$(BUILD)/$(2)/symbols.empty.c: tools/mksymbols.py
	@mkdir -p $$(@D)
	@$$(PYTHON) tools/mksymbols.py --empty > $$@

$(BUILD)/$(2)/symbols.c: $(BUILD)/$(2)/kernel.stage1.elf tools/mksymbols.py
	@$$(NM) -n $$< | $$(PYTHON) tools/mksymbols.py > $$@

$(BUILD)/$(2)/symbols%o: $(BUILD)/$(2)/symbols%c
	$$(SAY) "  CC     $$@"
	$$(Q)$$(CC) $$(KERNEL_CFLAGS) $$(PREFIX_MAP) -c -o $$@ $$<

$(1).elf: build/variant $(BUILD)/list $$($(3)) $(BUILD)/$(2)/symbols.o $$(KERNEL_LD)
	@mkdir -p $$(@D)
	$$(SAY) "  LD     $$@"
	$$(Q)$$(LD) -m $(LD_EMULATION_$(ARCH)) $$(LDFLAGS) $(4) -T $$(KERNEL_LD) -o $$@ $$($(3)) $(BUILD)/$(2)/symbols.o

$(1).bin: $(1).elf tools/mkkernel.py tools/output.py
	@mkdir -p $$(@D)
	@$$(OBJCOPY) -O binary $$< $$@.raw
	@$$(PYTHON) tools/mkkernel.py $$@.raw $$@
	@rm -f $$@.raw
endef
$(eval $(call kernel_rules,$(BIN)/kernel,$(RELEASE),RELEASE_OBJECTS))
# In the test kernel every allocation and every read of a disk can be made to fail
# (tests/kernel/failing.h), and system calls and ticks are watched (tests/kernel/watching.h).
$(eval $(call kernel_rules,$(BIN)/kernel-test,$(TEST),TEST_OBJECTS,$(addprefix --wrap=,pmm_alloc_page \
    pmm_alloc_zeroed_page pmm_alloc_frames kmalloc kzalloc kmem_alloc kmem_zalloc kmem_cache_alloc \
    block_read trap_set_syscall_handler timer_set_tick_handler timer_get_ticks console_write)))
$(eval $(call kernel_rules,$(BIN)/kernel-bench,$(BENCH),BENCH_OBJECTS))

# ---------------------------------------------------------------- boot sector and images

# The sector has the kernel's size assembled in.
KERNEL_SECTORS = $$(( $$(stat -c %s $(1)) / 512 ))

define image_rules
$(BUILD)/$(2)/boot.bin: src/boot/boot.asm $(1).bin $$(ASM_CONSTANTS)
	@mkdir -p $$(@D)
	$$(SAY) "  NASM   $$@"
	$$(Q)nasm $$(NASM_WARNINGS) -f bin -I$$(GENERATED)/ -Isrc/ \
	    -DKERNEL_SECTORS=$$(call KERNEL_SECTORS,$(1).bin) -o $$@ $$<
endef
$(eval $(call image_rules,$(BIN)/kernel,$(RELEASE)))
$(eval $(call image_rules,$(BIN)/kernel-test,$(TEST)))
$(eval $(call image_rules,$(BIN)/kernel-bench,$(BENCH)))

$(BIN)/boot.bin: $(BUILD)/$(RELEASE)/boot.bin
	@mkdir -p $(@D)
	@cp $< $@

# The boot sector with symbols and source lines, for gdb only.
$(BIN)/boot.elf: src/boot/boot.asm $(BIN)/boot.bin
	@mkdir -p $(@D)
	@nasm $(NASMFLAGS) -I$(GENERATED)/ -Isrc/ -DKERNEL_SECTORS=$(call KERNEL_SECTORS,$(BIN)/kernel.bin) \
	    -o $(BUILD)/$(RELEASE)/boot.o $<
	@$(LD) -m elf_i386 -Ttext=0x7C00 -e 0x7C00 -o $@ $(BUILD)/$(RELEASE)/boot.o

MKIMAGE := $(PYTHON) tools/mkimage.py --bits $(BITS_$(ARCH))
MKIMAGE_PARTS := tools/mkimage.py tools/mkkernel.py tools/output.py

include programs/programs.mk

# init is the shell; all programs and programs/files/ lie beside it. Beside 64-bit programs the 32-bit ones
# lie in a folder: name.elf=i386/name.elf.
DISK_FILES = $(PROGRAMS) $(sort $(wildcard programs/files/*)) $(if $(filter 64,$(BITS_$(ARCH))),$(PROGRAMS_32_BIT))
DISK_SHELL := $(PROGRAM_BIN)/shell.elf
disk_file = --file $(1)$(if $(filter 64,$(BITS_$(ARCH))),$(patsubst bin/programs/%,=i386/%,$(filter bin/programs/%,$(1))))
disk_arguments = --init $(DISK_SHELL) $(foreach file,$(1),$(call disk_file,$(file)))
$(BIN)/os.bin: $(BIN)/boot.bin $(BIN)/kernel.bin $(DISK_FILES) $(MKIMAGE_PARTS) $(BUILD)/list | program-names
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin $(call disk_arguments,$(DISK_FILES)) --output $@

include programs/newlib/newlib.mk

# The same kernel with a program that ends by itself.
$(BIN)/hello.bin: $(BIN)/boot.bin $(BIN)/kernel.bin $(PROGRAM_BIN)/hello.elf $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin --init $(PROGRAM_BIN)/hello.elf --output $@

TEST_PROGRAMS := $(addprefix bin/programs/tests/,exit_status_7.elf spawner.elf reader.elf)
$(BIN)/test.bin: $(BUILD)/$(TEST)/boot.bin $(BIN)/kernel-test.bin bin/programs/hello.elf $(TEST_PROGRAMS) \
    $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $< --kernel $(BIN)/kernel-test.bin --init bin/programs/hello.elf \
	    --file bin/programs/tests/exit_status_7.elf=exit.elf \
	    --file bin/programs/tests/spawner.elf --file bin/programs/tests/reader.elf --output $@

# The test kernel with the programs that attack it (tests/system/test_stress.py).
$(BIN)/syscall-fuzz.bin: $(BUILD)/$(TEST)/boot.bin $(BIN)/kernel-test.bin bin/programs/hello.elf \
    bin/programs/tests/exit_status_7.elf bin/programs/tests/syscall_fuzz.elf $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $< --kernel $(BIN)/kernel-test.bin --init bin/programs/hello.elf \
	    --file bin/programs/tests/exit_status_7.elf=exit.elf \
	    --file bin/programs/tests/syscall_fuzz.elf=fuzz.elf --output $@

$(BIN)/bench.bin: $(BUILD)/$(BENCH)/boot.bin $(BIN)/kernel-bench.bin $(PROGRAM_BIN)/bench/small.elf $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $< --kernel $(BIN)/kernel-bench.bin --file $(PROGRAM_BIN)/bench/small.elf --output $@

# Programs that test the kernel from ring 3 (tests/system/test_programs.py).
$(foreach source,$(wildcard tests/programs/*.c tests/programs/*/*.c),\
    $(eval $(call program_rules,tests/$(basename $(notdir $(source))),$(source))))

# Hostile programs, their witness and their init (tests/system/test_attackers.py).
ATTACKERS := $(wildcard tests/attackers/*.c)
$(foreach source,$(ATTACKERS),\
    $(eval $(call program_rules,attackers/$(basename $(notdir $(source))),$(source))))
.PHONY: attackers
attackers: $(BUILD)/$(TEST)/boot.bin $(BIN)/kernel-test.bin \
    $(ATTACKERS:tests/attackers/%.c=bin/programs/attackers/%.elf)

# Programs that the bench runs in ring 3. rows.elf measures, the others are what it starts.
$(foreach source,$(wildcard tests/bench/programs/*.c),\
    $(eval $(call program_rules,bench/$(basename $(notdir $(source))),$(source))))
BENCH_ROWS       := $(addprefix tests/bench/rows/,main.c memory.c processes.c)
BENCH_ROWS_DRUPE := tests/bench/rows/system_drupe.c
$(eval $(call program_rules,bench/rows,$(BENCH_ROWS) $(BENCH_ROWS_DRUPE)))

BENCH_STARTED := $(addprefix $(PROGRAM_BIN)/bench/,small.elf large.elf sleeper.elf yielder.elf)
$(BIN)/bench-programs.bin: $(BIN)/boot.bin $(BIN)/kernel.bin $(PROGRAM_BIN)/bench/rows.elf $(BENCH_STARTED) \
    $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin --init $(PROGRAM_BIN)/bench/rows.elf \
	    $(BENCH_STARTED:%=--file %) --output $@

# The same rows on Linux (tools/bench_linux.py).
BENCH_LINUX         := build/bench-linux/$(ARCH)
BENCH_LINUX_FLAGS   := -m$(BITS_$(ARCH)) $(if $(filter 32,$(BITS_$(ARCH))),-march=i586) -std=gnu11 -O2 -static \
    $(WARNINGS)
BENCH_LINUX_DEFINES := -D_GNU_SOURCE -DBENCH_ON_LINUX
BENCH_STARTED_FLAGS := -ffreestanding -fno-pie -fno-stack-protector -idirafter programs/libc/include -Isrc
BENCH_ROWS_LINUX    := $(addprefix tests/bench/rows/,system_linux.c posix.c)
$(BENCH_LINUX)/init: $(BENCH_ROWS) $(BENCH_ROWS_LINUX) tests/bench/rows/rows.h Makefile build/variant
	@mkdir -p $(@D)
	$(SAY) "  HOSTCC $@"
	$(Q)$(HOSTCC) $(BENCH_LINUX_FLAGS) $(BENCH_LINUX_DEFINES) -o $@ $(filter %.c,$^)
$(BENCH_LINUX)/%.elf: tests/bench/programs/%.c tests/bench/rows/start_linux.c Makefile build/variant
	@mkdir -p $(@D)
	$(SAY) "  HOSTCC $@"
	$(Q)$(HOSTCC) $(BENCH_LINUX_FLAGS) $(BENCH_STARTED_FLAGS) -nostdlib -no-pie -s -o $@ $(filter %.c,$^)
.PHONY: bench-linux-programs
bench-linux-programs: $(addprefix $(BENCH_LINUX)/,init small.elf large.elf sleeper.elf)

# A file that is large, and whose every dword is its own number.
build/bench/disk.dat: Makefile
	@mkdir -p $(@D)
	@$(PYTHON) -c 'import array; array.array("I", range(1 << 22)).tofile(open("$@", "wb"))'

$(BIN)/bench-disk.bin: $(BUILD)/$(BENCH)/boot.bin $(BIN)/kernel-bench.bin $(PROGRAM_BIN)/bench/disk.elf \
    build/bench/disk.dat $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $< --kernel $(BIN)/kernel-bench.bin --file $(PROGRAM_BIN)/bench/disk.elf \
	    --file build/bench/disk.dat --output $@

$(BIN)/bench-bios.bin: $(BIN)/boot.bin $(BIN)/kernel.bin $(PROGRAM_BIN)/bench/disk.elf build/bench/disk.dat \
    $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin --init $(PROGRAM_BIN)/bench/disk.elf \
	    --file build/bench/disk.dat --output $@

.PHONY: all image disk run run-gui debug test check check-all bench bench-linux usb memory-picture clean help

all: $(BIN)/boot.bin $(BIN)/kernel.elf $(BIN)/kernel.bin $(BIN)/os.bin $(BIN)/boot.elf

# make image INIT=prog.elf [FILES="a b"] IMAGE=out.bin - names with spaces: FILES="'a b' c". What was
# given is checked before anything is built.
OWN_IMAGES := os hello test syscall-fuzz bench bench-programs bench-disk bench-bios lua
image_arguments = $(OWN_IMAGES:%=--own=$(BIN)/%.bin) --init=$(call sh,$(INIT)) --files=$(call sh,$(FILES)) --output=$(call sh,$(IMAGE))
image:
	@test -n $(call sh,$(INIT)) -a -n $(call sh,$(IMAGE)) || \
	    { echo 'usage: make image INIT=prog.elf [FILES="a b"] IMAGE=out.bin' >&2; exit 2; }
	@$(MKIMAGE) --check --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin $(image_arguments)
	@$(MAKE) --no-print-directory $(BIN)/boot.bin $(BIN)/kernel.bin
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin $(image_arguments)

QEMU_FLAGS = -accel $(ACCEL) -m $(MEMORY) -drive $(call qemu_file,$(DISK)),format=raw,if=ide \
    -device isa-debug-exit,iobase=0xf4,iosize=0x04 -net none

# QEMU's exit status says how init ended: (value << 1) | 1, value 0x10 for success (status 33).
qemu_run = $(QEMU) $(QEMU_FLAGS) $(1); status=$$?; \
    case $$status in 0|33) exit 0 ;; *) exit $$status ;; esac

# A disk of bin/ is made; any other must be there. A name with spaces cannot be a target of make.
disk: $(if $(word 2,$(DISK)),,$(filter bin/%,$(DISK)))
	@test -r $(call sh,$(DISK)) || \
	    { echo DISK=$(call sh,$(DISK)): there is no such file, or it may not be read >&2; exit 1; }

run: disk
	@echo "Type exit to end it; Ctrl-A X leaves QEMU."
	@$(call qemu_run,-nographic)

# Debian's QEMU has its windows in a package of its own; without it, it would wait for VNC, unseen.
run-gui: disk
	@$(QEMU) -display help | grep -qE '^(gtk|sdl|cocoa)$$' || { echo "$(QEMU) has no window here:" \
	    "sudo apt-get install qemu-system-gui brings it, or ./build.sh run-gui" >&2; exit 1; }
	@$(call qemu_run,-serial stdio)

debug: $(BIN)/os.bin $(BIN)/boot.elf
	@ARCH=$(ARCH) tools/debug.sh

test:
	@$(PYTHON) tests/run.py

check:
	@$(PYTHON) tests/run.py --check

check-all:
	@$(PYTHON) tests/run.py --all

# The same heap on the host, in cycles.
build/host/bench_heap: tests/bench/host/bench_heap.c tests/bench/host/reference_heap.c src/memory/heap/heap.c
	@mkdir -p $(@D)
	$(SAY) "  HOSTCC $@"
	$(Q)$(HOSTCC) -m32 -O2 -std=gnu11 -Isrc $(WARNINGS) -MMD -MP -MF $@.d -o $@ $(filter %.c,$^)

# What the last whole run of the tests, and of the mutants, has counted: into docs/testing.md.
.PHONY: figures
figures:
	@$(PYTHON) tests/run.py --figures

# What is counted is counted in both kernels; the rest is i386's.
.PHONY: bench-counts
bench-counts: $(BIN)/bench.bin $(BIN)/bench-programs.bin
bench: bin/os.bin build/host/bench_heap
	@$(MAKE) --no-print-directory ARCH=i386 bench-counts bin/bench-disk.bin bin/bench-bios.bin
	@$(MAKE) --no-print-directory ARCH=x86_64 bench-counts
	@$(PYTHON) tools/bench.py

# Linux's column of that table, measured anew on Debian's kernel; KEEP=1: also for those who do not measure.
bench-linux: $(BIN)/bench-programs.bin bench-linux-programs
	@$(PYTHON) tools/bench_linux.py $(if $(KEEP),--keep) $(ARCH)

# The disk is checked before anything is built, and once more by the tool that writes.
USB = $(PYTHON) tools/usb.py --make $(if $(YES),--yes) $(if $(FIXED),--allow-fixed-disk) $(BIN)/os.bin \
    $(call sh,$(DEV))
usb:
	@$(USB) --check
	@$(MAKE) --no-print-directory $(BIN)/os.bin
	@$(USB)

# For README and docs: what the machine's memory looks like.
memory-picture: $(BIN)/os.bin $(BIN)/kernel.elf
	@$(PYTHON) tools/memory_picture.py docs/memory-picture.png

clean:
	rm -rf build bin

help:
	@echo "make              bin/boot.bin bin/kernel.elf bin/kernel.bin bin/os.bin"
	@echo "make ARCH=x86_64  the same four of the 64-bit kernel, in bin/x86_64/; every target takes ARCH="
	@echo "make run          boot bin/os.bin in QEMU, console in this terminal (leave: Ctrl-A X)"
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
	@echo "make bench-linux  the same rows on Debian's kernel, which is downloaded (KEEP=1: into tests/bench/linux.json)"
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

# ---------------------------------------------------------------- host tests

# tests/host/test_NAME.c says in its first comment which sources it links: " * Sources: a.c b.c".
HOST_TESTS := $(patsubst tests/host/%.c,%,$(wildcard tests/host/test_*.c))
HOST_CFLAGS := -m32 -std=gnu11 -O1 -g -Isrc -Itests/host $(WARNINGS) -D_GNU_SOURCE \
    -idirafter programs/libc/include \
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
host_sources = $(shell sed -n 's/^ \* Sources: *//p' tests/host/$(1).c)

# Both kernels are made of most of the sources, so most tests are built for 64 bits, too, into
# build/host64/. Not so the tests of what is made for 32 bits.
HOST_TESTS_32_ONLY := test_libc test_symbols
# A process has the direct map (src/arch/x86_64/layout_arch.h) where memory is its own, and its
# image low, as the kernel has.
HOST_CFLAGS_64 = $(patsubst -m32,-m64,$(HOST_CFLAGS)) \
    -DDIRECT_MAP=0x200000000000 -fno-pie -no-pie
HOST_TESTS_64 := $(filter-out $(HOST_TESTS_32_ONLY),$(HOST_TESTS))

# $(call host_test_rule,TEST,folder of build/,flags)
define host_test_rule
build/$(2)/$(1): build/variant tests/host/$(1).c $(call host_sources,$(1)) $(wildcard tests/host/*.h)
	@mkdir -p $$(@D)
	$$(SAY) "  HOSTCC $$@"
	@$$(HOSTCC) $(3) -MM -MP -MT $$@ tests/host/$(1).c \
	    $(call host_sources,$(1)) > $$@.d
	$$(Q)$$(HOSTCC) $(3) -o $$@ tests/host/$(1).c \
	    $(call host_sources,$(1)) -lcmocka
endef
$(foreach test,$(HOST_TESTS),$(eval $(call host_test_rule,$(test),host,$$(HOST_CFLAGS))))
$(foreach test,$(HOST_TESTS_64),\
    $(eval $(call host_test_rule,$(test),host64,$$(HOST_CFLAGS_64))))

# The same tests for gcov: not optimised, and without sanitizers. FLOOR: the part of each source
# file's lines, in percent, that they must reach.
FLOOR ?= 90
COVERAGE_CFLAGS := $(filter-out -O1 -fsanitize% -fno-sanitize%,$(HOST_CFLAGS)) -O0 --coverage
COVERAGE_TESTS := $(addprefix build/coverage/,$(HOST_TESTS))

build/coverage/%: build/host/%
	@mkdir -p $(@D)
	@rm -f $@-*.gcno $@.gcno
	$(SAY) "  HOSTCC $@"
	$(Q)$(HOSTCC) $(COVERAGE_CFLAGS) -o $@ tests/host/$*.c $(call host_sources,$*) -lcmocka

.PHONY: coverage
coverage: $(COVERAGE_TESTS)
	@$(PYTHON) tools/coverage.py --floor $(FLOOR) $^

# The PC emulator v86 for tests/system/test_v86.py, in the version and with the checksum that
# package-lock.json names.
build/v86/installed: tests/v86/package.json tests/v86/package-lock.json
	@mkdir -p $(@D)
	@cp $^ $(@D)/
	$(SAY) "  NPM    $(@D)"
	$(Q)cd $(@D) && npm ci --loglevel=error --no-audit --no-fund >/dev/null
	@touch $@

build/v86/boot.js: tests/v86/boot.js build/v86/installed
	@cp $< $@

# ---------------------------------------------------------------- a page that runs Drupe

# bin/web holds all that the page asks for: web/, the disk, v86 from npm, its firmware from Debian's
# packages, and their licences. The two files that the page unpacks would else be 40 times as large.
WEB      := bin/web
SEABIOS  := /usr/share/seabios/bios.bin
VGABIOS  := /usr/share/vgabios/vgabios.bin
LICENCES := /usr/share/common-licenses
V86      := build/v86/node_modules/v86
# $(call web_copy,copy below bin/web,file,what makes the file)
define web_copy
WEB_FILES += $(WEB)/$(1)
$(WEB)/$(1): $(or $(3),$(2))
	@mkdir -p $$(@D)
	@$(if $(filter %.gz,$(1)),gzip -9nc,cat) $(2) > $$@
endef
$(foreach name,drupe.js drupe.css,$(eval $(call web_copy,$(name),web/$(name))))
$(eval $(call web_copy,os.bin,$(BIN)/os.bin))
$(eval $(call web_copy,os.bin.gz,$(BIN)/os.bin))
$(eval $(call web_copy,libv86.js,$(V86)/build/libv86.js,build/v86/installed))
$(eval $(call web_copy,v86.wasm.gz,$(V86)/build/v86.wasm,build/v86/installed))
$(eval $(call web_copy,seabios.bin,$(SEABIOS)))
$(eval $(call web_copy,vgabios.bin,$(VGABIOS)))
$(eval $(call web_copy,licences/drupe.txt,LICENSE))
$(eval $(call web_copy,licences/v86.txt,$(V86)/LICENSE,build/v86/installed))
$(eval $(call web_copy,licences/seabios.txt,/usr/share/doc/seabios/copyright,$(SEABIOS)))
$(eval $(call web_copy,licences/vgabios.txt,/usr/share/doc/vgabios/copyright,$(VGABIOS)))
$(foreach name,LGPL-2 LGPL-2.1 LGPL-3 GPL-3,\
    $(eval $(call web_copy,licences/$(name).txt,$(LICENCES)/$(name))))

# The sources as they are now: what git knows, or in an unpacked archive all but what is built.
SOURCES_TAR := tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --transform='s,^\./,,;s,^,drupe/,'
WEB_FILES += $(WEB)/drupe-sources.tar.gz
$(WEB)/drupe-sources.tar.gz: FORCE
	@mkdir -p $(@D)
	@{ if git ls-files --error-unmatch Makefile >/dev/null 2>&1; then \
	    git ls-files -z --cached --others --exclude-standard | \
	    xargs -0r ls -d --zero 2>/dev/null | $(SOURCES_TAR) --null -T - -cf -; else \
	    $(SOURCES_TAR) --exclude=./build --exclude=./bin --exclude=./.git --exclude=./compile_commands.json --exclude=__pycache__ -cf - .; fi; } | gzip -9n > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(WEB)/index.html: web/index.html bin/os.bin
	@mkdir -p $(@D)
	@sed "s/@IMAGE_MIB@/$$(( $$(stat -c %s $(BIN)/os.bin) >> 20 ))/" $< > $@

$(SEABIOS) $(VGABIOS):
	@echo "$@ is missing: ./build.sh deps installs it" >&2; exit 1

.PHONY: web
web: $(WEB)/index.html $(WEB_FILES)
	@echo "$(WEB) is ready: $(PYTHON) -m http.server -d $(WEB) serves it at http://localhost:8000/"

.PHONY: host-tests
host-tests: $(addprefix build/host/,$(HOST_TESTS)) $(addprefix build/host64/,$(HOST_TESTS_64))

# tests run tests/run.py TEST... ; a name runs one alone: make host-test_heap, make host64-test_heap
host-%: build/host/%
	$<

host64-%: build/host64/%
	$<

# For tests/run.py: their names.
.PHONY: list-host-tests-64
list-host-tests-64:
	@echo $(HOST_TESTS_64)

# One planted fault after the other: do the tests see it? Takes about twenty minutes, so on demand.
.PHONY: mutants
mutants: all host-tests $(BIN)/test.bin $(BIN)/syscall-fuzz.bin bin/programs/usertest.elf
	@$(PYTHON) tools/mutate.py

# ---------------------------------------------------------------- fuzzers

# tests/fuzz/fuzz_NAME.c with the same "Sources:" lines. With driver.c: a fixed number of runs, for
# the tests. With clang's libFuzzer: make fuzz TIME=seconds [FUZZ=NAME], corpus and crashes in
# build/fuzz/.
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
TIME    ?= 60
FUZZ    ?=
CLANG   ?= clang
# FUZZ_BITS=-m64 where clang has no 32-bit runtime.
FUZZ_BITS ?= -m32
FUZZ_CFLAGS := $(HOST_CFLAGS) -Itests/fuzz
LIBFUZZER_CFLAGS := $(FUZZ_BITS) $(filter-out -m32,$(FUZZ_CFLAGS)) -fsanitize=fuzzer-no-link \
    -Wno-unknown-warning-option
# Named by hand: clang itself would ask for the C++ library's development files, 32-bit ones.
LIBFUZZER = $(shell $(CLANG) -print-runtime-dir)/libclang_rt.fuzzer-$(if \
    $(findstring 32,$(FUZZ_BITS)),i386,x86_64).a -l:libstdc++.so.6 -lm
fuzz_sources = $(shell sed -n 's/^ \* Sources: *//p' tests/fuzz/$(1).c)

define fuzz_rules
build/fuzz/$(1): build/variant tests/fuzz/$(1).c tests/fuzz/driver.c $(call fuzz_sources,$(1)) \
    $(wildcard tests/fuzz/*.h tests/host/*.h)
	@mkdir -p $$(@D)
	$$(SAY) "  HOSTCC $$@"
	@$$(HOSTCC) $$(FUZZ_CFLAGS) -MM -MP -MT $$@ tests/fuzz/$(1).c $(call fuzz_sources,$(1)) > $$@.d
	$$(Q)$$(HOSTCC) $$(FUZZ_CFLAGS) -o $$@ tests/fuzz/$(1).c tests/fuzz/driver.c \
	    $(call fuzz_sources,$(1))

build/fuzz/$(1).libfuzzer: build/fuzz/$(1)
	$$(SAY) "  CLANG  $$@"
	$$(Q)$$(CLANG) $$(LIBFUZZER_CFLAGS) -o $$@ tests/fuzz/$(1).c $(call fuzz_sources,$(1)) $$(LIBFUZZER)

.PHONY: run-$(1)
run-$(1): build/fuzz/$(1).libfuzzer
	@mkdir -p build/fuzz/corpus-$(1) build/fuzz/seeds-$(1)
	@build/fuzz/$(1) --corpus build/fuzz/seeds-$(1)
	build/fuzz/$(1).libfuzzer -max_total_time=$$(TIME) -timeout=10 -max_len=4096 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz/crash-$(1)- build/fuzz/corpus-$(1) build/fuzz/seeds-$(1)
endef
$(foreach fuzzer,$(FUZZERS),$(eval $(call fuzz_rules,$(fuzzer))))

.PHONY: fuzzers fuzz
fuzzers: $(addprefix build/fuzz/,$(FUZZERS))
fuzz: $(addprefix run-,$(if $(FUZZ),fuzz_$(FUZZ:fuzz_%=%),$(FUZZERS)))

# ---------------------------------------------------------------- proof by exhaustion

# tests/prove/prove_NAME.c with the same "Sources:" lines, and the search, prove.c. Optimised, and
# without sanitizers: these run hundreds of millions of calls.
PROVERS := $(patsubst tests/prove/%.c,%,$(wildcard tests/prove/prove_*.c))
PROVE_CFLAGS := $(filter-out -O1 -fsanitize% -fno-sanitize%,$(HOST_CFLAGS)) -O2 -Itests/prove
prove_sources = tests/prove/prove.c tests/prove/$(1).c \
    $(shell sed -n 's/^ \* Sources: *//p' tests/prove/$(1).c)

define prove_rule
build/prove/$(1): build/variant $(call prove_sources,$(1)) tests/prove/prove.h
	@mkdir -p $$(@D)
	$$(SAY) "  HOSTCC $$@"
	@$$(HOSTCC) $$(PROVE_CFLAGS) -MM -MP -MT $$@ $(call prove_sources,$(1)) > $$@.d
	$$(Q)$$(HOSTCC) $$(PROVE_CFLAGS) -o $$@ $(call prove_sources,$(1))
endef
$(foreach prover,$(PROVERS),$(eval $(call prove_rule,$(prover))))

# make prove: what make test proves. LONG=1: larger ones, minutes each. BLOCKS=12 [RESERVE=1]: a heap
# of that many blocks.
BLOCKS  ?=
RESERVE ?=
LONG    ?=
LONG_PROOFS := "heap 12" "heap 8 reserve" "kmem 2048 4 alone" "kmem 1440 3" "kmem 1344 3" "process pages=9"
.PHONY: provers prove prove-compiler
provers: $(addprefix build/prove/,$(PROVERS))
prove: provers
ifneq ($(BLOCKS),)
	@case $(call sh,$(BLOCKS)) in [1-9]|1[0-6]) ;; *) \
	    echo 'make: BLOCKS is a number from 1 to 16, the blocks of the heap: make prove BLOCKS=12 [RESERVE=1]' >&2; \
	    exit 2 ;; esac
	build/prove/prove_heap $(call sh,$(BLOCKS)) $(if $(filter 1,$(RESERVE)),reserve) progress
else ifneq ($(LONG),)
	@for proof in $(LONG_PROOFS); do build/prove/prove_$$proof progress || exit 1; done
else
	@$(PYTHON) tests/system/test_prove.py --proofs
endif
# For faults that are planted.
prove-compiler:
	@echo '$(HOSTCC) $(PROVE_CFLAGS)'

# ---------------------------------------------------------------- for editors and clang-tidy

# How each C file is compiled, in the format of clangd and clang-tidy, which do not know all of
# gcc's words. A file that is compiled more than once (src/lib/string.c) is the kernel's.
clang_command = {"directory": "$(CURDIR)", "file": "$(1)", \
    "command": "clang $(filter-out -mpreferred-stack-boundary=% -falign-% -Werror,$(2)) -c $(1)"}
clang_commands = $(foreach source,$(1),$(call clang_command,$(source),$(2))$(COMMA))

# The folders below tests/ that hold programs for ring 3, and the two C libraries' programs.
# What long mode alone runs is compiled for it, all else for i386.
LONG_MODE_C := $(sort $(wildcard tests/programs/long_mode/*.c))
PROGRAM_C := $(sort $(filter-out programs/newlib/% $(LONG_MODE_C),$(wildcard programs/*/*.c programs/*/i386/*.c) \
    $(wildcard tests/programs/*.c tests/programs/*/*.c tests/attackers/*.c tests/bench/programs/*.c) $(BENCH_ROWS) $(BENCH_ROWS_DRUPE)))
NEWLIB_C  := $(sort $(wildcard programs/newlib/*.c tests/newlib/*.c))

.PHONY: compile_commands.json
compile_commands.json:
	$(file >$@,[$(call clang_commands,$(KERNEL_C),$(KERNEL_CFLAGS))\
	    $(foreach arch,$(filter-out $(ARCH),$(ARCHS)),\
	        $(call clang_commands,$(sort $(wildcard src/arch/$(arch)/*.c)),$(call kernel_cflags,$(arch)))\
	        $(call clang_commands,$(sort $(wildcard tests/kernel/$(arch)/*.c)),\
	            $(call kernel_cflags,$(arch)) -Itests/kernel -Itests/kernel/$(arch)))\
	    $(call clang_commands,$(TESTS_C),$(KERNEL_CFLAGS) $(TEST_INCLUDES))\
	    $(call clang_commands,$(BENCH_C),$(KERNEL_CFLAGS) -Itests/bench)\
	    $(call clang_commands,$(PROGRAM_C),$(PROGRAM_CFLAGS))\
	    $(call clang_commands,$(LONG_MODE_C),$(PROGRAM_CFLAGS_x86_64))\
	    $(call clang_commands,$(sort $(wildcard programs/*/x86_64/*.c)),$(PROGRAM_CFLAGS_x86_64) -mgeneral-regs-only)\
	    $(call clang_commands,$(NEWLIB_C),$(SDK_FLAGS) $(WARNINGS) -std=gnu11 \
	        -Isrc -nostdlibinc -isystem $(SDK)/include)\
	    $(call clang_commands,$(BENCH_ROWS_LINUX),$(BENCH_LINUX_FLAGS) $(BENCH_LINUX_DEFINES))\
	    $(call clang_commands,tests/bench/rows/start_linux.c,$(BENCH_LINUX_FLAGS) $(BENCH_STARTED_FLAGS))\
	    $(call clang_commands,$(sort $(wildcard tests/host/*.c tests/bench/host/bench_*.c)),$(HOST_CFLAGS))\
	    $(call clang_commands,$(sort $(wildcard tests/fuzz/*.c)),$(FUZZ_CFLAGS))\
	    $(call clang_commands,$(sort $(wildcard tests/prove/*.c)),$(PROVE_CFLAGS))\
	    $(call clang_command,tools/asm_constants.c,$(KERNEL_CFLAGS))])
	$(SAY) "  GEN    $@"

# Format, checkers and both compilers' warnings; tests/run.py has all but the analyzer.
.PHONY: lint
lint:
	@$(MAKE) --no-print-directory WERROR=1 all sdk host-tests fuzzers provers
	@WERROR=1 $(PYTHON) tests/system/test_style.py --analyze

-include $(shell find build -name '*.d' -not -path '*[[:space:]]*' 2>/dev/null)
