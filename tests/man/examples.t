#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The manuals tell the truth: every example of a manual that shows a command line
# before (<) and after (>) is run, and every rule that the manuals of rules, the
# README, docs/ or rules/ show is one that the wrapper takes. A command line may go on
# in the next line, after a backslash; devices and paths of the host that an example
# names are made for it.

use strict;
use warnings;
use File::Basename 'dirname';
use File::Path 'make_path';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;
use Text::ParseWords 'shellwords';

my $project = "$FindBin::Bin/../..";

# The displays of a manual, as a reader sees them.
sub displays {
	my ($page) = @_;
	my @displays = slurp($page) =~ /^\.Bd -literal.*?\n(.*?)^\.Ed$/msg;
	s/\\\(dq/"/g, s/\\e/\\/g, s/\\&//g for @displays;
	return @displays;
}

# A text of kvmshim.conf, and not a rule.
sub is_conf { return $_[0] =~ /\A\[(?:wrapper\]|hook\]|device )/ }

sub has_rule { return $_[0] =~ /^\[(?!wrapper)/m && !is_conf($_[0]) && $_[0] !~ /^(?:umask|\$) /m }

sub takes {
	my ($text, $name) = @_;
	my $host = Kvmshim->new;
	is_conf($text) ? $host->conf($text) : $host->rules('50-example.ini', $text);
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'check');
	is($got->{status}, 0, $name) or diag($got->{out}, $got->{err});
}

# What the words after take from the host; false where the machine has no disk to
# stand for theirs. Paths are real ones, devices those of KVMSHIM_ROOT.
sub make_host {
	my ($host, @words) = @_;
	my ($disk) = grep { -b } glob '/dev/*';
	for my $word (@words) {
		make_path($1 =~ s/,,/,/gr) if $word =~ m{,path=(\Q$host->{dir}\E(?:,,|[^,])+)};
		make_path("$host->{dir}$1") if $word =~ m{,sysfsdev=([^,]+)};
		if ($word =~ /,host=([^,]+)/) {
			my $device = "sys/bus/pci/devices/$1";
			$host->file("$device/$_", "0x10de\n") for qw(vendor device);
			symlink '../../drivers/vfio-pci', "$host->{dir}/$device/driver" or die;
			$host->file($_, "511:0\n") for $word =~ /,iommufd=/ ? ('dev/iommu', "$device/vfio-dev/vfio0/dev") : ();
		}
		if ($word =~ m{,file\.driver=host_device,file\.filename=([^,]+)}) {
			return 0 if !$disk;
			make_path(dirname($1));
			symlink $disk, $1 or die;
		}
	}
	return 1;
}

for my $group (map { split /\n\n+/ } map { displays($_) } glob "$project/man/*.[578]") {
	my $host = Kvmshim->new;
	$group =~ s/\\\n//g;
	my ($shown) = $group =~ /^< (.*)/m or next;
	my ($verb) = $group =~ /^([^<>].*)/m;
	$group =~ s{(?<!\w)(?=/srv/|/dev/disk/)}{$host->{dir}}g;
	my ($before) = map { [ shellwords($_) ] } $group =~ /^< (.*)/m;
	my ($after)  = map { [ shellwords($_) ] } $group =~ /^> (.*)/m;
	$host->rules('50-example.ini', join "\n", '[example]', 'when = always', grep({ !/^[<>]/ } split /\n/, $group), '');
	SKIP: {
		skip("no disk on this machine for $verb", 1) if !make_host($host, @$after);
		$host->starts_as($before, $after, "$verb, on $shown");
	}
}

for my $page (qw(kvmshim-rules.5 kvmshim-verbs.5 kvmshim-cookbook.7)) {
	takes($_, "$page: " . (/(\[.*\])/)[0]) for grep { has_rule($_) || is_conf($_) } displays("$project/man/$page");
}
for my $path ("$project/README.md", glob "$project/docs/*.md") {
	my ($name) = $path =~ m{([^/]+)$};
	takes($_, "$name: " . (/(\[.*\])/)[0]) for grep { has_rule($_) } slurp($path) =~ /^```ini\n(.*?)^```$/msg;
}
for my $path (glob "$project/rules/*.ini") {
	my ($name, $text) = ($path =~ m{([^/]+)$}, slurp($path));
	takes($text, "rules/$name");
	takes($text =~ s/^enabled = no\n//mgr, "rules/$name, switched on");
}

done_testing;
