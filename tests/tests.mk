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

# The campaign is long: make campaign.
programs_t := $(filter-out tests/campaign/%,$(wildcard tests/*.t tests/*/*.t))

# make check            all tests
# make check T=unit     one room; T=wrapper/probe one file; T='unit ctl' two rooms
ifdef T
chosen := $(foreach t,$(T),$(filter $(B)/tests/$(t)%,$(unit_bin)) $(filter tests/$(t)%,$(programs_t)))
else
chosen := $(unit_bin) $(programs_t)
endif

# The boot sector of the demo is also what guest/cpuid.t and vm/kvm.t start.
test-programs: $(PROGRAMS) $(unit_bin) $(test_tools) $(B)/cpuid.img

# Those of tests/vm go side by side: a machine of theirs is busy with one CPU.
chosen_vm := $(filter tests/vm/%,$(chosen))
chosen_here := $(filter-out tests/vm/%,$(chosen))
prove := B=$(B) CMOCKA_MESSAGE_OUTPUT=TAP prove --timer $(if $(V),-v) -e ''

check: test-programs
	$(Q)status=0; \
	$(if $(chosen_here),$(prove) $(chosen_here) || status=1;) \
	$(if $(chosen_vm),$(prove) -j $$(nproc) $(chosen_vm) || status=1;) \
	exit $$status

# What hours show and a minute does not; tests/README.md has its variables. Of a
# short one: KILLS=7, every seventh kill only.
campaign_short := KILLS=7 ROUNDS=3 VMS=16 CYCLES=30 WRITES=8 \
	VMKILLS=25 CUTS=1 VMRACES=1 SOAK=45

campaign: test-programs
	$(Q)$(prove) -v $(wildcard tests/campaign/*.t)

# What the sanitizers see: everything but the tests of what a sanitizer itself
# changes in a process (descriptors, signals, limits), and those that take its time.
san_rooms := unit ctl high/verbs wrapper/rules wrapper/mistakes wrapper/fidelity wrapper/trace \
	$(addprefix hooks/,failures grants handover managed mdev names order refusals state xml)

# Lines and branches that these rooms reach. A test may fail here that does not
# elsewhere: who runs as another user cannot write its counts, and says so.
cov_rooms := unit hooks ctl wrapper high/verbs

coverage:
	$(Q)$(MAKE) --no-print-directory COV=1 test-programs
	$(Q)find build/cov -name '*.gcda' -delete
	$(Q)$(MAKE) --no-print-directory COV=1 check T='$(cov_rooms)' >build/cov/check.log 2>&1 || \
		{ echo 'coverage: not all tests passed:'; grep -E '^(build|tests)/.*Failed: [1-9]' build/cov/check.log; true; }
	$(Q)perl tests/tools/coverage.pl build/cov

# All that .ci/run asks for: `./install.sh test`.
check-all: check
	$(Q)$(MAKE) --no-print-directory campaign $(campaign_short)
	$(Q)$(MAKE) --no-print-directory SAN=1 CC=clang check T='$(san_rooms)'
	$(Q)$(MAKE) --no-print-directory fuzz-short
	$(Q)$(MAKE) --no-print-directory lint

.PHONY: campaign coverage check check-all test-programs
