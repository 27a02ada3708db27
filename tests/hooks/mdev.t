#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Mediated devices, and nvidia's vGPUs by current_vgpu_type. Both on a fake /sys
# only: there is no such hardware here.

use strict;
use warnings;
use Fcntl ':flock';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
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

sub remove {
	my ($uuid) = @_;
	open my $f, '>', $host->dir . "/sys/bus/mdev/devices/$uuid/remove" or die;
	return syswrite $f, 1;
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
	vm(1, mdev(2))->refused(qr/mediated device ${\mdev(2)} does not exist, and no \[device .*mdev-type in .* has an available instance/,
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
	like($got->{err}, qr/${\mdev(3)} does not exist, and no .* has an available instance/, 'one more than there are');
	$vm->given_back('it');
	is(left(), 1, 'its place is free again');
};

subtest 'two of two, and then none' => sub {
	remove(mdev(1));
	anew($host);
	my $vm = vm(1, mdev(4), mdev(5));
	$vm->taken('two');
	is(left(), 0, 'none is left');
	$vm->given_back('two');
	vm(1, map { mdev($_) } 4 .. 6)->refused(qr/${\mdev(6)} does not exist/, 'three of two');
};

subtest 'what goes wrong' => sub {
	my $vm = vm(1, mdev(4), mdev(5));
	$host->fault('create=' . mdev(5), 'write', 1, 'EIO');
	$vm->refused(qr/'${\mdev(5)}' cannot be written to \S*create: Input\/output error/, 'the second cannot be made', written => 1);
	$host->no_fault->fault('create', 'write', 1, 'lie');
	$vm->refused(qr/${\mdev(4)}: the driver of \Q$parent\E accepted the request but created no mediated device/, 'a driver that makes nothing', written => 1);
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
	like($got->{err}, qr/'1' cannot be written to \S*remove: Input\/output error/, 'is told');
	$host->no_fault;
	$vm->silent('reconnect', 'later');
	as_it_was($host, 'later');
	$vm->taken('it');
	remove(mdev(4));
	$got = $vm->call('start');
	is($got->{err}, 'kvmshim: mediated device ' . mdev(4) . " existed at 'prepare' and does not exist now\n", 'no start without it');
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

subtest 'a parent is not taken from under its devices' => sub {
	my ($first, $second) = (vm(1, mdev(4)), vm(2, $parent));
	$host->fault('create', 'write', 1, 'sleep:' . paced(1000));
	my $begun = $first->begin('prepare');
	eventually(sub { $first->journal });
	is($second->call('prepare')->{err}, "kvmshim: $parent is in use by VM vm1\n", 'while one is made');
	is($first->end($begun)->{status}, 0, 'which is made');
	$host->no_fault;
	$first->silent('start', 'it');
	$first->runs(4242)->silent('started', 'it');
	my $has = "$parent has mediated devices, which an unbind would remove: " . mdev(4);
	my $remove = '; stop their VMs and remove them first';
	is($second->call('prepare')->{err}, "kvmshim: $has (VM vm1)$remove\n", 'while a VM runs with one');
	my $bind = run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'bind', '--dry-run', $parent);
	is($bind->{status} . $bind->{err}, "1kvmshim: $has (VM vm1)$remove\n", 'not by hand either');
	ok(exists_now(mdev(4)), 'it is there');
	is($host->driver_of($parent), 'nvidia', 'and its parent where it was');
	$first->ends(4242)->given_back('it');
	make(mdev(4));
	anew($host);
	$second->refused(qr/\Q$has$remove\E$/, 'one that an admin made');
	remove(mdev(4));
	anew($host);
	$first->orphan('prepare');
	$second->taken('what a VM that is gone has left is given back first');
	is($host->driver_of($parent), 'vfio-pci', 'then it is taken');
	is($first->call('prepare')->{err} =~ s/,.*//sr, 'kvmshim: mediated device ' . mdev(4) . ' does not exist',
		'and none can be made on it');
	$second->given_back('it');
	make(mdev(4));
	anew($host);
	$first->orphan('prepare');
	$second->refused(qr/\Q$has$remove\E$/, 'one that an admin made, of a VM that is gone', written => 1);
	remove(mdev(4));
	anew($host);
	$second->orphan('prepare');
	$first->taken('what a VM that is gone has left of a parent is given back too');
	$first->given_back('it');
	vm(1, mdev(4), $parent)->refused(qr/${\mdev(4)} does not exist/, 'both for one VM');
};

# Does the process have this file open? One that waits for a lock has.
sub has_open {
	my ($pid, $path) = @_;
	return grep { (readlink // '') eq $path } glob "/proc/$pid/fd/*";
}

# Calls that have all looked at the host before $meanwhile, and before the first of them reserves.
sub looked_before {
	my ($meanwhile, @vms) = @_;
	my $path = $host->dir . '/run/kvmshim/lock';
	open my $lock, '<', $path or die;
	flock $lock, LOCK_EX or die;
	my @running = map { $_->begin('prepare') } @vms;
	for my $one (@running) {
		eventually(sub { has_open($one->{pid}, $path) });
	}
	$meanwhile->();
	close $lock;
	return map { $vms[$_]->end($running[$_]) } 0 .. $#vms;
}

sub at_once {
	return looked_before(sub { }, @_);
}

subtest 'two VMs at once' => sub {
	my @vms = (vm(1, mdev(4)), vm(2, mdev(5)));
	make(mdev(1));
	anew($host);
	$host->fault('create', 'write', '*', 'sleep:' . paced(300));
	my ($loser, @more) = grep { $_->{status} } at_once(@vms);
	is(scalar @more, 0, 'one has the last instance');
	like($loser->{err}, qr/\Akvmshim: mediated device \S+ does not exist, and no .* has an available instance\n\z/, 'the other is told');
	$_->silent('release', 'it') for @vms;
	as_it_was($host, 'they');
	my $other = '0000:0c:00.0';
	$host->device($other, id => '10de:1eb8', class => '030200', driver => 'nvidia', group => 23,
		below => { nvidia => { Kvmshim::Devices::mdev_types('nvidia-63' => 1) } });
	anew($host)->settings({}, $section . "[device $other]\nmdev-type = nvidia-63\n");
	$host->fault('create', 'write', '*', 'sleep:' . paced(300));
	is(join('', map { $_->{status} . $_->{err} } at_once(@vms)), '00', 'both, where another can make one');
	is_deeply([ sort map { (grep { /mdev/ } $_->steps)[0] } @vms ], [ "mdev $parent", "mdev $other" ], 'one on each');
	$_->silent('release', 'it') for @vms;
	as_it_was($host, 'they');
	remove(mdev(1));
	$host->settings({}, $section);
	anew($host);
};

subtest 'a parent that somebody takes meanwhile' => sub {
	my @vms = (vm(1, mdev(4)), vm(2, $parent));
	my @got = at_once(@vms);
	my ($loser, @more) = grep { $_->{status} } @got;
	is(scalar @more, 0, 'one has it');
	like($loser->{err}, qr/is in use by VM vm1|has mediated devices|does not exist, and no/, 'the other is told');
	$_->silent('release', 'it') for @vms;
	as_it_was($host, 'they');
};

subtest 'one that somebody makes meanwhile' => sub {
	my $vm = vm(1, mdev(4));
	$host->fault('create=' . mdev(4), 'write', 1, 'sleep:' . paced(700));
	my $begun = $vm->begin('prepare');
	eventually(sub { $vm->journal });
	paced_sleep(0.2);
	make(mdev(4));
	my $before = $host->state_snapshot;
	is($vm->end($begun)->{err}, 'kvmshim: mediated device ' . mdev(4) . " was created by another program during this start; start the VM again\n",
		'is not made');
	is($host->state_snapshot, $before, 'and is not removed');
	$vm->taken('again, it');
	$vm->silent('release', 'it');
	ok(exists_now(mdev(4)), 'it stays');
	remove(mdev(4));
	as_it_was($host->no_fault, 'it');
	my ($got) = looked_before(sub { make(mdev(4)) }, $vm);
	is($got->{status} . $got->{err}, '0', 'before it is reserved, it is used');
	$vm->silent('release', 'it');
	ok(exists_now(mdev(4)), 'and stays too');
	remove(mdev(4));
	as_it_was($host, 'it');
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
	$vm->refused(qr/'557' cannot be written to \S*current_vgpu_type: Invalid argument/, 'a type that it has not', written => 1);
	$host->no_fault;
};

done_testing;
