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

.PHONY: ports disk
ports: $(PORTS:%=$(PORT_BUILD)/%/.built)

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
