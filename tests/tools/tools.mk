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
