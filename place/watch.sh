# SPDX-License-Identifier: GPL-2.0-or-later
# watch.sh - who calls kvmshim-place when packages come and go.
# shellcheck shell=sh disable=SC2034,SC2154  # variables of kvmshim-place, which reads this

dpkg_cfg=/etc/dpkg/dpkg.cfg.d/kvmshim
wants=/etc/systemd/system/multi-user.target.wants

# The package manager that has kvmshim itself as a package.
packaged() {
	if dpkg-query -W -f '${Status}' kvmshim 2>/dev/null | grep -q ' installed$'; then
		echo dpkg
	else
		rpm_says -q kvmshim && echo RPM
	fi
}

# Where no package manager does, systemd: by a path unit for each emulator. Packages of
# kvmshim bring no such units.
by_units() {
	[ -d /run/systemd/system ] && [ -e /usr/lib/systemd/system/kvmshim-place@.path ] && [ ! -e "$dpkg_cfg" ]
}
unit_of() { systemd-escape --template=kvmshim-place@.path -p "$1"; }

watch() { ! by_units || act systemctl -q enable --now "$(unit_of "$1")"; }
unwatch() { ! by_units || act systemctl -q disable --now "$(unit_of "$1")"; }
is_watched() { [ -L "$wants/$(unit_of "$1")" ] && systemctl -q is-active "$(unit_of "$1")"; }

unwatched() {
	recorded | while read -r name; do is_watched "$name" || say "$name"; done | paste -s -d ' ' -
}
