#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What does it cost to look at a host with 4,096 PCI functions? `kvmshim devices` and lspci(8)
# take turns on the same /sys, of plain files.
#
#	devices.pl BUILD-DIR [ROUNDS [FUNCTIONS]]
#
# lspci prints an address, a class and a name; kvmshim besides the driver, the IOMMU group, the NUMA
# node, how it is reset, and which of them are free.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/../lib";

BEGIN { $ENV{B} = abs_path($ARGV[0] // 'build') }
use Kvmshim;
use Kvmshim::Bench;

my (undef, $rounds, $functions) = @ARGV;
$rounds    //= 21;
$functions //= 4096;

my $lspci = command_path('lspci');
if (!$lspci) {
	print "devices: left out, it takes lspci (package pciutils)\n";
	exit 0;
}

my $room = File::Temp->newdir;
my $root = "$room";
put_functions("$root/sys", $functions);
put_processes("$root/proc", 0, 0);

my %at   = (env => { KVMSHIM_ROOT => $root }, out => "$room/out");
my @ours = (program('kvmshim'), 'devices');
my @rows = (
	{ label => 'lspci', command => [ $lspci, '-O', "sysfs.path=$root/sys/bus/pci" ], opt => { out => "$room/out" } },
	{ label => 'kvmshim devices', command => \@ours, opt => \%at },
	{ label => 'kvmshim devices --json', command => [ @ours, '--json' ], opt => \%at },
	{ label => 'kvmshim devices --html', command => [ @ours, '--html', "$room/out" ], opt => { env => $at{env} } },
);

# Who does not see all of them must not win.
sub check_rows {
	for my $row (@rows) {
		took_ms($row->{opt}, @{ $row->{command} });
		my $seen = () = slurp("$room/out") =~ /\b[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b/g;
		$seen >= $functions or die "$row->{label} shows $seen of $functions functions\n";
	}
}

my (%took, %cpu);

sub measure {
	take_turns($rounds, map { my $row = $_; sub {
		push @{ $took{ $row->{label} } }, took_ms($row->{opt}, @{ $row->{command} });
		push @{ $cpu{ $row->{label} } }, cpu_ms();
	} } @rows);
}

check_rows();
measure();
my %median = map { $_ => median(@{ $took{$_} }) } keys %took;
printf "%d PCI functions; medians of %d\n\n", $functions, $rounds;
printf "%-28s %9s %9s %9s\n", '', 'ms', 'of CPU', '/ lspci';
printf "%-28s %9.1f %9.0f %9.2f\n", $_, $median{$_}, mean(@{ $cpu{$_} }), $median{$_} / $median{lspci} for map { $_->{label} } @rows;
print "\nbar, by time:\n";
bar('kvmshim devices to lspci', $median{'kvmshim devices'} / $median{lspci}, '<=', 1);
