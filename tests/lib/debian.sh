# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# debian.sh - a Debian of its own in a folder outside the tree, for fetch-root.sh and
# releases.sh, which source this. A folder is there whole or not at all: a script
# begins with debian_folder, fills $new/root, and ends with debian_done.

PATH=$PATH:/usr/sbin:/sbin

die() { echo "${0##*/}: $*" >&2; exit 1; }

# Of these files and words: where one of them changes, a root is made anew.
debian_sum() {
	local words=$1
	shift
	cat "${BASH_SOURCE[0]}" "$@" - <<<"$words" | cksum
}

debian_ready() { [ "$(cat "$folder/made" 2>/dev/null)" = "$made" ]; }

# Where a root of this checksum is there already: 1. Else $new is an empty folder, and
# nobody else fills it.
debian_folder() {
	folder=$1 made=$2
	! debian_ready || return 1
	[ "$(id -u)" = 0 ] || die "only root can make a root"
	command -v debootstrap >/dev/null || die "no debootstrap here"
	mkdir -p "$(dirname "$folder")"
	exec 9>>"$folder.lock"
	flock 9
	! debian_ready || { exec 9>&-; return 1; }    # somebody else was quicker
	new=$folder.new log=$folder.log
	rm -rf "$new"
	mkdir -p "$new/root"
	trap 'rm -rf "$new"' EXIT
}

debian_done() {
	rm -f "$log"
	echo "$made" >"$new/made"
	rm -rf "$folder"
	mv "$new" "$folder"
	trap - EXIT
	exec 9>&-
}

# What fails prints a lot, what succeeds nothing.
quietly() {
	"$@" >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "failed: $*"; }
}

in_root() {
	unshare --mount --pid --fork --kill-child --propagation private sh -ec '
		mount -t proc proc "$0/proc"
		exec chroot "$0" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"' "$new/root" "$@"
}

# The archives of distributions that apt knows here: URI, suite, component a line.
debian_known() {
	# shellcheck disable=SC2016  # apt-get fills them in
	apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
		sed -nE "s/^(${1:-Debian|Ubuntu}) //p" | sort -u
}

# The release of this machine, by the name that its archive has: os-release of sid and of
# testing has the name of the next release, which an archive need not have.
debian_here() {
	local name
	# shellcheck disable=SC1091
	name=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	debian_known | awk -v name="$name" '
		$2 == name { exact = 1 }
		$2 !~ /-|^experimental$/ { last = $2 }
		END { print exact ? name : last }'
}

# Of the release of this machine, or of another one of the same mirrors. Archives of updates
# are a release's, not sid's.
debian_archives() {
	local here
	here=$(debian_here)
	if [ "$1" = "$here" ]; then
		debian_known | awk -v name="$1" '$2 == name || index($2, name "-") == 1'
	else
		debian_known Debian | awk -v here="$here" -v name="$1" '
			name ~ /^(sid|unstable)$/ && $2 != here { next }
			$2 == here || index($2, here "-") == 1 { $2 = name substr($2, length(here) + 1); print }'
	fi
}

debian_mirror() { debian_archives "$1" | awk -v name="$1" '$2 == name { print $1; exit }'; }

# $new/root becomes the release of this name, as new as its archives are. Daemons are not
# started in it.
debian_bootstrap() {
	local mirror
	mirror=$(debian_mirror "$1")
	[ -n "$mirror" ] || die "apt knows no archive of $1; is its list there (apt-get update)?"
	eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
	[ -z "${http_proxy:-}" ] || export http_proxy
	# A debootstrap that is older than the release makes it as it makes sid.
	local scripts=/usr/share/debootstrap/scripts script=()
	[ -e "$scripts/$1" ] || script=("$scripts/sid")
	quietly debootstrap --variant=minbase "$1" "$new/root" "$mirror" "${script[@]}"
	debian_archives "$1" | sed 's/^/deb /' >"$new/root/etc/apt/sources.list"
	# a mirror that stands still, a proxy
	apt-config dump | grep -E '^Acquire::(Check-|https?::Proxy)' >"$new/root/etc/apt/apt.conf.d/99here" || :
	printf '#!/bin/sh\nexit 101\n' >"$new/root/usr/sbin/policy-rc.d"
	chmod 755 "$new/root/usr/sbin/policy-rc.d"
	quietly in_root apt-get -q update
	quietly in_root apt-get -q -y dist-upgrade
}
