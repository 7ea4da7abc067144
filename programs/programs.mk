# programs.mk - how user programs are built; included by the Makefile.
#
# Every folder programs/NAME/ is a program, but libc, newlib (the system layer of the other C library),
# and files (what else lies on the disk): its .c and .asm files and the libc archive make
# bin/programs/NAME.elf, and bin/programs/NAME.debug.elf, which keeps the symbols for gdb.
# A program may use the libc's headers and the kernel's src/abi, src/lib, src/layout.h and
# src/status.h, and nothing else of the kernel.
#
# For a program anywhere else, give its name and its sources:
#   $(eval $(call program_rules,NAME,path/a.c path/b.asm))

PROGRAM_CFLAGS := -m32 -march=i586 -std=gnu11 -Os -g -ffreestanding -fno-pic -fno-pie \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing \
    -fcf-protection=none -ffunction-sections -fdata-sections $(WARNINGS) \
    -Iprograms/libc/include -Isrc -ffile-prefix-map=$(CURDIR)/=
PROGRAM_LDFLAGS := -m elf_i386 -nostdlib -static --build-id=none -z noexecstack \
    -z max-page-size=4096 --gc-sections
OBJCOPY ?= $(CROSS)objcopy

LIBC := build/programs/libc.a
# The kernel's own string and formatting code, and its words for errors, serve programs as well.
LIBC_SOURCES := $(sort $(wildcard programs/libc/*.c programs/libc/*.asm)) \
    src/lib/string.c src/lib/format.c src/lib/status_text.c
program_objects = $(patsubst %,build/programs/%.o,$(1))

build/programs/%.c.o: %.c
	@mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)$(CC) $(PROGRAM_CFLAGS) -MMD -MP -c -o $@ $<

build/programs/%.asm.o: %.asm
	@mkdir -p $(@D)
	@nasm -Wall -Werror -f elf32 -g -F dwarf -M -MP -MT $@ -MF $(@:.o=.d) $<
	$(SAY) "  NASM   $@"
	$(Q)nasm -Wall -Werror -f elf32 -g -F dwarf -o $@ $<

# D: no dates and no owners, so that the same sources give the same bytes.
$(LIBC): $(call program_objects,$(LIBC_SOURCES))
	@mkdir -p $(@D)
	@rm -f $@
	$(SAY) "  AR     $@"
	$(Q)$(CROSS)ar rcsD $@ $^

# program_rules: NAME, its sources. The entry, start.asm, comes in by ENTRY(_start).
define program_rules
bin/programs/$(1).elf bin/programs/$(1).debug.elf &: \
    $(call program_objects,$(2)) $(LIBC) programs/program.ld
	@mkdir -p $$(@D)
	$$(SAY) "  LD     $$@"
	$$(Q)$$(LD) $$(PROGRAM_LDFLAGS) -T programs/program.ld -o bin/programs/$(1).debug.elf \
	    $(call program_objects,$(2)) $(LIBC)
	$$(Q)$$(OBJCOPY) --strip-all bin/programs/$(1).debug.elf bin/programs/$(1).elf
endef

PROGRAM_NAMES := $(filter-out libc newlib files,$(notdir $(patsubst %/,%,$(wildcard programs/*/))))
PROGRAMS := $(PROGRAM_NAMES:%=bin/programs/%.elf)
$(foreach name,$(PROGRAM_NAMES),$(eval $(call program_rules,$(name),\
    $(sort $(wildcard programs/$(name)/*.c programs/$(name)/*.asm)))))

.PHONY: programs
programs: $(PROGRAMS)
