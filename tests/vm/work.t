#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest really works with devices that the hook took from the host, and the host
# does after it; and what the hook does so that it may have them.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Guest;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Test::More;

in_libvirt_vm('-t', 600);
libvirt_with_hook("[hook]\n");

my ($graphics, $sound, $nic, $nvme) = map { "0000:0$_" } '1:00.0', '1:00.1', '2:00.0', '3:00.0';
my @all    = ($graphics, $sound, $nic, $nvme);
my $before = states_of(@all);
my $mnt    = '/mnt/disk';
mkdir $mnt or die;
vm('card',  devices => [ $graphics, $sound ]);
vm('sound', devices => [$sound]);

subtest 'a guest works with what it got, and the host after it' => sub {
	my $disk = disk_of($nvme);
	my $wire = interface_of('0000:00:02.0');
	ip('addr', 'add', '10.9.9.1/24', 'dev', $wire);
	ip('link', 'set', $wire, 'up');
	must('mkfs.ext4', '-q', '-F', $disk);
	must('mount', $disk, $mnt);
	spew("$mnt/letter", 'from the host');
	must('umount', $mnt);
	my $task = guest_initramfs([qw(e1000e nvme crc32c_generic ext4)], <<'SH');
for _ in $(seq 3000); do
	[ -b /dev/nvme0n1 ] && [ -e /sys/class/net/eth0 ] && break
	sleep .1
done
mount -t ext4 /dev/nvme0n1 /mnt && tell letter "$(cat /mnt/letter)"
dd if=/dev/urandom of=/mnt/many bs=64k count=64 2>/dev/null
(cd /mnt && md5sum many >sum)
umount /mnt && tell written yes
network eth0
ping -c 3 -W 5 10.9.9.1 >/dev/null && tell ping answered
SH
	vm('linux', devices => [ $nic, $nvme ], task => $task);
	starts('linux');
	my $told = vm_told('linux');
	is($told->{letter}, 'from the host', 'it reads from the disk');
	is($told->{written}, 'yes', 'it writes to the disk');
	is($told->{ping}, 'answered', 'it is heard on the wire');
	all_is_back('it powers off', $before, @all);
	$disk = disk_of($nvme);
	must('mount', $disk, $mnt);
	is(run({ dir => $mnt }, '/usr/bin/md5sum', '-c', 'sum')->{out}, "many: OK\n", 'what it wrote is there');
	must('umount', $mnt);
	my $eth = interface_of($nic);
	ip('link', 'set', $eth, 'up');
	wait_for(sub { slurp("/sys/class/net/$eth/carrier") eq "1\n" });
	# -D: an answer is a failure
	my $got = run({}, '/l1/bin/busybox', 'arping', '-D', '-c', '3', '-I', $eth, '10.9.9.1');
	is($got->{status}, 1, 'the host is heard on the wire, by that card') or diag($got->{out}, $got->{err});
	ip('link', 'set', $eth, 'down');
};

subtest 'who has it open may take a while to let go' => sub {
	conf("[hook]\nrelease-console = yes\nholders-wait = 60\nholders = sound:refuse\n");
	my $holder = holder('player', control_of($sound));
	my $killer = runs_in_background('sh', '-c', 'sleep 4; kill "$1"', 'sh', $holder);
	starts('card');
	waitpid $_, 0 for $holder, $killer;
	is(drivers_of($graphics, $sound), 'vfio-pci', 'then the VM has it');
	stops('card');
	all_is_back('it stops', $before, @all);
};

subtest 'the rest of the group comes along' => sub {
	conf("[hook]\nrelease-console = yes\ncompanions = auto\n");
	starts('sound');
	is(drivers_of($graphics, $sound), 'vfio-pci', 'with companions = auto');
	stops('sound');
	all_is_back('it stops', $before, @all);
};

is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
