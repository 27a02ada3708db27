#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices that QEMU opens by IOMMUFD: <iommufd>, <driver iommufd=> and iommufd=on, on a fake /sys
# only, because no kernel of Debian has IOMMUFD.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Sysfs;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($gpu, $hda, $nvme, $nic, $parent) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0 04:00.0 07:00.0);
my $mdev = '7b6a7d5c-0000-4000-8000-000000000001';
my $all = "<iommufd enabled='yes'/>\n";

sub vm { return Kvmshim::Vm->new($host, @_) }
sub cdev { return $host->node('c', 4002, $_[0]) }

# A hostdev with a <driver>, in <devices> of its own.
sub hostdev {
	my ($address, $iommufd) = @_;
	return "<devices>" . Kvmshim::Sysfs::hostdev_xml($address, 'no') =~ s{<source>}{<driver iommufd='$iommufd'/><source>}r . "</devices>\n";
}

subtest 'a kernel without it' => sub {
	my %no = (
		'of all devices' => [ more => $all, hostdevs => [$nvme] ],
		'of one'         => [ more => hostdev($nvme, 'yes') ],
	);
	for (sort keys %no) {
		vm(@{ $no{$_} })->refused(qr{\Q$nvme\E: the domain XML requests IOMMUFD, but /dev/iommu does not exist; boot a kernel with CONFIG_IOMMUFD}, $_);
	}
	my $vm = vm(more => $all . hostdev($nvme, 'no'));
	$vm->taken('a device that says no');
	$vm->given_back('it');
};

$host->iommufd;

subtest 'a kernel with one half of it' => sub {
	$host->rebind($nvme, 'vfio-pci');
	anew($host);
	vm(more => $all, hostdevs => [$nvme])->refused(qr{\Q$nvme\E: the domain XML requests IOMMUFD, but the device has no device node in /dev/vfio/devices; }, 'before it is bound');
	$host->rebind($nvme, 'nvme');
	anew($host);
	vm(more => $all, hostdevs => [$nvme])->refused(qr{\Q$nvme\E: the domain XML requests IOMMUFD, but the device has no device node in /dev/vfio/devices; }, 'after that', written => 1);
};

$host->cdev($gpu, 0)->cdev($hda, 1)->cdev($nvme, 2)->cdev($nic, 3);
anew($host);

subtest 'a kernel with all of it' => sub {
	my $vm = vm(more => $all, hostdevs => [$nvme]);
	$vm->taken('it');
	is_deeply([ grep { /module/ } $vm->steps ], [], 'the older backend is not loaded');
	$vm->given_back('it');
	my $mixed = vm(more => $all . hostdev($nic, 'no'), hostdevs => [$nvme]);
	$mixed->taken('two ways in two groups');
	is_deeply([ grep { /module/ } $mixed->steps ], ['module vfio_iommu_type1'], 'one of them needs it');
	$mixed->given_back('two ways');
};

subtest 'a group is opened in one way' => sub {
	vm(more => $all . hostdev($hda, 'no'), hostdevs => [$gpu])
		->refused(qr{\Q$gpu\E and \Q$hda\E share IOMMU group 11, but only \Q$gpu\E uses IOMMUFD; set iommufd for both devices, or for none}, 'not in two');
	my $vm = vm(more => $all, hostdevs => [ $gpu, $hda ]);
	$vm->taken('both');
	$vm->given_back('both');
	$host->settings({ companions => 'auto' });
	my $alone = vm(more => $all, hostdevs => [$gpu]);
	$alone->taken('a companion is not opened');
	$alone->given_back('it');
	$host->settings;
};

# --- who has it

subtest 'who has the device node open' => sub {
	$host->rebind($nvme, 'vfio-pci');
	anew($host);
	$host->process(812, command => 'spdk_tgt', open => [ cdev(2) ]);
	vm(hostdevs => [$nvme])->refused(qr{\Q$nvme\E is in use: spdk_tgt \(pid 812, unit \S+\) has /dev/vfio/devices/vfio2 open}, 'has the device');
	my $vm = vm(hostdevs => [$nic]);
	$vm->taken('another device');
	$vm->given_back('another device');
	$host->no_process(812);
	$host->process(812, command => 'spdk_tgt', open => [ $host->node('c', 10, 126) ]);
	$vm = vm(hostdevs => [$nvme]);
	$vm->taken('who has /dev/iommu open has no device');
	$vm->given_back('it');
	$host->no_process(812);
	$host->rebind($nvme, 'nvme');
	anew($host);
};

subtest 'a QEMU that libvirt gave it' => sub {
	my $vm = vm(more => $all, hostdevs => [$nvme]);
	$vm->taken('it');
	$host->process(900, command => 'unknown', open => [ cdev(2) ]);
	$host->settings({ 'unbind-timeout' => 1 });
	my $got = $vm->call('release');
	is($got->{status}, 1, 'keeps it') or diag($got->{err});
	like($got->{err}, qr/process 900 has a VFIO device node of vm open; no device is returned/, 'as is said');
	$host->no_process(900)->settings;
	$vm->given_back('later');
};

subtest 'a mediated device' => sub {
	open my $f, '>', $host->dir . "/sys/bus/pci/devices/$parent/mdev_supported_types/nvidia-63/create" or die;
	syswrite $f, $mdev;
	close $f;
	$host->mdev_cdev($parent, $mdev, 5);
	anew($host);
	for ([ cdev(5), 'devices/vfio5' ], [ $host->node('c', 4000, 900), '900' ]) {
		my ($node, $name) = @$_;
		$host->process(813, command => 'other-qemu', open => [$node]);
		vm(hostdevs => [$mdev])->refused(qr{mediated device $mdev is in use: other-qemu \(pid 813, unit \S+\) has /dev/vfio/$name open}, "has /dev/vfio/$name");
		vm(hostdevs => [$parent])->refused(qr/\Q$parent\E has mediated devices/, 'the parent is not free');
		$host->no_process(813);
	}
	my $vm = vm(hostdevs => [$mdev]);
	$vm->taken('it');
	$host->process(813, command => 'late', open => [ cdev(5) ]);
	my $got = $vm->call('release');
	like($got->{err}, qr/process 813 has a VFIO device node of vm open; no device is returned/, 'who has it open keeps it');
	$host->no_process(813);
	$vm->given_back('later');
};

done_testing;
