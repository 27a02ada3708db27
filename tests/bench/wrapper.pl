#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What does kvmshim-wrapper cost at every start of a VM? Prints one table: our
# wrapper with growing sets of rules beside a plain exec, the smallest C program
# that only execs (the floor), and the same edit in dash, bash and Python.
#
#	wrapper.pl BUILD-DIR [ROUNDS]
#
# Times differ from machine to machine; ratios of what is *added* to a plain
# exec, taken in one run, do not differ much. So the bars are ratios, and they
# are shown, not enforced: a busy machine is not a mistake in the program.
# Mind that the start of the C library asks for some fifty CPUID leaves. In a VM
# each of them traps (4 us were seen), so there every row but the plain exec has
# 200 us more than on bare metal, and the ratios are kinder than there.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim::Bench;

my $build  = abs_path(shift // 'build');
my $rounds = shift // 300;
my $here   = dirname(abs_path($0));
my $top    = dirname(dirname($here));
my $words  = "$here/words.txt";

# Below the build folder, because /tmp may be mounted noexec.
my $work = tempdir('run-XXXXXX', DIR => "$build/bench", CLEANUP => 1);

# Rule files must not be writable by others, whatever the caller's umask is.
umask 022;

# Programs are measured as copies, as they are when installed: a file that the
# linker wrote piece by piece lies in small pieces in the page cache and costs
# a tenth more to exec than its own copy.
sub installed {
	my ($program) = @_;
	my $copy = "$work/bin/" . basename($program);
	make_path("$work/bin");
	copy($program, $copy) or die "$program: $!\n";
	chmod 0755, $copy;
	return $copy;
}

my $target  = installed("$build/bench/target");
my $wrapper = installed("$build/kvmshim-wrapper");

sub write_file {
	my ($path, $text) = @_;
	make_path(dirname($path));
	open my $file, '>', $path or die "$path: $!\n";
	print $file $text;
	close $file or die "$path: $!\n";
}

# A KVMSHIM_ROOT of its own for each set of rules.
sub new_root {
	my ($name) = @_;
	write_file("$work/$name/etc/kvmshim/kvmshim.conf", "[wrapper]\nreal = $target\n");
	make_path("$work/$name/etc/kvmshim/rules.d");
	return "$work/$name";
}

# $count rules in $files files. As on a real host nearly all are for other VMs;
# the last one is for ours and does the edit of the scripts.
sub root_with_rules {
	my ($count, $files) = @_;
	my $root = new_root("rules-$count");
	my %text;
	for my $n (1 .. $count) {
		my $file = int(($n - 1) * $files / $count);
		my $name = $n == $count ? 'instance-*' : sprintf 'desktop-%04d-*', $n;
		$text{$file} .= "[hide-kvm-$n]\n"
			. "description = GeForce drivers before R465 stop under KVM\n"
			. "when-name = $name\n"
			. "set = -cpu kvm=off,hv-vendor-id=MyFake_KVM\n\n";
	}
	write_file(sprintf('%s/etc/kvmshim/rules.d/%03d.ini', $root, $_), $text{$_})
		for keys %text;
	return $root;
}

# The shipped rules are off until the admin deletes a line; $on does that.
sub root_with_shipped_rules {
	my ($name, $on) = @_;
	my $root = new_root($name);
	for my $path (glob "$top/rules/*.ini") {
		open my $file, '<', $path or die "$path: $!\n";
		my @lines = grep { !$on || $_ ne "enabled = no\n" } <$file>;
		close $file;
		write_file("$root/etc/kvmshim/rules.d/" . basename($path), join '', @lines);
	}
	return $root;
}

my $none    = new_root('none');
my $shipped = root_with_shipped_rules('shipped', 0);
my $on      = root_with_shipped_rules('shipped-on', 1);
my @rows = (
	# label, KVMSHIM_ROOT, program, script; does it do the edit of the scripts?
	{ label => 'direct exec', run => [$none, $target] },
	{ label => 'floor: C that only execs', run => [$none, installed("$build/bench/floor")] },
	{ label => 'kvmshim, no rules', run => [$none, $wrapper] },
	{ label => 'kvmshim, 1 rule', run => [root_with_rules(1, 1), $wrapper], edits => 1 },
	{ label => 'kvmshim, shipped rules', run => [$shipped, $wrapper] },
	{ label => 'kvmshim, shipped rules, all on', run => [$on, $wrapper] },
	{ label => 'kvmshim, 100 rules, 10 files', run => [root_with_rules(100, 10), $wrapper], edits => 1 },
	{ label => 'kvmshim, 1,000 rules, 100 files', run => [root_with_rules(1000, 100), $wrapper], edits => 1 },
	{ label => 'kvmshim dynamic, all of those on', run => [$on, installed("$build/bench/wrapper-dynamic")] },
	{ label => 'dash', run => [$none, command_path('dash'), "$here/edit.sh"], edits => 1 },
	{ label => 'bash', run => [$none, command_path('bash'), "$here/edit.sh"], edits => 1 },
	{ label => 'Python', run => [$none, command_path('python3'), "$here/edit.py"], edits => 1 },
);
for my $row (@rows) {
	print "$row->{label}: not on this machine, left out\n" unless $row->{run}[1];
}
@rows = grep { $_->{run}[1] } @rows;

# A contender that does not do the work must not win: ask each for its -cpu.
open my $list, '<', $words or die "$words: $!\n";
chomp(my @argv = <$list>);
close $list;
for my $row (@rows) {
	my ($root, @program) = @{ $row->{run} };
	local $ENV{KVMSHIM_ROOT} = $root;
	local $ENV{BENCH_TARGET} = $target;
	local $ENV{BENCH_SHOW}   = 1;
	open my $out, '-|', @program, @argv or die "$program[0]: $!\n";
	my $cpu = do { local $/; <$out> } // '';
	close $out or die "$row->{label}: failed, wait status $?\n";
	die "$row->{label}: did not do the edit: -cpu $cpu\n"
		if $row->{edits} && $cpu !~ /,kvm=off,.*hv[_-]vendor[_-]id=MyFake_KVM/;
}

write_file("$work/rows", join '', map { join("\t", $_->{label}, @{ $_->{run} }) . "\n" } @rows);
my %median;
open my $out, '-|', "'$build/bench/starts' '$rounds' '$words' '$target' < '$work/rows'"
	or die "starts: $!\n";
while (<$out>) {
	chomp;
	my ($label, $nanoseconds) = split /\t/;
	$median{$label} = $nanoseconds / 1000;
}
close $out or die "starts: failed, wait status $?\n";

my %added = map { $_ => $median{$_} - $median{'direct exec'} } keys %median;
my $floor = $added{'floor: C that only execs'};
printf "%d starts each with a libvirt command line of %d words; median microseconds\n\n",
	$rounds, scalar @argv;
printf "%-34s %9s %9s %9s\n", '', 'in all', 'added', '/ floor';
for my $label (map { $_->{label} } @rows) {
	printf "%-34s %9.0f", $label, $median{$label};
	printf " %9.0f %9.2f", $added{$label}, $added{$label} / $floor
		if $label ne 'direct exec';
	print "\n";
}

sub added_bar {
	my ($what, $label, $unit, $sign, $limit) = @_;
	bar($what, $added{$label} / $added{$unit}, $sign, $limit)
		if defined $added{$label} && defined $added{$unit};
}

print "\nbars, by added time:\n";
my $static = `ldd '$wrapper' 2>&1` =~ /not a dynamic|statically linked/;
my $times  = $static ? 1.5 : 3;
added_bar('shipped rules to the floor', 'kvmshim, shipped rules', 'floor: C that only execs', '<=', $times);
added_bar('shipped rules, all on, to the floor', 'kvmshim, shipped rules, all on',
	'floor: C that only execs', '<=', $times);
added_bar('Python to shipped rules, all on', 'Python', 'kvmshim, shipped rules, all on', '>=', 10);
added_bar('1,000 rules in 100 files to 1 rule', 'kvmshim, 1,000 rules, 100 files',
	'kvmshim, 1 rule', '<=', 5);
