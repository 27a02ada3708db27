#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What each condition and verb does to whole command lines: the cases are the
# folders of tests/data/cases, see tests/README.md. With words of a case's name
# as arguments only those cases run.

use strict;
use warnings;
use File::Find 'find';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use POSIX ();
use Test::More;

my $cases = "$FindBin::Bin/../data/cases";
my $here  = (POSIX::uname())[1];

# A file of the case, undef if it has none. @HOST@ is this host's name.
sub text {
	my ($case, $file) = @_;
	return undef unless -e "$cases/$case/$file";
	return slurp("$cases/$case/$file") =~ s/\@HOST\@/$here/gr;
}

sub words {
	my ($text) = @_;
	$text =~ s/\n\z//;
	return $text eq '' ? () : split /\n/, $text, -1;
}

sub build_host {
	my ($case) = @_;
	my $host = Kvmshim->new(name => (words(text($case, 'emulator') // 'qemu-system-x86_64'))[0]);
	$host->rules('50-case.ini', text($case, 'rules.ini')) if -e "$cases/$case/rules.ini";
	$host->conf(text($case, 'conf')) if -e "$cases/$case/conf";
	find({ no_chdir => 1, wanted => sub {
		my $inside = $File::Find::name =~ s{^\Q$cases/$case/root/\E}{}r;
		$host->file($inside, text($case, "root/$inside")) if -f;
	} }, "$cases/$case/root") if -d "$cases/$case/root";
	return $host;
}

sub check_case {
	my ($case) = @_;
	my @argv = words(text($case, 'argv') // die "$case has no argv\n");
	my $host = build_host($case);
	$host->traces;
	my $got = $host->start_as(words(text($case, 'argv0') // $host->emulator), @argv);
	my $trace = join "\n", $host->traces;
	my $refused = text($case, 'stderr');
	return "status $got->{status}, not " . (defined $refused ? 1 : 0) . ": $got->{err}"
		if $got->{status} != (defined $refused ? 1 : 0);
	return "it says:\n$got->{err}" if $got->{err} ne ($refused // '');
	return 'something was run' if defined $refused && $got->{out} ne '';
	my $why = defined $refused ? '' : differing([ words(text($case, 'expect') // text($case, 'argv')) ], $got->{words});
	return "$why\n" . join("\n", @{ $got->{words} }) . "\ntrace: $trace" if $why;
	for my $part (words(text($case, 'trace') // '')) {
		return "'$part' is not in the trace: $trace" if index($trace, $part) < 0;
	}
	return '';
}

my @all = map { s{.*/}{}r } grep { -d } glob "$cases/*";
for my $case (@all) {
	next if @ARGV && !grep { index($case, $_) >= 0 } @ARGV;
	my $why = check_case($case);
	ok($why eq '', $case =~ tr/-/ /r) or diag($why);
}
done_testing;
