# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::GpuServer;

# A host (Kvmshim::Plain) with so many PCI functions as a server for graphics cards has them:
#
#   my $host = Kvmshim::GpuServer->new(60);
#
# Host bridges with twelve root ports each, behind a port a card (with its sound, where it has
# one), a network card or a disk, each slot an IOMMU group; from the seventh host bridge on in
# domains of five digits. A part of the cards is in VMs, of which some are gone, and some have
# names that are meant to do harm. $host->{vms}: [NUMBER, NAME, ADDRESS…] of each.

use strict;
use warnings;
use Kvmshim::Plain;

our @ISA = 'Kvmshim::Plain';

# VGA or 3D, and sound.
my @cards = ([ '10de:1eb8', '030200' ], [ '10de:1b02', '030000', '10de:10ef' ],
	[ '10de:2204', '030000', '10de:1aef' ], [ '1002:73bf', '030000', '1002:ab28' ]);

sub new {
	my ($class, $functions) = @_;
	my $self = $class->SUPER::new;
	@$self{qw(left group n vms)} = ($functions, 0, 0, []);
	for (my $root = 0; $self->{left} > 0; $root++) {
		$self->port($root, $_) for 1 .. 12;
	}
	return $self;
}

# One more function, while there are any left.
sub put {
	my ($self, $address, %opt) = @_;
	return 0 if $self->{left}-- <= 0;
	$self->pci($address, %opt);
	return 1;
}

# A root port with what is in its slot.
sub port {
	my ($self, $root, $port) = @_;
	my $domain = $root < 6 ? '0000' : sprintf '%x', 0x10000 + $root - 6;
	my $bus = $root < 6 ? $root * 0x28 : 0;
	my $address = sprintf '%s:%02x:%02x.0', $domain, $bus, $port;
	my %place = (root => sprintf('pci%s:%02x', $domain, $bus), group => $self->{group}++);
	return if $self->{left}-- <= 0;
	$self->bridge($address, %place, files => { numa_node => $root % 2 });
	%place = (%place, above => $address, group => $self->{group}++);
	my $slot = sprintf '%s:%02x:00', $domain, $bus + $port;
	return $self->card($slot, $root % 2, %place) if $port % 3;
	my %disk = (id => '144d:a808', class => '010802', driver => $port == 6 ? 'nvme' : 'some_driver',
		files => { numa_node => $root % 2, reset_method => 'flr' });
	my %network = (id => '8086:1521', class => '020000', driver => 'igb',
		files => { sriov_totalvfs => 7, 'net/eth0/ifindex' => 2 });
	$self->put("$slot.0", $port == 3 ? %network : %disk, %place);
}

sub card {
	my ($self, $slot, $node, %place) = @_;
	my $n = $self->{n}++;
	my ($id, $class, $sound) = @{ $cards[ $n % 4 ] };
	my $given = $n % 4 < 2;
	my @functions;
	push @functions, "$slot.0" if $self->put("$slot.0", %place, id => $id, class => $class,
		driver => $given ? 'vfio-pci' : 'nouveau',
		files => { numa_node => $node, reset_method => 'flr bus', boot_vga => $n == 3 ? 1 : 0 });
	push @functions, "$slot.1" if $sound && $self->put("$slot.1", %place, id => $sound, class => '040300',
		driver => $given ? 'vfio-pci' : 'snd_hda_intel', files => { numa_node => $node });
	my $vm = 1 + @{ $self->{vms} };
	push @{ $self->{vms} }, [ $vm, $vm % 5 == 3 ? q{<script>alert(1)</script> & "it's"} : "lab-$vm", @functions ]
		if $given && @functions;
}

1;
