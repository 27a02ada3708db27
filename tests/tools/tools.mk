# Small programs that stand in QEMU's place or set a test's stage. Static where
# that is possible, so that no loader opens files or reads the environment.
test_tools := $(patsubst tests/tools/%.c,$(B)/tests/tools/%,$(wildcard tests/tools/*.c))

$(B)/tests/tools/%: tests/tools/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) $(if $(WERROR),-Werror) $(HARDEN_CFLAGS) $(CPPFLAGS) $(CFLAGS) \
		$(HARDEN_LDFLAGS) $(WRAPPER_LDFLAGS) $< -o $@

# ---- preload: libraries for LD_PRELOAD

test_tools += $(patsubst tests/tools/preload/%.c,$(B)/tests/tools/%.so,$(wildcard tests/tools/preload/*.c))

$(B)/tests/tools/%.so: tests/tools/preload/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -fPIC -shared $< -ldl -o $@

# ---- fakesys: a sysfs for tests of what writes to one. Only where there is FUSE 3.

fakesys_src := $(wildcard tests/tools/fakesys/*.c)
FUSE_LIBS := $(shell $(PKG_CONFIG) --libs fuse3 2>/dev/null)
# Not our headers: no warnings.
FUSE_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags fuse3 2>/dev/null))

ifneq ($(FUSE_LIBS),)
test_tools += $(B)/tests/tools/fakesys
endif

$(call obj,$(fakesys_src)): PKG_CFLAGS += $(FUSE_CFLAGS)

$(B)/tests/tools/fakesys: $(call obj,$(fakesys_src)) $(B)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) $(PIE) $^ $(FUSE_LIBS) -pthread -o $@

tools: $(test_tools)
.PHONY: tools

# ---- dumpdomain: the same for domain XML, for tests/hooks/xml.t

$(B)/tests/tools/dumpdomain: $(B)/obj/tests/tools/dumpdomain.o $(B)/hooks.a $(B)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) $(PIE) $^ $(LIBS) $(HOOK_LIBS) -o $@

test_tools += $(B)/tests/tools/dumpdomain
