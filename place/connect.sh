# SPDX-License-Identifier: GPL-2.0-or-later
# connect.sh - libvirt's hook, and AppArmor's word on what confined VMs may do.
# shellcheck shell=sh disable=SC2034,SC2154  # variables of kvmshim-place, which reads this

hook=/usr/sbin/kvmshim-hook
hooks=/etc/libvirt/hooks
apparmor=/etc/apparmor.d

# virtqemud runs QEMU where libvirt has one daemon for each task, else libvirtd does all.
daemons='virtqemud libvirtd'

# Does it run? Its PID is in $pid.
runs() {
	pid=$(cat "/run/$1.pid" 2>/dev/null) || return
	case $(readlink "/proc/$pid/exe") in
	*/"$1" | */"$1 (deleted)") ;;
	*) return 1 ;;
	esac
}

# Both can be installed. Both are of one version, but for one in /usr/local.
libvirt_version() {
	for test in runs 'command -v'; do
		for daemon in $daemons; do
			! $test "$daemon" >/dev/null || { "$daemon" --version | sed 's/.* //'; return; }
		done
	done
}

# Folders of hooks are known since libvirt 6.5.
hook_link() {
	if [ "$(printf '%s\n6.5.0\n' "$1" | sort -V | head -n 1)" = 6.5.0 ]; then
		echo "$hooks/qemu.d/50-kvmshim"
	else
		echo "$hooks/qemu"
	fi
}
is_our_link() { [ "$(readlink "$1")" = "$hook" ]; }

link_hook() { mkdir -p "${1%/*}" && ln -s "$hook" "$1"; }

connect_hook() {
	[ "$dry" ] || is_program "$hook" || { warn "$hook $missing"; return; }
	link=$(hook_link "$1")
	if is_our_link "$link"; then
		return
	elif ! there "$link"; then
		act link_hook "$link" || { warn "$link: $why"; return; }
		[ "$dry" ] || say "$link: the hook is installed"
		tell_daemon
	elif [ "$link" = "$hooks/qemu" ]; then
		warn "$link is not from kvmshim. Add this line near its end, so that it calls the kvmshim hook with the same arguments and XML:"
		say "    printf '%s\\n' \"\$xml\" | $hook \"\$@\" || exit 1    # xml=\$(cat), read at its beginning" >&2
	else
		warn "$link is not from kvmshim, so it is not changed"
	fi
}

# libvirt looks for hooks when it starts, and when it is told to read its settings again
# (tried: 9.0). Running VMs do not mind either.
tell_daemon() {
	for daemon in $daemons; do
		! runs "$daemon" || act kill -HUP "$pid" ||
			warn "systemctl restart $daemon is necessary: $why"
	done
}

# libvirt-qemu.d is read by the abstraction itself where libvirt is new enough; elsewhere
# by a line in the file that is the admin's. Newer versions of libvirt do not read that file.
snippet=abstractions/libvirt-qemu.d/kvmshim
include_line="include if exists <$snippet>    # kvmshim-place"
abstraction=$apparmor/abstractions/libvirt-qemu
local_file=$apparmor/local/abstractions/libvirt-qemu

# "#include" is an include too, and "# include" is a comment.
includes() { grep -qsE "^[[:blank:]]*#?include[[:blank:]]+(if[[:blank:]]+exists[[:blank:]]+)?<$2>" "$1"; }
reads_folder() { includes "$abstraction" abstractions/libvirt-qemu.d; }
reads_local() { includes "$abstraction" local/abstractions/libvirt-qemu; }
has_line() { grep -qsxF "$include_line" "$local_file"; }
reads_snippet() { reads_folder || { reads_local && has_line; }; }
is_confined() { [ -e "$apparmor/$snippet" ] && [ -e "$abstraction" ]; }

add_line() { printf '%s\n' "$include_line" >>"$local_file"; }
# Written in place: it is another's file, with a mode and a label of its own.
drop_line() {
	rest=$(grep -vxF "$include_line" "$local_file" || :; echo .)
	printf %s "${rest%.}" >"$local_file"
}

connect_apparmor() {
	is_confined || return 0
	if reads_folder; then
		! has_line || act drop_line || warn "$local_file: $why"    # of an older libvirt
	elif ! reads_local; then
		warn "AppArmor does not let VMs start the real emulator NAME.real, because $abstraction does not read libvirt-qemu.d; add this line to it: include if exists <abstractions/libvirt-qemu.d>"
	elif has_line; then
		return
	elif [ -e "$local_file" ]; then
		act add_line || warn "$local_file: $why"
	else
		warn "AppArmor does not let VMs start the real emulator NAME.real, because $local_file is missing; create it with this line: $include_line"
	fi
}

connect() {
	version=$(libvirt_version)
	if [ "$version" ]; then
		connect_hook "$version"
	else
		say "libvirt is not installed. After you install it, run: kvmshim-place connect"
	fi
	connect_apparmor
}

# A VM has a journal also without anything from the host in it; one that is not believed,
# or cannot be asked for, may have all.
still_has() {
	journal=$(kvmshim status --json "$1" 2>/dev/null) || :
	devices=$(say "$journal" | sed -n 's/^ *"pci": "\(.*\)",$/\1/p' | tr '\n' ' ')
	name=$(say "$journal" | sed -n 's/^      "name": "\(.*\)",$/\1/p')
	case $(say "$journal" | tr -d ' \n') in
	*'"devices":[],"steps":[],"stuck":[]'*) return 1 ;;
	*'"kind":"hand"'*) warn "${devices:-a device }is still bound by kvmshim bind: kvmshim unbind ${devices% }" ;;
	*'"life":"left-over"'*) warn "VM ${name:-$1} has stopped, but the hook has not returned its devices or huge pages: kvmshim recover" ;;
	*'"life":'*) warn "VM ${name:-$1} still has devices or huge pages from the hook: stop it first" ;;
	*) warn "VM $1 possibly has devices from the hook, but its journal cannot be read: kvmshim status" ;;
	esac
}

# Only the hook gives devices back.
disconnect() {
	refused=''
	for vm in /run/kvmshim/vm/*; do
		! there "$vm/journal.json" || ! still_has "${vm##*/}" || refused=1
	done
	[ ! "$refused" ] || exit 1
	for link in "$hooks/qemu.d/50-kvmshim" "$hooks/qemu"; do
		is_our_link "$link" || continue
		act rm -f "$link" || warn "$link: $why"
		tell_daemon
	done
	if [ -d "$hooks/qemu.d" ] && [ "$(owner_of "$hooks/qemu.d")" = none ]; then
		act rmdir "$hooks/qemu.d" || :    # it holds others
	fi
	! has_line || act drop_line || warn "$local_file: $why"
}
