#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Virtual functions that are not there yet: the hook creates them where the section of their
# PF says how many, they stay when the VM ends, and what cannot be is said beforehand too.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib", "$FindBin::Bin/../ctl";
use Ctl;
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($pf, $first, $second) = map { "0000:06:$_" } qw(00.0 10.0 10.4);
my $count = $host->dir . "/sys/bus/pci/devices/$pf/sriov_numvfs";
my $section = "[device $pf]\nsriov_numvfs = 2\n";

sub vm { return Kvmshim::Vm->new($host, uuid => uuid($_[0]), name => "vm$_[0]", hostdevs => $_[1], @_[ 2 .. $#_ ]) }

sub none {
	spew($count, 0);
	anew($host);
	return ok(!-e $host->dir . "/sys/bus/pci/devices/$first", 'there are none');
}

my ($one, $other) = (vm(1, [$first]), vm(2, [$second]));

none();
$one->refused(qr/\Q$first\E: this host has no such PCI device/, 'without a section');
is(join(' ', $host->log), '', 'and nothing is written');

$host->settings({}, $section);

subtest 'said beforehand' => sub {
	my $got = ctl($host, 'bind', $first, '--dry-run');
	is($got->{status}, 0, 'bind --dry-run: possible');
	like($got->{out}, qr/\Q$pf\E: sriov_numvfs = 2 \(was 0\)/, 'and how');
	is(join(' ', $host->log), '', 'nothing is written');
};

subtest 'created at the first start, and they stay' => sub {
	$one->taken('the first');
	is(($host->log)[0], "$pf/sriov_numvfs 2", 'before all else');
	is($host->driver_of($first), 'vfio-pci', 'the VM has its function');
	$host->no_log;
	$other->taken('the second');
	is((grep { /numvfs/ } $host->log), 0, 'it was there already');
	$one->silent('release', 'the first');
	is($host->driver_of($first), 'igbvf', 'with the driver that it got when it was created');
	is(slurp($count), "2\n", 'both are there');
	$other->silent('release', 'the second');
	is(slurp($count), "2\n", 'and stay');
};

subtest 'by hand' => sub {
	none();
	my $got = ctl($host, 'bind', $first);
	is("$got->{status} $got->{err}", '0 ', 'bind');
	is($host->driver_of($first), 'vfio-pci', 'has it');
	is(ctl($host, 'unbind', $first)->{status}, 0, 'unbind');
};

subtest 'libvirt binds it' => sub {
	none();
	my $vm = vm(3, [$first], managed => 'yes');
	$vm->silent('prepare', 'managed');
	ok(-e $host->dir . "/sys/bus/pci/devices/$first", 'and finds it');
	$vm->silent('release', 'managed');
};

subtest 'two of several do not make more' => sub {
	spew($count, $_) for 0, 1;
	anew($host);
	$other->refused(qr/\Q$second\E does not exist: \Q$pf\E has 1 virtual functions, and the section at \S+:\d+ asks for 2; write 0 to its sriov_numvfs file/,
		'the others would lose theirs');
	is((grep { /numvfs/ } $host->log), 0, 'nothing is written');
};

subtest 'a function that no such number makes' => sub {
	$host->settings({}, "[device $pf]\nsriov_numvfs = 1\n");
	none();
	$other->refused(qr/\Q$second\E: this host has no such PCI device/, 'the second of one');
	is((grep { /numvfs/ } $host->log), 0, 'nothing is written');
	$host->settings({}, $section);
};

subtest 'the PF is away' => sub {
	none();
	my $whole = vm(4, [$pf]);
	$whole->taken('a VM has the PF itself');
	is((grep { /numvfs/ } $host->log), 0, 'without any functions');
	my $got = ctl($host, 'bind', $first, '--dry-run');
	like($got->{err}, qr/\Q$first\E does not exist yet, and its physical function \Q$pf\E is in use by VM vm4/, 'said beforehand');
	like($one->call('prepare')->{err}, qr/\Q$first\E does not exist yet, and its physical function \Q$pf\E is in use by VM vm4/, 'it has it');
	$whole->given_back('it');
	spew($host->dir . '/sys/bus/pci/drivers/igb/unbind', $pf);
	anew($host);
	$one->refused(qr/physical function \Q$pf\E has no driver; bind \Q$pf\E to its host driver first/, 'no driver');
	spew($host->dir . '/sys/bus/pci/drivers/igb/bind', $pf);
};

subtest 'the driver says no' => sub {
	none();
	my $fault = $host->fault("$pf/sriov_numvfs", 'write', 1, 'ENOMEM');
	like($one->call('prepare')->{err}, qr/'2' cannot be written to \S+\Q$pf\E\/sriov_numvfs: Cannot allocate memory/, 'ENOMEM');
	$host->no_fault;
	$host->settings({ 'unbind-timeout' => 1 }, $section);
	$fault = $host->fault("$pf/sriov_numvfs", 'write', 1, 'hang');
	like($one->call('prepare')->{err}, qr/\Q$pf\E is stuck: writing sriov_numvfs has not finished \(process \d+\)/, 'it hangs');
	$host->no_fault($fault);
	$host->settings({}, $section);
};

subtest 'two VMs race for one each' => sub {
	none();
	my @running = map { $_->begin('prepare') } $one, $other;
	my @got = ($one->end($running[0]), $other->end($running[1]));
	is(join(' ', map { "$_->{status}$_->{err}" } @got), '0 0', 'both start');
	$_->silent('release', 'it') for $one, $other;
};

subtest 'killed at each call' => sub {
	for my $when ('kill-before', 'kill-after') {
		none();
		$host->fault("$pf/sriov_numvfs", 'write', 1, $when);
		my $got = $one->call('prepare');
		$host->no_fault;
		$one->call('release');
		is_deeply([ glob $host->dir . '/run/kvmshim/vm/*' ], [], "$when: nothing is left in /run");
		$one->taken("$when: and then it works");
		$one->silent('release', 'it');
	}
};

done_testing;
