# make/arguments.mk - what was given to make is checked before anything is built.

COMMA := ,
# $(call sh,TEXT): TEXT as one word of a shell's command, whatever characters it has.
sh = '$(subst ','\'',$(1))'
# The same as a part of an option of QEMU, where a comma is written as two.
qemu_file = $(call sh,file=$(subst $(COMMA),$(COMMA)$(COMMA),$(1)))
# $(call matches,TEXT,EXTENDED REGULAR EXPRESSION): not empty if all of it does.
matches = $(shell printf '%s' $(call sh,$(1)) | grep -xE $(call sh,$(2)))

# $(call demand,VARIABLE,values that need no check,expression,what it must be): or nothing is built.
demand = $(if $(filter-out $(2),x$($(1))x),$(if $(call matches,$($(1)),$(3)),,\
    $(error $(1)=$($(1)): $(1) must be $(4))))
$(call demand,MEMORY,x128x,[1-9][0-9]{0$(COMMA)6}[MG]?,a number of MiB such as 128)
$(call demand,DEBUG_HEAP,x0x x1x,,1 or 0)
$(call demand,WERROR,x0x x1x,,1 or 0)
$(call demand,ARCH,xi386x xx86_64x,,i386 or x86_64)

# A device in the place of an output would be overwritten.
DEVICES := $(shell find bin build \( -xtype b -o -xtype c \) 2>/dev/null)
$(if $(DEVICES),$(error $(DEVICES) is a device or a link to one: remove it. Outputs are ordinary files; \
    make usb DEV=/dev/sdX writes to a disk))
