#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# pass-pci, pass-usb and pass-disk with devices of a machine (zoo) that has a
# guest, a Linux under its KVM: what was passed is where it should be, and works
# there.

use strict;
use warnings;
use File::Basename qw(basename);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Guest;
use Kvmshim::Qemu;
use Test::More;

in_test_vm('-K');

my ($nic, $card, $nvme) = ('0000:02:00.0', '0000:01:00', '0000:03:00.0');
my @functions = ($nic, $nvme, "$card.0", "$card.1");

my $host = Kvmshim->new(real => qemu_binary);
my ($link, $image, $odd) = map { $host->dir . "/$_" } 'disk-by-id', 'image', 'my image, ro';
symlink $_, $host->dir . $_ or die for '/sys', '/proc';

# --- this machine

sub bind_to {
	my ($driver, @devices) = @_;
	for my $at (map { "/sys/bus/pci/devices/$_" } @devices) {
		spew("$at/driver_override", "$driver\n");
		spew("$at/driver/unbind", basename($at)) if -e "$at/driver";
		spew('/sys/bus/pci/drivers_probe', basename($at));
	}
}

# Until there is one; a driver takes its time.
sub wait_for_disk {
	my ($bus) = @_;
	my $found = eventually(sub { (grep { readlink =~ m{/$bus} } glob '/sys/block/*')[0] }) or die "no disk on $bus\n";
	return '/dev/' . basename($found);
}

# Where the disks and images are right now, by the mark in their first sector.
sub disks {
	return (nvme => wait_for_disk('nvme'), stick => wait_for_disk('usb'),
		sata => wait_for_disk('ata'), image => $image, odd => $odd);
}

# The first line of a sector.
sub read_sector {
	my ($path, $number) = @_;
	open my $f, '<:raw', $path or die "$path: $!\n";
	seek $f, 512 * $number, 0;
	read $f, my $bytes, 512;
	return $bytes =~ s/[\n\0].*//sr;
}

sub write_marks {
	my %disk = disks();
	for my $name (keys %disk) {
		open my $f, -b $disk{$name} ? '+<:raw' : '>:raw', $disk{$name} or die "$disk{$name}: $!\n";
		print $f pack('a512 x512', "$name\n");
		truncate $f, 1 << 20 if !-b $disk{$name};
		$f->flush && $f->sync or die "$disk{$name}: $!\n";
	}
}

run({}, 'modprobe', 'vfio-pci');
my ($wire) = map { basename($_) } glob '/sys/bus/pci/devices/0000:00:02.0/net/*';
run({}, '/l1/bin/busybox', 'ip', 'addr', 'add', '10.9.9.1/24', 'dev', $wire);
run({}, '/l1/bin/busybox', 'ip', 'link', 'set', $wire, 'up');

my %disk = disks();
symlink $disk{sata}, $link or die;
my ($port) = readlink('/sys/block/' . basename($disk{stick})) =~ m{/usb\d+/(\d+-[\d.]+)/};
$port =~ tr/-/./;

# --- the guest

my $initramfs = guest_initramfs(
	[qw(virtio_pci e1000e nvme xhci_pci usb_storage sd_mod ahci virtio_blk virtio_scsi)], <<'SH');
for _ in $(seq 3000); do
	[ "$(ls /sys/block | wc -l)" -ge 5 ] && break
	sleep .1
done
cd /sys/bus/pci/devices
for device in *; do
	path=$(readlink -f "$device")
	parent=$(basename "$(dirname "$path")")
	tell "$(cat "$device/vendor"):$(cat "$device/device")" "${parent#*:}/${device##*:}"
done
cd /sys/class/net
for name in eth*; do
	network "$name"
	ping -c 3 -W 5 10.9.9.1 >/dev/null && tell "$(cat "$name/address")" "is answered"
done
cd /sys/block
for disk in *; do
	case $(readlink "$disk") in
	*/usb*) bus=usb ;;
	*/nvme*) bus=nvme ;;
	*/ata*) bus=sata ;;
	*/host*) bus=scsi ;;
	*) bus="virtio $(cat "$disk/serial")" ;;
	esac
	mark=$(head -n 1 "/dev/$disk")
	echo "$mark from the guest" | dd of="/dev/$disk" bs=512 seek=1 conv=fsync 2>/dev/null &&
		how=rw || how=ro
	tell "$mark" "$how $bus"
done
SH

# Vendor and device as the guest tells them; a slot is its bus and its number.
my %called = ('0x1b36:0x0010' => 'NVMe', '0x8086:0x10d3' => 'NIC', '0x1234:0x1111' => 'graphics',
	'0x8086:0x293e' => 'sound', '52:54:00:00:00:03' => 'wire');

sub guest_gets {
	my ($machine, $rules, %want) = @_;
	write_marks();
	$host->rules('50-pass.ini', "[pass]\nwhen-name = taker\n$rules");
	my @line = (qw(-name guest=taker -m 256 -cpu host -machine), "$machine,accel=kvm");
	$host->refuses(\@line, qr/^\S+ error: pass-pci: \Q$nvme\E: the driver is nvme, not vfio-pci/,
		"$machine: a device that a driver of the host has");
	bind_to('vfio-pci', @functions);
	my $got = linux_guest($host, $initramfs, @line);
	bind_to('', @functions);
	is($got->{status}, 0, "$machine: the guest runs to its end");
	my %told = map { ($called{$_} // $_) => $got->{told}{$_} } keys %{ $got->{told} };
	my %disk = disks();
	for my $name (sort keys %want) {
		is($told{$name}, $want{$name}, "$machine: $name: $want{$name}");
		next if !$disk{$name};
		my $written = $want{$name} =~ /^rw/ ? "$name from the guest" : '';
		is(read_sector($disk{$name}, 1), $written, "$machine: $name: as it is afterwards");
	}
	diag($got->{err}, $got->{out}) if !Test::More->builder->is_passing;
}

guest_gets('q35', <<"INI",
pass-pci = $nvme
pass-pci = 02:00.0
pass-pci = $card
pass-usb = 46f4:0001
pass-disk = $link serial=BY-ID
pass-disk = $image bus=sata
pass-disk = "$odd" bus=scsi ro
INI
	NVMe     => '00:1c.0/00.0',
	NIC      => '00:19.0/00.0',
	graphics => '00:18.0/00.0',
	sound    => '00:18.0/00.1',
	wire     => 'is answered',
	nvme     => 'rw nvme',
	stick    => 'rw usb',
	sata     => 'rw virtio BY-ID',
	image    => 'rw sata',
	odd      => 'ro scsi');

guest_gets('pc', <<"INI",
pass-pci = $nvme addr=0x10
pass-pci = 2:0.0
pass-pci = $card
pass-usb = $port
pass-disk = $link bus=sata
pass-disk = $image bus=scsi
pass-disk = "$odd" ro serial=odd
INI
	NVMe     => '00/10.0',
	NIC      => '00/1f.0',
	graphics => '00/1e.0',
	sound    => '00/1e.1',
	wire     => 'is answered',
	nvme     => 'rw nvme',
	stick    => 'rw usb',
	sata     => 'rw sata',
	image    => 'rw scsi',
	odd      => 'ro virtio odd');

done_testing;
