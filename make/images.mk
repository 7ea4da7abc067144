# make/images.mk - the boot sector, the disks, and what boots them.

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

# init is the shell; all programs and programs/files/ lie beside it. Beside 64-bit programs the 32-bit ones
# lie in a folder: name.elf=i386/name.elf.
DISK_FILES = $(PROGRAMS) $(sort $(wildcard programs/files/*)) $(if $(filter 64,$(BITS_$(ARCH))),$(PROGRAMS_32_BIT))
DISK_SHELL := $(PROGRAM_BIN)/shell.elf
disk_file = --file $(1)$(if $(filter 64,$(BITS_$(ARCH))),$(patsubst bin/programs/%,=i386/%,$(filter bin/programs/%,$(1))))
disk_arguments = --init $(DISK_SHELL) $(foreach file,$(1),$(call disk_file,$(file)))
$(BIN)/os.bin: $(BIN)/boot.bin $(BIN)/kernel.bin $(DISK_FILES) $(MKIMAGE_PARTS) $(BUILD)/list | program-names
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin $(call disk_arguments,$(DISK_FILES)) --output $@

# The same kernel with a program that ends by itself.
$(BIN)/hello.bin: $(BIN)/boot.bin $(BIN)/kernel.bin $(PROGRAM_BIN)/hello.elf $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin --init $(PROGRAM_BIN)/hello.elf --output $@

TEST_PROGRAMS := $(addprefix bin/programs/tests/,exit_status_7.elf spawner.elf reader.elf forker.elf writer.elf twice.elf)
$(BIN)/test.bin: $(BUILD)/$(TEST)/boot.bin $(BIN)/kernel-test.bin bin/programs/hello.elf $(TEST_PROGRAMS) \
    bin/programs/usertest.debug.elf $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $< --kernel $(BIN)/kernel-test.bin --init bin/programs/hello.elf \
	    --file bin/programs/tests/exit_status_7.elf=exit.elf \
	    --file bin/programs/tests/spawner.elf --file bin/programs/tests/reader.elf --file bin/programs/tests/forker.elf \
	    --file bin/programs/tests/writer.elf \
	    --file bin/programs/tests/twice.elf=large/twice.elf --file bin/programs/usertest.debug.elf=large/file.bin \
	    --output $@

# The test kernel with the programs that attack it (tests/system/test_stress.py), of each kind that it runs.
FUZZ_64_BIT := $(if $(filter 64,$(BITS_$(ARCH))),$(PROGRAM_BIN)/tests/syscall_fuzz.elf)
$(BIN)/syscall-fuzz.bin: $(BUILD)/$(TEST)/boot.bin $(BIN)/kernel-test.bin bin/programs/hello.elf \
    bin/programs/tests/exit_status_7.elf bin/programs/tests/syscall_fuzz.elf $(FUZZ_64_BIT) $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $< --kernel $(BIN)/kernel-test.bin --init bin/programs/hello.elf \
	    --file bin/programs/tests/exit_status_7.elf=exit.elf \
	    --file bin/programs/tests/syscall_fuzz.elf=fuzz.elf $(FUZZ_64_BIT:%=--file %=fuzz64.elf) --output $@

$(BIN)/bench.bin: $(BUILD)/$(BENCH)/boot.bin $(BIN)/kernel-bench.bin $(PROGRAM_BIN)/bench/small.elf $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $< --kernel $(BIN)/kernel-bench.bin --file $(PROGRAM_BIN)/bench/small.elf --output $@

# Programs that test the kernel from ring 3 (tests/system/test_programs.py).
$(foreach source,$(wildcard tests/programs/*.c tests/programs/*/*.c),\
    $(eval $(call program_rules,tests/$(basename $(notdir $(source))),$(source),tests/programs)))

# Hostile programs, their witness and their init (tests/system/test_attackers.py).
ATTACKERS := $(wildcard tests/attackers/*.c)
$(foreach source,$(ATTACKERS),\
    $(eval $(call program_rules,attackers/$(basename $(notdir $(source))),$(source),tests/attackers)))
.PHONY: attackers
attackers: $(BUILD)/$(TEST)/boot.bin $(BIN)/kernel-test.bin $(foreach folder,$(sort bin/programs $(PROGRAM_BIN)),\
    $(ATTACKERS:tests/attackers/%.c=$(folder)/attackers/%.elf))

# Programs that the bench runs in ring 3. rows.elf measures, the others are what it starts.
$(foreach source,$(wildcard tests/bench/programs/*.c),\
    $(eval $(call program_rules,bench/$(basename $(notdir $(source))),$(source))))
BENCH_ROWS       := $(addprefix tests/bench/rows/,main.c measure.c memory.c processes.c forks.c pipes.c files.c)
BENCH_SEQUENTIAL := $(addprefix tests/bench/rows/,sequential.c measure.c)
BENCH_ROWS_DRUPE := tests/bench/rows/system_drupe.c
$(eval $(call program_rules,bench/rows,$(BENCH_ROWS) $(BENCH_ROWS_DRUPE)))
$(eval $(call program_rules,bench/sequential,$(BENCH_SEQUENTIAL) $(BENCH_ROWS_DRUPE)))

BENCH_STARTED := $(addprefix $(PROGRAM_BIN)/bench/,small.elf large.elf sleeper.elf yielder.elf)
$(BIN)/bench-programs.bin: $(BIN)/boot.bin $(BIN)/kernel.bin $(PROGRAM_BIN)/bench/rows.elf $(BENCH_STARTED) \
    build/bench/large.dat $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin --init $(PROGRAM_BIN)/bench/rows.elf \
	    $(BENCH_STARTED:%=--file %) --file build/bench/large.dat --output $@

$(BIN)/bench-sequential.bin: $(BIN)/boot.bin $(BIN)/kernel.bin $(PROGRAM_BIN)/bench/sequential.elf \
    build/bench/large.dat $(MKIMAGE_PARTS)
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin --init $(PROGRAM_BIN)/bench/sequential.elf \
	    --file build/bench/large.dat --output $@

# What tests/bench/rows/files.c and sequential.c read: 30 MiB of zeros.
build/bench/large.dat: make/images.mk
	@mkdir -p $(@D)
	@truncate -s 0 $@
	@truncate -s 30M $@

# The same rows on Linux (tools/bench_linux.py).
BENCH_LINUX         := build/bench-linux/$(ARCH)
BENCH_LINUX_FLAGS   := -m$(BITS_$(ARCH)) $(if $(filter 32,$(BITS_$(ARCH))),-march=i586) -std=gnu11 -O2 -static \
    $(WARNINGS)
BENCH_LINUX_DEFINES := -D_GNU_SOURCE -DBENCH_ON_LINUX
BENCH_STARTED_FLAGS := -ffreestanding -fno-pie -fno-stack-protector -idirafter programs/libc/include -Isrc
BENCH_ROWS_LINUX    := tests/bench/rows/system_linux.c
$(BENCH_LINUX)/init: $(BENCH_ROWS)
$(BENCH_LINUX)-sequential/init: $(BENCH_SEQUENTIAL)
$(BENCH_LINUX)/init $(BENCH_LINUX)-sequential/init: $(BENCH_ROWS_LINUX) tests/bench/rows/rows.h make/images.mk build/variant
	@mkdir -p $(@D)
	$(SAY) "  HOSTCC $@"
	$(Q)$(HOSTCC) $(BENCH_LINUX_FLAGS) $(BENCH_LINUX_DEFINES) -o $@ $(filter %.c,$^)
$(BENCH_LINUX)/%.elf: tests/bench/programs/%.c tests/bench/rows/start_linux.c make/images.mk build/variant
	@mkdir -p $(@D)
	$(SAY) "  HOSTCC $@"
	$(Q)$(HOSTCC) $(BENCH_LINUX_FLAGS) $(BENCH_STARTED_FLAGS) -nostdlib -no-pie -s -o $@ $(filter %.c,$^)
.PHONY: bench-linux-programs
bench-linux-programs: $(addprefix $(BENCH_LINUX)/,init small.elf large.elf sleeper.elf) $(BENCH_LINUX)-sequential/init

# A file that is large, and whose every dword is its own number.
build/bench/disk.dat: make/images.mk
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

# ---------------------------------------------------------------- a disk of one's own

# make image INIT=prog.elf [FILES="a b"] IMAGE=out.bin - names with spaces: FILES="'a b' c". What was
# given is checked before anything is built.
.PHONY: image
OWN_IMAGES := os hello test syscall-fuzz bench bench-programs bench-sequential bench-disk bench-bios lua
image_arguments = $(OWN_IMAGES:%=--own=$(BIN)/%.bin) --init=$(call sh,$(INIT)) --files=$(call sh,$(FILES)) --output=$(call sh,$(IMAGE))
image:
	@test -n $(call sh,$(INIT)) -a -n $(call sh,$(IMAGE)) || \
	    { echo 'usage: make image INIT=prog.elf [FILES="a b"] IMAGE=out.bin' >&2; exit 2; }
	@$(MKIMAGE) --check --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin $(image_arguments)
	@$(MAKE) --no-print-directory $(BIN)/boot.bin $(BIN)/kernel.bin
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin $(image_arguments)

# ---------------------------------------------------------------- run

.PHONY: disk run run-gui debug usb memory-picture
QEMU_FLAGS = -accel $(ACCEL) -m $(MEMORY) -drive $(call qemu_file,$(DISK)),format=raw,if=ide \
    -device isa-debug-exit,iobase=0xf4,iosize=0x04 -net none

# QEMU's exit status says how init ended: (value << 1) | 1, value 0x10 for success (status 33).
qemu_run = $(QEMU) $(QEMU_FLAGS) $(1); status=$$?; \
    case $$status in 0|33) exit 0 ;; *) exit $$status ;; esac

# A disk of bin/ is made; any other must be there. A name with spaces cannot be a target of make.
disk: $(if $(word 2,$(DISK)),,$(filter bin/%,$(DISK))) $(if $(filter $(KEPT),$(DISK)),$(BIN)/os.bin)
	@$(if $(filter $(KEPT),$(DISK)),$(PYTHON) tools/keep_disk.py $(BIN)/os.bin $(KEPT))
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
