#!/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The first process of L1: puts the root together, goes there. See run-vm.sh.
# shellcheck shell=dash
b=/busybox
fail() { echo "L1: $*"; $b poweroff -f; }

$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev
read -r kernel_up _ </proc/uptime
# shellcheck source=/dev/null
. /settings
while read -r module; do
	$b insmod "/mods/$module" || fail "insmod $module"
done </mods/order

p9=trans=virtio,version=9p2000.L,msize=512000
$b mount -t 9p -o ro,cache=loose,$p9 l1root /ro || fail "no root"
$b mount -t tmpfs -o mode=755 tmpfs /rw && $b mkdir /rw/up /rw/work
$b mount -t overlay -o lowerdir=/ro,upperdir=/rw/up,workdir=/rw/work l1 /new || fail "no overlay"
cd /new || fail "no /new"
$b mkdir -p proc sys dev run tmp l1 mnt lib/modules
$b mount -t proc proc proc
$b mount -t sysfs sysfs sys
$b mount -t devtmpfs dev dev
$b mkdir -p dev/pts dev/shm dev/hugepages
$b mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts dev/pts
$b mount -t tmpfs -o mode=755 tmpfs run
for folder in dev/shm l1; do
	$b mount -t tmpfs -o mode=1777 tmpfs $folder
done
$b mount -t cgroup2 cgroup2 sys/fs/cgroup
$b mount -t tracefs tracefs sys/kernel/tracing
$b mkdir l1/out l1/bin l1/state
$b mount -t 9p -o cache=none,$p9 l1out l1/out || fail "no /l1/out"
[ -z "$L1_STATE" ] || $b mount -t ext4 /dev/vda l1/state || fail "no /l1/state"
$b mount --bind "/ro$L1_KERNEL/lib/modules" lib/modules || fail "no modules"
$b cp /busybox /command /settings /stage2 l1/bin/
{
	echo "kernel_up=$kernel_up"
	read -r up _ </proc/uptime
	echo "root_up=$up"
} >l1/out/times
exec $b switch_root /new /l1/bin/busybox sh /l1/bin/stage2 </dev/console >/dev/console 2>&1
