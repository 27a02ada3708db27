#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# install.sh - the first step with kvmshim, whichever it is. Each task installs
# what it needs (and says so), builds, acts, and may be run again at any time,
# by root or by a user who has sudo. Usage is at the end, in usage().
set -eu

# Rule files that others may write to are refused by kvmshim.
umask 022

# A user's PATH on Debian lacks the folders where libvirtd is.
PATH=$PATH:/usr/sbin:/sbin

cd "$(dirname "$0")"

# An interrupted run cleans up like any other: the EXIT traps below see to it.
trap 'exit 1' HUP INT TERM

say() { printf '%s\n' "$*"; }
die() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
indent() { sed 's/^./    &/'; }

# ------------------------------------------------------------------ packages
# One need a line: how to tell that it is there (see has), the package that
# brings it on Debian and Ubuntu, and the one on RHEL and Fedora.

build_needs='
command:gcc           gcc            gcc
command:make          make           make
command:pkg-config    pkg-config     pkgconf-pkg-config
file:/usr/include/stdio.h  libc6-dev glibc-devel
module:json-c         libjson-c-dev  json-c-devel
module:inih           libinih-dev    inih-devel
module:libxml-2.0     libxml2-dev    libxml2-devel
module:libpci         libpci-dev     pciutils-devel
'
demo_needs='
command:timeout       coreutils      coreutils
works:qemu            qemu-system-x86 qemu-kvm-core
'
test_needs='
works:sanitizers      gcc            libasan,libubsan
command:clang         clang          clang
command:clang-tidy    clang-tidy     clang-tools-extra
command:cppcheck      cppcheck       cppcheck
command:shellcheck    shellcheck     ShellCheck
module:cmocka         libcmocka-dev  libcmocka-devel
module:fuse3          libfuse3-dev   fuse3-devel
command:fusermount3   fuse3          fuse3
command:prove         perl           perl
works:perl            perl           perl
command:valgrind      valgrind       valgrind
command:strace        strace         strace
command:man           man-db         man-db
command:mandoc        mandoc         mandoc
command:libvirtd      libvirt-daemon-system libvirt-daemon-driver-qemu,libvirt-daemon
command:virsh         libvirt-clients libvirt-client
command:dash          dash           dash
command:bash          bash           bash
command:python3       python3        python3
works:yaml            python3-yaml   python3-pyyaml
command:cpio          cpio           cpio
command:xz            xz-utils       xz
command:lspci         pciutils       pciutils
command:fuser         psmisc         psmisc
command:driverctl     driverctl      driverctl
'
# The page of `kvmshim devices` is looked at in a browser; RHEL has none.
page_needs='
command:chromium      chromium       chromium
'
# Asked for only when clang is there: some releases have it in clang's package.
fuzz_needs='
works:fuzzer          libclang-rt-dev compiler-rt
'

# RHEL's QEMU is not in PATH and has no target in its name.
find_qemu() {
	command -v qemu-system-x86_64 ||
		{ [ -x /usr/libexec/qemu-kvm ] && echo /usr/libexec/qemu-kvm; }
}

links_with() {
	compiler=$1
	shift
	echo "$program" | "$compiler" "$@" -x c - -o /dev/null 2>/dev/null
}

has() {
	case $1 in
	command:*) command -v "${1#*:}" >/dev/null ;;
	file:*) [ -e "${1#*:}" ] ;;
	module:*) pkg-config --exists "${1#*:}" 2>/dev/null ;;
	works:qemu) find_qemu >/dev/null ;;
	works:yaml) python3 -c 'import yaml' 2>/dev/null ;;
	works:perl) perl -MTest::More -MJSON::PP -MIPC::Open3 -e 1 2>/dev/null ;;
	works:sanitizers)
		program='int main(void) { return 0; }'
		links_with gcc -fsanitize=address,undefined ;;
	works:fuzzer)
		program='int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }'
		links_with clang -fsanitize=fuzzer,address,undefined ;;
	esac
}

# The packages that bring those of the given needs that are not there.
missing() {
	echo "$1" | while read -r check debian fedora; do
		if [ -z "$check" ] || has "$check"; then continue; fi
		if command -v apt-get >/dev/null; then echo "$debian"; else echo "$fedora"; fi
	done | tr ',' '\n' | sort -u | tr '\n' ' '
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this needs root, and there is no sudo: $*"
	fi
}

# RHEL and its kin keep -devel packages in a repository that is off at first.
builder_repository() {
	dnf -q repolist --all 2>/dev/null |
		awk '$1 ~ /^(crb|powertools|codeready-builder.*-rpms)$/ { print "--enablerepo=" $1 }'
}

provide() {
	packages=$(missing "$1")
	[ -n "$packages" ] || return 0
	# Below, $packages and what builder_repository prints are lists of words.
	if command -v apt-get >/dev/null; then
		say "Installing ${packages}by apt-get."
		as_root apt-get -qq update ||
			say "(apt-get update failed; going on with the lists that are there)"
		# shellcheck disable=SC2086
		quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
			-o DPkg::Lock::Timeout=300 --no-install-recommends install $packages
	elif command -v dnf >/dev/null; then
		say "Installing ${packages}by dnf."
		# shellcheck disable=SC2046,SC2086
		quietly as_root dnf -q -y $(builder_repository) install $packages
	else
		die "no apt-get and no dnf here; please install what brings: $packages"
	fi
	packages=$(missing "$1")
	[ -z "$packages" ] || die "still missing after installing: $packages"
}

# ------------------------------------------------------------------ building

# Runs a command whose output matters only if it fails.
quietly() {
	if ! output=$("$@" 2>&1); then
		printf '%s\n' "$output" >&2
		die "failed: $*"
	fi
}

# What root built, a later run by the user could not replace: build/ belongs to
# whoever runs this or, after a run by root, to the owner of the clone.
settle_build() {
	if [ "$(id -u)" = 0 ]; then owner=$(stat -c %u .); else owner=$(id -u); fi
	[ -d build ] && find build ! -user "$owner" | grep -q . || return 0
	as_root chown -hR "$owner" build ||
		die "build/ holds files of another user; remove it, then try again"
}

build() {
	settle_build
	trap settle_build EXIT
	say "Building: make $*"
	quietly make -j "$(nproc)" "$@"
}

# ---------------------------------------------------------------------- demo

# The guest of the demo: no disk, no operating system, one boot sector that
# prints two lines on the serial port. "$@" is the program to start it with.
start_guest() {
	timeout 60 "$@" -name guest=demo -nodefaults -no-user-config -display none \
		-machine pc,accel=tcg -cpu qemu64 -m 16 -serial stdio \
		-device isa-debug-exit,iobase=0xf4,iosize=1 \
		-drive if=floppy,format=raw,readonly=on,file=build/cpuid.img \
		</dev/null | tr -d '\r'
}

# Shows what the guest printed and keeps it in $seen.
show_guest() {
	seen=$(start_guest "$@")
	say "$seen" | indent
}

demo() {
	provide "$build_needs$demo_needs"
	build all build/cpuid.img
	qemu=$(find_qemu)
	rule=rules/10-hide-hypervisor.ini
	root=$(mktemp -d -t kvmshim.XXXXXX)
	trap 'rm -rf "$root"; settle_build' EXIT
	mkdir -p "$root/etc/kvmshim/rules.d"
	printf '[wrapper]\nreal = %s\n' "$qemu" >"$root/etc/kvmshim/kvmshim.conf"

	# All of kvmshim's files are looked for below this folder, so that the
	# demo neither sees nor changes what the machine has.
	export KVMSHIM_ROOT="$root"

	say "
1. A guest looks for its hypervisor. It is started by $qemu itself:"
	show_guest "$qemu"
	direct=$seen

	say "
2. The same command through build/kvmshim-wrapper, with no rule: the same."
	show_guest build/kvmshim-wrapper
	before=$seen

	# As the file says: copy it, and delete "enabled = no" where a rule is
	# wanted. One of its rules is for guests named demo.
	sed '/^enabled = no$/d' "$rule" >"$root/etc/kvmshim/rules.d/${rule##*/}"
	say "
3. Now with $rule, its rules switched on. Those for this guest:"
	say "$(awk -v RS= -v ORS='\n\n' '/\nwhen-name = demo/' \
		"$root/etc/kvmshim/rules.d/${rule##*/}" | grep -v '^[#;]')" | indent

	say "
4. What the wrapper will make of the command (kvmshim explain):"
	explained=$(start_guest build/kvmshim explain -- "$qemu")
	say "$explained" | indent

	say "
5. The same command as in 2, with the rules:"
	show_guest build/kvmshim-wrapper
	say

	[ "$before" = "$direct" ] ||
		die "without a rule the guest did not see what it sees without the wrapper"
	case $before in
	*"hypervisor-bit 1"*"signature TCGTCGTCGTCG"*) ;;
	*) die "without a rule the guest should have seen its hypervisor" ;;
	esac
	case $explained in
	*hypervisor=off*) ;;
	*) die "explain does not show the change that the rules make" ;;
	esac
	case $seen in
	*TCG*) die "with the rules the guest still sees the signature" ;;
	*"hypervisor-bit 0"*) ;;
	*) die "with the rules the guest should see hypervisor-bit 0" ;;
	esac
	say "It works: the hypervisor bit went from 1 to 0 and the signature is gone."
}

# ---------------------------------------------------------------------- test

run_tests() {
	provide "$build_needs$demo_needs$test_needs"
	provide "$fuzz_needs"
	if command -v apt-get >/dev/null; then provide "$page_needs"; fi
	build all
	fetch_kernel
	make check-all
}

# Guests that boot Linux boot the distribution's own kernel, kept outside the tree.
fetch_kernel() {
	if command -v apt-get >/dev/null; then
		tests/vm/fetch-kernel.sh || die "no kernel for the tests of guests"
	else
		say "No apt-get to fetch a kernel with: tests of Linux guests will be skipped."
	fi
}

usage() {
	cat >&2 <<'TEXT'
usage: ./install.sh demo     build kvmshim and see it at work on a real QEMU
       ./install.sh test     build kvmshim and run every test
TEXT
	exit 2
}

[ $# -eq 1 ] || usage
case $1 in
demo) demo ;;
test) run_tests ;;
*) usage ;;
esac
