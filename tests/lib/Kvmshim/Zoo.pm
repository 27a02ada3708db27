# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Zoo;

# A host (Kvmshim::Devices) with one of each kind of device:
#
#   0000:00:01.0  bridge                   pcieport       group 1
#   0000:00:02.0  VGA, the boot display    i915           group 2    fb0, vtcon1, efi-framebuffer.0
#   0000:01:00.0  VGA                      nouveau        group 11   below the bridge; drm/card1
#   0000:01:00.1  its HDA                  snd_hda_intel  group 11   sound/card1
#   0000:03:00.0  NVMe                     nvme           group 13   nvme0n1 with one partition
#   0000:04:00.0  NIC                      igb            group 14   eth0
#   0000:05:00.0  USB                      xhci_hcd       group 15
#   0000:06:00.0  NIC with VFs             igb            group 16   eth1
#   0000:06:10.0  VF                       igbvf          group 17   enabled
#   0000:06:10.4  VF                       igbvf          group 18   enabled
#   0000:07:00.0  parent of mdevs          nvidia         group 19   nvidia-63 twice
#   0000:08:00.0  GPU with a VF            nvidia         group 20
#   0000:08:00.4  its VF                   nvidia         group 21   current_vgpu_type
#   0000:09:00.0  card of three functions  nouveau        group 22   VGA,
#   0000:09:00.1                           snd_hda_intel  group 22   HDA,
#   0000:09:00.2                           xhci_hcd       group 22   USB

use strict;
use warnings;
use Kvmshim::Devices;

our @ISA = 'Kvmshim::Devices';

# new(vfio => 0): vfio-pci comes with modprobe only. new(hook => { KEY => VALUE }): of [hook], always.
sub new {
	my ($class, %opt) = @_;
	my $self = $class->SUPER::new;
	$self->{hook} = $opt{hook};
	$self->driver($_) for qw(pcieport i915 nouveau snd_hda_intel nvme igb igbvf xhci_hcd nvidia);
	$self->driver('vfio-pci', loaded => $opt{vfio} // 1);
	$self->settings;
	$self->displays;
	$self->disks_and_cards;
	$self->virtual_functions;
	$self->vgpus;
	$self->three_functions;
	return $self;
}

# kvmshim.conf: KEY => VALUE of [hook] over what is here, and the text of other sections.
# Only a test in which something hangs has a short unbind-timeout: on a busy machine a
# healthy device can be slow.
sub settings {
	my ($self, $hook, $more) = @_;
	my %hook = (
		'unbind-drivers' => 'i915, nouveau, snd_hda_intel, nvme, igb, igbvf, xhci_hcd, nvidia',
		'unbind-timeout' => 60, 'holders-wait' => 1, %{ $self->{hook} // {} }, %{ $hook // {} },
	);
	return $self->conf(join '', "[hook]\n", (map { "$_ = $hook{$_}\n" } sort keys %hook), $more // '');
}

my $minor = 1000;

# The next free device number.
sub number { return '4000:' . ($minor++) }

sub sound { return map { ("sound/card$_[0]/$_/dev" => number()) } "controlC$_[0]", "pcmC$_[0]D3p" }
sub usb   { return map { ("usb$_[0]/$_" => $_ eq 'dev' ? number() : '1d6b') } qw(dev idVendor) }
sub net   { return ("net/$_[0]/ifindex" => $_[1], "net/$_[0]/operstate" => 'up', "net/$_[0]/flags" => '0x1003') }

sub displays {
	my ($self) = @_;
	$self->device('0000:00:01.0', id => '8086:1901', class => '060400', header => 1, driver => 'pcieport', group => 1);
	$self->device('0000:00:02.0', id => '8086:5912', class => '030000', driver => 'i915', group => 2, boot_vga => 1,
		below => { i915 => { 'drm/card0/dev' => number(), 'graphics/fb0/dev' => '4000:900' } });
	$self->vtcon('vtcon0', '(S) dummy device', 0);
	$self->vtcon('vtcon1', '(M) frame buffer device', 1);
	$self->platform('efi-framebuffer.0', 'efi-framebuffer');
	$self->device('0000:01:00.0', id => '10de:1b06', class => '030000', driver => 'nouveau', group => 11,
		parent => '0000:00:01.0',
		below => { nouveau => { 'drm/card1/dev' => number(), 'drm/card1/uevent' => '', 'drm/renderD129/dev' => number(),
			'drm/card1/subsystem' => \'../../../../../../../class/drm', 'drm/renderD129/subsystem' => \'../../../../../../../class/drm' } });
	$self->device('0000:01:00.1', id => '10de:10ef', class => '040300', driver => 'snd_hda_intel', group => 11,
		parent => '0000:00:01.0', below => { snd_hda_intel => { sound(1) } });
}

sub disks_and_cards {
	my ($self) = @_;
	my $disk = 'nvme/nvme0/nvme0n1';
	$self->device('0000:03:00.0', id => '144d:a808', class => '010802', driver => 'nvme', group => 13, below => { nvme => {
		'nvme/nvme0/dev' => number(), 'nvme/nvme0/serial' => 'S4EMNX0R123456      ',
		"$disk/dev" => '4001:0', "$disk/size" => 2048, "$disk/holders" => undef,
		"$disk/nvme0n1p1/dev" => '4001:1', "$disk/nvme0n1p1/partition" => 1, "$disk/nvme0n1p1/holders" => undef,
		"$disk/subsystem" => \'../../../../../../class/block',
		"$disk/nvme0n1p1/subsystem" => \'../../../../../../../class/block',
	} });
	$self->link_to('class/block/nvme0n1', $self->path_of('0000:03:00.0') . "/$disk");
	$self->link_to('class/block/nvme0n1p1', $self->path_of('0000:03:00.0') . "/$disk/nvme0n1p1");
	$self->disk($_) for qw(nvme0n1 nvme0n1p1);
	$self->device('0000:04:00.0', id => '8086:1533', class => '020000', driver => 'igb', group => 14,
		below => { igb => { net('eth0', 2) } });
	$self->device('0000:05:00.0', id => '1b21:2142', class => '0c0330', driver => 'xhci_hcd', group => 15,
		below => { xhci_hcd => { usb(1), usb(2), 'usb1/1-2/input/input5/event3/dev' => number(),
			'usb1/1-2/hidraw/hidraw0/dev' => number(), 'usb1/1-3/video4linux/video0/dev' => number() } });
}

# igb's have no link state; that it reports no GUID and no trust is for tests.
sub virtual_functions {
	my ($self) = @_;
	my %properties = ('vf-mac' => '00:00:00:00:00:00', 'vf-vlan' => 0, 'vf-trust' => '', 'vf-spoofchk' => 'on',
		'vf-max-rate' => 0, 'vf-node-guid' => '', 'vf-port-guid' => '00:00:00:00:00:00:00:00');
	$self->device('0000:06:00.0', id => '8086:1521', class => '020000', driver => 'igb', group => 16,
		below => { igb => { net('eth1', 3), map { Kvmshim::Devices::vf_properties('eth1', $_, %properties) } 0, 1 } });
	my @vf = (id => '8086:1520', class => '020000', driver => 'igbvf');
	$self->vfs('0000:06:00.0', 2,
		[ '0000:06:10.0', @vf, group => 17, below => { igbvf => { net('eth1v0', 4) } } ],
		[ '0000:06:10.4', @vf, group => 18, below => { igbvf => { net('eth1v1', 5) } } ]);
}

sub vgpus {
	my ($self) = @_;
	$self->mdev_groups(4);
	$self->device('0000:07:00.0', id => '10de:1eb8', class => '030200', driver => 'nvidia', group => 19,
		below => { nvidia => { Kvmshim::Devices::mdev_types('nvidia-63' => 2) } });
	$self->device('0000:08:00.0', id => '10de:2235', class => '030200', driver => 'nvidia', group => 20);
	$self->vfs('0000:08:00.0', 1, [ '0000:08:00.4', id => '10de:2235', class => '030200', driver => 'nvidia',
		group => 21, below => { nvidia => {
			'nvidia/current_vgpu_type' => 0,
			'nvidia/creatable_vgpu_types' => "ID    : vGPU Name\n557   : NVIDIA A40-1Q",
		} } ]);
	$self->proc("driver/nvidia/gpus/0000:0$_:00.0/information" => "Model: \t\t GRID\nDevice Minor: \t " . ($_ - 7) . "\n")
		for 7, 8;
}

sub three_functions {
	my ($self) = @_;
	$self->device('0000:09:00.0', id => '10de:1e07', class => '030000', driver => 'nouveau', group => 22,
		below => { nouveau => { 'drm/card2/dev' => number() } });
	$self->device('0000:09:00.1', id => '10de:10f7', class => '040300', driver => 'snd_hda_intel', group => 22,
		below => { snd_hda_intel => { sound(2) } });
	$self->device('0000:09:00.2', id => '10de:1ad6', class => '0c0330', driver => 'xhci_hcd', group => 22,
		below => { xhci_hcd => { usb(3) } });
}

1;
