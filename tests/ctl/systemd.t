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
	# as they are installed, but for kvmshim itself, which may not be
	my $host = Kvmshim::Plain->new;
	my @units = map {
		my ($name) = m{([^/]+)\z};
		$host->file("units/$name", slurp($_) =~ s{/usr/sbin/kvmshim[-\w]*}{/bin/true}r);
	} glob "$folder/*.service $folder/*.timer";
	my $got = run({ env => { SYSTEMD_UNIT_PATH => "$host->{dir}/units:" } }, $analyze, 'verify', '--man=no', @units);
	is("$got->{status} $got->{err}", '0 ', 'systemd understands the units');
}

my $unit = slurp("$folder/kvmshim-devices.service");
my %variable = $unit =~ /^Environment=(\w+)=(\S+)$/mg;
my ($command) = $unit =~ m{^ExecStart=/usr/sbin/kvmshim (.*)$}m;
my $host = Kvmshim::Plain->new;
my ($folder_unit, $folder_path) = map { slurp("$folder/$_") =~ /^RuntimeDirectory=(.*)$/m ? ($_, "/run/$1") : () } map { s{.*/}{}r } glob "$folder/*.service";
make_path($host->dir . $folder_path);
my $got = ctl($host, map { s/\$\{(\w+)\}/$host->{dir}$variable{$1}/r } split / /, $command);
is("$got->{status} $got->{err}", '0 ', 'its command is one');
ok(-s $host->dir . $_, "$_ is there") for values %variable;
my @may_write = map { s/^-//r } map { split / / } $unit =~ /^ReadWritePaths=(.*)$/mg;
for my $path (values %variable) {
	ok((grep { index($path, "$_/") == 0 } @may_write), "$path is where it may write");
	is(index($path, "$folder_path/"), 0, 'in the directory that is made for it');
}
like($unit, qr/^Requires=.*\Q$folder_unit\E$/m, 'the unit that makes it is required');
my %users = map { slurp("$folder/$_") =~ /^DynamicUser=yes\nUser=(\S+)$/m ? ($1 => 1) : ('root' => 1) } 'kvmshim-devices.service', $folder_unit;
is(join(' ', keys %users), 'kvmshim-devices', 'both run as the same user, who is not root');

done_testing();
