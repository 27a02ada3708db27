#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What does judging cost on a big host? On a made-up one with 4,096 PCI functions, 5,000
# processes and 50,000 open files, programs take turns: kvmshim judges 1 device and 8
# (bind --dry-run: all that a start looks at, and the plan), fuser(1) looks who has them.
#
#	host.pl BUILD-DIR [ROUNDS [FUNCTIONS PROCESSES]]
#
# Both walk the same tree. fuser cannot be told where /proc is, so the tree's is mounted
# over it, in a mount namespace that this script makes for itself; the tree is in its
# memory and gone with it. Plain files are quicker to look at than a real /proc; that
# is so for both. fuser also reads each process's maps: they are empty here, and that is
# to its favour.
#
# prepare and release are the hook's, with a /sys that acts (tests/tools/fakesys) for its
# devices, and the same /proc: how often do they look through all processes?
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../lib";

BEGIN { $ENV{B} = abs_path($ARGV[0] // 'build') }
use Kvmshim;
use Kvmshim::Bench;
use Kvmshim::Devices;

my ($build, $rounds, $functions, $processes) = @ARGV;
$rounds    //= 9;
$functions //= 4096;
$processes //= 5000;
my $files_each = 10;
my $devices    = 8;
my $settings   = "[hook]\nunbind-drivers = nouveau\nholders-wait = 0\n";

if ($> != 0 || !command_path('unshare')) {
	print "judging a big host: left out, it takes root and unshare (package util-linux)\n";
	exit 0;
}
if (!$ENV{BENCH_NAMESPACE}) {
	$ENV{BENCH_NAMESPACE} = 1;
	exec command_path('unshare'), '--mount', '--propagation', 'private', $^X, abs_path($0), @ARGV;
	die "unshare: $!\n";
}

# --- the tree

my $room = "$ENV{B}/bench";
my $root = "$room/root";

sub must {
	my $got = run({}, @_);
	$got->{status} eq '0' or die "@_: $got->{err}\n";
}

# 256 functions a bus; each has a group of its own.
sub address_of {
	my ($n) = @_;
	return sprintf '0000:%02x:%02x.%x', 1 + ($n >> 8), $n >> 3 & 31, $n & 7;
}

my %attributes = (
	vendor => "0x10de\n", device => "0x1eb8\n", class => "0x030200\n", subsystem_vendor => "0x10de\n",
	subsystem_device => "0x12a2\n", numa_node => "-1\n", driver_override => "(null)\n", enable => "1\n",
	d3cold_allowed => "1\n", reset_method => "flr bus\n", config => pack('vvx60', 0x10de, 0x1eb8),
	modalias => "pci:v000010DEd00001EB8sv000010DEsd000012A2bc03sc02i00\n",
);

# One of $functions graphics cards of a driver, each with its /dev/dri/cardN.
sub make_function {
	my ($sys, $n) = @_;
	my $address = address_of($n);
	my $folder  = "$sys/devices/pci0000:00/$address";
	make_path("$folder/power", "$folder/drm/card$n", "$sys/kernel/iommu_groups/$n/devices");
	put("$folder/$_", $attributes{$_}) for keys %attributes;
	put("$folder/power/control", "auto\n");
	put("$folder/drm/card$n/dev", "4000:$n\n");
	point("$folder/driver", '../../../bus/pci/drivers/nouveau');
	point("$folder/iommu_group", "../../../kernel/iommu_groups/$n");
	point("$sys/bus/pci/devices/$address", "../../../devices/pci0000:00/$address");
	point("$sys/bus/pci/drivers/nouveau/$address", "../../../../devices/pci0000:00/$address");
	point("$sys/kernel/iommu_groups/$n/devices/$address", "../../../../devices/pci0000:00/$address");
	point("$sys/class/drm/card$n", "../../devices/pci0000:00/$address/drm/card$n");
}

sub make_sys {
	my ($sys) = @_;
	make_path("$sys/devices/pci0000:00", "$sys/bus/pci/devices", "$sys/class/drm", "$sys/kernel/iommu_groups",
		map { "$sys/bus/pci/drivers/$_" } 'nouveau', 'vfio-pci');
	put("$sys/bus/pci/drivers_probe", '');
	make_function($sys, $_) for 0 .. $functions - 1;
}

# One process in ten has a graphics card open, but none of those that are handed over.
sub make_proc {
	my ($proc) = @_;
	make_path("$root/nodes");
	must('mknod', "$root/nodes/card$_", 'c', 4000, $_) for 0 .. $devices + 7;
	put_processes($proc, $processes, $files_each, sub {
		my ($n) = @_;
		return $n % 10 ? () : "$root/nodes/card" . ($devices + $n / 10 % 8);
	});
}

sub make_tree {
	make_path($room);
	must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', $room);
	$ENV{TMPDIR} = $room;
	make_path("$root/etc/kvmshim", "$root/run");
	put("$root/etc/kvmshim/kvmshim.conf", $settings);
	make_sys("$root/sys");
	make_proc("$root/proc");
}

# --- who looks at it

# A host with a /sys that acts, and the big host's processes.
sub acting_host {
	my $host = Kvmshim::Devices->new;
	$host->driver($_) for 'nouveau', 'vfio-pci';
	$host->device(address_of($_), id => '10de:1eb8', class => '030200', driver => 'nouveau', group => $_,
		below => { nouveau => { "drm/card$_/dev" => "4000:$_" } }) for 0 .. $devices - 1;
	$host->conf($settings);
	$host->proc_is("$root/proc");
	return $host;
}

my (@rows, %took, %cpu, %scans);

# command and what took_ms() is told of it.
sub row {
	my ($label, $command, %opt) = @_;
	push @rows, { label => $label, command => $command, %opt };
}

# Who finds nobody where nobody is says so with status 1.
sub judging_rows {
	my @nodes = map { "$root/nodes/card$_" } 0 .. $devices - 1;
	my @addresses = map { address_of($_) } 0 .. $devices - 1;
	my @dry = (program('kvmshim'), 'bind', '--dry-run');
	my %at  = (env => { KVMSHIM_ROOT => $root });
	if (my $fuser = command_path('fuser')) {
		row('fuser, 1 device', [ $fuser, $nodes[0] ], status => 1);
		row("fuser, $devices devices", [ $fuser, @nodes ], status => 1);
	} else {
		print "fuser: left out, install psmisc\n";
	}
	row('kvmshim judges 1 device', [ @dry, $addresses[0] ], %at);
	row("kvmshim judges $devices devices", [ @dry, @addresses ], %at);
}

# Two rows that go one behind the other.
sub handover_rows {
	my ($host, $n) = @_;
	my $xml = $host->file("$n.xml", Kvmshim::Sysfs::xml(hostdevs => [ map { address_of($_) } 0 .. $n - 1 ]));
	my %at = (env => { KVMSHIM_ROOT => $host->dir }, in => $xml);
	my $of = "$n device" . ($n > 1 ? 's' : '');
	row("hook: prepare, $of", [ program('kvmshim-hook'), 'vm', 'prepare', 'begin', '-' ], %at);
	row("hook: release, $of", [ program('kvmshim-hook'), 'vm', 'release', 'end', '-' ], %at, follows => 1);
}

# Who does not see a user must not win: of the last cards each has some.
sub check_rows {
	my ($n) = ($devices + 3);
	my $got = run({ env => { KVMSHIM_ROOT => $root } }, program('kvmshim'), 'bind', '--dry-run', address_of($n));
	$got->{err} =~ /is in use: worker/ or die "kvmshim does not see who has card $n: $got->{err}\n";
	my $fuser = command_path('fuser') or return;
	$got = run({}, $fuser, "$root/nodes/card$n");
	$got->{out} =~ /\d/ or die "fuser does not see who has card $n\n";
}

sub measure_in_turns {
	my @turns;
	for my $row (@rows) {
		$row->{follows} ? push(@{ $turns[-1] }, $row) : push(@turns, [ $row ]);
	}
	take_turns($rounds, map { my $turn = $_; sub {
		for (@$turn) {
			push @{ $took{ $_->{label} } }, took_ms($_, @{ $_->{command} });
			push @{ $cpu{ $_->{label} } }, cpu_ms();
		}
	} } @turns);
}

# How often each of them goes through all processes, where strace(1) is there to tell.
sub count_scans {
	my $strace = command_path('strace') or return;
	for my $row (@rows) {
		took_ms($row, $strace, qw(-f --seccomp-bpf -e trace=openat -o), "$room/calls", @{ $row->{command} });
		my @scans = slurp("$room/calls") =~ m{openat\(AT_FDCWD, "[^"]*/proc", .*O_DIRECTORY}g;
		$scans{ $row->{label} } = @scans;
	}
}

sub show {
	my %median = map { $_ => median(@{ $took{$_} }) } keys %took;
	my $scan = $median{'fuser, 1 device'};
	printf "%d PCI functions, %d processes, %d open files; medians of %d\n\n", $functions, $processes,
		$processes * $files_each, $rounds;
	printf "%-28s %9s %9s %9s %7s\n", '', 'ms', 'of CPU', '/ fuser', 'scans';
	printf "%-28s %9.1f %9.0f %9s %7s\n", $_, $median{$_}, mean(@{ $cpu{$_} }), $scan ? sprintf '%.2f', $median{$_} / $scan : '',
		$scans{$_} // '' for map { $_->{label} } @rows;
	return if !$scan;
	print "\nbars, by time:\n";
	bar("judging $_ to one fuser", $median{"kvmshim judges $_"} / $scan, '<=', 1)
		for '1 device', "$devices devices";
}

make_tree();
my @hosts = map { acting_host() } 1 .. 2;
must('mount', '--bind', "$root/proc", '/proc');
judging_rows();
handover_rows($hosts[0], 1);
handover_rows($hosts[1], $devices);
check_rows();
measure_in_turns();
count_scans();
show();
