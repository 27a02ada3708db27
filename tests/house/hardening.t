#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A plain `make` hardens what it builds. tests/install/packages.t asks the same of packages.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Elf;
use Test::More;

need(-x '/usr/bin/readelf', 'no readelf on this machine');
chdir "$FindBin::Bin/../.." or die;
my $build = $ENV{B} // 'build';
plan(skip_all => "$build is not a plain build") if slurp("$build/flags") =~ /-fsanitize|--coverage|HARDEN=no/;

for my $name (qw(kvmshim kvmshim-hook kvmshim-wrapper)) {
	is(join(', ', weaknesses(program($name))), '', "$name is hardened");
}
is(join(', ', unprotected("$build/$_.a")), '', "so is what $_ was compiled to") for qw(lib wrapper hooks ctl);
ok(is_fortified("$build/$_.a"), "calls of the C library in $_ are checked") for qw(lib hooks ctl);

my $made = readelf('--debug-dump=info', "$build/obj/lib/str.o");
my ($by) = $made =~ /DW_AT_producer\s*:.*?(GNU C\d+ .*)/;
SKIP: {
	skip('the compiler does not note its options', 1) if !$by;
	like($by, qr/-fstack-clash-protection/, 'large frames are probed');
}

done_testing;
