#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of a build with COV=1 reached: lines and branches of each file, which
# files are below 80 % of either, and why the rest is not reached.
#
# usage: report.pl BUILD-FOLDER
#
# The reasons are in tests/coverage/unreached; BUILD-FOLDER/unreached.txt has every line
# that is not reached below its reason. What has no reason is printed as a row for that
# file, and so is a row that fits nothing any more: either is an exit of 1.
#
# A child that ends with _exit(2) counts (exit.c), one that is killed does not.

use strict;
use warnings;
use Cwd 'abs_path';
use File::Find;
use JSON::PP ();

my $enough  = 80;
my $build   = abs_path($ARGV[0] // 'build/cov');
my $reasons = 'tests/coverage/unreached';

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
	return sprintf "%-32s %6.1f %% of %5d %9.1f %% of %5d\n", $name, map { (percent($_), $_->[1]) } @of;
}

sub print_files {
	my @low;
	printf "%-32s %17s %20s\n", 'file', 'lines', 'branches';
	for my $name (sort keys %files) {
		my @of = counts(values %{ $files{$name} });
		print row($name, @of);
		push @low, row($name, @of) if grep { percent($_) < $enough } @of;
	}
	print row('all', counts(map { values %$_ } values %files));
	print "\nbelow $enough %:\n", @low ? @low : "none\n";
}

# --- what is not reached

sub source {
	my ($name) = @_;
	open my $in, '<', $name or die "$name: $!\n";
	return map { s/^\s+|\s+$//gr } <$in>;
}

# A line that never ran, or one of which some branch was never taken.
sub unreached_of {
	my ($name) = @_;
	my @text = source($name);
	my @found;
	for my $number (sort { $a <=> $b } keys %{ $files{$name} }) {
		my $line = $files{$name}{$number};
		my $untaken = grep { !$_ } @{ $line->{branches} };
		next if $line->{count} && !$untaken;
		push @found, {
			file => $name, number => $number, function => $line->{function}, text => $text[ $number - 1 ],
			kind => $line->{count} ? 'branch' : 'line', untaken => $untaken, all => scalar @{ $line->{branches} },
			# a statement may begin above, and a condition guards what is below
			begins => $text[ $number - 2 ] !~ /(?:[,(&|?+="]| :)\z/, guards => $text[ $number - 1 ] !~ /;\z/,
		};
	}
	return @found;
}

# --- reasons

sub mistake {
	print STDERR "@_\n";
	exit 2;
}

sub parse_row {
	my ($line, $at) = @_;
	my ($kind, $file, $function, $text) = $line =~ /^(line|branch)\s+([\w\/.]+)(?::(\w+))?\s+(\S.*?)\s*\z/
		or mistake("$at: neither a [reason] nor a row");
	my %row = (kind => $kind, file => $file, function => $function, text => $text, line => $line, at => $at);
	if ($text =~ m{^/(.*)/\z}) {
		$kind eq 'branch' or mistake("$at: a line that never ran is named by its text");
		$row{like} = qr/$1/;
	}
	$row{like} || defined $function or mistake("$at: FILE:FUNCTION");
	return \%row;
}

# Each reason, in the order of the file: { text, sometimes, rows, found }.
sub read_reasons {
	my @all;
	open my $in, '<', $reasons or die "$reasons: $!\n";
	while (my $line = <$in>) {
		chomp $line;
		next if $line =~ /^\s*(?:#|\z)/;
		if ($line =~ /^\[(sometimes: )?(.*)\]\z/) {
			push @all, { text => $2, sometimes => $1, rows => [], found => [] };
			next;
		}
		@all or mistake("$reasons:$.: a row before the first [reason]");
		push @{ $all[-1]{rows} }, parse_row($line, "$reasons:$.");
	}
	return @all;
}

# A text is good for one line, a pattern for as many as it fits.
sub fits {
	my ($row, $one) = @_;
	return 0 if $row->{kind} ne $one->{kind} || $row->{file} ne $one->{file};
	return 0 if defined $row->{function} && $row->{function} ne $one->{function};
	return $one->{text} =~ $row->{like} if $row->{like};
	return !$row->{used} && $row->{text} eq $one->{text};
}

# Texts before patterns.
sub reason_of {
	my ($one, @all) = @_;
	for my $pattern (0, 1) {
		for my $reason (@all) {
			my ($row) = grep { !!$_->{like} == $pattern && fits($_, $one) } @{ $reason->{rows} } or next;
			$row->{used} = 1;
			return $reason;
		}
	}
	return;
}

# Of a line that never ran: the whole statement, and the condition above that no test made true.
sub spread {
	my ($unreached, $at, $reason) = @_;
	for (my $i = $at; $i && $unreached->[$i]{number} == $unreached->[ $i - 1 ]{number} + 1; $i--) {
		my $above = $unreached->[ $i - 1 ];
		last if $above->{kind} ne 'branch' || !$above->{guards} || $above->{reason};
		@$above{qw(reason goes_along)} = ($reason, 1);
	}
	for (my $i = $at + 1; $i < @$unreached && !$unreached->[$i]{begins} && $unreached->[$i]{kind} eq 'line'; $i++) {
		@{ $unreached->[$i] }{qw(reason goes_along)} = ($reason, 1);
	}
}

# Gives each of a file's to its reason, or to none.
sub sort_out {
	my ($all, $none, @unreached) = @_;
	for my $at (0 .. $#unreached) {
		my $one = $unreached[$at];
		next if $one->{kind} ne 'line' || $one->{reason};
		$one->{reason} = reason_of($one, @$all) // $none;
		spread(\@unreached, $at, $one->{reason});
	}
	$_->{reason} //= reason_of($_, @$all) // $none for @unreached;
	push @{ $_->{reason}{found} }, $_ for @unreached;
}

# What depends on how fast things go may have been reached, but has to be there.
sub is_stale {
	my ($reason, $row) = @_;
	return 0 if $row->{used};
	return 1 if !$reason->{sometimes} || !-e $row->{file};
	return !grep { $row->{like} ? $_ =~ $row->{like} : $_ eq $row->{text} } source($row->{file});
}

# --- the report

sub of_one {
	my ($one) = @_;
	my $what = $one->{kind} eq 'line' ? 'never runs' : "$one->{untaken} of $one->{all} branches";
	return sprintf "  %-32s %-16s %s\n", "$one->{file}:$one->{number}", $what, $one->{text};
}

sub sums {
	my (@found) = @_;
	my ($lines, $branches) = (scalar(grep { $_->{kind} eq 'line' } @found), 0);
	$branches += $_->{untaken} for @found;
	return ($lines, $branches);
}

sub print_list {
	my ($path, @groups) = @_;
	open my $list, '>', $path or die "$path: $!\n";
	for my $group (@groups) {
		printf {$list} "\n%s: %d lines, %d branches\n", $group->{text}, sums(@{ $group->{found} });
		print {$list} map { of_one($_) } @{ $group->{found} };
	}
	close $list or die "$path: $!\n";
}

my @all  = read_reasons();
my $none = { text => 'without a reason', found => [] };
sort_out(\@all, $none, unreached_of($_)) for sort keys %files;
my @missing = grep { !$_->{goes_along} } @{ $none->{found} };
my @stale   = map { my $reason = $_; grep { is_stale($reason, $_) } @{ $reason->{rows} } } @all;

print_files();
print_list("$build/unreached.txt", @all, $none);
print "\nnot reached ($build/unreached.txt has each line):\n   lines  branches\n";
printf "%8d  %8d  %s\n", sums(@{ $_->{found} }), $_->{text} for @all, $none;
print "\nwithout a reason:\n", map { "$_->{kind} $_->{file}:$_->{function}  $_->{text}\n" } @missing if @missing;
print "\nreasons that fit nothing any more:\n", map { "$_->{at}: $_->{line}\n" } @stale if @stale;
exit(@missing || @stale ? 1 : 0);
