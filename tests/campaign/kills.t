#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook is killed before and after each system call by which it changes
# something (tools/killat.c counts them), in prepare and in release, of a VM that
# takes eight devices in five groups and huge pages. What is then given back: /sys and /run
# are as they were before the VM was.
#
# KILLS=N takes every Nth point only, for a first look.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Campaign;
use Kvmshim::Vm;
use Test::More;

my $every = sample(KILLS => 1);
my $host  = campaign_host();
my $vm    = campaign_vm($host, name => 'taker', hostdevs => \@devices);
my $other = Kvmshim::Vm->new($host, name => 'other', uuid => uuid(2));

# libvirt's call, under killat, by a daemon that is gone afterwards: how many calls it saw.
sub killed {
	my ($op, $when, $n) = @_;
	my $got = $host->hook_end(launch({ env => { KVMSHIM_ROOT => $host->dir }, in => $vm->text, dir => '/' },
		tool('killat'), $when, $n, program('kvmshim-hook'), $vm->words($op), '-'));
	return $got->{out} + 0;
}

# As any reconnecting daemon does it, and any VM that wants the devices.
sub recover { return $other->call('reconnect') }

my %ready = (prepare => sub { 1 }, release => sub { $vm->orphan('prepare')->{status} eq '0' });

# How many points were tried and were right.
sub campaign {
	my ($op) = @_;
	my ($n, $tried, $right, $seen) = (1, 0, 0, 0);
	while (1) {
		for my $when ('before', 'after') {
			$host->no_log;
			$ready{$op}->() or die "$op: the VM cannot be prepared\n";
			$seen = killed($op, $when, $n);
			recover();
			$tried++;
			$right += is_restored($host, "killed $when call $n of $op");
		}
		last if $seen < $n;
		$n += $every;
	}
	return ($seen, $tried, $right);    # nothing killed the last one: it saw all calls
}

$vm->orphan('prepare');
recover();
is_restored($host, 'a VM that is prepared and gone is given back') or BAIL_OUT('nothing works');
for my $op ('prepare', 'release') {
	my ($calls, $tried, $right) = campaign($op);
	is($right, $tried, "$op: killed at $tried points, all is given back");
	figure("$op of 8 devices in 5 groups: $calls system calls that change something; killed before and after "
		. ($every == 1 ? 'each' : "each ${every}th") . ": all restored at $right of $tried points");
	cmp_ok($calls, '>', 40, "$op: the calls were seen");
}
done_testing;
