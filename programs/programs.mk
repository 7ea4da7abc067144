# programs.mk - how user programs are built; included by the Makefile.
#
# Every folder programs/NAME/ is a program, but libc, newlib (the system layer of the other C library),
# and files (what else lies on the disk): its .c and .asm files and the libc archive make
# bin/programs/NAME.elf, and bin/programs/NAME.debug.elf, which keeps the symbols for gdb.
# A program may use the libc's headers and the kernel's src/abi, src/lib, src/layout.h and
# src/base/status.h, and nothing else of the kernel.
#
# For a program anywhere else, give its name and its sources:
#   $(eval $(call program_rules,NAME,path/a.c path/b.asm))

PROGRAM_CFLAGS := -m32 -march=i586 -std=gnu11 -Os -g -ffreestanding -fno-pic -fno-pie \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fno-omit-frame-pointer -fno-strict-aliasing \
    -fcf-protection=none -ffunction-sections -fdata-sections $(WARNINGS) \
    -Iprograms/libc/include -Isrc
PROGRAM_LDFLAGS := -m elf_i386 -nostdlib -static --build-id=none -z noexecstack \
    -z max-page-size=4096 --gc-sections
OBJCOPY ?= $(CROSS)objcopy

LIBC := build/programs/libc.a
# What is written in assembly is there for each kind of program.
PROGRAM_ARCH ?= i386
# The kernel's own string and formatting code, and its words for errors, serve programs as well.
LIBC_SOURCES := $(sort $(wildcard programs/libc/*.c programs/libc/$(PROGRAM_ARCH)/*.asm)) \
    src/lib/string.c src/lib/format.c src/lib/status_text.c
program_objects = $(patsubst %,build/programs/%.o,$(1))

build/programs/%.c.o: %.c build/variant
	@mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)$(CC) $(PROGRAM_CFLAGS) $(PREFIX_MAP) -MMD -MP -c -o $@ $<

build/programs/%.asm.o: %.asm build/variant
	@mkdir -p $(@D)
	@nasm $(NASMFLAGS) -M -MP -MT $@ -MF $(@:.o=.d) $<
	$(SAY) "  NASM   $@"
	$(Q)nasm $(NASMFLAGS) -o $@ $<

# D: no dates and no owners, so that the same sources give the same bytes.
$(LIBC): $(call program_objects,$(LIBC_SOURCES)) $(BUILD)/list
	@mkdir -p $(@D)
	@rm -f $@
	$(SAY) "  AR     $@"
	$(Q)$(CROSS)ar rcsD $@ $(filter %.o,$^)

# program_rules: NAME, its sources. The entry, start.asm, comes in by ENTRY(_start).
define program_rules
bin/programs/$(1).elf bin/programs/$(1).debug.elf &: \
    $(call program_objects,$(2)) $(LIBC) programs/program.ld $(BUILD)/list
	@mkdir -p $$(@D)
	$$(SAY) "  LD     $$@"
	$$(Q)$$(LD) $$(PROGRAM_LDFLAGS) -T programs/program.ld -o bin/programs/$(1).debug.elf \
	    $(call program_objects,$(2)) $(LIBC)
	$$(Q)$$(OBJCOPY) --strip-all bin/programs/$(1).debug.elf bin/programs/$(1).elf
endef

# A folder without sources, such as one that git has left behind, is no program; program-names says so.
NO_PROGRAMS := libc newlib files
PROGRAM_SOURCES := $(sort $(filter-out $(NO_PROGRAMS:%=programs/%/%),\
    $(wildcard programs/*/*.c programs/*/*.asm)))
PROGRAM_NAMES := $(sort $(notdir $(patsubst %/,%,$(dir $(PROGRAM_SOURCES)))))
PROGRAMS := $(PROGRAM_NAMES:%=bin/programs/%.elf)
$(foreach name,$(PROGRAM_NAMES),$(eval $(call program_rules,$(name),\
    $(sort $(wildcard programs/$(name)/*.c programs/$(name)/*.asm)))))

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
