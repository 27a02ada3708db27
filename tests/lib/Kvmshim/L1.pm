# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::L1;

# The hook at work: a libvirtd in the machine of tests/vm, with kvmshim-hook put
# where an installation puts it, and VMs that are given devices of that machine.
#
#   in_libvirt_vm;
#   libvirt_with_hook("[hook]\nholders-wait = 0\n");
#   my $vm = vm('taker', devices => ['0000:03:00.0']);
#   starts($vm); is(driver_of('0000:03:00.0'), 'vfio-pci'); stops($vm);

use strict;
use warnings;
use Exporter 'import';
use Fcntl qw(:DEFAULT :flock);
use File::Basename qw(basename);
use File::Copy ();
use File::Find ();
use File::Path 'make_path';
use JSON::PP ();
use Kvmshim;
use Kvmshim::Guest;
use Kvmshim::Libvirt;
use Kvmshim::Pace;
use Kvmshim::Qemu;
use POSIX ();
use Socket;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(in_libvirt_vm libvirt_with_hook libvirtd_restart conf host_rules vm vm_told vm_pid
	starts stops is_refused wrong_refusal domain_state running_vms
	is_off driver_of override_of states_of drivers_of group_of vfs_of disk_of interface_of control_of bind_to
	all_is_back in_run journals owners recovers hook_pid hook_ends hook_called @by_gone_daemon ip holder hidden_holder runs_in_background end_holder kernel_complains);

my $room = '/run/kvmshim-test';

# Options as for in_test_vm; the machine has KVM.
sub in_libvirt_vm {
	my (@options) = @_;
	need(-x, "no $_ on this machine")
		for map { my $name = $_; (grep { -x } map { "$_/$name" } split /:/, "$ENV{PATH}:/usr/sbin")[0] // $name }
		qw(libvirtd virtlogd virsh);
	in_test_vm('-K', @options);
	must('modprobe', 'vfio-pci');
}

# --- libvirt, and the hook

sub conf { return spew('/etc/kvmshim/kvmshim.conf', $_[0], 0644) }

sub host_rules {
	my ($name, $text) = @_;
	return spew("/etc/kvmshim/rules.d/$name", $text, 0644);
}

# qemu_conf => more lines of qemu.conf, memlock => the limit that the daemon has.
sub libvirt_with_hook {
	my ($conf, %opt) = @_;
	libvirtd_settings();
	spew('/etc/libvirt/qemu.conf', slurp('/etc/libvirt/qemu.conf') . ($opt{qemu_conf} // ''));
	must('prlimit', "--memlock=$opt{memlock}", '--pid', $$) if $opt{memlock};
	for my $name ('kvmshim-hook', 'kvmshim') {
		File::Copy::copy(program($name), "/usr/sbin/$name") or die "/usr/sbin/$name: $!\n";
		chmod 0755, "/usr/sbin/$name";
	}
	make_path('/etc/libvirt/hooks/qemu.d');
	symlink '/usr/sbin/kvmshim-hook', '/etc/libvirt/hooks/qemu.d/50-kvmshim' or die;
	conf($conf // '');
	must('virtlogd', '-d');
	libvirtd_run();
	wait_for(sub { virsh('version')->{status} eq '0' }) or die "libvirtd does not answer\n";
}

# VMs go on meanwhile; the new daemon finds them again ("reconnect" for hooks).
# What happens in between is up to the caller.
sub libvirtd_restart {
	my ($signal, $between) = @_;
	chomp(my $pid = slurp('/run/libvirtd.pid'));
	kill $signal // 'TERM', $pid or die "libvirtd: $!\n";
	wait_for(sub { !-e "/proc/$pid" }) or die "libvirtd does not end\n";
	$between->() if $between;
	libvirtd_run();
	wait_for(sub { virsh('version')->{status} eq '0' }) or die "libvirtd does not answer\n";
}

# --- VMs

sub hostdev {
	my ($address, $managed) = @_;
	my ($domain, $bus, $slot, $function) = split /[:.]/, $address;
	return "<hostdev mode='subsystem' type='pci' managed='$managed'><source><address domain='0x$domain'"
		. " bus='0x$bus' slot='0x$slot' function='0x$function'/></source></hostdev>";
}

# A Linux that does a task (guest_initramfs), or else only firmware.
sub boot_of {
	my ($initramfs, $told) = @_;
	return ('', '') if !$initramfs;
	my $kernel = "$room/vmlinux";
	if (!-e $kernel) {    # libvirt-qemu cannot look into root's home
		File::Copy::copy(guest_kernel . '/vmlinux', $kernel) or die "$kernel: $!\n";
	}
	return ("<kernel>$kernel</kernel><initrd>$initramfs</initrd><cmdline>" . guest_arguments() . '</cmdline>',
		"<serial type='file'><source path='$told'/></serial>");
}

# Defines one: devices => [addresses], managed => 'yes', mib => 64, extra => XML of
# more devices, task => initramfs, metadata => XML, emulator => path. Gives its name.
sub vm {
	my ($name, %opt) = @_;
	my $managed = $opt{managed} // 'no';
	my ($boot, $serial) = boot_of($opt{task}, "$room/$name.told");
	my $hostdevs = join "\n    ", map { hostdev($_, $managed) } @{ $opt{devices} };
	my $mib = $opt{mib} // ($opt{task} ? 256 : 64);
	my $got = define(<<"XML");
<domain type='kvm'>
  <name>$name</name><metadata>@{[ $opt{metadata} // '' ]}</metadata><memory unit='MiB'>$mib</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type>$boot</os>
  <features><acpi/></features><cpu mode='host-passthrough'/>
  <on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>@{[ $opt{emulator} // qemu_binary ]}</emulator>
    $hostdevs
    @{[ $opt{extra} // '' ]}$serial
    <memballoon model='none'/>
  </devices>
</domain>
XML
	$got->{status} eq '0' or die "define $name: $got->{err}\n";
	return $name;
}

sub domain_state { return virsh('domstate', $_[0])->{out} =~ s/\n+\z//r }

sub running_vms { return sort split ' ', virsh('list', '--name')->{out} }

# Its process, as libvirt knows it; undef where it is not running.
sub vm_pid {
	my ($vm) = @_;
	my $pid = eval { slurp("/run/libvirt/qemu/$vm.pid") } or return undef;
	chomp $pid;
	return -e "/proc/$pid" ? $pid : undef;
}

# Waits for its end.
sub is_off {
	my ($vm) = @_;
	return wait_for(sub { domain_state($vm) eq 'shut off' });
}

# Waits for a guest with a task to power off; what it told.
sub vm_told {
	my ($vm) = @_;
	is_off($vm);
	my $text = eval { slurp("$room/$vm.told") } // '';
	$text =~ s/\r//g;
	return guest_told($text);
}

sub starts {
	my ($vm, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = virsh('start', $vm);
	is($got->{status}, 0, $name // "$vm starts") or diag($got->{err}, kernel_complains());
	return $got->{status} eq '0';
}

sub stops {
	my ($vm, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = virsh('destroy', $vm);
	is($got->{status}, 0, $name // "$vm stops") or diag($got->{err}, kernel_complains());
	return $got->{status} eq '0';
}

# What the hook has on record of VMs that run.
# After a VM's end, which libvirt tells a while before the hook is through.
sub all_is_back {
	my ($name, $before, @devices) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	wait_for(sub { journals() eq '' });
	is(states_of(@devices), $before, "$name: the host has its devices back");
	is(journals(), '', "$name: and nothing is on record");
}

# All that the hook has of VMs, as paths below its folder.
sub in_run {
	my ($folder, @found) = ('/run/kvmshim/vm');
	File::Find::find(sub { push @found, substr $File::Find::name, length "$folder/" if !/^\.\.?\z/ }, $folder) if -e $folder;
	return join ' ', sort @found;
}

sub journals { return join ' ', sort glob '/run/kvmshim/vm/*/journal.json' }

# Device => the names of the VMs that have it on record, at one moment: under the lock
# no device finds a new owner.
sub all_owners {
	my %owners;
	open my $lock, '<', '/run/kvmshim/lock' or return {};
	flock $lock, LOCK_EX or die "flock: $!\n";
	for my $path (glob '/run/kvmshim/vm/*/journal.json') {
		my $journal = eval { JSON::PP->new->utf8->decode(slurp($path)) } or next;    # given back meanwhile
		push @{ $owners{ $_->{pci} } }, $journal->{name} for @{ $journal->{devices} };
	}
	return \%owners;
}

# Device => the name of the VM that has it; a sentence for each that two have.
sub owners {
	my $all = all_owners();
	return ({ map { $_ => $all->{$_}[0] } keys %$all },
		map { "$_ has " . @{ $all->{$_} } . " owners: @{ $all->{$_} }" } grep { @{ $all->{$_} } > 1 } sort keys %$all);
}

# What is wrong with how a start that lost was refused: it is told of devices that
# it wants, each with the VM that has it.
sub wrong_refusal {
	my ($vm, $wants, $got, $owner) = @_;
	my ($said) = $got->{err} =~ /kvmshim: ([^\n]*)/ or return "$vm is told '$got->{err}'";
	return map { wrong_sentence($vm, $wants, $_, $owner) } split /; /, $said;
}

sub wrong_sentence {
	my ($vm, $wants, $said, $owner) = @_;
	my ($device, $name) = $said =~ /\A(\S+) is in use by VM (\S+)\z/ or return "$vm is told '$said'";
	return "$vm never asked for $device" if !grep { $_ eq $device } @$wants;
	return ($owner->{$device} // '') eq $name ? () : "$vm is told that $name has $device";
}

# `kvmshim recover`, as the admin runs it.
sub recovers {
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = run({}, program('kvmshim'), 'recover');
	is($got->{status}, 0, "$name: recover") or diag($got->{out}, $got->{err});
	return $got;
}

# A call of the hook that is running, for whatever VM.
sub hook_now {
	my ($op) = @_;
	for my $path (glob '/proc/[0-9]*/cmdline') {
		my $line = eval { slurp($path) } // next;
		return $1 if $line =~ m{kvmshim[^\0]*\0[^\0]+\0$op\0} && $path =~ m{/(\d+)/};
	}
	return undef;
}

# Waits for one, for some seconds: it may have been and gone.
sub hook_pid {
	my ($op) = @_;
	my $end = time + slowed(5);
	while (time < $end) {
		my $pid = hook_now($op);
		return $pid if $pid;
		sleep 0.05;
	}
	return undef;
}

# Also those that a libvirtd has left behind.
sub hook_ends { return wait_for(sub { !hook_now('(?:prepare|start|started|release|reconnect)') }) }

# libvirt's call of the hook, without libvirt. With @by_gone_daemon in front of it
# who called is gone afterwards.
our @by_gone_daemon = ('/bin/sh', '-c', '"$@"; exit $?', 'sh');
my %subop = (prepare => 'begin', release => 'end');

sub hook_called {
	my ($name, $op, $xml, @by) = @_;
	return run({ in => $xml }, @by, program('kvmshim-hook'), $name, $op, $subop{$op}, '-');
}

# The start fails with this message, and leaves all as it was.
sub is_refused {
	my ($vm, $why, $name, @devices) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $before = states_of(@devices) . journals();
	my $got    = virsh('start', $vm);
	if ($got->{status} eq '0') {
		fail("$name: refused");
		virsh('destroy', $vm);
		return;
	}
	like($got->{err}, $why, "$name: refused, and told why");
	is(states_of(@devices) . journals(), $before, "$name: nothing has changed");
}

# --- devices

sub at { return "/sys/bus/pci/devices/$_[0]" }

sub link_name {
	my $target = readlink $_[0];
	return defined $target ? basename($target) : '';
}

sub driver_of   { return link_name(at($_[0]) . '/driver') }
sub group_of    { return link_name(at($_[0]) . '/iommu_group') }
sub override_of { return slurp(at($_[0]) . '/driver_override') =~ s/\n\z//r }

# "0000:03:00.0 nvme (null)" of each, in one text.
sub states_of { return join "\n", map { "$_ " . driver_of($_) . ' ' . override_of($_) } @_ }

# Those that they have, each once.
sub drivers_of {
	my %have = map { driver_of($_) || 'none' => 1 } @_;
	return join ' ', sort keys %have;
}

sub bind_to {
	my ($driver, @devices) = @_;
	for my $device (@devices) {
		spew(at($device) . '/driver_override', "$driver\n");
		spew(at($device) . '/driver/unbind', $device) if -e at($device) . '/driver';
		spew('/sys/bus/pci/drivers_probe', $device);
	}
}

# The VFs of a card, made, without drivers: nvme's gives those of QEMU up after a while.
sub vfs_of {
	my ($device, $n) = @_;
	spew(at($device) . '/sriov_drivers_autoprobe', 0);
	spew(at($device) . '/sriov_numvfs', $n);
	return map { link_name($_) } sort glob at($device) . '/virtfn*';
}

# A driver takes its time to find these: the disk below a controller (/dev/nvme0n1),
# the name of a card's interface.
sub below {
	my ($class, $device, $named) = (@_, qr/./);
	return wait_for(sub {
		my ($found) = grep { readlink =~ m{/\Q$device\E/} && basename($_) =~ $named } glob "/sys/class/$class/*";
		return $found && basename($found);
	}) // die "nothing of class $class below $device\n";
}

sub disk_of      { return '/dev/' . below('block', $_[0]) }
sub interface_of { return below('net', $_[0]) }

# Its /dev/snd/controlC0.
sub control_of { return '/dev/snd/' . below('sound', $_[0], qr/^controlC/) }

sub ip { return must('/l1/bin/busybox', 'ip', @_) }

# --- those who use them

# A process with a command of its own name that has the file open, O_EXCL or not.
sub holder {
	my ($command, $path, $exclusive) = @_;
	pipe my $ready, my $tell or die;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		close $ready;
		spew("/proc/$$/comm", $command);
		sysopen my $f, $path, O_RDONLY | ($exclusive ? O_EXCL : 0) or POSIX::_exit(1);
		syswrite $tell, '.';
		close $tell;
		sleep 1 while 1;
	}
	close $tell;
	sysread $ready, my $dot, 1 or die "$command cannot open $path\n";
	return $pid;
}

# The file is open and in no process's table: its descriptor is on its way through
# a socket, unix(7). What is returned keeps it there.
sub hidden_holder {
	my ($path) = @_;
	sysopen my $f, $path, O_RDONLY or die "$path: $!\n";
	socketpair my $here, my $there, AF_UNIX, SOCK_STREAM, 0 or die "socketpair: $!\n";
	my $byte = '.';
	my $data = pack 'P Q', $byte, 1;
	my $control = pack 'Q i i i x4', 20, SOL_SOCKET, 1, fileno $f;    # SCM_RIGHTS
	my $message = pack 'x16 P Q P Q x8', $data, 1, $control, length $control;
	syscall(46, fileno $here, $message, 0) == 1 or die "sendmsg: $!\n";
	return [ $here, $there ];
}

sub runs_in_background {
	my @command = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	{ exec @command };
	POSIX::_exit(125);
}

sub end_holder {
	my ($pid) = @_;
	kill 'KILL', $pid;
	waitpid $pid, 0;
}

# What the kernel said that it should not have to say. Not that the IOMMU stopped a
# device (DMAR … fault): a guest's controller goes on for a moment when QEMU is killed.
sub kernel_complains {
	return grep { /\bBUG\b|WARNING|Oops|blocked for more than/ } split /(?<=\n)/, must('dmesg');
}

1;
