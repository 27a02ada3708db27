#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fetch-root.sh - the root that tests/install install into: this distribution,
# made by debootstrap from the mirror that apt uses here, with QEMU, libvirt and
# what a build needs. The tests write to an overlay of it. Done once: where it is
# there already, and by these scripts as they are now, this ends at once.
#
# usage: fetch-root.sh [FOLDER]    default: $KVMSHIM_ROOTFS, else
#                                  ${XDG_CACHE_HOME:-~/.cache}/kvmshim/root
#
# In the folder afterwards (1.2 GB):
#   root    the root
#   debs    two versions of QEMU, to go up and down between
#   made    a checksum of this script and of debian.sh
set -eu
# shellcheck source=tests/lib/debian.sh
. "$(dirname "$0")/../lib/debian.sh"

packages=(qemu-system-x86 libvirt-daemon-system libvirt-clients apparmor rpm
	gcc make pkg-config libc6-dev libjson-c-dev libinih-dev libpci-dev libxml2-dev)
versioned=(qemu-system-x86 qemu-system-common)

debian_folder "${1:-${KVMSHIM_ROOTFS:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmshim/root}}" "$(debian_sum '' "$0")" || exit 0
codename=$(debian_here)
[ -n "$codename" ] || die "apt knows no archive of a distribution; is its list there (apt-get update)?"
debian_bootstrap "$codename"
quietly in_root apt-get -q -y --no-install-recommends install "${packages[@]}"
mkdir "$new/debs"
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
debian_done
