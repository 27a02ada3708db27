#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim devices` on a machine with a real /sys: before, while and after a VM has devices, by the
# hook and by libvirt alone, as root and not; and what `generate xml` prints is a VM's.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Kvmshim::Guest;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Test::More;

in_libvirt_vm('-t', 600);
libvirt_with_hook("[hook]\n");

my ($graphics, $nic, $nvme, $usb, $bare) = map { "0000:0$_" } '1:00.0', '2:00.0', '3:00.0', '4:00.0', '0:03.0';

# By address; opt: of run().
sub devices {
	my (%opt) = @_;
	my $got = run(\%opt, program('kvmshim'), 'devices', '--json');
	my $all = eval { JSON::PP->new->utf8->decode($got->{out}) };
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($all, 'it is JSON') or diag($got->{status}, $got->{out}, $got->{err}), return {};
	return ({ map { $_->{address} => $_ } @{ $all->{devices} } }, $all, $got);
}

sub states { my ($of) = devices(); return join ' ', map { $of->{$_}{state} // 'none' } @_ }

subtest 'a host at rest' => sub {
	my ($of, $all, $got) = devices();
	is($got->{err}, '', 'root sees all');
	my @there = sort map { s{.*/}{}r } glob '/sys/bus/pci/devices/*';
	is_deeply([ sort keys %$of ], \@there, 'every function of the host');
	is($of->{$nvme}{state}, 'free', 'a disk that nobody uses');
	is($of->{$bare}{why}, 'it has no driver', 'a device without a driver');
	is($of->{$graphics}{state}, 'host', 'the boot display');
	like($of->{$graphics}{above}, qr/^0000:00:04\.0$/, 'hangs from its root port');
	is($of->{'0000:00:04.0'}{state}, 'bridge', 'which is a bridge');
	my $disk = disk_of($nvme);
	must('mkfs.ext4', '-q', '-F', $disk);
	mkdir '/mnt/disk';
	must('mount', $disk, '/mnt/disk');
	($of) = devices();
	like($of->{$nvme}{why}, qr{is mounted on /mnt/disk}, 'a disk that is mounted');
	is($of->{$nvme}{state}, 'host', 'is the host\'s');
	must('umount', '/mnt/disk');
	is(states($nvme), 'free', 'until it is not');
	is($of->{'0000:05:00.0'}{vfs}{total}, 2, 'a disk that can have virtual functions');
	my ($vf) = vfs_of('0000:05:00.0', 2);
	($of) = devices();
	is(scalar @{ $of->{'0000:05:00.0'}{vfs}{enabled} }, 2, 'and has them');
	is($of->{$vf}{physfn}, '0000:05:00.0', 'each of which tells whose it is');
};

subtest 'a VM by the hook' => sub {
	vm('small', devices => [ $bare, $nvme ]);
	starts('small');
	my ($of) = devices();
	is(states($bare, $nvme), 'vm vm', 'it has its devices');
	is($of->{$nvme}{vm}{name}, 'small', 'by its name');
	is($of->{$nvme}{vm}{pid}, vm_pid('small'), 'as this process');
	is($of->{$nvme}{home_driver}, 'nvme', 'and the host gets it back');
	stops('small');
	is(states($bare, $nvme), 'free free', 'then they are free');
};

subtest 'what is generated is taken' => sub {
	my $got = run({}, program('kvmshim'), 'generate', 'xml', $nvme);
	is($got->{status}, 0, 'generate xml') or diag($got->{err});
	vm('pasted', extra => $got->{out});
	starts('pasted');
	is(states($nvme), 'vm', 'a VM with it has the device');
	stops('pasted');
};

subtest 'a VM by libvirt alone' => sub {
	unlink '/etc/libvirt/hooks/qemu.d/50-kvmshim' or die;
	libvirtd_restart();
	vm('managed', devices => [$usb], managed => 'yes');
	starts('managed');
	my ($of) = devices();
	is(states($usb), 'vm', 'its QEMU tells that it has the device');
	is($of->{$usb}{vm}{name}, 'managed', 'and whose it is');
	my $copy = '/tmp/kvmshim';
	Kvmshim::install(program('kvmshim'), $copy);
	chmod 0755, $copy;
	my $got = run({ uid => 65534 }, $copy, 'devices', '--json');
	my %seen = map { $_->{address} => $_ } @{ JSON::PP->new->utf8->decode($got->{out})->{devices} };
	is($seen{$usb}{vm}{name}, 'managed', 'to everybody');
	like($got->{err}, qr/incomplete: the programs that have devices open/, 'who is told what he does not see');
	stops('managed');
};

done_testing;
