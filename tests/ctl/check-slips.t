#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Slips that people make in rules (tests/data/slips.txt): `kvmshim check` says of each where it is,
# what it is, and what to write, and nothing of lines that only look like one.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Kvmshim;
use Test::More;

my $host = Kvmshim->new;
my @rows = map { /^([^#].*?) +<<<(?: (.*))?$/ ? [ $1, $2 ] : () } split /\n/, slurp("$FindBin::Bin/../data/slips.txt");
cmp_ok(scalar(grep { defined $_->[1] } @rows), '>=', 120, 'at least 120 slips');

# Each is a rule of its own, in a draft of its own.
for my $row (@rows) {
	my ($line, $says) = @$row;
	my $rule = $line =~ /^when/ ? "$line\nset = -cpu kvm=off\n" : "when = always\n$line\n";
	$host->file('drafts/50-slip.ini', "[slip]\n$rule");
	my @told = @{ check($host, 'drafts/50-slip.ini')->{lines} };
	my $at   = $line =~ /^when/ ? 2 : 3;
	if (!defined $says) {
		is("@told", '', $line);
		next;
	}
	my ($grade, $part) = $says =~ /^(error|warning): (.*)/ or die "slips.txt: $line\n";
	ok((grep { m{^drafts/50-slip\.ini:$at: $grade: } && index($_, $part) > 0 } @told), $line) or diag("wanted: $says\n", map { "$_\n" } @told);
}

subtest 'A rule that is off is a draft' => sub {
	$host->file('drafts/50-off.ini', "[off]\nenabled = no\nwhen-name = CHANGE-ME\nset = -cpu kvm=off\n");
	is("@{ check($host, 'drafts/50-off.ini')->{lines} }", '', 'nothing is said of it');
};

subtest 'Nothing starts otherwise for a warning' => sub {
	$host->rules('50-slip.ini', "[slip]\nwhen-arch = amd64\nset = -cpu kvm=off\n");
	is($host->start('-name', 'x')->{err}, '', 'a VM starts');
};

subtest 'Settings in the wrong section, a list that goes on' => sub {
	$host->file('drafts/kvmshim.conf', "[device 0000:01:00.0]\nrelease-console = yes\n[wrapper]\npower = on\n");
	my @told = @{ check($host, 'drafts/kvmshim.conf')->{lines} };
	like($told[0], qr/:2: error: 'release-console' belongs in \[hook\]$/, 'of [hook]');
	like($told[1], qr/:4: error: 'power' belongs in a section \[device ADDRESS\]$/, 'of [device]');
	$host->file('drafts/50-list.ini', "[r]\nwhen-name = a,\n  b\nset = -cpu kvm=off\n");
	my $told = join "\n", @{ check($host, 'drafts/50-list.ini')->{lines} };
	like($told, qr/:3: error: 'b': must be a \[section\] or key = value; to continue the line above, end it with \\$/m, 'a comma does not continue a line');
};

done_testing;
