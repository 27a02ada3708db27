#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Cards that the driver of NVIDIA has, on a fake /sys only: its own modules and programs keep
# a card, and then its unbind does not end.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Devices;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Test::More;

my $host = Kvmshim::Devices->new;
my ($card, $other) = ('0000:0c:00.0', '0000:0d:00.0');
$host->driver($_) for 'nvidia', 'vfio-pci';
$host->conf("[hook]\nunbind-drivers = nvidia\nunbind-timeout = " . whole_seconds(2) . "\nholders-wait = 0\n");
gpu($card, 0, 40, 'nvidia');

sub gpu {
	my ($address, $minor, $group, $driver) = @_;
	$host->device($address, id => '10de:2235', class => '030000', driver => $driver, matches => ['nvidia'], group => $group,
		below => { nvidia => { "drm/card$minor/dev" => "226:$minor" } });
	$host->proc("driver/nvidia/gpus/$address/information" => "Device Minor: \t $minor\n");
}

sub vm { return Kvmshim::Vm->new($host, hostdevs => [@_]) }
sub modeset { return $host->attribute('module/nvidia_drm/parameters/modeset', $_[0]) }

sub goes {
	my ($name, @cards) = @_;
	my $vm = vm(@cards);
	$vm->taken($name);
	return $vm->given_back($name);
}

my $kept = qr/\Q$card\E is in use: nvidia_drm has modeset=1, so driver nvidia would never unbind the device; run `modprobe -r nvidia_drm` before the VM starts, or boot with nvidia_drm\.modeset=0/;

subtest 'nvidia_drm with modeset' => sub {
	goes('without nvidia_drm', $card);
	modeset('N');
	anew($host);
	goes('without modeset', $card);
	modeset('Y');
	anew($host);
	vm($card)->refused($kept, 'with it');
	my $managed = Kvmshim::Vm->new($host, hostdevs => [$card], managed => 'yes');
	$managed->refused($kept, 'also where libvirt would unbind it');
	$host->rebind($card, 'vfio-pci');
	anew($host);
	goes('a card that VFIO has', $card);
	$host->rebind($card, 'nvidia');
	modeset('N');
	anew($host);
};

subtest 'what all cards share' => sub {
	$host->proc(devices => "Character devices:\n195 nvidia\n  1 mem\n511 nvidia-uvm\n512 nvidia-uvm-tools\n\nBlock devices:\n  8 sd\n");
	my %node = (nvidiactl => [ 195, 255 ], 'nvidia-modeset' => [ 195, 254 ], 'nvidia-uvm' => [ 511, 0 ]);
	for (sort keys %node) {
		$host->no_process(900)->process(900, command => 'ollama', open => [ $host->node('c', @{ $node{$_} }) ]);
		vm($card)->refused(qr{\Q$card\E is in use: ollama \(pid 900, unit ollama\.service\) has /dev/$_ open}, "$_ of the only card");
	}
	gpu($other, 1, 41, 'nvidia');
	anew($host);
	goes('beside another card it says nothing of this one', $card);
	$host->no_process(900)->process(900, command => 'ollama', open => [ $host->node('c', 195, 255), $host->node('c', 195, 0) ]);
	vm($card)->refused(qr{has /dev/nvidia0 open}, 'nvidia0 does');
	goes('and not of the other', $other);
	$host->rebind($other, 'vfio-pci');
	anew($host);
	$host->no_process(900)->process(900, command => 'ollama', open => [ $host->node('c', 195, 255) ]);
	vm($card)->refused(qr{has /dev/nvidiactl open}, 'where a VM has the other, this is the only one again');
	$host->no_process(900);
};

done_testing;
