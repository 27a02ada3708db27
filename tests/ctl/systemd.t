#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The units in contrib/systemd: systemd understands them, and what they start does as it is told.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use File::Path qw(make_path);
use Kvmshim;
use Kvmshim::Plain;
use Test::More;

my $folder = "$FindBin::Bin/../../contrib/systemd";
my ($analyze) = grep { -x } map { "$_/systemd-analyze" } split /:/, $ENV{PATH};

SKIP: {
	need($analyze, 'no systemd-analyze (package systemd)') or skip('no systemd-analyze', 1);
	# as they are installed, but for our programs, which may not be
	my $host = Kvmshim::Plain->new;
	my @units = map {
		my ($name) = m{([^/]+)\z};
		$host->file("units/$name", slurp($_) =~ s{/usr/sbin/kvmshim(?:-place)?\b}{/bin/true}r);
	} glob "$folder/*.service $folder/*.timer";
	my $got = run({ env => { SYSTEMD_UNIT_PATH => "$host->{dir}/units:" } }, $analyze, 'verify', '--man=no', @units);
	is("$got->{status} $got->{err}", '0 ', 'systemd understands the units');
}

my $unit = slurp("$folder/kvmshim-devices.service");
my %variable = $unit =~ /^Environment=(\w+)=(\S+)$/mg;
my ($command) = $unit =~ m{^ExecStart=/usr/sbin/kvmshim (.*)$}m;
my $host = Kvmshim::Plain->new;
make_path(map { $host->dir . $_ } '/var/lib/kvmshim', '/var/lib/prometheus/node-exporter');
my $got = ctl($host, map { s/\$\{(\w+)\}/$host->{dir}$variable{$1}/r } split / /, $command);
is("$got->{status} $got->{err}", '0 ', 'its command is one');
ok(-s $host->dir . $_, "$_ is there") for values %variable;
my @may_write = map { s/^-//r } map { split / / } $unit =~ /^ReadWritePaths=(.*)$/mg;
push @may_write, map { "/var/lib/$_" } $unit =~ /^StateDirectory=(.*)$/mg;
for my $path (values %variable) {
	ok((grep { index($path, "$_/") == 0 } @may_write), "$path is where it may write");
}

done_testing();
