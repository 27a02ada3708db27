#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The words of the project, as docs/language.md wants them. The findings are reported and
# fail nothing: prove -v shows each of them, as `make words` does. What fails is a search
# that finds too little or too much in texts made for it.

use strict;
use warnings;
use File::Path 'make_path';
use File::Temp 'tempdir';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

my $search = "$FindBin::Bin/words.pl";

# Each finding as FILE:LINE: [PATTERN], without the words and the advice.
sub found {
	my (%files) = @_;
	my $dir = tempdir(CLEANUP => 1);
	for my $path (keys %files) {
		make_path("$dir/$1") if $path =~ m{(.*)/};
		spew("$dir/$path", $files{$path});
	}
	my $got = run({}, $search, '-C', $dir);
	is($got->{status}, 0, 'the search succeeds') or diag($got->{err});
	return $got->{out} =~ /^(\S+:\d+: \[[\w-]+\])/mg;
}

is_deeply([ found(
	'hooks/a.c' => <<'C',
/* What the VM has, and where none is. */
static const char *const good = "the device is in use by QEMU";
	err_set(err, EIO, "%s is wedged: "
		"%s hangs; see the kernel's log", a, b);
	find("is there"), row("device %s was not handed over"), html("<p class='x'>there is { a: b }");
C
	'man/a.8' => ".It Cm x\nAll is well.\nWhere it is\n.Cm x ,\nthe guest\nis gone.\n.Bd -literal\nthere is\n.Ed\n",
	'docs/a.md' => "# Title\n\nThe VM is\ntold. Why is it told?\n\n    there is\n\n```\nthere is\n```\n\n- `there is` a\n  folder\n",
	'docs/language.md' => "there is\n",
	'place/a.sh' => "echo \"there is \$1 here\"\nsed 's/there is a/b/'\ncat <<TEXT\nan end\nthere is no end\nTEXT\n",
	'rules/a.ini' => "# Hide KVM from virtual machines.\n#when-name = there is\n[a]\nset = x there is\n",
	'tests/a.c' => "/* there is */\n",
) ], [
	'docs/a.md:4: [told]', 'docs/a.md:4: [told]', 'docs/a.md:13: [folder]',
	'hooks/a.c:1: [clause-subject]', 'hooks/a.c:1: [comment-start]', 'hooks/a.c:1: [where]',
	'hooks/a.c:3: [wedged]', 'hooks/a.c:4: [possessive]', 'hooks/a.c:5: [handover]',
	'man/a.8:3: [where]', 'man/a.8:5: [guest]', 'man/a.8:6: [gone]',
	'place/a.sh:1: [there-is]', 'place/a.sh:5: [is-no]',
	'rules/a.ini:1: [virtual-machine]',
], 'what is found in texts made for it');

my $got = run({}, $search);
is($got->{status}, 0, 'the texts of the project were searched') or diag($got->{err});
note($_) for split /\n/, $got->{out};
my ($kinds)  = $got->{out} =~ /^pattern +(.*)/m;
my ($counts) = $got->{out} =~ /^all +(.*)/m;
my @counts = split ' ', $counts // '';
diag('words to look at: ' . join(', ', map { shift(@counts) . " in $_" } split ' ', $kinds // '') . ' (make words shows them)');

done_testing;
