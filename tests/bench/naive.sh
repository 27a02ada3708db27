#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook that people write: the devices are named in it (here: BENCH_DEVICES), and each
# is written to the driver that is to have it. Nothing is asked, waited for or undone.
devices=/sys/bus/pci/devices

give() {	# DEVICE DRIVER
	echo "$2" >"$devices/$1/driver_override"
	echo "$1" >"$devices/$1/driver/unbind"
	echo "$1" >/sys/bus/pci/drivers_probe
}

for device in $BENCH_DEVICES; do
	case $2/$3 in
	prepare/begin) give "$device" vfio-pci ;;
	release/end) give "$device" '' ;;
	esac
done
