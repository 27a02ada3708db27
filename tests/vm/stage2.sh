# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# Still the first process of L1, now on its root: drivers, the command, the report.
b=/l1/bin/busybox
# shellcheck source=/dev/null
. /l1/bin/settings
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root TERM="${TERM:-dumb}" L1=1
stamp() {
	read -r up _ </proc/uptime
	echo "$1=$up" >>/l1/out/times
}

# A byte to isa-debug-exit is the end, at once; the status tells which end.
end_byte() { printf '%b' "$1" | $b dd of=/dev/port bs=1 seek=244 2>/dev/null; }
printf '#!%s sh\nprintf U | %s dd of=/dev/port bs=1 seek=244 2>/dev/null\n' $b $b >/l1/bin/powercut
$b chmod +x /l1/bin/powercut

$b hostname l1
echo "127.0.0.1 l1" >>/etc/hosts
$b ip link set lo up
# modprobe is called by us, by the kernel and by libvirt.
[ -x /sbin/modprobe ] || for name in kmod modprobe insmod rmmod lsmod depmod modinfo; do
	$b ln -s "$L1_KERNEL/kmod" /sbin/$name
done
# There is no udev: drivers for the devices. Twice, for what hangs off those;
# disks behind USB and SATA come when they come.
for _ in 1 2; do
	# shellcheck disable=SC2046  # a list of words
	modprobe -a -b sd_mod usb_storage $($b cat /sys/bus/pci/devices/*/modalias \
		/sys/bus/usb/devices/*/modalias 2>/dev/null | $b sort -u) 2>/dev/null
done
[ -z "$L1_KVM" ] || { modprobe kvm_amd && $b chmod 666 /dev/kvm; }
stamp drivers_up
# How slow this L1 is, for tests that limit a time (Kvmshim::Pace); 6 s is an idle host's.
L1_SLOWNESS=$((${up%.*} / 6))
[ "$L1_SLOWNESS" -ge 1 ] || L1_SLOWNESS=1
export L1_SLOWNESS

cd "$L1_FOLDER" 2>/dev/null || cd /
if [ -n "$L1_TERMINAL" ]; then
	$b setsid $b cttyhack /bin/bash -c "$($b cat /l1/bin/command)" </dev/ttyS0 >/dev/ttyS0 2>&1
	echo $? >/l1/bin/status
else
	# A pipe between, as a virtio port cannot be opened again through
	# /dev/stderr; whoever outlives the command with the pipe open is not
	# waited for.
	$b mkfifo /l1/bin/pipe
	$b cat /l1/bin/pipe >"/dev/$($b grep -lx l1 /sys/class/virtio-ports/*/name | $b cut -d/ -f5)" &
	cat=$!
	/bin/bash -c "$($b cat /l1/bin/command)" </dev/null >/l1/bin/pipe 2>&1
	echo $? >/l1/bin/status
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		$b sleep .05
		kill -0 $cat 2>/dev/null || break
	done
fi
$b dmesg >/l1/out/dmesg
stamp done_up
$b umount /l1/state 2>/dev/null || $b sync
$b cp /l1/bin/status /l1/out/status
end_byte '\000'
$b poweroff -f
