#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# No two files of a floor call each other in a loop. The linker's symbols decide: a file
# calls another if it needs a symbol that the other defines.

use strict;
use warnings;
use File::Basename 'dirname';
use File::Find;
use File::Path 'make_path';
use File::Temp 'tempdir';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::House 'floor_of';
use Test::More;

chdir "$FindBin::Bin/../.." or die;

# Circles that still have to be opened. A line goes when its circle is open.
my @known = (
);

# --- the graph

# The symbols of all objects below $base: for each file, those that it defines and needs.
sub symbols {
	my ($base, @files) = @_;
	my (%defines, %needs);
	my $got = run({}, 'nm', '-A', '-g', map { "$base/$_.o" } @files);
	$got->{status} == 0 or die "nm: $got->{err}";
	for (split /\n/, $got->{out}) {
		my ($file, $kind, $symbol) = m{^\Q$base\E/(.*)\.o:[0-9a-f ]* ([A-Za-z]) (\S+)$} or next;
		push @{ $defines{$symbol} }, $file if $kind =~ /[TDBRCVW]/;
		push @{ $needs{$file} }, $symbol if $kind =~ /[Uw]/;
	}
	return (\%defines, \%needs);
}

# Which file calls which of its floor, with which symbols: $calls->{FROM}{TO} = [SYMBOL…].
sub calls {
	my ($defines, $needs) = @_;
	my %calls;
	for my $from (keys %$needs) {
		for my $symbol (@{ $needs->{$from} }) {
			for my $to (grep { $_ ne $from } @{ $defines->{$symbol} // [] }) {
				push @{ $calls{$from}{$to} }, $symbol if floor_of($from) eq floor_of($to);
			}
		}
	}
	return \%calls;
}

# All that a file calls, directly or through others.
sub reached {
	my ($calls, $file) = @_;
	my %seen;
	my @next = keys %{ $calls->{$file} // {} };
	while (defined(my $to = shift @next)) {
		push @next, keys %{ $calls->{$to} // {} } unless $seen{$to}++;
	}
	return \%seen;
}

# Each circle as its files, sorted, in one line.
sub circles {
	my ($calls) = @_;
	my %reached = map { $_ => reached($calls, $_) } keys %$calls;
	my %circles;
	for my $file (grep { $reached{$_}{$_} } keys %reached) {
		my @together = grep { $reached{$_} && $reached{$_}{$file} } keys %{ $reached{$file} };
		$circles{ join ' ', sort @together } = 1;
	}
	return sort keys %circles;
}

# Who calls whom in a circle, and by which symbols.
sub describe {
	my ($calls, $circle) = @_;
	my @files = split / /, $circle;
	return join '', map {
		my $from = $_;
		map { "  $from calls $_: @{ $calls->{$from}{$_} }\n" }
			grep { $calls->{$from}{$_} } @files;
	} @files;
}

# --- a made-up house: a and b call each other through c, and d only calls

sub compile {
	my ($base, $file, $text) = @_;
	make_path(dirname("$base/$file"));
	spew("$base/$file.c", $text);
	my $got = run({}, '/bin/sh', '-c', 'exec ${CC:-gcc} -c "$0.c" -o "$0.o"', "$base/$file");
	die $got->{err} if $got->{status};
}

my $made = tempdir(CLEANUP => 1);
my %made = (
	'wrapper/a'      => 'void b(void); void a(void) { b(); }',
	'wrapper/line/b' => 'void c(void); void b(void) { c(); }',
	'wrapper/c'      => 'void a(void); void c(void) { a(); }',
	'wrapper/d'      => 'void a(void); void d(void) { a(); }',
	'ctl/e'          => 'void f(void); void e(void) { f(); }',
	'hooks/f'        => 'void e(void); void f(void) { e(); }',
);
compile($made, $_, $made{$_}) for keys %made;
my $made_calls = calls(symbols($made, sort keys %made));
is_deeply([ circles($made_calls) ], ['wrapper/a wrapper/c wrapper/line/b'], 'a circle of three files is found');
is(describe($made_calls, 'wrapper/a wrapper/c wrapper/line/b'), <<'END', 'and it is described by its symbols');
  wrapper/a calls wrapper/line/b: b
  wrapper/c calls wrapper/a: a
  wrapper/line/b calls wrapper/c: c
END

# --- this house

my $base = ($ENV{B} // 'build') . '/obj';
my @objects;
find({ no_chdir => 1, wanted => sub {
	my ($file) = m{^\Q$base\E/(.*)\.o$} or return;
	push @objects, $file if defined floor_of($file) && -e "$file.c";    # an old build leaves objects
} }, $base);
cmp_ok(scalar @objects, '>', 100, 'the objects were found');

my $calls   = calls(symbols($base, sort @objects));
my @circles = circles($calls);

# Does the first list of files contain all of the second?
sub contains {
	my ($all, $some) = map { { map { $_ => 1 } split / / } } @_;
	return !grep { !$all->{$_} } keys %$some;
}

my @new = grep { my $circle = $_; !grep { contains($_, $circle) } @known } @circles;
is(join('', map { "$_\n" . describe($calls, $_) } @new), '',
	'no two files of a floor call each other in a loop');
my @open = grep { my $known = $_; !grep { contains($known, $_) } @circles } @known;
is(join("\n", @open), '', 'each circle of the list still exists: remove the lines of those that are open');

done_testing;
