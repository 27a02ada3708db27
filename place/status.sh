# SPDX-License-Identifier: GPL-2.0-or-later
# status.sh - whether each part is in place, and as it should be.
# shellcheck shell=sh disable=SC2034,SC2154  # variables of kvmshim-place, which reads this

# row ok|warn|fail WHAT TEXT
row() {
	printf '%-5s %-30s %s\n' "$@"
	[ "$1" != fail ] || failed=1
}

emulator_row() {
	case $(state_of "$1") in
	front)
		if is_program "$wrapper" && ! cmp -s "$wrapper" "$1"; then
			row fail "$1" "behind another version of the wrapper: kvmshim-place refresh"
		elif [ "$(find "$1.real" -prune -cnewer "$1")" ]; then
			row fail "$1" "was upgraded, and libvirt not told: kvmshim-place refresh"
		elif [ "$2" = dpkg ] && ! diverted "$1"; then
			row fail "$1" "not diverted, so an upgrade takes the wrapper away: kvmshim-place refresh"
		elif ! version=$("$1" -version 2>&1); then
			row fail "$1" "does not run: $version"
		else
			row ok "$1" "behind the wrapper: $(say "$version" | head -n 1)"
		fi ;;
	both) row fail "$1" "$(clash "$1")" ;;
	orphan) row fail "$1" "$(orphaned "$1")" ;;
	headless | absent)
		if ! there "$1.real" || gone "$1" "$2"; then
			row ok "$1" "not there; when its package comes back, so does the wrapper"
		else
			row fail "$1" "is not there, but $1.real: kvmshim-place refresh"
		fi ;;
	*) row fail "$1" "not behind the wrapper: kvmshim-place refresh" ;;
	esac
}

upgrades_row() {
	if by=$(packaged); then
		row ok upgrades "a trigger of $by"
	elif [ -e "$dpkg_cfg" ]; then
		row ok upgrades "$dpkg_cfg"
	elif ! by_units; then
		row warn upgrades "run kvmshim-place refresh after each of QEMU's"
	elif [ "$(unwatched)" ]; then
		row fail upgrades "not watched: kvmshim-place place $(unwatched)"
	else
		row ok upgrades "path units of systemd"
	fi
}

hook_row() {
	version=$(libvirt_version)
	[ "$version" ] || { row ok hook "not linked: there is no libvirt"; return; }
	link=$(hook_link "$version")
	if ! is_program "$hook"; then
		row fail hook "$hook $missing"
	elif is_our_link "$link"; then
		row ok hook "$link"
	else
		row fail hook "not linked: kvmshim-place connect"
	fi
}

programs_row() {
	for program in "$wrapper" "$hook" /usr/sbin/kvmshim; do
		is_program "$program" || { row fail programs "$program $missing"; return; }
	done
	if version=$(kvmshim --version 2>&1); then
		row ok programs "$version"
	else
		row fail programs "kvmshim does not run: $version"
	fi
}

rules_row() {
	is_program /usr/sbin/kvmshim || return 0
	if check=$(kvmshim check 2>&1); then set ok; else set fail; fi
	row "$1" rules "$(say "$check" | tail -n 1)"
}

status() {
	programs_row
	[ "$(recorded)" ] || row warn emulators "the wrapper is in front of none: kvmshim-place place PATH"
	while read -r name owner; do
		[ ! "$name" ] || emulator_row "$name" "$owner"
	done <<TEXT
$(cat "$list" 2>/dev/null)
TEXT
	upgrades_row
	hook_row
	if is_confined; then
		if reads_snippet; then row ok AppArmor "$apparmor/$snippet"; else row fail AppArmor "not told: kvmshim-place connect"; fi
	fi
	rules_row
}
