#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The row of doctor about the logs of libvirt: each text that QEMU prints when it ends has a hint
# of its own. The texts about options are what QEMU 7.2, 10.0 and 11.1 printed for wrong command
# lines; no machine here could make QEMU print most of those about VFIO and about the host.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Doctor;
use JSON::PP ();
use Kvmshim;
use Test::More;

my $host = healthy_host();

sub row {
	my (@lines) = @_;
	log_of($host, 'desktop', start(), map { "$_\n" } @lines);
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'doctor', '--json');
	my ($row) = grep { $_->{name} eq 'unknown-options' } @{ JSON::PP->new->utf8->decode($got->{out})->{rows} };
	return $row;
}

my (%hints, $heading);
while (<DATA>) {
	chomp;
	if (/^= (.*)/) { $heading = $1; next }
	next unless length;
	my $line = /^(?:qemu|\d{4}-)/ ? $_ : "2026-11-21T14:03:05.1Z qemu-system-x86_64: $_";
	my $row = row($line);
	is("$row->{grade}: " . ($row->{fix} // ''), "warn: $heading", $_);
	like($row->{seen}, qr/: desktop: \Q$line\E\z/, 'and is printed');
	$hints{$heading}++;
}
cmp_ok(keys %hints, '>', 35, 'many hints');

is(row('2026-11-21T14:03:05.1Z qemu-system-x86_64: -device x: warning: short-form boolean option \'x\' deprecated')->{grade}, 'ok', 'a warning stops no VM');
is(row('2026-11-21T14:03:05.1Z qemu-system-x86_64: terminating on signal 15 from pid 441 (libvirtd)')->{grade}, 'ok', 'nor does an end on request');
like(row('qemu-system-x86_64: -foo: invalid option', 'qemu-system-x86_64: -device foo: \'foo\' is not a valid device model name')->{seen}, qr/invalid option/, 'the first error is the cause');

done_testing();

__DATA__
= bind all devices of this IOMMU group to vfio-pci: kvmshim devices; kvmshim doctor desktop
-device {"driver":"vfio-pci","host":"0000:01:00.0","id":"hostdev0","bus":"pci.2","addr":"0x0"}: vfio 0000:01:00.0: group 11 is not viable
= set power = on for the device in kvmshim.conf; if it does not wake up, reboot the host: kvmshim devices; kvmshim doctor desktop
vfio: Unable to power on device, stuck in D3
= disable the RMRR of this slot in the firmware, or move the card to another slot: kvmshim doctor desktop
vfio-pci 0000:04:00.0: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.
= read dmesg: the platform has no interrupt remapping, or an RMRR has this device: kvmshim doctor desktop
-device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: failed to setup container for group 1: Failed to set iommu for container: Operation not permitted
-device {"driver":"vfio-pci","host":"0000:05:00.0","id":"hostdev0"}: vfio 0000:05:00.0: Failed to set group container: Invalid argument
= choose a device that the host has: kvmshim devices; kvmshim doctor desktop
-device vfio-pci,host=0000:ff:1f.7: vfio /sys/bus/pci/devices/0000:ff:1f.7: no such host device: No such file or directory
= give vfio-pci a host device with host=: kvmshim explain desktop
-device vfio-pci: No provided host device
= raise the limit of locked memory (memlock): kvmshim doctor desktop
VFIO_MAP_DMA failed: Cannot allocate memory
vfio_container_dma_map(0x55d1c1a8e2a0, 0x0, 0xa0000, 0x7f1f9fe00000) = -12 (Cannot allocate memory)
= stop the other VM that uses the device: kvmshim devices; kvmshim doctor desktop
-device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: failed to open /dev/vfio/1: Device or resource busy
= let the hook assign the device, so that libvirt lets QEMU open it: kvmshim doctor desktop
-device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: failed to open /dev/vfio/1: Permission denied
= bind the device to vfio-pci: kvmshim devices; kvmshim doctor desktop
-device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: failed to open /dev/vfio/1: No such file or directory
= load kvm_intel or kvm_amd: kvmshim doctor desktop
Could not access KVM kernel module: No such file or directory
= free huge pages, or reserve more of them: kvmshim doctor desktop
unable to map backing store for guest RAM: Cannot allocate memory
= free memory of the host: kvmshim doctor desktop
cannot set up guest memory 'pc.ram': Cannot allocate memory
= stop the other program that uses this image: kvmshim explain desktop
-device virtio-blk-pci,drive=d0: Failed to get "write" lock
= write the path of a kernel that exists: kvmshim explain desktop
qemu: could not open kernel file '/nope': No such file or directory
= write the path of a file that QEMU can open: kvmshim explain desktop
-blockdev driver=file,node-name=x,filename=/nope: Could not open '/nope': No such file or directory
= remove the option, or write the option that this QEMU has: kvmshim check --qemu; kvmshim explain desktop
-foo: invalid option
= install the QEMU module that has this option: kvmshim check --qemu; kvmshim explain desktop
-spice foo=1: There is no option group 'spice'
= remove what this QEMU was built without: kvmshim check --qemu; kvmshim explain desktop
-netdev netmap,id=x,ifname=y: network backend 'netmap' is not compiled into this binary
= write a device of -device help: kvmshim check --qemu; kvmshim explain desktop
-device foo: 'foo' is not a valid device model name
= write a device that -device can create: kvmshim check --qemu; kvmshim explain desktop
-device intel-iommu: Parameter 'driver' expects a dynamic sysbus device type for the machine
= write a backend of -chardev help: kvmshim check --qemu; kvmshim explain desktop
-chardev foo,id=x: 'foo' is not a valid char driver name
= write a machine type of -machine help: kvmshim check --qemu; kvmshim explain desktop
unsupported machine type
unsupported machine type: "q36"
= write a CPU model of -cpu help: kvmshim check --qemu; kvmshim explain desktop
unable to find CPU model 'foo'
= write an accelerator of -accel help: kvmshim check --qemu; kvmshim explain desktop
invalid accelerator kvmm
= remove -accel, or accel= of -machine: kvmshim explain desktop
The -accel and "-machine accel=" options are incompatible
= remove the -global, or write a property that its driver has: kvmshim check --qemu; kvmshim explain desktop
can't apply global qemu64-x86_64-cpu.foo=on: Property 'qemu64-x86_64-cpu.foo' not found
-device virtio-net-pci: can't apply global virtio-net-pci.nope=1: Property 'virtio-net-pci.nope' not found
= write the id of a device that is on the command line: kvmshim explain desktop
-set device.x.y=z: there is no device "x" defined
= write a bus that this machine has: kvmshim explain desktop
-device virtio-rng-pci,bus=pci.0: Bus 'pci.0' not found
= add the controller that has this bus: kvmshim explain desktop
-device scsi-hd: No 'SCSI' bus found for device 'scsi-hd'
= add the -object that memory-backend= names: kvmshim explain desktop
Memory backend 'nope' not found
= add the -chardev that is named: kvmshim explain desktop
-mon chardev=nope: chardev "nope" not found
= remove the property, or write a property that this QEMU has: kvmshim check --qemu; kvmshim explain desktop
-device virtio-net-pci,x=1: Property 'virtio-net-pci.x' not found
Property 'pc-i440fx-11.1-machine.foo' not found
= remove the key, or write a key that the option has: kvmshim check --qemu; kvmshim explain desktop
Parameter 'smp.foo' is unexpected
-object iothread,id=x,foo=1: Invalid parameter 'foo'
= write key:=JSON with a value of the expected type: kvmshim check --qemu; kvmshim explain desktop
-device {"driver":"virtio-net-pci","mq":"on"}: Invalid parameter type for 'mq', expected: boolean
-object {"qom-type":"iothread","id":"x","poll-max-ns":"1"}: Invalid parameter type for 'poll-max-ns', expected: integer
= write complete JSON: kvmshim check --qemu; kvmshim explain desktop
-device {"driver":"virtio-net-pci": JSON parse error, premature EOI
-device {"driver":"virtio-net-pci": 1:27: JSON parse error, premature end of input
= write a value that the parameter accepts: kvmshim check --qemu; kvmshim explain desktop
Parameter 'smm' does not accept value 'maybe'
-netdev foo,id=x: Parameter 'type' does not accept value 'foo'
= write a value that the property accepts: kvmshim check --qemu; kvmshim explain desktop
-device virtio-net-pci,mac=zz: Property 'virtio-net-device.mac' doesn't take value 'zz'
= add the -netdev, -drive, -chardev or -object that has this id: kvmshim explain desktop
-device virtio-net-pci,netdev=nope: Property 'virtio-net-device.netdev' can't find value 'nope'
= write a value of the expected type: kvmshim check --qemu; kvmshim explain desktop
-device virtio-net-pci,mq=maybe: Parameter 'mq' expects 'on' or 'off'
-device virtio-net-pci,host_mtu=many: Parameter 'host_mtu' expects integer
-m foo: Parameter 'size' expects a non-negative number below 2^64
= add the parameter: kvmshim check --qemu; kvmshim explain desktop
-netdev user: Parameter 'id' is missing
= give each of the two another id: kvmshim explain desktop
-device virtio-rng-pci,id=a: Duplicate ID 'a' for device
= remove addr=, or write a free slot: kvmshim explain desktop
-device virtio-rng-pci,addr=3: PCI: slot 3 function 0 not available for virtio-rng-pci, in use by virtio-rng-pci,id=(null)
= write sockets, cores and threads whose product is maxcpus: kvmshim explain desktop
Invalid CPU topology: product of the hierarchy must match maxcpus: sockets (1) * dies (1) * modules (1) * cores (2) * threads (2) != maxcpus (5)
