# SPDX-License-Identifier: GPL-2.0-or-later
# trust.sh - whom a path belongs to, and if a program is QEMU. Root does nothing in a directory
# that others can change: they could put a link there. Nothing here changes anything.
# shellcheck shell=sh disable=SC2154  # functions of kvmshim-place or install.sh, which read this

# others_write MODE, as stat(1) prints it
others_write() {
	case $1 in
	*[2367] | *[2367]?) return 0 ;;
	esac
	return 1
}

# Nobody can replace a file of root in a directory like /tmp, but anybody can create one.
is_sticky() {
	case $1 in
	[1357]???) return 0 ;;
	esac
	return 1
}

# doubt_folder FOLDER WORD WHETHER-IT-MAY-BE-STICKY
doubt_folder() {
	if [ -L "$1" ]; then
		say "$2 is a link"
		return
	fi
	ids=$(stat -c '%u %a' "$1" 2>/dev/null) || { say "$2 cannot be read"; return; }
	if [ "${ids% *}" != 0 ]; then
		say "$2 does not belong to root"
	elif others_write "${ids#* }" && ! { [ "$3" ] && is_sticky "${ids#* }"; }; then
		say "the group or others can write to $2 (mode ${ids#* }); run: chmod go-w $1"
	fi
}

# distrust_folder PATH: why root must do nothing in the directory of this path, which has no
# links; nothing if root may. Directories that do not exist are omitted.
distrust_folder() {
	above=${1%/*} word='its directory' sticky=''
	while [ "$above" ] && [ ! -e "$above" ] && [ ! -L "$above" ]; do above=${above%/*}; done
	while :; do
		doubtful=$(doubt_folder "${above:-/}" "$word" "$sticky")
		[ ! "$doubtful" ] || { say "$doubtful"; return; }
		[ "$above" ] || return 0
		above=${above%/*}
		word="the directory ${above:-/}" sticky=1
	done
}

# distrust PROGRAM: why root must not run it; nothing if root may.
distrust() {
	real=$(readlink -f "$1") || { say 'does not exist'; return; }
	doubtful=$(distrust_folder "$real")
	ids=$(stat -c '%u %a' "$real" 2>/dev/null) || { say 'does not exist'; return; }
	if [ "$doubtful" ]; then
		say "$doubtful"
	elif [ "${ids% *}" != 0 ]; then
		say "$real does not belong to root"
	elif others_write "${ids#* }"; then
		say "the group or others can write to $real (mode ${ids#* }); run: chmod go-w $real"
	fi
}

system_path=/usr/sbin:/usr/bin:/sbin:/bin

# Root keeps only the directories of PATH that are root's.
trusted_path() {
	rest=$PATH: kept=''
	PATH=$system_path
	[ "$(id -u)" = 0 ] || { PATH=${rest%:}; return 0; }
	while [ "$rest" ]; do
		folder=${rest%%:*} rest=${rest#*:}
		real=$(readlink -f "${folder:-.}") || continue
		case $folder in
		/*) [ "$(distrust_folder "$real/program")" ] || kept=$kept:$folder ;;
		esac
	done
	PATH=${kept#:}
	PATH=${PATH:+$PATH:}$system_path
}

# ------------------------------------------------------------------ programs

as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs "$@"; }

# Without an environment, the lock and much time; as nobody, if root asks and nobody can run it.
unknown_program() {
	if [ "$(id -u)" = 0 ] && as_nobody test -x "$1" 2>/dev/null &&
		{ [ ! -e "$1.real" ] || as_nobody test -x "$1.real" 2>/dev/null; }; then
		set -- setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs "$@"
	fi
	(cd / && exec env -i "PATH=$system_path" LC_ALL=C timeout -k 5 20 "$@" </dev/null 9>&-)
}

# A program of another kind is not run at all: QEMU has this text in it (version() of its vl.c),
# and the script of a site names QEMU.
looks_like_qemu() {
	case $(is_script "$1" && say "${1##*/}") in
	'') grep -qa 'QEMU emulator version [0-9]' "$1" ;;
	*qemu* | *kvm*) ;;
	*) grep -qi 'qemu\|kvm' "$1" ;;
	esac
}

is_qemu() {
	looks_like_qemu "$1" &&
		unknown_program "$1" --version 2>/dev/null | head -c 65536 | grep -qa '^QEMU emulator version [0-9]'
}
