#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices with managed='no' under a real libvirtd: the hook takes them from the
# host and gives them back, again and again, for two VMs side by side, and the host
# uses them as before. VMROUNDS=10 does it ten times.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Campaign 'sample';
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Test::More;

my $rounds = sample(VMROUNDS => 4);
in_libvirt_vm('-t', 600);
libvirt_with_hook("[hook]\nrelease-console = yes\n");

my ($graphics, $sound, $nic, $nvme, $usb) = map { "0000:0$_" } '1:00.0', '1:00.1', '2:00.0', '3:00.0', '4:00.0';
my ($vf) = vfs_of('0000:05:00.0', 2);
my @desk   = ($graphics, $sound, $nic);
my @store  = ($nvme, $usb, $vf);
my $before = states_of(@desk, @store);
vm('desk',  devices => \@desk);
vm('store', devices => \@store);
vm('both',  devices => [ @desk, @store ]);

sub consoles { return join ' ', map { slurp($_) =~ tr/\n//dr } sort glob '/sys/class/vtconsole/*/bind' }

sub first_line_of {
	my ($disk) = @_;
	open my $f, '<:raw', $disk or die "$disk: $!\n";
	return scalar <$f>;
}

my $consoles = consoles();
my @disks    = ($nvme, $usb);
spew(disk_of($_), "on $_\n") for @disks;
must('sync');

# One for all, or two side by side.
for my $round (1 .. $rounds) {
	my @vms = $round % 4 ? ('both') : ('desk', 'store');
	starts($_, "$round: $_ starts") for @vms;
	is(drivers_of(@desk, @store), 'vfio-pci', "$round: all are the VMs'");
	stops($_, "$round: $_ stops") for @vms;
	is(states_of(@desk, @store), $before, "$round: all are the host's");
}

is(journals(), '', 'nothing is on record any more');
for my $on (@disks) {
	my $disk = disk_of($on);
	like(first_line_of($disk), qr/^on \Q$on\E$/, "the host reads $disk");
}
ok(interface_of($nic), 'it has its interface');
ok(-e "/dev/$_", "/dev/$_ is there") for 'fb0', 'snd/controlC0';
is(consoles(), $consoles, 'the consoles are where they were');
is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
