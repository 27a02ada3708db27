#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The wrapper under valgrind: no read of what was never written, none past an
# end, no descriptor left open. The build is a dynamic one of its own
# (build/dyn), as valgrind sees little of a static program.
#
# The real emulator is missing, so that the wrapper itself comes to its end and
# valgrind counts its descriptors; some lines run to a real end too. Memory is
# not counted: all of it is the arena's, which ends in execve().

use strict;
use warnings;
use Cwd 'abs_path';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

chdir "$FindBin::Bin/../.." or die;

my ($valgrind) = grep { -x } map { "$_/valgrind" } split /:/, $ENV{PATH};
need($valgrind, 'no valgrind on this machine');

# A plain build, whatever flavour the tests themselves have.
my $built = run({ env => { MAKEFLAGS => '', MFLAGS => '', MAKELEVEL => '' } }, '/bin/sh', '-c',
	'make SAN= COV= B=build/dyn STATIC=no build/dyn/kvmshim-wrapper');
$built->{status} == 0 or BAIL_OUT("build/dyn: $built->{err}");

my $host = Kvmshim->new;
unlink $host->emulator;
Kvmshim::install(abs_path('build/dyn/kvmshim-wrapper'), $host->emulator);

# Runs a program; what valgrind found, and the result.
sub examine {
	my (@command) = @_;
	my $log = $host->dir . '/valgrind.log';
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir } }, $valgrind, '--quiet', '--error-exitcode=99',
		'--track-fds=yes', '--leak-check=no', "--log-file=$log", @command);
	my $found = join "\n", grep { !/^==\d+==\s*$/ } split /\n/, slurp($log);
	# descriptors that it was started with are not its own
	$got->{leaked} = join "\n", grep { / Open / && !/inherited from parent/ } split /\n(?===\d+== Open )/, $found;
	$got->{errors} = join "\n", grep { !/FILE DESCRIPTORS| Open |inherited from parent|==\s+(?:at|by) 0x/ }
		split /\n/, $found;
	return $got;
}

like(examine('/bin/sh', '-c', 'exec 9</etc/passwd; exit 1')->{leaked}, qr{Open file descriptor 9: /etc/passwd},
	'valgrind tells a descriptor that is left open');

my %rules = (
	'every verb' => <<'END',
[a]
when = always
set = -cpu kvm=off,hv-vendor-id=abc
default = -device[driver=virtio-net-pci*] rx_queue_size=1024,tx_queue_size=1024
unset = -drive cache
add = -device virtio-rng-pci,id=%n-rng
remove = -serial
set = -global ICH9-LPC.disable_s3=1
set = -machine dump-guest-core=off
set = -device[addr=0x2] multifunction:=true
[b]
when-name = web*, !test
when-machine = *
when-option = -device[host=05:00.0]
when-pci = 10de:*
when-flavor = m1.*
last = yes
set = -append value=quiet %u
END
	'mistakes' => "[a\nset\nwhen-nmae = x ; y\n[b]\nset = -devise a=b\nset = -device[id=a x=y\n\0\n",
	'none'     => undef,
);

my $uuid = '4c4c4544-0031-3310-8047-b3c04f4a3532';
my $json = '{"driver":"virtio-net-pci","netdev":"n0","id":"net0","mq":true,"addr":"0x2","x":{"y":[1,"\u00e9"]}}';
my @lines = (
	[],
	[qw(-machine none -S)],
	[qw(-cpu help)],
	[ '-name', 'web', '-uuid', $uuid, '-machine', 'q35,accel=kvm', '-cpu', 'host,+kvm,-vmx', '-m', '1G' ],
	[ '-name', 'guest=web,debug-threads=on', '-M', 'pc', '-enable-kvm', '-device', $json ],
	[ '-device', 'virtio-net-pci,id=a,addr=02', '-drive', 'file=a,,b,cache=none', '-serial', 'stdio' ],
	[ '-name', 'web', '-uuid', $uuid, '-device', 'vfio-pci,host=0000:05:00.0', '-append', 'x' ],
	[ '-name', 'web', '-device', '{"driver":"x",}', '-device', '{"driver":"x","driver":"y"}' ],
	[ '-global', 'driver=ICH9-LPC,property=disable_s3,value=0', '-global', 'cfi.pflash01.secure=on' ],
	[ '-id', '100', 'disk.img', '', '--', '-', '-name' ],
	[ '-name', "a\xff\n\033[2J", '-device', 'x,' . 'a' x 100_000 . '=1,addr=1:2:3:4' ],
	[ map { ('-device', "virtio-net-pci,id=n$_") } 1 .. 100 ],
);

$host->file('sys/bus/pci/devices/0000:05:00.0/vendor', "0x10de\n");
$host->file('sys/bus/pci/devices/0000:05:00.0/device', "0x1b06\n");
$host->file("run/kvmshim/vm/$uuid/facts.json",
	qq({"version":1,"uuid":"$uuid","nova":{"flavor":"m1.small","project":{"name":"p","id":"1"}}}));
$host->traces;    # there is a journal

sub examine_line {
	my ($name, $conf, $line, @status) = @_;
	$host->conf("[wrapper]\nextra-options = foo:flag\n$conf");
	my $got = examine($host->emulator, @$line);
	is($got->{errors}, '', "$name: no error");
	is($got->{leaked}, '', "$name: no descriptor left open");
	ok(scalar(grep { $_ == $got->{status} } @status), "$name: it ends as without valgrind")
		or diag("$got->{status}: $got->{err}");
}

for my $kind (sort keys %rules) {
	$host->no_rules;
	$host->rules('50-a.ini', $rules{$kind}) if defined $rules{$kind};
	for my $line (@lines) {
		my $name = "$kind: " . substr shown(@$line), 0, 60;
		examine_line($name, "real = /nonexistent/qemu\non-error = pass\n", $line, 127);
		examine_line("$name, to its real end", '', $line, $kind eq 'mistakes' ? (0, 1) : 0)
			if $kind eq 'mistakes' || @$line == 10;
	}
}

done_testing;
