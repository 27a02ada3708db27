#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Nobody makes a start slow by a long text: what a program does with twice as much of something
# is at most 2.5 times as much. Counted are instructions, as valgrind counts them, so what
# else the machine does changes nothing; the instructions of the program without it are
# subtracted.

use strict;
use warnings;
use File::Path 'make_path';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

my ($valgrind) = grep { -x } map { "$_/valgrind" } split /:/, $ENV{PATH};
need($valgrind, 'no valgrind on this machine');
chdir "$FindBin::Bin/../.." or die;
my $build = $ENV{B} // 'build';
plan(skip_all => "$build has sanitizers, which valgrind does not run")
	if slurp("$build/flags") =~ /-fsanitize/;

# The program is started with what() of a size, and must come to this end.
sub instructions {
	my ($row, $size) = @_;
	my $host = Kvmshim->new;
	unlink $host->emulator, "$host->{emulator}.real";
	my ($program, @words) = $row->{what}->($host, $size);
	my $in  = $row->{in} ? $row->{in}->($size) : '';
	my $got = run({ in => $in, limit => 300, env => { KVMSHIM_ROOT => $host->{dir} } },
		$valgrind, '--tool=callgrind', '--callgrind-out-file=/dev/null', program($program), @words);
	my ($n) = $got->{err} =~ /Collected : (\d+)/ or die "valgrind: $got->{err}\n";
	my $said = join '', $got->{out}, grep { !/^(?:==|--)\d/ } split /^/, $got->{err};
	like($said, $row->{ends}, "$row->{name}, $size: it ends as it should");
	return $n;
}

sub doubles {
	my ($row) = @_;
	my ($none, $once, $twice) = map { instructions($row, $_) } 1, $row->{size}, 2 * $row->{size};
	my $ratio = ($twice - $none) / ($once - $none);
	note(sprintf '%s: %d, %d and %d instructions: %.2f', $row->{name}, $none, $once, $twice, $ratio);
	cmp_ok($ratio, '<=', 2.5, "$row->{name}: $row->{size} more cost no more than the first $row->{size}");
	return;
}

# ---- JSON of a command line: the wrapper ends where the emulator is missing

sub start {
	my ($rule, $json) = @_;
	return sub {
		my ($host, $size) = @_;
		$host->rules('50-a.ini', "[a]\nwhen = always\n" . $rule->($size));
		return 'kvmshim-wrapper', '-name', 'a', '-object', $json->($size);
	};
}

sub of_json {
	my ($name, $size, $rule, $json) = @_;
	return { name => $name, size => $size, ends => qr/\.real/, what => start($rule, $json) };
}

sub key { my ($key) = @_; return sub { "set = -object[qom-type=x] $key=1\n" } }

my $nested = sub { my ($n) = @_; '{"qom-type":"x","a":' . '{"a":' x $n . '1' . '}' x $n . '}' };
my @json = (
	of_json('nested lists', 500, key('b'), sub { '{"qom-type":"x","a":' . '[' x $_[0] . ']' x $_[0] . '}' }),
	of_json('nested objects', 500, key('b'), $nested),
	of_json('the last of nested objects', 500, sub { key('a' . '.a' x $_[0])->() }, $nested),
	of_json('a nested object of a rule', 500, sub { key('b' . '.a' x $_[0])->() }, sub { '{"qom-type":"x"}' }),
	of_json('members', 2000, key('b'), sub { '{"qom-type":"x"' . join('', map { ",\"k$_\":1" } 1 .. $_[0]) . '}' }),
	of_json('members of objects', 2000, key('b'),
		sub { '{"qom-type":"x","a":[' . join(',', map { '{"k":1}' } 1 .. $_[0]) . ']}' }),
	of_json('escapes', 4000, key('a'), sub { '{"qom-type":"x","a":"' . '\n' x $_[0] . '"}' }),
);

# ---- the XML of a domain: the hook reads it, and finds that the host has too little of something

my $uuid = '4c4c4544-0031-3310-8047-b3c04f4a3532';

sub of_xml {
	my ($name, $size, $ends, $xml, $more) = @_;
	return {
		name => $name, size => $size, ends => $ends,
		in   => sub { "<domain><name>a</name><uuid>$uuid</uuid>" . $xml->(@_) . '</domain>' },
		what => sub {
			my ($host, $n) = @_;
			mkdir "$host->{dir}/$_" or die for qw(run proc sys);
			$host->conf("[hook]\nhugepages = check\n");
			$more->($host, $n) if $more;
			return 'kvmshim-hook', 'a', 'prepare', 'begin', '-';
		},
	};
}

# Each '#' is the number.
sub many {
	my ($n, $what) = @_;
	return join '', map { my $i = $_; $what =~ s/#/$i/gr } 0 .. $n - 1;
}

sub cells { my ($n) = @_; return '<cpu><numa>' . many($n, "<cell id='#' memory='4'/>") . '</numa></cpu>' }

sub hugepages {
	my ($n, $page) = @_;
	return '<memoryBacking><hugepages>' . many($n, $page) . '</hugepages></memoryBacking>';
}
# n functions with a device node, each but the first of an IOMMU group: that is why the start is refused.
sub functions {
	my ($host, $n) = @_;
	make_path(map { "$host->{dir}/sys/$_" } qw(module/vfio_iommu_type1 module/vfio_pci bus/pci/drivers/vfio-pci));
	for my $i (0 .. $n - 1) {
		my $address = sprintf '%04x:01:00.0', $i;
		my ($device, $group) = ("sys/devices/pci$address/$address", "sys/kernel/iommu_groups/$i");
		$host->file("$device/$_->[0]", "$_->[1]\n")
			for [ vendor => '0x10de' ], [ device => '0x1b06' ], [ class => '0x030000' ], [ driver_override => '(null)' ];
		make_path("$host->{dir}/$group/devices", "$host->{dir}/sys/bus/pci/devices");
		$host->file("$device/drm/card$i/dev", "226:$i\n");
		symlink "../../../../$group",   "$host->{dir}/$device/iommu_group" if $i;
		symlink "../../../../$device",  "$host->{dir}/$group/devices/$address";
		symlink "../../../../$device",  "$host->{dir}/sys/bus/pci/devices/$address";
	}
	return;
}

my $hostdev = "<hostdev mode='subsystem' type='pci'><source><address domain='#' bus='1'/></source></hostdev>";
my @xml = (
	of_xml('cells', 200, qr/hugepages|^$/, sub { cells($_[0]) }),
	of_xml('cells and pages', 200, qr/./, sub { hugepages($_[0], "<page size='2048' nodeset='#'/>") . cells($_[0]) }),
	of_xml('pages', 10000, qr/./, sub { hugepages($_[0], "<page size='2048' nodeset='0-1023'/>") . cells(100) }),
	of_xml('memory of a cell', 10000, qr/^$/,
		sub { '<numatune>' . many($_[0], "<memnode cellid='5' nodeset='0'/>") . '</numatune>' . cells(100) }),
	of_xml('memory modules', 500, qr/^$/, sub {
		my $dimm = "<memory model='dimm'><target><size>4</size><node>0</node></target></memory>";
		return cells(4) . '<devices>' . many($_[0], $dimm) . '</devices>';
	}),
	of_xml('attributes', 120, qr/^$/, sub { '<x' . many($_[0], ' a#="1"') . '/>' }),
	of_xml('far too many attributes', 40000, qr/more than 256 attributes|^$/, sub { '<x' . many($_[0], ' a#="1"') . '/>' }),
	of_xml('elements', 10000, qr/^$/, sub { '<devices>' . '<disk/>' x $_[0] . '</devices>' }),
	of_xml('host devices that are missing', 400, qr/device/, sub { '<devices>' . many($_[0], $hostdev) . '</devices>' }),
	of_xml('host devices', 100, qr/IOMMU/, sub { '<devices>' . many($_[0], $hostdev) . '</devices>' }, \&functions),
);

# Processes with open files: terminals, of which one process may have many.
sub open_files {
	my ($host, $n) = @_;
	functions($host, 1);
	make_path("$host->{dir}/proc/77/fd");
	symlink('/dev/' . (qw(null zero full tty)[$_ % 4]), "$host->{dir}/proc/77/fd/$_") or die for 0 .. $n - 1;
	return;
}

my @files = of_xml('open files', 2000, qr/IOMMU/, sub { '<devices>' . many(1, $hostdev) . '</devices>' }, \&open_files);

# ---- rule files

sub of_rules {
	my ($name, $size, $text) = @_;
	return {
		name => $name, size => $size, ends => qr/rule/,
		what => sub {
			my ($host, $n) = @_;
			return 'kvmshim', 'check', $host->file('50-a.ini', $text->($n));
		},
	};
}
my @rules = (
	of_rules('sections', 500, sub { many($_[0], "[a#]\nwhen = always\nset = -cpu x=#\n") }),
	of_rules('sections with mistakes', 500, sub { many($_[0], "[a#]\nwhen = always\nx#y = 1\n") }),
	of_rules('verbs', 500, sub { "[a]\nwhen = always\n" . many($_[0], "set = -cpu x#=1\n") }),
	of_rules('conditions', 500, sub { "[a]\nset = -cpu x=1\n" . many($_[0], "when-name = a#\n") }),
	of_rules('names in a condition', 2000, sub { "[a]\nset = -cpu x=1\nwhen-name = b" . many($_[0], ", a#") . "\n" }),
);

my $only = $ENV{ONLY} // "";    # one row
doubles($_) for grep { $_->{name} =~ /$only/ } @json, @xml, @files, @rules;

done_testing;
