# make/fuzz.mk - fuzzers, and proof by exhaustion.

# tests/fuzz/fuzz_NAME.c with the same "Sources:" lines. With driver.c: a fixed number of runs, for
# the tests; for 64 bits, too, into build/fuzz64/. With clang's libFuzzer: make fuzz TIME=seconds
# [FUZZ=NAME], corpus and crashes in build/fuzz/.
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
TIME    ?= 60
FUZZ    ?=
CLANG   ?= clang
# FUZZ_BITS=-m64 where clang has no 32-bit runtime.
FUZZ_BITS ?= -m32
FUZZ_CFLAGS := $(HOST_CFLAGS) -Itests/fuzz
FUZZ_CFLAGS_64 = $(HOST_CFLAGS_64) -Itests/fuzz
LIBFUZZER_CFLAGS := $(FUZZ_BITS) $(filter-out -m32,$(FUZZ_CFLAGS)) -fsanitize=fuzzer-no-link \
    -Wno-unknown-warning-option
# Named by hand: clang itself would ask for the C++ library's development files, 32-bit ones.
LIBFUZZER = $(shell $(CLANG) -print-runtime-dir)/libclang_rt.fuzzer-$(if \
    $(findstring 32,$(FUZZ_BITS)),i386,x86_64).a -l:libstdc++.so.6 -lm
fuzz_sources = $(shell sed -n 's/^ \* Sources: *//p' tests/fuzz/$(1).c)

# $(call fuzz_rule,FUZZER,folder of build/,flags)
define fuzz_rule
build/$(2)/$(1): build/variant tests/fuzz/$(1).c tests/fuzz/driver.c $(call fuzz_sources,$(1)) \
    $(wildcard tests/fuzz/*.h tests/host/*.h)
	@mkdir -p $$(@D)
	$$(SAY) "  HOSTCC $$@"
	@$$(HOSTCC) $(3) -MM -MP -MT $$@ tests/fuzz/$(1).c $(call fuzz_sources,$(1)) > $$@.d
	$$(Q)$$(HOSTCC) $(3) -o $$@ tests/fuzz/$(1).c tests/fuzz/driver.c \
	    $(call fuzz_sources,$(1))
endef
$(foreach fuzzer,$(FUZZERS),$(eval $(call fuzz_rule,$(fuzzer),fuzz,$$(FUZZ_CFLAGS))))
$(foreach fuzzer,$(FUZZERS),$(eval $(call fuzz_rule,$(fuzzer),fuzz64,$$(FUZZ_CFLAGS_64))))

define libfuzzer_rules
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
$(foreach fuzzer,$(FUZZERS),$(eval $(call libfuzzer_rules,$(fuzzer))))

.PHONY: fuzzers fuzz
fuzzers: $(foreach folder,fuzz fuzz64,$(addprefix build/$(folder)/,$(FUZZERS)))
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
