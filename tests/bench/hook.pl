#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What does handing devices over cost, and how much of it is the hook's own?
#
#	hook.pl BUILD-DIR [ROUNDS]
#
# First on this machine, with a /sys of plain files and a /proc of 200 processes with 10
# open files each: the hook's own time, which is the time of a call less that in which one
# of its writes to sysfs was under way. writes.c, which is loaded into it, tells when, and
# does what the kernel would do. Then with drivers that take 200 ms to let go: devices of
# different IOMMU groups have to go side by side.
#
# Then in a machine whose sysfs is real (tests/vm, with the zoo beside this): the hook and
# others hand 1, 4 and 8 devices to vfio-pci and back, in turns. Who did not do it, or did
# not leave all as it was, ends the benchmark. libvirt is nodedev-detach and -reattach in
# a virsh that is connected already: that is what managed='yes' does, without what a
# start of a program costs the others. That machine is emulated: all that needs a CPU,
# the own time too, takes some ten to thirty times longer than on a real one.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp ();
use FindBin;
use IPC::Open2;
use lib "$FindBin::Bin/../lib";

BEGIN { $ENV{B} = abs_path($ARGV[0] // 'build') }
use Kvmshim;
use Kvmshim::Bench;
use Kvmshim::Guest;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Kvmshim::Sysfs;

my $rounds  = $ARGV[1] // 5;
my @devices = map { "0000:0$_:00.0" } 1 .. 8;
my @counts  = (1, 4, 8);

$| = 1;
umask 022;

# --- the hook

my (%took, %own, %cpu);

# As libvirt calls it, watched by writes.c; both times are kept under this name.
sub watched {
	my ($name, $xml, $op, $subop, %env) = @_;
	my $notes = "$xml.writes";
	spew($notes, '');
	my $ms = took_ms({ in => $xml, env => { LD_PRELOAD => program('bench/writes.so'), BENCH_WRITES => $notes, %env } },
		program('kvmshim-hook'), 'vm', $op, $subop, '-');
	push @{ $took{$name} }, $ms;
	push @{ $own{$name} }, $ms - write_time($notes);
	push @{ $cpu{$name} }, cpu_ms();
	return $ms;
}

# What any program takes to start, and to end.
sub true_ms { return median(map { took_ms({}, command_path('true')) } 1 .. 9) }

sub number_of { return @_ == 1 ? '1 device' : @_ . ' devices' }

# --- on this machine

sub hand_over_here {
	my ($root, $name, $slow, @of) = @_;
	my $xml = spew("$root/" . @of . '.xml', Kvmshim::Sysfs::xml(hostdevs => \@of));
	my @at = (KVMSHIM_ROOT => $root, BENCH_ACT => $slow);
	watched("prepare, $name", $xml, 'prepare', 'begin', @at);
	watched("release, $name", $xml, 'release', 'end', @at);
}

sub measure_here {
	my $room = File::Temp->newdir;
	my $root = "$room";
	mkdir "$root/run" or die "$root/run: $!\n";
	put_functions("$root/sys", scalar @devices);
	put_processes("$root/proc", 200, 10);
	spew("$root/etc/kvmshim/kvmshim.conf", "[hook]\nunbind-drivers = nouveau\n");
	for my $slow (0, 200) {
		take_turns(4 * $rounds, map { my $n = $_; sub {
			hand_over_here($root, number_of(1 .. $n) . ($slow ? ', slow drivers' : ''), $slow,
				map { function_at($_) } 0 .. $n - 1);
		} } @counts);
	}
}

sub show_here {
	my %in_all = map { $_ => median(@{ $took{$_} }) } keys %took;
	my %alone  = map { $_ => median(@{ $own{$_} }) } keys %own;
	print "the hook on this machine, with a /sys of plain files; median milliseconds\n\n";
	printf "%-34s %9s %9s %9s\n", '', 'in all', 'own', 'of CPU';
	for my $slow ('', ', slow drivers') {
		for my $op ('prepare', 'release') {
			printf "%-34s %9.1f %9.1f %9.1f\n", $_, $in_all{$_}, $alone{$_}, mean(@{ $cpu{$_} })
				for map { "$op, " . ($_ == 1 ? '1 device' : "$_ devices") . $slow } @counts;
		}
	}
	printf "%-34s %9.1f\n", 'a program: true', true_ms();
	print "\nbars:\n";
	bar("own time of a start, $_, ms", $alone{"prepare, $_"}, '<=', 10) for '1 device', '8 devices';
	bar('8 devices with slow drivers to 1', $in_all{'prepare, 8 devices, slow drivers'}
		/ $in_all{'prepare, 1 device, slow drivers'}, '<=', 1.2);
	print "\n";
}

if (!$ENV{L1}) {
	measure_here();
	show_here();
	in_test_vm('-z', "$FindBin::Bin/zoo", '-t', 1200);
}

# --- in the test VM

sub shell_hook {
	my ($op, $subop, @of) = @_;
	return took_ms({ env => { BENCH_DEVICES => "@of" } }, "$FindBin::Bin/naive.sh", 'vm', $op, $subop, '-');
}

sub our_hook {
	my ($op, $subop, @of) = @_;
	my $xml = spew('/run/bench.xml', Kvmshim::Sysfs::xml(hostdevs => \@of));
	return watched("$op, @of", $xml, $op, $subop);
}

sub driverctl {
	my ($words, @of) = @_;
	my $ms = 0;
	$ms += took_ms({}, command_path('driverctl'), '--nosave', $words->($_)) for @of;
	return $ms;
}

# Waits for an answer to each command.
my ($virsh_says, $to_virsh);

sub virsh_start {
	libvirtd_settings();
	must('virtlogd', '-d');
	libvirtd_run();
	wait_for(sub { virsh('version')->{status} eq '0' }) or die "libvirtd does not answer\n";
	$ENV{LC_ALL} = 'C';
	open2($virsh_says, $to_virsh, 'exec virsh -c qemu:///system 2>&1');
}

sub virsh_does {
	my ($command, $answer, @of) = @_;
	my $begin = now_ms();
	print $to_virsh join('; ', map { "$command pci_" . tr/:./__/r } @of), "\n";
	$to_virsh->flush;
	for (my $answers = 0; $answers < @of;) {
		my $line = <$virsh_says> // die "virsh has ended\n";
		$answers++ if $line =~ $answer;
		die "virsh: $line" if $line =~ /error:/;
	}
	return now_ms() - $begin;
}

my @contenders = (
	{ label => 'shell hook', take => sub { shell_hook('prepare', 'begin', @_) },
		give => sub { shell_hook('release', 'end', @_) } },
	{ label => 'driverctl', needs => [ 'driverctl', 'driverctl' ],
		take => sub { driverctl(sub { ('set-override', $_[0], 'vfio-pci') }, @_) },
		give => sub { driverctl(sub { ('unset-override', $_[0]) }, @_) } },
	{ label => 'libvirt', needs => [ 'libvirtd', 'libvirt-daemon-system' ],
		take => sub { virsh_does('nodedev-detach', qr/ detached$/, @_) },
		give => sub { virsh_does('nodedev-reattach', qr/ re-attached$/, @_) } },
	{ label => 'kvmshim-hook', take => sub { our_hook('prepare', 'begin', @_) },
		give => sub { our_hook('release', 'end', @_) } },
);

# What hangs below the devices: drivers go on looking for it when their probe is over.
sub things {
	return join ' ', map { my @all = glob $_; scalar @all } '/sys/class/net/*', '/sys/block/nvme*', '/sys/bus/usb/devices/*';
}

sub quiet {
	my ($things) = @_;
	wait_for(sub { things() eq $things }) or die "the drivers do not find what they had: " . things() . ", not $things\n";
	select undef, undef, undef, 0.5;
}

# One contender takes these and gives them back.
sub turn {
	my ($who, $things, @of) = @_;
	my $before = states_of(@devices);
	quiet($things);
	push @{ $took{"$who->{label} take @of"} }, $who->{take}->(@of);
	drivers_of(@of) eq 'vfio-pci' or die "$who->{label} did not take @of:\n" . states_of(@of) . "\n";
	push @{ $took{"$who->{label} give @of"} }, $who->{give}->(@of);
	states_of(@devices) eq $before or die "$who->{label} did not give @of back:\n" . states_of(@devices) . "\n";
}

must('modprobe', '-a', 'vfio-pci', 'vfio_iommu_type1');
@contenders = present(\@contenders);
virsh_start() if grep { $_->{label} eq 'libvirt' } @contenders;
my $all = things();
my ($shell, $ours) = grep { $_->{label} =~ /hook/ } @contenders;
my @kinds = @devices[ 0 .. 2 ];    # one of each
my %driver = map { $_ => driver_of($_) } @kinds;
my @sets  = map { [ @devices[ 0 .. $_ - 1 ] ] } @counts;
my @turns = map { my $who = $_; map { my $of = $_; sub { turn($who, $all, @$of) } } @sets } @contenders;
for my $who ($shell, $ours) {
	push @turns, map { my $device = $_; sub { turn($who, $all, $device) } } @kinds[ 1 .. $#kinds ];
}
turn($_, $all, @devices) for @contenders;    # to warm up
%took = %own = %cpu = ();
take_turns($rounds, @turns);

# --- the table

my %median = map { $_ => median(@{ $took{$_} }) } keys %took;
my %own_ms = map { $_ => median(@{ $own{$_} }) } keys %own;

printf "devices of the test VM (%s) to vfio-pci, and back; median milliseconds of %d\n\n",
	join(', ', map { $driver{$_} } @kinds), $rounds;
printf "%-22s", '';
printf " %19s", number_of(@$_) for @sets;
print "\n", ' ' x 22, ' ' . sprintf('%10s %8s', 'take', 'back') x @sets, "\n";
for my $label (map { $_->{label} } @contenders) {
	printf "%-22s", $label;
	printf " %10.0f %8.0f", map { $median{"$label $_"} } "take @$_", "give @$_" for @sets;
	printf "\n%-22s", '  / shell hook';
	printf " %10.2f %8.2f", map { $median{"$label $_"} / $median{"shell hook $_"} } "take @$_", "give @$_" for @sets;
	print "\n";
}
my %in_writes = map { my ($op, $of) = /^(take|give) (.*)/; my $call = $op eq 'take' ? 'prepare' : 'release';
	($_ => $median{"kvmshim-hook $_"} - $own_ms{"$call, $of"}) }
	map { my $of = "@$_"; ("take $of", "give $of") } @sets, map { [$_] } @kinds;
printf "%-22s", '  in writes to sysfs';
printf " %10.0f %8.0f", map { $in_writes{$_} } "take @$_", "give @$_" for @sets;
printf "\n%-22s", '  own';
printf " %10.0f %8.0f", map { $own_ms{$_} } "prepare, @$_", "release, @$_" for @sets;
printf "\n%-22s %10.0f\n\n", 'a program: true', true_ms();

for my $label ('shell hook', 'kvmshim-hook') {
	my ($slowest) = sort { $b <=> $a } map { $median{"$label take $_"} } @kinds;
	printf "%s takes one: %s; eight: %.2f times the slowest\n", $label,
		join(', ', map { sprintf '%s %.0f', $driver{$_}, $median{"$label take $_"} } @kinds),
		$median{"$label take @devices"} / $slowest;
}
my ($slowest) = sort { $b <=> $a } map { $in_writes{"take $_"} } @kinds;
print "\nbars:\n";
bar('in writes, with one CPU: 8 devices to the slowest alone', $in_writes{"take @devices"} / $slowest, '<=', 1.5);
