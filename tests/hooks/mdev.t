#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Mediated devices, and nvidia's vGPUs by current_vgpu_type. Both on a fake /sys
# only: there is no such hardware here.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my $parent = '0000:07:00.0';
my $vgpu = '0000:08:00.4';
my $section = "[device $parent]\nmdev-type = nvidia-63\n";
my $type = $host->dir . "/sys/bus/pci/devices/$parent/mdev_supported_types/nvidia-63";

sub mdev { return sprintf '7b6a7d5c-0000-4000-8000-%012x', $_[0] }

sub vm {
	my ($n, @devices) = @_;
	return Kvmshim::Vm->new($host, uuid => uuid($n), name => "vm$n", hostdevs => \@devices);
}

sub exists_now { return -e $host->dir . "/sys/bus/mdev/devices/$_[0]" }
sub left { return slurp("$type/available_instances") + 0 }

sub make {
	my ($uuid) = @_;
	open my $f, '>', "$type/create" or die;
	return syswrite $f, $uuid;
}

subtest 'one that is there' => sub {
	make(mdev(1));
	anew($host);
	my $vm = vm(1, mdev(1));
	$vm->taken('it');
	is_deeply([ $host->log ], [], 'nothing is written');
	is($vm->journal->{devices}[0]{mdev}, mdev(1), 'it is reserved');
	my $got = vm(2, mdev(1))->call('prepare');
	is($got->{status} . $got->{err}, '1kvmshim: mediated device ' . mdev(1) . " is in use by VM vm1\n", 'for others');
	$vm->silent('start', 'it');
	$vm->given_back('it');
	ok(exists_now(mdev(1)), 'it stays');
};

subtest 'one that is not there' => sub {
	vm(1, mdev(2))->refused(qr/mediated device ${\mdev(2)} is not there, and no \[device .*mdev-type has an instance left/,
		'without an mdev-type');
	$host->settings({}, $section);
	my $vm = vm(1, mdev(2));
	$vm->taken('it');
	ok(exists_now(mdev(2)), 'is made');
	is(left(), 0, 'of the type in kvmshim.conf');
	is_deeply([ grep { /mdev/ } $vm->steps ], ["mdev $parent"], 'which the journal knows');
	$vm->silent('start', 'it');
	vm(2, mdev(3))->call('prepare');
	my $got = vm(2, mdev(3))->call('prepare');
	like($got->{err}, qr/${\mdev(3)} is not there, and no .* has an instance left/, 'one more than there are');
	$vm->given_back('it');
	is(left(), 1, 'its place is free again');
};

subtest 'two of two, and then none' => sub {
	open my $f, '>', $host->dir . '/sys/bus/mdev/devices/' . mdev(1) . '/remove' or die;
	syswrite $f, 1;
	close $f;
	anew($host);
	my $vm = vm(1, mdev(4), mdev(5));
	$vm->taken('two');
	is(left(), 0, 'none is left');
	$vm->given_back('two');
	vm(1, map { mdev($_) } 4 .. 6)->refused(qr/${\mdev(6)} is not there/, 'three of two');
};

subtest 'what goes wrong' => sub {
	my $vm = vm(1, mdev(4), mdev(5));
	$host->fault('create=' . mdev(5), 'write', 1, 'EIO');
	$vm->refused(qr/writing '${\mdev(5)}' to \S*create: Input\/output error/, 'the second cannot be made', written => 1);
	$host->no_fault->fault('create', 'write', 1, 'lie');
	$vm->refused(qr/${\mdev(4)}: the driver of \Q$parent\E took it and made nothing/, 'a driver that makes nothing', written => 1);
	$host->no_fault;
	$vm->taken('it');
	$host->fault(mdev(4) . '/remove', 'write', 3, 'EBUSY');
	$host->fault(mdev(4) . '/remove', 'write', 1, 'EBUSY');
	$vm->given_back('a driver that is busy for a while');
	$host->no_fault;
	$vm->taken('it');
	$host->fault(mdev(4) . '/remove', 'write', 1, 'EIO');
	my $got = $vm->call('release');
	is($got->{status}, 1, 'one that cannot be removed');
	like($got->{err}, qr/writing '1' to \S*remove: Input\/output error/, 'is told');
	$host->no_fault;
	$vm->silent('reconnect', 'later');
	as_it_was($host, 'later');
	$vm->taken('it');
	open my $f, '>', $host->dir . '/sys/bus/mdev/devices/' . mdev(4) . '/remove' or die;
	syswrite $f, 1;
	close $f;
	$got = $vm->call('start');
	is($got->{err}, 'kvmshim: mediated device ' . mdev(4) . " was there and is gone\n", 'no start without it');
	$vm->given_back('one that somebody else removed');
};

subtest 'one that a VM that is gone has left' => sub {
	vm(1, mdev(4))->orphan('prepare');
	ok(exists_now(mdev(4)), 'it is there');
	my $next = vm(2, mdev(4));
	$next->taken('it');
	ok(!vm(1)->journal, 'it was given back first');
	$next->given_back('it');
};

subtest 'a vGPU by current_vgpu_type' => sub {
	$host->settings({}, "[device $vgpu]\nmdev-type = 557\n");
	anew($host);
	my $vm = vm(1, $vgpu);
	$vm->taken('it');
	is($host->value_of($vgpu, 'nvidia/current_vgpu_type'), 557, 'has its type');
	is($host->driver_of($vgpu), 'nvidia', 'and its driver');
	is_deeply([ $host->log ], ["$vgpu/nvidia/current_vgpu_type 557"], 'nothing else is written') or diag(join "\n", $host->log);
	is_deeply([ grep { /vgpu/ } $vm->steps ], ["vgpu $vgpu"], 'the journal knows');
	$vm->silent('start', 'it');
	$host->fault('current_vgpu_type=0', 'write', 1, 'EBUSY');
	$host->fault('current_vgpu_type=0', 'write', 2, 'EPERM');
	$vm->given_back('a driver that is busy for a while');
	$host->no_fault->fault('current_vgpu_type', 'write', 1, 'EINVAL');
	$vm->refused(qr/writing '557' to \S*current_vgpu_type: Invalid argument/, 'a type that it has not', written => 1);
	$host->no_fault;
};

done_testing;
