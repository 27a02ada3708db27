#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A VM is started and stopped thousands of times: nothing grows, neither what
# is in /run nor the journal nor the memory of the hook.
#
# CYCLES=2000

use strict;
use warnings;
use FindBin;
use List::Util 'max';
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Campaign;
use Kvmshim::Vm;
use Test::More;

my $cycles = sample(CYCLES => 2000);
my $edge   = $cycles < 100 ? int(($cycles + 1) / 2) : 50;    # the first so many are held against the last
my $host   = campaign_host('unbind-timeout' => 60);    # nothing hangs here
my $vm     = campaign_vm($host, hostdevs => [ map { "0000:$_" } qw(03:00.0 04:00.0 05:00.0) ]);
my $peak   = $host->dir . '/peak';

# Descriptors of the servers behind /sys and /proc: one that a hook leaves open is one of theirs.
sub descriptors {
	my @of = map { my @fds = glob "/proc/$_->{pid}/fd/*"; scalar @fds } values %{ $host->{servers} };
	return $of[0] + $of[1];
}

# libvirt's call: the hook's peak resident memory in KiB.
sub step {
	my ($op) = @_;
	my $got = $host->hook_end(launch({ env => { KVMSHIM_ROOT => $host->dir }, in => $vm->text, dir => '/' },
		tool('peak'), $peak, program('kvmshim-hook'), $vm->words($op), '-'));
	$got->{status} . $got->{out} . $got->{err} eq '0' or die "$op: $got->{status} $got->{out}$got->{err}\n";
	return slurp($peak) + 0;
}

my @ops = qw(prepare start started release);

# What one start and stop needed.
sub cycle {
	my %saw;
	for my $op (@ops) {
		$vm->runs(4242) if $op eq 'started';
		$vm->ends(4242) if $op eq 'release';
		$saw{"KiB of $op"} = step($op);
		$saw{'bytes of the journal'} = max($saw{'bytes of the journal'} // 0, -s $vm->folder . '/journal.json') if $op ne 'release';
		$saw{'files in /run'} = max($saw{'files in /run'} // 0, scalar split / /, in_run($host));
	}
	$saw{'files that stay'} = scalar split / /, in_run($host);
	$saw{'open descriptors'} = descriptors();
	return \%saw;
}

# More of it than this is growth: pids and times have more digits at times, and a page is a page.
sub room {
	my ($what) = @_;
	return $what =~ /KiB/ ? 512 : $what =~ /journal/ ? 64 : $what =~ /descriptors/ ? 8 : 0;
}

my (@first, @last);
for my $n (1 .. $cycles) {
	$host->no_log;
	my $saw = cycle();
	push @first, $saw if $n <= $edge;
	push @last, $saw if $n > $cycles - $edge;
}
is_restored($host, 'after all of them') and pass("$cycles starts and stops: all is as it was");
for my $what (sort keys %{ $first[0] }) {
	my ($before, $after) = map { max map { $_->{$what} } @$_ } \@first, \@last;
	cmp_ok($after, '<=', $before + room($what), "$what do not grow");
	figure("$cycles starts and stops: $what: at most $before of the first $edge, $after of the last $edge");
}
done_testing;
