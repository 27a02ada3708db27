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
			row fail "$1" "has another version of the wrapper in front: kvmshim-place refresh"
		elif [ "$(find "$1.real" -prune -cnewer "$1")" ]; then
			row fail "$1" "was upgraded, but libvirt still uses the capabilities of the old version: kvmshim-place refresh"
		elif [ "$2" = dpkg ] && ! diverted "$1"; then
			row fail "$1" "is not diverted, so an upgrade would replace the wrapper: kvmshim-place refresh"
		elif ! version=$(unknown_program "$1" -version 2>&1); then
			row fail "$1" "cannot be run: $version"
		else
			row ok "$1" "is behind the wrapper: $(say "$version" | head -n 1)"
		fi ;;
	both) row fail "$1" "$(clash "$1")" ;;
	orphan) row fail "$1" "$(orphaned "$1")" ;;
	headless | absent)
		if ! there "$1.real" || gone "$1" "$2"; then
			row ok "$1" "is not installed; if its package is installed again, the wrapper is put in front again"
		else
			row fail "$1" "is missing, but $1.real exists: kvmshim-place refresh"
		fi ;;
	*) row fail "$1" "is not behind the wrapper: kvmshim-place refresh" ;;
	esac
}

upgrades_row() {
	if by=$(packaged); then
		row ok upgrades "are handled by a trigger of $by"
	elif [ -e "$dpkg_cfg" ]; then
		row ok upgrades "are handled by $dpkg_cfg"
	elif ! by_units; then
		row warn upgrades "are not detected; run kvmshim-place refresh after each upgrade of QEMU"
	elif [ "$(unwatched)" ]; then
		row fail upgrades "are not watched: kvmshim-place place $(unwatched)"
	else
		row ok upgrades "are watched by path units of systemd"
	fi
}

hook_row() {
	version=$(libvirt_version)
	[ "$version" ] || { row ok hook "is not needed, because libvirt is not installed"; return; }
	link=$(hook_link "$version")
	if ! is_program "$hook"; then
		row fail hook "$hook $missing"
	elif is_our_link "$link"; then
		row ok hook "is installed as $link"
	else
		row fail hook "is not installed: kvmshim-place connect"
	fi
}

programs_row() {
	for program in "$wrapper" "$hook" /usr/sbin/kvmshim; do
		is_program "$program" || { row fail programs "$program $missing"; return; }
	done
	if version=$(kvmshim --version 2>&1); then
		row ok programs "$version"
	else
		row fail programs "kvmshim cannot be run: $version"
	fi
}

rules_row() {
	is_program /usr/sbin/kvmshim || return 0
	if check=$(kvmshim check 2>&1); then set ok; else set fail; fi
	row "$1" rules "$(say "$check" | tail -n 1)"
}

status() {
	programs_row
	[ "$(recorded)" ] || row warn emulators "the wrapper is not in front of an emulator: kvmshim-place place PATH"
	while read -r name owner; do
		[ ! "$name" ] || emulator_row "$name" "$owner"
	done <<TEXT
$(cat "$list" 2>/dev/null)
TEXT
	upgrades_row
	hook_row
	if is_confined; then
		if reads_snippet; then row ok AppArmor "reads $apparmor/$snippet"; else row fail AppArmor "does not read $apparmor/$snippet: kvmshim-place connect"; fi
	fi
	rules_row
}
