# make/web.mk - a page that runs Drupe in a browser, and the emulator that it runs on.

# The PC emulator v86 for tests/system/test_v86.py, in the version and with the checksum that
# package-lock.json names.
build/v86/installed: tests/v86/package.json tests/v86/package-lock.json
	@mkdir -p $(@D)
	@cp $^ $(@D)/
	$(SAY) "  NPM    $(@D)"
	$(Q)cd $(@D) && npm ci --loglevel=error --no-audit --no-fund >/dev/null
	@touch $@

build/v86/boot.js: tests/v86/boot.js build/v86/installed
	@cp $< $@

# bin/web holds all that the page asks for: web/, the disk, v86 from npm, its firmware from Debian's
# packages, and their licences. The two files that the page unpacks would else be 40 times as large.
WEB      := bin/web
SEABIOS  := /usr/share/seabios/bios.bin
VGABIOS  := /usr/share/vgabios/vgabios.bin
LICENCES := /usr/share/common-licenses
V86      := build/v86/node_modules/v86
# $(call web_copy,copy below bin/web,file,what makes the file)
define web_copy
WEB_FILES += $(WEB)/$(1)
$(WEB)/$(1): $(or $(3),$(2))
	@mkdir -p $$(@D)
	@$(if $(filter %.gz,$(1)),gzip -9nc,cat) $(2) > $$@
endef
$(foreach name,drupe.js drupe.css,$(eval $(call web_copy,$(name),web/$(name))))
$(eval $(call web_copy,os.bin,$(BIN)/os.bin))
$(eval $(call web_copy,os.bin.gz,$(BIN)/os.bin))
$(eval $(call web_copy,libv86.js,$(V86)/build/libv86.js,build/v86/installed))
$(eval $(call web_copy,v86.wasm.gz,$(V86)/build/v86.wasm,build/v86/installed))
$(eval $(call web_copy,seabios.bin,$(SEABIOS)))
$(eval $(call web_copy,vgabios.bin,$(VGABIOS)))
$(eval $(call web_copy,licences/drupe.txt,LICENSE))
$(eval $(call web_copy,licences/v86.txt,$(V86)/LICENSE,build/v86/installed))
$(eval $(call web_copy,licences/seabios.txt,/usr/share/doc/seabios/copyright,$(SEABIOS)))
$(eval $(call web_copy,licences/vgabios.txt,/usr/share/doc/vgabios/copyright,$(VGABIOS)))
$(foreach name,LGPL-2 LGPL-2.1 LGPL-3 GPL-3,\
    $(eval $(call web_copy,licences/$(name).txt,$(LICENCES)/$(name))))

# The sources as they are now: what git knows, or in an unpacked archive all but what is built.
SOURCES_TAR := tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --transform='s,^\./,,;s,^,drupe/,'
WEB_FILES += $(WEB)/drupe-sources.tar.gz
$(WEB)/drupe-sources.tar.gz: FORCE
	@mkdir -p $(@D)
	@{ if git ls-files --error-unmatch Makefile >/dev/null 2>&1; then \
	    git ls-files -z --cached --others --exclude-standard | \
	    xargs -0r ls -d --zero 2>/dev/null | $(SOURCES_TAR) --null -T - -cf -; else \
	    $(SOURCES_TAR) --exclude=./build --exclude=./bin --exclude=./.git --exclude=./compile_commands.json --exclude=__pycache__ -cf - .; fi; } | gzip -9n > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(WEB)/index.html: web/index.html bin/os.bin
	@mkdir -p $(@D)
	@sed "s/@IMAGE_MIB@/$$(( $$(stat -c %s $(BIN)/os.bin) >> 20 ))/" $< > $@

$(SEABIOS) $(VGABIOS):
	@echo "$@ is missing: ./build.sh deps installs it" >&2; exit 1

.PHONY: web
web: $(WEB)/index.html $(WEB_FILES)
	@echo "$(WEB) is ready: $(PYTHON) -m http.server -d $(WEB) serves it at http://localhost:8000/"
