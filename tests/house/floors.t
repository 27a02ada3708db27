#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The floors of the house: who may include whom, who may open /sys and /proc;
# that every header stands alone; and a few things that no file should have.

use strict;
use warnings;
use Cwd 'abs_path';
use File::Basename 'dirname';
use File::Find;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::House qw(floor_of room_of);
use Test::More;

chdir "$FindBin::Bin/../.." or die;

# --- the files

my @files;
find({ no_chdir => 1, wanted => sub {
	my $path = s{^\./}{}r;
	$File::Find::prune = 1 if -d && $path =~ m{^(?:build|\.git|tests/data|tests/fuzz/seeds)$};
	push @files, $path if -f && !-l;
} }, '.');
@files = sort @files;
my @c = grep { /\.[ch]$/ } @files;

# --- who may include whom

# Floors: a file includes its own floor and those that are named here.
my %may = (
	lib     => [qw(lib)],
	conf    => [qw(lib conf)],
	host    => [qw(lib host)],
	wrapper => [qw(lib conf host wrapper)],
	hooks   => [qw(lib conf host hooks)],
	ctl     => [qw(lib conf host wrapper hooks ctl)],
);

# Rooms: a file includes its own room and the rooms of its floor that are named here.
my %beside = (
	'lib/device'     => [qw(lib)],
	'host/pci'       => [qw(host)],
	'host/process'   => [qw(host host/pci)],
	'host/act'       => [qw(host host/pci host/process)],
	'host/use'       => [qw(host host/pci host/process host/act)],
	'wrapper/verb'   => [qw(wrapper/line)],
	wrapper          => [qw(wrapper/line wrapper/verb)],
	'hooks/journal'  => [qw(hooks/domain)],
	'hooks/survey'   => [qw(hooks/domain hooks/journal)],
	'hooks/memory'   => [qw(hooks/domain hooks/journal hooks/survey)],
	'hooks/steps'    => [qw(hooks/journal hooks/survey hooks/memory)],
	hooks            => [qw(hooks/domain hooks/journal hooks/survey hooks/memory hooks/steps)],
	'ctl/assign'     => [qw(ctl)],
	'ctl/check'      => [qw(ctl)],
	'ctl/explain'    => [qw(ctl)],
	'ctl/doctor'     => [qw(ctl ctl/assign ctl/explain)],
	'ctl/devices'    => [qw(ctl ctl/assign)],
	'ctl/generate'   => [qw(ctl ctl/devices)],
);

# Headers that a room below may include all the same, and why.
my %shared = (
	'hooks/assignment.h'        => 'what is asked for, and all that goes with it',
	'wrapper/match.h'           => 'the facts of a command line',
	'wrapper/trace.h'           => 'an edit tells it what it did',
	'lib/host/pci/pci.h'        => 'machine.c looks at the IOMMU groups of all functions',
	'ctl/doctor/place.h'        => 'explain asks which emulator stands behind a path',
);

# An include that stays on its floor: does it stay in its room, or go to a room below?
sub stays_below {
	my ($from, $to) = @_;
	my ($here, $there) = (room_of($from), room_of($to));
	return $here eq $there || $shared{$to} || grep { $_ eq $there } @{ $beside{$here} // [] };
}

# As the compiler finds it: beside the file, then with -I. and -Ilib.
sub resolve {
	my ($from, $name) = @_;
	my ($found) = grep { -f } dirname($from) . "/$name", $name, "lib/$name";
	return $found;
}

my (@broken, @across, %used, $includes);
for my $file (grep { floor_of($_) } @c) {
	my $number = 0;
	my $may    = $may{ floor_of($file) };
	for my $line (split /\n/, slurp($file)) {
		$number++;
		next unless $line =~ /^\s*#\s*include\s+"([^"]+)"/;
		$includes++;
		my $to = resolve($file, $1);
		my $room = $to && (floor_of($to) // 'tests');
		push @broken, "$file:$number: $line" unless $room && grep { $_ eq $room } @$may;
		$used{$to} = 1 if $to;
		push @across, "$file:$number: $line" if $room && $room eq floor_of($file) && !stays_below($file, $to);
	}
}
cmp_ok($includes, '>', 100, 'the includes were found');
is(join("\n", @broken), '', 'no include goes up or across');
is(join("\n", @across), '', 'and on a floor none goes to a room that is not below');
is(join("\n", grep { !$used{$_} } sort keys %shared), '', 'each shared header is included somewhere');

# A room that is below another one is not above it.
my %rank;

sub rank {
	my ($room, @path) = @_;
	die "a circle of rooms: @path $room\n" if grep { $_ eq $room } @path;
	return $rank{$room} //= 1 + (sort { $b <=> $a } 0, map { rank($_, @path, $room) } @{ $beside{$room} // [] })[0];
}
ok(eval { rank($_) for sort keys %beside; 1 }, 'the rooms have an order') or diag($@);

# --- who may open /sys and /proc

my %named = (
	'wrapper/match.c' => qr{"/sys/bus/pci/devices/"},    # how sysfsdev= begins: compared, not opened
);

my @openers;
for my $file (grep { (floor_of($_) // 'host') ne 'host' } @c) {
	my $number = 0;
	for my $line (split /\n/, slurp($file)) {
		$number++;
		next unless $line =~ m{"/(?:sys|proc)\b};
		push @openers, "$file:$number: $line" unless $named{$file} && $line =~ $named{$file};
	}
}
is(join("\n", @openers), '', 'lib/host alone names files of /sys and /proc');

# --- headers

for my $header (grep { /\.h$/ } @c) {
	my $got = run({}, '/bin/sh', '-c', 'exec ${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -I. -Ilib '
			. '-fsyntax-only -x c -include "$0" /dev/null', $header);
	is($got->{status}, 0, "$header stands alone") or diag($got->{err});
}

# --- what no file should have

my $unfinished = join '|', 'TO' . 'DO', 'FIX' . 'ME';
my @long;
my @open;
for my $file (grep { m{(?:\.(?:c|h|S|t|pm|pl|py|sh|mk|md|ini|\d)|Makefile|/run)$} } @files) {
	my @lines = split /\n/, slurp($file);
	push @long, "$file: " . @lines if @lines > 450 && $file !~ /\.(?:md|\d)$/;    # but for texts
	push @open, map { "$file:" . ($_ + 1) } grep { $lines[$_] =~ /\b(?:$unfinished)\b/ } 0 .. $#lines;
}
is(join("\n", @open), '', 'nothing is left to be done');
diag('longer than 450 lines: ', join ', ', @long) if @long;    # a remark, not a fault

# prove runs them by themselves, and gives up at the first that it cannot run.
is(join(' ', grep { /\.t$/ && !-x } @files), '', 'each test can be executed');

my @unlicensed = grep { slurp($_) !~ /SPDX-License-Identifier: GPL-2\.0-or-later/ } grep { floor_of($_) } @c;
is(join(' ', @unlicensed), '', 'each source names its licence');

done_testing;
