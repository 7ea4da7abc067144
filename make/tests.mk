# make/tests.mk - what tests, measures and checks.

.PHONY: test check check-all bench bench-linux
test:
	@$(PYTHON) tests/run.py

check:
	@$(PYTHON) tests/run.py --check

check-all:
	@$(PYTHON) tests/run.py --all

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

# ---------------------------------------------------------------- bench

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

# Linux's column of that table, measured anew on Debian's kernel; KEEP=1: also for those who do not
# measure.
bench-linux: $(BIN)/bench-programs.bin $(BIN)/bench-sequential.bin bench-linux-programs
	@$(PYTHON) tools/bench_linux.py $(if $(KEEP),--keep) $(ARCH)

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
    $(wildcard tests/programs/*.c tests/programs/*/*.c tests/attackers/*.c tests/bench/programs/*.c) \
    $(BENCH_ROWS) $(BENCH_SEQUENTIAL) $(BENCH_ROWS_DRUPE)))
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
