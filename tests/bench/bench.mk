# `make bench` shows what kvmshim costs: the wrapper at the start of a VM, the hook where it
# hands devices over, judging and listing a big host. README.md beside this tells what is measured.
# ROUNDS=N, HOOK_ROUNDS=N, HOST_ROUNDS=N, DEVICES_ROUNDS=N: how often every contender has its turn.

ROUNDS ?= 300
HOOK_ROUNDS ?= 5
HOST_ROUNDS ?= 9
DEVICES_ROUNDS ?= 21

bench_programs := $(addprefix $(B)/bench/,starts target floor wrapper-dynamic writes.so)

# Where the wrapper is static these are too, else the floor would pay for a
# loader that the wrapper does not need, or the other way round.
$(B)/bench/%: tests/bench/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) $(WRAPPER_LDFLAGS) $< -o $@

$(B)/bench/%.so: tests/bench/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -fPIC -shared $< -o $@

# The same objects, linked dynamically: what a distribution without static
# libraries would get.
$(B)/bench/wrapper-dynamic: $(B)/obj/wrapper/main.o $(B)/wrapper.a $(B)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) $(PIE) $^ $(LIBS) -o $@

bench-programs: $(bench_programs)

# One behind the other, also under make -j.
bench:
	$(Q)for part in wrapper hook host devices; do \
		$(MAKE) --no-print-directory bench-$$part || exit; \
		echo; \
	done

bench-wrapper: $(B)/kvmshim-wrapper bench-programs
	@tests/bench/wrapper.pl $(B) $(ROUNDS)

bench-hook: $(PROGRAMS) bench-programs
	@tests/bench/hook.pl $(B) $(HOOK_ROUNDS)

bench-host: $(PROGRAMS) bench-programs
	@tests/bench/host.pl $(B) $(HOST_ROUNDS)

bench-devices: $(B)/kvmshim
	@tests/bench/devices.pl $(B) $(DEVICES_ROUNDS)

.PHONY: bench bench-programs bench-wrapper bench-hook bench-host bench-devices
