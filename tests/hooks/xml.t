#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The domain XML that libvirt, Nova, VDSM and KubeVirt test with, and what
# libvirtd 9.0 gave a hook: we see in each what tests/data/domains/expected.txt
# says, and every file there is has a line.

use strict;
use warnings;
use File::Basename 'basename';
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

my $folder = corpus_file('corpus/xml');
my %files  = map { basename($_) => $_ } glob("$folder/*.xml"),
	map { corpus_file("corpus/hook-$_-stdin-sample.xml") } qw(prepare release);

my $uuid = '<uuid>c0ffee00-0000-4000-8000-000000000001</uuid>';
my $name = '<name>vm</name>';
my %completed = (
	whole    => sub { return $_[0] },
	refused  => sub { return $_[0] =~ s{(<domain[^>]*>)}{$1$name$uuid}r },
	nameless => sub { return $_[0] =~ s{(<domain[^>]*>)}{$1$name$uuid}r },
	uuidless => sub { return $_[0] =~ s{(<domain[^>]*>)}{$1$uuid}r },
	template => sub { return $_[0] =~ s{<uuid>\{\w+\}</uuid>}{$uuid}r },
	metadata => sub { return "<domain>$name$uuid<metadata>$_[0]</metadata></domain>" },
);

# dumpdomain reads stdin.
sub seen_in {
	my ($xml) = @_;
	my $file = File::Temp->new;
	spew("$file", $xml);
	return run({}, '/bin/sh', '-c', 'exec "$0" <"$1"', tool('dumpdomain'), "$file");
}

my %listed;
for (grep { !/^#/ } split /\n/, slurp("$FindBin::Bin/../data/domains/expected.txt")) {
	my ($file, $how, $want) = split / \| /;
	next unless ok($files{$file}, "$file: is there");
	$listed{$file}++;
	my $got = seen_in($completed{$how}->(slurp($files{$file})));
	if ($how eq 'refused') {
		is($got->{status}, 1, "$file: refused");
		like($got->{err}, qr/^domain XML, line \d+: \Q$want\E\n\z/, "$file: refused with the reason");
		next;
	}
	is($got->{err}, '', "$file: taken");
	is($got->{out} =~ s/\n(?=.)/, /gr, "$want\n", "$file: name, devices, owner, facts");
}
is(join(' ', grep { !$listed{$_} } sort keys %files), '', 'every file is listed');
is(join(' ', grep { $listed{$_} > 1 } sort keys %listed), '', 'and none twice');

done_testing;
