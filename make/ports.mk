# ports.mk - programs that were not written for Drupe, from Debian's sources; included by the Makefile.
# docs/ports.md says what there is, and how another one is added.
#
#   ports/NAME.port            what a port is made of and how
#   build/sources/SOURCE       its sources, fetched, never changed
#   build/ports/ARCH/NAME      a copy, in which it is built
#   bin/programs/ports         its programs

PORTS_ALL := $(sort $(patsubst ports/%.port,%,$(wildcard ports/*.port)))
PORTS ?= $(PORTS_ALL)
PORT_BUILD := build/ports/$(ARCH)
PORT_BIN := $(PROGRAM_BIN)/ports
port_word = $(shell sed -n 's/^$(2)="\{0,1\}\([^"]*\)"\{0,1\}$$/\1/p' ports/$(1).port)

.PHONY: ports port-names disk
ports: $(PORTS:%=$(PORT_BUILD)/%/.built)
port-names:
	@for name in $(filter-out $(PORTS_ALL),$(PORTS)); do \
	    echo "make ports: there is no port '$$name'; there are: $(PORTS_ALL)" >&2; exit 2; done
$(PORTS:%=$(PORT_BUILD)/%/.built): | port-names

# $(call port_rules,NAME)
define port_rules
$(PORT_BUILD)/$(1)/.built: ports/$(1).port tools/build_port.sh $(SOURCES)/$(call port_word,$(1),source)/.fetched \
    $(SDK_PARTS) tools/drupe-cc
	$(SAY) "  PORT   $(1)"
	$(Q)DRUPE_ARCH=$(ARCH) DRUPE_GCC=$(SDK_GCC) tools/build_port.sh $(1) $(SOURCES)/$(call port_word,$(1),source) $$(@D)
	@mkdir -p $(PORT_BIN)
	$(Q)for program in $(call port_word,$(1),programs); do \
	    $(OBJCOPY) --strip-all $$(@D)/$$$$program $(PORT_BIN)/$$$$(basename $$$$program).elf || exit 1; done
	@touch $$@
endef
$(foreach port,$(PORTS_ALL),$(eval $(call port_rules,$(port))))

# The bundled disk with the ports' programs beside the others.
PORT_ELVES = $(foreach port,$(PORTS),$(foreach program,$(call port_word,$(port),programs),$(PORT_BIN)/$(notdir $(program)).elf))
disk: $(BIN)/boot.bin $(BIN)/kernel.bin $(DISK_FILES) $(MKIMAGE_PARTS) ports | program-names port-names
	@$(MKIMAGE) --boot $(BIN)/boot.bin --kernel $(BIN)/kernel.bin \
	    $(call disk_arguments,$(DISK_FILES) $(PORT_ELVES)) --output $(BIN)/disk.bin
	$(SAY) "  make run DISK=$(BIN)/disk.bin boots it; its ports: $(PORTS)"
# For make run DISK=bin/disk.bin.
$(BIN)/disk.bin:
	@echo 'make: $@ is not there yet: make disk PORTS="..." makes it' >&2; exit 1
