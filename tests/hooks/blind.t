#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A hook that cannot look takes nothing: each system call that looks fails, with each error that
# seccomp, an old kernel or an exhausted host gives, from its first call or from a later one on.
# A program has the sound card open all the time.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Sysfs ();
use Kvmshim::Zoo;
use Test::More;

my ($strace) = grep { -x } map { "$_/strace" } split /:/, $ENV{PATH};
need($strace, 'no strace on this machine');

my $host = Kvmshim::Zoo->new;
my ($gpu, $hda) = ('0000:01:00.0', '0000:01:00.1');
my $xml = Kvmshim::Sysfs::xml(hostdevs => [ $gpu, $hda ]);

$host->process(812, command => 'aplay',
	open => [ $host->node('c', split /:/, $host->value_of($hda, 'sound/card1/pcmC1D3p/dev')) ]);
$host->settings({ 'holders-wait' => 0 });
my $driver = $host->driver_of($hda);

sub prepare {
	my (@trace) = @_;
	return run({ env => { KVMSHIM_ROOT => $host->dir }, in => $xml, dir => '/' }, $strace, '-f', '-qq', @trace,
		program('kvmshim-hook'), 'vm', 'prepare', 'begin', '-');
}

# How often a start makes each call, when none fails.
my @calls = qw(statx newfstatat getdents64 openat readlinkat);
my $counts = $host->dir . '/.sys/strace';
my $seen = prepare('-o', $counts, '-e', 'trace=' . join(',', @calls));
need($seen->{status} == 1, "strace may not trace here: $seen->{err}") if $seen->{err} =~ /ptrace|strace:/;
is($seen->{status}, 1, 'the start is refused');
like($seen->{err}, qr/\Q$hda\E is in use: aplay \(pid 812/, 'and the program named');
my %count;
$count{$_}++ for slurp($counts) =~ /^(?:\d+ +)?(\w+)\(/mg;

for my $call (@calls) {
	my $n = $count{$call} // 0;
	cmp_ok($n, '>', 0, "$call is made");
	for my $error (qw(EPERM ENOSYS EIO EMFILE ENOMEM)) {
		for my $from (sort { $a <=> $b } keys %{ { map { $_ => 1 } 1, map { int($n * $_) || 1 } 0.5, 0.8 } }) {
			my $got = prepare('-o', '/dev/null', '-e', "trace=$call", '-e', "inject=$call:error=$error:when=$from+");
			my $what = "$call fails with $error from call $from of $n on";
			isnt($got->{status}, 0, "$what: the start is refused");
			is($host->driver_of($hda), $driver, "$what: nothing was taken");
		}
	}
}

# Each start left what it could not remove to the next one.
my $last = $host->hook('vm', 'release', 'end', $xml);
is($last->{status}, 0, 'a release that can look again ends all of it') or diag($last->{err});

done_testing;
