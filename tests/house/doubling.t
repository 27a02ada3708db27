#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Nobody makes a start slow by a long text: what a program does with twice as much of something
# is at most 2.5 times as much. Counted are instructions, as valgrind counts them, so what
# else the machine does changes nothing; the instructions of the program without it are
# subtracted.

use strict;
use warnings;
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
	my $said = join '', $got->{out}, grep { !/^==/ } split /^/, $got->{err};
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

doubles($_) for @json;

done_testing;
