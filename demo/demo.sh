# SPDX-License-Identifier: GPL-2.0-or-later
# demo.sh - what ./install.sh demo shows; read by install.sh, which has built all.
# shellcheck shell=sh

# The guest of the demo: no disk, no operating system, one boot sector that
# prints two lines on the serial port. "$@" is the program to start it with.
start_guest() {
	timeout 60 "$@" -name guest=demo -nodefaults -no-user-config -display none \
		-machine pc,accel=tcg -cpu qemu64 -m 16 -serial stdio \
		-device isa-debug-exit,iobase=0xf4,iosize=1 \
		-drive if=floppy,format=raw,readonly=on,file=build/cpuid.img \
		</dev/null | tr -d '\r'
}

# Shows what the guest printed and keeps it in $seen.
show_guest() {
	seen=$(start_guest "$@")
	say "$seen" | indent
}

show_demo() {
	qemu=$(find_qemu)
	rule=rules/10-hide-hypervisor.ini
	root=$(mktemp -d -t kvmshim.XXXXXX)
	trap 'rm -rf "$root"; settle_build' EXIT
	mkdir -p "$root/etc/kvmshim/rules.d"
	printf '[wrapper]\nreal = %s\n' "$qemu" >"$root/etc/kvmshim/kvmshim.conf"

	# kvmshim looks for all its files below this directory, so that the
	# demo neither reads nor changes the files of the host.
	export KVMSHIM_ROOT="$root"

	say "
1. A guest looks for its hypervisor. $qemu starts the VM directly:"
	show_guest "$qemu"
	direct=$seen

	say "
2. build/kvmshim-wrapper starts the same VM, without a rule. The guest sees the same:"
	show_guest build/kvmshim-wrapper
	before=$seen

	# As the file says: copy it, and delete "enabled = no" where a rule is
	# wanted. One of its rules is for guests named demo.
	sed '/^enabled = no$/d' "$rule" >"$root/etc/kvmshim/rules.d/${rule##*/}"
	say "
3. Now the rules of $rule are enabled. The rules for this VM:"
	say "$(awk -v RS= -v ORS='\n\n' '/\nwhen-name = demo/' \
		"$root/etc/kvmshim/rules.d/${rule##*/}" | grep -v '^[#;]')" | indent

	say "
4. What the wrapper does with the command line (kvmshim explain):"
	explained=$(start_guest build/kvmshim explain -- build/kvmshim-wrapper)
	say "$explained" | indent

	say "
5. build/kvmshim-wrapper starts the VM again, with these rules:"
	show_guest build/kvmshim-wrapper
	say

	[ "$before" = "$direct" ] ||
		die "without a rule the guest did not see what it sees without the wrapper"
	case $before in
	*"hypervisor-bit 1"*"signature TCGTCGTCGTCG"*) ;;
	*) die "without a rule the guest should have seen its hypervisor" ;;
	esac
	case $explained in
	*hypervisor=off*) ;;
	*) die "explain does not show the change that the rules make" ;;
	esac
	case $seen in
	*TCG*) die "with the rules the guest still sees the signature" ;;
	*"hypervisor-bit 0"*) ;;
	*) die "with the rules the guest should see hypervisor-bit 0" ;;
	esac
	say "It works: the hypervisor bit went from 1 to 0 and the guest sees no signature."
}
