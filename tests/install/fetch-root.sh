#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fetch-root.sh - the root that tests/install install into: this distribution,
# made by debootstrap from the mirror that apt uses here, with QEMU, libvirt and
# what a build needs. The tests write to an overlay of it. Done once: where it is
# there already, and by this script as it is now, this ends at once.
#
# usage: fetch-root.sh [FOLDER]    default: $KVMSHIM_ROOTFS, else
#                                  ${XDG_CACHE_HOME:-~/.cache}/kvmshim/root
#
# In the folder afterwards (1.2 GB):
#   root    the root
#   debs    two versions of QEMU, to go up and down between
#   made    a checksum of this script
set -eu
PATH=$PATH:/usr/sbin:/sbin

die() { echo "fetch-root.sh: $*" >&2; exit 1; }

packages=(qemu-system-x86 libvirt-daemon-system libvirt-clients apparmor rpm
	gcc make pkg-config libc6-dev libjson-c-dev libinih-dev libpci-dev libxml2-dev)
versioned=(qemu-system-x86 qemu-system-common)

made=$(cksum <"$0")
folder=${1:-${KVMSHIM_ROOTFS:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmshim/root}}
ready() { [ "$(cat "$folder/made" 2>/dev/null)" = "$made" ]; }

! ready || exit 0
[ "$(id -u)" = 0 ] || die "only root can make a root"
command -v debootstrap >/dev/null || die "no debootstrap here"
mkdir -p "$(dirname "$folder")"
exec 9>>"$folder.lock"
flock 9
! ready || exit 0    # somebody else was quicker

# The distribution's own archives, as apt has them: URI, suite, component a line.
# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
archives() {
	# shellcheck disable=SC2016  # apt-get fills them in
	apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
		sed -nE "s/^(Debian|Ubuntu) ([^ ]+ ${codename}[^ ]* )/\2/p" | sort -u
}
mirror=$(archives | awk -v suite="$codename" '$2 == suite { print $1; exit }')
[ -n "$mirror" ] || die "apt knows no archive of $codename; is its list there (apt-get update)?"
eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
[ -z "${http_proxy:-}" ] || export http_proxy

# What fails prints a lot, what succeeds nothing.
log=$folder.log
quietly() {
	"$@" >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "failed: $*"; }
}
in_root() {
	unshare --mount --pid --fork --kill-child --propagation private sh -ec '
		mount -t proc proc "$0/proc"
		exec chroot "$0" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"' "$new/root" "$@"
}

# A folder is there whole or not at all.
new=$folder.new
rm -rf "$new"
mkdir -p "$new/debs"
trap 'rm -rf "$new"' EXIT

quietly debootstrap --variant=minbase "$codename" "$new/root" "$mirror"
archives | sed 's/^/deb /' >"$new/root/etc/apt/sources.list"
# Daemons are the tests' to start.
printf '#!/bin/sh\nexit 101\n' >"$new/root/usr/sbin/policy-rc.d"
chmod 755 "$new/root/usr/sbin/policy-rc.d"
quietly in_root apt-get -q update
quietly in_root apt-get -q -y dist-upgrade
quietly in_root apt-get -q -y --no-install-recommends install "${packages[@]}"
for package in "${versioned[@]}"; do
	in_root apt-cache madison "$package" | awk '{ print $3 }' | sort -u | while read -r version; do
		quietly in_root sh -ec "cd /tmp && apt-get -q download $package=$version"
	done
done
mv "$new"/root/tmp/*.deb "$new/debs/"

# Of a mirror that has one version only, another is made.
repack() {
	quietly dpkg-deb -R "$1" "$new/repack"
	sed -i '/^Version:/s/$/+again/' "$new/repack/DEBIAN/control"
	echo again >>"$new/repack/usr/bin/qemu-system-x86_64"
	quietly dpkg-deb --root-owner-group -Znone -b "$new/repack" "${1%%_*}_$(dpkg-deb -f "$1" Version | sed 's/:/%3a/')+again_again.deb"
	rm -r "$new/repack"
}
two=("$new"/debs/qemu-system-x86_*.deb)
[ "${#two[@]}" -gt 1 ] || repack "${two[0]}"
in_root apt-get clean
rm -f "$log"

echo "$made" >"$new/made"
rm -rf "$folder"
mv "$new" "$folder"
