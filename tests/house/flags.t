#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `make` with other flags builds again, and with the same flags does nothing.

use strict;
use warnings;
use File::Path 'remove_tree';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

chdir "$FindBin::Bin/../.." or die;
my $b = 'build/house-flags';
remove_tree($b);

# The environment of this test is not that of make: who runs it may have CFLAGS of his own.
sub make {
	my %unset = map { $_ => undef } qw(MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS CC WERROR STATIC HARDEN SAN COV B);
	local @ENV{keys %unset};
	delete @ENV{keys %unset};
	my $got = run({ env => { LC_ALL => 'C' } }, '/usr/bin/make', "B=$b", @_);
	is($got->{status}, 0, "make @_") or diag($got->{err});
	return $got->{out};
}

my $object = "$b/obj/lib/nearest.o";
my $builds = qr{^  CC +lib/nearest\.c$}m;
like(make($object), $builds, 'a first build');
unlike(make($object), $builds, 'the same again: nothing is built');
for my $flag ('CFLAGS=-O1', 'CPPFLAGS=-DX=1', 'LDFLAGS=-Wl,-O1', 'VERSION=9.9', "STATIC=no", 'WERROR=1', 'HARDEN=no', 'CC=gcc -m64') {
	like(make($object, $flag), $builds, "with $flag it is built");
	unlike(make($object, $flag), $builds, 'and once only');
	like(make($object), $builds, "without $flag it is built");
}

my %said = (no => 'dynamic', yes => 'static', pie => 'static');
for my $static (sort keys %said) {
	like(make('-n', "STATIC=$static", "$b/kvmshim-wrapper"), qr{kvmshim-wrapper \($said{$static}\)}, "make says that it is $said{$static}");
}
remove_tree($b);

done_testing;
