# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Campaign;

# What the files of tests/campaign share: a host whose eight devices are in five
# groups, and the question whether it is as it was.

use strict;
use warnings;
use Exporter 'import';
use File::Find;
use Kvmshim;
use Kvmshim::Zoo;
use Test::More;

our @EXPORT = qw(campaign_host @groups @devices in_run is_restored sample);

our @groups = map { [ map { "0000:$_" } @$_ ] }
	[qw(01:00.0 01:00.1)], ['03:00.0'], ['04:00.0'], ['05:00.0'], [qw(09:00.0 09:00.1 09:00.2)];
our @devices = map { @$_ } @groups;

# Options of [hook]: KEY => VALUE.
sub campaign_host {
	my (%hook) = @_;
	my $host = Kvmshim::Zoo->new;
	return $host->settings(\%hook, "[device 0000:03:00.0]\npower = on\nstop-units = disk.service\n") && $host;
}

# How often, from the environment: a number of at least 1. In a machine of tests/vm it
# is what it was outside.
sub sample {
	my ($name, $default) = @_;
	my $n = $ENV{$name} || $default;
	$n =~ /^[1-9][0-9]*\z/ or die "$name=$n is no number\n";
	$Kvmshim::passed_on{$name} = 1;
	return $ENV{$name} = $n;
}

sub in_run {
	my ($host) = @_;
	my $run = $host->dir . '/run/kvmshim';
	my @found;
	find(sub { push @found, substr $File::Find::name, length $run if $_ ne '.' && $_ ne '..' }, $run);
	return join ' ', sort @found;
}

# Is the host as it was when its first VM was made, and /run empty? A failure if not, else nothing is said.
sub is_restored {
	my ($host, $name) = @_;
	my $before = $host->{before};
	my $now    = $host->state_snapshot;
	my $left   = in_run($host);
	return 1 if $now eq $before && $left =~ m{^ ?/lock /vm$};
	fail($name);
	diag(differing([ split /\n/, $before ], [ split /\n/, $now ]), "\nin /run: $left\n", map { "$_\n" } $host->log);
	return 0;
}

1;
