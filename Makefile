# kvmshim: build, test, lint, install. `make` builds the programs, `make check`
# tests them, `make check T=unit/optval` one test file. V=1 shows the commands.
# `make install DESTDIR=` puts files into a folder and acts on nothing; to put
# kvmshim in place on this machine there is ./install.sh.
#
# Flavours keep their objects apart: SAN=1 (ASan and UBSan) in build/san,
# COV=1 (gcov) in build/cov, everything else in build/.

CC       ?= gcc
CFLAGS   ?= -O2 -g
PKG_CONFIG ?= pkg-config
WERROR   ?=
VERSION  := 0.1.0

# The programs look for what is theirs in /etc/kvmshim and /usr/lib/kvmshim.
PREFIX      ?= /usr
SBINDIR     ?= $(PREFIX)/sbin
LIBDIR      ?= $(PREFIX)/lib/kvmshim
MANDIR      ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSCONFDIR  ?= /etc
APPARMORDIR ?= $(SYSCONFDIR)/apparmor.d

B := build
ifeq ($(SAN),1)
B := build/san
FLAVOUR := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
STATIC  := no
endif
ifeq ($(COV),1)
B := build/cov
FLAVOUR := --coverage -Wl,--wrap=_exit
CFLAGS  := -O0 -g
cov_src := tests/coverage/exit.c
endif

# Tables name the fields they set: a missing initialiser is meant.
WARN := -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wundef -Wformat=2 -Wwrite-strings -Wvla

# Hardened by default, as the packages of distributions are; HARDEN=no leaves it all to CFLAGS,
# CPPFLAGS and LDFLAGS, which come later and win anyway. Of each list a compiler gets what it knows.
knows = $(shell for flag in $(1); do echo 'int main(void) { return 0; }' | \
	$(CC) -Werror $(2) $$flag -x c - -o /dev/null 2>/dev/null && echo "$$flag"; done)
ifneq ($(HARDEN),no)
HARDEN_CFLAGS  := -fPIE -fstack-protector-strong $(call knows,-fstack-clash-protection -fcf-protection,-c)
HARDEN_LDFLAGS := -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
PIE            := -pie

# Needs an optimising compiler. A sanitizer checks the same, and better without it. Level 3
# is of GCC 12 and Clang 9, with glibc 2.34.
optimises := $(filter -O1 -O2 -O3 -Os -Og -Oz -Ofast,$(CFLAGS))
ifeq ($(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(findstring -fsanitize,$(FLAVOUR)),)
fortify := $(shell printf '\043include <features.h>\n__USE_FORTIFY_LEVEL\n' | \
	$(CC) -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -E -P -x c - 2>/dev/null | tail -n 1)
HARDEN_CFLAGS += $(if $(optimises),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(if $(filter 3,$(fortify)),3,2))
endif
endif

PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags json-c inih libxml-2.0 libpci)
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DKVMSHIM_VERSION='"$(VERSION)"' -iquote . -iquote lib $(WARN) \
	$(if $(WERROR),-Werror) $(FLAVOUR) $(HARDEN_CFLAGS) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)

# The wrapper is linked statically where the distribution has static libraries: the dynamic loader
# costs more than everything the wrapper itself does. STATIC=no forces a dynamic one, STATIC=pie a
# static one that is a PIE: its relocation makes it miss the goal of 1.3 times the floor (1.35
# to 1.6 and not 1.16 to 1.46, by tests/bench), so that has to be asked for.
links  = $(shell echo 'int main(void) { return 0; }' | \
	$(CC) $(1) -x c - -o /dev/null -ljson-c -linih 2>/dev/null && echo yes)
STATIC ?= $(or $(call links,-static),no)
STATIC := $(STATIC)
WRAPPER_LDFLAGS_yes := -static
WRAPPER_LDFLAGS_pie := -static-pie
WRAPPER_LDFLAGS     := $(or $(WRAPPER_LDFLAGS_$(STATIC)),$(PIE))
wrapper_is          := $(if $(WRAPPER_LDFLAGS_$(STATIC)),static,dynamic)

# How all programs are linked.
LINK = $(CC) $(CFLAGS) $(FLAVOUR) $(HARDEN_LDFLAGS) $(LDFLAGS)

LIBS := -ljson-c -linih
# Domain XML is the hook's; a program that does not read any does not load it.
HOOK_LIBS := -pthread -Wl,--as-needed -lxml2
# The names of devices are the admin's.
CTL_LIBS := -lpci

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

# A room may have rooms in it.
sources      = $(filter-out $(1)/main.c,$(wildcard $(1)/*.c $(1)/*/*.c $(1)/*/*/*.c))
lib_src     := $(call sources,lib) $(cov_src)
wrapper_src := $(call sources,wrapper)
hooks_src   := $(call sources,hooks)
ctl_src     := $(call sources,ctl)
obj          = $(patsubst %.c,$(B)/obj/%.o,$(1))

PROGRAMS := $(B)/kvmshim-wrapper $(B)/kvmshim-hook $(B)/kvmshim

all: $(PROGRAMS)

# All that compilers and linkers are told. Where it is not what it was, all is built again.
flags = $(CC) $(AR) $(ALL_CFLAGS) $(LINK) $(PIE) $(WRAPPER_LDFLAGS) $(LIBS) $(HOOK_LIBS) $(CTL_LIBS)

$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(flags))' | cmp -s - $@ || echo '$(subst ','\'',$(flags))' >$@

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# One archive a room; a program links the rooms below it, top first. Two files of one name,
# in different rooms, both go in: `q`, not `r`.
define archive
$(B)/$(1).a: $$(call obj,$$($(1)_src))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $(AR) qcs $$@ $$^
endef
$(foreach room,lib wrapper hooks ctl,$(eval $(call archive,$(room))))

$(B)/kvmshim-wrapper: $(B)/obj/wrapper/main.o $(B)/wrapper.a $(B)/lib.a
	$(call say,LD,'$@ ($(wrapper_is))')
	$(Q)$(LINK) $(WRAPPER_LDFLAGS) $^ $(LIBS) -o $@

$(B)/kvmshim-hook: $(B)/obj/hooks/main.o $(B)/hooks.a $(B)/lib.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(PIE) $^ $(LIBS) $(HOOK_LIBS) -o $@

$(B)/kvmshim: $(B)/obj/ctl/main.o $(B)/ctl.a $(B)/hooks.a $(B)/wrapper.a $(B)/lib.a
	$(call say,LD,$@)
	$(Q)$(LINK) $(PIE) $^ $(LIBS) $(HOOK_LIBS) $(CTL_LIBS) -o $@

include tests/tests.mk contrib/packages.mk

# The settings are installed twice: as the admin's, and to tell whether he has
# changed them.
INSTALL ?= install
put      = $(Q)$(INSTALL) -d $(DESTDIR)$(3) && $(INSTALL) -m $(1) $(2) $(DESTDIR)$(3)

install: all
	$(call put,755,$(B)/kvmshim $(B)/kvmshim-hook place/kvmshim-place,$(SBINDIR))
	$(call put,755,$(B)/kvmshim-wrapper,$(LIBDIR))
	$(call put,644,$(wildcard place/*.sh),$(LIBDIR)/place)
	$(call put,644,contrib/kvmshim.conf,$(LIBDIR))
	$(call put,644,$(wildcard rules/*.ini),$(LIBDIR)/rules.d)
	$(call put,644,contrib/kvmshim.conf,$(SYSCONFDIR)/kvmshim)
	$(Q)$(INSTALL) -d $(DESTDIR)$(SYSCONFDIR)/kvmshim/rules.d
	$(call put,644,$(wildcard man/*.5),$(MANDIR)/man5)
	$(call put,644,$(wildcard man/*.7),$(MANDIR)/man7)
	$(call put,644,$(wildcard man/*.8),$(MANDIR)/man8)
	$(call put,644,$(wildcard contrib/systemd/kvmshim-*),$(UNITDIR))
	$(call put,644,contrib/completion/kvmshim,$(COMPLETIONDIR))
	$(call put,644,contrib/apparmor/kvmshim,$(APPARMORDIR)/abstractions/libvirt-qemu.d)

clean:
	rm -rf build

FORCE:

.PHONY: all clean install FORCE
.DELETE_ON_ERROR:

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
