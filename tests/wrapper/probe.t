#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What libvirt and people ask QEMU before they start anything is never touched.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

# One command line a line; '' is the empty word.
sub lines {
	return map { [ map { $_ eq "''" ? '' : $_ } split ] } grep { !/^(#|$)/ } split /\n/, shift;
}

my @probes = lines(<<'END');
# libvirt 9.0, first and second question; 2.5; 1.2
-S -no-user-config -nodefaults -nographic -machine none,accel=kvm:tcg -qmp unix:/var/lib/libvirt/qemu/qmp-XIWHZ3/qmp.monitor,server=on,wait=off -pidfile /var/lib/libvirt/qemu/qmp-XIWHZ3/qmp.pid -daemonize
-S -no-user-config -nodefaults -nographic -machine none,accel=tcg -qmp unix:/var/lib/libvirt/qemu/qmp-XIWHZ3/qmp.monitor,server=on,wait=off -pidfile /var/lib/libvirt/qemu/qmp-XIWHZ3/qmp.pid -daemonize
-S -no-user-config -nodefaults -nographic -M none -qmp unix:/var/lib/libvirt/qemu/capabilities.monitor.sock,server,nowait -pidfile /var/lib/libvirt/qemu/capabilities.pidfile -daemonize
-device ? -device virtio-blk-pci,? -device virtio-net-pci,? -device scsi-disk,?
# the machine none, however it is spelled
-machine none
--machine none
-M none
--M none
-machine type=none
-machine accel=tcg,type=none
-machine pc,type=none
-machine pc -machine none
-machine none -machine usb=off
-machine none -M q35 -machine none
-M pc -cpu qemu64 --machine accel=tcg,type=none,
-machine none -name x -uuid 0 -device virtio-rng-pci
# what people ask
-h
--h
-help
--help
-version
--version
-name x -version
-version -name x
-S -m 64 disk.img --help
-nodefaults -M pc -version
-machine pc -cpu help
-cpu qemu64 -cpu ?
-device driver=help
-machine pc,help
END

for my $answer ('help', '?') {
	push @probes, map { [ "-$_", $answer ], [ "--$_", $answer ] } qw(cpu machine M device object accel netdev
		chardev audiodev display vga smp boot trace d watchdog-action nic net);
	push @probes, map { [ $_, "x,$answer" ], [ $_, "x,id=y,$answer" ] } qw(-device -object -netdev -chardev);
}

my @starts = lines(<<'END');
# names and values that look like questions
-name help
-name ?
-name guest=help
-name none
-name -version
-name --help
-name -h
-name -machine -S none
-append -version
-kernel help
-readconfig -version
-uuid help
-k help
-drive file=help
-device virtio-net-pci,netdev=help
-device virtio-rng-pci,id=help
-device {"driver":"virtio-rng-pci","id":"help"}
-device virtio-9p-pci,mount_tag=a,,help
-cpu helper
-cpu none
# disk images
-m 64 help
help
version
none
# machines that are not none in the end
-machine none -machine pc
-M none,type=pc
-machine nonesuch
-machine pc,x=none
-machine accel=none
-machine ''
-nodefaults
END
push @starts, [];

my $mark = 'kvmshim-mark.x=on';
my $add  = "[mark]\nwhen = always\nadd = -global $mark\n";
my $host = Kvmshim->new;

sub came_through {
	my ($name, $want_mark, @lines) = @_;
	my @wrong;
	for my $words (@lines) {
		my $got = $host->start(@$words);
		my $why = $got->{status} || $got->{err} ne '' ? "status $got->{status}: $got->{err}"
			: differing([ @$words, $want_mark ? ('-global', $mark) : () ], $got->{words});
		push @wrong, "'@$words': $why" if $why;
	}
	ok(!@wrong, $name . ' (' . @lines . ' command lines)') or diag(join "\n", @wrong);
}

$host->rules('50-mark.ini', $add);
came_through('A probe is not touched though a rule applies to every start', 0, @probes);
came_through('A VM that is only named or built like a probe is a start', 1, @starts);

$host->rules('50-mark.ini', "this is no rule file\n");
$host->rules('60-mode.ini', $add, 0666);
came_through('A probe is not touched while the rules are broken', 0, @probes);
is($host->start(@$_)->{status}, 1, "while they are, '@$_' is refused") for [ '-name', 'help' ], [];

subtest 'A probe opens no rule file' => sub {
	my ($strace) = grep { -x } map { "$_/strace" } split /:/, $ENV{PATH};
	need($strace, 'no strace on this machine');
	my @trace = ('-f', '-qq', '-e', 'trace=open,openat,openat2', '-o', $host->dir . '/opened', $host->emulator);
	my $opened = sub {
		my $got = run({ env => { KVMSHIM_ROOT => $host->dir } }, $strace, @trace, @_);
		need($got->{status} == 0 || $got->{status} == 1, "strace may not trace here: $got->{err}");
		return slurp($host->dir . '/opened');
	};
	like($opened->('-name', 'x'), qr/rules\.d/, 'a start does, which strace shows');
	my @wrong = grep { $opened->(@$_) =~ /rules\.d|\.ini/ } @probes;
	ok(!@wrong, 'none of ' . @probes . ' probes does') or diag(join "\n", map { "@$_" } @wrong);
};

subtest 'QEMU itself answers these without starting a VM' => sub {
	require Kvmshim::Qemu;
	my $qemu = Kvmshim->new(real => Kvmshim::Qemu::qemu_binary());
	$qemu->rules('50-mark.ini', "broken\n");
	for (map { [ split ] } '-version', '-help', '-cpu help', '-machine help', '-device help', '-object help',
		'-netdev help', '-device virtio-rng-pci,help', '-machine pc,help', '-smp help', '-device driver=help') {
		my $got = $qemu->start(@$_);
		is($got->{status}, 0, "'@$_' is answered") or diag($got->{err});
		cmp_ok(length $got->{out}, '>', 20, "'@$_' prints something");
	}
};

done_testing;
