#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What `make coverage` takes for a reason: tests/coverage/report.pl on a program of one file.

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
make_path("$dir/lib", "$dir/build/obj/lib", "$dir/tests/coverage");
spew("$dir/lib/a.c", <<'C');
int main(int argc, char **argv)
{
	if (argc > 2 && argv)
		return argv[1] +
		       argc - argv[2];
	return argc > 1 || !argv;
}
C
is(run({ dir => "$dir" }, '/bin/sh', '-c', 'gcc --coverage -O0 -c lib/a.c -o build/obj/lib/a.o && gcc --coverage build/obj/lib/a.o -o a && ./a')->{status},
	0, 'a program is built and run');

# The report with these rows: exit status and what comes after the table.
sub reported {
	my ($reasons) = @_;
	spew("$dir/tests/coverage/unreached", $reasons);
	my $got = run({ dir => "$dir" }, $^X, $report, 'build');
	$got->{out} =~ s/.*^not reached [^\n]*\n//ms;
	return $got;
}

sub says {
	my ($name, $reasons, $status, @patterns) = @_;
	my $got = reported($reasons);
	is($got->{status}, $status, "$name: exit $status") or diag($got->{out}, $got->{err});
	like($got->{out} . $got->{err}, $_, "$name: it says so") for @patterns;
}

my $line = "line lib/a.c:main  return argv[1] +\n";
my $branch = "branch lib/a.c:main  return argc > 1 || !argv;\n";

says('no reason', '', 1, qr/^without a reason:\n\Q$line$branch\E\z/m);
says('a reason for each', "# why\n[Nobody calls it so]\n$line\n[Other words]\n$branch", 0, qr/^ +\d+ +\d+  Nobody calls it so$/m,
	qr/^ +0 +0  without a reason$/m);
like(slurp("$dir/build/unreached.txt"), qr/^Nobody calls it so: .*\n  lib\/a\.c:3 .*\n  lib\/a\.c:4 .*never runs/m, 'each line is listed, and its condition');
says('a pattern for branches', "[a]\n${line}branch lib/a.c  /\\|\\|/\n", 0);
says('a pattern for lines', "[a]\nline lib/a.c  /return/\n", 2, qr/unreached:2: a line that never ran is named by its text/);
says('what fits nothing', "[a]\n$line${branch}branch lib/a.c:main  if (argc)\n", 1, qr/^reasons that fit nothing any more:\n\S+:4: branch lib\/a\.c:main  if \(argc\)$/m);
says('one row for two lines', "[a]\n$line$line$branch", 1, qr/:3: line lib\/a\.c:main/);
says('what is reached at times', "[sometimes: a]\n$line${branch}branch lib/a.c  /argc > 2/\n", 0);
says('and is not there at all', "[sometimes: a]\n$line${branch}branch lib/a.c  /argc > 3/\n", 1, qr/^\S+:4: branch lib/m);
says('no row at all', "[a]\nlib/a.c\n", 2, qr/unreached:2: neither a \[reason\] nor a row/);

done_testing;
