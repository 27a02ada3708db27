# `make bench` shows what the wrapper costs at the start of a VM; ROUNDS=N starts
# every contender N times.

ROUNDS ?= 300

bench_programs := $(B)/bench/starts $(B)/bench/target $(B)/bench/floor $(B)/bench/wrapper-dynamic

# Where the wrapper is static these are too, else the floor would pay for a
# loader that the wrapper does not need, or the other way round.
$(B)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(WRAPPER_LDFLAGS) $< -o $@

# The same objects, linked dynamically: what a distribution without static
# libraries would get.
$(B)/bench/wrapper-dynamic: $(B)/obj/wrapper/main.o $(B)/wrapper.a $(B)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(FLAVOUR) $(LDFLAGS) $^ $(LIBS) -o $@

bench-programs: $(bench_programs)

bench: $(B)/kvmshim-wrapper bench-programs
	@tests/bench/bench.pl $(B) $(ROUNDS)

.PHONY: bench bench-programs
