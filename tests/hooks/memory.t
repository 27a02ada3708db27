#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Huge pages of 1 GiB, on two NUMA nodes, which a machine for tests has no memory for.
# What real pools do is tests/vm/memory.t's.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $gib  = 1048576;
my $nvme = '0000:03:00.0';
my $host = Kvmshim::Zoo->new;
$host->pool(0, $gib, 2)->pool(1, $gib, 1, most => 6);

# A domain of so many GiB, on a node or, without one, wherever there is room.
sub vm {
	my ($n, $name, $gib_of_it, $node, %opt) = @_;
	my $huge = '<memoryBacking><hugepages><page size="1" unit="GiB"/></hugepages></memoryBacking>';
	my $tune = defined $node ? "<numatune><memory mode='strict' nodeset='$node'/></numatune>" : '';
	return Kvmshim::Vm->new($host, uuid => uuid($n), name => $name, mib => 1024 * $gib_of_it, more => $huge . $tune, %opt);
}

sub pools { return join ' ', map { $host->pool_of($_, $gib) } 0, 1 }

subtest 'checked' => sub {
	vm(1, 'much', 3, 1)->refused(qr/on NUMA node 1 the VM needs 3 huge pages of 1 GiB; 1 free; to enlarge the pool: echo 3 >\S+node1\S+1048576kB/, 'a node has too few');
	vm(1, 'more', 4)->refused(qr/on this host the VM needs 4 huge pages of 1 GiB; 3 free/, 'so has the host');
	my $vm = vm(1, 'all', 3);
	$vm->taken('what there is');
	my $late = vm(2, 'late', 1);
	like($late->call('prepare')->{err}, qr/: on this host the VM needs 1 huge page of 1 GiB; 3 free, 3 claimed by VMs that are starting; to enlarge/,
		'it is promised');
	$late->silent('release', 'who came late');
	$vm->given_back('it');
};

subtest 'made by the kernel as they are asked for' => sub {
	my $small = Kvmshim::Zoo->new;
	my $of = 'kernel/mm/hugepages/hugepages-2048kB';
	$small->pool(0, 2048, 0)->attribute("$of/nr_overcommit_hugepages", 255);
	my $vm = Kvmshim::Vm->new($small, more => '<memoryBacking><hugepages/></memoryBacking>');
	$vm->refused(qr/on this host the VM needs 256 huge pages of 2 MiB; 0 free, 255 more by overcommit; to enlarge/, 'one too few');
	$small->attribute("$of/nr_overcommit_hugepages", 256);
	$vm->taken('as many as it needs');
	$vm->given_back('they');
};

$host->settings({ hugepages => 'allocate' });

subtest 'allocated, beside a device' => sub {
	my $vm = vm(1, 'grower', 5, 1, hostdevs => [$nvme]);
	$vm->taken('five of one node');
	is(pools(), '2/2 5/5', 'the pool has grown');
	is($host->driver_of($nvme), 'vfio-pci', 'the device is taken');
	$vm->given_back('they');
};

subtest 'more than there is memory for' => sub {
	my $got = vm(1, 'greedy', 9, 1, hostdevs => [$nvme])->refused(qr/node1\S+: 8 pages are needed, but the kernel could add only 5/,
		'nine of one node', written => 1);
	is(pools(), '2/2 1/1', 'the pool has what it had');
};

subtest 'the pool does not take it' => sub {
	for my $error ('EIO', 'ENOSPC') {
		anew($host)->fault('node1/hugepages/hugepages-1048576kB/nr_hugepages', 'write', 1, $error);
		vm(1, 'grower', 3, 1, hostdevs => [$nvme])->refused(qr{'3' cannot be written to \S+/nr_hugepages: }, $error, written => 1);
	}
	anew($host);
};

# Its journal is there before its pages are: another that grows the pool grows it for both.
subtest 'a VM is still at something else as another grows the pool' => sub {
	my $both = Kvmshim::Zoo->new(vfio => 0);
	$both->pool(0, $gib, 2)->pool(1, $gib, 1)->settings({ hugepages => 'allocate' });
	$both->program_of_host('usr/sbin/modprobe', "/bin/sleep ${\whole_seconds(1)}\nmv '$both->{dir}/.sys/bus/pci/drivers/.vfio-pci' "
		. "'$both->{dir}/.sys/bus/pci/drivers/vfio-pci' 2>/dev/null\nexit 0");
	my ($slow, $quick) = (vm(1, 'slow', 3, 1, hostdevs => [$nvme], host => $both), vm(2, 'quick', 5, 1, host => $both));
	$both->{before} = $both->state_snapshot;
	my $starting = $slow->begin('prepare');
	eventually(sub { $slow->journal });
	$quick->taken('the quick one');
	is($both->pool_of(1, $gib), '8/8', 'the pool has what both need');
	is($slow->end($starting)->{status}, 0, 'the slow one has it, too');
	is($both->pool_of(1, $gib), '8/8', 'no more than that');
	$slow->silent('release', 'the slow one');
	is($both->pool_of(1, $gib), '6/6', 'the quick one keeps its pages');
	$quick->silent('release', 'the quick one');
	is($both->pool_of(1, $gib), '1/1', 'and the pool has what it had');
};

subtest 'killed meanwhile' => sub {
	for my $action ('kill-before', 'kill-after') {
		my $vm = vm(1, 'grower', 5, 1, hostdevs => [$nvme]);
		anew($host)->fault('node1/hugepages/hugepages-1048576kB/nr_hugepages', 'write', 1, $action);
		$vm->orphan('prepare');
		ok($vm->journal, "$action: the journal tells of it");
		$host->no_fault;
		vm(2, 'other', 1, 0)->silent('reconnect', "$action: another daemon");
		as_it_was($host, $action);
	}
};

subtest 'a VM that comes after one that is gone' => sub {
	my $gone = vm(1, 'gone', 3, 1, hostdevs => [$nvme]);
	$gone->orphan('prepare');
	is(pools(), '2/2 3/3', 'it had grown the pool');
	my $next = vm(2, 'next', 4, 1, hostdevs => [$nvme]);
	$next->taken('the next');
	is(pools(), '2/2 4/4', 'the pool has what the next one needs');
	$next->given_back('that');
	ok(!$gone->journal, 'nothing is left of the other');
};

subtest 'two that grow the same pool' => sub {
	my ($first, $second) = (vm(1, 'first', 3, 1), vm(2, 'second', 2, 1));
	$first->taken('the first');
	$second->taken('the second');
	is(pools(), '2/2 5/5', 'as much as both need');
	$first->silent('release', 'who came first');
	is(pools(), '2/2 3/3', 'the other keeps what it has grown by');
	$second->given_back('that');
};

subtest 'a pool that an admin has grown meanwhile' => sub {
	my $vm = vm(1, 'grower', 3, 1);
	$vm->taken('it');
	spew($host->dir . '/sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages', 5);
	my $got = $vm->call('release');
	is($got->{status}, 0, 'is no failure');
	like($got->{err}, qr/\Akvmshim: [^\n]*node1[^\n]*\n\z/, 'is told');
	is(pools(), '2/2 5/5', 'and left alone');
	spew($host->dir . '/sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages', 1);
	as_it_was($host, 'put right by hand, it');
};

subtest 'promised of a node' => sub {
	$host->settings;
	my $vm = vm(1, 'first', 2, 0);
	$vm->taken('all of node 0');
	like(vm(2, 'late', 1, 0)->call('prepare')->{err}, qr/on NUMA node 0 the VM needs 1 huge page of 1 GiB; 2 free, 2 claimed/, 'is not there for others');
	my $other = vm(3, 'other', 1, 1);
	$other->taken('what another has');
	$_->silent('release', 'they') for vm(2, 'late', 1, 0), $other;
	$vm->given_back('it');
};

done_testing;
