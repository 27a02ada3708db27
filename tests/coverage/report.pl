#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of a build with COV=1 reached: lines and branches of each file, and
# which files are below 80 % of either.
#
# usage: report.pl BUILD-FOLDER
#
# A child that ends with _exit(2) counts (exit.c), one that is killed does not.

use strict;
use warnings;
use Cwd 'abs_path';
use File::Find;
use JSON::PP ();

my $enough = 80;
my $build  = abs_path($ARGV[0] // 'build/cov');

# Objects of ours that were compiled for gcov.
sub objects {
	my @found;
	find({ no_chdir => 1, wanted => sub { push @found, $_ if /\.gcno\z/ } },
		grep { -d } map { "$build/obj/$_" } qw(lib hooks wrapper ctl));
	return sort @found;
}

sub gcov_of {
	my ($object) = @_;
	open my $gcov, '-|', 'gcov', '--stdout', '--json-format', '--branch-probabilities', $object or die "gcov: $!\n";
	local $/;
	my $json = <$gcov>;
	close $gcov or die "gcov failed at $object\n";
	return map { @{ JSON::PP->new->utf8->decode($_)->{files} } } grep { /\S/ } split /\n/, $json;
}

# A header's lines are in many objects: reached once is reached.
sub add {
	my ($of, $line) = @_;
	my $one = $of->{ $line->{line_number} } //= { count => 0, branches => [] };
	$one->{count} += $line->{count};
	my @branches = @{ $line->{branches} };
	$one->{branches}[$_] = ($one->{branches}[$_] // 0) + $branches[$_]{count} for 0 .. $#branches;
}

my %files;
for my $object (objects()) {
	for my $file (gcov_of($object)) {
		next if $file->{file} !~ m{^(?:lib|hooks|wrapper|ctl)/};
		add($files{ $file->{file} } //= {}, $_) for @{ $file->{lines} };
	}
}
%files or die "$build has nothing to count: make COV=1\n";

# [reached, all] of lines and of branches.
sub counts {
	my (@lines) = @_;
	my @branches = map { @{ $_->{branches} } } @lines;
	return ([ scalar(grep { $_->{count} } @lines), scalar @lines ], [ scalar(grep { $_ } @branches), scalar @branches ]);
}

sub percent { return $_[0][1] ? 100 * $_[0][0] / $_[0][1] : 100 }

sub row {
	my ($name, @of) = @_;
	return sprintf "%-32s %6.1f %% of %5d %9.1f %% of %5d\n", $name, map { (percent($_), $_->[1]) } @of;
}

printf "%-32s %17s %20s\n", 'file', 'lines', 'branches';
my @low;
for my $name (sort keys %files) {
	my @of = counts(values %{ $files{$name} });
	print row($name, @of);
	push @low, row($name, @of) if grep { percent($_) < $enough } @of;
}
print row('all', counts(map { values %$_ } values %files));
print "\nbelow $enough %:\n", @low ? @low : "none\n";
