# `make lint`: what programs can say about the code without running it. Each
# part can be asked alone: make lint-tidy.

lint_c := $(wildcard $(foreach room,lib wrapper hooks ctl,$(room)/*.c $(room)/*/*.c $(room)/*/*/*.c) tests/*/*.c) \
	$(if $(FUSE_LIBS),$(fakesys_src))
lint_sh := $(wildcard *.sh .ci/run place/kvmshim-place */*.sh */*/*.sh) contrib/completion/kvmshim
lint_flags = $(filter-out -O% -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=%,$(ALL_CFLAGS)) $(FUSE_CFLAGS)

lint: lint-shell lint-gcc lint-clang lint-cppcheck lint-tidy

# SC2054	the commas are QEMU's, not between elements of an array
lint-shell:
	$(call say,SHELL,'$(lint_sh)')
	$(Q)shellcheck -S warning -e SC2054 $(lint_sh)

# Both compilers know warnings that the other does not. Folders of their own,
# so that the flags do not mix with those of a normal build. check-all with WERROR=1 has
# made most of it without a warning, and says in lint_gcc and lint_clang where that is.
lint_gcc   ?= B=build/lint/gcc CC=gcc
lint_clang ?= B=build/lint/clang CC=clang
lint-gcc lint-clang: lint-%:
	$(Q)$(MAKE) --no-print-directory $(lint_$*) WERROR=1 $(lint_goals)

# What the two builds above make: everything that is C.
lint_goals := test-programs tools bench-programs

# resourceLeak	cppcheck does not know __attribute__((cleanup)), so every early
#		return looks like a leak
# readdirCalled	each stream is one thread's
# constParameter…	from 2.11 on it wants const also for what a callback, a cleanup attribute or a
#		library's function takes without
# nullPointerOutOfMemory	2.17 takes mmap() for malloc()
# normalCheckLevelMaxBranches	is no finding
lint-cppcheck:
	$(call say,CPPCHECK,'$(words $(lint_c)) files')
	$(Q)cppcheck --quiet --error-exitcode=1 --inline-suppr -j 2 --std=c11 \
		--enable=warning,style,performance,portability \
		--library=posix,gnu -D_GNU_SOURCE -DKVMSHIM_VERSION='""' -I. -Ilib \
		$(addprefix --suppress=,resourceLeak readdirCalled constParameterPointer constVariablePointer \
			constParameterCallback nullPointerOutOfMemory normalCheckLevelMaxBranches) $(lint_c)

# Checks and their reasons are in .clang-tidy. What it says on stderr is how many
# warnings it did not show: worth seeing only if it stops. One goal a file, so
# that make -j spreads them.
#
# Not of the unit tests and fuzzers: cmocka passes rows as void * and fuzzers
# abort by macro, which clang-tidy counts as sins; the compilers, cppcheck and
# the sanitizers see to those.
lint_tidy := $(addprefix lint-tidy-,$(filter-out tests/unit/% tests/fuzz/%,$(lint_c)))

lint-tidy: $(lint_tidy)

$(lint_tidy): lint-tidy-%: %
	@mkdir -p build/lint/tidy/$(<D)
	$(call say,TIDY,$<)
	$(Q)clang-tidy --quiet $< -- $(lint_flags) 2>build/lint/tidy/$<.log || \
		{ cat build/lint/tidy/$<.log; exit 1; }

# Words and sentences that docs/language.md advises against; it fails nothing.
# make words W='hooks man/kvmshim.8' of these files only.
words:
	$(Q)tests/house/words.pl $(W)

.PHONY: words lint lint-shell lint-gcc lint-clang lint-cppcheck lint-tidy $(lint_tidy)
