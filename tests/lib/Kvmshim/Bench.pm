# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Bench;

# What the benchmarks in tests/bench share: programs that take turns, and bars that are
# shown and not enforced.
#
#   my $took = took_ms({ in => 'domain.xml', env => { A => 1 } }, 'program', 'word');
#   my @found = present(\@rows);
#   bar('judging to one fuser', $ours / $fuser, '<=', 1);

use strict;
use warnings;
use Exporter 'import';
use File::Path 'make_path';
use Kvmshim;
use Kvmshim::Sysfs;
use List::Util qw(shuffle sum);
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT = qw(command_path present now_ms took_ms cpu_ms take_turns median mean bar write_time put point
	function_at put_functions put_processes);

# The distribution's own first: what a user's PATH adds may be a script around it.
sub command_path {
	my ($name) = @_;
	my ($path) = grep { -x } map { "$_/$name" } '/usr/bin', '/bin', '/usr/sbin', '/sbin',
		split /:/, $ENV{PATH} // '';
	return $path;
}

# Those rows whose program is here; what is missing is told, with the package that has it.
sub present {
	my ($rows) = @_;
	for my $row (grep { $_->{needs} && !command_path($_->{needs}[0]) } @$rows) {
		print "$row->{label}: left out, install $row->{needs}[1]\n";
	}
	return grep { !$_->{needs} || command_path($_->{needs}[0]) } @$rows;
}

my $cpu;

sub now_ms { return 1000 * clock_gettime(CLOCK_MONOTONIC) }

sub run_in_child {
	my ($opt, @command) = @_;
	$ENV{$_} = $opt->{env}{$_} for keys %{ $opt->{env} // {} };
	open STDIN, '<', $opt->{in} // '/dev/null' or POSIX::_exit(126);
	open STDOUT, '>', $opt->{out} // '/dev/null' or POSIX::_exit(126);
	{ exec { $command[0] } @command };
	POSIX::_exit(127);
}

# From before the fork to the end of the program, which has to go well. in, out: files
# for stdin and stdout; env: put over ours; status: the one it has to have.
sub took_ms {
	my ($opt, @command) = @_;
	my $cpu_before = cpu_of_children();
	my $begin = now_ms();
	my $pid = fork // die "fork: $!\n";
	run_in_child($opt, @command) if !$pid;
	waitpid $pid, 0;
	my $end = now_ms();
	$? == ($opt->{status} // 0) << 8 or die "@command: failed, wait status $?\n";
	$cpu = cpu_of_children() - $cpu_before;
	return $end - $begin;
}

# What the program of the last took_ms() and its children had of the processors, which
# says more than time where others are at work. Counted in steps of 10 ms: only a mean
# of many is worth something.
sub cpu_ms { return $cpu }

sub cpu_of_children {
	my (undef, undef, $user, $system) = times;
	return 1000 * ($user + $system);
}

# Calls each of the subs once a round, in an order that differs from round to round, so
# that what disturbs the machine disturbs all alike.
sub take_turns {
	my ($rounds, @subs) = @_;
	srand 1;
	for my $round (1 .. $rounds) {
		$_->() for shuffle(@subs);
	}
}

sub median {
	my @sorted = sort { $a <=> $b } @_;
	return $sorted[ @sorted / 2 ];
}

sub mean { return @_ ? sum(@_) / @_ : 0 }

sub bar {
	my ($what, $value, $sign, $limit) = @_;
	my $ok = $sign eq '<=' ? $value <= $limit : $value >= $limit;
	printf "%-58s %6.2f  (%s %s)  %s\n", $what, $value, $sign, $limit, $ok ? 'ok' : 'over';
}

# Milliseconds in which at least one of the writes that writes.so noted was under way.
sub write_time {
	my ($file) = @_;
	open my $f, '<', $file or die "$file: $!\n";
	my ($sum, $until) = (0, 0);
	for (sort { $a->[0] <=> $b->[0] } map { [split] } <$f>) {
		my ($begin, $end) = @$_;
		$begin = $until if $begin < $until;
		next if $end <= $begin;
		$sum += $end - $begin;
		$until = $end;
	}
	return $sum / 1e6;
}

# --- made-up hosts, of which there is much to make

# Quicker than spew(), which makes the folder first.
sub put {
	my ($path, $text) = @_;
	open my $f, '>', $path or die "$path: $!\n";
	print $f $text;
	close $f or die "$path: $!\n";
}

sub point {
	my ($from, $to) = @_;
	symlink $to, $from or die "$from: $!\n";
}

# 256 PCI functions a bus.
sub function_at {
	my ($n) = @_;
	return sprintf '0000:%02x:%02x.%x', 1 + ($n >> 8), $n >> 3 & 31, $n & 7;
}

my %attributes = (
	vendor => "0x10de\n", device => "0x1eb8\n", class => "0x030200\n", subsystem_vendor => "0x10de\n",
	subsystem_device => "0x12a2\n", numa_node => "-1\n", driver_override => "(null)\n", enable => "1\n",
	d3cold_allowed => "1\n", reset_method => "flr bus\n", config => pack('vvx60', 0x10de, 0x1eb8),
	modalias => "pci:v000010DEd00001EB8sv000010DEsd000012A2bc03sc02i00\n",
	irq => "16\n", resource => join('', ("0x0000000000000000 0x0000000000000000 0x0000000000000000\n") x 13),
);

# A graphics card of the driver nouveau in an IOMMU group of its own, with the device
# number 4000:N.
sub put_function {
	my ($sys, $n) = @_;
	my $address = function_at($n);
	my $folder  = "$sys/devices/pci0000:00/$address";
	make_path("$folder/power", "$folder/drm/card$n", "$sys/kernel/iommu_groups/$n/devices");
	put("$folder/$_", $attributes{$_}) for keys %attributes;
	put("$folder/power/control", "auto\n");
	put("$folder/drm/card$n/dev", "4000:$n\n");
	point("$folder/driver", '../../../bus/pci/drivers/nouveau');
	point("$folder/iommu_group", "../../../kernel/iommu_groups/$n");
	point("$sys/bus/pci/devices/$address", "../../../devices/pci0000:00/$address");
	point("$sys/kernel/iommu_groups/$n/devices/$address", "../../../../devices/pci0000:00/$address");
	point("$sys/class/drm/card$n", "../../devices/pci0000:00/$address/drm/card$n");
}

# A /sys of plain files with so many of them; writes.c makes it act.
sub put_functions {
	my ($sys, $functions) = @_;
	make_path("$sys/devices/pci0000:00", "$sys/bus/pci/devices", "$sys/class/drm", "$sys/module/vfio_iommu_type1",
		map { "$sys/bus/pci/drivers/$_" } 'nouveau', 'vfio-pci');
	put($_, '') for "$sys/bus/pci/drivers_probe", map { "$sys/bus/pci/drivers/$_/unbind" } 'nouveau', 'vfio-pci';
	put_function($sys, $_) for 0 .. $functions - 1;
}

sub put_process {
	my ($proc, $pid, @open) = @_;
	my $folder = "$proc/$pid";
	make_path("$folder/fd", "$folder/task/$pid");
	put("$folder/comm", "worker\n");
	put("$folder/cmdline", "/usr/bin/worker\0");
	put("$folder/stat", "$pid (worker) S 1 $pid $pid 0 -1" . ' 0' x 13 . " 1000$pid" . ' 0' x 30 . "\n");
	put("$folder/cgroup", "0::/system.slice/worker.service\n");
	put("$folder/maps", '');
	point("$folder/exe", '/bin/true');
	point("$folder/$_", '/') for 'cwd', 'root';
	point("$folder/fd/$_", $open[$_]) for 0 .. $#open;
}

# A /proc of plain files, with so many processes that have so many files open: a plain
# file or, every fourth, the null device. more(N): what the Nth has open besides.
sub put_processes {
	my ($proc, $processes, $files, $more) = @_;
	my %of_host = (%{ Kvmshim::Sysfs::proc_of_a_host() }, 'net/unix' => '', mounts => '');
	spew("$proc/$_", $of_host{$_}) for keys %of_host;
	make_path("$proc/.files");
	put("$proc/.files/$_", '') for 0 .. 199;
	for my $n (0 .. $processes - 1) {
		my @more = $more ? $more->($n) : ();
		my $file = "$proc/.files/" . $n % 200;
		put_process($proc, 1000 + $n, @more, map { $_ % 4 ? $file : '/dev/null' } 1 .. $files - @more);
	}
}

1;
