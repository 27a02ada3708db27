#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What may happen to a VM with devices of the host, to the daemons around it, and to
# the drivers: in the end the host has its devices back.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Test::More;
use Time::HiRes 'time';

in_libvirt_vm('-t', 600);
libvirt_with_hook("[hook]\n");

my ($graphics, $sound, $nic, $nvme, $bare) =
	map { "0000:0$_" } '1:00.0', '1:00.1', '2:00.0', '3:00.0', '0:03.0';
my @all    = ($graphics, $sound, $nic, $nvme, $bare);
my $before = states_of(@all);
vm('small', devices => [ $bare, $nvme ]);
vm('card',  devices => [ $graphics, $sound ]);

subtest 'libvirtd is started anew while a VM runs' => sub {
	starts('small');
	my $pid = vm_pid('small');
	libvirtd_restart($_) for 'TERM', 'KILL';
	is(vm_pid('small'), $pid, 'the VM runs on');
	is(drivers_of($bare, $nvme), 'vfio-pci', 'with its devices');
	vm('late', devices => [$nvme]);
	is_refused('late', qr/\Q$nvme\E is in use by VM small/, 'what it has', @all);
	stops('small');
	all_is_back('it stops', $before, @all);
};

subtest 'QEMU is killed' => sub {
	starts('small');
	kill 'KILL', vm_pid('small');
	ok(is_off('small'), 'libvirt notes it');
	all_is_back('then', $before, @all);
};

subtest 'QEMU is killed while there is no libvirtd' => sub {
	starts('small');
	libvirtd_restart('KILL', sub { my $pid = vm_pid('small'); kill 'KILL', $pid; wait_for(sub { !-e "/proc/$pid" }) });
	ok(is_off('small'), 'libvirt notes it as it comes');
	all_is_back('then', $before, @all);
};

# snd_hda_intel waits in its remove() until the last file is closed, and nothing
# can end that wait: it holds the device's lock meanwhile.
subtest 'a driver that does not let go' => sub {
	conf("[hook]\nrelease-console = yes\nunbind-timeout = 2\nholders-wait = 0\n");
	my $hidden = hidden_holder(control_of($sound));
	my $t0  = time;
	my $got = virsh('start', 'card');
	isnt($got->{status}, 0, 'the start is refused');
	my ($child) = $got->{err} =~ /\Q$sound\E is stuck: .* has not finished in the kernel after 2 s \(process (\d+)\)/;
	ok($child, 'and told what hangs') or diag($got->{err});
	cmp_ok(time - $t0, '<', slowed(40), 'within reason');
	is(driver_of($graphics), 'bochs-drm', 'the graphics card beside it goes back to the host');
	$got = virsh('start', 'card');
	like($got->{err}, qr/\Q$sound\E is stuck: /, 'the next start is told so');
	starts('small', 'a VM with other devices starts');
	stops('small');
	libvirtd_restart();
	undef $hidden;
	ok(wait_for(sub { !$child || !-e "/proc/$child" }), 'it lets go after all');
	starts('card', 'then the VM starts');
	is(drivers_of($graphics, $sound), 'vfio-pci', 'with both');
	stops('card');
	all_is_back('it stops', $before, @all);
};

is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
