# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Libvirt;

# A private libvirtd. private_machine() runs the rest of the test in namespaces
# of its own: other processes, network and /run are not there, what is written
# to /etc, /usr and libvirt's folders goes to memory, /sys cannot be written,
# and with the last process of the test all is gone. There is no /dev/kvm, so
# every VM runs under TCG. Where it needs devices: Kvmshim::L1.

use strict;
use warnings;
use Exporter 'import';
use File::Copy ();
use File::Path qw(make_path remove_tree);
use JSON::PP ();
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Qemu;

our @EXPORT = qw(private_machine own_namespaces in_path libvirtd_start libvirtd_settings libvirtd_run install_wrapper
	virsh virsh_begin
	start_refused define monitor wait_for must);

my $room = '/run/kvmshim-test';    # in the private machine
my @unshare = ('unshare', qw(--mount --pid --fork --net --ipc --uts --propagation private --kill-child --mount-proc));

sub must {
	my $got = run({}, @_);
	$got->{status} eq '0' or die "@_: $got->{err}$got->{out}\n";
	return $got->{out};
}

sub in_path {
	my ($name) = @_;
	my ($path) = grep { -x } map { "$_/$name" } split /:/, "$ENV{PATH}:/usr/sbin:/sbin";
	return $path;
}

# The daemon that runs QEMU: virtqemud where there is no other, or where it is asked for.
sub daemon { return $ENV{KVMSHIM_LIBVIRTD} // (in_path('libvirtd') || !in_path('virtqemud') ? 'libvirtd' : 'virtqemud') }

sub private_machine {
	if (!$ENV{KVMSHIM_PRIVATE}) {
		need(in_path($_), "no $_ on this machine") for daemon(), qw(virtlogd virsh);
		qemu_binary;
	}
	own_namespaces();
	mount_own_folders();
}

# The rest of the test with mounts, processes and a network of its own, from its
# beginning: what comes before this call is done twice.
sub own_namespaces {
	if (!$ENV{KVMSHIM_PRIVATE}) {
		need($> == 0, 'only root can make a private machine');
		need(in_path('unshare'), 'no unshare on this machine');
		my $can = run({}, in_path('unshare'), @unshare[ 1 .. $#unshare ], 'sh', '-c', 'mount -t tmpfs tmpfs /run &&
			mkdir /run/a /run/b && mount -t overlay -o lowerdir=/etc,upperdir=/run/a,workdir=/run/b overlay /etc');
		need($can->{status} eq '0', "no namespaces here: $can->{err}");
		$ENV{KVMSHIM_PRIVATE} = 1;
		exec { in_path('unshare') } @unshare, $^X, (map { "-I$_" } @INC), $0, @ARGV;
		die "unshare: $!";
	}
	$ENV{PATH} = '/usr/sbin:/usr/bin:/sbin:/bin';
	be_init();
}

# The first process of the machine has to collect what daemons leave behind:
# libvirt waits for the VMs it killed to be gone.
sub be_init {
	my $test = fork // die "fork: $!";
	return if !$test;
	while ((my $gone = wait) > 0) {
		next if $gone != $test;
		POSIX::_exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
	}
}

sub mount_own_folders {
	my @devices = grep { -e "/dev/$_" } qw(null zero full random urandom tty net/tun vhost-net);
	must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run');
	must('mount', '-o', 'bind,remount,ro', '/sys');
	for my $folder ('etc', 'usr') {
		make_path("$room/$folder/upper", "$room/$folder/work");
		must('mount', '-t', 'overlay', '-o',
			"lowerdir=/$folder,upperdir=$room/$folder/upper,workdir=$room/$folder/work", 'overlay', "/$folder");
	}
	must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', $_)
		for '/var/lib/libvirt', '/var/log/libvirt', '/var/cache/libvirt';
	make_path("$room/dev/pts", "$room/dev/shm", "$room/dev/net");
	spew("$room/dev/$_", ''), must('mount', '--bind', "/dev/$_", "$room/dev/$_") for @devices;
	must('mount', '-t', 'devpts', '-o', 'newinstance,mode=620,ptmxmode=666', 'devpts', "$room/dev/pts");
	symlink 'pts/ptmx', "$room/dev/ptmx";
	must('mount', '-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', "$room/dev/shm");
	symlink '/proc/self/fd', "$room/dev/fd";
	must('mount', '--rbind', "$room/dev", '/dev');
	must('ip', 'link', 'set', 'lo', 'up') if in_path('ip');
}

# Both daemons, as on a machine without systemd.
sub libvirtd_start {
	libvirtd_settings();
	must('virtlogd', '-d');
	return libvirtd_run();
}

# A libvirt as it comes, but for its log. Hooks that are to be run have to be
# there before the daemon starts.
sub libvirtd_settings {
	make_path($room);
	remove_tree('/etc/libvirt', '/etc/kvmshim', '/usr/lib/kvmshim', '/var/lib/libvirt/qemu');
	spew('/etc/libvirt/qemu.conf', qq(security_driver = "none"\ncgroup_controllers = []\n));
	spew("/etc/libvirt/${\ daemon() }.conf", qq(auth_unix_rw = "none"\nauth_unix_ro = "none"\n)
		. qq(log_filters = "3:*"\nlog_outputs = "3:file:$room/libvirtd.log"\n));
	spew('/etc/libvirt/virtlogd.conf', qq(log_outputs = "3:file:$room/virtlogd.log"\n));
}

sub libvirtd_run {
	must(daemon(), '-d');
	return "$room/libvirtd.log";
}

# As install.sh does it: the real one keeps its folder, a regular file is put
# in its place by rename.
sub install_wrapper {
	my ($emulator) = @_;
	rename $emulator, "$emulator.real" or die "$emulator: $!" if !-e "$emulator.real";
	File::Copy::copy(program('kvmshim-wrapper'), "$emulator.new") or die "$emulator.new: $!";
	chmod 0755, "$emulator.new";
	rename "$emulator.new", $emulator or die "$emulator: $!";
}

sub virsh { return finish(virsh_begin(@_)) }

# For those that run side by side: what finish() takes. They wait for one another.
sub virsh_begin { return launch({ env => { LC_ALL => 'C' }, limit => 1800 }, 'virsh', '-q', '-c', 'qemu:///system', @_) }

# A start that fails: once, for the reason has to be in what virsh prints.
sub start_refused { return virsh('start', @_) }

sub define {
	my ($xml) = @_;
	return virsh('define', spew("$room/domain.xml", $xml));
}

# QMP by way of libvirt; what the command returns.
sub monitor {
	my ($vm, $command, %arguments) = @_;
	my $json  = JSON::PP->new->utf8->canonical->allow_nonref;
	my $reply = virsh('qemu-monitor-command', $vm,
		$json->encode({ execute => $command, %arguments ? (arguments => \%arguments) : () }));
	return $reply->{status} eq '0' ? $json->decode($reply->{out})->{return} : undef;
}

# Until the check is true; what it gave.
sub wait_for { return eventually($_[0], 0.1) }

1;
