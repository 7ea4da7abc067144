# make/kernel.mk - from src/ to kernel.elf and kernel.bin.
#
# The kernel's sources are every .c and .asm file under src/ but src/boot and the other architectures' folders; a
# new file needs no line here.
#
# Variants of the kernel: release (bin/kernel.elf), test (with tests/kernel linked in) and bench
# (with tests/bench).

# ---------------------------------------------------------------- flags

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
    $(if $(filter 1,$(WERROR)),-Werror)
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

# ---------------------------------------------------------------- sources

# Where the flags stand: a change of them compiles everything again.
KERNEL_RULES := Makefile make/kernel.mk $(ARCHS:%=make/arch-%.mk)

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
$(ASM_CONSTANTS): tools/asm_constants.c $(KERNEL_RULES)
	@mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)$(CC) $(KERNEL_CFLAGS) $(PREFIX_MAP) -MMD -MP -MT $@ -MF $(@:.inc=.d) -S -o $(@:.inc=.s) $<
	@sed -n 's/^.*->\([A-Za-z0-9_]*\) \$$*\([-0-9]*\)"*.*$$/%define \1 \2/p' $(@:.inc=.s) > $@

KERNEL_LD := $(GENERATED)/kernel.lds
$(KERNEL_LD): src/arch/x86/kernel.ld.in $(KERNEL_RULES)
	@mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)$(CC) -E -P -undef -x c -D__ASSEMBLER__ -DARCH_BITS=$(BITS_$(ARCH)) -Isrc -MMD -MP -MT $@ -MF $@.d -o $@ $<

# Kernel, test and bench objects: one rule for C, one for assembly.
# $(call variant_rules,VARIANT,where else headers are)
define variant_rules
$(BUILD)/$(1)/%.o: %.c $$(KERNEL_RULES) build/variant
	@mkdir -p $$(@D)
	$$(SAY) "  CC     $$@"
	$$(Q)$$(CC) $$(KERNEL_CFLAGS) $$(PREFIX_MAP) $(2) -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/%.asm.o: %.asm $$(KERNEL_RULES) $$(ASM_CONSTANTS) build/variant
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

$(1).bin: $(1).elf tools/mkkernel.py tools/lz4_block.py tools/output.py
	@mkdir -p $$(@D)
	@$$(OBJCOPY) -O binary $$< $$@.raw
	@$$(PYTHON) tools/mkkernel.py $$@.raw $$@
	@rm -f $$@.raw
endef
$(eval $(call kernel_rules,$(BIN)/kernel,$(RELEASE),RELEASE_OBJECTS))
# In the test kernel every allocation and every read and write of a disk can be made to fail
# (tests/kernel/failing.h), and system calls and ticks are watched (tests/kernel/watching.h).
$(eval $(call kernel_rules,$(BIN)/kernel-test,$(TEST),TEST_OBJECTS,$(addprefix --wrap=,pmm_alloc_page \
    pmm_alloc_zeroed_page pmm_alloc_frames pmm_promise kmalloc kzalloc kmem_alloc kmem_zalloc kmem_cache_alloc \
    block_read block_write trap_set_syscall_handler syscall_entry_register timer_set_tick_handler timer_get_ticks \
    console_write paging_map_kernel_page paging_unmap_kernel_page)))
$(eval $(call kernel_rules,$(BIN)/kernel-bench,$(BENCH),BENCH_OBJECTS))
