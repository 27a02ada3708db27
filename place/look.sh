# SPDX-License-Identifier: GPL-2.0-or-later
# look.sh - what is there: the wrapper, an emulator, whose package it is from, where a
# path leads, and whether the wrapper may stand there. Nothing here changes anything.
# shellcheck shell=sh disable=SC2034,SC2154  # variables of kvmshim-place, which reads this

there() { [ -e "$1" ] || [ -L "$1" ]; }
same_file() { [ "$(stat -c %d:%i "$1")" = "$(stat -c %d:%i "$2")" ]; }

is_program() { [ -f "$1" ] && [ -x "$1" ]; }
is_elf() { [ -f "$1" ] && [ "$(head -c 4 "$1" | tail -c 3)" = ELF ]; }
is_script() { [ -f "$1" ] && [ "$(head -c 2 "$1" | tr -d '\0')" = '#!' ]; }

# Any version of our wrapper: an ELF file with its name in it.
is_wrapper() { is_elf "$1" && grep -qF kvmshim-wrapper "$1"; }

# front     the wrapper, and the real one behind it
# bare      an emulator, and no wrapper
# half      the same: a placing or an undoing of it was cut off
# replaced  a new emulator was put over the wrapper; that of before is still behind
# both      something else is there, and a NAME.real; which to keep is not ours to say
# headless  nothing, and a real one behind it
# orphan    the wrapper, and nothing behind it
# absent    nothing
state_of() {
	if is_wrapper "$1"; then
		if there "$1.real"; then echo front; else echo orphan; fi
	elif there "$1"; then
		if ! there "$1.real"; then
			echo bare
		elif same_file "$1" "$1.real"; then
			echo half
		elif is_new_emulator "$1"; then
			echo replaced
		else
			echo both
		fi
	elif there "$1.real"; then
		echo headless
	else
		echo absent
	fi
}

# RPM where it manages packages: it has a database, of one of its three formats. Where it is
# only a tool, to ask would make one, in a folder that Debian's package brings.
rpm_says() {
	command -v rpm >/dev/null || return 1
	rpm_folder=$(rpm --eval '%{_dbpath}')
	for rpm_database in rpmdb.sqlite Packages.db Packages; do
		if [ -e "$rpm_folder/$rpm_database" ]; then
			rpm "$@" >/dev/null 2>&1
			return
		fi
	done
	return 1
}

# Of a diverted path dpkg tells the diversion too.
dpkg_package() { dpkg-query -S "$1" 2>/dev/null | sed -n '/diversion/!s/: .*//p'; }

# Whose package an emulator is from.
owner_of() {
	if [ "$(dpkg_package "$1")" ]; then
		echo dpkg
	elif rpm_says -qf "$1"; then
		echo rpm
	else
		echo none
	fi
}

# gone NAME OWNER: the package that an emulator was from.
gone() { [ "${2:-none}" != none ] && [ "$(owner_of "$1")" = none ]; }

has_dpkg() { command -v dpkg-divert >/dev/null; }
diverted() { has_dpkg && [ "$(dpkg-divert --truename "$1" 2>/dev/null)" = "$1.real" ]; }

# Whether this is the file that dpkg has unpacked for this path, to the byte. A dpkg that
# was at work when the path was diverted does not know of it, and writes to it.
unpacked() {
	[ "$(dpkg_package "$1")" ] && dpkg-query --control-show "$(dpkg_package "$1")" md5sums 2>/dev/null |
		grep -qxF "$(md5sum "$1" | cut -d ' ' -f 1)  ${1#/}"
}
# What stands over a wrapper that place has put there: of a diverted path only dpkg's own
# file, else a program. A link, or a script, is somebody's who has NAME.real in use.
is_new_emulator() {
	is_recorded "$1" && [ ! -L "$1" ] || return 1
	if diverted "$1"; then unpacked "$1"; else is_elf "$1"; fi
}

kind() {
	if [ -L "$1" ]; then
		echo "a link to $(readlink "$1")"
	elif [ -d "$1" ]; then
		echo 'a directory'
	elif is_script "$1"; then
		echo 'a script'
	elif is_elf "$1"; then
		echo 'a program'
	else
		echo 'a file that is not a program'
	fi
}

# Of a path where both are: which is which, and what to do.
clash() {
	if diverted "$1"; then
		known='from its package'
	elif is_recorded "$1"; then
		known='a new emulator'
	else
		known='on the list of kvmshim-place'
	fi
	path=$(word "$1") real=$(word "$1.real")
	if [ ! -L "$1" ] && is_elf "$1"; then otherwise=", else: rm $real"; else otherwise=''; fi
	say "is $(kind "$1"), not the wrapper and not $known, and $1.real is $(kind "$1.real");" \
		"if $1.real is the emulator and $1 is not needed: mv -T $real $path && kvmshim-place place $path$otherwise"
}

# The program that a path comes to: where it is a link, what it leads to; where it
# is a script that ends in "exec qemu-…", that; not where that is its own NAME.real. Rules
# are to apply once, however many names lead there.
target_of() {
	folder=$(readlink -f "$(dirname "$1")") || die "$1: the directory does not exist"
	path=$folder/${1##*/}
	if [ -L "$path" ]; then path=$(readlink -f "$path"); fi
	if is_script "$path"; then
		next=$(sed -n 's|^[[:space:]]*exec "\{0,1\}\(/[^ "$]*/\)\{0,1\}\(qemu-[^ "$]*\).*|\1\2|p' "$path" | tail -n 1)
		case $next in
		'' | "$path.real" | "${path##*/}.real") ;;
		/*) path=$next ;;
		*) path=$folder/$next ;;
		esac
	fi
	printf '%s\n' "$path"
}

# What libvirt takes by itself for the host's own kind of CPU.
host_emulators() {
	case $(uname -m) in
	i?86) arch=i386 ;;
	ppc64le) arch=ppc64 ;;
	*) arch=$(uname -m) ;;
	esac
	printf '%s\n' "/usr/bin/qemu-system-$arch" /usr/libexec/qemu-kvm
}
is_host_emulator() { host_emulators | grep -qxF "$1"; }

# kvmshim reads XML as libvirt does. Before the first installation, a kvmshim that was built
# beside this file can be used.
reader_of_xml() {
	for program in /usr/sbin/kvmshim "${0%/*}/../build/kvmshim"; do
		! is_program "$program" || { say "$program"; return; }
	done
	return 1
}

has_domains() {
	for xml in /etc/libvirt/qemu/*.xml /run/libvirt/qemu/*.xml; do
		[ ! -e "$xml" ] || return 0
	done
	return 1
}

# The emulators that domains name. 1 is the status for a file that is not XML: kvmshim names it.
named_by_domains() {
	has_domains || return 0
	reader=$(reader_of_xml) && status=0 || return 1
	"$reader" emulators || status=$?
	[ "$status" -le 1 ]
}

# What libvirt starts here: these, and what its definitions name, one a line. Not a wrapper that
# somebody put under a name of its own.
used_by_libvirt() {
	{
		[ ! "$1" ] || say "$1"
		host_emulators
	} | sort -u | while read -r path; do
		path=$(target_of "$path" 2>/dev/null) || continue
		[ -x "$path" ] || continue
		if ! is_wrapper "$path" || is_recorded "$path" || is_host_emulator "$path"; then say "$path"; fi
	done | sort -u
}

orphaned() { say "is the wrapper, but the real emulator $1.real is missing: install the emulator again"; }

# What kvmshim.conf says of every wrapper's real emulator.
conf_real() {
	sed -n '/^[[:space:]]*\[wrapper\]/,/^[[:space:]]*\[/s/^[[:space:]]*real[[:space:]]*=[[:space:]]*"\{0,1\}\(\/[^"]*[^"[:space:]]\).*/\1/p' \
		/etc/kvmshim/kvmshim.conf 2>/dev/null | tail -n 1
}
# Then a start of the wrapper would be one of itself.
is_conf_real() { [ "$(conf_real)" ] && [ "$(target_of "$(conf_real)" 2>/dev/null)" = "$1" ]; }

# Why the wrapper must not, or cannot, be in front of it; nothing where it may.
objection() {
	case $1 in
	*[[:space:]]*) say 'the path contains a blank; kvmshim-place does not support such paths' && return ;;
	*.real) say "this is the name of a real emulator behind the wrapper; use ${1%.real}" && return ;;
	esac
	seen=$(state_of "$1")
	if [ "$seen" = absent ]; then
		say 'the emulator does not exist'
	elif [ -d "$1.real" ]; then
		say "$1.real is a directory, but the real emulator needs this name; rename the directory"
	elif [ "$seen" = both ]; then
		clash "$1"
	elif [ "$seen" = orphan ]; then
		orphaned "$1"
	elif ! is_program "$1" && { there "$1" || ! is_program "$1.real"; }; then
		say 'is not a program'
	elif [ "$(distrust_folder "$1")" ]; then
		distrust_folder "$1"
	elif [ "$(distrust "$(program_of "$1" "$seen")")" ]; then
		distrust "$(program_of "$1" "$seen")"
	elif [ ! -w "$(dirname "$1")" ] && [ "$(id -u)" = 0 ]; then
		say 'its directory is not writable; check if it is on a read-only file system'
	elif is_conf_real "$1"; then
		say "the wrapper would run itself, because kvmshim.conf has real = $(conf_real);" \
			"delete that line, or change the path to $1.real"
	else
		refused=''
		! has_dpkg || refused=$(objection_of_dpkg "$1")
		[ "$refused" ] || refused=$(objection_of_kind "$1" "$seen")
		[ ! "$refused" ] || say "$refused"
	fi
}

# program_of NAME STATE: the file of the real emulator.
program_of() {
	case $2 in
	front | headless) say "$1.real" ;;
	*) say "$1" ;;
	esac
}

# An emulator that has the wrapper in front already was asked before.
objection_of_kind() {
	if is_recorded "$1" && [ "$2" = front ]; then
		return
	elif ! is_qemu "$(program_of "$1" "$2")"; then
		say "is not a QEMU emulator: it does not answer --version with 'QEMU emulator version'"
	fi
}

objection_of_dpkg() {
	truename=$(dpkg-divert --truename "$1" 2>&1) || { say "$truename"; return; }
	case $truename in
	"$1" | "$1.real") ;;
	*) say "is already diverted, but not by kvmshim-place; see dpkg-divert --list $(word "$1")" ;;
	esac
}
