#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What `make coverage` reports and when it fails: tests/coverage/report.pl on a program
# of one file.

use strict;
use warnings;
use Cwd 'abs_path';
use File::Path 'make_path';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

my $report = abs_path("$FindBin::Bin/../coverage/report.pl");
my $dir = File::Temp->newdir;

need((grep { -x "$_/gcov" } split /:/, $ENV{PATH}), 'no gcov');
make_path("$dir/lib", "$dir/build/obj/lib");
spew("$dir/lib/a.c", <<'C');
static int negative(int n)
{
	if (n > 3)
		n++;
	if (n > 2)
		return -n +
		       n * n;
	return n;
}

int main(int argc, char **argv)
{
	return negative(argc) + !argv;
}
C
is(run({ dir => "$dir" }, '/bin/sh', '-c', 'gcc --coverage -O0 -c lib/a.c -o build/obj/lib/a.o && gcc --coverage build/obj/lib/a.o -o a')->{status},
	0, 'a program is built');

# The report after one more run of the program: exit status and text.
sub reported {
	run({ dir => "$dir" }, "$dir/a", @_);
	return run({ dir => "$dir" }, $^X, $report, 'build');
}

my $got = reported();
is($got->{status}, 1, 'too little is reached: exit status 1') or diag($got->{err});
like($got->{out}, qr/^below \d+ % of lines or \d+ % of branches \(all: .*\):\nlib\/a\.c .*\nall .*\n\z/m, 'the report says where');
like($got->{out}, qr/^ +1  lines that never run\n +2  lines of error paths that never run\n +2  lines with branches/m, 'and how much');
my $list = slurp("$dir/build/unreached.txt");
like($list, qr/^lines that never run: 1\n  lib\/a\.c:4 +negative +n\+\+;\n\n/, 'a line with its function');
like($list, qr/^lines of error paths that never run: 2\n  lib\/a\.c:6 +negative +return -n \+\n  lib\/a\.c:7 .*\n\n/m, 'an error path, all lines of its statement');
like($list, qr/^lines with branches that are never taken: 2\n  lib\/a\.c:3 +1 of 2 branches +if \(n > 3\)\n/m, 'a line with some of its branches');

reported('b', 'c');
$got = reported('b', 'c', 'd');
is($got->{status}, 0, 'all is reached: exit status 0') or diag($got->{out});
like($got->{out}, qr/^all +100\.0 % of .* 100\.0 % of /m, 'the report says so');

done_testing;
