#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run-vm.sh - run a command as root in a throw-away virtual machine whose root is
# this machine's own file system, read-only, below an overlay in memory.
#
# The machine, "L1", has an emulated IOMMU and a zoo of emulated PCI devices, so
# that what hands devices to guests is tested end to end where there are none.
# It runs under TCG: no KVM, no hardware, no image to build, no root needed. TCG
# emulates SVM, so L1 can have a working /dev/kvm (-K), and guests of its own.
#
# usage: run-vm.sh [OPTION...] [--] COMMAND [ARG...]
#   -o DIR    output folder, seen read-write as /l1/out in L1 (default: temporary)
#   -s FILE   state disk, kept between runs, mounted on /l1/state (ext4; made if
#             missing); what is not synced is lost at a power cut
#   -m MIB    memory of L1 (default 2048)
#   -c N      its CPUs (default 1: with more, TCG now and then loses a race when
#             the kernel patches its own code, as KVM makes it do; all CPUs then
#             spin on one jump)
#   -n N      its NUMA nodes, which share memory and CPUs evenly (default 1)
#   -t SEC    time limit of the whole run (default 300), on a host with nothing else to
#             do: it grows with the time that L1 takes to boot, and for a QEMU that had less
#             CPU time than that by then it is four times as long
#   -I KIND   its IOMMU: intel (default) or none
#   -K        load kvm_amd: L1's guests may use KVM
#   -z FILE   another zoo: QEMU's options, one "OPTION VALUE" a line, %T is a
#             temporary folder; "none": no devices (default: zoo, beside this)
#   -Q        QMP of L1's own QEMU, in L1: the virtio port named qmp
#   -q ARG    one more argument of QEMU; may be repeated
#   -a ARG    one more argument of the kernel; may be repeated
#   -i        COMMAND has the serial console as its terminal
#   -v        times on stderr
#
# In L1 the working directory is the same and stdin is empty; /l1/bin/powercut is
# what it says. In the output folder afterwards: console.log, qemu.log, dmesg,
# times, status.
#
# Exit status: COMMAND's; 123 power cut; 124 time limit; 125 L1 did not boot, or
# died.
set -u
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)

die() { echo "run-vm.sh: $*" >&2; exit 125; }
now() { date +%s%3N; }

kernel=${KVMSHIM_KERNEL:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmshim/kernel}
out='' state='' memory=2048 cpus=1 nodes=1 limit=300 iommu=intel zoo=$here/zoo
kvm='' terminal='' verbose='' monitor='' more_qemu=() more_kernel=()
while getopts o:s:m:c:n:t:I:z:q:a:KQiv option; do
	case $option in
	o) out=$OPTARG ;;
	s) state=$OPTARG ;;
	m) memory=$OPTARG ;;
	c) cpus=$OPTARG ;;
	n) nodes=$OPTARG ;;
	t) limit=$OPTARG ;;
	I) iommu=$OPTARG ;;
	z) zoo=$OPTARG ;;
	q) more_qemu+=("$OPTARG") ;;
	a) more_kernel+=("$OPTARG") ;;
	K) kvm=1 ;;
	Q) monitor=1 ;;
	i) terminal=1 ;;
	v) verbose=1 ;;
	*) exit 125 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || die "no command given"
[ -e "$kernel/vmlinux" ] || die "no kernel in $kernel: tests/vm/fetch-kernel.sh brings one"

started=$(now)
qemu_pid=''
tmp=$(mktemp -d "${TMPDIR:-/tmp}/l1.XXXXXX") || exit 125
# shellcheck disable=SC2317  # the trap calls it
cleanup() {
	[ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 125' HUP INT TERM

[ -n "$out" ] || out=$tmp/out
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 125
rm -f "$out"/{status,times,dmesg,console.log,qemu.log}

# --- the first root: two scripts, the modules that the second root needs

first=$tmp/first
mkdir -p "$first"/{proc,sys,dev,ro,rw,new}
cp "$here/stage1.sh" "$first/init" && cp "$here/stage2.sh" "$first/stage2" || exit 125
printf '%q ' "$@" >"$first/command"
printf '%s=%q\n' L1_KERNEL "$kernel" L1_STATE "${state:+1}" L1_KVM "$kvm" \
	L1_TERMINAL "$terminal" L1_FOLDER "$PWD" >"$first/settings"
modules=(virtio_pci virtio_console overlay 9p 9pnet_virtio)
[ -z "$state" ] || modules+=(virtio_blk crc32c_generic ext4)
"$here/initramfs.pl" "$kernel" "$tmp/initrd" "$first" "${modules[@]}" || exit 125

# --- the machine

# A comma in QEMU's key=value syntax.
quoted() { printf '%s' "${1//,/,,}"; }

share() {	# TAG ADDRESS FOLDER OPTIONS
	qemu+=(-fsdev "local,id=$1,path=$(quoted "$3"),security_model=none$4"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1,bus=pcie.0,addr=$2")
}

qemu=(qemu-system-x86_64 -name l1 -nodefaults -no-user-config -display none -vga none -no-reboot
	-machine "q35,kernel-irqchip=split,graphics=off" -accel "tcg,thread=multi" -cpu "max,la57=off"
	-smp "$cpus" -m "$memory" -kernel "$kernel/vmlinux" -initrd "$tmp/initrd"
	-device "isa-debug-exit,iobase=0xf4,iosize=1" -audiodev "none,id=none")
arguments=(console=ttyS0 quiet panic=-1 oops=panic mitigations=off nokaslr cryptomgr.notests
	random.trust_cpu=on tsc=reliable no_timer_check apparmor=0 selinux=0 audit=0)
case $iommu in
intel)
	qemu+=(-device "intel-iommu,intremap=on,caching-mode=on")
	arguments+=(intel_iommu=on)
	;;
none) ;;
*) die "-I $iommu: intel or none" ;;
esac
for ((n = 0; nodes > 1 && n < nodes; n++)); do
	first_cpu=$((n * cpus / nodes)) last_cpu=$(((n + 1) * cpus / nodes - 1))
	has_cpus=''
	[ $last_cpu -lt $first_cpu ] || has_cpus=,cpus=$first_cpu-$last_cpu
	qemu+=(-object "memory-backend-ram,id=memory$n,size=$((memory / nodes))M"
		-numa "node,nodeid=$n,memdev=memory$n$has_cpus")
done
share l1root 0x1d / ",readonly=on,multidevs=remap"
share l1out 0x1c "$out" ""
if [ -n "$state" ]; then
	[ -e "$state" ] || { truncate -s 64M "$state" && mkfs.ext4 -q -F "$state"; } ||
		die "cannot make $state"
	qemu+=(-drive "if=none,id=state,format=raw,file=$(quoted "$state")"
		-device "virtio-blk-pci,drive=state,bus=pcie.0,addr=0x1a")
fi
qemu+=(-device "virtio-serial-pci,bus=pcie.0,addr=0x1b")
if [ -n "$terminal" ]; then
	qemu+=(-serial mon:stdio)
else	# what the command says: from a virtio port to our own stdout
	qemu+=(-serial "file:$out/console.log"
		-add-fd "fd=3,set=1" -chardev "file,id=o,path=/dev/fdset/1,append=on"
		-device "virtserialport,chardev=o,name=l1")
fi
if [ -n "$monitor" ]; then	# its two ends are both QEMU's: a monitor, and a port of L1
	path=$(quoted "$tmp/qmp")
	qemu+=(-chardev "socket,id=qmp,path=$path,server=on,wait=off" -mon chardev=qmp,mode=control
		-chardev "socket,id=l1qmp,path=$path"
		-device "virtserialport,chardev=l1qmp,name=qmp")
fi
if [ "$zoo" != none ]; then
	truncate -s 64M "$tmp"/{nvme,sata,usb}.img
	while read -r option value; do
		case $option in '' | '#'*) ;; *) qemu+=("-$option" "${value//%T/$tmp}") ;; esac
	done <"$zoo" || die "cannot read $zoo"
fi
qemu+=(-append "${arguments[*]} ${more_kernel[*]-}" ${more_qemu[@]+"${more_qemu[@]}"})

# Seconds that L1 takes until its drivers are there, where nothing else has the CPUs.
idle_boot=6

# Tenths: 10 on an idle host, and while L1 boots.
slowness() {
	local up
	up=$(sed -n 's/^drivers_up=\([0-9]*\).*/\1/p' "$out/times" 2>/dev/null)
	if [ "${up:-0}" -gt $idle_boot ]; then echo $((10 * up / idle_boot)); else echo 10; fi
}

# CPU seconds that QEMU had; proc_pid_stat(5).
cpu_seconds() {
	local words
	words=$(sed 's/.*) //' "/proc/$qemu_pid/stat" 2>/dev/null) || return
	# shellcheck disable=SC2086  # a list of words
	set -- $words
	echo $(((${12} + ${13}) / $(getconf CLK_TCK)))
}

# An L1 that hangs is busy, or does nothing. The wall clock alone says neither.
is_late() {
	local allowed=$((limit * $(slowness) / 10)) wall=$((SECONDS - qemu_began))
	[ $wall -gt $allowed ] && { [ "$(cpu_seconds)" -gt "$limit" ] || [ $wall -gt $((4 * allowed)) ]; }
}

watch() {
	while kill -0 "$qemu_pid" 2>/dev/null; do
		if is_late; then
			: >"$tmp/late"
			kill "$qemu_pid"
			return
		fi
		sleep 1
	done
}

qemu_began=$SECONDS
booted=$(now)
if [ -n "$terminal" ]; then
	"${qemu[@]}"
	status=$?
else
	"${qemu[@]}" 3>&1 >"$out/qemu.log" 2>&1 </dev/null &
	qemu_pid=$!
	watch >/dev/null 2>&1 </dev/null &
	watch_pid=$!
	wait $qemu_pid
	status=$?
	[ ! -e "$tmp/late" ] || status=124
	kill $watch_pid 2>/dev/null
	qemu_pid=''
fi
[ -z "$verbose" ] || printf 'L1: %d ms before, %d ms in the VM (uptimes: %s)\n' \
	$((booted - started)) $(($(now) - booted)) "$(paste -sd' ' "$out/times" 2>/dev/null)" >&2

[ ! -s "$out/status" ] || exit "$(cat "$out/status")"
[ $status != 171 ] || exit 123	# isa-debug-exit: (0x55 << 1) | 1
for log in qemu.log console.log; do
	[ ! -s "$out/$log" ] || { echo "--- $log"; tail -n 15 "$out/$log"; } >&2
done
if [ $status = 124 ]; then
	echo "run-vm.sh: time limit of $limit s" >&2
	exit 124
fi
die "L1 died (QEMU's status: $status)"
