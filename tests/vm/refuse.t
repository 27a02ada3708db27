#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What the hook does not take from the host, on a real kernel and under a real
# libvirtd: the start is refused, whoever wants it is told what is in the way, and
# nothing has changed.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Test::More;

in_libvirt_vm('-t', 600);
libvirt_with_hook();

my ($graphics, $sound, $nic) = ('0000:01:00.0', '0000:01:00.1', '0000:02:00.0');
my ($nvme, $usb, $sriov, $bare) = ('0000:03:00.0', '0000:04:00.0', '0000:05:00.0', '0000:00:03.0');
my ($vf) = vfs_of($sriov, 2);

my %devices = (
	card   => [ $graphics, $sound ],
	sound  => [$sound],
	nic    => [$nic],
	nvme   => [$nvme],
	other  => [ $bare, $nvme ],
	usb    => [$usb],
	sriov  => [$sriov],
	vf     => [$vf],
	bridge => ['0000:00:04.0'],
	nobody => ['0000:00:1e.0'],
);
vm($_, devices => $devices{$_}) for sort keys %devices;
my @all = map { @$_ } @devices{qw(card nic other usb sriov vf)};

my $now      = "holders-wait = 0\n";
my $released = "release-console = yes\n";

# The VM is refused while the host does this; before says what, and gives what ends it.
sub refused {
	my ($name, $vm, $why, $conf, $before) = @_;
	conf("[hook]\n$conf");
	my ($end, @more) = $before ? $before->() : ();
	$why = $why->(@more) if ref $why eq 'CODE';
	is_refused($vm, $why, $name, @all);
	$end->() if $end;
}

# --- a disk

my $disk = disk_of($nvme);
my $mnt  = '/mnt/precious, data';
mkdir $mnt or die;

# One partition, as in a PC's first sector.
sub partition {
	open my $f, '+<:raw', $disk or die "$disk: $!\n";
	print $f pack 'x446 C8 V2 x48 v', 0, (0) x 3, 0x83, (0) x 3, 2048, 65536, 0xaa55;
	close $f;
	must('blockdev', '--rereadpt', $disk);
	my $part = "${disk}p1";
	wait_for(sub { -b $part }) or die "no $part\n";
	must('mkfs.ext4', '-q', '-F', $part);
	return $part;
}
my $part = partition();
my $name = $part =~ s{^/dev/}{}r;

refused('a partition is mounted', 'nvme', qr{\Q$nvme\E is in use: $name is mounted on \Q$mnt\E}, '', sub {
	must('mount', $part, $mnt);
	return sub { must('umount', $mnt) };
});
refused('a partition is mounted in another mount namespace only', 'nvme',
	qr{\Q$nvme\E is in use: disk nvme\S+ has a user that is not in the mount table .*other mount namespace}, '', sub {
	my $pid = runs_in_background('unshare', '-m', 'sh', '-c', 'mount "$1" "$2" && exec sleep 100000', 'sh', $part, $mnt);
	wait_for(sub { slurp("/proc/$pid/mounts") =~ /^\Q$part\E /m }) or die "not mounted\n";
	return sub { end_holder($pid) };
});
refused('a disk is opened with O_EXCL', 'nvme', sub { qr{\Q$nvme\E is in use: .*\Q$_[0]\E} }, $now, sub {
	my $pid = holder('zpool import', $disk, 'O_EXCL');
	return sub { end_holder($pid) }, "zpool import (pid $pid) has $disk open";
});
refused('a disk is read by a process', 'nvme', sub { qr{\Q$nvme is in use: $_[0]\E} }, $now, sub {
	my $pid = holder('backup', $part);
	return sub { end_holder($pid) }, "backup (pid $pid) has $part open";
});
refused('a stick on the USB controller is mounted', 'usb', sub { qr{\Q$usb is in use: $_[0]\E} }, '', sub {
	my $stick = disk_of($usb);
	must('mkfs.ext4', '-q', '-F', $stick);
	must('mount', $stick, $mnt);
	return sub { must('umount', $mnt) }, $stick =~ s{/dev/}{}r . " is mounted on $mnt";
});
refused('one of two devices cannot be had', 'other', qr{\Q$nvme\E is in use: $name is mounted on}, '', sub {
	must('mount', $part, $mnt);
	return sub { must('umount', $mnt) };
});
refused('a partition is swap', 'nvme', qr{\Q$nvme\E is in use: $name is swap}, '', sub {
	must('mkswap', $part);
	must('swapon', $part);
	return sub { must('swapoff', $part) };
});

# --- a network card

my $eth = interface_of($nic);
my $needs = qr{\Q$nic\E is in use by the host: $eth};

refused('the default route', 'nic', qr/$needs carries the default route/, '', sub {
	ip('addr', 'add', '10.9.9.2/24', 'dev', $eth);
	ip('link', 'set', $eth, 'up');
	ip('route', 'add', 'default', 'via', '10.9.9.1');
	return sub { ip('addr', 'flush', 'dev', $eth); ip('link', 'set', $eth, 'down') };
});
refused('the default route of IPv6', 'nic', qr/$needs carries the IPv6 default route/, '', sub {
	ip('link', 'set', $eth, 'up');
	ip('-6', 'route', 'add', 'default', 'dev', $eth);
	return sub { ip('-6', 'route', 'del', 'default', 'dev', $eth); ip('link', 'set', $eth, 'down') };
});
refused('a bridge', 'nic', qr/$needs is a port of bridge br0/, '', sub {
	must('modprobe', 'bridge');
	ip('link', 'add', 'br0', 'type', 'bridge');
	ip('link', 'set', $eth, 'master', 'br0');
	return sub { ip('link', 'set', $eth, 'nomaster'); ip('link', 'del', 'br0') };
});
refused('a bond', 'nic', qr/$needs is a slave of bond bond7/, '', sub {
	must('modprobe', 'bonding', 'max_bonds=0');
	ip('link', 'add', 'bond7', 'type', 'bond');
	ip('link', 'set', $eth, 'master', 'bond7');
	return sub { ip('link', 'set', $eth, 'nomaster'); ip('link', 'del', 'bond7') };
});
refused('a VLAN', 'nic', qr/$needs has wan \(VLAN\) on top/, '', sub {
	must('modprobe', '8021q');
	ip('link', 'add', 'link', $eth, 'name', 'wan', 'type', 'vlan', 'id', '5');
	return sub { ip('link', 'del', 'wan') };
});

# --- graphics and sound

refused('the console', 'card', qr/\Q$graphics\E shows the host console \(vtcon\d\).*release-console = yes/, '');
my $waits = "holders = sound:refuse\n";
refused('sound is open', 'card', sub { qr{\Q$sound is in use: $_[0]\E} }, "$released$now$waits", sub {
	my $pid = holder('pipewire', control_of($sound));
	return sub { end_holder($pid) }, "pipewire (pid $pid) has /dev/snd/controlC0 open";
});
refused('sound is open for as long as the hook waits', 'card', sub { qr{\Q$sound is in use: $_[0]\E} },
	"${released}holders-wait = 2\n$waits", sub {
	my $pid = holder('pipewire', control_of($sound));
	return sub { end_holder($pid) }, "pipewire (pid $pid) has /dev/snd/controlC0 open";
});
refused('the rest of its group is the host\'s', 'sound',
	qr/\Q$graphics\E \(bochs-drm\) shares IOMMU group \d+ with a requested device.*companions = auto/, '');

# --- what the host does not give away at all

refused('its driver is not on the list', 'nvme', qr/\Q$nvme\E: driver nvme is not in unbind-drivers/,
	"unbind-drivers = e1000e, snd_*\n");
refused('a bridge of PCI', 'bridge', qr/0000:00:04\.0 is a PCI bridge/, '');
refused('no such device', 'nobody', qr/0000:00:1e\.0: this host has no such PCI device/, '');
refused('a mistake in kvmshim.conf', 'nvme', qr{/etc/kvmshim/kvmshim\.conf:2: .*holders-wait}, "holders-wait = soon\n");
refused('it is another one than it was', 'nvme', qr/\Q$nvme\E: the id is 1b36:0010, but \S+ expects 10de:1b06/,
	"[device $nvme]\nexpect = 10de:1b06\n");

# --- what another VM has

conf("[hook]\n");
starts('vf', 'a VM has a virtual function');
refused('the card whose function a VM has', 'sriov', qr/\Q$sriov\E has virtual functions in use: \Q$vf\E \(VM vf\)/, '');
stops('vf');
starts('nvme', 'a VM has a disk');
refused('what another VM has', 'other', qr/\Q$nvme\E is in use by VM nvme/, '');
stops('nvme');
is(driver_of($nvme), 'nvme', 'and it goes to nobody but the host');
starts('other', 'who asks then');
stops('other');

is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
