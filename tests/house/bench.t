#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `make bench` is not part of the tests, and should not be found broken by who needs it:
# its part about big hosts, with a small one.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Bench;
use Test::More;

need($> == 0, 'only root can mount');
need(command_path($_), "no $_ on this machine") for qw(unshare fuser strace);
my $build = $ENV{B} // "$FindBin::Bin/../../build";

my $got = run({}, "$FindBin::Bin/../bench/host.pl", $build, 1, 32, 40);
is($got->{status}, 0, 'it runs to its end') or diag($got->{err});
is($got->{err}, '', 'and complains of nothing');
like($got->{out}, qr/^32 PCI functions, 40 processes, 400 open files; medians of 1$/m, 'it tells how big the host is');

my %scans = $got->{out} =~ /^(\S.*\S) +[\d.]+ +\d+ +[\d.]+ +(\d+)$/mg;
is(join(' ', map { $scans{$_} // 'none' } 'fuser, 1 device', 'kvmshim judges 1 device', 'kvmshim judges 8 devices'),
	'1 1 1', 'fuser and judging look at each process once, however many devices there are');
is(scalar(grep { /^hook: (?:prepare|release), / } keys %scans), 4, 'the hook has its rows');
my $bars = () = $got->{out} =~ /^judging \S+ devices? to one fuser +[\d.]+  \(<= 1\)  (?:ok|over)$/mg;
is($bars, 2, 'each bar is shown, and whether it is reached');

done_testing;
