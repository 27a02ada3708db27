#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# releases.sh - the tests on other releases of Debian, each in a root of its own that
# debootstrap makes from the mirror that apt uses here. The clone is copied to
# /root/kvmshim of an overlay of the root in memory, in private namespaces, and all is
# done there as a user does it: `./install.sh test`, demo, install, uninstall.
#
# usage: releases.sh [--short | --do COMMAND] RELEASE...    e.g. trixie sid, as root
#
# --short  without the tests that need a VM, libvirt or a root to install into, and
#          without sanitizers, fuzzers, campaign and lint: 12 minutes and not an hour
# --do     this shell command in the clone there instead, e.g. 'make -j2 check T=unit'
#
# Roots are in $KVMSHIM_RELEASES, else ${XDG_CACHE_HOME:-~/.cache}/kvmshim/releases, in
# RELEASE (0.7 GB each); what the tests of a release keep is in RELEASE.cache. A root is
# made once; remove the folder to get the newest packages. Exit status: 1 if a test
# fails; where no archive can be reached a release is skipped, with MUST_WORK=1 it fails.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/lib/debian.sh
. "$here/tests/lib/debian.sh"

usage() { sed -n '/^# usage/,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0" >&2; exit 2; }

# ------------------------------------------------------------------- a root

# It has what install.sh installs for `test --short`; the whole form installs the rest.
needs() { grep -E '^(command|file|module|works):' "$here/install.sh"; }

skip() {
	[ -z "${MUST_WORK:-}" ] || die "MUST_WORK=1 but: $*"
	echo "releases.sh: skipped: $*"
}

# Why there can be no root of this release; nothing where there can be.
obstacle() {
	local mirror file
	command -v debootstrap >/dev/null || { echo "debootstrap is not installed"; return; }
	command -v apt-get >/dev/null || { echo "no apt-get here"; return; }
	[ -n "$(debian_here)" ] || apt-get -qq update >/dev/null 2>&1 || :
	mirror=$(debian_mirror "$1")
	[ -n "$mirror" ] || { echo "apt knows no archive of Debian"; return; }
	file=$(mktemp)
	/usr/lib/apt/apt-helper -o Acquire::Retries=1 download-file "${mirror%/}/dists/$1/InRelease" "$file" >/dev/null 2>&1 ||
		echo "$mirror has no release $1, or cannot be reached"
	rm -f "$file"
}

root_sum() { debian_sum "$(needs; declare -f make_root)"; }

make_root() {
	debian_folder "$1" "$(root_sum)" || return 0
	echo "Making a root of $release (some minutes)."
	debian_bootstrap "$release"
	mkdir -p "$new/root/root/install"
	cp "$here/install.sh" "$new/root/root/install/"
	quietly in_root /root/install/install.sh test --short --packages
	rm -r "$new/root/root/install"
	quietly in_root apt-get clean
	rm -rf "$new"/root/var/lib/apt/lists/*
	debian_done
}

# ------------------------------------------------------------------- a run

# In the root. The home is one that nobody else may enter, as Fedora makes it.
begin='set -eu; cd /root/kvmshim'
whole='./install.sh test'
short='./install.sh test --short'
versions='
dpkg-query -W -f "\${db:Status-Abbrev} \${Package} \${Version}\n" qemu-system-x86 libvirt-daemon-system \
	"libjson-c[0-9]*" "libinih[0-9]*" "libxml2*[0-9t]" "libcmocka[0-9]*" gcc 2>/dev/null | sed -n "s/^ii */    /p"
'
life='
./install.sh demo
./install.sh install
./install.sh status
./install.sh uninstall --purge
changed=$(dpkg -V qemu-system-x86 libvirt-daemon-system | grep -v " /usr/share/" || :)
[ -z "$changed" ] || { echo "uninstall left changed: $changed" >&2; exit 1; }
'

# First process of the namespaces: mounts, and collects what daemons leave behind.
machine='
set -eu
mount -t tmpfs -o mode=755 tmpfs "$room"
mkdir "$room/upper" "$room/work" "$room/root"
mount -t overlay -o "lowerdir=$folder/root,upperdir=$room/upper,workdir=$room/work" overlay "$room/root"
cd "$room/root"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t devpts -o newinstance,mode=620,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
cp -L /etc/resolv.conf /etc/hosts etc/
chmod 700 root
mkdir -p root/kvmshim root/.cache "$cache"
tar -C "$here" --exclude=./build -c . | tar -C root/kvmshim -x --no-same-owner
mount --bind "$cache" root/.cache
if [ -d "$shared" ]; then
	mkdir root/shared
	mount --bind -o ro "$shared" root/shared
fi
mkdir old
pivot_root . old
cd /
umount -l old
rmdir old
status=0
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 \
	DEBIAN_FRONTEND=noninteractive WERROR=1 MUST_WORK="$MUST_WORK" KVMSHIM_RELEASE=1 http_proxy="$http_proxy" \
	/bin/bash -c "$tasks" </dev/null || status=$?
exit "$status"
'

run_in() {
	local room status=0
	room=$(mktemp -d)
	env room="$room" folder="$1" cache="$1.cache" here="$here" shared="${KVMSHIM_SHARED:-$here/../shared}" \
		MUST_WORK="${MUST_WORK:-}" http_proxy="${http_proxy:-}" tasks="$begin; $tasks" \
		setpriv --pdeathsig KILL \
		unshare --mount --pid --ipc --uts --fork --kill-child --propagation private \
		/bin/bash -c "$machine" || status=$?
	rmdir "$room"
	return "$status"
}

main() {
	local tasks="$versions$whole; $life" failed='' roots release why since result
	case ${1:-} in
	--short) tasks="$versions$short; $life"; shift ;;
	--do) [ $# -gt 2 ] || usage; tasks=$2; shift 2 ;;
	esac
	case "$# $*" in 0* | *[!a-z0-9\ ]*) usage ;; esac
	[ "$(id -u)" = 0 ] || die "this needs root"
	roots=${KVMSHIM_RELEASES:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmshim/releases}
	for release in "$@"; do
		since=$SECONDS why=''
		folder=$roots/$release made=$(root_sum)
		debian_ready || why=$(obstacle "$release")
		if [ -n "$why" ]; then skip "$why"; continue; fi
		make_root "$roots/$release"
		exec 8<"$roots/$release.lock"
		flock -s 8    # nobody makes it anew meanwhile
		echo "== $release"
		if run_in "$roots/$release"; then result=passed; else result=FAILED failed=1; fi
		echo "== $release: $result, $(((SECONDS - since + 59) / 60)) minutes"
	done
	[ -z "$failed" ]
}

main "$@"; exit
