#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of a build with COV=1 reached: lines and branches of each file. A file
# below the floor, or all files together, is an exit status of 1.
#
# usage: report.pl BUILD-FOLDER
#
# BUILD-FOLDER/unreached.txt lists what is not reached: first the lines that a test
# should reach, then the lines of error paths, then the branches.
#
# A child that ends with _exit(2) counts (exit.c), one that is killed does not.

use strict;
use warnings;
use Cwd 'abs_path';
use File::Find;
use JSON::PP ();

# In percent: [lines, branches].
my @floor_of_file = (80, 60);
my @floor_of_all  = (98, 92);
my $build = abs_path($ARGV[0] // 'build/cov');

# --- what gcov counted

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
	my $one = $of->{ $line->{line_number} } //= { count => 0, branches => [], function => $line->{function_name} // '' };
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

# --- how much that is

# [reached, all] of lines and of branches.
sub counts {
	my (@lines) = @_;
	my @branches = map { @{ $_->{branches} } } @lines;
	return ([ scalar(grep { $_->{count} } @lines), scalar @lines ], [ scalar(grep { $_ } @branches), scalar @branches ]);
}

sub percent { return $_[0][1] ? 100 * $_[0][0] / $_[0][1] : 100 }

sub row {
	my ($name, @of) = @_;
	return sprintf "%-36s %6.1f %% of %5d %9.1f %% of %5d\n", $name, map { (percent($_), $_->[1]) } @of;
}

sub is_below {
	my ($floor, @of) = @_;
	return scalar grep { percent($of[$_]) < $floor->[$_] } 0, 1;
}

# Returns the rows that are below their floor.
sub print_files {
	my @low;
	printf "%-36s %17s %20s\n", 'file', 'lines', 'branches';
	for my $name (sort keys %files) {
		my @of = counts(values %{ $files{$name} });
		print row($name, @of);
		push @low, row($name, @of) if is_below(\@floor_of_file, @of);
	}
	my @of = counts(map { values %$_ } values %files);
	print row('all', @of);
	push @low, row('all', @of) if is_below(\@floor_of_all, @of);
	return @low;
}

# --- what is not reached

# An error is made or handed on here: many need a kernel that fails.
my $error_path = qr/\berrno\b|\berr_(?:set|wrap)\(|\breturn (?:-\w+|rc|NULL|false|err)\b/;

sub source {
	my ($name) = @_;
	open my $in, '<', $name or die "$name: $!\n";
	return map { s/^\s+|\s+$//gr } <$in>;
}

# Each line that never ran, or of which some branch was never taken: [kind, text].
sub unreached_of {
	my ($name) = @_;
	my @text = source($name);
	my ($kind, @found) = ('');
	for my $number (sort { $a <=> $b } keys %{ $files{$name} }) {
		my ($line, $text) = ($files{$name}{$number}, $text[ $number - 1 ]);
		my $begins = $text[ $number - 2 ] !~ /(?:[,(&|?+="]| :)\z/;    # a statement may have more lines
		$kind = $text =~ $error_path ? 'error' : 'line' if $begins;
		my $untaken = grep { !$_ } @{ $line->{branches} };
		my $what = $line->{count} ? "$untaken of " . @{ $line->{branches} } . ' branches' : $line->{function};
		push @found, [ $line->{count} ? 'branch' : $kind, sprintf "  %-40s %-24s %s\n", "$name:$number", $what, $text ]
			if !$line->{count} || $untaken;
	}
	return @found;
}

my %heading = (line => 'lines that never run', error => 'lines of error paths that never run', branch => 'lines with branches that are never taken');

sub print_list {
	my ($path, @found) = @_;
	open my $list, '>', $path or die "$path: $!\n";
	print "\nnot reached ($path has each line):\n";
	for my $kind (qw(line error branch)) {
		my @of = map { $_->[1] } grep { $_->[0] eq $kind } @found;
		printf "%8d  %s\n", scalar @of, $heading{$kind};
		print {$list} "$heading{$kind}: ", scalar @of, "\n", @of, "\n";
	}
	close $list or die "$path: $!\n";
}

my @low = print_files();
print_list("$build/unreached.txt", map { unreached_of($_) } sort keys %files);
print "\nbelow $floor_of_file[0] % of lines or $floor_of_file[1] % of branches (all: $floor_of_all[0] %, $floor_of_all[1] %):\n", @low if @low;
exit(@low ? 1 : 0);
