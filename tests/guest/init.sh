#!/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# The first process of a guest: loads the modules that came with it, runs what
# the test wants done (/task) with all of busybox in PATH, powers off. The task
# answers the test by "tell WHAT ANSWER"; "network INTERFACE" waits for a link.
/busybox mkdir -p /bin /proc /sys /dev /mnt
/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
tell() { echo "@ $*"; }
# Brings an interface up with the address that the tests ping from, and waits for its link.
network() {
	ip addr add 10.9.9.2/24 dev "$1"
	ip link set "$1" up
	for _ in $(seq 3000); do
		[ "$(cat "/sys/class/net/$1/carrier")" = 1 ] && break
		sleep .1
	done
}
while read -r module; do
	insmod "/mods/$module" || echo "insmod $module failed"
done </mods/order
# shellcheck source=/dev/null
. /task
poweroff -f
