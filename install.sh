#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# install.sh - what can be done with a clone of kvmshim. Each task installs
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

. place/trust.sh

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
# What most tests run; test_needs is for the rest of them.
check_needs='
module:cmocka         libcmocka-dev  libcmocka-devel
module:fuse3          libfuse3-dev   fuse3-devel
command:fusermount3   fuse3          fuse3
command:prove         perl           perl
works:perl            perl           perl
command:strace        strace         strace
command:libvirtd      libvirt-daemon-system libvirt-daemon-driver-qemu,libvirt-daemon
command:virsh         libvirt-clients libvirt-client
command:systemd-analyze systemd      systemd
command:dash          dash           dash
command:bash          bash           bash
command:python3       python3        python3
works:yaml            python3-yaml   python3-pyyaml
command:lspci         pciutils       pciutils
command:fuser         psmisc         psmisc
command:driverctl     driverctl      driverctl
'
test_needs='
works:sanitizers      gcc            libasan,libubsan
command:clang         clang          clang
command:clang-tidy    clang-tidy     clang-tools-extra
command:cppcheck      cppcheck       cppcheck
command:shellcheck    shellcheck     ShellCheck
command:valgrind      valgrind       valgrind
command:man           man-db         man-db
command:mandoc        mandoc         mandoc
command:cpio          cpio           cpio
command:xz            xz-utils       xz
command:zstd          zstd           zstd
'
# The tests of installing do so on a Debian that is made by apt's means.
install_test_needs='
command:debootstrap   debootstrap
command:dh            debhelper
file:/usr/share/doc/build-essential build-essential
command:lintian       lintian
command:rpmbuild      rpm
command:checkmodule   checkpolicy
command:semodule_package semodule-utils
command:ansible-playbook ansible-core
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
		die "this needs root, and sudo is not installed: $*"
	fi
}

# RHEL and its kin keep -devel packages in a repository that is off at first.
builder_repository() {
	dnf -q repolist --all 2>/dev/null |
		awk '$1 ~ /^(crb|powertools|codeready-builder.*-rpms)$/ { print "--enablerepo=" $1 }'
}

# Runs a package manager. Of what it says when it fails, the first error is the cause.
install_by() {
	output=$(as_root "$@" 2>&1) || die "${packages}cannot be installed: $(
		say "$output" | grep -m 1 '^E: \|^Error: ' || say "$output" | tail -n 1)"
}

provide() {
	packages=$(missing "$1")
	[ -n "$packages" ] || return 0
	# Below, $packages and what builder_repository prints are lists of words.
	if command -v apt-get >/dev/null; then
		say "Installing ${packages}with apt-get."
		as_root apt-get -qq update >/dev/null 2>&1 ||
			say "(apt-get update failed; continuing with the existing package lists)"
		# shellcheck disable=SC2086
		install_by env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
			-o DPkg::Lock::Timeout=300 --no-install-recommends install $packages
	elif command -v dnf >/dev/null; then
		say "Installing ${packages}with dnf."
		# shellcheck disable=SC2046,SC2086
		install_by dnf -q -y $(builder_repository) install $packages
	else
		die "this host has no apt-get and no dnf; install the packages that contain: $packages"
	fi
	packages=$(missing "$1")
	[ -z "$packages" ] || die "still missing after the installation: $packages"
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
		die "build/ has files of another user; remove build/ and try again"
}

build() {
	settle_build
	trap settle_build EXIT
	say "Building: make $*"
	quietly make -j "$(nproc)" "$@"
}

# ---------------------------------------------------------------------- demo

demo() {
	provide "$build_needs$demo_needs"
	build all build/cpuid.img
	# shellcheck source=demo/demo.sh
	. demo/demo.sh
	show_demo
}

# ---------------------------------------------------------------------- test

run_tests() {
	provide "$build_needs$demo_needs$check_needs"
	[ "$short" ] || provide_for_all
	[ ! "$only_packages" ] || return 0
	build all
	if [ "$short" ]; then
		make -j "$(nproc)" check-short
	else
		fetch_kernel_and_root
		make check-all
	fi
}

provide_for_all() {
	provide "$test_needs"
	provide "$fuzz_needs"
	if command -v apt-get >/dev/null; then provide "$page_needs$install_test_needs"; fi
}

# What tests start and install into, kept outside the tree: the distribution's own kernel
# for guests that boot Linux, and a Debian.
fetch_kernel_and_root() {
	if command -v apt-get >/dev/null; then
		tests/vm/fetch-kernel.sh || die "the kernel for the tests with VMs is missing"
		as_root env HOME="$HOME" tests/install/fetch-root.sh || die "the root directory for the installation tests is missing"
	else
		say "apt-get is not installed: the tests with Linux VMs and of the installation are skipped."
	fi
}

# --------------------------------------------------------- install, uninstall

# What stands in front of emulators, and how it comes there, is kvmshim-place's.
place=place/kvmshim-place
conf=/etc/kvmshim/kvmshim.conf
shipped_conf=/usr/lib/kvmshim/kvmshim.conf
state=/var/lib/kvmshim
files=$state/files    # what was put on this machine; a folder ends in '/'
stage=build/stage
dry=''

# Two people at it would build into the same folder. A folder that is always there is
# locked, so that no file is left behind.
alone() {
	exec 8</usr/lib
	flock -n 8 || { say "Another install.sh is running; waiting."; flock -w 1800 8 || die "the other install.sh has not finished after 1800 s"; }
}

# Before anything is done: a package of kvmshim sees to itself, a read-only system to nothing.
judge_host() {
	[ "$(id -u)" = 0 ] || [ "$dry" ] || die "this needs root: sudo ./install.sh $task"
	! "$place" packaged >/dev/null || die "kvmshim is installed as a package; use the package manager to install or remove it"
	for folder in /usr/sbin /usr/lib /usr/share /etc /var/lib; do
		[ -w "$folder" ] || [ "$(id -u)" != 0 ] || die "$folder is not writable; check if it is on a read-only file system"
	done
	# Nobody else may put links where root writes.
	for folder in /usr/sbin /usr/lib/kvmshim /usr/share/man /etc/kvmshim/rules.d "$state"; do
		why=$(distrust_folder "$folder/file")
		[ ! "$why" ] || die "$folder: $why"
	done
}

# All files as they will be on the machine, in a folder. Settings that were edited stay.
stage_files() {
	rm -rf "$stage"
	quietly make install DESTDIR="$stage"
	if [ -d /etc/dpkg/dpkg.cfg.d ]; then
		install -D -m 644 contrib/dpkg/kvmshim "$stage/etc/dpkg/dpkg.cfg.d/kvmshim"
	fi
	[ -d /etc/apparmor.d ] || rm -r "$stage/etc/apparmor.d"
	if [ -e "$conf" ] && ! cmp -s "$conf" "$shipped_conf"; then
		rm "$stage$conf"
		say "$conf was edited and is kept; the new version is $shipped_conf."
	fi
}

staged() { (cd "$stage" && find . -mindepth 1 -type "$1" | sed 's/^\.//'); }

# What is put on the machine is noted before it is.
note_files() {
	mkdir -p "$state"
	{
		cat "$files" 2>/dev/null || :
		staged f
		staged d | while read -r folder; do [ -d "$folder" ] || say "$folder/"; done
	} | sort -u >"$files.new" && mv "$files.new" "$files"
}

# Files come to stand by rename, and only when all are on the disk: where it is full
# what was there before stays as it was.
put_files() {
	note_files || return 1
	staged d | while read -r folder; do mkdir -p "$folder" || exit 1; done &&
		staged f | while read -r file; do cp --remove-destination -T --preserve=mode "$stage$file" "$file.kvmshim-new" || exit 1; done &&
		staged f | while read -r file; do mv -f "$file.kvmshim-new" "$file" || exit 1; done
}

tell_systemd() { [ ! -d /run/systemd/system ] || systemctl daemon-reload; }

# What else the admin has switched on, and path units of what is on no list.
switch_off() {
	for unit in /etc/systemd/system/multi-user.target.wants/kvmshim-place@*.path \
		/etc/systemd/system/timers.target.wants/kvmshim-devices.timer; do
		[ ! -L "$unit" ] || systemctl -q disable --now "${unit##*/}"
	done
}

install_kvmshim() {
	failed=''
	judge_host
	if [ "$dry" ]; then
		packages=$(missing "$build_needs")
		[ -z "$packages" ] || say "would install: $packages"
		say "would build, and install into $state, /etc/kvmshim, /usr/lib/kvmshim, /usr/sbin and /usr/share/man: make install"
		# shellcheck disable=SC2086  # paths without blanks
		"$place" -n place $emulators || failed=1
		"$place" -n connect || failed=1
		return "${failed:-0}"
	fi
	alone
	provide "$build_needs"
	build all
	stage_files
	[ -e "$files" ] && fresh='' || fresh=1
	if ! why=$(put_files 2>&1); then
		staged f | while read -r file; do rm -f "$file.kvmshim-new"; done
		[ ! "$fresh" ] || remove_files
		die "$(say "$why" | tail -n 1); nothing was changed"
	fi
	! command -v restorecon >/dev/null || staged f | xargs restorecon
	tell_systemd
	# One emulator that is refused keeps nothing else from being done.
	# shellcheck disable=SC2086  # paths without blanks
	"$place" place $emulators || failed=1
	"$place" connect || failed=1
	say "
Write your rules in /etc/kvmshim/rules.d: see man kvmshim-rules. As long as no rule
exists, VMs run as before.
"
	"$place" status || failed=1
	return "${failed:-0}"
}

# Settings that were edited, and rules, stay unless they are purged.
uninstall_kvmshim() {
	judge_host
	if [ ! -e "$files" ] && [ -e /usr/lib/kvmshim ]; then
		die "$files, the list of installed files, is missing: run ./install.sh install, then ./install.sh uninstall"
	elif [ ! -e "$files" ] && [ ! -e "$state" ]; then
		say "kvmshim is not installed."
	elif [ "$dry" ]; then
		"$place" -n disconnect
		"$place" -n unplace
		to_remove | sed 's/^/would remove: /; /\/$/s/$/ (if it is empty)/'
	else
		alone
		"$place" disconnect
		"$place" unplace
		switch_off
		remove_files
		say "kvmshim is uninstalled. The packages that were installed for it are kept."
	fi
	if [ "$purge" ] && [ -e /etc/kvmshim ]; then
		if [ "$dry" ]; then say "would remove: /etc/kvmshim"; else rm -r /etc/kvmshim; fi
	fi
	[ ! -e /etc/kvmshim ] || say "/etc/kvmshim is kept; --purge removes it."
}

# All that was put here, but settings that were edited. One that is not there yet was not
# edited: an installation that was killed.
to_remove() {
	edited=$conf
	if [ ! -e "$conf" ] || cmp -s "$conf" "$shipped_conf" || cmp -s "$conf" contrib/kvmshim.conf; then edited=''; fi
	[ ! -e "$files" ] || grep -vxF "$edited" "$files" || :
}

remove_files() {
	to_remove >"$files.new"
	grep -v '/$' "$files.new" | while read -r file; do rm -f "$file" "$file.kvmshim-new"; done
	grep '/$' "$files.new" | sort -r | while read -r folder; do
		[ ! -d "$folder" ] || rmdir --ignore-fail-on-non-empty "$folder"
	done
	rm -r "$state"
	[ ! -d /run/kvmshim ] || find /run/kvmshim -depth -type d -empty -delete
	tell_systemd
}

# ---------------------------------------------------------------------- main

usage() {
	cat >&2 <<'TEXT'
usage: ./install.sh demo        build kvmshim and show what it does with a real QEMU
       ./install.sh test [--short] [--packages]
                                build kvmshim and run every test; --short: only the
                                tests that need some minutes; --packages: only install
                                the packages that the tests need
       ./install.sh install [--emulator PATH]... [--dry-run]
                                build and install it, in front of these emulators,
                                or of the emulators that libvirt uses
       ./install.sh uninstall [--purge] [--dry-run]
                                restore the old state; --purge: also remove settings
                                and rules
       ./install.sh status      show each part, and if it is correct
TEXT
	exit 2
}

task=${1:-}
[ $# = 0 ] || shift
emulators='' purge='' short='' only_packages=''
while [ $# != 0 ]; do
	case $task:$1 in
	install:--emulator) [ $# -gt 1 ] || usage; emulators="$emulators $2"; shift ;;
	install:--emulator=*) emulators="$emulators ${1#*=}" ;;
	install:--dry-run | uninstall:--dry-run) dry=1 ;;
	uninstall:--purge) purge=1 ;;
	test:--short) short=1 ;;
	test:--packages) only_packages=1 ;;
	*) usage ;;
	esac
	shift
done

case $task in
demo) demo ;;
test) run_tests ;;
install) install_kvmshim ;;
uninstall) uninstall_kvmshim ;;
status)
	[ -e "$files" ] || "$place" packaged >/dev/null || { say "kvmshim is not installed."; exit 1; }
	"$place" status ;;
*) usage ;;
esac
