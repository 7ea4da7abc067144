# programs.mk - how user programs are built; included by the Makefile.
#
# Every folder programs/NAME/ is a program, but libc, newlib (the system layer of the other C library),
# and files (what else lies on the disk): its .c and .asm files and the libc archive make
# bin/programs/NAME.elf, and bin/programs/NAME.debug.elf, which keeps the symbols for gdb.
# The same sources also make ELF64 files for the x86_64 kernel, in bin/x86_64/programs/. What is written
# for one kind alone lies in programs/NAME/i386/ and programs/NAME/x86_64/.
# A program may use the libc's headers and the kernel's src/abi, src/lib, src/layout.h and
# src/base/status.h, and nothing else of the kernel.
#
# For a program anywhere else, give its name, its sources, and if it has folders for each kind, where:
#   $(eval $(call program_rules,NAME,path/a.c path/b.asm,path))

PROGRAM_KINDS := i386 x86_64
# Where their objects and where they themselves go.
PROGRAM_BUILD_i386   := build/programs
PROGRAM_BUILD_x86_64 := build/x86_64/programs
PROGRAM_BIN_i386     := bin/programs
PROGRAM_BIN_x86_64   := bin/x86_64/programs
# The kind that the kernel which is built starts with.
PROGRAM_BIN := $(PROGRAM_BIN_$(ARCH))

PROGRAM_CFLAGS_COMMON := -std=gnu11 -Os -g -ffreestanding -fno-pic -fno-pie \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fno-omit-frame-pointer -fno-strict-aliasing \
    -fcf-protection=none -ffunction-sections -fdata-sections $(WARNINGS) \
    -Iprograms/libc/include -Isrc
PROGRAM_CFLAGS_i386   := -m32 -march=i586 $(PROGRAM_CFLAGS_COMMON)
PROGRAM_CFLAGS_x86_64 := -m64 -march=x86-64 $(PROGRAM_CFLAGS_COMMON)
PROGRAM_CFLAGS        := $(PROGRAM_CFLAGS_i386)
PROGRAM_NASMFLAGS_i386   := -f elf32
PROGRAM_NASMFLAGS_x86_64 := -f elf64
PROGRAM_LDFLAGS := -nostdlib -static --build-id=none -z noexecstack -z max-page-size=4096 --gc-sections
# Where programs of a kind may lie ends there (src/process/address_map.h); 64-bit ones have terabytes, and
# data that near as the compiler's small code model wants it.
PROGRAM_LDFLAGS_i386   := -m elf_i386 --defsym=__program_end=0x1000000 $(PROGRAM_LDFLAGS)
PROGRAM_LDFLAGS_x86_64 := -m elf_x86_64 --defsym=__program_end=0x80000000 $(PROGRAM_LDFLAGS)
OBJCOPY ?= $(CROSS)objcopy

# The kernel's own string and formatting code, and its words for errors, serve programs as well.
LIBC_SOURCES := $(sort $(wildcard programs/libc/*.c)) \
    src/lib/string.c src/lib/format.c src/lib/status_text.c src/lib/key_decoder.c
# $(call kind_sources,FOLDER,KIND): those of one kind in that folder.
kind_sources = $(sort $(wildcard $(1)/$(2)/*.c $(1)/$(2)/*.asm))
# $(call program_objects,sources,KIND)
program_objects = $(patsubst %,$(PROGRAM_BUILD_$(2))/%.o,$(1))

define program_kind_rules
$$(PROGRAM_BUILD_$(1))/%.c.o: %.c build/variant
	@mkdir -p $$(@D)
	$$(SAY) "  CC     $$@"
	$$(Q)$$(CC) $$(PROGRAM_CFLAGS_$(1)) $$(PREFIX_MAP) -MMD -MP -c -o $$@ $$<

$$(PROGRAM_BUILD_$(1))/%.asm.o: %.asm build/variant
	@mkdir -p $$(@D)
	@nasm $$(PROGRAM_NASM_$(1)) -M -MP -MT $$@ -MF $$(@:.o=.d) $$<
	$$(SAY) "  NASM   $$@"
	$$(Q)nasm $$(PROGRAM_NASM_$(1)) -o $$@ $$<

# D: no dates and no owners, so that the same sources give the same bytes.
LIBC_$(1) := $$(PROGRAM_BUILD_$(1))/libc.a
$$(LIBC_$(1)): $$(call program_objects,$$(LIBC_SOURCES) $$(call kind_sources,programs/libc,$(1)),$(1)) \
    $$(BUILD)/list
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(SAY) "  AR     $$@"
	$$(Q)$$(CROSS)ar rcsD $$@ $$(filter %.o,$$^)
endef
PROGRAM_NASM_i386   = $(NASM_WARNINGS) $(PROGRAM_NASMFLAGS_i386) -g -F dwarf
PROGRAM_NASM_x86_64 = $(NASM_WARNINGS) $(PROGRAM_NASMFLAGS_x86_64) -g -F dwarf
$(foreach kind,$(PROGRAM_KINDS),$(eval $(call program_kind_rules,$(kind))))
# A program that does not compute with the FPU is to leave it alone, in long mode too: changing tasks is
# quicker then. And usertest's registers are to be its own.
$(PROGRAM_BUILD_x86_64)/programs/%.o $(PROGRAM_BUILD_x86_64)/src/lib/%.o: \
    PROGRAM_CFLAGS_x86_64 += -mgeneral-regs-only

# program_rules: NAME, its sources, a folder. The entry, start.asm, comes in by ENTRY(_start).
define program_rule
$(PROGRAM_BIN_$(3))/$(1).elf $(PROGRAM_BIN_$(3))/$(1).debug.elf &: \
    $(call program_objects,$(2),$(3)) $(LIBC_$(3)) programs/program.ld $(BUILD)/list
	@mkdir -p $$(@D)
	$$(SAY) "  LD     $$@"
	$$(Q)$$(LD) $$(PROGRAM_LDFLAGS_$(3)) -T programs/program.ld \
	    -o $(PROGRAM_BIN_$(3))/$(1).debug.elf $(call program_objects,$(2),$(3)) $(LIBC_$(3))
	$$(Q)$$(OBJCOPY) --strip-all $(PROGRAM_BIN_$(3))/$(1).debug.elf $(PROGRAM_BIN_$(3))/$(1).elf
endef
define program_rules
$(foreach kind,$(PROGRAM_KINDS),
$(call program_rule,$(1),$(2) $(if $(3),$(call kind_sources,$(3),$(kind))),$(kind))
)
endef

# A folder without sources, such as one that git has left behind, is no program; program-names says so.
NO_PROGRAMS := libc newlib files
PROGRAM_SOURCES := $(sort $(filter-out $(NO_PROGRAMS:%=programs/%/%),\
    $(wildcard programs/*/*.c programs/*/*.asm programs/*/i386/* programs/*/x86_64/*)))
PROGRAM_NAMES := $(sort $(foreach source,$(PROGRAM_SOURCES),$(word 2,$(subst /, ,$(source)))))
PROGRAMS        := $(PROGRAM_NAMES:%=$(PROGRAM_BIN)/%.elf)
PROGRAMS_32_BIT := $(PROGRAM_NAMES:%=bin/programs/%.elf)
$(foreach name,$(PROGRAM_NAMES),$(eval $(call program_rules,$(name),\
    $(sort $(wildcard programs/$(name)/*.c programs/$(name)/*.asm)),programs/$(name))))

# On the disk the folder's name becomes NAME.elf: 8.3, and one word for make.
.PHONY: program-names
program-names:
	@find programs -mindepth 1 -maxdepth 1 -type d $(NO_PROGRAMS:%=-not -name '%') | LC_ALL=C sort | \
	while IFS= read -r folder; do \
	    [ -n "$$(find "$$folder" -maxdepth 1 '(' -name '*.c' -o -name '*.asm' ')')" ] || { \
	        echo "$$folder/ has no .c and no .asm file: it is no program, and not on the disk" >&2; \
	        continue; }; \
	    printf '%s' "$${folder#programs/}" | LC_ALL=C grep -qxE '[A-Za-z0-9_-]{1,8}' || { \
	        echo "$$folder/ cannot be a program on the disk: rename the folder to 1 to 8 letters, digits," \
	            "- and _" >&2; \
	        exit 1; }; \
	done

.PHONY: programs
programs: $(PROGRAMS)
