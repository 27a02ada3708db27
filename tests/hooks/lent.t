#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices that QEMU opens itself: USB devices of the XML or of a rule, and the disks of a rule.
# What the host uses (a mount, swap, a claim in another namespace, a program, a network) is
# not given away. A virtio function with a mounted share stays too.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my $mounts = slurp($host->dir . '/.proc/self/mountinfo');
my $routes = slurp($host->dir . '/.proc/net/route');

# A stick with one partition at 1-2, another of the same kind behind a hub, a network adapter.
sub plug {
	my ($port, $id, $device, $below, %attributes) = @_;
	my $at = "devices/platform/usb1/$port";
	my ($vendor, $product) = split /:/, $id;
	my %of = (idVendor => $vendor, idProduct => $product, busnum => 1, devnum => $device, bDeviceClass => '00');
	$host->tree("$at/$port:1.0/$below");
	$host->attribute("$at/$_", $of{$_}) for sort keys %of;
	$host->attribute("$at/$port:1.0/$below/$_", $attributes{$_}) for sort keys %attributes;
	$host->link_to("bus/usb/devices/$port", $at);
	return "$at/$port:1.0/$below";
}

sub stick {
	my ($port, $device, $disk, $minor) = @_;
	my $at = plug($port, '0951:1666', $device, "host7/target7:0:0/7:0:0:0/block/$disk", dev => "4002:$minor");
	$host->tree("$at/$_") for "${disk}1", 'holders', "${disk}1/holders";
	$host->attribute("$at/${disk}1/dev", '4002:' . ($minor + 1));
	$host->attribute("$at/${disk}1/partition", 1);
	for ([ $disk, $at ], [ "${disk}1", "$at/${disk}1" ]) {
		$host->link_to("class/block/$_->[0]", $_->[1]);
		$host->link_to("$_->[1]/subsystem", 'class/block');
	}
	$host->link_to("block/$disk", $at);
	$host->disk($disk);
	return $at;
}

stick('1-2', 5, 'sdb', 16);
stick('1-4.2', 6, 'sdc', 32);
plug('1-3', '0bda:8153', 7, 'net/enx1', ifindex => 9);
$host->link_to('class/net/enx1', 'devices/platform/usb1/1-3/1-3:1.0/net/enx1');
anew($host);

sub usb { return "<devices><hostdev mode='subsystem' type='usb' $_[1]><source>$_[0]</source></hostdev></devices>" }

sub vm {
	my ($source, $attributes) = @_;
	return Kvmshim::Vm->new($host, more => $source ? usb($source, $attributes // "managed='yes'") : '');
}

my $kind = "<vendor id='0x0951'/><product id='0x1666'/>";
my $first = "<address bus='1' device='5'/>";
my $busy = qr/is in use by the host: sdb1 is mounted on \/media/;

subtest 'a USB device of the XML' => sub {
	vm($kind)->taken('nobody uses the sticks');
	vm($kind)->given_back('nobody uses the sticks');
	$host->proc('self/mountinfo' => $mounts . "90 22 4002:17 / /media rw - vfat /dev/sdb1 rw\n");
	vm($kind)->refused(qr/USB device 0951:1666 $busy/, 'by vendor and product');
	vm($kind, "managed='no'")->refused(qr/USB device 0951:1666 $busy/, 'managed or not');
	vm($kind, '')->refused(qr/USB device 0951:1666 $busy/, 'without the word');
	vm("<vendor id='2385'/><product id='5734'/>")->refused(qr/USB device 0951:1666 $busy/, 'in decimal numbers');
	vm($first)->refused(qr/USB device bus 1 device 5 $busy/, 'by its address');
	vm($kind . $first)->refused(qr/USB device 0951:1666, bus 1 device 5 $busy/, 'by both');
	vm("<address bus='1' port='2'/>")->refused(qr/USB device bus 1 port 2 $busy/, 'by its port');
	for ([ $kind . "<address bus='1' device='6'/>", 'the other stick' ], [ "<address bus='1' port='4.2'/>", 'the other port' ],
		[ "<vendor id='0x0951'/><product id='0x9999'/>", 'what is not plugged in' ]) {
		vm($_->[0])->taken($_->[1]);
		vm($_->[0])->given_back($_->[1]);
	}
	vm("<vendor id='x'/><product id='1'/>")->refused(qr/line \d+: id='x' of a USB device must be a number up to 0xffff/, 'a wrong number');
	$host->proc('self/mountinfo' => $mounts);
};

subtest 'what the mount table does not say' => sub {
	$host->claimed_disk('sdb');
	vm($first)->refused(qr/is in use by the host: disk sdb has a user that is not in the mount table/, 'a mount of a container');
	$host->no_fault;
	unlink $host->dir . '/dev/sdb';
	$host->disk('sdb');
	$host->proc(swaps => slurp($host->dir . '/.proc/swaps') . "/dev/sdb1 partition 1 0 -2\n");
	vm($first)->refused(qr/is in use by the host: sdb1 is swap/, 'swap');
	$host->proc(swaps => Kvmshim::Sysfs::proc_of_a_host()->{swaps});
	$host->process(777, command => 'dd', open => [ $host->node('b', 4002, 17) ]);
	vm($first)->refused(qr{is in use by the host: dd \(pid 777, unit dd\.service\) has /dev/sdb1 open}, 'a program');
	$host->no_process(777);
};

subtest 'a USB network adapter' => sub {
	my $adapter = "<vendor id='0x0bda'/><product id='0x8153'/>";
	vm($adapter)->taken('nothing needs it');
	vm($adapter)->given_back('nothing needs it');
	$host->proc('net/route' => $routes . "enx1\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n");
	vm($adapter)->refused(qr/USB device 0bda:8153 is in use by the host: enx1 carries the default route/, 'the default route');
	$host->proc('net/route' => $routes);
};

subtest 'rules' => sub {
	my $node = $host->node('b', 4002, 16);
	my $disk = $host->dir . '/dev/stick';
	symlink $node, $disk or die "$disk: $!";
	$host->link_to('dev/block/4002:16', 'devices/platform/usb1/1-2/1-2:1.0/host7/target7:0:0/7:0:0:0/block/sdb');
	$host->proc('self/mountinfo' => $mounts . "90 22 4002:17 / /media rw - vfat /dev/sdb1 rw\n");
	my %refused = (
		'pass-usb = 0951:1666' => qr/50-a\.ini:3: error: pass-usb: 0951:1666 $busy; stop this use, or write in-use=yes/,
		'pass-usb = 1.2' => qr/50-a\.ini:3: error: pass-usb: 1\.2 $busy/,
		'pass-usb = 1-2' => qr/50-a\.ini:3: error: pass-usb: 1-2 $busy/,
		'pass-disk = /dev/stick' => qr{50-a\.ini:3: error: pass-disk: /dev/stick $busy; stop this use, or write ro or in-use=yes},
	);
	for (sort keys %refused) {
		$host->rules('50-a.ini', "[a]\nwhen-name = vm\n$_\n");
		vm()->refused($refused{$_}, $_);
	}
	for ('pass-usb = 0951:1666 in-use=yes', 'pass-usb = 1.4.2', 'pass-usb = 9999:9999', 'pass-disk = /dev/stick ro',
		'pass-disk = /dev/stick in-use=yes', 'pass-disk = /dev/missing', "when-machine = q35\npass-disk = /dev/stick") {
		$host->rules('50-a.ini', "[a]\nwhen-name = vm\n$_\n");
		vm()->taken($_);
		vm()->given_back($_);
	}
	$host->rules('50-a.ini', "[a]\nwhen-name = another\npass-disk = /dev/stick\n");
	vm()->taken('a rule of another VM');
	vm()->given_back('a rule of another VM');
	$host->no_rules;
	$host->proc('self/mountinfo' => $mounts);
};

subtest 'shares of a virtio function' => sub {
	my $address = '0000:0c:00.0';
	$host->driver('virtio-pci');
	$host->tree('bus/virtio/drivers/9pnet_virtio');
	$host->settings({ 'unbind-drivers' => 'virtio-pci' });
	$host->device($address, id => '1af4:1049', class => '018000', driver => 'virtio-pci', group => 77,
		below => { 'virtio-pci' => { 'virtio9/mount_tag' => 'data', 'virtio9/driver' => \'../../../../bus/virtio/drivers/9pnet_virtio' } });
	anew($host);
	my $vm = Kvmshim::Vm->new($host, hostdevs => [$address]);
	$host->proc('self/mountinfo' => $mounts . "90 22 0:44 / /srv rw - 9p data rw,trans=virtio\n");
	$vm->refused(qr{\Q$address\E is in use: data \(9p\) is mounted on /srv}, '9p');
	$host->proc('self/mountinfo' => $mounts);
	$vm->taken('no mount');
	$vm->given_back('no mount');
};

done_testing;
