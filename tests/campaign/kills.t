#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook is killed before and after each system call by which it changes
# something (tools/killat.c counts them), in prepare and in release, of a VM that
# takes eight devices in five groups. What is then given back: /sys and /run are
# as they were before the VM was.
#
# KILLS=N takes every Nth point only, for a first look.

use strict;
use warnings;
use File::Find;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $every = $ENV{KILLS} // 1;
my $host  = Kvmshim::Zoo->new;
$host->settings({}, "[device 0000:03:00.0]\npower = on\nstop-units = disk.service\n");
my @devices = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0 04:00.0 05:00.0 09:00.0 09:00.1 09:00.2);
my $vm    = Kvmshim::Vm->new($host, name => 'taker', hostdevs => \@devices);
my $other = Kvmshim::Vm->new($host, name => 'other', uuid => uuid(2));
my $run   = $host->dir . '/run/kvmshim';

sub in_run {
	my @found;
	find(sub { push @found, substr $File::Find::name, length $run if $_ ne '.' && $_ ne '..' }, $run);
	return join ' ', sort @found;
}

# libvirt's call, under killat, by a daemon that is gone afterwards: how many calls it saw.
sub killed {
	my ($op, $when, $n) = @_;
	my $got = $host->hook_end(launch({ env => { KVMSHIM_ROOT => $host->dir }, in => $vm->text, dir => '/' },
		tool('killat'), $when, $n, program('kvmshim-hook'), $vm->words($op), '-'));
	return $got->{out} + 0;
}

# As any reconnecting daemon does it, and any VM that wants the devices.
sub recover { return $other->call('reconnect') }

sub is_restored {
	my ($name) = @_;
	my $before = $host->{before};
	my $now    = $host->state_snapshot;
	my $left   = in_run();
	return 1 if $now eq $before && $left =~ m{^ ?/lock /vm$};
	fail($name);
	diag(differing([ split /\n/, $before ], [ split /\n/, $now ]), "\nin /run: $left\n", map { "$_\n" } $host->log);
	return 0;
}

my %ready = (prepare => sub { 1 }, release => sub { $vm->orphan('prepare')->{status} eq '0' });

# How many points were tried and were right.
sub campaign {
	my ($op) = @_;
	my ($n, $tried, $right) = (1, 0, 0);
	while (1) {
		my $seen;
		for my $when ('before', 'after') {
			$host->no_log;
			$ready{$op}->() or die "$op: the VM cannot be prepared\n";
			$seen = killed($op, $when, $n);
			recover();
			$tried++;
			$right += is_restored("killed $when call $n of $op");
		}
		last if $seen < $n;
		$n += $every;
	}
	return ($n - $every, $tried, $right);
}

$vm->orphan('prepare');
recover();
is_restored('a VM that is prepared and gone is given back') or BAIL_OUT('nothing works');
for my $op ('prepare', 'release') {
	my ($calls, $tried, $right) = campaign($op);
	is($right, $tried, "$op: $calls calls that change something, killed at $tried points");
	cmp_ok($calls, '>', 40, "$op: the calls were seen");
}
done_testing;
