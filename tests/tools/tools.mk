# Small programs that stand in QEMU's place or set a test's stage. Static where
# that is possible, so that no loader opens files or reads the environment.
test_tools := $(patsubst tests/tools/%.c,$(B)/tests/tools/%,$(wildcard tests/tools/*.c))

$(B)/tests/tools/%: tests/tools/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) $(if $(WERROR),-Werror) $(CFLAGS) \
		$(WRAPPER_LDFLAGS) $< -o $@

tools: $(test_tools)
.PHONY: tools

# ---- dumpdomain: the same for domain XML, for tests/hooks/xml.t

$(B)/tests/tools/dumpdomain: $(B)/obj/tests/tools/dumpdomain.o $(B)/hooks.a $(B)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(FLAVOUR) $(LDFLAGS) $^ $(LIBS) $(HOOK_LIBS) -o $@

test_tools += $(B)/tests/tools/dumpdomain
