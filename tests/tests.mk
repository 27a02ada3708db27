# Included by the Makefile: everything that builds and runs tests.

-include demo/demo.mk tests/tools/tools.mk tests/bench/bench.mk tests/fuzz/fuzz.mk tests/lint.mk

unit_src  := $(wildcard tests/unit/*.c)
unit_bin  := $(patsubst tests/unit/%.c,$(B)/tests/unit/%.t,$(unit_src))
unit_obj  := $(patsubst %.c,$(B)/obj/%.o,$(unit_src))
test_tools ?=

$(B)/tests/unit/%.t: $(B)/obj/tests/unit/%.o $(B)/ctl.a $(B)/hooks.a $(B)/wrapper.a $(B)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(FLAVOUR) $(LDFLAGS) $^ $(LIBS) $(HOOK_LIBS) -lcmocka -o $@

.SECONDARY: $(unit_obj)

programs_t := $(wildcard tests/*.t tests/*/*.t)

# make check            all tests
# make check T=unit     one room; T=wrapper/probe one file; T='unit ctl' two rooms
ifdef T
chosen := $(foreach t,$(T),$(filter $(B)/tests/$(t)%,$(unit_bin)) $(filter tests/$(t)%,$(programs_t)))
else
chosen := $(unit_bin) $(programs_t)
endif

# The boot sector of the demo is also what guest/cpuid.t and vm/kvm.t start.
test-programs: $(PROGRAMS) $(unit_bin) $(test_tools) $(B)/cpuid.img

check: test-programs
	$(Q)B=$(B) CMOCKA_MESSAGE_OUTPUT=TAP prove --timer $(if $(V),-v) -e '' $(chosen)

# What the sanitizers see: everything but the tests of what a sanitizer itself
# changes in a process (descriptors, signals, limits).
san_rooms := unit ctl high/verbs wrapper/rules wrapper/mistakes wrapper/fidelity wrapper/trace

# All that .ci/run asks for: `./install.sh test`.
check-all: check
	$(Q)$(MAKE) --no-print-directory SAN=1 CC=clang check T='$(san_rooms)'
	$(Q)$(MAKE) --no-print-directory fuzz-short
	$(Q)$(MAKE) --no-print-directory lint

.PHONY: check check-all test-programs
