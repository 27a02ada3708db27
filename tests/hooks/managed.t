#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# managed='yes': libvirt binds, the hook only looks.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($gpu, $hda, $nvme, $nic, $pf) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0 04:00.0 06:00.0);
# As vfio-pci leaves it: what libvirt binds libvirt gives back, and it cares for drivers only.
spew($host->dir . '/.sys/' . $host->path_of($nvme) . '/power/control', "on\n");

sub vm { return Kvmshim::Vm->new($host, managed => 'yes', hostdevs => \@_) }

subtest 'a whole life' => sub {
	my $vm = vm($nvme);
	$vm->taken('it');
	is_deeply([ $host->log ], [], 'nothing is written');
	is($host->driver_of($nvme), 'nvme', 'it is where it was');
	is($vm->journal->{devices}[0]{role}, 'managed', 'the journal knows');
	$host->rebind($nvme, 'vfio-pci');
	$vm->silent('start', 'libvirt has bound it');
	$vm->runs(4242)->silent('started', 'it');
	$host->no_log;
	my $other = Kvmshim::Vm->new($host, uuid => uuid(2), name => 'other', hostdevs => [$nvme]);
	my $got = $other->call('prepare');
	is($got->{err}, "kvmshim: $nvme is in use by VM vm\n", 'it is reserved');
	$vm->ends(4242);
	$host->rebind($nvme, 'nvme');
	$host->no_log;
	$vm->given_back('it');
	is_deeply([ $host->log ], [], 'nothing was written');
};

subtest 'libvirt gives it back after us' => sub {
	my $vm = vm($nvme);
	$vm->taken('it');
	$host->rebind($nvme, 'vfio-pci');
	$host->no_log;
	$vm->silent('release', 'it');
	is($host->driver_of($nvme), 'vfio-pci', 'is left to libvirt');
	is_deeply([ $host->log ], [], 'no fight');
	$host->rebind($nvme, 'nvme');
	as_it_was($host, 'it');
};

subtest 'the checks hold all the same' => sub {
	vm('0000:77:00.0')->refused(qr/this host has no such PCI device/, 'missing');
	vm('0000:00:01.0')->refused(qr/is a PCI bridge/, 'a bridge');
	vm($pf)->refused(qr/has virtual functions in use/, 'used VFs');
	vm($gpu)->refused(qr/\Q$hda\E .*shares IOMMU group 11 with a requested device/, 'a sibling');
	$host->claimed_disk('nvme0n1');
	vm($nvme)->refused(qr/\Q$nvme\E is in use: disk nvme0n1 has a user that is not in the mount table/, 'a disk in use');
	$host->no_fault;
	$host->settings({ 'unbind-drivers' => 'nvme', managed => 'check' });
	vm($nic)->refused(qr/driver igb is not in unbind-drivers/, 'a driver that is not to be taken');
	$host->settings;
	unlink $host->dir . '/dev/nvme0n1';
	$host->disk('nvme0n1');
};

subtest 'both kinds in one domain' => sub {
	my $vm = Kvmshim::Vm->new($host, hostdevs => [$nvme],
		more => '<!-- -->');
	my $text = $vm->text =~ s{(?=  </devices>)}{Kvmshim::Sysfs::hostdev_xml($nic, 'yes')}er;
	my $got = $host->hook('vm', 'prepare', 'begin', $text);
	is($got->{status} . $got->{err}, '0', 'are taken');
	is($host->driver_of($nvme), 'vfio-pci', 'ours');
	is($host->driver_of($nic), 'igb', 'and libvirt\'s');
	is_deeply([ map { "$_->{pci} $_->{role}" } @{ $vm->journal->{devices} } ], [ "$nvme hostdev", "$nic managed" ], 'the journal has both');
	is_deeply([ grep { /\Q$nic\E/ } $host->log ], [], 'libvirt\'s is not written to');
	$vm->given_back('they');
};

subtest 'a group of both kinds' => sub {
	my $vm = Kvmshim::Vm->new($host, hostdevs => [$gpu]);
	my $text = $vm->text =~ s{(?=  </devices>)}{Kvmshim::Sysfs::hostdev_xml($hda, 'yes')}er;
	my $got = $host->hook('vm', 'prepare', 'begin', $text);
	is($got->{status} . $got->{err}, '0', 'is whole');
	is($host->driver_of($hda), 'snd_hda_intel', 'and each has its own');
	$vm->given_back('it');
};

subtest 'a disk that QEMU has by VFIO' => sub {
	my $disk = "<disk type='nvme' device='disk'><driver name='qemu' type='raw'/><source type='pci' managed='yes' namespace='1'>"
		. "<address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/></source></disk>";
	my $vm = vm();
	my $text = $vm->text =~ s{(?=  </devices>)}{$disk}r;
	my $got = $host->hook('vm', 'prepare', 'begin', $text);
	is($got->{status} . $got->{err}, '0', 'is taken');
	is_deeply([ map { "$_->{pci} $_->{role}" } @{ $vm->journal->{devices} } ], ["$nvme managed"], 'as a hostdev is');
	$vm->given_back('it');
	$host->claimed_disk('nvme0n1');
	$got = $host->hook('vm', 'prepare', 'begin', $text);
	like($got->{err}, qr/\Q$nvme\E is in use: disk nvme0n1 has a user that is not in the mount table/, 'a disk in use is refused');
	unlink $host->no_fault->dir . '/dev/nvme0n1';
	$host->disk('nvme0n1');
};

# vfio-pci sets power/control to auto as libvirt binds it.
subtest 'attributes' => sub {
	my $power = $host->dir . '/sys/bus/pci/devices/' . "$nvme/power/control";
	spew($power, 'auto');
	anew($host)->settings({}, "[device $nvme]\npower = on\nd3cold_allowed = 0\n");
	my $vm = vm($nvme);
	$vm->taken('it');
	is($host->value_of($nvme, 'd3cold_allowed'), 0, 'what VFIO does not change is set');
	$host->rebind($nvme, 'vfio-pci');
	is($host->value_of($nvme, 'power/control'), 'auto', 'libvirt has bound it');
	$vm->silent('start', 'then');
	is($host->value_of($nvme, 'power/control'), 'on', 'it has what kvmshim.conf says');
	$host->no_log;
	$vm->silent('start', 'once more');
	is_deeply([ $host->log ], [], 'and is left alone');
	$host->rebind($nvme, 'nvme');
	$vm->given_back('libvirt had it back before us');
	$host->settings;
};

done_testing;
