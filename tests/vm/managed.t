#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices with managed='yes' under a real libvirtd: it is libvirt that binds them,
# and gives them back, and the hook is in nobody's way.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Test::More;

in_libvirt_vm('-t', 600);
libvirt_with_hook("[hook]\nrelease-console = yes\n");

my @devices = ('0000:01:00.0', '0000:01:00.1', '0000:02:00.0', '0000:03:00.0', '0000:04:00.0');
my $before  = states_of(@devices);
vm('managed', devices => \@devices, managed => 'yes');

# A graphics card with its sound, a NIC, an NVMe disk, a USB controller.
for my $round (1 .. 3) {
	starts('managed', "start $round");
	is(drivers_of(@devices), 'vfio-pci', "start $round: all are the VM's");
	stops('managed', "stop $round");
	is(states_of(@devices), $before, "stop $round: all are as they were");
}

my ($vf) = vfs_of('0000:05:00.0', 2);
vm('vf', devices => [$vf], managed => 'yes');
starts('vf', 'a VM with a virtual function');
is(driver_of($vf), 'vfio-pci', 'which is its');
my $pid = vm_pid('vf');
libvirtd_restart();
is(vm_pid('vf'), $pid, 'libvirtd starts anew: the VM runs on');
kill 'KILL', $pid;
ok(is_off('vf'), 'QEMU is killed: the VM is off');
ok(wait_for(sub { driver_of($vf) eq '' }), 'and the function is given back');

is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
