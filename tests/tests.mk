# Included by the Makefile: everything that builds and runs tests.

-include demo/demo.mk tests/tools/tools.mk tests/bench/bench.mk tests/fuzz/fuzz.mk tests/lint.mk

unit_src  := $(wildcard tests/unit/*.c)
unit_bin  := $(patsubst tests/unit/%.c,$(B)/tests/unit/%.t,$(unit_src))
unit_obj  := $(patsubst %.c,$(B)/obj/%.o,$(unit_src))
test_tools ?=

$(B)/tests/unit/%.t: $(B)/obj/tests/unit/%.o $(B)/ctl.a $(B)/hooks.a $(B)/wrapper.a $(B)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) $(PIE) $^ $(LIBS) $(HOOK_LIBS) $(CTL_LIBS) -lcmocka -o $@

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

# The boot sector of the demo is also what guest/cpuid.t and vm/kvm.t start; writes.so is
# for house/bench.t.
test-programs: $(PROGRAMS) $(unit_bin) $(test_tools) $(B)/cpuid.img $(B)/bench/writes.so

# JOBS test files at a time: each has directories, and where it needs them namespaces, of its
# own. Those of tests/vm come last, for a machine of theirs is busy with one CPU all the time.
JOBS ?= $(shell nproc)
in_order := $(filter-out tests/vm/%,$(chosen)) $(filter tests/vm/%,$(chosen))
prove := B=$(B) CMOCKA_MESSAGE_OUTPUT=TAP prove --timer $(if $(V),-v) -j $(JOBS) -e ''

check: test-programs
	$(Q)$(prove) $(in_order)

# `./install.sh test --short`: what a release of a distribution can change, in minutes.
short_rooms := unit wrapper ctl hooks/names.t

check-short: test-programs
	$(Q)$(MAKE) --no-print-directory check T='$(short_rooms)'

# What hours show and a minute does not; tests/README.md has its variables. Its figures
# come last. First what `check` runs a sample of, and what sanitizers are slow with, whole.
# Of a short one: KILLS=7, every seventh kill only, nothing of which `check` ran a
# sample, and no fuzzers.
campaign_fuzz  := conf domain facts journal
campaign_whole := high/oracle install/failures vm/rounds
campaign_san   := hooks/handover hooks/order
campaign_short := KILLS=7 ROUNDS=3 VMS=16 CYCLES=30 WRITES=8 \
	VMKILLS=50 CUTS=1 VMRACES=1 SOAK=45 campaign_whole= campaign_san= campaign_fuzz=

campaign: test-programs
	$(Q)rm -f $(B)/campaign.failed
	$(if $(campaign_whole),$(Q)FAULTS=1 ORACLE=1 VMROUNDS=10 $(MAKE) --no-print-directory check T='$(campaign_whole)' || touch $(B)/campaign.failed)
	$(if $(campaign_san),$(Q)$(MAKE) --no-print-directory SAN=1 CC=clang check T='$(campaign_san)' || touch $(B)/campaign.failed)
	$(Q){ $(prove) -v $(wildcard tests/campaign/*.t) || touch $(B)/campaign.failed; } | tee $(B)/campaign.log
	$(Q)for name in $(campaign_fuzz); do \
		$(MAKE) --no-print-directory fuzz-run-$$name || touch $(B)/campaign.failed; \
	done | tee -a $(B)/campaign.log
	$(Q)echo; sed -n -e 's/^ *# figure: /  /p' -e '/inputs tried: /p' $(B)/campaign.log
	$(Q)! [ -e $(B)/campaign.failed ]

# What the sanitizers see: everything but the tests of what a sanitizer itself
# changes in a process (descriptors, signals, limits), and those that take its time; the
# campaign has more.
san_rooms := unit ctl high/verbs wrapper/rules wrapper/mistakes wrapper/fidelity wrapper/trace \
	$(addprefix hooks/,failures grants managed mdev names nvidia refusals state units vfs xml)

# Lines and branches that these rooms reach. What a test runs as another user writes
# its counts too: the files for them are there, and everyone's. Fails if a test fails, or
# if less is reached than the floors in tests/coverage/report.pl.
cov_rooms := unit hooks ctl wrapper high/verbs

coverage:
	$(Q)$(MAKE) --no-print-directory COV=1 test-programs
	$(Q)find build/cov -name '*.gcda' -delete
	$(Q)find build/cov -name '*.gcno' | while read -r notes; do install -m 666 /dev/null "$${notes%gcno}gcda"; done
	$(Q)status=0; \
	$(MAKE) --no-print-directory COV=1 check T='$(cov_rooms)' >build/cov/check.log 2>&1 || { \
		echo 'coverage: not all tests passed:'; \
		grep -E '^(build|tests)/.*Failed: [1-9]|^Could not execute' build/cov/check.log; status=1; }; \
	find build/cov -name '*.gcda' -size 0 -delete; \
	perl tests/coverage/report.pl build/cov || status=1; \
	exit $$status

# All that .ci/run asks for: `./install.sh test`.
check-all: check
	$(Q)$(MAKE) --no-print-directory campaign $(campaign_short)
	$(Q)$(MAKE) --no-print-directory -j $(JOBS) SAN=1 CC=clang test-programs
	$(Q)$(MAKE) --no-print-directory SAN=1 CC=clang check T='$(san_rooms)'
	$(Q)$(MAKE) --no-print-directory -j $(JOBS) fuzz-short
	$(Q)$(MAKE) --no-print-directory -j $(JOBS) lint $(if $(WERROR),lint_gcc='B=$(B)' lint_clang='SAN=1 CC=clang')

.PHONY: campaign coverage check check-all check-short test-programs
