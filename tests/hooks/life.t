#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Which processes are the life of a VM: rows of users, control groups, namespaces and programs on a
# made /proc, and real processes, one of them a setuid program, on the real one. What is no life does
# not keep a device from the host; what is one always does.

use strict;
use warnings;
use File::Copy ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

need($> == 0, 'not root: only root can start processes of others');

my $host = Kvmshim::Zoo->new;
my $nvme = '0000:03:00.0';
my $dac  = 64055;
my $label = "<seclabel type='dynamic' model='dac' relabel='yes'><label>+$dac:+$dac</label></seclabel>\n";
my $vm = Kvmshim::Vm->new($host, hostdevs => [$nvme], more => $label);

my $scope   = "0::/machine.slice/machine-qemu\\x2d3\\x2dvm.scope/libvirt/emulator\n";
my $plain   = "5:devices:/machine/qemu-3-vm.libvirt-qemu/emulator\n";
my $login   = "0::/user.slice/user-1000.slice/session-2.scope\n";
my $user    = "0::/user.slice/user-1000.slice/user\@1000.service/app.slice/machine-qemu\\x2d1.scope\n";
my $service = "0::/system.slice/nginx.service\n";

$host->settings({ 'unbind-timeout' => 1 });
$host->file("usr/bin/$_", 'x', 0755) for 'qemu-system-x86_64', 'qemu-system-x86_64 (deleted)', 'su';
spew($host->dir . '/usr/bin/mine-qemu', 'x', 0755);
chown $dac, $dac, $host->dir . '/usr/bin/mine-qemu';

sub recover { return run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'recover') }

# A VM of a daemon that has ended: nothing but a process speaks for it.
sub assigned {
	my ($start) = @_;
	my $got = $vm->orphan('prepare');
	$got->{status} eq '0' or return fail("prepare: $got->{err}");
	$got = $vm->orphan('start') if $start;
	return ok($got->{status} eq '0' && !$got->{err}, 'it is assigned') || diag($got->{err});
}

# [ name, is it life, the process, the VM's user is not known ]
my @rows = (
	[ 'QEMU of root, as libvirt starts it without systemd', 1, { uid => 0, cgroup => $service } ],
	[ 'QEMU of root, after a login', 1, { uid => 0, cgroup => $login, loginuid => 1000 } ],
	[ 'QEMU of root on Proxmox', 1, { command => 'kvm', uid => 0, cgroup => "0::/qemu.slice/101.scope\n" } ],
	[ 'QEMU of root, from a directory of nobody\'s', 1, { uid => 0, cgroup => $service, exe => '/usr/bin/mine-qemu' } ],
	[ 'a script of root that is the emulator, in libvirt\'s control group', 1, { uid => 0, cgroup => $scope, exe => '/usr/bin/su' } ],
	[ 'sudo of a user, root by all four ids at the password prompt', 0, { uid => 0, cgroup => $login, exe => '/usr/bin/su' } ],
	[ 'the same, in a control group that the user has made', 0, { uid => 0, cgroup => $user, exe => '/usr/bin/su' } ],
	[ 'QEMU of the VM\'s user, with systemd', 1, { uid => $dac, cgroup => $scope } ],
	[ 'QEMU of the VM\'s user, without systemd', 1, { uid => $dac, cgroup => $plain } ],
	[ 'QEMU of the VM\'s user, in no control group', 1, { uid => $dac, cgroup => $service, exe => '/usr/bin/qemu-system-x86_64' } ],
	[ 'QEMU that was upgraded', 1, { uid => $dac, cgroup => $service, exe => '/usr/bin/qemu-system-x86_64 (deleted)' } ],
	[ 'QEMU of a daemon that was started after a login', 1, { uid => $dac, cgroup => $scope, loginuid => 1000 } ],
	[ 'QEMU whose user is not known, with systemd', 1, { uid => $dac, cgroup => $scope }, 1 ],
	[ 'QEMU of root, whose user is not known', 1, { uid => 0, cgroup => $service }, 1 ],
	[ 'su of a user who has logged in', 0, { uid => [ 1000, 0, 0, 0 ], cgroup => $login, loginuid => 1000, exe => '/usr/bin/su' } ],
	[ 'su of a daemon', 0, { uid => [ 33, 0, 0, 0 ], cgroup => $service, loginuid => 4294967295, exe => '/usr/bin/su' } ],
	[ 'su of a daemon, in a control group of libvirt\'s', 0, { uid => [ 33, 0, 0, 0 ], cgroup => $scope, exe => '/usr/bin/su' } ],
	[ 'a setuid program of the VM\'s user', 0, { uid => [ 1000, $dac, $dac, $dac ], cgroup => $login, exe => '/usr/bin/qemu-system-x86_64' } ],
	[ 'a program with another file system user', 0, { uid => [ 0, 0, 0, 1000 ], cgroup => $service } ],
	[ 'root in a container', 0, { uid => 0, cgroup => $service, pids => [ 77, 1 ] } ],
	[ 'nobody in a container', 0, { uid => 65534, cgroup => $scope, pids => [ 77, 1 ], loginuid => 4294967295 } ],
	[ 'an emulator of another user', 0, { uid => 1000, cgroup => $login, exe => '/usr/bin/qemu-system-x86_64' } ],
	[ 'the same, whose user is not known', 0, { uid => 1000, cgroup => $login, exe => '/usr/bin/qemu-system-x86_64' }, 1 ],
	[ 'the same, in a control group that the user has made', 0, { uid => 1000, cgroup => $user }, 1 ],
	[ 'a script of the VM\'s user', 0, { uid => $dac, cgroup => $service, exe => '/usr/bin/su' } ],
	[ 'a program of the VM\'s user, of that name', 0, { uid => $dac, cgroup => $service, exe => '/usr/bin/mine-qemu' } ],
);

for my $row (@rows) {
	my ($name, $life, $process, $unknown) = @$row;
	subtest $name => sub {
		assigned(!$unknown);
		$host->process(77, command => 'qemu-system-x86', cmdline => [ 'qemu-system-x86_64', '-uuid', $vm->{uuid} ], %$process);
		$host->proc('77/loginuid' => $process->{loginuid}) if defined $process->{loginuid};
		$host->no_log;
		my $got = recover();
		if ($life) {
			like($got->{out}, qr/^VM vm: is running \(pid 77\)$/m, 'it is running');
			is_deeply([ $host->log ], [], 'nothing is touched');
			is($vm->call('release')->{status}, 1, 'a release does not return it');
			is($host->driver_of($nvme), 'vfio-pci', 'the VM has the device');
		} else {
			like($got->{out}, qr/^VM vm: returned$/m, 'it is not running');
		}
		$host->no_process(77);
		recover();
		as_it_was($host, 'it');
	};
}

# Whoever has the device open keeps it, whatever its user, and is named.
subtest 'a holder that is not the VM' => sub {
	for my $uid (0, $dac, 1000, 65534) {
		assigned(1);
		$host->process(78, command => 'spdk_tgt', unit => 'spdk.service', uid => $uid, open => [ $host->node('c', 4000, 13) ])->no_log;
		like(recover()->{out}, qr/^VM vm: has a VFIO device node open \(spdk_tgt, pid 78\)$/m, "user $uid: recover names it");
		my $got = $vm->call('release');
		is($got->{status}, 1, "user $uid: a release does not return it");
		like($got->{err}, qr/process 78 has a VFIO device node of vm open; no device is returned; the process is spdk_tgt of unit spdk\.service/,
			"user $uid: it names it");
		is_deeply([ $host->log ], [], "user $uid: nothing is touched");
		$host->no_process(78);
		recover();
		as_it_was($host, "user $uid");
	}
};

# A journal of a version that did not note the user, and one of a later version that did.
subtest 'the journal' => sub {
	assigned(0);
	is($vm->journal->{uid}, undef, 'before `start` the user is not known');
	is($vm->orphan('start')->{status}, 0, 'start');
	is($vm->journal->{uid}, $dac, 'then it is');
	recover();
	as_it_was($host, 'it');
};

# --- real processes

# A host whose /proc is the real one. `recover` below it changes files of ours only.
subtest 'a real setuid program' => sub {
	my $program = $host->dir . '/qemu-su';
	File::Copy::copy('/bin/cat', $program) or die;
	chown 0, 0, $program;
	chmod 04755, $program;
	chmod 0755, $host->dir;
	my $words = [ 'qemu-system-x86_64', '--', '-', '-uuid', $vm->{uuid} ];
	pipe my $in, my $out or die;
	my $pid = fork // die;
	if (!$pid) {
		close $out;
		open STDIN, '<&', $in or die;
		Kvmshim::become(65534);
		{ exec { $program } @$words };
		POSIX::_exit(1);
	}
	close $in;
	my $status = eventually(sub { my $s = slurp("/proc/$pid/status"); $s =~ /^Name:\s+qemu-su/m && $s });
	my ($uids) = $status =~ /^Uid:\s+(.*)/m;
	is((stat "/proc/$pid")[4], 0, 'its folder in /proc is root\'s');
	isnt((split ' ', $uids)[0], 0, 'though somebody else has started it');
	like(slurp("/proc/$pid/cmdline"), qr{\x00-uuid\x00\Q$vm->{uuid}\E\x00}, "it has the words");
	assigned(1);
	$host->process(77, command => 'qemu-su', cmdline => $words);
	$host->proc("77/$_" => slurp("/proc/$pid/$_")) for qw(status cgroup);
	like(recover()->{out}, qr/^VM vm: returned$/m, 'it is not the VM');
	$host->no_process(77);
	as_it_was($host, 'it');
	close $out;
	waitpid $pid, 0;
};

done_testing;
