#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The fake /sys that the tests of the hook stand on: it does what the kernel
# does, and what it is told to do wrong.

use strict;
use warnings;
use Errno;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Zoo;
use Test::More;
use Time::HiRes qw(sleep time);

my $host = Kvmshim::Zoo->new;
my $sys = $host->dir . '/sys';
my $pci = "$sys/bus/pci";
my ($gpu, $hda, $nic, $pf, $vf) = map { "0000:$_" } qw(01:00.0 01:00.1 04:00.0 06:00.0 06:10.0);

# What a write says: '' or the error.
sub put {
	my ($path, $text) = @_;
	open my $f, '>', $path or return "open: $!";
	my $error = defined syswrite($f, "$text\n") ? '' : error();
	close $f;
	return $error;
}

sub error {
	my ($name) = grep { $!{$_} && /^E/ && $_ ne 'EWOULDBLOCK' } sort keys %!;
	return $name;
}

sub get {
	my ($path) = @_;
	open my $f, '<', $path or return undef;
	my $text;
	return defined sysread($f, $text, 65536) ? $text =~ s/\n\z//r : undef;
}

# put() by a process of its own, of which we may wait for the answer: '' or the error.
sub put_aside {
	my ($path, $text) = @_;
	my $pid = open(my $answer, '-|') // die "fork: $!";
	return { pid => $pid, answer => $answer } if $pid;
	print put($path, $text), "\n";
	close STDOUT;
	POSIX::_exit(0);
}

sub answer { return readline($_[0]{answer}) =~ s/\n//r }

sub still_waits {
	my ($aside) = @_;
	vec(my $fds = '', fileno $aside->{answer}, 1) = 1;
	return !select($fds, undef, undef, 0.1);
}

sub drivers { return join ' ', map { $host->driver_of($_) } @_ }

my $before = $host->state_snapshot;

subtest 'it looks like a sysfs' => sub {
	is(get("$pci/devices/$gpu/vendor"), '0x10de', 'attributes are read');
	is(-s "$pci/devices/$gpu/vendor", 4096, 'and have a page');
	is(readlink("$pci/devices/$gpu"), "../../../devices/pci0000:00/0000:00:01.0/$gpu", 'devices are links');
	is(get("$pci/drivers/nouveau/$gpu/device"), '0x1b06', 'a driver has its devices');
	is(get("$pci/devices/$gpu/iommu_group/devices/$hda/class"), '0x040300', 'a group has its members');
	is(get("$pci/devices/$gpu/driver_override"), '(null)', 'nothing is overridden');
	is(get("$sys/class/net/eth0/ifindex"), 2, 'classes lead to devices');
	is(get("$pci/devices/$vf/physfn/virtfn0/vendor"), '0x8086', 'virtual functions lead to physical ones and back');
	is_deeply([ glob "$pci/devices/$gpu/.*" ], [], 'what is ours is not shown');
	is(put("$pci/devices/$gpu/nosuch", 1), 'open: Function not implemented', 'no file can be made');
};

subtest 'a device is handed over and back' => sub {
	is(put("$pci/devices/$gpu/driver_override", 'vfio-pci'), '', 'override');
	is(drivers($gpu), 'nouveau', 'which alone changes nothing');
	ok(-e "$sys/class/drm/card1/dev" && !-e "$sys/class/vfio/11", 'the driver has its nodes');
	is(put("$pci/devices/$gpu/driver/unbind", $gpu), '', 'unbind');
	ok(!-e "$pci/devices/$gpu/drm" && !-l "$sys/class/drm/card1", 'the nodes went with it');
	is(put("$pci/drivers_probe", $gpu), '', 'probe');
	is(drivers($gpu, $hda), 'vfio-pci snd_hda_intel', 'bound');
	is(get("$sys/class/vfio/11/dev"), '4000:11', 'the group has its number');
	ok(-e $host->dir . '/dev/vfio/11', 'and its node');
	is(put("$pci/devices/$gpu/driver_override", ''), '', 'no override');
	is(get("$pci/devices/$gpu/driver_override"), '(null)', 'is none');
	is(put("$pci/drivers/vfio-pci/unbind", $gpu), '', 'unbind');
	ok(!-e "$sys/class/vfio/11" && !-e $host->dir . '/dev/vfio/11', 'the group has no node');
	is(get("$pci/devices/$gpu/power/control"), 'on', 'vfio-pci has its way with power/control');
	put("$pci/devices/$gpu/power/control", 'auto');
	is(put("$pci/drivers/nouveau/bind", $gpu), '', 'bind');
	ok(-e "$sys/class/drm/card1/dev", 'the nodes came back');
	is($host->state_snapshot, $before, 'all is as it was');
	is_deeply([ $host->log ], [ "$gpu/driver_override vfio-pci", "nouveau/unbind $gpu",
		"drivers_probe $gpu", "$gpu/driver_override ", "vfio-pci/unbind $gpu",
		"$gpu/power/control auto", "nouveau/bind $gpu" ], 'and all was logged');
};

subtest 'errors are the kernel\'s' => sub {
	is(put("$pci/drivers/nvme/unbind", $gpu), 'ENODEV', 'unbind from another driver');
	is(put("$pci/drivers/nvme/bind", $nic), 'ENODEV', 'bind to one that does not match');
	is(put("$pci/drivers/igb/bind", $nic), 'EBUSY', 'bind of what is bound');
	is(put("$pci/drivers_probe", '0000:ff:00.0'), 'ENODEV', 'probe of nothing');
	is(put("$pci/devices/$nic/power/control", 'off'), 'EINVAL', 'power/control knows two words');
	put("$pci/devices/$nic/driver_override", 'nosuch');
	put("$pci/drivers/igb/unbind", $nic);
	is(put("$pci/drivers_probe", $nic), '', 'probe says nothing when nothing bound');
	is(drivers($nic), '', 'nothing did');
	put("$pci/devices/$nic/driver_override", '');
	put("$pci/drivers_probe", $nic);
	put("$pci/devices/0000:00:01.0/driver_override", 'vfio-pci');
	put("$pci/drivers/pcieport/unbind", '0000:00:01.0');
	is(put("$pci/drivers/vfio-pci/bind", '0000:00:01.0'), 'EINVAL', 'vfio-pci takes no bridge');
	put("$pci/devices/0000:00:01.0/driver_override", '');
	put("$pci/drivers_probe", '0000:00:01.0');
	is($host->state_snapshot, $before, 'all is as it was');
};

subtest 'virtual functions' => sub {
	is(put("$pci/devices/$pf/sriov_numvfs", 1), 'EBUSY', 'their number changes by way of 0');
	is(put("$pci/devices/$pf/sriov_numvfs", 3), 'ERANGE', 'and has an end');
	is(put("$pci/devices/$pf/sriov_numvfs", 0), '', 'none');
	ok(!-e "$pci/devices/$vf" && !-e "$sys/class/net/eth1v0" && !-e "$pci/devices/$pf/virtfn0", 'they are gone');
	is(put("$pci/devices/$pf/sriov_numvfs", 2), '', 'two');
	is(drivers($vf), 'igbvf', 'they come bound');
	put("$pci/drivers/igb/unbind", $pf);
	ok(!-e "$pci/devices/$vf", 'they go with the driver of the physical one');
	put("$pci/drivers_probe", $pf);
	put("$pci/devices/$pf/sriov_numvfs", 2);
	is($host->state_snapshot, $before, 'all is as it was');
};

subtest 'mediated devices and vGPUs' => sub {
	my ($parent, $uuid) = ("$pci/devices/0000:07:00.0", '6a5a7d5c-0000-4000-8000-00000000000a');
	my $type = "$parent/mdev_supported_types/nvidia-63";
	is(put("$type/create", 'one'), 'EINVAL', 'only a UUID');
	is(put("$type/create", $uuid), '', 'created');
	is(put("$type/create", $uuid), 'EEXIST', 'once');
	is(get("$type/available_instances"), 1, 'one is left');
	my $mdev = "$sys/bus/mdev/devices/$uuid";
	is(readlink("$mdev/iommu_group") =~ s{.*/}{}r, 900, 'it has a group');
	is(get("$sys/class/vfio/900/dev"), '4000:900', 'that has a number');
	is(readlink("$mdev/mdev_type") =~ s{.*/}{}r, 'nvidia-63', 'and a type');
	is(put("$type/create", $uuid =~ s/a$/b/r), '', 'another');
	is(put("$type/create", $uuid =~ s/a$/c/r), 'EUSERS', 'no third');
	is(put("$mdev/remove", 1), '', 'removed');
	is(put("$sys/bus/mdev/devices/" . $uuid =~ s/a$/b/r . '/remove', 1), '', 'both');
	ok(!-e $mdev && !-e "$sys/class/vfio/900", 'gone');
	my $vgpu = "$pci/devices/0000:08:00.4/nvidia/current_vgpu_type";
	is(put($vgpu, 557) . get($vgpu), 557, 'a vGPU has a type');
	put($vgpu, 0);
	is($host->state_snapshot, $before, 'all is as it was');
};

subtest 'consoles' => sub {
	is(put("$sys/class/vtconsole/vtcon1/bind", 0), '', 'a virtual console is let go');
	is(put("$sys/bus/platform/drivers/efi-framebuffer/unbind", 'efi-framebuffer.0'), '', 'a framebuffer too');
	isnt($host->state_snapshot, $before, 'which is seen');
	put("$sys/class/vtconsole/vtcon1/bind", 1);
	put("$sys/bus/platform/drivers/efi-framebuffer/bind", 'efi-framebuffer.0');
	is($host->state_snapshot, $before, 'all is as it was');
};

subtest 'faults' => sub {
	$host->no_log;
	$host->fault("$nic/driver_override", 'write', 2, 'EIO');
	is_deeply([ map { put("$pci/devices/$nic/driver_override", $_) } 'a', 'b', '' ], [ '', 'EIO', '' ], 'the second write fails');
	$host->fault("drivers_probe=$nic", 'write', '*', 'lie');
	put("$pci/drivers/igb/unbind", $nic);
	is(put("$pci/drivers_probe", $nic), '', 'a lie');
	is(drivers($nic), '', 'nothing was done');
	$host->no_fault;
	put("$pci/drivers_probe", $nic);
	is_deeply([ $host->log ], [ "$nic/driver_override a", "$nic/driver_override b = EIO", "$nic/driver_override ",
		"igb/unbind $nic", "drivers_probe $nic = lie", "drivers_probe $nic" ], 'the log tells them');
	$host->fault("$nic/vendor", 'read', 1, 'EIO');
	is(get("$pci/devices/$nic/vendor"), undef, 'a read fails');
	is(get("$pci/devices/$nic/vendor"), '0x8086', 'once');
	$host->fault("$nic/d3cold_allowed", 'write', 1, 'sleep:200');
	my $begin = time;
	put("$pci/devices/$nic/d3cold_allowed", 1);
	cmp_ok(time - $begin, '>=', 0.2, 'a write takes its time');
	$host->claimed_disk('nvme0n1');
	ok(!open(my $f, '<', $host->dir . '/dev/nvme0n1') && $!{EBUSY}, 'a claimed disk is busy');
	is($host->no_fault->state_snapshot, $before, 'all is as it was');
};

subtest 'a write that hangs' => sub {
	my $hang = $host->fault('nouveau/unbind', 'write', 1, 'hang');
	my $stuck = put_aside("$pci/drivers/nouveau/unbind", $gpu);
	ok($host->logged("nouveau/unbind $gpu = hangs"), 'it hangs');
	my $same = put_aside("$pci/devices/$gpu/driver_override", 'vfio-pci');
	ok(still_waits($same), 'and with it what wants the lock of the same device');
	is(get("$pci/devices/$gpu/vendor"), '0x10de', 'but not a look at it');
	my $begin = time;
	is(put("$pci/drivers/nouveau/unbind", '0000:09:00.0'), '', 'nor another device, by the same file');
	put("$pci/drivers_probe", '0000:09:00.0');
	cmp_ok(time - $begin, '<', slowed(20), 'at once');
	kill 'KILL', $stuck->{pid};
	ok(still_waits($stuck), 'nothing kills it');
	$host->no_fault($hang);
	is(answer($same), '', 'once it ends the other has its turn');
	is(drivers($gpu), '', 'and it was done');
	put("$pci/devices/$gpu/driver_override", '');
	put("$pci/drivers_probe", $gpu);
	is($host->state_snapshot, $before, 'all is as it was');
};

subtest 'the victim of a write' => sub {
	for (['kill-before', 'igb'], ['kill-after', '']) {
		my ($action, $driver) = @$_;
		my $victim = fork // die;
		if (!$victim) { sleep 600; POSIX::_exit(0) }
		spew($host->dir . '/.sys/.victim', $victim);
		$host->fault('igb/unbind', 'write', 1, $action);
		put("$pci/drivers/igb/unbind", $nic);
		waitpid $victim, 0;
		is($? & 127, 9, "$action kills");
		is(drivers($nic), $driver, $driver ? 'nothing was done' : 'it was done');
	}
	put("$pci/drivers_probe", $nic);
	is($host->no_fault->state_snapshot, $before, 'all is as it was');
};

subtest 'modprobe and processes' => sub {
	my $bare = Kvmshim::Zoo->new(vfio => 0);
	my $drivers = $bare->dir . '/sys/bus/pci/drivers';
	ok(!-e "$drivers/vfio-pci", 'no vfio-pci');
	system $bare->dir . '/usr/sbin/modprobe', '-b', 'vfio_pci';
	ok(-e "$drivers/vfio-pci/bind", 'until it is loaded');
	is_deeply([ $bare->ran ], ['modprobe -b vfio_pci'], 'which is noted');
	$bare->process(4242, command => 'Xorg', open => ['/dev/null']);
	is(readlink($bare->dir . '/proc/4242/fd/4'), '/dev/null', 'a process has files open');
	is((split / /, slurp($bare->dir . "/proc/$$/stat"))[21], (split / /, slurp("/proc/$$/stat"))[21],
		'a real one can be looked at');
	is_deeply([ map { m{(\d+)$} } glob $bare->dir . '/proc/[0-9]*' ], [4242], 'but is not listed');
};

subtest 'nothing stays behind, even what hangs' => sub {
	my $gone = Kvmshim::Zoo->new;
	my $dir = $gone->dir;
	$gone->fault('nvme/unbind', 'write', 1, 'hang');
	my $stuck = put_aside("$dir/sys/bus/pci/drivers/nvme/unbind", '0000:03:00.0');
	ok($gone->logged(qr/hangs/), 'a write hangs');
	undef $gone;
	ok(!-e $dir, 'the folder is gone');
	is((grep { /\Q$dir\E/ } split /\n/, slurp('/proc/self/mounts')), 0, 'nothing is mounted');
	ok(!still_waits($stuck), 'nothing hangs');
};

done_testing;
