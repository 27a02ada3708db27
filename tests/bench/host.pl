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
# prepare and release are the hook's; what the kernel would do for it is done by writes.c.
# scans: how often all processes are gone through.
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
use Kvmshim::Sysfs;

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
# --- the tree

my $room = "$ENV{B}/bench-host";
my $root = "$room/root";

if (!$ENV{BENCH_NAMESPACE}) {
	local $ENV{BENCH_NAMESPACE} = 1;
	make_path($room);
	my $status = system command_path('unshare'), '--mount', '--propagation', 'private', $^X, abs_path($0), @ARGV;
	rmdir $room;
	exit($status ? 1 : 0);
}

sub must {
	my $got = run({}, @_);
	$got->{status} eq '0' or die "@_: $got->{err}\n";
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
	must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', $room);
	make_path("$root/etc/kvmshim", "$root/run");
	put("$root/etc/kvmshim/kvmshim.conf", $settings);
	put_functions("$root/sys", $functions);
	make_proc("$root/proc");
}

# --- who looks at it

my (@rows, %took, %cpu, %scans);

# command and what took_ms() is told of it.
sub row {
	my ($label, $command, %opt) = @_;
	push @rows, { label => $label, command => $command, %opt };
}

# Who finds nobody where nobody is says so with status 1.
sub judging_rows {
	my @nodes = map { "$root/nodes/card$_" } 0 .. $devices - 1;
	my @addresses = map { function_at($_) } 0 .. $devices - 1;
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
	my ($n) = @_;
	my $xml = spew("$room/$n.xml", Kvmshim::Sysfs::xml(hostdevs => [ map { function_at($_) } 0 .. $n - 1 ]));
	my %at = (env => { KVMSHIM_ROOT => $root, LD_PRELOAD => program('bench/writes.so'), BENCH_ACT => 0 }, in => $xml);
	my $of = "$n device" . ($n > 1 ? 's' : '');
	row("hook: prepare, $of", [ program('kvmshim-hook'), 'vm', 'prepare', 'begin', '-' ], %at);
	row("hook: release, $of", [ program('kvmshim-hook'), 'vm', 'release', 'end', '-' ], %at, follows => 1);
}

# Who does not see a user must not win: of the last cards each has some.
sub check_rows {
	my ($n) = ($devices + 3);
	my $got = run({ env => { KVMSHIM_ROOT => $root } }, program('kvmshim'), 'bind', '--dry-run', function_at($n));
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
must('mount', '--bind', "$root/proc", '/proc');
judging_rows();
handover_rows($_) for 1, $devices;
check_rows();
measure_in_turns();
count_scans();
show();
