# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Campaign;

# What the files of tests/campaign share: a host whose eight devices are in five
# groups and whose pools of huge pages grow, VMs, and the question whether it is as it was.

use strict;
use warnings;
use Exporter 'import';
use File::Find;
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

our @EXPORT = qw(campaign_host campaign_vm figure @groups @devices $bridge in_run is_restored sample);

our @groups = map { [ map { "0000:$_" } @$_ ] }
	[qw(01:00.0 01:00.1)], ['03:00.0'], ['04:00.0'], ['05:00.0'], [qw(09:00.0 09:00.1 09:00.2)];
our @devices = map { @$_ } @groups;

# Above the first group.
our $bridge = '0000:00:01.0';

# Active before a VM takes a device, and after it has given it back.
my @units = qw(disk.service gpu.service);

# Options of [hook]: KEY => VALUE.
sub campaign_host {
	my (%hook) = @_;
	my $host = Kvmshim::Zoo->new;
	$host->pool($_, 2048, 8) for 0, 1;
	$host->units(@units);
	return $host->settings({ hugepages => 'allocate', %hook },
		"[device 0000:03:00.0]\npower = on\nstop-units = disk.service\n[device 0000:01:00.0]\npause-units = gpu.service\n"
		. "end-sessions = seat0\n[device $bridge]\npower = on\n[device 0000:05:00.0]\nstart-units = fan.service\n"
		. "units-before-unbind = once.service, before.service\nunits-while-unbound = between.service\nload-modules = vendor-reset\n") && $host;
}

# One that has its memory in huge pages of node 1, more than there are; options are those of Kvmshim::Vm.
sub campaign_vm {
	my ($host, %opt) = @_;
	return Kvmshim::Vm->new($host, mib => 64, more => '<memoryBacking><hugepages/></memoryBacking>'
		. "<numatune><memory mode='strict' nodeset='1'/></numatune>", %opt);
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

# A line of what `make campaign` prints at its end.
sub figure { return note("figure: $_[0]") }

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
	my $active = $host->active_units;
	$host->units(@units);    # the sessions of the seat are back
	return 1 if $active eq "@units" && $now eq $before && $left =~ m{^ ?/lock(?: /pool\.lock)? /vm$};
	fail($name);
	diag(differing([ split /\n/, $before ], [ split /\n/, $now ]), "\nin /run: $left\nactive: $active\n", map { "$_\n" } $host->log);
	return 0;
}

1;
