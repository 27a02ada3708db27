# Fuzzers: clang's libFuzzer with ASan and UBSan, in build/fuzz. Seeds are ours
# (tests/fuzz/seeds); what a run finds goes to build/fuzz/corpus and is used again.
#
#	make fuzz			each for FUZZ_SECONDS (300)
#	make fuzz-short			each for 10 seconds
#	make fuzz-run-optval		one of them
#
# The input of a failure is build/fuzz/NAME-crash-…; `build/fuzz/NAME FILE` runs it.
FUZZ_SECONDS ?= 300
FUZZ_CC ?= clang

fuzz_b := build/fuzz
fuzz_names := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
fuzz_programs := $(fuzz_names:%=$(fuzz_b)/%)
fuzz_runs := $(fuzz_names:%=fuzz-run-%)
fuzz_flavour := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
fuzz_probe := int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return !d && n; }

# Without libFuzzer there is nothing to do; MUST_WORK=1 says that is a failure.
fuzz:
	$(Q)if echo '$(fuzz_probe)' | $(FUZZ_CC) -fsanitize=fuzzer -x c - -o /dev/null 2>/dev/null; then \
		$(MAKE) --no-print-directory $(fuzz_runs); \
	elif [ "$$MUST_WORK" = 1 ]; then \
		echo 'fuzz: $(FUZZ_CC) has no libFuzzer, and MUST_WORK=1' >&2; exit 1; \
	else \
		echo 'fuzz: skipped: $(FUZZ_CC) has no libFuzzer'; \
	fi

fuzz-short:
	$(Q)$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=10

fuzz-build:
	$(Q)$(MAKE) --no-print-directory B=$(fuzz_b) CC=$(FUZZ_CC) STATIC=no \
		FLAVOUR='$(fuzz_flavour)' $(fuzz_programs)

$(fuzz_programs): $(fuzz_b)/%: $(fuzz_b)/obj/tests/fuzz/%.o $(fuzz_b)/ctl.a \
		$(fuzz_b)/hooks.a $(fuzz_b)/wrapper.a $(fuzz_b)/lib.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(PIE) -fsanitize=fuzzer $^ $(LIBS) $(HOOK_LIBS) $(CTL_LIBS) -o $@

$(fuzz_runs): fuzz-run-%: fuzz-build
	$(call say,FUZZ,'$* for $(FUZZ_SECONDS) s')
	$(Q)mkdir -p $(fuzz_b)/corpus/$*
	$(Q)$(fuzz_b)/$* -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
		-dict=tests/fuzz/words.dict -artifact_prefix=$(fuzz_b)/$*- -print_final_stats=1 \
		$(fuzz_b)/corpus/$* tests/fuzz/seeds/$* >$(fuzz_b)/$*.log 2>&1 || \
		{ tail -60 $(fuzz_b)/$*.log; echo 'fuzz: $* failed' >&2; exit 1; }
	$(Q)sed -n 's/^stat::number_of_executed_units: */  $*: inputs tried: /p' $(fuzz_b)/$*.log

.PHONY: fuzz fuzz-short fuzz-build $(fuzz_runs)

# ---- dumpline: what our parser sees, for tests/wrapper/vectors.t and proptypes.t

$(B)/tests/tools/dumpline: $(B)/obj/tests/tools/dumpline.o $(B)/wrapper.a $(B)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(FLAVOUR) $(LDFLAGS) $^ $(LIBS) -o $@

test_tools += $(B)/tests/tools/dumpline
