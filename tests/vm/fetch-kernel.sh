#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fetch-kernel.sh - what the machines in tests/vm and tests/guest boot: this
# distribution's own kernel, a static busybox and kmod, downloaded by apt-get
# (which checks the signatures) and unpacked. Nothing is installed, no root is
# needed. Done once: where all is there already this ends at once.
#
# usage: fetch-kernel.sh [FOLDER]    default: $KVMSHIM_KERNEL, else
#                                    ${XDG_CACHE_HOME:-~/.cache}/kvmshim/kernel
#
# In the folder afterwards (0.5 GB):
#   vmlinux    the kernel, unpacked
#   modules    a link to lib/modules/VERSION, with its index
#   busybox    static
#   kmod       as depmod it made the index, as modprobe it serves in the machine:
#              busybox's ignores the softdep that brings vfio_iommu_type1 with vfio
set -eu
PATH=$PATH:/usr/sbin:/sbin

die() { echo "fetch-kernel.sh: $*" >&2; exit 1; }

folder=${1:-${KVMSHIM_KERNEL:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmshim/kernel}}
[ ! -e "$folder/vmlinux" ] || exit 0
mkdir -p "$(dirname "$folder")"
exec 9>>"$folder.lock"
flock 9
[ ! -e "$folder/vmlinux" ] || exit 0    # somebody else was quicker
command -v apt-get >/dev/null || die "no apt-get here, so nothing to fetch a kernel with"

# A folder is there whole or not at all.
new=$folder.new
rm -rf "$new"
mkdir -p "$new/deb"
trap 'rm -rf "$new"' EXIT

# The kernel of a metapackage is one package on Debian 13, and two to four on Ubuntu and sid.
kernel_packages() {
	apt-cache depends --recurse --no-suggests --no-recommends --no-conflicts --no-breaks \
		--no-replaces --no-enhances "$1" 2>/dev/null |
		grep -E '^linux-(image|base|binary|modules|modules-extra)-[0-9]'
}
packages=$(kernel_packages linux-image-amd64 || kernel_packages linux-image-generic) ||
	die "apt-get knows no kernel package; is its list there (apt-get update)?"

# shellcheck disable=SC2086  # a list of words
(cd "$new/deb" && apt-get -q download $packages busybox-static kmod) >"$new/log" 2>&1 ||
	{ cat "$new/log" >&2; die "apt-get could not download; try again after apt-get update"; }
for deb in "$new"/deb/*.deb; do
	dpkg-deb -x "$deb" "$new"
done
rm -r "$new/deb" "$new/log"

# Newer packages have everything below usr.
for part in bin lib; do
	[ -e "$new/$part" ] || ln -s "usr/$part" "$new/$part"
done
vmlinuz=$(find "$new/boot/" "$new/lib/modules/" -name 'vmlinuz*' 2>/dev/null | sort | tail -n 1)
case $vmlinuz in
*/vmlinuz) version=${vmlinuz%/*} version=${version##*/} ;;    # beside its modules, on sid
*) version=${vmlinuz##*/vmlinuz-} ;;
esac
[ -n "$version" ] || die "no kernel in $packages"
ln -s "lib/modules/$version" "$new/modules"
[ -x "$new/busybox" ] || ln -s bin/busybox "$new/busybox"
ln -s bin/kmod "$new/kmod"
(exec -a depmod "$new/kmod" -b "$new" "$version") || die "depmod failed"

# QEMU's emulated CPU needs 3 s to unpack a kernel, so that is done here; the
# bare ELF is started through its PVH entry. Documentation/arch/x86/boot.rst:
# setup_sects is at 0x1f1, payload_offset at 0x248, payload_length at 0x24c; the
# last 4 bytes of the payload are its size unpacked, no part of the stream.
read -r offset length < <(od -An -tu4 -j $((0x248)) -N 8 "$vmlinuz")
read -r sectors < <(od -An -tu1 -j $((0x1f1)) -N 1 "$vmlinuz")
payload() { tail -c "+$(((sectors + 1) * 512 + offset + 1))" "$vmlinuz" | head -c $((length - 4)); }
case $(payload 2>/dev/null | head -c 4 | od -An -tx1 | tr -d ' \n') in
fd377a58) unpack=xz ;;
28b52ffd) unpack=zstd ;;
1f8b*) unpack=gzip ;;
*) die "$vmlinuz is packed in a way not known here" ;;
esac
payload | "$unpack" -dc >"$new/vmlinux" || die "cannot unpack $vmlinuz: is $unpack there?"

rm -rf "$folder"
mv "$new" "$folder"
