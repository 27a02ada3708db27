#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `make bench` is not part of the tests, and should not be found broken by who needs it: its
# part about listing a big host, with a small one.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Bench;
use Test::More;

need(command_path('lspci'), 'no lspci on this machine (package pciutils)');
my $build = $ENV{B} // "$FindBin::Bin/../../build";

my $got = run({}, "$FindBin::Bin/../bench/devices.pl", $build, 1, 40);
is($got->{status}, 0, 'it runs to its end') or diag($got->{err});
is($got->{err}, '', 'and complains of nothing');
like($got->{out}, qr/^40 PCI functions; medians of 1$/m, 'it tells how big the host is');
like($got->{out}, qr/^kvmshim devices to lspci +[\d.]+  \(<= 1\)  (?:ok|over)$/m, 'the bar is shown, and whether it is reached');

done_testing;
