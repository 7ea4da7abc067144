# newlib.mk - the SDK: a real C library for programs that were not written for Drupe; included by
# the Makefile. docs/programs.md says how to use it.
#
#   build/sdk/include, lib   newlib's headers and archives, the system layer of this folder; for 64-bit
#                            programs (ARCH=x86_64) build/x86_64/sdk
#   tools/drupe-cc           the compiler that uses them
#   build/sources            what guests are made of: Lua and zlib, fetched, never committed

SDK := $(BUILD)/sdk
# The SDK is built by gcc, also when the kernel is built by another compiler.
SDK_GCC := $(if $(findstring clang,$(CC)),gcc,$(CC))
DRUPE_CC := DRUPE_ARCH=$(ARCH) DRUPE_GCC=$(SDK_GCC) tools/drupe-cc
SDK_FLAGS_FILE := tools/drupe-cc$(if $(filter x86_64,$(ARCH)),-x86_64).flags
SDK_FLAGS := $(shell cat $(SDK_FLAGS_FILE))
SDK_PARTS := $(SDK)/newlib.key $(SDK)/lib/libdrupe.a $(SDK)/lib/crt0.o $(SDK)/lib/newlib.ld

.PHONY: sdk program lua
sdk: $(SDK_PARTS)

# The script compares contents itself: a source that is only newer costs nothing.
$(SDK)/newlib.key: tools/build_newlib.sh $(SDK_FLAGS_FILE) \
    $(wildcard programs/newlib/include/*/*.h) $(wildcard /usr/src/newlib/newlib-*.tar.*)
	@DRUPE_ARCH=$(ARCH) DRUPE_GCC=$(SDK_GCC) tools/build_newlib.sh $(SDK)
	@touch $@

# The system call itself is the small libc's.
LAYER_OBJECTS := $(patsubst %.c,$(SDK)/layer/%.o,$(notdir $(wildcard programs/newlib/*.c))) \
    $(PROGRAM_BUILD_$(ARCH))/programs/libc/$(ARCH)/system_call.asm.o

$(SDK)/layer/%.o: programs/newlib/%.c $(SDK_FLAGS_FILE) $(SDK)/newlib.key
	@mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)$(SDK_GCC) $(SDK_FLAGS) -std=gnu11 -Os -g $(WARNINGS) -Isrc -nostdinc \
	    -isystem $(SDK)/include -isystem $$($(SDK_GCC) -m$(BITS_$(ARCH)) -print-file-name=include) \
	    $(PREFIX_MAP) -MMD -MP -c -o $@ $<

# With it go the headers that describe the kernel to programs.
$(SDK)/lib/libdrupe.a: $(LAYER_OBJECTS) programs/newlib/include/drupe.h $(wildcard src/abi/*.h src/abi/*.def)
	@mkdir -p $(@D) $(SDK)/include/abi
	@cp programs/newlib/include/drupe.h $(SDK)/include/
	@cp src/abi/file.h src/abi/keys.h src/abi/mapping.h src/abi/syscalls.h src/abi/syscalls.def src/abi/syscall_stubs.h src/abi/volume.h \
	    $(SDK)/include/abi/
	@rm -f $@
	$(SAY) "  AR     $@"
	$(Q)$(CROSS)ar rcsD $@ $(LAYER_OBJECTS)

$(SDK)/lib/crt0.o: programs/newlib/$(ARCH)/crt0.asm $(SDK)/newlib.key
	$(SAY) "  NASM   $@"
	$(Q)nasm $(PROGRAM_NASM_$(ARCH)) -o $@ $<

$(SDK)/lib/newlib.ld: programs/newlib/newlib.ld $(SDK)/newlib.key
	@cp $< $@

# ---------------------------------------------------------------- any program

# What the program is stripped from stays beside it for gdb: x.elf, x.debug.elf.
strip_program = $(OBJCOPY) --strip-all $(1:.elf=.debug.elf) $(1)

# make program SRC=file.c or folder OUT=x.elf [CFLAGS="-DX"]
# What was given is checked first: newlib takes minutes, once.
program:
	@src=$(call sh,$(SRC)); out=$(call sh,$(OUT)); \
	refuse() { echo "make program: $$1" >&2; \
	    echo 'usage: make program SRC=file.c-or-folder OUT=x.elf [CFLAGS="-DX"]' >&2; exit 2; }; \
	[ -n "$$src" ] || refuse "SRC=file.c or SRC=folder is missing"; \
	[ -e "$$src" ] || refuse "SRC=$$src: there is no such file or folder"; \
	if [ -d "$$src" ]; then \
	    [ -n "$$(find "$$src" -name '*.c' | head -n 1)" ] || refuse "SRC=$$src: no .c file is in this folder"; \
	else case "$$src" in *.c) ;; *) refuse "SRC=$$src: that is neither a .c file nor a folder" ;; esac; fi; \
	case "$$out" in *?.elf) ;; *) refuse "OUT=$$out: the program's name must end with .elf" ;; esac; \
	for file in "$$out" "$${out%.elf}.debug.elf"; do \
	    [ ! -e "$$file" ] || [ -f "$$file" ] || \
	        refuse "OUT=$$out: $$file is there, and is no ordinary file"; done
	@$(MAKE) --no-print-directory sdk
	@mkdir -p "$$(dirname $(call sh,$(OUT)))"
	$(SAY) "  CC    " $(call sh,$(OUT))
	$(Q)src=$(call sh,$(SRC)); out=$(call sh,$(OUT)); debug=$${out%.elf}.debug.elf; \
	if [ -d "$$src" ]; then \
	    find "$$src" -name '*.c' -print0 | LC_ALL=C sort -z | \
	        xargs -0 env $(DRUPE_CC) -O2 -g -Wall -I"$$src" $(CFLAGS) -o "$$debug"; \
	else \
	    $(DRUPE_CC) -O2 -g -Wall $(CFLAGS) -o "$$debug" "$$src"; \
	fi && $(OBJCOPY) --strip-all "$$debug" "$$out"

# ---------------------------------------------------------------- guests

GUEST := $(BUILD)/guests
SOURCES := build/sources

$(SOURCES)/%/.fetched: tools/fetch_source.py
	@tools/fetch_source.py $* $(SOURCES)/$*
	@touch $@

# As their own makefiles do it: every source of the interpreter, and its compatibility with 5.3.
# Debian's patch wants a header with the machine's name, which its package makes like this.
$(PROGRAM_BIN)/lua.elf $(PROGRAM_BIN)/lua.debug.elf &: $(SOURCES)/lua5.4/.fetched $(SDK_PARTS) \
    tools/drupe-cc
	@mkdir -p $(PROGRAM_BIN) $(GUEST)/lua
	@echo '#define DEB_HOST_MULTIARCH "drupe"' > $(GUEST)/lua/lua5.4-deb-multiarch.h
	$(SAY) "  CC     $(PROGRAM_BIN)/lua.elf"
	$(Q)$(DRUPE_CC) -O2 -g -DLUA_COMPAT_5_3 -I$(GUEST)/lua $(PREFIX_MAP) \
	    -o $(PROGRAM_BIN)/lua.debug.elf \
	    $$(ls $(SOURCES)/lua5.4/src/*.c | grep -v /luac.c)
	$(Q)$(call strip_program,$(PROGRAM_BIN)/lua.elf)

# The bundled disk with Lua and its scripts beside the other programs.
LUA_FILES := $(PROGRAM_BIN)/lua.elf $(sort $(wildcard programs/newlib/lua/*.lua))
$(BIN)/lua.bin: $(BIN)/boot.bin $(BIN)/kernel.bin $(DISK_FILES) $(LUA_FILES) $(MKIMAGE_PARTS) $(BUILD)/list | program-names
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin $(call disk_arguments,$(DISK_FILES) $(LUA_FILES)) \
	    --output $@

lua: $(BIN)/lua.bin
	$(SAY) "  make run DISK=$(BIN)/lua.bin boots it; type: lua, or: lua heap.lua"

# zlib, and its own tests. Two of them in one program: see tests/newlib/zlib_round_trip.c.
ZLIB_CC = $(DRUPE_CC) -O2 -g -DHAVE_UNISTD_H -I$(SOURCES)/zlib $(PREFIX_MAP)

$(GUEST)/zlib/libz.a: $(SOURCES)/zlib/.fetched $(SDK_PARTS) tools/drupe-cc
	@rm -rf $(@D) && mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)for source in $(SOURCES)/zlib/*.c; do \
	    $(ZLIB_CC) -c -o $(@D)/$$(basename $$source .c).o $$source || exit 1; \
	done
	$(Q)$(CROSS)ar rcsD $@ $(@D)/*.o

$(PROGRAM_BIN)/guests/example.elf $(PROGRAM_BIN)/guests/minigzip.elf: \
    $(PROGRAM_BIN)/guests/%.elf: $(GUEST)/zlib/libz.a
	@mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)$(ZLIB_CC) -o $(@:.elf=.debug.elf) $(SOURCES)/zlib/test/$*.c $<
	$(Q)$(call strip_program,$@)

$(PROGRAM_BIN)/guests/ziptrip.elf: tests/newlib/zlib_round_trip.c $(GUEST)/zlib/libz.a
	@mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)$(ZLIB_CC) -Dmain=minigzip_main -c -o $(GUEST)/minigzip_main.o \
	    $(SOURCES)/zlib/test/minigzip.c
	$(Q)$(ZLIB_CC) -Wall -Wextra $(filter -Werror,$(WARNINGS)) -o $(@:.elf=.debug.elf) $< $(GUEST)/minigzip_main.o \
	    $(GUEST)/zlib/libz.a
	$(Q)$(call strip_program,$@)

# ---------------------------------------------------------------- programs that test the SDK

SDK_TESTS := $(patsubst tests/newlib/%.c,%,$(filter-out %/zlib_round_trip.c,\
    $(wildcard tests/newlib/*.c)))

$(SDK_TESTS:%=$(PROGRAM_BIN)/guests/%.elf): $(PROGRAM_BIN)/guests/%.elf: tests/newlib/%.c \
    $(SDK_PARTS) tools/drupe-cc
	@mkdir -p $(@D)
	$(SAY) "  CC     $@"
	$(Q)$(DRUPE_CC) -O2 -g -Wall -Wextra $(filter -Werror,$(WARNINGS)) -o $(@:.elf=.debug.elf) $<
	$(Q)$(call strip_program,$@)

.PHONY: guests
guests: $(SDK_TESTS:%=$(PROGRAM_BIN)/guests/%.elf) $(PROGRAM_BIN)/tests/runner.elf $(PROGRAM_BIN)/lua.elf \
    $(addprefix $(PROGRAM_BIN)/guests/,example.elf minigzip.elf ziptrip.elf)
